// SPDX-License-Identifier: Apache-2.0
/*
 * proof: what a token says of itself and of the CA key, and what it does when it is asked for
 * what must fail.
 *
 * Attributes can lie, and where a module is wrong the attempt itself makes the export. So what
 * must fail is tried on a sibling: a key pair made from the very template that mica makes CA
 * keys with, a token object as they are, and destroyed again whatever happens. Nothing that the
 * sibling could sign is ever used. Its label is TOKEN_SIBLING_LABEL; what a crash left under
 * that name is destroyed by the next proof. On the CA key itself nothing is tried: its
 * attributes are read.
 *
 * What a module says over PKCS#11 it says itself: attest.h is about what a device can prove.
 */
#ifndef MICA_PROOF_H
#define MICA_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/digest.h>
#include <mica/token.h>

#define TOKEN_SIBLING_LABEL "mica-prove-sibling"

/* What the library, the slot and the token say that they are. All strings owned, never NULL,
 * blanks trimmed; versions as "2.6". */
struct token_identity {
	char *label, *serial, *manufacturer, *model, *hardware_version, *firmware_version;
	char *slot_description, *slot_manufacturer, *slot_hardware_version,
	    *slot_firmware_version;
	char *library_manufacturer, *library_description, *library_version, *cryptoki_version;
	char *token_flags, *slot_flags; /* "CKF_RNG CKF_LOGIN_REQUIRED" */
	char *module;                   /* path of the library, links followed */
	bool hardware_slot;             /* CKF_HW_SLOT is among slot_flags */
	struct digest module_sha256;
};

/* One attribute of a key as the token shows it. */
struct token_attribute {
	char *name; /* "CKA_SENSITIVE" */
	enum token_flag value;
};

struct token_attributes {
	struct token_attribute *items;
	size_t n;
};

enum token_verdict {
	TOKEN_REFUSED, /* the token did not do it: as it must be */
	TOKEN_ALLOWED, /* it did it */
	TOKEN_IN_NAME, /* it let the attribute be changed, and refused what that would allow */
	TOKEN_UNCLEAR, /* its answer is about something else: its health, a length */
	TOKEN_NOT_TRIED, /* it could not be tried, and reason says why */
};

enum token_aim {
	TOKEN_EXPORT, /* would let the key leave the token */
	TOKEN_USE,    /* would let it do more than sign */
};

/* Something that must fail. */
struct token_trial {
	char *name;   /* a stable name: "wrap-aes-key-wrap" */
	char *tried;  /* "C_WrapKey with CKM_AES_KEY_WRAP" */
	char *answer; /* "CKR_KEY_UNEXTRACTABLE"; NULL: the token was not asked */
	char *reason; /* what the answer alone does not tell; NULL: nothing */
	enum token_verdict verdict;
	enum token_aim aim;
};

struct token_proof {
	struct token_identity identity;
	struct token_attributes key; /* those of the CA key */
	bool mechanisms_told;        /* the token knows CKA_ALLOWED_MECHANISMS */
	char **mechanisms;           /* what it lists: "CKM_ECDSA", or a number in hex */
	size_t n_mechanisms;
	struct token_attributes sibling; /* n 0: none could be made, and no_sibling says why */
	char *no_sibling;
	size_t leftovers; /* objects of a sibling that an earlier proof left, now destroyed */
	struct token_trial *trials;
	size_t n_trials;
	/* DER certificates that lie on the token with the CA key's public key, and those that
	 * lie there of their issuers */
	struct buf *certificates;
	size_t n_certificates;
};

void token_proof_clear(struct token_proof *proof);

/* Gathers all that. Logged in; key is what token_find_key() gave. Makes a key pair, and so
 * takes as long as that does. Where the token or the helper is lost on the way, it is begun
 * once more, and the sibling of the first time destroyed; a failure says when one may be left.
 */
int token_prove(struct token *token, const struct token_key *key, struct token_proof *ret,
    struct err *err) MICA_CHECKED;

/* What the software token is called that this is by its own words, wherever the library lies
 * and whatever stands between; NULL: none that mica knows. A constant. */
const char *token_software(const struct token_identity *identity);

#endif
