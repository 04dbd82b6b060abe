// SPDX-License-Identifier: Apache-2.0
#include "helper.h"

#include <string.h>

#include <openssl/crypto.h>

#include "../wire/ckr.h"

/* Only a prompt is answered, and only from the PIN that mica sent: nothing is asked of a
 * terminal. */
static int ui_read(UI *ui, UI_STRING *string)
{
	const struct hsm *hsm = UI_get0_user_data(ui);

	switch (UI_get_string_type(string)) {
	case UIT_PROMPT:
		return hsm && hsm->pin && UI_set_result(ui, string, hsm->pin) == 0;
	case UIT_INFO:
	case UIT_ERROR:
		return 1;
	default:
		return 0;
	}
}

static int ui_write(UI *ui, UI_STRING *string)
{
	(void)ui;
	(void)string;
	return 1;
}

int hsm_set_ui(struct hsm *hsm, struct err *err)
{
	hsm->ui = UI_create_method("mica-token");
	if (!hsm->ui || UI_method_set_reader(hsm->ui, ui_read) != 0 ||
	    UI_method_set_writer(hsm->ui, ui_write) != 0 ||
	    PKCS11_set_ui_method(hsm->ctx, hsm->ui, hsm) != 0)
		return err_openssl(err, "cannot set libp11's dialogue");
	return 0;
}

void hsm_forget_pin(struct hsm *hsm)
{
	if (hsm->pin)
		OPENSSL_secure_clear_free(hsm->pin, strlen(hsm->pin) + 1);
	hsm->pin = NULL;
}

/* What the flags forbid, before a try is spent on it. */
static int check_flags(const struct hsm *hsm, const struct token_info *info,
    enum token_pin_care care, struct err *err)
{
	if (info->locked) {
		err_set(err, ERR_PIN, "cannot log in to %s: its PIN is locked", hsm->name);
		return err_hint(
		    err, "unlock it with the token's own tool and the SO PIN (PUK)");
	}
	if (care == TOKEN_PIN_LAST_TRY || (!info->final_try && !info->count_low))
		return 0;
	err_set(err, ERR_REFUSED, "cannot log in to %s: %s", hsm->name,
	    info->final_try ? "wrong PINs were given before, and one more locks it"
	                    : "a wrong PIN was given since the last login");
	return err_hint(err, "make sure of the PIN, then log in once by hand: mica token "
	                     "--use-last-try");
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
	result = check_flags(hsm, &info, care, err);
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

/* A token that has no PIN to compare with has spent no try: that one answer of SoftHSM2 in its
 * weak moment is asked for again. */
static bool has_no_pin(void)
{
	unsigned long code = ERR_peek_last_error();

	return ERR_GET_LIB(code) == ERR_get_CKR_code() &&
	       ERR_GET_REASON(code) == CKR_USER_PIN_NOT_INITIALIZED;
}

/* On failure libp11's errors are in the queue. */
static int call_login(struct hsm *hsm)
{
	int result;

	hsm_step(hsm, STEP_LOGIN);
	ERR_clear_error();
	result = PKCS11_login(hsm->slot, 0, hsm->pin);
	for (size_t i = 0; result != 0 && has_no_pin() && hsm_pause(i); i++) {
		ERR_clear_error();
		result = PKCS11_login(hsm->slot, 0, hsm->pin);
	}
	if (result == 0)
		ERR_clear_error();
	return result;
}

int hsm_login(struct hsm *hsm, const char *pin, enum token_pin_care care, struct err *err)
{
	int check;

	if (!hsm->slot)
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
	if (call_login(hsm) == 0)
		return 0;
	hsm_forget_pin(hsm);
	(void)hsm_p11_fail(hsm, err, "C_Login", "cannot log in to %s", hsm->name);
	return -1;
}
