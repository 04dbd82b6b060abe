// SPDX-License-Identifier: Apache-2.0
#include <mica/csr.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "envelope.h"
#include "key_private.h"
#include "pem.h"
#include "pkey.h"
#include "san.h"
#include "spki.h"

static void request_freep(X509_REQ **request)
{
	X509_REQ_free(*request);
}

#define REQUEST_AUTO MICA_AUTO(request_freep) X509_REQ

static int put_names(X509_REQ *request, const struct name *names, size_t n)
{
	GENERAL_NAMES *san;
	STACK_OF(X509_EXTENSION) *extensions = NULL;
	int ok;

	if (n == 0)
		return 0;
	san = san_make(names, n);
	ok = san &&
	     X509V3_add1_i2d(&extensions, NID_subject_alt_name, san, 0, X509V3_ADD_APPEND) ==
	         1 &&
	     X509_REQ_add_extensions(request, extensions) == 1;
	GENERAL_NAMES_free(san);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return ok ? 0 : -1;
}

static int fill(X509_REQ *request, const struct key *key, const char *common_name)
{
	MICA_AUTO(spki_freep) struct spki *spki = spki_parse(key->spki.data, key->spki.len);
	X509_NAME *subject = subject_of_cn(common_name);
	int ok;

	ok = spki && subject && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
	     X509_REQ_set_subject_name(request, subject) == 1 &&
	     spki_put(spki, X509_REQ_get_X509_PUBKEY(request)) == 0;
	X509_NAME_free(subject);
	return ok ? 0 : -1;
}

static int sign(X509_REQ *request, const struct key *key, struct buf *ret_der)
{
	MD_CTX_AUTO *signing = pkey_signing(key->pkey, algorithm_info(key->algorithm)->digest);
	unsigned char *der = NULL;
	int len;

	if (!signing || X509_REQ_sign_ctx(request, signing) <= 0)
		return -1;
	len = i2d_X509_REQ(request, &der);
	if (len > 0)
		buf_add(ret_der, der, (size_t)len);
	OPENSSL_free(der);
	return len > 0 ? 0 : -1;
}

/* What was made, taken apart again, verifies with the key at hand. */
static int self_check(const struct buf *der, const struct key *key)
{
	MICA_AUTO(envelope_freep)
	struct envelope *envelope = envelope_open(der->data, der->len);
	MD_CTX_AUTO *verifying =
	    pkey_verifying(key->pkey, algorithm_info(key->algorithm)->digest);
	const unsigned char *tbs;
	size_t len;

	if (!envelope || !verifying)
		return -1;
	tbs = envelope_tbs(envelope, &len);
	return pkey_verify(verifying, ASN1_STRING_get0_data(envelope->signature),
	    (size_t)ASN1_STRING_length(envelope->signature), tbs, len);
}

int csr_make(const struct key *key, const char *common_name, const struct name *names,
    size_t n_names, struct buf *ret_pem, struct err *err)
{
	REQUEST_AUTO *request = X509_REQ_new();
	BUF_AUTO der = BUF_INIT;

	if (!request || fill(request, key, common_name) < 0 ||
	    put_names(request, names, n_names) < 0 || sign(request, key, &der) < 0)
		return err_openssl(err, "cannot make a certification request for '%s'",
		    common_name ? common_name : "");
	if (self_check(&der, key) < 0)
		return err_set(err, ERR_FAILED,
		    "the certification request for '%s' does not verify",
		    common_name ? common_name : "");
	csr_pem(&der, ret_pem);
	return 0;
}

void csr_pem(const struct buf *der, struct buf *ret)
{
	pem_write("CERTIFICATE REQUEST", der, ret);
}

static const struct pem_kind request_kind = { "certification request",
	{ "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST" } };

/* NULL when der is anything but one request. */
static X509_REQ *parse(const struct buf *der)
{
	const unsigned char *at = der->data;
	X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der->len);

	if (request && at == der->data + der->len &&
	    X509_REQ_get_version(request) == X509_REQ_VERSION_1)
		return request;
	X509_REQ_free(request);
	return NULL;
}

static int take_key(const char *file, X509_REQ *request, struct buf *ret_spki,
    enum algorithm *ret_algorithm, struct err *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request), &der);
	MICA_AUTO(spki_freep) struct spki *spki = len > 0 ? spki_parse(der, (size_t)len) : NULL;
	enum algorithm algorithm = ALG_EC_P256;
	int listed = spki ? spki_algorithm(spki, &algorithm) : -1;

	if (listed == 0) {
		buf_clear(ret_spki);
		buf_add(ret_spki, der, (size_t)len);
		*ret_algorithm = algorithm;
	}
	OPENSSL_free(der);
	if (listed == 0)
		return 0;
	ERR_clear_error();
	err_set(err, ERR_FAILED,
	    "the public key in '%s' is of a kind that mica does not certify", file);
	return err_hint(err,
	    "EC P-256 or P-384 (named curve, uncompressed point), or RSA of 2048, 3072 or "
	    "4096 bits");
}

int csr_read(const char *file, const struct buf *bytes, struct buf *ret_spki,
    enum algorithm *ret_algorithm, struct err *err)
{
	REQUEST_AUTO *request = NULL;
	BUF_AUTO der = BUF_INIT;
	EVP_PKEY *key;

	if (pem_or_der(file, bytes, &request_kind, &der, err) < 0)
		return -1;
	request = parse(&der);
	if (!request) {
		ERR_clear_error(); /* its reasons are those of a parser */
		return err_set(err, ERR_FAILED, "'%s' is not a certification request", file);
	}
	key = X509_REQ_get0_pubkey(request);
	if (!key)
		return err_openssl(err, "the public key in '%s' cannot be read", file);
	if (X509_REQ_verify(request, key) != 1)
		return err_openssl(
		    err, "the signature of '%s' does not verify with its own key", file);
	return take_key(file, request, ret_spki, ret_algorithm, err);
}
