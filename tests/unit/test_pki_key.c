// SPDX-License-Identifier: Apache-2.0
/* Keys: made, written, read back; what is written by fixed layout is what OpenSSL would write.
 */
#include "pki_world.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <mica/parallel.h>

#include "../../src/pki/key_private.h"
#include "../../src/pki/pkey.h"

static struct buf openssl_pem(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct buf pem = BUF_INIT;
	char *text = NULL;
	long len;

	assert_int_equal(
	    PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &text);
	buf_add(&pem, text, (size_t)len);
	BIO_free(bio);
	return pem;
}

static void check_key(const struct key *key, enum algorithm algorithm)
{
	BUF_AUTO pem = BUF_INIT;
	BUF_AUTO wanted_pem = openssl_pem(key->pkey);
	BUF_AUTO wanted_spki = soft_spki(key->pkey);
	MICA_AUTO(key_freep) struct key *again = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(key_algorithm(key), algorithm);
	assert_int_equal(key_write_pem(key, &pem, &err), 0);
	assert_string_equal(buf_text(&pem), buf_text(&wanted_pem));
	assert_true(buf_same(key_spki(key), wanted_spki.data, wanted_spki.len));
	if (key_read_pem("k", &pem, &again, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(key_algorithm(again), algorithm);
	assert_true(buf_same(key_spki(again), wanted_spki.data, wanted_spki.len));
	assert_int_equal(EVP_PKEY_eq(again->pkey, key->pkey), 1);
}

static void every_algorithm(void **state)
{
	static const enum algorithm all[] = { ALG_EC_P256, ALG_EC_P384, ALG_RSA_2048,
		ALG_RSA_3072 };

	(void)state;
	for (size_t i = 0; i < mem_count(all); i++) {
		MICA_AUTO(key_freep) struct key *key = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(key_generate(all[i], &key, &err), 0);
		check_key(key, all[i]);
	}
}

/* One key in 256 has a scalar that begins with a zero octet, one in 128 such a coordinate. */
static void many_keys_are_encoded_alike(void **state)
{
	(void)state;
	for (int i = 0; i < 600; i++) {
		MICA_AUTO(key_freep) struct key *key = NULL;
		BUF_AUTO pem = BUF_INIT;
		BUF_AUTO wanted = BUF_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
		assert_int_equal(key_write_pem(key, &pem, &err), 0);
		wanted = openssl_pem(key->pkey);
		assert_string_equal(buf_text(&pem), buf_text(&wanted));
	}
}

/* The key whose private part is this small number. */
static EVP_PKEY *key_of_scalar(const char *group_name, unsigned scalar)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(
	    strcmp(group_name, "P-256") == 0 ? NID_X9_62_prime256v1 : NID_secp384r1);
	EC_POINT *point = EC_POINT_new(group);
	BIGNUM *number = BN_new();
	unsigned char octets[97];
	unsigned char native[48] = { (unsigned char)scalar };
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	size_t len;
	OSSL_PARAM params[4];

	BN_set_word(number, scalar);
	assert_int_equal(EC_POINT_mul(group, point, number, NULL, NULL, NULL), 1);
	len = EC_POINT_point2oct(
	    group, point, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof(octets), NULL);
	params[0] = OSSL_PARAM_construct_utf8_string("group", (char *)group_name, 0);
	params[1] = OSSL_PARAM_construct_octet_string("pub", octets, len);
	params[2] = OSSL_PARAM_construct_BN("priv", native, len / 2);
	params[3] = OSSL_PARAM_construct_end();
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params), 1);
	EVP_PKEY_CTX_free(context);
	BN_free(number);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return pkey;
}

static void small_scalars_are_padded(void **state)
{
	static const struct {
		const char *group;
		enum algorithm algorithm;
	} cases[] = { { "P-256", ALG_EC_P256 }, { "P-384", ALG_EC_P384 } };

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		struct key key = { .pkey = key_of_scalar(cases[i].group, 5),
			.algorithm = cases[i].algorithm };

		key.spki = soft_spki(key.pkey);
		check_key(&key, cases[i].algorithm);
		buf_clear(&key.spki);
		EVP_PKEY_free(key.pkey);
	}
}

