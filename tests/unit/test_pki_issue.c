// SPDX-License-Identifier: Apache-2.0
/* From a specification to a certificate, for every kind of key, judged by libcrypto's own eyes.
 */
#include "pki_world.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <mica/certificate.h>

static const enum algorithm all[] = { ALG_EC_P256, ALG_EC_P384, ALG_RSA_2048, ALG_RSA_3072 };

static X509 *x509_of(const struct buf *der)
{
	const unsigned char *at = der->data;
	X509 *x509 = d2i_X509(NULL, &at, (long)der->len);

	assert_non_null(x509);
	assert_ptr_equal(at, der->data + der->len);
	return x509;
}

/* openssl verify -x509_strict -purpose */
static int verify(const struct buf *ca, const struct buf *leaf, int purpose, const char *host)
{
	X509 *root = x509_of(ca);
	X509 *x509 = x509_of(leaf);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	int result;

	assert_int_equal(X509_STORE_add_cert(store, root), 1);
	assert_int_equal(X509_STORE_CTX_init(context, store, x509, NULL), 1);
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_flags(
	    param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_time(param, WORLD_NOW);
	X509_VERIFY_PARAM_set_auth_level(param, 2);
	if (purpose)
		X509_VERIFY_PARAM_set_purpose(param, purpose);
	if (host)
		X509_VERIFY_PARAM_set1_host(param, host, 0);
	X509_verify_cert(context);
	result = X509_STORE_CTX_get_error(context);
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	X509_free(root);
	X509_free(x509);
	return result;
}

static struct buf issue(struct world *world, enum profile profile, enum algorithm algorithm)
{
	MICA_AUTO(key_freep) struct key *key = NULL;
	struct err err = ERR_INIT;
	struct draft_spec spec;

	assert_int_equal(key_generate(algorithm, &key, &err), 0);
	spec = world_spec(profile, key_spki(key));
	return world_issue(world->ca, world->lint, world->signer, &spec);
}

static void every_kind_of_ca_and_leaf(void **state)
{
	(void)state;
	for (size_t i = 0; i < mem_count(all); i++) {
		struct world world;

		world_init(&world, all[i]);
		assert_int_equal(
		    verify(ca_der(world.ca), ca_der(world.ca), 0, NULL), X509_V_OK);
		for (size_t j = 0; j < 3; j++) {
			BUF_AUTO server = issue(&world, PROFILE_SERVER, all[j]);
			BUF_AUTO client = issue(&world, PROFILE_CLIENT, all[j]);

			assert_int_equal(verify(ca_der(world.ca), &server,
			                     X509_PURPOSE_SSL_SERVER, "db.milvus.example.com"),
			    X509_V_OK);
			assert_int_equal(verify(ca_der(world.ca), &server,
			                     X509_PURPOSE_SSL_SERVER, "other.example.com"),
			    X509_V_ERR_HOSTNAME_MISMATCH);
			assert_int_equal(
			    verify(ca_der(world.ca), &server, X509_PURPOSE_SSL_CLIENT, NULL),
			    X509_V_ERR_INVALID_PURPOSE);
			assert_int_equal(
			    verify(ca_der(world.ca), &client, X509_PURPOSE_SSL_CLIENT, NULL),
			    X509_V_OK);
			assert_int_equal(
			    verify(ca_der(world.ca), &client, X509_PURPOSE_SSL_SERVER, NULL),
			    X509_V_ERR_INVALID_PURPOSE);
		}
		world_clear(&world);
	}
}

static void what_a_server_says(void **state)
{
	struct world world;
	BUF_AUTO der = BUF_INIT;
	X509 *x509;
	X509_EXTENSION *extension;

	(void)state;
	world_init(&world, ALG_EC_P256);
	der = issue(&world, PROFILE_SERVER, ALG_RSA_2048);
	x509 = x509_of(&der);
	assert_int_equal(X509_get_version(x509), X509_VERSION_3);
	assert_int_equal(X509_get_ext_count(x509), 6);
	assert_int_equal(X509_get_key_usage(x509), KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
	assert_int_equal(X509_get_extended_key_usage(x509), XKU_SSL_SERVER);
	extension = X509_get_ext(x509, X509_get_ext_by_NID(x509, NID_basic_constraints, -1));
	assert_int_equal(X509_EXTENSION_get_critical(extension), 1);
	assert_int_equal(X509_check_ca(x509), 0);
	assert_int_equal(X509_check_host(x509, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(x509, "127.0.0.1", 0), 1);
	assert_true(buf_same(ca_key_id(world.ca),
	    ASN1_STRING_get0_data(X509_get0_authority_key_id(x509)),
	    (size_t)ASN1_STRING_length(X509_get0_authority_key_id(x509))));
	assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(x509)), SERIAL_LEN);
	X509_free(x509);
	world_clear(&world);
}

static void what_a_root_says(void **state)
{
	struct world world;
	X509 *x509;
	BASIC_CONSTRAINTS *basic;

	(void)state;
	world_init(&world, ALG_EC_P384);
	x509 = x509_of(ca_der(world.ca));
	basic = X509_get_ext_d2i(x509, NID_basic_constraints, NULL, NULL);
	assert_true(basic->ca);
	assert_null(basic->pathlen);
	assert_int_equal(X509_get_key_usage(x509), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_string_equal(ca_subject_text(world.ca), "CN=Milvus CA g1,O=Example,C=US");
	assert_int_equal(X509_self_signed(x509, 1), 1);
	BASIC_CONSTRAINTS_free(basic);
	X509_free(x509);
	world_clear(&world);
}

static void country_is_printable_the_rest_utf8(void **state)
{
	struct world world;
	X509 *x509;

	(void)state;
	world_init(&world, ALG_EC_P256);
	x509 = x509_of(ca_der(world.ca));
	for (int i = 0; i < 3; i++) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(X509_get_subject_name(x509), i);

		assert_int_equal(ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry)),
		    i == 0 ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING);
	}
	X509_free(x509);
	world_clear(&world);
}

