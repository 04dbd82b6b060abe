// SPDX-License-Identifier: Apache-2.0
#include "pkey.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "spki.h"

enum { MOST_SIGNATURE = 1024 };

EVP_PKEY *pkey_group(const char *group)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	if (context && EVP_PKEY_paramgen_init(context) == 1 &&
	    EVP_PKEY_CTX_set_group_name(context, group) == 1)
		(void)EVP_PKEY_generate(context, &pkey);
	EVP_PKEY_CTX_free(context);
	return pkey;
}

EVP_PKEY *pkey_generate_like(EVP_PKEY *group)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, group, NULL);
	EVP_PKEY *pkey = NULL;

	if (context && EVP_PKEY_keygen_init(context) == 1)
		(void)EVP_PKEY_generate(context, &pkey);
	EVP_PKEY_CTX_free(context);
	return pkey;
}

EVP_PKEY *pkey_generate_ec(const char *group)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	if (context && EVP_PKEY_keygen_init(context) == 1 &&
	    EVP_PKEY_CTX_set_group_name(context, group) == 1)
		(void)EVP_PKEY_generate(context, &pkey);
	EVP_PKEY_CTX_free(context);
	return pkey;
}

EVP_PKEY *pkey_generate_rsa(int bits)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;

	if (context && EVP_PKEY_keygen_init(context) == 1 &&
	    EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1)
		(void)EVP_PKEY_generate(context, &pkey);
	EVP_PKEY_CTX_free(context);
	return pkey;
}

int pkey_spki(const EVP_PKEY *pkey, struct buf *ret_spki, enum algorithm *ret)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	struct spki *spki = len > 0 ? spki_parse(der, (size_t)len) : NULL;
	int result = spki ? spki_algorithm(spki, ret) : -1;

	if (result == 0)
		buf_add(ret_spki, der, (size_t)len);
	spki_free(spki);
	OPENSSL_free(der);
	return result;
}

EVP_PKEY *pkey_of_spki(const struct buf *spki)
{
	const unsigned char *at = spki->data;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki->len);

	if (pkey && at == spki->data + spki->len)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

EVP_MD_CTX *pkey_signing(EVP_PKEY *pkey, const char *digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context &&
	    EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, pkey, NULL) == 1)
		return context;
	EVP_MD_CTX_free(context);
	return NULL;
}

EVP_MD_CTX *pkey_verifying(EVP_PKEY *pkey, const char *digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context &&
	    EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, pkey, NULL) == 1)
		return context;
	EVP_MD_CTX_free(context);
	return NULL;
}

int pkey_signature_algorithm(EVP_MD_CTX *signing, struct buf *ret)
{
	unsigned char der[128];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
		    OSSL_SIGNATURE_PARAM_ALGORITHM_ID, der, sizeof(der)),
		OSSL_PARAM_construct_end(),
	};

	if (EVP_PKEY_CTX_get_params(EVP_MD_CTX_get_pkey_ctx(signing), params) != 1 ||
	    params[0].return_size == 0 || params[0].return_size > sizeof(der))
		return -1;
	buf_add(ret, der, params[0].return_size);
	return 0;
}

int pkey_sign(const EVP_MD_CTX *signing, const struct buf *bytes, struct buf *ret)
{
	MD_CTX_AUTO *context = EVP_MD_CTX_new();
	unsigned char signature[MOST_SIGNATURE];
	size_t len = sizeof(signature);

	if (!context || EVP_MD_CTX_copy_ex(context, signing) != 1 ||
	    EVP_DigestSign(context, signature, &len, bytes->data, bytes->len) != 1)
		return -1;
	buf_add(ret, signature, len);
	return 0;
}

int pkey_verify(const EVP_MD_CTX *verifying, const void *signature, size_t signature_len,
    const void *bytes, size_t len)
{
	MD_CTX_AUTO *context = EVP_MD_CTX_new();
	int ok;

	ok = context && EVP_MD_CTX_copy_ex(context, verifying) == 1 &&
	     EVP_DigestVerify(context, signature, signature_len, bytes, len) == 1;
	if (!ok)
		ERR_clear_error();
	return ok ? 0 : -1;
}
