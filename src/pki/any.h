// SPDX-License-Identifier: Apache-2.0
/* any: a SEQUENCE that is kept as the DER it is, rather than decoded. */
#ifndef MICA_PKI_ANY_H
#define MICA_PKI_ANY_H

#include <stdbool.h>

#include <openssl/asn1.h>

#include <mica/buf.h>

static inline bool any_is_sequence(const ASN1_TYPE *any)
{
	return ASN1_TYPE_get(any) == V_ASN1_SEQUENCE;
}

static inline const unsigned char *any_der(const ASN1_TYPE *any, size_t *ret_len)
{
	*ret_len = (size_t)ASN1_STRING_length(any->value.sequence);
	return ASN1_STRING_get0_data(any->value.sequence);
}

static inline bool any_same(const ASN1_TYPE *any, const struct buf *der)
{
	size_t len;
	const unsigned char *bytes = any_der(any, &len);

	return buf_same(der, bytes, len);
}

/* der: one SEQUENCE, copied */
static inline int any_set(ASN1_TYPE *any, const struct buf *der)
{
	ASN1_STRING *sequence = ASN1_STRING_type_new(V_ASN1_SEQUENCE);

	if (!sequence || ASN1_STRING_set(sequence, der->data, (int)der->len) != 1) {
		ASN1_STRING_free(sequence);
		return -1;
	}
	ASN1_TYPE_set(any, V_ASN1_SEQUENCE, sequence);
	return 0;
}

#endif
