// SPDX-License-Identifier: Apache-2.0
#include "crl_draft.h"

#include <openssl/x509v3.h>

#include "any.h"
#include "ca_private.h"
#include "crl_tbs.h"

static int put_version_2(struct crl_tbs *tbs)
{
	tbs->version = ASN1_INTEGER_new();
	return tbs->version && ASN1_INTEGER_set(tbs->version, X509_CRL_VERSION_2) == 1 ? 0 : -1;
}

/* ASN1_TIME_set() writes UTCTime until 2049 and GeneralizedTime after it (RFC 5280 5.1.2.4). */
static int put_times(struct crl_tbs *tbs, const struct crl_spec *spec)
{
	tbs->next_update = ASN1_TIME_set(NULL, (time_t)spec->next_update);
	return tbs->next_update && ASN1_TIME_set(tbs->this_update, (time_t)spec->this_update)
	           ? 0
	           : -1;
}

/* Where nothing is revoked there is no list, not an empty one (RFC 5280 5.1.2.6). */
static int put_entries(struct crl_tbs *tbs, const struct crl_spec *spec)
{
	if (spec->n_revoked == 0)
		return 0;
	tbs->revoked = sk_X509_REVOKED_new_reserve(NULL, (int)spec->n_revoked);
	for (size_t i = 0; tbs->revoked && i < spec->n_revoked; i++) {
		X509_REVOKED *entry = crl_entry_make(&spec->revoked[i]);

		if (entry && sk_X509_REVOKED_push(tbs->revoked, entry) > 0)
			continue;
		X509_REVOKED_free(entry);
		return -1;
	}
	return tbs->revoked ? 0 : -1;
}

static int add(struct crl_tbs *tbs, int nid, void *value)
{
	return X509V3_add1_i2d(&tbs->extensions, nid, value, 0, X509V3_ADD_APPEND) == 1 ? 0
	                                                                                : -1;
}

static int put_authority(struct crl_tbs *tbs, const struct ca *ca)
{
	AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
	int done = -1;

	if (authority)
		authority->keyid = ASN1_OCTET_STRING_new();
	if (authority && authority->keyid &&
	    ASN1_OCTET_STRING_set(authority->keyid, ca->key_id.data, (int)ca->key_id.len) == 1)
		done = add(tbs, NID_authority_key_identifier, authority);
	AUTHORITY_KEYID_free(authority);
	return done;
}

static int put_number(struct crl_tbs *tbs, const struct crl_spec *spec)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	int done = -1;

	if (number && ASN1_INTEGER_set_int64(number, spec->number) == 1)
		done = add(tbs, NID_crl_number, number);
	ASN1_INTEGER_free(number);
	return done;
}

static X509_EXTENSION *make_anchor(const struct anchor *anchor)
{
	ASN1_OBJECT *oid = crl_anchor_oid();
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	BUF_AUTO der = BUF_INIT;

	if (oid && value && crl_anchor_encode(anchor, &der) == 0 &&
	    ASN1_OCTET_STRING_set(value, der.data, (int)der.len) == 1)
		extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	return extension;
}

static int put_anchor(struct crl_tbs *tbs, const struct crl_spec *spec)
{
	X509_EXTENSION *extension = make_anchor(&spec->anchor);
	int done = extension && X509v3_add_ext(&tbs->extensions, extension, -1) ? 0 : -1;

	X509_EXTENSION_free(extension);
	return done;
}

int crl_draft(const struct ca *ca, const struct crl_spec *spec, const X509_ALGOR *signature,
    struct buf *ret)
{
	MICA_AUTO(crl_tbs_freep) struct crl_tbs *tbs = crl_tbs_new();

	if (!tbs || put_version_2(tbs) < 0 || X509_ALGOR_copy(tbs->signature, signature) != 1 ||
	    any_set(tbs->issuer, &ca->subject) < 0 || put_times(tbs, spec) < 0 ||
	    put_entries(tbs, spec) < 0)
		return -1;
	if (put_authority(tbs, ca) < 0 || put_number(tbs, spec) < 0 ||
	    put_anchor(tbs, spec) < 0)
		return -1;
	return crl_tbs_encode(tbs, ret);
}
