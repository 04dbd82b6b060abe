// SPDX-License-Identifier: Apache-2.0
/* applyview: what came of an apply, turn by turn, as it is shown. */
#ifndef MICA_CLI_APPLYVIEW_H
#define MICA_CLI_APPLYVIEW_H

#include <jansson.h>

#include "effort.h"
#include "login.h"
#include "run.h"

/* What the doors were asked to do and what came of it. While a new CA is about to issue there
 * are two turns: first everybody trusts it and is seen to, then what was held is done. */
struct work {
	struct run *run;
	struct issue *issue;
	const struct plan *plan; /* of this turn */
	struct login *login;     /* for all turns; NULL: not needed yet */
	bool entered;
	struct effort effort;
	struct issue_done done;
	struct restarts restarts; /* before anything was done in this turn */
	struct issue_served served;
	size_t held; /* before this turn */
	size_t turns;
	json_t *json; /* the turns before, summed up; NULL: this is the first */
};

/* The entries that something was done for, and "done: ...", on stdout. */
void applyview_print(const struct work *work);

/* Of this turn and those before, which work->json sums up. */
json_t *applyview_json(const struct work *work, bool served);

#endif
