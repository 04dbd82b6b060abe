// SPDX-License-Identifier: Apache-2.0
#include "token_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include <mica/mem.h>

int secret_set(struct secret *secret, const void *bytes, size_t len, struct err *err)
{
	unsigned char *data = OPENSSL_secure_malloc(len + 1);

	if (!data)
		return err_set(err, ERR_FAILED, "no secure memory left for the PIN");
	memcpy(data, bytes, len);
	data[len] = '\0';
	secret_clear(secret);
	*secret = (struct secret){ data, len };
	return 0;
}

void secret_clear(struct secret *secret)
{
	if (secret->data)
		OPENSSL_secure_clear_free(secret->data, secret->len + 1);
	*secret = (struct secret){ NULL, 0 };
}

/* --- list ---------------------------------------------------------------------- */

enum { MAX_TOKENS = 4096, QUICK_MS = 250 };

struct present {
	struct token_info *infos;
	uint64_t *slots;
	size_t n;
	char *unreadable, *hint; /* why a slot's token could not be read; NULL: all could */
};

static void present_clear(struct present *present)
{
	for (size_t i = 0; i < present->n; i++)
		token_info_clear(&present->infos[i]);
	free(present->infos);
	free(present->slots);
	free(present->unreadable);
	free(present->hint);
	*present = (struct present){ 0 };
}

static int list(struct token *token, enum call_rule rule, struct present *ret, struct err *err)
{
	CALL_AUTO call = call_new(token, WIRE_LIST, rule);
	MICA_AUTO(present_clear) struct present present = { 0 };
	BUF_AUTO reply = BUF_INIT;
	struct wire_in in;
	uint32_t n;

	if (token_call(token, &call, &reply, &in, err) < 0)
		return -1;
	n = wire_get_u32(&in);
	if (n > MAX_TOKENS)
		return token_bad_reply(token, err);
	present.infos = mem_array(n, sizeof(*present.infos));
	present.slots = mem_array(n, sizeof(*present.slots));
	for (; present.n < n && !in.bad; present.n++) {
		present.slots[present.n] = wire_get_u64(&in);
		wire_get_info(&in, &present.infos[present.n]);
		present.infos[present.n].module = mem_strdup(token->module);
	}
	present.unreadable = wire_get_text(&in);
	present.hint = wire_get_text(&in);
	if (!wire_end(&in) || (present.unreadable && !present.hint))
		return token_bad_reply(token, err);
	*ret = present;
	present = (struct present){ 0 };
	return 0;
}

int token_list(struct token *token, struct token_info **ret, size_t *ret_n, struct err *err)
{
	MICA_AUTO(present_clear) struct present present = { 0 };

	if (list(token, CALL_AGAIN, &present, err) < 0)
		return -1;
	*ret = mem_give(present.infos);
	*ret_n = present.n;
	present.n = 0;
	return 0;
}

/* --- select -------------------------------------------------------------------- */

static void describe(const struct present *present, struct buf *text)
{
	for (size_t i = 0; i < present->n; i++) {
		const struct token_info *info = &present->infos[i];

		if (info->initialized)
			buf_printf(text, "%s'%s' (serial %s)", text->len > 0 ? ", " : "",
			    info->label, info->serial);
	}
}

static int no_match(const struct token *token, const struct present *present, struct err *err)
{
	BUF_AUTO there = BUF_INIT;

	describe(present, &there);
	err_set(err, ERR_NOT_FOUND, "no token of '%s' matches %s%s%s", token->module,
	    token->uri.text, present->unreadable ? ": " : "",
	    present->unreadable ? present->unreadable : "");
	if (present->unreadable && there.len > 0)
		return err_hint(err, "%s; there are %s", present->hint, buf_text(&there));
	if (present->unreadable)
		return err_hint(err, "%s", present->hint);
	if (there.len == 0)
		return err_hint(err, "the module shows no initialised token: is it plugged in, "
		                     "and the environment right (SOFTHSM2_CONF and the like)?");
	return err_hint(err, "there are %s", buf_text(&there));
}

static int several_match(
    const struct token *token, const struct present *present, struct err *err)
{
	BUF_AUTO there = BUF_INIT;

	describe(present, &there);
	err_set(err, ERR_AMBIGUOUS, "more than one token of '%s' matches %s", token->module,
	    token->uri.text);
	return err_hint(
	    err, "add serial=NUMBER to the key's URI; there are %s", buf_text(&there));
}

/* The index of the one token that the URI means; on a restart, of the one it meant before. */
static int pick(
    const struct token *token, const struct present *present, size_t *ret, struct err *err)
{
	size_t matches = 0;

	for (size_t i = 0; i < present->n; i++) {
		const struct token_info *info = &present->infos[i];

		if (!info->initialized || !uri_means(&token->uri, present->slots[i], info))
			continue;
		*ret = i;
		matches++;
	}
	if (matches == 1)
		return 0;
	return matches == 0 ? no_match(token, present, err)
	                    : several_match(token, present, err);
}

