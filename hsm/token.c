// SPDX-License-Identifier: Apache-2.0
#include "token_private.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mica/mem.h>

#include "wire/flags.h"

enum {
	MAX_PIN = 255,
};

/* --- the helper's place -------------------------------------------------------- */

/* In a build tree mica-token is not where it will be installed, but near mica. */
static char *beside_us(void)
{
	static const char *const places[] = { "mica-token", "../libexec/mica/mica-token",
		"../hsm/helper/mica-token", "../../hsm/helper/mica-token",
		"hsm/helper/mica-token" };
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len <= 0)
		return NULL;
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	for (size_t i = 0; i < mem_count(places); i++) {
		MICA_FREE char *path = mem_printf("%s/%s", self, places[i]);

		if (access(path, X_OK) == 0)
			return mem_give(path);
	}
	return NULL;
}

static int find_helper(const char *given, char **ret, struct err *err)
{
	const char *named = given ? given : getenv("MICA_TOKEN_HELPER");
	char *near;

	if (named && *named) {
		*ret = mem_strdup(named);
		return 0;
	}
	if (access(MICA_TOKEN_HELPER, X_OK) == 0) {
		*ret = mem_strdup(MICA_TOKEN_HELPER);
		return 0;
	}
	near = beside_us();
	if (near) {
		*ret = near;
		return 0;
	}
	err_set(err, ERR_FAILED, "mica-token is not at '%s'", MICA_TOKEN_HELPER);
	return err_hint(
	    err, "it is installed with mica; MICA_TOKEN_HELPER names another place");
}

/* --- open and close ------------------------------------------------------------ */

int token_start(const struct token_params *params, struct token **ret, struct err *err)
{
	MICA_AUTO(token_closep) struct token *token = mem_zalloc(sizeof(*token));

	token->process = (struct process)PROCESS_INIT;
	token->lock = -1;
	token->pin_care = params->pin_care;
	token->latch = (struct latch){ .dir = mem_strdup(params->latch_dir),
		.rule = params->latch_rule,
		.now = params->now };
	token->touch = params->touch;
	token->module_args = mem_strdup(params->module_args);
	if (deadlines_set(token, params, err) < 0 ||
	    token_module_path(params->module, &token->module, err) < 0)
		return -1;
	if (find_helper(params->helper, &token->helper, err) < 0)
		return -1;
	if (token_begin(token, err) < 0)
		return -1;
	*ret = mem_give(token);
	return 0;
}

int token_open(const struct token_params *params, struct token **ret, struct err *err)
{
	MICA_AUTO(token_closep) struct token *token = NULL;

	if (token_start(params, &token, err) < 0 || token_await(token, err) < 0)
		return -1;
	*ret = mem_give(token);
	return 0;
}

static void forget_token(struct token *token)
{
	mem_closep(&token->lock);
	token->lock = -1;
	uri_clear(&token->uri);
	mem_freep(&token->label);
	mem_freep(&token->serial);
	token->label = token->serial = NULL;
	token_latch_clear(&token->latch.file);
	token->logged_in = false;
	secret_clear(&token->pin);
	buf_clear(&token->key);
	buf_clear(&token->issuer);
	buf_clear(&token->certified);
}

void token_leave(struct token *token)
{
	process_leave(&token->process);
}

void token_close(struct token *token)
{
	if (!token)
		return;
	process_end(&token->process,
	    token->close_ms); /* first: the lock is held until the helper has ended */
	forget_token(token);
	secret_clear(&token->refused);
	free(token->helper);
	free(token->module);
	free(token->module_args);
	free(token->lost);
	latch_clear(&token->latch);
	free(token);
}

const char *token_was_lost(const struct token *token)
{
	return token->lost;
}

/* --- select, login ------------------------------------------------------------- */

int token_select(
    struct token *token, const char *uri, struct token_info *ret_info, struct err *err)
{
	URI_AUTO parsed = URI_INIT;

	if (uri_parse(uri, &parsed, err) < 0)
		return -1;
	forget_token(token);
	token->uri = parsed;
	parsed = (struct uri)URI_INIT;
	return session_select(token, CALL_AGAIN, ret_info, err);
}