static void refuse(const char *pem_text, const char *words)
{
	BUF_AUTO pem = BUF_INIT;
	struct key *key = NULL;
	struct err err = ERR_INIT;

	buf_addstr(&pem, pem_text);
	assert_int_equal(key_read_pem("some.key", &pem, &key, &err), -1);
	assert_null(key);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void other_kinds_are_refused(void **state)
{
	static const char words[] = "the key in 'some.key' is of a kind that mica does not use";
	PKEY_AUTO *p521 = pkey_generate_ec("P-521");
	PKEY_AUTO *rsa = pkey_generate_rsa(1024);
	PKEY_AUTO *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_PKEY *others[] = { p521, rsa, ed25519 };

	(void)state;
	for (size_t i = 0; i < mem_count(others); i++) {
		BUF_AUTO pem = openssl_pem(others[i]);

		refuse(buf_text(&pem), words);
	}
}

static void what_is_no_key_is_refused(void **state)
{
	(void)state;
	refuse("", "holds no private key");
	refuse("hello\n", "holds no private key");
	refuse("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n",
	    "holds no private key");
	refuse("-----BEGIN CERTIFICATE-----\nMIGH\n-----END CERTIFICATE-----\n",
	    "holds no private key");
}

static void encrypted_is_refused_without_asking(void **state)
{
	PKEY_AUTO *pkey = pkey_generate_ec("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	BUF_AUTO pem = BUF_INIT;
	long len;

	(void)state;
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
	                     bio, pkey, EVP_aes_128_cbc(), "secret", 6, NULL, NULL),
	    1);
	len = BIO_get_mem_data(bio, &text);
	buf_add(&pem, text, (size_t)len);
	BIO_free(bio);
	refuse(buf_text(&pem), "the key in 'some.key' is encrypted");
}

/* The private half of one key with the public half of another */
static void halves_that_do_not_match_are_refused(void **state)
{
	MICA_AUTO(key_freep) struct key *a = NULL;
	MICA_AUTO(key_freep) struct key *b = NULL;
	BUF_AUTO mixed = BUF_INIT;
	struct err err = ERR_INIT;
	PKCS8_PRIV_KEY_INFO *info;
	unsigned char *bytes = NULL;
	BIO *bio;
	int len;

	(void)state;
	assert_int_equal(key_generate(ALG_EC_P256, &a, &err), 0);
	assert_int_equal(key_generate(ALG_EC_P256, &b, &err), 0);
	info = EVP_PKEY2PKCS8(a->pkey);
	len = i2d_PKCS8_PRIV_KEY_INFO(info, &bytes);
	assert_int_equal(len, 138);
	memcpy(bytes + 138 - 65, key_spki(b)->data + key_spki(b)->len - 65, 65);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio(bio, "PRIVATE KEY", "", bytes, len);
	OPENSSL_free(bytes);
	len = (int)BIO_get_mem_data(bio, (char **)&bytes);
	buf_add(&mixed, bytes, (size_t)len);
	BIO_free(bio);
	PKCS8_PRIV_KEY_INFO_free(info);
	refuse(buf_text(&mixed), "the two halves of the key in 'some.key' do not match");
}

/* --- many threads --- */

struct making {
	struct key_maker *maker;
	struct key *keys[100];
};

static int make_one(void *context, size_t item, struct err *err)
{
	struct making *making = context;

	return key_make(
	    making->maker, item % 8 == 0 ? ALG_EC_P384 : ALG_EC_P256, &making->keys[item], err);
}

static void keys_from_many_threads_differ(void **state)
{
	struct making making = { .maker = NULL };
	struct key **keys = making.keys;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(key_maker_new(&making.maker, &err), 0);
	assert_int_equal(parallel_each(mem_count(making.keys), make_one, &making, &err), 0);
	key_maker_free(making.maker);
	for (size_t i = 0; i < mem_count(making.keys); i++) {
		for (size_t j = 0; j < i; j++)
			assert_false(buf_same(key_spki(keys[i]), key_spki(keys[j])->data,
			    key_spki(keys[j])->len));
	}
	for (size_t i = 0; i < mem_count(making.keys); i++) {
		if (i < 16)
			check_key(keys[i], i % 8 == 0 ? ALG_EC_P384 : ALG_EC_P256);
		key_free(keys[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_algorithm),
		cmocka_unit_test(many_keys_are_encoded_alike),
		cmocka_unit_test(small_scalars_are_padded),
		cmocka_unit_test(other_kinds_are_refused),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(encrypted_is_refused_without_asking),
		cmocka_unit_test(halves_that_do_not_match_are_refused),
		cmocka_unit_test(keys_from_many_threads_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
