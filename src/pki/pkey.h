// SPDX-License-Identifier: Apache-2.0
/*
 * pkey: OpenSSL's objects as owned locals; EVP_PKEYs, and signing and verifying with them
 * cheaply: what can be fetched or exported once is kept in a context that is copied for each
 * use. Copying from several threads is safe.
 */
#ifndef MICA_PKI_PKEY_H
#define MICA_PKI_PKEY_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <mica/algorithm.h>
#include <mica/buf.h>

#include "spki.h"

static inline void pkey_freep(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

static inline void md_ctx_freep(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static inline void x509_freep(X509 **x509)
{
	X509_free(*x509);
}

#define PKEY_AUTO MICA_AUTO(pkey_freep) EVP_PKEY
#define MD_CTX_AUTO MICA_AUTO(md_ctx_freep) EVP_MD_CTX
#define X509_AUTO MICA_AUTO(x509_freep) X509

/* Any EC curve or RSA size, by the curve's name or the modulus's bits; NULL on failure. */
EVP_PKEY *pkey_group(const char *group); /* the curve alone, without a key */
EVP_PKEY *pkey_generate_ec(const char *group);
EVP_PKEY *pkey_generate_like(EVP_PKEY *group); /* on the same curve */
EVP_PKEY *pkey_generate_rsa(int bits);

/* The public key as DER and what it is; -1 when algorithm.h does not list it. */
int pkey_spki(const EVP_PKEY *pkey, struct buf *ret_spki, enum algorithm *ret) MICA_CHECKED;

/* A key of a kind that algorithm.h lists, its point checked; NULL on failure. Not by
 * d2i_PUBKEY(): making OpenSSL's decoders ready costs a millisecond of a run that needs them
 * for nothing else. */
EVP_PKEY *pkey_of_spki(const struct spki *spki);

/* Contexts to copy from; NULL on failure. */
EVP_MD_CTX *pkey_signing(EVP_PKEY *pkey, const char *digest);
EVP_MD_CTX *pkey_verifying(EVP_PKEY *pkey, const char *digest);

/* The AlgorithmIdentifier that goes with its signatures, in DER. */
int pkey_signature_algorithm(EVP_MD_CTX *signing, struct buf *ret) MICA_CHECKED;

/* Appends the signature. */
int pkey_sign(const EVP_MD_CTX *signing, const struct buf *bytes, struct buf *ret) MICA_CHECKED;

/* 0 when it verifies. Leaves nothing in the error queue when it does not. */
int pkey_verify(const EVP_MD_CTX *verifying, const void *signature, size_t signature_len,
    const void *bytes, size_t len) MICA_CHECKED;

#endif
