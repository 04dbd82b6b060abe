// SPDX-License-Identifier: Apache-2.0
#include "crl_tbs.h"

#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include <mica/crl.h>

#include "any.h"
#include "times.h"

typedef struct crl_tbs CRL_TBS;

// clang-format off
ASN1_SEQUENCE(CRL_TBS) = {
	ASN1_OPT(CRL_TBS, version, ASN1_INTEGER),
	ASN1_SIMPLE(CRL_TBS, signature, X509_ALGOR),
	ASN1_SIMPLE(CRL_TBS, issuer, ASN1_ANY),
	ASN1_SIMPLE(CRL_TBS, this_update, ASN1_TIME),
	ASN1_OPT(CRL_TBS, next_update, ASN1_TIME),
	ASN1_SEQUENCE_OF_OPT(CRL_TBS, revoked, X509_REVOKED),
	ASN1_EXP_SEQUENCE_OF_OPT(CRL_TBS, extensions, X509_EXTENSION, 0),
} static_ASN1_SEQUENCE_END(CRL_TBS)
// clang-format on

struct crl_tbs *crl_tbs_new(void)
{
	return (struct crl_tbs *)ASN1_item_new(ASN1_ITEM_rptr(CRL_TBS));
}

void crl_tbs_free(struct crl_tbs *tbs)
{
	ASN1_item_free((ASN1_VALUE *)tbs, ASN1_ITEM_rptr(CRL_TBS));
}

struct crl_tbs *crl_tbs_decode(const void *der, size_t len)
{
	const unsigned char *at = der;
	struct crl_tbs *tbs =
	    (struct crl_tbs *)ASN1_item_d2i(NULL, &at, (long)len, ASN1_ITEM_rptr(CRL_TBS));

	if (tbs && at == (const unsigned char *)der + len && any_is_sequence(tbs->issuer))
		return tbs;
	crl_tbs_free(tbs);
	return NULL;
}

/* Appends what libcrypto makes of it. */
static int encode(const void *value, const ASN1_ITEM *item, struct buf *ret)
{
	unsigned char *der = NULL;
	int len = ASN1_item_i2d(value, &der, item);

	if (len > 0)
		buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	return len > 0 ? 0 : -1;
}

int crl_tbs_encode(const struct crl_tbs *tbs, struct buf *ret)
{
	return encode(tbs, ASN1_ITEM_rptr(CRL_TBS), ret);
}

/* --- entries --- */

/* The value of a reasonCode is an ENUMERATED of one octet: its DER is read and written as it
 * is, since this is done for each of very many. */
enum { ENUMERATED = 0x0a, REASON_LEN = 3 };

static int add_reason(X509_REVOKED *entry, enum revocation_reason reason)
{
	const unsigned char der[REASON_LEN] = { ENUMERATED, 1, (unsigned char)reason };
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	int done = -1;

	if (value && ASN1_OCTET_STRING_set(value, der, sizeof(der)) == 1)
		extension = X509_EXTENSION_create_by_NID(NULL, NID_crl_reason, 0, value);
	if (extension && X509_REVOKED_add_ext(entry, extension, -1) == 1)
		done = 0;
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	return done;
}

static int set_serial(X509_REVOKED *entry, const struct revocation *revocation)
{
	BIGNUM *number = BN_bin2bn(revocation->serial, sizeof(revocation->serial), NULL);
	ASN1_INTEGER *serial = number ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
	int done = serial ? X509_REVOKED_set_serialNumber(entry, serial) : 0;

	ASN1_INTEGER_free(serial);
	BN_free(number);
	return done == 1 ? 0 : -1;
}

static int set_date(X509_REVOKED *entry, const struct revocation *revocation)
{
	ASN1_TIME *date = ASN1_TIME_set(NULL, (time_t)revocation->at);
	int done = date ? X509_REVOKED_set_revocationDate(entry, date) : 0;

	ASN1_TIME_free(date);
	return done == 1 ? 0 : -1;
}

X509_REVOKED *crl_entry_make(const struct revocation *revocation)
{
	X509_REVOKED *entry = X509_REVOKED_new();

	if (entry && set_serial(entry, revocation) == 0 && set_date(entry, revocation) == 0 &&
	    (revocation->reason == REVOKED_UNSPECIFIED ||
	        add_reason(entry, revocation->reason) == 0))
		return entry;
	X509_REVOKED_free(entry);
	return NULL;
}

static bool read_serial(const ASN1_INTEGER *serial, struct revocation *ret)
{
	const size_t len = (size_t)ASN1_STRING_length(serial);

	if (ASN1_STRING_type(serial) != V_ASN1_INTEGER || len > sizeof(ret->serial))
		return false;
	memcpy(ret->serial + sizeof(ret->serial) - len, ASN1_STRING_get0_data(serial), len);
	return true;
}

