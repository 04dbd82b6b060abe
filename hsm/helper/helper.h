// SPDX-License-Identifier: Apache-2.0
/*
 * helper: the inside of mica-token.
 *
 * libp11 loads the module, starts it and ends it. All else is asked of the module's own
 * function list: libp11 would keep a copy of the PIN, take the top bit from a vendor's answer,
 * list no slot at all beside one that cannot be read, and make more calls than a token far away
 * can bear.
 *
 * One thread at a time is in here, but for hsm_sign(). After ERR_LOST nothing of this is used
 * again: mica ends the process and starts another.
 */
#ifndef MICA_HSM_HELPER_H
#define MICA_HSM_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libp11.h>
#include <p11-kit/pkcs11.h>

#include <mica/buf.h>
#include <mica/err.h>
#include <mica/token.h>

#include "../wire/wire.h"

/* The key that find or generate gave. */
struct hsm_key {
	bool there;
	CK_OBJECT_HANDLE handle;
	enum algorithm algorithm;
	bool always_authenticate;
	bool whole; /* RSA: the token hashes what it signs, too (CKM_SHA256_RSA_PKCS) */
};

struct hsm {
	struct wire_page *page;
	char *path;
	void *library;
	CK_FUNCTION_LIST *ck;
	bool apart; /* each who asks the module for its functions is given an instance of his
	               own, with a login of its own (p11-kit's client and proxy): libp11's is
	               then not ours */
	PKCS11_CTX *ctx;
	unsigned selected; /* how often a token was */
	CK_SLOT_ID slot_id;
	CK_SESSION_HANDLE session;
	char *name; /* `token "milvus-ca" (serial 1a2b)` */
	char *pin;  /* in the secure heap, for always-authenticate keys; NULL: none */
	struct hsm_key key;
	bool use_set;
	enum token_use use;
	bool touch; /* each signature waits for a touch */
	struct buf issuer;
	struct buf certified; /* the key that a cross-certificate may be for; empty: none */
	struct buf spki; /* of key */
};

/* a name, NULL for any; an id, empty for any */
struct hsm_wanted {
	const char *label;
	struct wire_span id;
};

/* SoftHSM2 rewrites its files in place whenever another program logs in: for a moment a token
 * looks empty, or cannot be read. What fails so is tried again: `for (size_t i = 0; failed &&
 * hsm_pause(i); i++)`, five times in a sixth of a second. No PIN is tried that way. */
bool hsm_pause(size_t attempt);

/* The call that mica names when it has to kill this process: before each. */
void hsm_step(struct hsm *hsm, enum wire_step step);

/* --- module.c ------------------------------------------------------------------ */

int hsm_open(struct hsm *hsm, const char *path, const char *args, struct err *err) MICA_CHECKED;
int hsm_list(struct hsm *hsm, struct buf *reply, struct err *err) MICA_CHECKED;
int hsm_select(struct hsm *hsm, uint64_t slot, const char *label, const char *serial,
    struct err *err) MICA_CHECKED;
/* With the token that was selected: read-write where it lets us, since key generation needs
 * that, and some tokens know nothing else. */
int hsm_open_session(struct hsm *hsm, CK_SESSION_HANDLE *ret, struct err *err) MICA_CHECKED;
void hsm_close(struct hsm *hsm);
/* Cryptoki's strings are padded with blanks; some modules end them with a NUL all the same. */
char *hsm_padded(const unsigned char *text, size_t len); /* free() it */
/* Whether no token is in the selected one's slot any more. Any thread may ask. */
bool hsm_is_gone(struct hsm *hsm);
/* Asked again where it fails without a reason. */
CK_RV hsm_token_info(struct hsm *hsm, CK_SLOT_ID slot, struct token_info *ret) MICA_CHECKED;

/* --- login.c ------------------------------------------------------------------- */

int hsm_login(
    struct hsm *hsm, const char *pin, enum token_pin_care care, struct err *err) MICA_CHECKED;
/* One C_Login with hsm's PIN, NULL for a pad. What it may have cost is told to mica before. */
CK_RV hsm_call_login(
    struct hsm *hsm, CK_SESSION_HANDLE session, CK_USER_TYPE user) MICA_CHECKED;
/* It has cost none after all. */
void hsm_try_kept(struct hsm *hsm);
void hsm_forget_pin(struct hsm *hsm);

