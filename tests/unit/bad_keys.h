// SPDX-License-Identifier: Apache-2.0
/* Bad in the public key */
#ifndef MICA_TEST_BAD_KEYS_H
#define MICA_TEST_BAD_KEYS_H

#include <openssl/rsa.h>

#include "bad.h"

static void set_key(X509 *x509, EVP_PKEY *pkey)
{
	MICA_AUTO(spki_freep) struct spki *spki = NULL;
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	unsigned char bytes[KEY_ID_LEN];
	BUF_AUTO der = BUF_INIT;

	assert_non_null(pkey);
	assert_int_equal(X509_set_pubkey(x509, pkey), 1);
	der = soft_spki(pkey);
	spki = spki_parse(der.data, der.len);
	assert_int_equal(spki_key_id(spki, bytes), 0);
	ASN1_OCTET_STRING_set(id, bytes, sizeof(bytes));
	X509_add1_ext_i2d(x509, NID_subject_key_identifier, id, 0, X509V3_ADD_REPLACE);
	ASN1_OCTET_STRING_free(id);
	EVP_PKEY_free(pkey);
}

static void key_ed25519(X509 *x509)
{
	set_key(x509, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

static void key_p521(X509 *x509)
{
	set_key(x509, pkey_generate_ec("P-521"));
}

static void key_rsa_1024(X509 *x509)
{
	set_key(x509, pkey_generate_rsa(1024));
	REPLACE(x509, NID_key_usage, 1, 0x03, 0x02, 0x05, 0xa0);
}

static void key_exponent_3(X509 *x509)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;
	BIGNUM *three = BN_new();

	BN_set_word(three, 3);
	EVP_PKEY_keygen_init(context);
	EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048);
	EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, three);
	assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
	set_key(x509, pkey);
	REPLACE(x509, NID_key_usage, 1, 0x03, 0x02, 0x05, 0xa0);
	BN_free(three);
	EVP_PKEY_CTX_free(context);
}

static EVP_PKEY *ec_with(const char *parameter, const char *value)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("group", (char *)"P-256", 0),
		OSSL_PARAM_construct_utf8_string(parameter, (char *)value, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *pkey = NULL;

	EVP_PKEY_keygen_init(context);
	assert_int_equal(EVP_PKEY_CTX_set_params(context, params), 1);
	assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
	EVP_PKEY_CTX_free(context);
	return pkey;
}

static void key_explicit_curve(X509 *x509)
{
	set_key(x509, ec_with("encoding", "explicit"));
}

static void key_compressed(X509 *x509)
{
	EVP_PKEY *pkey = pkey_generate_ec("P-256");

	assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, "point-format", "compressed"), 1);
	set_key(x509, pkey);
}

static EVP_PKEY *key_of_ca; /* borrowed; a change is given the certificate alone */

static void key_of_the_ca(X509 *x509)
{
	EVP_PKEY_up_ref(key_of_ca);
	set_key(x509, key_of_ca);
}

static void point_off_curve(struct buf *tbs)
{
	tbs->data[element(tbs, TBS_EXTENSIONS) - 1] ^= 1;
}

static void spki_unreadable(struct buf *tbs)
{
	static const uint8_t spki[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };
	size_t at = element(tbs, TBS_SPKI);

	splice(tbs, at, end_of(tbs, at) - at, spki, sizeof(spki));
}

static const struct bad bad_keys[] = {
	{ "key-kind", PROFILE_CLIENT, .change = key_ed25519 },
	{ "key-encoding", PROFILE_CLIENT, .change = key_explicit_curve },
	{ "key-encoding", PROFILE_CLIENT, .change = key_compressed },
	{ "key-encoding", PROFILE_CLIENT, .patch = spki_unreadable },
	{ "key-size", PROFILE_CLIENT, .change = key_rsa_1024 },
	{ "key-exponent", PROFILE_CLIENT, .change = key_exponent_3 },
	{ "key-curve", PROFILE_CLIENT, .change = key_p521 },
	{ "key-point", PROFILE_CLIENT, .patch = point_off_curve },
	{ "key-ca", PROFILE_CLIENT, .change = key_of_the_ca },
};

#endif
