// SPDX-License-Identifier: Apache-2.0
#include "token_private.h"

#include <stdlib.h>
#include <time.h>

#include <mica/mem.h>

enum { RESTART_EVERY_MS = 60000, LOOK_EVERY_MS = 500 };

void call_clear(struct call *call)
{
	buf_clear(&call->fields);
}

struct call call_new(const struct token *token, enum wire_type type, enum call_rule rule)
{
	return (struct call){ .type = type,
		.rule = rule,
		.deadline_ms = token->deadline_ms,
		.fields = BUF_INIT };
}

int token_bad_reply(struct token *token, struct err *err)
{
	process_kill(&token->process);
	err_set(err, ERR_FAILED, "mica-token gave an answer that mica does not understand");
	return err_hint(err, "install mica and mica-token from one build");
}

static int say(struct token *token, const struct call *call, uint32_t *ret_id, struct err *err)
{
	BUF_AUTO message = BUF_INIT;

	*ret_id = ++token->last_id;
	wire_begin_request(&message, call->type, *ret_id);
	buf_add(&message, call->fields.data, call->fields.len);
	return process_send(
	    &token->process, &message, process_now_ms() + call->deadline_ms, err);
}

static int hear(struct token *token, uint32_t id, int64_t deadline, struct buf *ret,
    struct wire_in *ret_in, struct err *err)
{
	if (process_receive(&token->process, deadline, ret, err) < 0) {
		token->hung = err->kind == ERR_TIMEOUT;
		return -1;
	}
	*ret_in = wire_in(ret->data, ret->len);
	if (wire_get_reply(ret_in, err) != id || ret_in->bad)
		return token_bad_reply(token, err);
	return err->kind == ERR_NONE ? 0 : -1;
}

static int exchange(struct token *token, const struct call *call, struct buf *ret,
    struct wire_in *ret_in, struct err *err)
{
	int64_t deadline = process_now_ms() + call->deadline_ms;
	uint32_t id = 0;

	if (say(token, call, &id, err) < 0) {
		token->hung = err->kind == ERR_TIMEOUT;
		return -1;
	}
	return hear(token, id, deadline, ret, ret_in, err);
}

int token_call(struct token *token, const struct call *call, struct buf *ret,
    struct wire_in *ret_in, struct err *err)
{
	if (token->hung) {
		err_set(err, ERR_TIMEOUT,
		    "the token's module hung before, and mica-token was killed");
		return err_hint(err,
		    "see that the token and its service work, then run the same command again: "
		    "nothing was lost");
	}
	if (token_await(token, err) < 0)
		return -1;
	if (exchange(token, call, ret, ret_in, err) == 0)
		return 0;
	if (err->kind != ERR_LOST || call->rule == CALL_ONCE)
		return -1;
	if (token_revive(token, err) < 0)
		return -1;
	return exchange(token, call, ret, ret_in, err);
}

int token_tell(struct token *token, const struct call *call, struct err *err)
{
	BUF_AUTO reply = BUF_INIT;
	struct wire_in in;

	if (token_call(token, call, &reply, &in, err) < 0)
		return -1;
	return wire_end(&in) ? 0 : token_bad_reply(token, err);
}

int token_call_key(
    struct token *token, const struct call *call, struct token_key *ret, struct err *err)
{
	struct token_key key = { 0 };
	BUF_AUTO reply = BUF_INIT;
	struct wire_in in;

	if (token_call(token, call, &reply, &in, err) < 0)
		return -1;
	wire_get_key(&in, &key);
	if (!wire_end(&in) || key.spki.len == 0) {
		token_key_clear(&key);
		return token_bad_reply(token, err);
	}
	token_key_clear(ret);
	*ret = key;
	return 0;
}

/* --- start and restart --------------------------------------------------------- */

int token_begin(struct token *token, struct err *err)
{
	CALL_AUTO call = call_new(token, WIRE_OPEN, CALL_ONCE);

	token->proved = false;
	token->begun_ms = process_now_ms();
	wire_put_text(&call.fields, MICA_VERSION);
	wire_put_text(&call.fields, token->module);
	wire_put_text(&call.fields, token->module_args);
	if (process_start(token->helper, &token->process, err) < 0)
		return -1;
	return say(token, &call, &token->opening, err);
}

int token_await(struct token *token, struct err *err)
{
	BUF_AUTO reply = BUF_INIT;
	uint32_t id = token->opening;
	struct wire_in in;

	if (id == 0)
		return 0;
	token->opening = 0;
	if (hear(token, id, token->begun_ms + token->deadline_ms, &reply, &in, err) < 0) {
		process_kill(&token->process);
		return -1;
	}
	token->open_ms = process_now_ms() - token->begun_ms;
	return wire_end(&in) ? 0 : token_bad_reply(token, err);
}

/* It must be the very same key: another one under its name would sign for the CA. */
static int find_again(struct token *token, struct err *err)
{
	struct token_key key = { 0 };
	int result = session_find(token, CALL_ONCE, &key, err);

	if (result == 0 && !buf_same(&token->key, key.spki.data, key.spki.len))
		result = err_set(err, ERR_REFUSED,
		    "the token came back with another key under the same name");
	token_key_clear(&key);
	return result;
}

static int look_again(struct token *token, struct err *err)
{
	if (token_begin(token, err) < 0 || token_await(token, err) < 0)
		return -1;
	return token->label ? session_select(token, CALL_ONCE, NULL, err) : 0;
}

static bool may_come(const struct err *err)
{
	return err->kind == ERR_NOT_FOUND || err->kind == ERR_LOST || err->kind == ERR_FAILED;
}

/* A service that starts anew, a token that is put back in: it is looked for until the time is
 * up. No PIN is sent before it is there. */
static int come_back(struct token *token, struct err *err)
{
	const struct timespec pause = { 0, LOOK_EVERY_MS * 1000000L };
	int64_t until = process_now_ms() + token->back_ms;

	while (look_again(token, err) < 0) {
		process_kill(&token->process);
		if (!may_come(err))
			return -1;
		if (process_now_ms() >= until)
			return err_prefix(err, "it did not come back within %d.%d s",
			    token->back_ms / 1000, token->back_ms % 1000 / 100);
		nanosleep(&pause, NULL);
	}
	*err = (struct err)ERR_INIT;
	return 0;
}

static int replay(struct token *token, struct err *err)
{
	if (come_back(token, err) < 0)
		return -1;
	if (token->logged_in && session_login(token, err) < 0)
		return -1;
	if (token->key.len > 0 && find_again(token, err) < 0)
		return -1;
	return token->issuer.len > 0 ? session_use(token, CALL_ONCE, err) : 0;
}

int token_revive(struct token *token, struct err *err)
{
	int64_t now = process_now_ms();
	struct err why = *err;

	process_kill(&token->process);
	if (token->restarted && now - token->restarted_ms < RESTART_EVERY_MS)
		return err_prefix(err, "the token was lost again after a new start");
	token->restarted = true;
	token->restarted_ms = now;
	if (replay(token, err) == 0) {
		free(token->lost);
		token->lost = mem_strdup(why.text);
		*err = (struct err)ERR_INIT;
		return 0;
	}
	process_kill(&token->process);
	return err_prefix(err, "the token was lost (%s), and a new start failed", why.text);
}