/* RFC 5280 4.1.2.5: UTCTime until 2049, GeneralizedTime after it. */
static void times_change_form_in_2050(void **state)
{
	static const struct {
		const char *when;
		int type;
	} cases[] = { { "2049-12-31T23:59:59Z", V_ASN1_UTCTIME },
		{ "2050-01-01T00:00:00Z", V_ASN1_GENERALIZEDTIME } };
	BUF_AUTO spki = BUF_INIT;
	MICA_AUTO(ca_freep) struct ca *bare = NULL;
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(signer_freep) struct signer *signer = NULL;
	struct soft_signer soft;
	struct err err = ERR_INIT;
	EVP_PKEY *pkey = soft_key(ALG_EC_P256);

	(void)state;
	spki = soft_spki(pkey);
	signer = soft_signer_new(&soft, pkey, ALG_EC_P256);
	assert_int_equal(ca_of_key(world_subject, 3, &spki, &bare, &err), 0);
	assert_int_equal(lint_new(bare, &lint, &err), 0);
	for (size_t i = 0; i < mem_count(cases); i++) {
		struct draft_spec spec = world_spec(PROFILE_CA, NULL);
		BUF_AUTO der = BUF_INIT;
		MICA_AUTO(ca_freep) struct ca *ca = NULL;
		X509 *x509;

		assert_int_equal(clock_parse(cases[i].when, &spec.not_after), 0);
		der = world_issue(bare, lint, signer, &spec);
		x509 = x509_of(&der);
		assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(x509)), cases[i].type);
		X509_free(x509);
		assert_int_equal(ca_read("x", &der, &ca, &err), 0);
		assert_int_equal(ca_not_after(ca), spec.not_after);
		assert_int_equal(ca_not_before(ca), spec.not_before);
	}
	EVP_PKEY_free(pkey);
}

static void issuer_bytes_are_the_subjects(void **state)
{
	struct world world;
	BUF_AUTO der = BUF_INIT;
	X509 *x509;
	const unsigned char *bytes;
	size_t len;

	(void)state;
	world_init(&world, ALG_EC_P256);
	der = issue(&world, PROFILE_CLIENT, ALG_EC_P256);
	x509 = x509_of(&der);
	assert_int_equal(X509_NAME_get0_der(X509_get_issuer_name(x509), &bytes, &len), 1);
	assert_true(buf_same(ca_subject(world.ca), bytes, len));
	X509_free(x509);
	world_clear(&world);
}

static void pem_and_spki_of_a_certificate(void **state)
{
	MICA_AUTO(key_freep) struct key *key = NULL;
	BUF_AUTO der = BUF_INIT;
	BUF_AUTO pem = BUF_INIT;
	BUF_AUTO spki = BUF_INIT;
	struct err err = ERR_INIT;
	struct world world;
	struct draft_spec spec;
	BIO *bio;
	X509 *x509;

	(void)state;
	world_init(&world, ALG_EC_P256);
	assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
	spec = world_spec(PROFILE_SERVER, key_spki(key));
	der = world_issue(world.ca, world.lint, world.signer, &spec);
	certificate_pem(&der, &pem);
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	assert_non_null(x509);
	assert_int_equal(certificate_spki(&der, &spki, &err), 0);
	assert_true(buf_same(&spki, key_spki(key)->data, key_spki(key)->len));
	buf_cut(&der, der.len - 1);
	assert_int_equal(certificate_spki(&der, &spki, &err), -1);
	X509_free(x509);
	BIO_free(bio);
	world_clear(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_ca_and_leaf),
		cmocka_unit_test(what_a_server_says),
		cmocka_unit_test(what_a_root_says),
		cmocka_unit_test(country_is_printable_the_rest_utf8),
		cmocka_unit_test(times_change_form_in_2050),
		cmocka_unit_test(issuer_bytes_are_the_subjects),
		cmocka_unit_test(pem_and_spki_of_a_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
