// SPDX-License-Identifier: Apache-2.0
/*
 * attest: a device's own word that a key was made inside it and cannot leave it, verified up to a
 * root certificate that the user names.
 *
 * What a token says of its keys over PKCS#11 can be said by any module. A vendor's root vouches
 * for a key in the device that signs such statements, and mica believes no more than that chain:
 * the key in the statement must be the key of the CA certificate.
 *
 * An attestation is one PEM file (RFC 7468). Text between its blocks is skipped.
 *
 * TPM 2.0 (TPM 2.0 Library, part 2: the structures; part 3: TPM2_Certify), each block once, then
 * the attestation key's certificate, then the intermediates above it:
 *   TPM2 ATTEST     TPMS_ATTEST, the bytes that were signed
 *   TPM2 SIGNATURE  TPMT_SIGNATURE
 *   TPM2 PUBLIC     TPMT_PUBLIC, the public area of the certified key
 *   CERTIFICATE     ...
 * hsm/tpm2/certify.py makes it.
 *
 * PIV (YubiKey): CERTIFICATE blocks alone: the slot's attestation certificate, then the device's
 * attestation certificate (slot f9), then intermediates.
 */
#ifndef MICA_ATTEST_H
#define MICA_ATTEST_H

#include <stdint.h>

#include <mica/buf.h>
#include <mica/err.h>

/* Something more that the device says of the key or of itself. */
struct attest_fact {
	const char *name; /* a stable name: "touch-policy" */
	char *value;      /* words: "always" */
};

enum { ATTEST_MAX_FACTS = 8 };

/* What was proved, and by whom; all strings owned. */
struct attest_result {
	char *kind;               /* "tpm2-certify" or "piv-attestation" */
	char *device;             /* which device it says it is, as far as the chain tells */
	char *issuer;             /* the subject of the root that vouches for it */
	char *root_sha256;        /* hex, of that root's DER */
	char *certificate_sha256; /* hex, of the first certificate of the file */
	/* PIV: firmware ("5.4.3"), serial, pin-policy (never, once, always, match-once, match-always),
	 * touch-policy (never, always, cached), form-factor, fips, as far as it says them */
	struct attest_fact facts[ATTEST_MAX_FACTS];
	size_t n_facts;
};

void attest_result_clear(struct attest_result *result);

/* Does the device that made this attestation hold the private key of spki (DER
 * SubjectPublicKeyInfo of the CA certificate), made in it and unable to leave it?
 * pem: the attestation; root_pem: one or several root certificates; now: when the chain must be
 * valid. ERR_FAILED where a file cannot be read, ERR_REFUSED where it proves no such thing, and
 * the text says why. *ret is cleared first where it succeeds; touched by nothing else. */
int attest_tpm(const struct buf *pem, const struct buf *root_pem, const struct buf *spki,
    int64_t now, struct attest_result *ret, struct err *err) MICA_CHECKED;
int attest_piv(const struct buf *pem, const struct buf *root_pem, const struct buf *spki,
    int64_t now, struct attest_result *ret, struct err *err) MICA_CHECKED;

/* The PIV attestation of that key among DER certificates as they lie on a token, in whatever
 * order: appended to ret_pem as a file of it would be. ERR_NOT_FOUND where there is none. */
int attest_piv_gather(const struct buf *certificates, size_t n, const struct buf *spki,
    struct buf *ret_pem, struct err *err) MICA_CHECKED;

/* Either, as the blocks of the file tell. */
int attest_verify(const struct buf *pem, const struct buf *root_pem, const struct buf *spki,
    int64_t now, struct attest_result *ret, struct err *err) MICA_CHECKED;

#endif
