// SPDX-License-Identifier: Apache-2.0
#include "credentials.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/pem.h>

typedef STACK_OF(X509) certificates;

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_certificates(certificates **list)
{
	sk_X509_pop_free(*list, X509_free);
}

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

/* without it OpenSSL would ask the terminal for an encrypted key's password */
static int no_password(char *to, int size, int write, void *context)
{
	(void)to, (void)size, (void)write, (void)context;
	return -1;
}

static BIO *open_pem(const struct buf *pem)
{
	return pem->len <= INT_MAX ? BIO_new_mem_buf(buf_text(pem), (int)pem->len) : NULL;
}

/* Every certificate of the PEM text, at least one. */
static certificates *read_certificates(const struct buf *pem)
{
	MICA_AUTO(free_bio) BIO *bio = open_pem(pem);
	MICA_AUTO(free_certificates) certificates *read = sk_X509_new_null();

	while (bio && read) {
		X509 *one = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (!one)
			break;
		if (!sk_X509_push(read, one)) {
			X509_free(one);
			return NULL;
		}
	}
	if (sk_X509_num(read) < 1 ||
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return NULL;
	ERR_clear_error(); /* no further PEM block: the end */
	return mem_give(read);
}

int credentials_trust(SSL_CTX *ctx, const struct buf *ca_pem, struct err *err)
{
	MICA_AUTO(free_certificates) certificates *trusted = read_certificates(ca_pem);
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);

	if (!trusted)
		return err_openssl(err, "cannot read the trusted CA certificates");
	for (int i = 0; i < sk_X509_num(trusted); i++) {
		if (!X509_STORE_add_cert(store, sk_X509_value(trusted, i)))
			return err_openssl(err, "cannot use the trusted CA certificates");
	}
	return 0;
}

int credentials_show(
    SSL_CTX *ctx, const struct buf *cert_pem, const struct buf *key_pem, struct err *err)
{
	MICA_AUTO(free_certificates) certificates *chain = read_certificates(cert_pem);
	MICA_AUTO(free_bio) BIO *bio = open_pem(key_pem);
	MICA_AUTO(free_key) EVP_PKEY *key = NULL;
	X509 *leaf;
	int used;

	if (!chain)
		return err_openssl(err, "cannot read the client certificate");
	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	if (!key)
		return err_openssl(err, "cannot read the client's key");
	leaf = sk_X509_shift(chain);
	used = SSL_CTX_use_cert_and_key(ctx, leaf, key, chain, 1);
	X509_free(leaf);
	if (used != 1)
		return err_openssl(err, "cannot use the client certificate with its key");
	return 0;
}

void credentials_name(const X509_NAME *name, struct buf *ret)
{
	unsigned char *der = NULL;
	int len = i2d_X509_NAME(name, &der);

	if (len > 0)
		buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
}

int credentials_subjects(
    const struct buf *pem, struct buf **ret, size_t *ret_n, struct err *err)
{
	MICA_AUTO(free_certificates) certificates *list = read_certificates(pem);
	int n = list ? sk_X509_num(list) : 0;
	struct buf *names;

	if (!list)
		return err_openssl(err, "cannot read the CA certificates");
	names = mem_array((size_t)n, sizeof(*names));
	for (int i = 0; i < n; i++)
		credentials_name(X509_get_subject_name(sk_X509_value(list, i)), &names[i]);
	*ret = names;
	*ret_n = (size_t)n;
	return 0;
}
