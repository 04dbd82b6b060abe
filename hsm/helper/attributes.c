// SPDX-License-Identifier: Apache-2.0
#include "helper.h"

#include <mica/mem.h>

#include "../wire/ckr.h"

enum { SMALL = 1024, LARGE = 1 << 20 };

static const struct {
	CK_ATTRIBUTE_TYPE type;
	size_t offset;
} flags[] = {
	{ CKA_SENSITIVE, offsetof(struct token_key, sensitive) },
	{ CKA_ALWAYS_SENSITIVE, offsetof(struct token_key, always_sensitive) },
	{ CKA_EXTRACTABLE, offsetof(struct token_key, extractable) },
	{ CKA_NEVER_EXTRACTABLE, offsetof(struct token_key, never_extractable) },
	{ CKA_LOCAL, offsetof(struct token_key, local) },
	{ CKA_SIGN, offsetof(struct token_key, sign) },
	{ CKA_ALWAYS_AUTHENTICATE, offsetof(struct token_key, always_authenticate) },
	{ CKA_MODIFIABLE, offsetof(struct token_key, modifiable) },
	{ CKA_COPYABLE, offsetof(struct token_key, copyable) },
	{ CKA_WRAP, offsetof(struct token_key, wrap) },
	{ CKA_UNWRAP, offsetof(struct token_key, unwrap) },
	{ CKA_DERIVE, offsetof(struct token_key, derive) },
	{ CKA_DECRYPT, offsetof(struct token_key, decrypt) },
};

enum { N_FLAGS = mem_count(flags) };

/* --- search -------------------------------------------------------------------- */

static CK_ULONG fill_template(
    CK_ATTRIBUTE *template, CK_OBJECT_CLASS *class, const struct hsm_wanted *wanted)
{
	CK_ULONG n = 0;

	if (*class != CK_UNAVAILABLE_INFORMATION)
		template[n++] = (CK_ATTRIBUTE){ CKA_CLASS, class, sizeof(*class) };
	if (wanted->label)
		template[n++] =
		    (CK_ATTRIBUTE){ CKA_LABEL, (void *)wanted->label, strlen(wanted->label) };
	if (wanted->id.len > 0)
		template[n++] =
		    (CK_ATTRIBUTE){ CKA_ID, (void *)wanted->id.data, wanted->id.len };
	return n;
}

/* One that is not ended is in the way of the next. */
static int end_search(struct hsm *hsm, struct err *err)
{
	CK_RV rv;

	hsm_step(hsm, STEP_FIND_END);
	rv = hsm->ck->C_FindObjectsFinal(hsm->session);
	if (rv == CKR_OK || rv == CKR_OPERATION_NOT_INITIALIZED)
		return 0;
	return ckr_fail(err, rv, "C_FindObjectsFinal", "cannot search %s", hsm->name);
}

int hsm_search(struct hsm *hsm, CK_OBJECT_CLASS class, const struct hsm_wanted *wanted,
    struct hsm_found *ret, struct err *err)
{
	CK_ATTRIBUTE template[3];
	CK_ULONG n = fill_template(template, &class, wanted), got;
	struct hsm_found found = { .n = 0 };
	CK_RV rv;
	int ended;

	hsm_step(hsm, STEP_FIND_BEGIN);
	rv = hsm->ck->C_FindObjectsInit(hsm->session, template, n);
	if (rv == CKR_OPERATION_ACTIVE && end_search(hsm, err) < 0)
		return -1;
	if (rv == CKR_OPERATION_ACTIVE)
		rv = hsm->ck->C_FindObjectsInit(hsm->session, template, n);
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_FindObjectsInit", "cannot search %s", hsm->name);
	hsm_step(hsm, STEP_FIND);
	do {
		got = 0;
		rv = hsm->ck->C_FindObjects(
		    hsm->session, found.handles + found.n, HSM_MAX_FOUND - found.n, &got);
		if (rv == CKR_OK && got <= HSM_MAX_FOUND - found.n)
			found.n += got;
	} while (rv == CKR_OK && got > 0 && found.n < HSM_MAX_FOUND);
	ended = end_search(hsm, err);
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_FindObjects", "cannot search %s", hsm->name);
	if (ended < 0)
		return -1;
	*ret = found;
	return 0;
}

/* --- one attribute ------------------------------------------------------------- */

static bool means_absent(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE;
}

static int cannot_read(struct hsm *hsm, CK_RV rv, struct err *err)
{
	return ckr_fail(
	    err, rv, "C_GetAttributeValue", "cannot read an object of %s", hsm->name);
}

/* One call where the value is short, as nearly all are. */
int hsm_bytes(struct hsm *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, struct buf *ret,
    struct err *err)
{
	CK_ATTRIBUTE attribute = { type, NULL, SMALL };
	BUF_AUTO bytes = BUF_INIT;
	CK_RV rv;

