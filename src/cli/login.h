// SPDX-License-Identifier: Apache-2.0
/*
 * login: from what the inventory says of a CA to its key on the token, and a signer on it.
 *
 *     login_begin   what can be refused without the token: the PIN's source; the helper is
 *                   started and not waited for
 *     login_enter   the token selected and locked; the PIN; the one login
 *     login_key     the key, judged: the right one, and not extractable
 *     login_signer
 */
#ifndef MICA_CLI_LOGIN_H
#define MICA_CLI_LOGIN_H

#include <mica/inventory.h>
#include <mica/token.h>

#include "opt.h"
#include "report.h"

struct login;

/* All of it must outlive the login. */
struct login_params {
	const struct inv_ca *ca;
	const char *state_dir;         /* where the latch lies */
	int64_t now;                   /* its date */
	const struct options *options; /* unattended, use_last_try */
	struct report *report;
};

/* The PIN is read now, but for one that a person gives. */
int login_begin(
    const struct login_params *params, struct login **ret, struct err *err) MICA_CHECKED;
int login_enter(struct login *login, struct err *err) MICA_CHECKED;
/* From now on the CA is this one: the same, of the inventory read again. */
void login_move(struct login *login, const struct inv_ca *ca);
/* Logs out without waiting for the token to be done with it; what follows is login_free(). */
void login_leave(struct login *login);
void login_free(struct login *login); /* logs out */
MICA_DEFINE_FREEP(struct login, login_free)

/* The key that the URI names; ERR_REFUSED when it is not that of the CA certificate with this
 * public key. It belongs to the login. */
int login_find(struct login *login, const struct buf *spki, const struct token_key **ret,
    struct err *err) MICA_CHECKED;

/* The key that the URI names; ERR_REFUSED when it may leave the token, or, where spki is not
 * NULL, when it is not that of the CA certificate. It belongs to the login. */
int login_key(struct login *login, const struct buf *spki, const struct token_key **ret,
    struct err *err) MICA_CHECKED;

/* Makes that key instead of finding it; judged in the same way. */
int login_make_key(struct login *login, const struct buf *id, const struct token_key **ret,
    struct err *err) MICA_CHECKED;

/* A signer on the key that one of these two gave. */
int login_signer(struct login *login, enum token_use use, const struct buf *issuer,
    struct signer **ret, struct err *err) MICA_CHECKED;

/* The same, where a cross-certificate for this public key is among what it signs. */
int login_signer_cross(struct login *login, const struct buf *issuer,
    const struct buf *certified, struct signer **ret, struct err *err) MICA_CHECKED;

const struct inv_ca *login_ca(const struct login *login);
const struct token_info *login_info(const struct login *login);
struct token *login_token(struct login *login);

#endif