int token_may_login(const struct token *token, const struct token_info *info,
    struct token_latch *ret_latch, struct err *err)
{
	MICA_FREE char *name = NULL;

	if (!info->login_required)
		return 0;
	if (latch_check(&token->latch, ret_latch, err) < 0)
		return -1;
	name = mem_printf("token '%s' (serial %s)", token->label, token->serial);
	return flags_allow_login(info, token->pin_care, name, err);
}

static int check_pin(const struct token *token, const struct buf *pin, struct err *err)
{
	if (memchr(buf_text(pin), '\0', pin->len))
		return err_set(err, ERR_PIN, "the PIN has a NUL in it");
	if (pin->len > MAX_PIN)
		return err_set(err, ERR_PIN, "the PIN is longer than %d characters", MAX_PIN);
	if (!token->refused.data || token->refused.len != pin->len ||
	    memcmp(token->refused.data, buf_text(pin), pin->len) != 0)
		return 0;
	err_set(err, ERR_PIN, "this PIN was refused before and is not tried again");
	return err_hint(err, "each try counts: after some the token locks");
}

int token_login(struct token *token, const struct buf *pin, struct err *err)
{
	if (!token->label)
		return err_set(err, ERR_FAILED, "cannot log in: no token was selected");
	if (pin && check_pin(token, pin, err) < 0)
		return -1;
	secret_clear(&token->pin);
	if (pin && secret_set(&token->pin, buf_text(pin), pin->len, err) < 0)
		return -1;
	if (session_login(token, err) == 0) {
		token->logged_in = true;
		return 0;
	}
	secret_clear(&token->pin);
	return -1;
}

/* --- keys ---------------------------------------------------------------------- */

static void remember_key(struct token *token, const struct token_key *key)
{
	buf_clear(&token->key);
	buf_add(&token->key, key->spki.data, key->spki.len);
	buf_clear(&token->issuer); /* USE is said anew for another key */
	token->proved = false;
}

int token_find_key(struct token *token, struct token_key *ret, struct err *err)
{
	if (!token->label)
		return err_set(err, ERR_FAILED, "cannot look for a key: no token was selected");
	if (session_find(token, CALL_AGAIN, ret, err) < 0)
		return -1;
	remember_key(token, ret);
	return 0;
}

static int say_generate(
    struct token *token, enum algorithm algorithm, struct token_key *ret, struct err *err)
{
	/* never twice: the first may have made the key */
	CALL_AUTO call = call_new(token, WIRE_GENERATE, CALL_ONCE);

	call.deadline_ms = token->generate_ms;
	wire_put_u32(&call.fields, algorithm);
	wire_put_text(&call.fields, token->uri.label);
	wire_put_buf(&call.fields, &token->uri.id);
	return token_call_key(token, &call, ret, err);
}

int token_generate_key(struct token *token, enum algorithm algorithm, const struct buf *id,
    struct token_key *ret, struct err *err)
{
	if (!token->label)
		return err_set(err, ERR_FAILED, "cannot make a key: no token was selected");
	if (token->uri.id.len == 0 && id)
		buf_add(&token->uri.id, id->data, id->len);
	if (token->uri.id.len == 0) {
		err_set(err, ERR_REFUSED, "a new key needs an id");
		return err_hint(err, "add id=%%01 to the key's URI");
	}
	if (say_generate(token, algorithm, ret, err) < 0) {
		if (err->kind == ERR_LOST || err->kind == ERR_TIMEOUT)
			err_hint(err, "the key may have been made: run mica init again, which "
			              "takes it up, or makes it");
		return -1;
	}
	remember_key(token, ret);
	return 0;
}

int token_store_certificate(
    struct token *token, const struct buf *der, const struct token_key *key, struct err *err)
{
	CALL_AUTO call = call_new(token, WIRE_STORE, CALL_AGAIN);

	if (!token->label)
		return err_set(
		    err, ERR_FAILED, "cannot store a certificate: no token was selected");
	wire_put_text(&call.fields, key->label);
	wire_put_buf(&call.fields, &key->id);
	wire_put_buf(&call.fields, der);
	return token_tell(token, &call, err);
}
