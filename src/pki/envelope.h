// SPDX-License-Identifier: Apache-2.0
/*
 * envelope: what certificates and requests look like from outside (RFC 5280 4.1, RFC 2986 4.2):
 *
 *   SEQUENCE { to-be-signed, AlgorithmIdentifier, BIT STRING }
 *
 * The bytes that are signed are never encoded anew: they go in and come out as they are.
 */
#ifndef MICA_PKI_ENVELOPE_H
#define MICA_PKI_ENVELOPE_H

#include <openssl/x509.h>

#include <mica/buf.h>

#include "any.h"

struct envelope {
	ASN1_TYPE *tbs; /* a SEQUENCE, its DER as it stands */
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
};

/* NULL when these bytes are anything but one envelope in DER. */
struct envelope *envelope_open(const void *der, size_t len);
void envelope_free(struct envelope *envelope);
MICA_DEFINE_FREEP(struct envelope, envelope_free)

static inline const unsigned char *envelope_tbs(
    const struct envelope *envelope, size_t *ret_len)
{
	return any_der(envelope->tbs, ret_len);
}

/* All three are DER (the signature: the BIT STRING's content); appended to ret. */
int envelope_seal(const struct buf *tbs, const struct buf *algorithm,
    const struct buf *signature, struct buf *ret) MICA_CHECKED;

#endif
