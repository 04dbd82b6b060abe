// SPDX-License-Identifier: Apache-2.0
/*
 * tbs: a TBSCertificate (RFC 5280 4.1), to be written by draft and read by parsed.
 *
 * The template is libcrypto's own but for issuer and public key, which stay the bytes they are:
 * d2i_X509() makes an EVP_PKEY of every key, which is nine tenths of its time in OpenSSL 3.0,
 * and X509_sign() encodes what i2d_X509() encodes again. That both read and write the same is
 * tested.
 */
#ifndef MICA_PKI_TBS_H
#define MICA_PKI_TBS_H

#include <openssl/x509.h>

#include <mica/buf.h>

struct tbs {
	ASN1_INTEGER *version; /* NULL: v1 */
	ASN1_INTEGER *serial;
	X509_ALGOR *signature;
	ASN1_TYPE *issuer; /* a SEQUENCE */
	X509_VAL *validity;
	X509_NAME *subject;
	ASN1_TYPE *spki; /* a SEQUENCE */
	ASN1_BIT_STRING *issuer_uid;
	ASN1_BIT_STRING *subject_uid;
	STACK_OF(X509_EXTENSION) * extensions; /* NULL: none */
};

struct tbs *tbs_new(void); /* all that is not optional is there and empty; NULL on failure */
void tbs_free(struct tbs *tbs);
MICA_DEFINE_FREEP(struct tbs, tbs_free)

/* NULL when these bytes are anything but one TBSCertificate. */
struct tbs *tbs_decode(const void *der, size_t len);

/* Appends. */
int tbs_encode(const struct tbs *tbs, struct buf *ret) MICA_CHECKED;

#endif
