// SPDX-License-Identifier: Apache-2.0
/*
 * token_private: the inside of a token, for the files of this folder.
 */
#ifndef MICA_HSM_TOKEN_PRIVATE_H
#define MICA_HSM_TOKEN_PRIVATE_H

#include <mica/token.h>

#include "latch.h"
#include "process.h"
#include "uri.h"
#include "wire/wire.h"

/* Bytes in OpenSSL's secure heap; data NULL: none */
struct secret {
	unsigned char *data;
	size_t len;
};

struct token {
	char *helper, *module, *module_args;
	int deadline_ms, generate_ms, login_ms, close_ms;
	int back_ms;  /* how long a lost token is looked for */
	int touch_ms; /* for a signature that somebody is asked for */
	enum token_pin_care pin_care;
	bool touch; /* each signature waits for one */
	struct process process;
	uint32_t opening; /* the OPEN that is not yet answered; 0: none */
	int64_t begun_ms;
	int64_t open_ms; /* what its start took */
	uint32_t last_id;
	int lock; /* -1: none */
	int64_t restarted_ms;
	bool restarted;
	char *lost; /* why, when a new start helped */
	bool hung;  /* it was killed for that: no more calls */

	/* What a restart says again. */
	struct uri uri;       /* of the last select; uri.parsed NULL: none */
	char *label, *serial; /* of the token it meant */
	struct latch latch;
	bool login_required;
	bool logged_in;
	struct secret pin;
	struct secret refused; /* never to be sent again */
	struct buf key;        /* the SPKI that find or generate gave; empty: none */
	enum token_use use;
	struct buf issuer;    /* empty: USE was not said */
	struct buf certified; /* CROSS: SPKI of the other CA; empty: none */
	bool proved;          /* a signature of this helper was verified */
};

/* --- deadlines.c --------------------------------------------------------------- */

/* Sets the token's: those of params, where it has none those of the environment, or the usual.
 */
int deadlines_set(
    struct token *token, const struct token_params *params, struct err *err) MICA_CHECKED;

/* --- call.c -------------------------------------------------------------------- */

/* Starts the helper and says OPEN; the next call waits for its answer. */
int token_begin(struct token *token, struct err *err) MICA_CHECKED;
/* Waits for that answer, where it is still to come. */
int token_await(struct token *token, struct err *err) MICA_CHECKED;

enum call_rule {
	CALL_ONCE,  /* what was begun may have happened: nothing is said twice */
	CALL_AGAIN, /* after a restart it is said once more */
};

struct call {
	enum wire_type type;
	enum call_rule rule;
	int deadline_ms;
	struct buf fields;
};

#define CALL_AUTO MICA_AUTO(call_clear) struct call
void call_clear(struct call *call);
struct call call_new(const struct token *token, enum wire_type type, enum call_rule rule);

/* One request and its reply: the reply's bytes stay in ret, *ret_in reads its fields. */
int token_call(struct token *token, const struct call *call, struct buf *ret,
    struct wire_in *ret_in, struct err *err) MICA_CHECKED;
/* The same for a reply without fields. */
int token_tell(struct token *token, const struct call *call, struct err *err) MICA_CHECKED;

/* a call that is answered by a key */
int token_call_key(struct token *token, const struct call *call, struct token_key *ret,
    struct err *err) MICA_CHECKED;

/* After ERR_LOST: kills the helper, starts another and brings it to where the first one was.
 * Fails with err as it was when that is not allowed now. */
int token_revive(struct token *token, struct err *err) MICA_CHECKED;

int token_bad_reply(struct token *token, struct err *err);

/* --- session.c: what is said to the helper, and remembered for a restart
 * ------------------------ */

int session_select(struct token *token, enum call_rule rule, struct token_info *ret_info,
    struct err *err) MICA_CHECKED;
int session_login(struct token *token, struct err *err) MICA_CHECKED;
int session_find(struct token *token, enum call_rule rule, struct token_key *ret,
    struct err *err) MICA_CHECKED;
int session_use(struct token *token, enum call_rule rule, struct err *err) MICA_CHECKED;

int secret_set(
    struct secret *secret, const void *bytes, size_t len, struct err *err) MICA_CHECKED;
void secret_clear(struct secret *secret);

#endif
