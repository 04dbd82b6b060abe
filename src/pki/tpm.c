// SPDX-License-Identifier: Apache-2.0
#include "tpm.h"

#include <stdbool.h>

/* What is read, and whether it ended too soon: then everything that follows reads as zero. */
struct reader {
	const unsigned char *at;
	size_t left;
	bool bad;
};

static struct reader reader_of(struct tpm_span bytes)
{
	return (struct reader){ bytes.data, bytes.len, false };
}

static struct tpm_span take(struct reader *reader, size_t len)
{
	struct tpm_span span = { reader->at, len };

	if (reader->bad || len > reader->left) {
		reader->bad = true;
		return (struct tpm_span){ NULL, 0 };
	}
	if (len > 0)
		reader->at += len;
	reader->left -= len;
	return span;
}

static uint64_t number(struct reader *reader, size_t bytes)
{
	struct tpm_span span = take(reader, bytes);
	uint64_t value = 0;

	for (size_t i = 0; i < span.len; i++)
		value = value << 8 | span.data[i];
	return value;
}

static uint16_t number16(struct reader *reader)
{
	return (uint16_t)number(reader, 2);
}

static uint32_t number32(struct reader *reader)
{
	return (uint32_t)number(reader, 4);
}

/* TPM2B_*: a length of two bytes, then that many */
static struct tpm_span sized(struct reader *reader)
{
	return take(reader, number16(reader));
}

static int finish(const struct reader *reader, const char *what, struct err *err)
{
	if (reader->bad)
		return err_set(err, ERR_FAILED, "the %s ends too soon", what);
	if (reader->left > 0)
		return err_set(
		    err, ERR_FAILED, "the %s has %zu bytes too many", what, reader->left);
	return 0;
}

/* --- TPMS_ATTEST --------------------------------------------------------------- */

enum { CLOCK_INFO = 8 + 4 + 4 + 1 };

int tpm_read_attest(struct tpm_span bytes, struct tpm_attest *ret, struct err *err)
{
	static const char what[] = "TPM2 ATTEST block";
	struct reader reader = reader_of(bytes);
	struct tpm_attest attest = { 0 };

	attest.magic = number32(&reader);
	attest.type = number16(&reader);
	(void)sized(&reader); /* qualifiedSigner */
	attest.extra = sized(&reader);
	(void)take(&reader, CLOCK_INFO);
	attest.firmware = number(&reader, 8);
	if (attest.type == TPM_ST_ATTEST_CERTIFY) {
		attest.attested = sized(&reader);
		(void)sized(&reader); /* qualifiedName */
	} else {
		(void)take(&reader, reader.left);
	}
	if (finish(&reader, what, err) < 0)
		return -1;
	*ret = attest;
	return 0;
}

/* --- TPMT_PUBLIC --------------------------------------------------------------- */

/* TPMT_SYM_DEF_OBJECT */
static void skip_symmetric(struct reader *reader)
{
	if (number16(reader) != TPM_ALG_NULL)
		(void)take(reader, 2 + 2); /* keyBits, mode */
}

/* TPMT_RSA_SCHEME, TPMT_ECC_SCHEME, TPMT_KDF_SCHEME: all but three hold a digest's name */
static void skip_scheme(struct reader *reader)
{
	uint16_t scheme = number16(reader);

	if (scheme == TPM_ALG_NULL || scheme == TPM_ALG_RSAES)
		return;
	(void)number16(reader);
	if (scheme == TPM_ALG_ECDAA)
		(void)number16(reader); /* count */
}

static void read_rsa(struct reader *reader, struct tpm_public *key)
{
	skip_symmetric(reader);
	skip_scheme(reader);
	key->bits = number16(reader);
	key->exponent = number32(reader);
	if (key->exponent == 0)
		key->exponent = 65537;
	key->n = sized(reader);
}

static void read_ecc(struct reader *reader, struct tpm_public *key)
{
	skip_symmetric(reader);
	skip_scheme(reader);
	key->curve = number16(reader);
	skip_scheme(reader); /* kdf */
	key->x = sized(reader);
	key->y = sized(reader);
}

int tpm_read_public(struct tpm_span bytes, struct tpm_public *ret, struct err *err)
{
	static const char what[] = "TPM2 PUBLIC block";
	struct reader reader = reader_of(bytes);
	struct tpm_public key = { 0 };

	key.type = number16(&reader);
	key.name_alg = number16(&reader);
	key.attributes = number32(&reader);
	(void)sized(&reader); /* authPolicy */
	if (key.type == TPM_ALG_RSA)
		read_rsa(&reader, &key);
	else if (key.type == TPM_ALG_ECC)
		read_ecc(&reader, &key);
	else if (!reader.bad)
		return err_set(err, ERR_FAILED,
		    "the %s is of an object of type 0x%04x, not of an RSA or EC key", what,
		    key.type);
	if (finish(&reader, what, err) < 0)
		return -1;
	*ret = key;
	return 0;
}

/* --- TPMT_SIGNATURE ------------------------------------------------------------ */

int tpm_read_signature(struct tpm_span bytes, struct tpm_signature *ret, struct err *err)
{
	static const char what[] = "TPM2 SIGNATURE block";
	struct reader reader = reader_of(bytes);
	struct tpm_signature signature = { 0 };

	signature.alg = number16(&reader);
	signature.hash = number16(&reader);
	if (signature.alg == TPM_ALG_ECDSA) {
		signature.r = sized(&reader);
		signature.s = sized(&reader);
	} else if (signature.alg == TPM_ALG_RSASSA || signature.alg == TPM_ALG_RSAPSS) {
		signature.signature = sized(&reader);
	} else if (!reader.bad) {
		return err_set(err, ERR_FAILED,
		    "the %s is of the scheme 0x%04x, not RSASSA, RSAPSS or ECDSA", what,
		    signature.alg);
	}
	if (finish(&reader, what, err) < 0)
		return -1;
	*ret = signature;
	return 0;
}

/* --- digests ------------------------------------------------------------------- */

const char *tpm_digest(uint16_t alg)
{
	switch (alg) {
	case TPM_ALG_SHA256:
		return "SHA256";
	case TPM_ALG_SHA384:
		return "SHA384";
	case TPM_ALG_SHA512:
		return "SHA512";
	default:
		return NULL;
	}
}
