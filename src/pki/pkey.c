// SPDX-License-Identifier: Apache-2.0
#include "pkey.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

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

static EVP_PKEY *from_numbers(const char *type, const OSSL_PARAM *numbers)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (context && numbers && EVP_PKEY_fromdata_init(context) == 1)
		(void)EVP_PKEY_fromdata(
		    context, &pkey, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)numbers);
	EVP_PKEY_CTX_free(context);
	return pkey;
}

static EVP_PKEY *of_point(const struct spki *spki, const char *group)
{
	const OSSL_PARAM numbers[] = {
		OSSL_PARAM_utf8_string(
		    OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, strlen(group)),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
		    (void *)ASN1_STRING_get0_data(spki->key),
		    (size_t)ASN1_STRING_length(spki->key)),
		OSSL_PARAM_END,
	};

	return from_numbers("EC", numbers);
}

static EVP_PKEY *of_modulus(const struct spki *spki)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *numbers = NULL;
	EVP_PKEY *pkey = NULL;
	BIGNUM *n = NULL;
	BIGNUM *e = NULL;

	if (build && spki_rsa_numbers(spki, &n, &e) == 0 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		numbers = OSSL_PARAM_BLD_to_param(build);
	pkey = from_numbers("RSA", numbers);
	OSSL_PARAM_free(numbers);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return pkey;
}

EVP_PKEY *pkey_of_spki(const struct spki *spki)
{
	const struct algorithm_info *info;
	enum algorithm algorithm;

	if (spki_algorithm(spki, &algorithm) < 0)
		return NULL;
	info = algorithm_info(algorithm);
	return info->rsa ? of_modulus(spki) : of_point(spki, info->group);
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
