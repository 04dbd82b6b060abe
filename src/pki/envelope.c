// SPDX-License-Identifier: Apache-2.0
#include "envelope.h"

#include <string.h>

#include <openssl/asn1t.h>

#include "any.h"

typedef struct envelope ENVELOPE;

// clang-format off
ASN1_SEQUENCE(ENVELOPE) = {
	ASN1_SIMPLE(ENVELOPE, tbs, ASN1_ANY),
	ASN1_SIMPLE(ENVELOPE, algorithm, X509_ALGOR),
	ASN1_SIMPLE(ENVELOPE, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(ENVELOPE)
// clang-format on

void envelope_free(struct envelope *envelope)
{
	ASN1_item_free((ASN1_VALUE *)envelope, ASN1_ITEM_rptr(ENVELOPE));
}

static int encode(const struct envelope *envelope, struct buf *ret)
{
	unsigned char *der = NULL;
	int len = ASN1_item_i2d((const ASN1_VALUE *)envelope, &der, ASN1_ITEM_rptr(ENVELOPE));

	if (len > 0)
		buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	return len > 0 ? 0 : -1;
}

/* libcrypto reads BER; only what it would write in the same way is DER. */
static bool is_der(const struct envelope *envelope, const void *der, size_t len)
{
	BUF_AUTO again = BUF_INIT;

	return encode(envelope, &again) == 0 && buf_same(&again, der, len);
}

/* A signature is whole octets; else two encodings of it would verify. */
static bool is_octets(const ASN1_BIT_STRING *signature)
{
	return (signature->flags & 7) == 0;
}

struct envelope *envelope_open(const void *der, size_t len)
{
	const unsigned char *at = der;
	struct envelope *envelope =
	    (struct envelope *)ASN1_item_d2i(NULL, &at, (long)len, ASN1_ITEM_rptr(ENVELOPE));

	if (envelope && any_is_sequence(envelope->tbs) && is_octets(envelope->signature) &&
	    is_der(envelope, der, len))
		return envelope;
	envelope_free(envelope);
	return NULL;
}

int envelope_seal(const struct buf *tbs, const struct buf *algorithm,
    const struct buf *signature, struct buf *ret)
{
	MICA_AUTO(envelope_freep)
	struct envelope *envelope = (struct envelope *)ASN1_item_new(ASN1_ITEM_rptr(ENVELOPE));
	const unsigned char *at = algorithm->data;

	if (!envelope || any_set(envelope->tbs, tbs) < 0)
		return -1;
	if (!d2i_X509_ALGOR(&envelope->algorithm, &at, (long)algorithm->len))
		return -1;
	if (ASN1_BIT_STRING_set(envelope->signature, signature->data, (int)signature->len) != 1)
		return -1;
	/* else trailing zero bits are taken for padding and trimmed */
	envelope->signature->flags &= ~(long)(ASN1_STRING_FLAG_BITS_LEFT | 7);
	envelope->signature->flags |= ASN1_STRING_FLAG_BITS_LEFT;
	return encode(envelope, ret);
}
