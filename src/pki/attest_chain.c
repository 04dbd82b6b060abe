// SPDX-License-Identifier: Apache-2.0
#include "attest_chain.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <mica/digest.h>
#include <mica/mem.h>

#include "ca_private.h"
#include "pem.h"
#include "pkey.h"

/* Level 1: no SHA-1, no RSA key below 1024 bits, anywhere in the chain. */
enum { AUTH_LEVEL = 1, MAX_DEPTH = 8 };

static void store_freep(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void store_ctx_freep(X509_STORE_CTX **ctx)
{
	X509_STORE_CTX_free(*ctx);
}

void attest_result_clear(struct attest_result *result)
{
	free(result->kind);
	free(result->device);
	free(result->issuer);
	free(result->root_sha256);
	free(result->certificate_sha256);
	for (size_t i = 0; i < result->n_facts; i++)
		free(result->facts[i].value);
	*result = (struct attest_result){ 0 };
}

/* --- the file ------------------------------------------------------------------ */

void attest_file_clear(struct attest_file *file)
{
	sk_X509_pop_free(file->certificates, X509_free);
	for (size_t i = 0; i < file->n_blocks; i++) {
		free(file->blocks[i].label);
		buf_clear(&file->blocks[i].bytes);
	}
	*file = (struct attest_file)ATTEST_FILE_INIT;
}

static int take_certificate(
    const char *name, const struct buf *der, struct attest_file *file, struct err *err)
{
	const unsigned char *at = der->data;
	X509_AUTO *x509 = d2i_X509(NULL, &at, (long)der->len);

	if (!x509 || at != der->data + der->len) {
		ERR_clear_error();
		return err_set(err, ERR_FAILED, "'%s' holds a malformed certificate", name);
	}
	if (!file->certificates)
		file->certificates = sk_X509_new_null();
	if (!file->certificates || sk_X509_push(file->certificates, x509) <= 0)
		return err_openssl(err, "cannot keep a certificate of '%s'", name);
	x509 = NULL;
	return 0;
}

static int take_block(const char *name, const char *label, struct buf *bytes,
    struct attest_file *file, struct err *err)
{
	struct attest_block *block;

	if (strcmp(label, "CERTIFICATE") == 0)
		return take_certificate(name, bytes, file, err);
	if (file->n_blocks == ATTEST_MAX_BLOCKS)
		return err_set(err, ERR_FAILED, "'%s' holds too many PEM blocks", name);
	block = &file->blocks[file->n_blocks++];
	*block = (struct attest_block){ .label = mem_strdup(label) };
	buf_move(&block->bytes, bytes);
	return 0;
}

static int read_blocks(
    const char *name, const struct buf *pem, struct attest_file *file, struct err *err)
{
	PEM_READER_AUTO reader;
	int more = 1;

	pem_reader_init(&reader, name, pem);
	while (more == 1) {
		MICA_FREE char *label = NULL;
		BUF_AUTO bytes = BUF_INIT;

		more = pem_next(&reader, &label, &bytes, err);
		if (more == 1 && take_block(name, label, &bytes, file, err) < 0)
			return -1;
	}
	return more;
}

int attest_file_read(
    const char *name, const struct buf *pem, struct attest_file *ret, struct err *err)
{
	ATTEST_FILE_AUTO file = ATTEST_FILE_INIT;

	if (read_blocks(name, pem, &file, err) < 0)
		return -1;
	if (!file.certificates) {
		err_set(err, ERR_FAILED, "'%s' holds no certificate", name);
		return err_hint(err, "it is to be PEM, with at least one CERTIFICATE block");
	}
	*ret = file;
	file = (struct attest_file)ATTEST_FILE_INIT;
	return 0;
}

int attest_file_block(
    const struct attest_file *file, const char *label, const struct buf **ret, struct err *err)
{
	const struct buf *found = NULL;

	for (size_t i = 0; i < file->n_blocks; i++) {
		if (strcmp(file->blocks[i].label, label) != 0)
			continue;
		if (found)
			return err_set(err, ERR_FAILED,
			    "the attestation holds more than one %s block", label);
		found = &file->blocks[i].bytes;
	}
	if (!found)
		return err_set(err, ERR_FAILED, "the attestation holds no %s block", label);
	*ret = found;
	return 0;
}

/* --- whose key ----------------------------------------------------------------- */

bool attest_has_key(const X509 *x509, const EVP_PKEY *key)
{
	EVP_PKEY *pkey = X509_get0_pubkey(x509);
	bool same = pkey && EVP_PKEY_eq(pkey, key) == 1;

	ERR_clear_error();
	return same;
}

static bool any_has_key(const STACK_OF(X509) * certificates, int from, const EVP_PKEY *key)
{
	for (int i = from; i < sk_X509_num(certificates); i++) {
		if (attest_has_key(sk_X509_value(certificates, i), key))
			return true;
	}
	return false;
}

int attest_not_own(const struct attest_file *file, int from, const struct buf *root_pem,
    const EVP_PKEY *ca, struct err *err)
{
	ATTEST_FILE_AUTO roots = ATTEST_FILE_INIT;

	if (attest_file_read("root", root_pem, &roots, err) < 0)
		return -1;
	if (!any_has_key(file->certificates, from, ca) &&
	    !any_has_key(roots.certificates, 0, ca))
		return 0;
	return err_set(err, ERR_REFUSED,
	    "the CA's own key is among those that vouch for it: that attests nothing");
}

/* --- the chain ----------------------------------------------------------------- */

static char *fingerprint(const X509 *x509)
{
	BUF_AUTO hex = BUF_INIT;
	unsigned char *der = NULL;
	int len = i2d_X509(x509, &der);

	if (len > 0) {
		struct digest digest = digest_of(der, (size_t)len);

		buf_addhex(&hex, digest.bytes, sizeof(digest.bytes));
	}
	OPENSSL_free(der);
	return mem_strdup(buf_text(&hex));
}

char *attest_subject(const X509 *x509)
{
	char *text = name_text(X509_get_subject_name(x509));

	return text ? text : mem_strdup("");
}

static int fill_store(X509_STORE *store, const struct attest_file *roots, struct err *err)
{
	for (int i = 0; i < sk_X509_num(roots->certificates); i++) {
		if (X509_STORE_add_cert(store, sk_X509_value(roots->certificates, i)) != 1)
			return err_openssl(err, "cannot use a root certificate");
	}
	return 0;
}

static int not_trusted(X509_STORE_CTX *ctx, struct err *err)
{
	const X509 *at = X509_STORE_CTX_get_current_cert(ctx);
	MICA_FREE char *subject = at ? attest_subject(at) : mem_strdup("?");

	err_set(err, ERR_REFUSED,
	    "the attestation's certificates do not lead to the root: '%s': %s", subject,
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	ERR_clear_error();
	return err_hint(err,
	    "the attestation file is to hold every certificate below the root, and --root "
	    "the vendor's self-signed certificate");
}

static int verify(const struct attest_file *file, const struct attest_file *roots, int64_t now,
    struct attest_result *ret, struct err *err)
{
	MICA_AUTO(store_freep) X509_STORE *store = X509_STORE_new();
	MICA_AUTO(store_ctx_freep) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *leaf = sk_X509_value(file->certificates, 0);
	X509_VERIFY_PARAM *param;
	const X509 *root;

	if (!store || !ctx || X509_STORE_CTX_init(ctx, store, leaf, file->certificates) != 1)
		return err_openssl(err, "cannot verify the attestation's certificates");
	if (fill_store(store, roots, err) < 0)
		return -1;
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)now);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, MAX_DEPTH);
	if (X509_verify_cert(ctx) != 1)
		return not_trusted(ctx, err);
	root = sk_X509_value(
	    X509_STORE_CTX_get0_chain(ctx), sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1);
	free(ret->issuer);
	free(ret->root_sha256);
	free(ret->certificate_sha256);
	ret->issuer = attest_subject(root);
	ret->root_sha256 = fingerprint(root);
	ret->certificate_sha256 = fingerprint(leaf);
	return 0;
}

int attest_chain_verify(const struct attest_file *file, const struct buf *root_pem, int64_t now,
    struct attest_result *ret, struct err *err)
{
	ATTEST_FILE_AUTO roots = ATTEST_FILE_INIT;

	if (attest_file_read("root", root_pem, &roots, err) < 0)
		return -1;
	return verify(file, &roots, now, ret, err);
}