/* While another program logs in, SoftHSM2's token cannot be read for a moment, and a module
 * that was started in that moment never sees it. So a module that starts quickly is started
 * anew, three times, before the token is said not to be there. */
static int look(struct token *token, enum call_rule rule, struct present *ret, size_t *ret_at,
    struct err *err)
{
	static const long pauses_ms[] = { 10, 30, 90 };

	for (size_t i = 0;; i++) {
		struct timespec pause = { 0, 0 };

		present_clear(ret);
		if (list(token, rule, ret, err) < 0)
			return -1;
		if (pick(token, ret, ret_at, err) == 0)
			return 0;
		if (err->kind != ERR_NOT_FOUND || token->open_ms > QUICK_MS ||
		    i == mem_count(pauses_ms))
			return -1;
		pause.tv_nsec = pauses_ms[i] * 1000000;
		nanosleep(&pause, NULL);
		process_end(&token->process, token->close_ms);
		if (token_begin(token, err) < 0)
			return -1;
	}
}

int session_select(
    struct token *token, enum call_rule rule, struct token_info *ret_info, struct err *err)
{
	CALL_AUTO call = call_new(token, WIRE_SELECT, rule);
	MICA_AUTO(present_clear) struct present present = { 0 };
	struct token_info *info;
	size_t at = 0;

	if (look(token, rule, &present, &at, err) < 0)
		return -1;
	assert(at < present.n && present.infos && present.slots);
	info = &present.infos[at];
	if (token->label && (strcmp(token->label, info->label) != 0 ||
	                        strcmp(token->serial, info->serial) != 0))
		return err_set(err, ERR_LOST,
		    "the token '%s' (serial %s) is not there any more", token->label,
		    token->serial);
	wire_put_u64(&call.fields, present.slots[at]);
	wire_put_text(&call.fields, info->label);
	wire_put_text(&call.fields, info->serial);
	if (token_tell(token, &call, err) < 0)
		return -1;
	if (!token->label) {
		token->label = mem_strdup(info->label);
		token->serial = mem_strdup(info->serial);
		token->login_required = info->login_required;
		latch_name(&token->latch, info);
	}
	if (ret_info) {
		token_info_clear(ret_info);
		*ret_info = *info;
		*info = (struct token_info){ 0 };
	}
	return 0;
}

/* --- login, find, use ---------------------------------------------------------- */

static int say_login(struct token *token, struct err *err)
{
	/* never twice: a try was spent, whatever became of it */
	CALL_AUTO call = call_new(token, WIRE_LOGIN, CALL_ONCE);

	call.deadline_ms = token->login_ms;
	if (token->pin.data)
		wire_put_bytes(&call.fields, token->pin.data, token->pin.len);
	else
		wire_put_text(&call.fields, NULL);
	wire_put_u32(&call.fields, token->pin_care);
	return token_tell(token, &call, err);
}

/* With the latch armed while a PIN is out. An older latch that a person passed stays as it was
 * when this login cost no try. */
static int latched_login(struct token *token, struct err *err)
{
	bool armed_before = latch_is_armed(&token->latch);
	struct err ignored = ERR_INIT; /* why it failed is what is told */

	if (latch_check(&token->latch, NULL, err) < 0 || latch_arm(&token->latch, err) < 0)
		return -1;
	token->process.spent = WIRE_TRY_KEPT;
	if (say_login(token, err) == 0)
		return latch_disarm(&token->latch, err);
	if (process_try(&token->process) == WIRE_TRY_SPENT)
		latch_keep(&token->latch, err);
	else if (!armed_before)
		(void)!latch_disarm(&token->latch, &ignored);
	return -1;
}

int session_login(struct token *token, struct err *err)
{
	bool sends_pin = token->pin.data || token->login_required;
	int result = sends_pin ? latched_login(token, err) : say_login(token, err);

	if (result == 0)
		return 0;
	token->logged_in = false;
	if (err->kind != ERR_PIN)
		return -1;
	secret_clear(&token->refused);
	token->refused = token->pin;
	token->pin = (struct secret){ NULL, 0 };
	return -1;
}

int session_find(
    struct token *token, enum call_rule rule, struct token_key *ret, struct err *err)
{
	CALL_AUTO call = call_new(token, WIRE_FIND, rule);

	wire_put_text(&call.fields, token->uri.label);
	wire_put_buf(&call.fields, &token->uri.id);
	return token_call_key(token, &call, ret, err);
}

int session_use(struct token *token, enum call_rule rule, struct err *err)
{
	CALL_AUTO call = call_new(token, WIRE_USE, rule);

	wire_put_u32(&call.fields, token->use);
	wire_put_u32(&call.fields, token->touch);
	wire_put_buf(&call.fields, &token->issuer);
	wire_put_buf(&call.fields, &token->certified);
	return token_tell(token, &call, err);
}
