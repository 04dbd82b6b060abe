// SPDX-License-Identifier: Apache-2.0
#include "prove.h"

#include <string.h>

#include <mica/mem.h>

#include "../wire/ckr.h"

/* --- who they say they are ----------------------------------------------------- */

static char *version_text(CK_VERSION version)
{
	return mem_printf("%u.%u", version.major, version.minor);
}

#define FLAG(value)                                                                            \
	{                                                                                      \
#value, value                                                                  \
	}

struct flag {
	const char *name;
	CK_FLAGS value;
};

static const struct flag slot_flags[] = {
	FLAG(CKF_TOKEN_PRESENT),
	FLAG(CKF_REMOVABLE_DEVICE),
	FLAG(CKF_HW_SLOT),
};

static const struct flag token_flags[] = {
	FLAG(CKF_RNG),
	FLAG(CKF_WRITE_PROTECTED),
	FLAG(CKF_LOGIN_REQUIRED),
	FLAG(CKF_USER_PIN_INITIALIZED),
	FLAG(CKF_RESTORE_KEY_NOT_NEEDED),
	FLAG(CKF_CLOCK_ON_TOKEN),
	FLAG(CKF_PROTECTED_AUTHENTICATION_PATH),
	FLAG(CKF_DUAL_CRYPTO_OPERATIONS),
	FLAG(CKF_TOKEN_INITIALIZED),
	FLAG(CKF_SECONDARY_AUTHENTICATION),
	FLAG(CKF_USER_PIN_COUNT_LOW),
	FLAG(CKF_USER_PIN_FINAL_TRY),
	FLAG(CKF_USER_PIN_LOCKED),
	FLAG(CKF_USER_PIN_TO_BE_CHANGED),
	FLAG(CKF_SO_PIN_COUNT_LOW),
	FLAG(CKF_SO_PIN_FINAL_TRY),
	FLAG(CKF_SO_PIN_LOCKED),
	FLAG(CKF_SO_PIN_TO_BE_CHANGED),
};

static char *flags_text(const struct flag *flags, size_t n, CK_FLAGS value)
{
	BUF_AUTO text = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (value & flags[i].value)
			buf_printf(&text, "%s%s", text.len > 0 ? " " : "", flags[i].name);
		value &= ~flags[i].value;
	}
	if (value != 0)
		buf_printf(&text, "%s0x%lx", text.len > 0 ? " " : "", value);
	return mem_strdup(buf_text(&text));
}

static int read_library(struct hsm *hsm, struct token_identity *ret, struct err *err)
{
	CK_INFO info;
	CK_RV rv = hsm->ck->C_GetInfo(&info);

	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_GetInfo", "cannot ask '%s' what it is", hsm->path);
	ret->library_manufacturer =
	    hsm_padded(info.manufacturerID, sizeof(info.manufacturerID));
	ret->library_description =
	    hsm_padded(info.libraryDescription, sizeof(info.libraryDescription));
	ret->library_version = version_text(info.libraryVersion);
	ret->cryptoki_version = version_text(info.cryptokiVersion);
	return 0;
}

static int read_slot(struct hsm *hsm, struct token_identity *ret, struct err *err)
{
	CK_SLOT_INFO info;
	CK_RV rv = hsm->ck->C_GetSlotInfo(hsm->slot_id, &info);

	if (rv != CKR_OK)
		return ckr_fail(
		    err, rv, "C_GetSlotInfo", "cannot read the slot of %s", hsm->name);
	ret->slot_description = hsm_padded(info.slotDescription, sizeof(info.slotDescription));
	ret->slot_manufacturer = hsm_padded(info.manufacturerID, sizeof(info.manufacturerID));
	ret->slot_hardware_version = version_text(info.hardwareVersion);
	ret->slot_firmware_version = version_text(info.firmwareVersion);
	ret->slot_flags = flags_text(slot_flags, mem_count(slot_flags), info.flags);
	ret->hardware_slot = info.flags & CKF_HW_SLOT;
	return 0;
}

static int read_token(struct hsm *hsm, struct token_identity *ret, struct err *err)
{
	CK_TOKEN_INFO info;
	CK_RV rv = hsm->ck->C_GetTokenInfo(hsm->slot_id, &info);

	if (rv != CKR_OK)
		return ckr_fail(
		    err, rv, "C_GetTokenInfo", "cannot ask %s what it is", hsm->name);
	ret->label = hsm_padded(info.label, sizeof(info.label));
	ret->serial = hsm_padded(info.serialNumber, sizeof(info.serialNumber));
	ret->manufacturer = hsm_padded(info.manufacturerID, sizeof(info.manufacturerID));
	ret->model = hsm_padded(info.model, sizeof(info.model));
	ret->hardware_version = version_text(info.hardwareVersion);
	ret->firmware_version = version_text(info.firmwareVersion);
	ret->token_flags = flags_text(token_flags, mem_count(token_flags), info.flags);
	return 0;
}

int hsm_read_identity(struct hsm *hsm, struct token_identity *ret, struct err *err)
{
	hsm_step(hsm, STEP_TOKEN_INFO);
	if (read_library(hsm, ret, err) < 0 || read_slot(hsm, ret, err) < 0)
		return -1;
	return read_token(hsm, ret, err);
}

/* --- attributes ---------------------------------------------------------------- */

