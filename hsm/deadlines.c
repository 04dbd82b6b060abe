// SPDX-License-Identifier: Apache-2.0
#include "token_private.h"

#include <stdlib.h>

#include <mica/num.h>

static const char variable[] = "MICA_TOKEN_DEADLINE_MS";

enum {
	DEADLINE_MS = 30000,
	GENERATE_MS = 120000,
	LOGIN_MS = 60000,
	BACK_MS = 10000,
	TOUCH_MS = 120000,
	CLOSE_MS = 5000, /* nothing is lost when it is killed then */
	MOST_MS = 3600 * 1000,
};

/* What is given, or else what the environment says, or else the standard. */
static int choose(int given, int64_t wished, int standard)
{
	if (given > 0)
		return given;
	return wished > 0 ? (int)wished : standard;
}

int deadlines_set(struct token *token, const struct token_params *params, struct err *err)
{
	const char *text = getenv(variable);
	int64_t wished = 0;

	if (text && *text && num_parse(text, 1, MOST_MS, &wished) < 0) {
		err_set(err, ERR_USAGE, "%s is '%s', which is no number of milliseconds",
		    variable, text);
		return err_hint(err, "unset it, or say 1 to %d", MOST_MS);
	}
	token->deadline_ms = choose(params->deadline_ms, wished, DEADLINE_MS);
	token->generate_ms = choose(params->generate_ms, wished, GENERATE_MS);
	token->login_ms = choose(params->login_ms, wished, LOGIN_MS);
	token->touch_ms = choose(params->deadline_ms, wished, TOUCH_MS);
	token->back_ms = token->deadline_ms / 3 < BACK_MS ? token->deadline_ms / 3 : BACK_MS;
	token->close_ms = token->deadline_ms < CLOSE_MS ? token->deadline_ms : CLOSE_MS;
	return 0;
}
