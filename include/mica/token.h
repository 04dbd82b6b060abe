// SPDX-License-Identifier: Apache-2.0
/*
 * token: a PKCS#11 token, reached through a helper process.
 *
 * A vendor's module that hangs or crashes cannot be cured in the process that loaded it, so a
 * separate program, mica-token, loads libp11 and the module, and holds the PIN. This door starts it,
 * speaks to it over one SOCK_SEQPACKET pair, holds it to deadlines, kills its process group when one
 * passes, and starts it anew once when a session or device was lost (ERR_LOST), with a new login
 * only if the first one succeeded. A PIN that was refused (ERR_PIN) is never sent again.
 *
 * Errors name the Cryptoki call, the CKR_ name and its meaning, and say what to do.
 * The helper inherits the environment (SOFTHSM2_CONF and its like). Not thread-safe.
 */
#ifndef MICA_TOKEN_H
#define MICA_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/algorithm.h>
#include <mica/buf.h>
#include <mica/findings.h>
#include <mica/signer.h>

struct token;

/* What to do when the token's flags say that a wrong PIN was given since the last login. A PIN that is
 * locked is never tried. */
enum token_pin_care {
	TOKEN_PIN_CAREFUL,  /* refuse: CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY */
	TOKEN_PIN_LAST_TRY, /* try, and be it the last before it locks */
};

/* A login that did not succeed leaves its latch behind (below). */
enum token_latch_rule {
	TOKEN_LATCH_HEEDED, /* while it is there no PIN is tried */
	TOKEN_LATCH_PASSED, /* a person gives the PIN now, and was told: it is tried */
};

struct token_params {
	const char *module;      /* a known module's name ("softhsm2") or a path */
	const char *module_args; /* C_Initialize's reserved string; NULL: none */
	const char *helper;      /* path of mica-token; NULL: the one compiled in, or $MICA_TOKEN_HELPER */
	int deadline_ms;         /* for each call but the next two; 0: 30 s, 120 s where a person is waited for */
	int generate_ms;         /* key generation; 0: 120 s */
	int login_ms;            /* 0: 60 s */
	enum token_pin_care pin_care;
	const char *latch_dir;   /* the state directory, where the latch lies; NULL: none is kept */
	enum token_latch_rule latch_rule;
	int64_t now;             /* what a latch is dated */
	bool touch;              /* each signature waits for a touch */
};

/* One token in one slot, as `mica token` shows it. All strings owned, blanks trimmed. */
struct token_info {
	char *label, *serial, *manufacturer, *model;
	char *module;               /* path of the module that holds it */
	uint64_t flags;             /* CK_TOKEN_INFO flags, CKF_* of PKCS#11 2.40 */
	unsigned min_pin, max_pin;
	bool initialized, login_required, pad, count_low, final_try, locked;
};

/* The value of one attribute of the key, read back from the token. ABSENT: the token does not know
 * it (CKR_ATTRIBUTE_TYPE_INVALID), which is not the same as false. */
enum token_flag { TOKEN_FLAG_ABSENT = -1, TOKEN_FLAG_FALSE = 0, TOKEN_FLAG_TRUE = 1 };

struct token_key {
	struct buf spki;       /* DER SubjectPublicKeyInfo of its public half */
	enum algorithm algorithm;
	struct buf id;         /* CKA_ID */
	char *label;           /* CKA_LABEL; NULL: none */
	enum token_flag sensitive, always_sensitive, extractable, never_extractable, local, sign,
	    always_authenticate, modifiable, copyable, wrap, unwrap, derive, decrypt;
};

void token_info_clear(struct token_info *info);
void token_key_clear(struct token_key *key);

/* --- names ---------------------------------------------------------------------------------- */

/* The path of a known module on this machine, or a copy of name when it is a path; free() it.
 * ERR_NOT_FOUND lists what was looked for. */
int token_module_path(const char *name, char **ret, struct err *err) MICA_CHECKED;

/* Checks an RFC 7512 URI for a CA key: parsable, no pin-value or pin-source, no unknown or duplicate
 * attribute, something that names a token and something that names an object. Needs no token. */
int token_uri_check(const char *uri, struct err *err) MICA_CHECKED;

/* --- a session ------------------------------------------------------------------------------ */

/* Starts the helper, which loads the module while the caller does something else: the first call that
 * needs the token waits for it and tells what went wrong. */
int token_start(const struct token_params *params, struct token **ret, struct err *err) MICA_CHECKED;

/* The same, and waits. */
int token_open(const struct token_params *params, struct token **ret, struct err *err) MICA_CHECKED;
/* Logs out and ends the helper, without waiting for it. Nothing more may be asked; the lock is held
 * until token_close(). */
void token_leave(struct token *token);
void token_close(struct token *token); /* the same, and waits */
MICA_DEFINE_FREEP(struct token, token_close)

