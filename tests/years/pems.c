// SPDX-License-Identifier: Apache-2.0
#include "pems.h"

#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static int64_t seconds(const ASN1_TIME *time)
{
	struct tm utc = { 0 };

	return time && ASN1_TIME_to_tm(time, &utc) == 1 ? (int64_t)timegm(&utc) : 0;
}

static BIO *open_pem(const struct buf *pem)
{
	return BIO_new_mem_buf(buf_text(pem), (int)pem->len);
}

bool pems_pair(const struct buf *certificate, const struct buf *key, struct buf *ret_der,
    int64_t *ret_ends)
{
	BIO *from = open_pem(certificate), *from_key = open_pem(key);
	X509 *x509 = PEM_read_bio_X509(from, NULL, NULL, NULL);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(from_key, NULL, NULL, NULL);
	const bool fits = x509 && pkey && X509_check_private_key(x509, pkey) == 1;
	unsigned char *der = NULL;
	int len = fits ? i2d_X509(x509, &der) : 0;

	if (len > 0) {
		buf_add(ret_der, der, (size_t)len);
		*ret_ends = seconds(X509_get0_notAfter(x509));
	}
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	X509_free(x509);
	BIO_free(from);
	BIO_free(from_key);
	ERR_clear_error();
	return fits;
}

int64_t pems_ends(const void *der, size_t len)
{
	const unsigned char *at = der;
	X509 *x509 = d2i_X509(NULL, &at, (long)len);
	int64_t ends = x509 ? seconds(X509_get0_notAfter(x509)) : 0;

	X509_free(x509);
	return ends;
}

int64_t pems_crl_ends(const struct buf *pem)
{
	BIO *from = open_pem(pem);
	int64_t first = 0;

	for (X509_CRL *crl; (crl = PEM_read_bio_X509_CRL(from, NULL, NULL, NULL));) {
		int64_t ends = seconds(X509_CRL_get0_nextUpdate(crl));

		if (first == 0 || ends < first)
			first = ends;
		X509_CRL_free(crl);
	}
	BIO_free(from);
	ERR_clear_error();
	return first;
}

bool pems_crl_has(const struct buf *pem, const uint8_t serial[20])
{
	BIGNUM *number = BN_bin2bn(serial, 20, NULL);
	ASN1_INTEGER *wanted = BN_to_ASN1_INTEGER(number, NULL);
	BIO *from = open_pem(pem);
	X509_REVOKED *found = NULL;
	bool has = false;

	for (X509_CRL *crl; (crl = PEM_read_bio_X509_CRL(from, NULL, NULL, NULL));) {
		has |= X509_CRL_get0_by_serial(crl, &found, wanted) == 1;
		X509_CRL_free(crl);
	}
	BIO_free(from);
	ASN1_INTEGER_free(wanted);
	BN_free(number);
	ERR_clear_error();
	return has;
}
