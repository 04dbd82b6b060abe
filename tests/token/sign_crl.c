// SPDX-License-Identifier: Apache-2.0
/*
 * sign_crl MODULE MODULE-ARGS URI PIN-FILE CA.pem COUNT OUT.der: signs a revocation list of
 * COUNT entries by the CA key on a token, through mica's own door to it (include/mica/token.h),
 * and writes it. For the scenarios: a job of megabytes. MODULE-ARGS may be empty.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <mica/file.h>
#include <mica/mem.h>
#include <mica/token.h>

/* the inside of a signer: nobody but approvals_sign() and tests sign */
#include "../../src/pki/signer_private.h"

enum { PIN_FILE_MAX = 256, CA_MAX = 1 << 20 };

MICA_DEFINE_FREEP(ASN1_INTEGER, ASN1_INTEGER_free)
MICA_DEFINE_FREEP(ASN1_TIME, ASN1_TIME_free)
MICA_DEFINE_FREEP(BIO, BIO_free)
MICA_DEFINE_FREEP(EVP_PKEY, EVP_PKEY_free)
MICA_DEFINE_FREEP(X509, X509_free)
MICA_DEFINE_FREEP(X509_CRL, X509_CRL_free)

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "sign_crl: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
	exit(1);
}

static X509 *read_ca(const char *path)
{
	MICA_AUTO(BIO_freep) BIO *in = BIO_new_file(path, "r");
	X509 *ca = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	if (!ca)
		die("the CA certificate cannot be read", NULL);
	return ca;
}

static void add_entry(X509_CRL *crl, uint64_t number, const ASN1_TIME *when)
{
	MICA_AUTO(ASN1_INTEGER_freep) ASN1_INTEGER *serial = ASN1_INTEGER_new();
	X509_REVOKED *one = X509_REVOKED_new();

	if (!serial || !one || ASN1_INTEGER_set_uint64(serial, UINT64_MAX - number) != 1 ||
	    X509_REVOKED_set_serialNumber(one, serial) != 1 ||
	    X509_REVOKED_set_revocationDate(one, (ASN1_TIME *)when) != 1 ||
	    X509_CRL_add0_revoked(crl, one) != 1)
		die("an entry cannot be made", NULL);
}

/* The throw-away key of the CA's kind puts the AlgorithmIdentifier in. */
static X509_CRL *make(const X509 *ca, enum algorithm algorithm, uint64_t count)
{
	const struct algorithm_info *info = algorithm_info(algorithm);
	MICA_AUTO(EVP_PKEY_freep)
	EVP_PKEY *key = info->rsa ? EVP_RSA_gen(2048) : EVP_EC_gen(info->group);
	MICA_AUTO(ASN1_TIME_freep) ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	MICA_AUTO(ASN1_TIME_freep) ASN1_TIME *later = X509_gmtime_adj(NULL, 86400);
	X509_CRL *crl = X509_CRL_new();

	if (!key || !now || !later || !crl ||
	    X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1 ||
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) != 1 ||
	    X509_CRL_set1_lastUpdate(crl, now) != 1 ||
	    X509_CRL_set1_nextUpdate(crl, later) != 1)
		die("the list cannot be made", NULL);
	for (uint64_t i = 0; i < count; i++)
		add_entry(crl, i, now);
	if (X509_CRL_sign(crl, key, EVP_get_digestbyname(info->digest)) <= 0)
		die("the list cannot be encoded", NULL);
	return crl;
}

static void add_signature(const struct buf *signature, struct buf *ret)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	unsigned char *der = NULL;
	int len;

	if (!bits || ASN1_STRING_set(bits, signature->data, (int)signature->len) != 1)
		die("the signature cannot be encoded", NULL);
	bits->flags = (bits->flags & ~7L) | ASN1_STRING_FLAG_BITS_LEFT; /* no trimming */
	len = i2d_ASN1_BIT_STRING(bits, &der);
	if (len <= 0)
		die("the signature cannot be encoded", NULL);
	buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	ASN1_BIT_STRING_free(bits);
}

