// SPDX-License-Identifier: Apache-2.0
/* Requests: what mica writes, and what it takes from others' requests: the verified key, or
 * nothing. */
#include "pki_world.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <mica/csr.h>

#include "../../src/pki/key_private.h"
#include "../../src/pki/pkey.h"

static X509_REQ *request_of(const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(request);
	return request;
}

static void a_request_says_what_it_should(void **state)
{
	static const enum algorithm all[] = { ALG_EC_P256, ALG_EC_P384, ALG_RSA_2048 };

	(void)state;
	for (size_t i = 0; i < mem_count(all); i++) {
		MICA_AUTO(key_freep) struct key *key = NULL;
		struct name names[] = { world_dns("localhost"),
			world_ip("::1", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16) };
		BUF_AUTO pem = BUF_INIT;
		BUF_AUTO spki = BUF_INIT;
		enum algorithm algorithm = ALG_RSA_4096;
		struct err err = ERR_INIT;
		STACK_OF(X509_EXTENSION) * extensions;
		GENERAL_NAMES *san;
		X509_REQ *request;
		char cn[80];

		assert_int_equal(key_generate(all[i], &key, &err), 0);
		assert_int_equal(csr_make(key,
		                     "l\xc3\xb6"
		                     "calhost",
		                     names, 2, &pem, &err),
		    0);
		request = request_of(&pem);
		assert_int_equal(X509_REQ_verify(request, key->pkey), 1);
		X509_NAME_get_text_by_NID(
		    X509_REQ_get_subject_name(request), NID_commonName, cn, sizeof(cn));
		assert_string_equal(cn, "l\xc3\xb6"
		                        "calhost");
		extensions = X509_REQ_get_extensions(request);
		san = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
		assert_int_equal(sk_GENERAL_NAME_num(san), 2);
		assert_int_equal(sk_GENERAL_NAME_value(san, 1)->type, GEN_IPADD);
		assert_int_equal(csr_read("own", &pem, &spki, &algorithm, &err), 0);
		assert_int_equal(algorithm, all[i]);
		assert_true(buf_same(&spki, key_spki(key)->data, key_spki(key)->len));
		GENERAL_NAMES_free(san);
		sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
		X509_REQ_free(request);
		free(names[0].text);
		free(names[1].text);
	}
}

static void a_request_without_names(void **state)
{
	MICA_AUTO(key_freep) struct key *key = NULL;
	BUF_AUTO pem = BUF_INIT;
	struct err err = ERR_INIT;
	X509_REQ *request;

	(void)state;
	assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
	assert_int_equal(csr_make(key, "ingest", NULL, 0, &pem, &err), 0);
	request = request_of(&pem);
	assert_int_equal(X509_REQ_get_attr_count(request), 0);
	X509_REQ_free(request);
}

/* --- requests from outside --- */

static struct buf der_of(EVP_PKEY *pkey, const char *digest)
{
	X509_REQ *request = X509_REQ_new();
	EVP_MD *md = digest ? EVP_MD_fetch(NULL, digest, NULL) : NULL;
	X509_NAME *subject = X509_NAME_new();
	struct buf der = BUF_INIT;
	unsigned char *bytes = NULL;
	int len;

	X509_NAME_add_entry_by_txt(
	    subject, "CN", V_ASN1_UTF8STRING, (const unsigned char *)"outside", -1, -1, 0);
	X509_REQ_set_subject_name(request, subject);
	assert_int_equal(X509_REQ_set_pubkey(request, pkey), 1);
	assert_true(X509_REQ_sign(request, pkey, md) > 0);
	len = i2d_X509_REQ(request, &bytes);
	buf_add(&der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	X509_NAME_free(subject);
	EVP_MD_free(md);
	X509_REQ_free(request);
	return der;
}

static struct buf pem_of(const struct buf *der, const char *label)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct buf pem = BUF_INIT;
	char *text = NULL;
	long len;

	PEM_write_bio(bio, label, "", der->data, (long)der->len);
	len = BIO_get_mem_data(bio, &text);
	buf_add(&pem, text, (size_t)len);
	BIO_free(bio);
	return pem;
}

