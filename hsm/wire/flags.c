// SPDX-License-Identifier: Apache-2.0
#include "flags.h"

int flags_allow_login(
    const struct token_info *info, enum token_pin_care care, const char *name, struct err *err)
{
	if (info->locked) {
		err_set(err, ERR_PIN, "cannot log in to %s: its PIN is locked", name);
		return err_hint(
		    err, "unlock it with the token's own tool and the SO PIN (PUK)");
	}
	if (care == TOKEN_PIN_LAST_TRY || (!info->final_try && !info->count_low))
		return 0;
	err_set(err, ERR_REFUSED, "cannot log in to %s: %s", name,
	    info->final_try ? "wrong PINs were given before, and one more locks it"
	                    : "a wrong PIN was given since the last login");
	return err_hint(err, "make sure of the PIN, then log in once by hand: mica token "
	                     "--use-last-try");
}