/* CertificateList (RFC 5280, 5.1): the to-be-signed part, the algorithm, the signature */
static void put_together(const X509_CRL *crl, const struct sign_job *job, struct buf *ret)
{
	unsigned char header[16], *end = header, *der = NULL;
	const ASN1_BIT_STRING *ignored;
	const X509_ALGOR *algorithm;
	BUF_AUTO body = BUF_INIT;
	int len;

	X509_CRL_get0_signature(crl, &ignored, &algorithm);
	len = i2d_X509_ALGOR(algorithm, &der);
	if (len <= 0)
		die("the algorithm cannot be encoded", NULL);
	buf_add(&body, job->tbs, job->tbs_len);
	buf_add(&body, der, (size_t)len);
	OPENSSL_free(der);
	add_signature(&job->signature, &body);
	ASN1_put_object(&end, 1, (int)body.len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	buf_add(ret, header, (size_t)(end - header));
	buf_add(ret, body.data, body.len);
}

static struct token *log_in(char **argv, struct err *err)
{
	const struct token_params params = { .module = argv[1],
		.module_args = argv[2][0] != '\0' ? argv[2] : NULL };
	struct token *token = NULL;
	BUF_AUTO pin = BUF_INIT;

	if (file_read(AT_FDCWD, argv[4], PIN_FILE_MAX, &pin, err) < 0)
		die("the PIN cannot be read", err);
	buf_cut(&pin, strcspn(buf_text(&pin), "\n"));
	if (token_open(&params, &token, err) < 0 ||
	    token_select(token, argv[3], NULL, err) < 0 || token_login(token, &pin, err) < 0)
		die("no login", err);
	return token;
}

static void sign(struct token *token, const struct token_key *key, const X509 *ca,
    struct sign_job *job, struct err *err)
{
	MICA_AUTO(signer_freep) struct signer *signer = NULL;
	BUF_AUTO issuer = BUF_INIT;
	unsigned char *der = NULL;
	int len = i2d_X509_NAME(X509_get_subject_name(ca), &der);

	if (len <= 0)
		die("the issuer cannot be encoded", NULL);
	buf_add(&issuer, der, (size_t)len);
	OPENSSL_free(der);
	if (token_signer(token, key, TOKEN_USE_ISSUE, &issuer, &signer, err) < 0 ||
	    signer->ops->sign(signer->context, job, 1, NULL, NULL, err) < 0)
		die("no signature", err);
}

int main(int argc, char **argv)
{
	MICA_AUTO(token_closep) struct token *token = NULL;
	MICA_AUTO(X509_freep) X509 *ca = NULL;
	MICA_AUTO(X509_CRL_freep) X509_CRL *crl = NULL;
	MICA_AUTO(token_key_clear) struct token_key key = { 0 };
	struct sign_job job = { .signature = BUF_INIT };
	struct err err = ERR_INIT;
	BUF_AUTO whole = BUF_INIT;
	unsigned char *tbs = NULL;
	int len;

	if (argc != 8) {
		fprintf(stderr,
		    "usage: sign_crl MODULE MODULE-ARGS URI PIN-FILE CA.pem COUNT OUT.der\n");
		return 2;
	}
	ca = read_ca(argv[5]);
	token = log_in(argv, &err);
	if (token_find_key(token, &key, &err) < 0)
		die("no key", &err);
	crl = make(ca, key.algorithm, strtoull(argv[6], NULL, 10));
	len = i2d_re_X509_CRL_tbs(crl, &tbs);
	if (len <= 0)
		die("the list cannot be encoded", NULL);
	job.tbs = tbs;
	job.tbs_len = (size_t)len;
	sign(token, &key, ca, &job, &err);
	put_together(crl, &job, &whole);
	if (file_replace(AT_FDCWD, argv[7], whole.data, whole.len, 0600, &err) < 0)
		die("the list cannot be written", &err);
	buf_clear(&job.signature);
	OPENSSL_free(tbs);
	return 0;
}
