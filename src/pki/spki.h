// SPDX-License-Identifier: Apache-2.0
/*
 * spki: a SubjectPublicKeyInfo (RFC 5280 4.1.2.7; RFC 5480 for EC, RFC 8017 for RSA) taken
 * apart without making an EVP_PKEY of it, which is the dearest step of reading a certificate.
 */
#ifndef MICA_PKI_SPKI_H
#define MICA_PKI_SPKI_H

#include <stdbool.h>

#include <openssl/ec.h>
#include <openssl/x509.h>

#include <mica/algorithm.h>
#include <mica/buf.h>

struct spki {
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *key;
};

/* NULL when these bytes are anything but one SubjectPublicKeyInfo. */
struct spki *spki_parse(const void *der, size_t len);
void spki_free(struct spki *spki);
MICA_DEFINE_FREEP(struct spki, spki_free)

enum spki_kind { SPKI_OTHER, SPKI_EC, SPKI_RSA };

/* What can be seen without calculating. */
struct spki_facts {
	enum spki_kind kind;
	bool encoding; /* EC: a named curve and an uncompressed point; RSA: NULL parameters */
	int curve;     /* NID; EC only */
	int bits;      /* of the modulus; RSA only */
	bool exponent; /* odd and at least 65537; RSA only */
};

struct spki_facts spki_facts(const struct spki *spki);

/* Which of algorithm.h it is; -1 when none, or when it is encoded in a way that peers refuse.
 */
int spki_algorithm(const struct spki *spki, enum algorithm *ret) MICA_CHECKED;

/* The numbers of an RSA key, to be freed by the caller; -1, and nothing given, when they cannot
 * be read. */
int spki_rsa_numbers(const struct spki *spki, BIGNUM **ret_n, BIGNUM **ret_e) MICA_CHECKED;

/* The key identifier: SHA-1 of the BIT STRING's content (RFC 5280 4.2.1.2, method 1), which is
 * what other tools expect; nothing rests on its strength. */
enum { KEY_ID_LEN = 20 };
int spki_key_id(const struct spki *spki, unsigned char ret[static KEY_ID_LEN]) MICA_CHECKED;

/* Puts it into a certificate or request that is being made, without encoding an EVP_PKEY. */
int spki_put(const struct spki *spki, X509_PUBKEY *ret) MICA_CHECKED;

/* Does the point lie on the curve? group is that of facts.curve. */
bool spki_on_curve(const struct spki *spki, const EC_GROUP *group);

#endif
