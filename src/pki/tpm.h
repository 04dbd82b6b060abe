// SPDX-License-Identifier: Apache-2.0
/*
 * tpm: the three structures of TPM 2.0 that a certification is made of, read from their wire
 * form (TPM 2.0 Library, part 2). Big-endian, no padding, nothing left over; every field that
 * is not looked at is at least walked over. The spans point into the bytes that were given.
 */
#ifndef MICA_PKI_TPM_H
#define MICA_PKI_TPM_H

#include <stddef.h>
#include <stdint.h>

#include <mica/err.h>

struct tpm_span {
	const unsigned char *data;
	size_t len;
};

/* TPM_ALG_ID: what occurs here */
enum tpm_alg {
	TPM_ALG_RSA = 0x0001,
	TPM_ALG_SHA1 = 0x0004,
	TPM_ALG_SHA256 = 0x000b,
	TPM_ALG_SHA384 = 0x000c,
	TPM_ALG_SHA512 = 0x000d,
	TPM_ALG_NULL = 0x0010,
	TPM_ALG_RSASSA = 0x0014,
	TPM_ALG_RSAES = 0x0015,
	TPM_ALG_RSAPSS = 0x0016,
	TPM_ALG_OAEP = 0x0017,
	TPM_ALG_ECDSA = 0x0018,
	TPM_ALG_ECDH = 0x0019,
	TPM_ALG_ECDAA = 0x001a,
	TPM_ALG_SM2 = 0x001b,
	TPM_ALG_ECSCHNORR = 0x001c,
	TPM_ALG_ECC = 0x0023,
};

/* TPMA_OBJECT */
enum tpm_object {
	TPM_OBJECT_FIXED_TPM = 1 << 1,
	TPM_OBJECT_FIXED_PARENT = 1 << 4,
	TPM_OBJECT_SENSITIVE_DATA_ORIGIN = 1 << 5,
	TPM_OBJECT_RESTRICTED = 1 << 16,
	TPM_OBJECT_SIGN = 1 << 18,
};

enum { TPM_GENERATED = 0xff544347u, TPM_ST_ATTEST_CERTIFY = 0x8017 };

/* TPMS_ATTEST. attested is the TPM2B_NAME's content in a certification, empty in any other type
 * (whose last part is not read). */
struct tpm_attest {
	uint32_t magic;
	uint16_t type;
	uint64_t firmware;
	struct tpm_span extra;
	struct tpm_span attested;
};

/* TPMT_PUBLIC of an RSA or EC key */
struct tpm_public {
	uint16_t type; /* TPM_ALG_RSA or TPM_ALG_ECC */
	uint16_t name_alg;
	uint32_t attributes;  /* enum tpm_object */
	uint16_t bits;        /* RSA */
	uint32_t exponent;    /* RSA; 0 means 65537 on the wire, and is read so */
	uint16_t curve;       /* EC: TPM_ECC_CURVE, 3 is P-256, 4 is P-384 */
	struct tpm_span n;    /* RSA */
	struct tpm_span x, y; /* EC */
};

/* TPMT_SIGNATURE by RSASSA, RSAPSS or ECDSA */
struct tpm_signature {
	uint16_t alg;
	uint16_t hash;
	struct tpm_span signature; /* RSA */
	struct tpm_span r, s;      /* ECDSA */
};

/* ERR_FAILED, with what was expected where. */
int tpm_read_attest(
    struct tpm_span bytes, struct tpm_attest *ret, struct err *err) MICA_CHECKED;
int tpm_read_public(
    struct tpm_span bytes, struct tpm_public *ret, struct err *err) MICA_CHECKED;
int tpm_read_signature(
    struct tpm_span bytes, struct tpm_signature *ret, struct err *err) MICA_CHECKED;

/* OpenSSL's name of a TPM's digest; NULL for one that is not to be relied on, SHA-1 among them.
 */
const char *tpm_digest(uint16_t alg);

#endif
