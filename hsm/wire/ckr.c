// SPDX-License-Identifier: Apache-2.0
#include "ckr.h"

#include <stdlib.h>

#include <p11-kit/pkcs11.h>

#include <mica/mem.h>

#define ROW(value, kind, meaning, hint)                                                        \
	{                                                                                      \
		value, kind, #value, meaning, hint                                             \
	}

static const char replug[] =
    "see that the token is plugged in and its service is running, then "
    "run the same command again: nothing was lost";
static const char again[] =
    "run the same command again; when it comes back, restart the token's "
    "service: the module's own log may say more";
static const char no_retry[] = "mica will not try it again by itself: check the PIN";
static const char vendor[] = "the module's own log may say more";
static const char unable[] =
    "ask the token what it can do: pkcs11-tool --module MODULE --list-mechanisms";
static const char policy[] = "the token's own tool shows its policy and can change it";
static const char ours[] = "is the module as the standard wants it? a newer one may be";
static const char share[] = "end the other programs that use the token, then try again";

/* In the order of their values: bsearch() */
static const struct ckr table[] = {
	ROW(CKR_CANCEL, ERR_FAILED, "it was cancelled", "run the same command again"),
	ROW(CKR_HOST_MEMORY, ERR_FAILED, "the module has no memory left",
	    "see how much memory this machine has left, then run the same command again"),
	ROW(CKR_SLOT_ID_INVALID, ERR_LOST, "there is no such slot any more", replug),
	ROW(CKR_GENERAL_ERROR, ERR_LOST, "the module met an error that it cannot name", again),
	ROW(CKR_FUNCTION_FAILED, ERR_FAILED, "it did not work, and the module does not say why",
	    vendor),
	ROW(CKR_ARGUMENTS_BAD, ERR_FAILED, "the module does not accept the arguments",
	    "does the module need module-args?"),
	ROW(CKR_NEED_TO_CREATE_THREADS, ERR_FAILED, "the module needs threads of its own",
	    ours),
	ROW(CKR_CANT_LOCK, ERR_FAILED, "the module cannot be used by several threads", ours),
	ROW(CKR_ATTRIBUTE_READ_ONLY, ERR_FAILED, "the token does not let that attribute be set",
	    policy),
	ROW(CKR_ATTRIBUTE_SENSITIVE, ERR_REFUSED, "the token does not show that attribute",
	    policy),
	ROW(CKR_ATTRIBUTE_TYPE_INVALID, ERR_FAILED, "the token does not know that attribute",
	    ours),
	ROW(CKR_ATTRIBUTE_VALUE_INVALID, ERR_FAILED,
	    "the token does not accept an attribute's value", unable),
	ROW(CKR_ACTION_PROHIBITED, ERR_REFUSED, "the token's policy forbids it", policy),
	ROW(CKR_DATA_INVALID, ERR_FAILED, "the token does not accept the data", ours),
	ROW(CKR_DATA_LEN_RANGE, ERR_FAILED, "the token does not accept data of that length",
	    unable),
	ROW(CKR_DEVICE_ERROR, ERR_LOST, "the token, or the way to it, does not work", replug),
	ROW(CKR_DEVICE_MEMORY, ERR_FAILED, "the token is full",
	    "remove objects from the token that nobody needs"),
	ROW(CKR_DEVICE_REMOVED, ERR_LOST, "the token was removed",
	    "put the token back, then run the same command again: nothing was lost"),
	ROW(CKR_FUNCTION_CANCELED, ERR_FAILED, "it was cancelled, at the token or its PIN pad",
	    "run the same command again"),
	ROW(CKR_FUNCTION_NOT_PARALLEL, ERR_FAILED, "there is no parallel call to speak of",
	    ours),
	ROW(CKR_FUNCTION_NOT_SUPPORTED, ERR_FAILED, "the module cannot do that", unable),
	ROW(CKR_KEY_HANDLE_INVALID, ERR_LOST, "the key is not where it was", again),
	ROW(CKR_KEY_SIZE_RANGE, ERR_FAILED, "the token cannot have keys of that size", unable),
	ROW(CKR_KEY_TYPE_INCONSISTENT, ERR_FAILED,
	    "the key is of another type than the mechanism wants", unable),
	ROW(CKR_KEY_CHANGED, ERR_FAILED, "the key is not the same as before",
	    "look at it: mica token"),
	ROW(CKR_KEY_NEEDED, ERR_FAILED, "a key is missing", "look at it: mica token"),
	ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, ERR_REFUSED, "the key may not be used for that",
	    "the key's CKA_SIGN is false: it was made for something else"),
	ROW(CKR_KEY_NOT_WRAPPABLE, ERR_REFUSED, "the key may not be wrapped", policy),
	ROW(CKR_KEY_UNEXTRACTABLE, ERR_REFUSED, "the key may not leave the token", policy),
	ROW(CKR_MECHANISM_INVALID, ERR_FAILED,
	    "the token does not know that mechanism, or not for this key", unable),
	ROW(CKR_MECHANISM_PARAM_INVALID, ERR_FAILED,
	    "the token does not accept the mechanism's parameters", unable),
	ROW(CKR_OBJECT_HANDLE_INVALID, ERR_LOST, "the object is not where it was", again),
	ROW(CKR_OPERATION_ACTIVE, ERR_LOST,
	    "an operation that was begun before was never ended", again),
	ROW(CKR_OPERATION_NOT_INITIALIZED, ERR_LOST, "the operation that was begun is gone",
	    again),
	ROW(CKR_PIN_INCORRECT, ERR_PIN, "the PIN is wrong", no_retry),
	ROW(CKR_PIN_INVALID, ERR_PIN, "the PIN has characters that the token does not accept",
	    no_retry),
	ROW(CKR_PIN_LEN_RANGE, ERR_PIN, "the PIN is too short or too long", no_retry),
	ROW(CKR_PIN_EXPIRED, ERR_PIN, "the PIN has expired",
	    "set a new PIN with the token's own tool"),
	ROW(CKR_PIN_LOCKED, ERR_PIN, "the PIN is locked after too many wrong ones",
	    "unlock it with the token's own tool and the SO PIN (PUK); a TPM's lock "
	    "ends by itself in time"),
	ROW(CKR_SESSION_CLOSED, ERR_LOST, "the session was closed", again),
	ROW(CKR_SESSION_COUNT, ERR_FAILED, "the token has no session left", share),
	ROW(CKR_SESSION_HANDLE_INVALID, ERR_LOST, "the session is gone", again),
	ROW(CKR_SESSION_PARALLEL_NOT_SUPPORTED, ERR_FAILED, "the module wants serial sessions",
	    ours),
	ROW(CKR_SESSION_READ_ONLY, ERR_FAILED, "the session may not write", policy),
	ROW(CKR_SESSION_EXISTS, ERR_FAILED, "a session is open already", share),
	ROW(CKR_SESSION_READ_ONLY_EXISTS, ERR_FAILED, "a read-only session is open already",
	    share),
	ROW(CKR_SESSION_READ_WRITE_SO_EXISTS, ERR_BUSY, "the security officer is logged in",
	    share),
	ROW(CKR_SIGNATURE_INVALID, ERR_FAILED, "the signature is wrong", vendor),
	ROW(CKR_SIGNATURE_LEN_RANGE, ERR_FAILED, "the signature's length is wrong", vendor),
	ROW(CKR_TEMPLATE_INCOMPLETE, ERR_FAILED,
	    "the token wants attributes that were not given", unable),
	ROW(CKR_TEMPLATE_INCONSISTENT, ERR_FAILED,
	    "the token does not accept these attributes together", unable),
	ROW(CKR_TOKEN_NOT_PRESENT, ERR_LOST, "there is no token in the slot",
	    "put the token back, then run the same command again: nothing was lost"),
	ROW(CKR_TOKEN_NOT_RECOGNIZED, ERR_FAILED, "the module does not know this kind of token",
	    "another module may"),
	ROW(CKR_TOKEN_WRITE_PROTECTED, ERR_REFUSED, "the token is write-protected", policy),
	ROW(CKR_USER_ALREADY_LOGGED_IN, ERR_FAILED, "the user is logged in already", share),
	ROW(CKR_USER_NOT_LOGGED_IN, ERR_LOST,
	    "nobody is logged in, or the touch that the key wants did not come",
	    "run the same command again, and touch the token when it blinks; when nothing "
	    "blinks, restart its service"),
	ROW(CKR_USER_PIN_NOT_INITIALIZED, ERR_FAILED, "the token has no user PIN yet",
	    "set it with the token's own tool"),
	ROW(CKR_USER_TYPE_INVALID, ERR_FAILED,
	    "that is not for this kind of user, or there is none such", policy),
	ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, ERR_BUSY, "another user is logged in", share),
	ROW(CKR_USER_TOO_MANY_TYPES, ERR_BUSY, "too many users are logged in", share),
	ROW(CKR_WRAPPING_KEY_HANDLE_INVALID, ERR_FAILED, "the wrapping key cannot be used",
	    policy),
	ROW(CKR_WRAPPING_KEY_SIZE_RANGE, ERR_FAILED, "the wrapping key is of a wrong size",
	    policy),
	ROW(CKR_WRAPPING_KEY_TYPE_INCONSISTENT, ERR_FAILED,
	    "the wrapping key is of another type than the mechanism wants", policy),
	ROW(CKR_RANDOM_NO_RNG, ERR_FAILED, "the token has no random numbers",
	    "do not use this token for a CA"),
	ROW(CKR_DOMAIN_PARAMS_INVALID, ERR_FAILED, "the token does not know that curve",
	    unable),
	ROW(CKR_CURVE_NOT_SUPPORTED, ERR_FAILED, "the token does not know that curve", unable),
	ROW(CKR_BUFFER_TOO_SMALL, ERR_FAILED, "the answer is longer than it can be", ours),
	ROW(CKR_CRYPTOKI_NOT_INITIALIZED, ERR_LOST,
	    "the module has forgotten that it was started", again),
	ROW(CKR_CRYPTOKI_ALREADY_INITIALIZED, ERR_FAILED, "the module was started already",
	    ours),
	ROW(CKR_MUTEX_BAD, ERR_FAILED, "the module's locks are broken", vendor),
	ROW(CKR_MUTEX_NOT_LOCKED, ERR_FAILED, "the module's locks are broken", vendor),
	ROW(CKR_FIPS_SELF_TEST_FAILED, ERR_FAILED, "the token failed its own test",
	    "do not use this token"),
	ROW(CKR_LIBRARY_LOAD_FAILED, ERR_FAILED,
	    "the module cannot load a library that it needs", vendor),
	ROW(CKR_PIN_TOO_WEAK, ERR_PIN, "the PIN is too weak for the token's policy", policy),
	ROW(CKR_PUBLIC_KEY_INVALID, ERR_FAILED, "the public key is not valid", vendor),
	ROW(CKR_FUNCTION_REJECTED, ERR_REFUSED,
	    "it was rejected, at the token or by its policy", policy),
};