/* Why the token was lost, the last time that a new start brought it back; NULL: it was not. */
const char *token_was_lost(const struct token *token);

/* Every token present; an array of *ret_n, each to be cleared, then free(). Needs no login. */
int token_list(struct token *token, struct token_info **ret, size_t *ret_n, struct err *err) MICA_CHECKED;

/* Finds the one token that uri means: ERR_NOT_FOUND or ERR_AMBIGUOUS with what is there as a hint.
 * Everything below speaks to that token. ret_info may be NULL. */
int token_select(struct token *token, const char *uri, struct token_info *ret_info, struct err *err) MICA_CHECKED;

/* Takes mica's own lock of that token (one run at a time, across state directories: two logins at
 * once break SoftHSM2), waiting at most wait_ms; ERR_BUSY names the holder. Released by close. */
int token_lock(struct token *token, int wait_ms, struct err *err) MICA_CHECKED;

/*
 * The latch. "Never try a refused PIN again" must hold across runs: a timer with a stale PIN would
 * lock a token on its third run. So before C_Login a file is written in latch_dir, synced, and
 * removed when the login succeeded or no PIN can have been judged (the flags forbade it, there is
 * no such session). It stays after a refusal, a hang, a crash, an error that tells nothing, and when
 * mica is killed meanwhile: a try may be spent. Where it cannot be written there is no login.
 */
struct token_latch {
	char *label, *serial, *manufacturer, *model; /* of the token; "" where it cannot be read */
	int64_t since;                               /* 0: unknown */
	char *why;                                   /* "C_Login said CKR_PIN_INCORRECT: ..." */
	char *path;
};

struct token_latches {
	struct token_latch *items;
	size_t n;
};

void token_latch_clear(struct token_latch *latch);
void token_latches_clear(struct token_latches *latches);

/* The latches in a directory of tokens that the URI means; needs no token. ret is cleared first. */
int token_latches(const char *dir, const char *uri, struct token_latches *ret,
    struct err *err) MICA_CHECKED;

/* Removes one, durably. */
int token_unlatch(const struct token_latch *latch, struct err *err) MICA_CHECKED;

/* What would stop token_login() before a PIN is sent, so that nobody types one in vain: the flags in
 * info, and the latch. ret_latch: the latch that is there all the same (TOKEN_LATCH_PASSED), its path
 * NULL when there is none. */
int token_may_login(const struct token *token, const struct token_info *info,
    struct token_latch *ret_latch, struct err *err) MICA_CHECKED;

/* C_Login as user with these bytes; pin NULL for a token that needs none, or has a PIN pad. The flags
 * are read right before: a PIN that is locked is refused with ERR_PIN, one that was wrong since the
 * last login with ERR_REFUSED (pin_care), so is every one while the latch is heeded; an empty one or
 * of a length that the token does not have with ERR_PIN. Then no C_Login is made. The bytes are copied
 * into the secure heap until close, for the one restart. */
int token_login(struct token *token, const struct buf *pin, struct err *err) MICA_CHECKED;

/* The private key that uri names: exactly one, or ERR_NOT_FOUND / ERR_AMBIGUOUS with what is there. */
int token_find_key(struct token *token, struct token_key *ret, struct err *err) MICA_CHECKED;

/* Makes the key pair that uri names (its object label, its id or `id` when the URI has none), with
 * SENSITIVE, not EXTRACTABLE, SIGN only, and reads it back. ERR_EXISTS when the label or the id is
 * in use by any object. */
int token_generate_key(struct token *token, enum algorithm algorithm, const struct buf *id,
    struct token_key *ret, struct err *err) MICA_CHECKED;

/* Stores the certificate (DER) beside the key; a copy that is there already is success.
 * ERR_REFUSED: the token takes none; any other error may pass. */
int token_store_certificate(struct token *token, const struct buf *der, const struct token_key *key,
    struct err *err) MICA_CHECKED;

/* What the helper lets the key sign from now on. The helper parses every job and refuses all else. */
enum token_use {
	TOKEN_USE_ISSUE, /* TBSCertificates that are no CA's, and TBSCertLists, of this issuer */
	TOKEN_USE_INIT,  /* as well CA certificates and requests for this subject and this very key */
	TOKEN_USE_CROSS, /* as ISSUE, and CA certificates for the one other key that was named */
};

/* A signer on the key that find or generate gave, for the issuer whose DER name this is. The token
 * must outlive it. use: ISSUE or INIT. */
int token_signer(struct token *token, const struct token_key *key, enum token_use use,
    const struct buf *issuer, struct signer **ret, struct err *err) MICA_CHECKED;

/* The same for TOKEN_USE_CROSS: certified is the other CA's SubjectPublicKeyInfo, not this key's. */
int token_signer_cross(struct token *token, const struct token_key *key, const struct buf *issuer,
    const struct buf *certified, struct signer **ret, struct err *err) MICA_CHECKED;

#endif