static void refuse(const struct buf *bytes, const char *words)
{
	BUF_AUTO spki = BUF_INIT;
	enum algorithm algorithm = ALG_RSA_4096;
	struct err err = ERR_INIT;

	assert_int_equal(csr_read("in.csr", bytes, &spki, &algorithm, &err), -1);
	assert_int_equal(spki.len, 0);
	assert_int_equal(algorithm, ALG_RSA_4096);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void take(const struct buf *bytes, enum algorithm wanted)
{
	BUF_AUTO spki = BUF_INIT;
	enum algorithm algorithm = ALG_RSA_4096;
	struct err err = ERR_INIT;

	if (csr_read("in.csr", bytes, &spki, &algorithm, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(algorithm, wanted);
	assert_true(spki.len > 80);
}

static void pem_or_der_with_text_before(void **state)
{
	PKEY_AUTO *pkey = pkey_generate_ec("P-256");
	BUF_AUTO der = der_of(pkey, "SHA256");
	BUF_AUTO pem = pem_of(&der, "CERTIFICATE REQUEST");
	BUF_AUTO old = pem_of(&der, "NEW CERTIFICATE REQUEST");
	BUF_AUTO text = BUF_INIT;

	(void)state;
	take(&der, ALG_EC_P256);
	take(&pem, ALG_EC_P256);
	take(&old, ALG_EC_P256);
	buf_printf(&text, "Certificate Request:\n    Data:\n%s\n \n", buf_text(&pem));
	take(&text, ALG_EC_P256);
}

static void what_is_more_or_less_is_refused(void **state)
{
	PKEY_AUTO *pkey = pkey_generate_ec("P-256");
	BUF_AUTO der = der_of(pkey, "SHA256");
	BUF_AUTO pem = pem_of(&der, "CERTIFICATE REQUEST");
	BUF_AUTO wrong = pem_of(&der, "CERTIFICATE");
	BUF_AUTO two = BUF_INIT;
	BUF_AUTO rest = BUF_INIT;
	BUF_AUTO longer = BUF_INIT;
	BUF_AUTO longer_pem = BUF_INIT;
	BUF_AUTO empty = BUF_INIT;

	(void)state;
	buf_printf(&two, "%s%s", buf_text(&pem), buf_text(&pem));
	buf_printf(&rest, "%srm -rf\n", buf_text(&pem));
	buf_add(&longer, der.data, der.len);
	buf_add(&longer, "x", 1);
	longer_pem = pem_of(&longer, "CERTIFICATE REQUEST");
	refuse(&empty, "'in.csr' is empty");
	refuse(&two, "holds more than one certification request");
	refuse(&rest, "holds more than one certification request");
	refuse(&wrong, "holds a PEM block 'CERTIFICATE', not a certification request");
	refuse(&longer, "is not a certification request");
	refuse(&longer_pem, "is not a certification request");
	for (size_t len = der.len - 1; len > 0; len -= len > 40 ? 37 : 1) {
		buf_cut(&der, len);
		refuse(&der, "is not a certification request");
	}
	buf_cut(&pem, pem.len / 2);
	refuse(&pem, "holds a malformed PEM block");
}

static void each_bit_is_signed(void **state)
{
	PKEY_AUTO *pkey = pkey_generate_ec("P-256");
	BUF_AUTO der = der_of(pkey, "SHA256");

	(void)state;
	for (size_t i = 0; i < der.len; i++) {
		der.data[i] ^= 1;
		refuse(&der, "in.csr");
		der.data[i] ^= 1;
	}
	take(&der, ALG_EC_P256);
}

static void other_kinds_of_keys_are_refused(void **state)
{
	static const char words[] =
	    "the public key in 'in.csr' is of a kind that mica does not certify";
	PKEY_AUTO *p521 = pkey_generate_ec("P-521");
	PKEY_AUTO *rsa = pkey_generate_rsa(1024);
	PKEY_AUTO *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	PKEY_AUTO *compressed = pkey_generate_ec("P-256");
	PKEY_AUTO *rsa_2048 = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	BUF_AUTO a = der_of(p521, "SHA256");
	BUF_AUTO b = der_of(rsa, "SHA256");
	BUF_AUTO c = der_of(ed25519, NULL);
	BUF_AUTO d = BUF_INIT;
	BUF_AUTO e = der_of(rsa_2048, "SHA384");

	(void)state;
	EVP_PKEY_set_utf8_string_param(compressed, "point-format", "compressed");
	d = der_of(compressed, "SHA256");
	refuse(&a, words);
	refuse(&b, words);
	refuse(&c, words);
	refuse(&d, words);
	take(&e, ALG_RSA_2048);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_says_what_it_should),
		cmocka_unit_test(a_request_without_names),
		cmocka_unit_test(pem_or_der_with_text_before),
		cmocka_unit_test(what_is_more_or_less_is_refused),
		cmocka_unit_test(each_bit_is_signed),
		cmocka_unit_test(other_kinds_of_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