	hsm_step(hsm, STEP_ATTRIBUTES);
	buf_reserve(&bytes, SMALL);
	attribute.pValue = bytes.data;
	rv = hsm->ck->C_GetAttributeValue(hsm->session, object, &attribute, 1);
	if (rv == CKR_BUFFER_TOO_SMALL) {
		attribute = (CK_ATTRIBUTE){ type, NULL, 0 };
		rv = hsm->ck->C_GetAttributeValue(hsm->session, object, &attribute, 1);
		if (rv == CKR_OK && attribute.ulValueLen <= LARGE) {
			buf_reserve(&bytes, attribute.ulValueLen);
			attribute.pValue = bytes.data;
			rv = hsm->ck->C_GetAttributeValue(hsm->session, object, &attribute, 1);
		}
	}
	buf_clear(ret);
	if (rv != CKR_OK)
		return means_absent(rv) ? 0 : cannot_read(hsm, rv, err);
	if (attribute.ulValueLen < bytes.cap)
		buf_add(ret, bytes.data, attribute.ulValueLen);
	return 0;
}

int hsm_number(struct hsm *hsm, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG *ret,
    struct err *err)
{
	CK_ULONG value = CK_UNAVAILABLE_INFORMATION;
	CK_ATTRIBUTE attribute = { type, &value, sizeof(value) };
	CK_RV rv;

	hsm_step(hsm, STEP_ATTRIBUTES);
	rv = hsm->ck->C_GetAttributeValue(hsm->session, object, &attribute, 1);
	if (rv != CKR_OK && !means_absent(rv))
		return cannot_read(hsm, rv, err);
	*ret = rv == CKR_OK && attribute.ulValueLen == sizeof(value)
	           ? value
	           : CK_UNAVAILABLE_INFORMATION;
	return 0;
}

/* --- the flags of a key -------------------------------------------------------- */

enum { UNTOLD = 0xaa }; /* what stands where a value is to come */

static bool was_told(const CK_ATTRIBUTE *attribute)
{
	return attribute->ulValueLen == sizeof(CK_BBOOL) &&
	       *(const CK_BBOOL *)attribute->pValue != UNTOLD;
}

static enum token_flag flag_value(const CK_ATTRIBUTE *attribute)
{
	if (!was_told(attribute))
		return TOKEN_FLAG_ABSENT;
	return *(const CK_BBOOL *)attribute->pValue ? TOKEN_FLAG_TRUE : TOKEN_FLAG_FALSE;
}

/* All in one call. Where the module does not know one of them it tells the others all the same;
 * some stop at it and leave the rest as it was: what was not told is asked for one by one. */
static int read_flags(
    struct hsm *hsm, CK_OBJECT_HANDLE object, struct token_key *key, struct err *err)
{
	CK_ATTRIBUTE attributes[N_FLAGS];
	CK_BBOOL values[N_FLAGS];
	CK_RV rv;

	memset(values, UNTOLD, sizeof(values));
	for (size_t i = 0; i < N_FLAGS; i++)
		attributes[i] = (CK_ATTRIBUTE){ flags[i].type, &values[i], sizeof(values[i]) };
	rv = hsm->ck->C_GetAttributeValue(hsm->session, object, attributes, N_FLAGS);
	for (size_t i = 0; i < N_FLAGS; i++) {
		void *flag = (char *)key + flags[i].offset;
		CK_RV single = was_told(&attributes[i]) ? CKR_OK : rv;

		if (single != CKR_OK) {
			attributes[i] =
			    (CK_ATTRIBUTE){ flags[i].type, &values[i], sizeof(values[i]) };
			single = hsm->ck->C_GetAttributeValue(
			    hsm->session, object, &attributes[i], 1);
		}
		if (single != CKR_OK && !means_absent(single))
			return cannot_read(hsm, single, err);
		*(enum token_flag *)flag =
		    single == CKR_OK ? flag_value(&attributes[i]) : TOKEN_FLAG_ABSENT;
	}
	return 0;
}

int hsm_read_key(
    struct hsm *hsm, CK_OBJECT_HANDLE object, struct token_key *ret, struct err *err)
{
	BUF_AUTO label = BUF_INIT;

	if (hsm_bytes(hsm, object, CKA_LABEL, &label, err) < 0 ||
	    hsm_bytes(hsm, object, CKA_ID, &ret->id, err) < 0)
		return -1;
	mem_freep(&ret->label);
	ret->label = label.len > 0 ? mem_strdup(buf_text(&label)) : NULL;
	return read_flags(hsm, object, ret, err);
}

void hsm_describe(struct hsm *hsm, CK_OBJECT_HANDLE object, struct buf *list)
{
	BUF_AUTO label = BUF_INIT;
	BUF_AUTO id = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (hsm_bytes(hsm, object, CKA_LABEL, &label, &ignored) < 0 ||
	    hsm_bytes(hsm, object, CKA_ID, &id, &ignored) < 0)
		return;
	if (list->len > 0)
		buf_addstr(list, ", ");
	buf_printf(list, "'%s'", buf_text(&label));
	if (id.len == 0)
		return;
	buf_addstr(list, " (id ");
	buf_addhex(list, id.data, id.len);
	buf_addstr(list, ")");
}