static int by_value(const void *key, const void *row)
{
	unsigned long wanted = *(const unsigned long *)key;
	unsigned long has = ((const struct ckr *)row)->value;

	return wanted < has ? -1 : wanted > has;
}

const struct ckr *ckr_find(unsigned long value)
{
	return bsearch(&value, table, mem_count(table), sizeof(table[0]), by_value);
}

char *ckr_text(unsigned long value)
{
	const struct ckr *row = ckr_find(value);

	if (value == CKR_OK)
		return mem_strdup("CKR_OK");
	return row ? mem_strdup(row->name) : mem_printf("0x%lx", value);
}

int ckr_fail(struct err *err, unsigned long value, const char *call, const char *fmt, ...)
{
	const struct ckr *row = ckr_find(value);
	MICA_FREE char *what = NULL;
	va_list args;

	va_start(args, fmt);
	what = mem_vprintf(fmt, args);
	va_end(args);
	if (row) {
		err_set(
		    err, row->kind, "%s: %s said %s: %s", what, call, row->name, row->meaning);
		return err_hint(err, "%s", row->hint);
	}
	if (value & CKR_VENDOR_DEFINED)
		err_set(err, ERR_FAILED,
		    "%s: %s said CKR_VENDOR_DEFINED + 0x%lx: an error that only the vendor "
		    "knows",
		    what, call, value & ~CKR_VENDOR_DEFINED);
	else
		err_set(err, ERR_FAILED,
		    "%s: %s said 0x%lx: an error that the standard does not know", what, call,
		    value);
	return err_hint(err, "%s", "look the number up in the vendor's documentation");
}
