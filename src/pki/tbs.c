// SPDX-License-Identifier: Apache-2.0
#include "tbs.h"

#include <openssl/asn1t.h>

#include "any.h"

typedef struct tbs TBS;

// clang-format off
ASN1_SEQUENCE(TBS) = {
	ASN1_EXP_OPT(TBS, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(TBS, serial, ASN1_INTEGER),
	ASN1_SIMPLE(TBS, signature, X509_ALGOR),
	ASN1_SIMPLE(TBS, issuer, ASN1_ANY),
	ASN1_SIMPLE(TBS, validity, X509_VAL),
	ASN1_SIMPLE(TBS, subject, X509_NAME),
	ASN1_SIMPLE(TBS, spki, ASN1_ANY),
	ASN1_IMP_OPT(TBS, issuer_uid, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(TBS, subject_uid, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(TBS, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END(TBS)
// clang-format on

struct tbs *tbs_new(void)
{
	return (struct tbs *)ASN1_item_new(ASN1_ITEM_rptr(TBS));
}

void tbs_free(struct tbs *tbs)
{
	ASN1_item_free((ASN1_VALUE *)tbs, ASN1_ITEM_rptr(TBS));
}

static bool is_whole(const struct tbs *tbs)
{
	return any_is_sequence(tbs->issuer) && any_is_sequence(tbs->spki);
}

struct tbs *tbs_decode(const void *der, size_t len)
{
	const unsigned char *at = der;
	struct tbs *tbs =
	    (struct tbs *)ASN1_item_d2i(NULL, &at, (long)len, ASN1_ITEM_rptr(TBS));

	if (tbs && at == (const unsigned char *)der + len && is_whole(tbs))
		return tbs;
	tbs_free(tbs);
	return NULL;
}

int tbs_encode(const struct tbs *tbs, struct buf *ret)
{
	unsigned char *der = NULL;
	int len = ASN1_item_i2d((const ASN1_VALUE *)tbs, &der, ASN1_ITEM_rptr(TBS));

	if (len > 0)
		buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	return len > 0 ? 0 : -1;
}