/* The one extension that mica writes, and its value */
static const char *read_reason(X509_EXTENSION *extension, struct revocation *ret)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	const unsigned char *der = ASN1_STRING_get0_data(value);

	if (OBJ_obj2nid(X509_EXTENSION_get_object(extension)) != NID_crl_reason)
		return "has another extension than reasonCode";
	if (ASN1_STRING_length(value) != REASON_LEN || der[0] != ENUMERATED || der[1] != 1)
		return "has a reasonCode that is not ENUMERATED";
	if (der[2] == REVOKED_UNSPECIFIED)
		return "has a reasonCode unspecified, which is not to be written";
	if (!revocation_reason_name((enum revocation_reason)der[2]))
		return "has a reasonCode that mica does not give";
	ret->reason = (enum revocation_reason)der[2];
	return NULL;
}

int crl_entry_read(const X509_REVOKED *entry, struct revocation *ret, const char **ret_odd)
{
	const STACK_OF(X509_EXTENSION) *extensions = X509_REVOKED_get0_extensions(entry);
	const ASN1_TIME *date = X509_REVOKED_get0_revocationDate(entry);
	struct revocation revocation = { .reason = REVOKED_UNSPECIFIED };
	const char *odd = NULL;

	if (!read_serial(X509_REVOKED_get0_serialNumber(entry), &revocation) ||
	    !time_read(date, &revocation.at))
		return -1;
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
		X509_EXTENSION *extension = sk_X509_EXTENSION_value(extensions, i);
		const char *fault = read_reason(extension, &revocation);

		if (X509_EXTENSION_get_critical(extension))
			return -1;
		odd = i > 0 ? "has more than one extension" : fault;
	}
	if (!time_is_well_formed(date))
		odd = "has a revocationDate that is not written as RFC 5280 5.1.2.6 wants it";
	*ret = revocation;
	*ret_odd = odd;
	return 0;
}

/* --- the anchor --- */

typedef struct {
	ASN1_INTEGER *version;
	ASN1_INTEGER *events;
	ASN1_INTEGER *records;
	ASN1_OCTET_STRING *hash;
} ANCHOR;

enum { ANCHOR_VERSION = 1 };

// clang-format off
ASN1_SEQUENCE(ANCHOR) = {
	ASN1_SIMPLE(ANCHOR, version, ASN1_INTEGER),
	ASN1_SIMPLE(ANCHOR, events, ASN1_INTEGER),
	ASN1_SIMPLE(ANCHOR, records, ASN1_INTEGER),
	ASN1_SIMPLE(ANCHOR, hash, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(ANCHOR)
// clang-format on

static void anchor_freep(ANCHOR **anchor)
{
	ASN1_item_free((ASN1_VALUE *)*anchor, ASN1_ITEM_rptr(ANCHOR));
}

int crl_anchor_encode(const struct anchor *anchor, struct buf *ret)
{
	MICA_AUTO(anchor_freep)
	ANCHOR *written = (ANCHOR *)ASN1_item_new(ASN1_ITEM_rptr(ANCHOR));

	if (!written || ASN1_INTEGER_set_int64(written->version, ANCHOR_VERSION) != 1 ||
	    ASN1_INTEGER_set_int64(written->events, anchor->events) != 1 ||
	    ASN1_INTEGER_set_int64(written->records, anchor->records) != 1 ||
	    ASN1_OCTET_STRING_set(
	        written->hash, anchor->hash.bytes, sizeof(anchor->hash.bytes)) != 1)
		return -1;
	return encode(written, ASN1_ITEM_rptr(ANCHOR), ret);
}

static bool is_count(const ASN1_INTEGER *number, int64_t *ret)
{
	return ASN1_INTEGER_get_int64(ret, number) == 1 && *ret >= 0;
}

bool crl_anchor_decode(const void *der, size_t len, struct anchor *ret)
{
	const unsigned char *at = der;
	MICA_AUTO(anchor_freep)
	ANCHOR *said = (ANCHOR *)ASN1_item_d2i(NULL, &at, (long)len, ASN1_ITEM_rptr(ANCHOR));
	struct anchor anchor = { 0 };
	int64_t version = 0;

	if (!said || at != (const unsigned char *)der + len ||
	    !is_count(said->version, &version) || version != ANCHOR_VERSION ||
	    !is_count(said->events, &anchor.events) ||
	    !is_count(said->records, &anchor.records) ||
	    ASN1_STRING_length(said->hash) != DIGEST_LEN)
		return false;
	memcpy(anchor.hash.bytes, ASN1_STRING_get0_data(said->hash), DIGEST_LEN);
	*ret = anchor;
	return true;
}

ASN1_OBJECT *crl_anchor_oid(void)
{
	return OBJ_txt2obj(CRL_ANCHOR_OID, 1);
}