/* --- attributes.c -------------------------------------------------------------- */

enum { HSM_MAX_FOUND = 64 };

struct hsm_found {
	CK_OBJECT_HANDLE handles[HSM_MAX_FOUND];
	CK_ULONG n; /* HSM_MAX_FOUND: there may be more */
};

/* Objects of one class (CK_UNAVAILABLE_INFORMATION: any) that match. */
int hsm_search(struct hsm *hsm, CK_OBJECT_CLASS class, const struct hsm_wanted *wanted,
    struct hsm_found *ret, struct err *err) MICA_CHECKED;

/* Empty when the token has or shows no such attribute; -1 when it cannot be asked. */
int hsm_bytes(struct hsm *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, struct buf *ret,
    struct err *err) MICA_CHECKED;
/* CK_UNAVAILABLE_INFORMATION when there is none */
int hsm_number(struct hsm *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG *ret,
    struct err *err) MICA_CHECKED;
/* label, id and the flags */
int hsm_read_key(struct hsm *hsm, CK_OBJECT_HANDLE object, struct token_key *ret,
    struct err *err) MICA_CHECKED;
/* Adds `"label" (id 01)` to the list. */
void hsm_describe(struct hsm *hsm, CK_OBJECT_HANDLE object, struct buf *list);

/* --- public.c ------------------------------------------------------------------ */

/* Fills in spki and algorithm. key's id and label are there; public_key is its public key
 * object, or CK_INVALID_HANDLE to look for one. ERR_REFUSED for a kind of key that a CA of
 * Milvus cannot have. */
int hsm_read_public(struct hsm *hsm, CK_OBJECT_HANDLE private_key, CK_OBJECT_HANDLE public_key,
    struct token_key *key, struct err *err) MICA_CHECKED;

/* --- find.c, generate.c, store.c ----------------------------------------------- */

int hsm_find(struct hsm *hsm, const struct hsm_wanted *wanted, struct token_key *ret,
    struct err *err) MICA_CHECKED;
/* Takes the key as the one to sign with; forgets the PIN unless the key wants it each time. */
void hsm_take_key(struct hsm *hsm, CK_OBJECT_HANDLE handle, const struct token_key *key);

struct hsm_pair {
	CK_OBJECT_HANDLE public_key, private_key;
};

/* A key pair from the template of every CA key that mica makes; nothing is checked. */
CK_RV hsm_make_pair(struct hsm *hsm, enum algorithm algorithm, const struct hsm_wanted *wanted,
    struct hsm_pair *ret) MICA_CHECKED;
int hsm_generate(struct hsm *hsm, enum algorithm algorithm, const struct hsm_wanted *wanted,
    struct token_key *ret, struct err *err) MICA_CHECKED;
/* ERR_REFUSED: the token takes no such object, ever. */
int hsm_store(struct hsm *hsm, const struct hsm_wanted *wanted, struct wire_span der,
    struct err *err) MICA_CHECKED;

/* --- sign.c -------------------------------------------------------------------- */

/* What each signing thread has for itself. */
struct hsm_signing {
	bool own; /* false: the main thread's, which is hsm's */
	CK_SESSION_HANDLE session;
	unsigned selected; /* hsm->selected when it was opened */
	unsigned place;    /* its step, in the page */
};

/* As hsm_step(), for one of many. */
void hsm_signing_step(struct hsm *hsm, const struct hsm_signing *signing, enum wire_step step);

/* A session for one more thread; it ends with all others. */
int hsm_signing_open(
    struct hsm *hsm, struct hsm_signing *signing, struct err *err) MICA_CHECKED;
/* One C_SignInit, one C_Sign. After ERR_PIN, never again: the PIN was wrong, and counts. */
int hsm_sign(struct hsm *hsm, struct hsm_signing *signing, struct wire_span tbs,
    struct buf *ret, struct err *err) MICA_CHECKED;

/* --- request.c ----------------------------------------------------------------- */

/* Does what was asked for, by any request that is done alone; its fields go to reply. WIDEN is
 * not for here: it is about threads. */
int hsm_request(struct hsm *hsm, enum wire_type type, struct wire_in *in, struct buf *reply,
    struct err *err) MICA_CHECKED;
int hsm_malformed(struct err *err);

/* --- serve.c ------------------------------------------------------------------- */

/* Answers requests until mica is gone. */
void serve(struct hsm *hsm);

#endif
