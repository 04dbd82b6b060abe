// SPDX-License-Identifier: Apache-2.0
#include "parsed.h"

#include <stdlib.h>
#include <string.h>

#include "times.h"

static const struct known {
	int nid;
	const char *name;
	const ASN1_ITEM *(*item)(void);
} known[EXT_COUNT] = {
	[EXT_BASIC_CONSTRAINTS] = { NID_basic_constraints, "basicConstraints",
	    BASIC_CONSTRAINTS_it },
	[EXT_KEY_USAGE] = { NID_key_usage, "keyUsage", ASN1_BIT_STRING_it },
	[EXT_EXTENDED_KEY_USAGE] = { NID_ext_key_usage, "extendedKeyUsage",
	    EXTENDED_KEY_USAGE_it },
	[EXT_SUBJECT_ALT_NAME] = { NID_subject_alt_name, "subjectAltName", GENERAL_NAMES_it },
	[EXT_SUBJECT_KEY_ID] = { NID_subject_key_identifier, "subjectKeyIdentifier",
	    ASN1_OCTET_STRING_it },
	[EXT_AUTHORITY_KEY_ID] = { NID_authority_key_identifier, "authorityKeyIdentifier",
	    AUTHORITY_KEYID_it },
	[EXT_NAME_CONSTRAINTS] = { NID_name_constraints, "nameConstraints",
	    NAME_CONSTRAINTS_it },
};

const char *extension_name(enum extension extension)
{
	return known[extension].name;
}

/* Decodes all of der or gives NULL. */
static void *decode(const void *der, size_t len, const ASN1_ITEM *item)
{
	const unsigned char *at = der;
	ASN1_VALUE *value = ASN1_item_d2i(NULL, &at, (long)len, item);

	if (value && at == (const unsigned char *)der + len)
		return value;
	ASN1_item_free(value, item);
	return NULL;
}

static bool encodes_to(const void *value, const ASN1_ITEM *item, const void *der, size_t len)
{
	unsigned char *again = NULL;
	int again_len = ASN1_item_i2d(value, &again, item);
	bool same = again_len > 0 && (size_t)again_len == len && memcmp(again, der, len) == 0;

	OPENSSL_free(again);
	return same;
}

static void decode_extension(
    const ASN1_OCTET_STRING *octets, enum extension which, struct extension_facts *facts)
{
	const ASN1_ITEM *item = known[which].item();
	const unsigned char *der = ASN1_STRING_get0_data(octets);
	size_t len = (size_t)ASN1_STRING_length(octets);

	facts->value = decode(der, len, item);
	if (!facts->value)
		return;
	/* the named bits are encoded without trailing zeros (X.690 11.2.2), if OpenSSL may trim
	 * them */
	if (which == EXT_KEY_USAGE)
		((ASN1_BIT_STRING *)facts->value)->flags &=
		    ~(long)(ASN1_STRING_FLAG_BITS_LEFT | 7);
	facts->der = encodes_to(facts->value, item, der, len);
}

static void see_extension(struct parsed *parsed, X509_EXTENSION *extension)
{
	const ASN1_OBJECT *oid = X509_EXTENSION_get_object(extension);
	int nid = OBJ_obj2nid(oid);

	for (enum extension i = 0; i < EXT_COUNT; i++) {
		struct extension_facts *facts = &parsed->extensions[i];

		if (known[i].nid != nid)
			continue;
		if (facts->count++ > 0)
			return;
		facts->critical = X509_EXTENSION_get_critical(extension) == 1;
		decode_extension(X509_EXTENSION_get_data(extension), i, facts);
		return;
	}
	if (!parsed->unknown)
		parsed->unknown = oid;
}

static bool tbs_is_der(const struct tbs *tbs, const void *der, size_t len)
{
	BUF_AUTO again = BUF_INIT;

	return tbs_encode(tbs, &again) == 0 && buf_same(&again, der, len);
}

struct parsed *parsed_of(const void *der, size_t len)
{
	MICA_AUTO(parsed_freep) struct parsed *parsed = mem_zalloc(sizeof(*parsed));
	const unsigned char *bytes;
	struct tbs *tbs;

	parsed->envelope = envelope_open(der, len);
	if (!parsed->envelope)
		return NULL;
	bytes = envelope_tbs(parsed->envelope, &len);
	parsed->tbs = tbs = tbs_decode(bytes, len);
	if (!tbs)
		return NULL;
	parsed->der = tbs_is_der(tbs, bytes, len);
	parsed->times = time_read(tbs->validity->notBefore, &parsed->not_before) &&
	                time_read(tbs->validity->notAfter, &parsed->not_after);
	bytes = any_der(tbs->spki, &len);
	parsed->spki = spki_parse(bytes, len);
	for (int i = 0; i < sk_X509_EXTENSION_num(tbs->extensions); i++)
		see_extension(parsed, sk_X509_EXTENSION_value(tbs->extensions, i));
	return mem_give(parsed);
}

void parsed_free(struct parsed *parsed)
{
	if (!parsed)
		return;
	for (enum extension i = 0; i < EXT_COUNT; i++)
		ASN1_item_free(parsed->extensions[i].value, known[i].item());
	spki_free(parsed->spki);
	tbs_free(parsed->tbs);
	envelope_free(parsed->envelope);
	free(parsed);
}
