// SPDX-License-Identifier: Apache-2.0
#include <mica/inspect.h>

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "pkey.h"

static int no_password(char *text, int size, int writing, void *context)
{
	(void)text, (void)size, (void)writing, (void)context;
	return -1;
}

static bool contains(const struct buf *pem, const char *words)
{
	return memmem(buf_text(pem), pem->len, words, strlen(words)) != NULL;
}

static bool is_encrypted(const struct buf *pem)
{
	return contains(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
	       contains(pem, "Proc-Type: 4,ENCRYPTED");
}

static EVP_PKEY *read_key(const struct buf *pem)
{
	BIO *bio = pem->len <= INT_MAX ? BIO_new_mem_buf(buf_text(pem), (int)pem->len) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	return key;
}

int inspect_private_key(const char *file, const struct buf *pem, struct digest *ret_spki,
    enum inspect_form *ret_form, struct err *err)
{
	PKEY_AUTO *key = NULL;
	unsigned char *spki = NULL;
	int len;

	if (!contains(pem, "PRIVATE KEY-----"))
		return err_set(err, ERR_NOT_FOUND, "'%s' holds no private key", file);
	if (is_encrypted(pem)) {
		*ret_form = INSPECT_ENCRYPTED;
		return 0;
	}
	key = read_key(pem);
	len = key ? i2d_PUBKEY(key, &spki) : -1;
	ERR_clear_error();
	if (len <= 0)
		return err_set(
		    err, ERR_FAILED, "'%s' holds a private key that cannot be read", file);
	*ret_spki = digest_of(spki, (size_t)len);
	*ret_form =
	    contains(pem, "-----BEGIN PRIVATE KEY-----") ? INSPECT_PKCS8 : INSPECT_TRADITIONAL;
	OPENSSL_free(spki);
	return 0;
}
