// SPDX-License-Identifier: Apache-2.0
/*
 * prove: hsm_prove(), and the parts of it that prove.c puts in order.
 */
#ifndef MICA_HSM_PROVE_H
#define MICA_HSM_PROVE_H

#include <mica/proof.h>

#include "../wire/proof.h"
#include "helper.h"

/* token_prove(), on the key that find gave; spki is its public half. ret is empty. */
int hsm_prove(struct hsm *hsm, struct wire_span spki, struct token_proof *ret,
    struct err *err) MICA_CHECKED;

/* The sibling, while things are tried on it. */
struct bench {
	struct hsm *hsm;
	CK_STATE state; /* of our session, before anything was tried */
	enum algorithm algorithm;
	struct hsm_pair pair;
	CK_SESSION_HANDLE session; /* of the trial under way */
	struct buf point;          /* EC: its public point, 0x04, x, y */
	struct buf message;        /* RSA: some octets, encrypted for it (PKCS#1 v1.5) */
	struct buf spki;           /* its public half */
	CK_OBJECT_HANDLE wrapping; /* an AES key of our session's, or CK_INVALID_HANDLE */
	CK_RV no_wrapping;         /* why there is none */
	struct token_trial trials[PROOF_MAX_ITEMS];
	size_t n;
};

/* --- identity.c ---------------------------------------------------------------- */

int hsm_read_identity(
    struct hsm *hsm, struct token_identity *ret, struct err *err) MICA_CHECKED;
/* Every attribute of a private key that a proof tells, one by one. */
int hsm_read_attributes(struct hsm *hsm, CK_OBJECT_HANDLE key, struct token_attributes *ret,
    struct err *err) MICA_CHECKED;
/* CKA_ALLOWED_MECHANISMS */
int hsm_read_mechanisms(struct hsm *hsm, CK_OBJECT_HANDLE key, struct token_proof *ret,
    struct err *err) MICA_CHECKED;

/* --- chain.c ------------------------------------------------------------------- */

/* The certificates on the token that token_proof tells of. */
int hsm_read_chain(struct hsm *hsm, struct wire_span spki, struct token_proof *ret,
    struct err *err) MICA_CHECKED;

/* --- attempts.c ---------------------------------------------------------------- */

struct answer {
	CK_RV rv;
	const char *reason;         /* a constant; NULL: the value says it all */
	enum token_verdict verdict; /* where rv is CKR_OK, or NOT_TRIED */
};

/* what: an attribute or a mechanism */
typedef struct answer attempt_fn(struct bench *bench, CK_ULONG what);

attempt_fn attempt_read, attempt_wrap, attempt_copy, attempt_set, attempt_decrypt,
    attempt_encrypt, attempt_derive;

/* A session object: it is gone with the session at the latest. */
void bench_make_wrapping_key(struct bench *bench);

/* --- trials.c ------------------------------------------------------------------ */

/* 0 after any answer of a token that is still there; else fails with what became of it. */
int bench_alive(
    const struct bench *bench, CK_RV rv, const char *call, struct err *err) MICA_CHECKED;

/* Tries all that must fail. -1 when the token is lost on the way. */
int bench_try_all(struct bench *bench, struct err *err) MICA_CHECKED;
/* Says of each that it was not tried, for want of a sibling. */
void bench_try_none(struct bench *bench);

#endif
