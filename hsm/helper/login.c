// SPDX-License-Identifier: Apache-2.0
#include "helper.h"

#include <string.h>

#include <openssl/crypto.h>

#include "../wire/ckr.h"
#include "../wire/flags.h"

void hsm_forget_pin(struct hsm *hsm)
{
	if (hsm->pin)
		OPENSSL_secure_clear_free(hsm->pin, strlen(hsm->pin) + 1);
	hsm->pin = NULL;
}

static int check_length(
    const struct hsm *hsm, const struct token_info *info, size_t len, struct err *err)
{
	if (len == 0) {
		err_set(err, ERR_PIN, "cannot log in to %s: the PIN is empty", hsm->name);
		return err_hint(err, "check the PIN file");
	}
	if (len >= info->min_pin && (info->max_pin == 0 || len <= info->max_pin))
		return 0;
	err_set(err, ERR_PIN,
	    "cannot log in to %s: its PINs have %u to %u characters, this one has not",
	    hsm->name, info->min_pin, info->max_pin);
	return err_hint(err, "the PIN was not tried; check it, or the PIN file");
}

static int check_pin(
    struct hsm *hsm, const char *pin, enum token_pin_care care, struct err *err)
{
	struct token_info info = { 0 };
	CK_RV rv = hsm_token_info(hsm, hsm->slot_id, &info);
	int result;

	if (rv != CKR_OK)
		return ckr_fail(
		    err, rv, "C_GetTokenInfo", "cannot read the flags of %s", hsm->name);
	result = flags_allow_login(&info, care, hsm->name, err);
	if (result == 0 && pin)
		result = check_length(hsm, &info, strlen(pin), err);
	if (result == 0 && !pin && info.login_required && !info.pad) {
		err_set(err, ERR_REFUSED,
		    "cannot log in to %s: it wants a PIN, and there is none", hsm->name);
		result = err_hint(err, "set ca.pin in the inventory to prompt or file:PATH");
	}
	if (result == 0 && !pin && !info.login_required)
		result = 1;
	token_info_clear(&info);
	return result;
}

/* Answers after which no PIN can have been compared with anything. Every other one, and an
 * unknown one, may have cost a try. */
static bool judged_no_pin(CK_RV rv)
{
	switch (rv) {
	case CKR_HOST_MEMORY:
	case CKR_SLOT_ID_INVALID:
	case CKR_ARGUMENTS_BAD:
	case CKR_FUNCTION_CANCELED: /* at the pad */
	case CKR_FUNCTION_NOT_SUPPORTED:
	case CKR_SESSION_CLOSED:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_READ_ONLY_EXISTS:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_USER_ALREADY_LOGGED_IN:
	case CKR_USER_ANOTHER_ALREADY_LOGGED_IN:
	case CKR_USER_PIN_NOT_INITIALIZED:
	case CKR_USER_TOO_MANY_TYPES:
	case CKR_USER_TYPE_INVALID:
	case CKR_CRYPTOKI_NOT_INITIALIZED:
		return true;
	default:
		return false;
	}
}

static void tell(struct hsm *hsm, enum wire_try spent)
{
	atomic_store(&hsm->page->spent, spent);
}

void hsm_try_kept(struct hsm *hsm)
{
	tell(hsm, WIRE_TRY_KEPT);
}

/* Not by libp11, which takes the top bit from a vendor's answer: then it is another one. */
CK_RV hsm_call_login(struct hsm *hsm, CK_SESSION_HANDLE session, CK_USER_TYPE user)
{
	CK_RV rv;

	tell(hsm, WIRE_TRY_SPENT);
	rv = hsm->ck->C_Login(
	    session, user, (CK_UTF8CHAR *)hsm->pin, hsm->pin ? strlen(hsm->pin) : 0);
	if (rv == CKR_OK || judged_no_pin(rv))
		tell(hsm, WIRE_TRY_KEPT);
	return rv;
}

static CK_RV one_login(struct hsm *hsm)
{
	CK_RV rv = hsm_call_login(hsm, hsm->session, CKU_USER);

	return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

/* A token that has no PIN to compare with has spent no try: that one answer of SoftHSM2 in its
 * weak moment is asked for again. */
static CK_RV call_login(struct hsm *hsm)
{
	CK_RV rv;

	hsm_step(hsm, STEP_LOGIN);
	rv = one_login(hsm);
	for (size_t i = 0; rv == CKR_USER_PIN_NOT_INITIALIZED && hsm_pause(i); i++)
		rv = one_login(hsm);
	return rv;
}

int hsm_login(struct hsm *hsm, const char *pin, enum token_pin_care care, struct err *err)
{
	int check;
	CK_RV rv;

	tell(hsm, WIRE_TRY_KEPT);
	if (hsm->session == CK_INVALID_HANDLE)
		return err_set(err, ERR_FAILED, "cannot log in: no token was selected");
	check = check_pin(hsm, pin, care, err);
	if (check != 0)
		return check < 0 ? -1 : 0;
	hsm_forget_pin(hsm);
	if (pin) {
		hsm->pin = OPENSSL_secure_malloc(strlen(pin) + 1);
		if (!hsm->pin)
			return err_set(err, ERR_FAILED, "cannot log in: no secure memory left");
		memcpy(hsm->pin, pin, strlen(pin) + 1);
	}
	rv = call_login(hsm);
	if (rv == CKR_OK)
		return 0;
	hsm_forget_pin(hsm);
	return ckr_fail(err, rv, "C_Login", "cannot log in to %s", hsm->name);
}