#define ATTRIBUTE(type)                                                                        \
	{                                                                                      \
#type, type                                                                    \
	}

static const struct {
	const char *name;
	CK_ATTRIBUTE_TYPE type;
} told[] = {
	ATTRIBUTE(CKA_TOKEN),
	ATTRIBUTE(CKA_PRIVATE),
	ATTRIBUTE(CKA_SENSITIVE),
	ATTRIBUTE(CKA_ALWAYS_SENSITIVE),
	ATTRIBUTE(CKA_EXTRACTABLE),
	ATTRIBUTE(CKA_NEVER_EXTRACTABLE),
	ATTRIBUTE(CKA_LOCAL),
	ATTRIBUTE(CKA_MODIFIABLE),
	ATTRIBUTE(CKA_COPYABLE),
	ATTRIBUTE(CKA_SIGN),
	ATTRIBUTE(CKA_SIGN_RECOVER),
	ATTRIBUTE(CKA_DECRYPT),
	ATTRIBUTE(CKA_WRAP),
	ATTRIBUTE(CKA_UNWRAP),
	ATTRIBUTE(CKA_DERIVE),
	ATTRIBUTE(CKA_WRAP_WITH_TRUSTED),
	ATTRIBUTE(CKA_ALWAYS_AUTHENTICATE),
};

static int read_flag(struct hsm *hsm, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type,
    enum token_flag *ret, struct err *err)
{
	CK_BBOOL value = CK_FALSE;
	CK_ATTRIBUTE attribute = { type, &value, sizeof(value) };
	CK_RV rv = hsm->ck->C_GetAttributeValue(hsm->session, key, &attribute, 1);

	*ret = TOKEN_FLAG_ABSENT;
	if (rv == CKR_OK && attribute.ulValueLen == sizeof(value))
		*ret = value ? TOKEN_FLAG_TRUE : TOKEN_FLAG_FALSE;
	if (rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE)
		return 0;
	return ckr_fail(err, rv, "C_GetAttributeValue",
	    "cannot read the attributes of a key of %s", hsm->name);
}

int hsm_read_attributes(
    struct hsm *hsm, CK_OBJECT_HANDLE key, struct token_attributes *ret, struct err *err)
{
	hsm_step(hsm, STEP_ATTRIBUTES);
	ret->items = mem_array(mem_count(told), sizeof(*ret->items));
	for (; ret->n < mem_count(told); ret->n++) {
		struct token_attribute *item = &ret->items[ret->n];

		if (read_flag(hsm, key, told[ret->n].type, &item->value, err) < 0)
			return -1;
		item->name = mem_strdup(told[ret->n].name);
	}
	return 0;
}

#define MECHANISM(type)                                                                        \
	{                                                                                      \
#type, type                                                                    \
	}

static const struct {
	const char *name;
	CK_MECHANISM_TYPE type;
} mechanisms[] = {
	MECHANISM(CKM_RSA_PKCS),
	MECHANISM(CKM_RSA_X_509),
	MECHANISM(CKM_RSA_PKCS_OAEP),
	MECHANISM(CKM_RSA_PKCS_PSS),
	MECHANISM(CKM_SHA1_RSA_PKCS),
	MECHANISM(CKM_SHA256_RSA_PKCS),
	MECHANISM(CKM_SHA384_RSA_PKCS),
	MECHANISM(CKM_SHA512_RSA_PKCS),
	MECHANISM(CKM_SHA256_RSA_PKCS_PSS),
	MECHANISM(CKM_SHA384_RSA_PKCS_PSS),
	MECHANISM(CKM_SHA512_RSA_PKCS_PSS),
	MECHANISM(CKM_ECDSA),
	MECHANISM(CKM_ECDSA_SHA1),
	MECHANISM(CKM_ECDSA_SHA256),
	MECHANISM(CKM_ECDSA_SHA384),
	MECHANISM(CKM_ECDSA_SHA512),
	MECHANISM(CKM_ECDH1_DERIVE),
};

static char *mechanism_name(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < mem_count(mechanisms); i++) {
		if (mechanisms[i].type == type)
			return mem_strdup(mechanisms[i].name);
	}
	return mem_printf("0x%lx", type);
}

/* Empty and unknown look alike to hsm_bytes(): an empty list would forbid every use, so no
 * token that signs has one. */
int hsm_read_mechanisms(
    struct hsm *hsm, CK_OBJECT_HANDLE key, struct token_proof *ret, struct err *err)
{
	BUF_AUTO list = BUF_INIT;
	size_t n;

	if (hsm_bytes(hsm, key, CKA_ALLOWED_MECHANISMS, &list, err) < 0)
		return err->kind == ERR_LOST ? -1 : 0;
	n = list.len / sizeof(CK_MECHANISM_TYPE);
	if (n > PROOF_MAX_ITEMS)
		n = PROOF_MAX_ITEMS;
	ret->mechanisms_told = n > 0;
	ret->mechanisms = mem_array(n, sizeof(*ret->mechanisms));
	for (; ret->n_mechanisms < n; ret->n_mechanisms++) {
		CK_MECHANISM_TYPE type;

		memcpy(&type, list.data + ret->n_mechanisms * sizeof(type), sizeof(type));
		ret->mechanisms[ret->n_mechanisms] = mechanism_name(type);
	}
	return 0;
}
