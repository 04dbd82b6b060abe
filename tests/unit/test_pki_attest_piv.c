// SPDX-License-Identifier: Apache-2.0
/*
 * A PIV device's attestation of a key: what a device and its vendor would write is made here,
 * so that each certificate, and each extension, can be wrong in turn.
 */
#include "pki_world.h"

#include <openssl/x509v3.h>

#include <mica/attest.h>

#include "../../src/pki/pem.h"

#define OID_FIRMWARE "1.3.6.1.4.1.41482.3.3"
#define OID_SERIAL "1.3.6.1.4.1.41482.3.7"
#define OID_POLICY "1.3.6.1.4.1.41482.3.8"
#define OID_FORM "1.3.6.1.4.1.41482.3.9"

/* Bytes of an extension; len -1: it is left out */
struct value {
	const char *bytes;
	int len;
};

enum { LEAVE_OUT = -1 };

/* Everything that an attestation says, as the next test wants it */
struct story {
	enum algorithm algorithm; /* of the CA's key */
	struct value firmware, serial, policy, form;
	bool twice; /* the policy stands in it twice */
	const char *leaf_basic, *device_basic;
	int64_t leaf_end, device_end, device_begin;
	bool other_key, other_root, other_signer, ca_signs, ca_is_root;
	const char
	    *order; /* of the file: l(eaf), d(evice), i(ntermediate), c(a's own), b(lock) */
	const char *reason; /* what the refusal must say; NULL: all is well */
};

static const struct story good = {
	.algorithm = ALG_EC_P256,
	.firmware = { "\5\4\3", 3 },
	.serial = { "\2\4\0\xbc\x61\x4e", 6 },
	.policy = { "\3\1", 2 },
	.form = { "\3", 1 },
	.device_basic = "critical,CA:TRUE,pathlen:0",
	.device_begin = WORLD_NOW - CLOCK_DAY,
	.device_end = WORLD_NOW + CLOCK_DAY,
	.leaf_end = WORLD_NOW + CLOCK_DAY,
	.order = "ldi",
};

/* --- what a device and its vendor write ------------------------------------------ */

struct signer_of {
	EVP_PKEY *key;
	const char *name;
};

static void add_extension(X509 *x509, int nid, const char *text)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, text);

	assert_non_null(extension);
	X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
}

static void add_raw(X509 *x509, const char *oid, struct value value)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	if (value.len != LEAVE_OUT) {
		ASN1_OCTET_STRING_set(octets, (const unsigned char *)value.bytes, value.len);
		extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
		X509_add_ext(x509, extension, -1);
		X509_EXTENSION_free(extension);
	}
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
}

static X509_NAME *name_of(const char *common_name)
{
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0);
	return name;
}

static X509 *begin_certificate(
    const char *subject, EVP_PKEY *key, const char *issuer, int64_t from, int64_t to)
{
	X509 *x509 = X509_new();
	X509_NAME *name = name_of(subject);

	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), (long)(from & 0xffff));
	X509_set_subject_name(x509, name);
	X509_NAME_free(name);
	name = name_of(issuer);
	X509_set_issuer_name(x509, name);
	X509_NAME_free(name);
	ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)from);
	ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)to);
	X509_set_pubkey(x509, key);
	return x509;
}

static X509 *ca_certificate(const char *subject, EVP_PKEY *key, struct signer_of by,
    const char *basic, const struct story *story)
{
	const bool device = story != NULL;
	X509 *x509 = begin_certificate(subject, key, by.name,
	    device ? story->device_begin : WORLD_NOW - 2 * CLOCK_DAY,
	    device ? story->device_end : WORLD_NOW + 9 * CLOCK_DAY);

	add_extension(x509, NID_basic_constraints, basic);
	assert_true(X509_sign(x509, by.key, EVP_sha256()) > 0);
	return x509;
}

static X509 *leaf_certificate(const struct story *story, EVP_PKEY *key, struct signer_of by)
{
	X509 *x509 = begin_certificate(
	    "YubiKey PIV Attestation 9c", key, by.name, story->device_begin, story->leaf_end);

	add_raw(x509, OID_FIRMWARE, story->firmware);
	add_raw(x509, OID_SERIAL, story->serial);
	add_raw(x509, OID_POLICY, story->policy);
	if (story->twice)
		add_raw(x509, OID_POLICY, story->policy);
	add_raw(x509, OID_FORM, story->form);
	if (story->leaf_basic)
		add_extension(x509, NID_basic_constraints, story->leaf_basic);
	assert_true(X509_sign(x509, by.key, EVP_sha256()) > 0);
	return x509;
}

static void add_pem(struct buf *to, X509 *x509)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(x509, &bytes);
	BUF_AUTO der = BUF_INIT;

	buf_add(&der, bytes, (size_t)len);
	pem_write("CERTIFICATE", &der, to);
	OPENSSL_free(bytes);
}

enum { N_KEYS = 5 };

/* One world: the vendor's root and intermediate, the device, the CA's key. */
struct made {
	EVP_PKEY *root_key, *middle_key, *device_key, *ca_key, *other_key;
	X509 *root, *middle, *device, *leaf, *own;
	struct buf file, root_pem, spki;
};

static EVP_PKEY *issuer_key(const struct story *story, const struct made *made)
{
	if (story->other_signer)
		return made->other_key;
	return story->ca_signs ? made->ca_key : made->device_key;
}

static void write_file(const struct story *story, struct made *made)
{
	static const struct buf bytes = { (unsigned char *)"TPM", 3, 3 };

	for (const char *at = story->order; *at; at++) {
		buf_addstr(&made->file, "some text between\n");
		if (*at == 'b')
			pem_write("TPM2 ATTEST", &bytes, &made->file);
		else
			add_pem(&made->file, *at == 'l'   ? made->leaf
			                     : *at == 'd' ? made->device
			                     : *at == 'c' ? made->own
			                                  : made->middle);
	}
}

static void make(const struct story *story, struct made *ret)
{
	const struct signer_of root = { soft_key(ALG_EC_P384), "Vendor Root" };
	const struct signer_of middle = { soft_key(ALG_EC_P256), "Vendor PIV" };

	*ret = (struct made){ .root_key = root.key, .middle_key = middle.key };
	ret->device_key = soft_key(ALG_EC_P256);
	ret->other_key = soft_key(ALG_EC_P256);
	ret->ca_key = soft_key(story->algorithm);
	ret->root = ca_certificate(root.name, root.key, root, "critical,CA:TRUE", NULL);
	ret->middle = ca_certificate(middle.name, middle.key, root, "critical,CA:TRUE", NULL);
	ret->device = ca_certificate("Yubico PIV Attestation",
	    story->ca_signs ? ret->ca_key : ret->device_key, middle, story->device_basic,
	    story);
	ret->leaf = leaf_certificate(story, story->other_key ? ret->other_key : ret->ca_key,
	    (struct signer_of){ issuer_key(story, ret), "Yubico PIV Attestation" });
	ret->own = ca_certificate("Milvus CA", ret->ca_key,
	    (struct signer_of){ ret->ca_key, "Milvus CA" }, "critical,CA:TRUE", NULL);
	ret->spki = soft_spki(ret->ca_key);
	write_file(story, ret);
	if (story->other_root) {
		X509 *other = ca_certificate("Vendor Root", ret->other_key,
		    (struct signer_of){ ret->other_key, "Vendor Root" }, "critical,CA:TRUE",
		    NULL);

		add_pem(&ret->root_pem, other);
		X509_free(other);
		return;
	}
	add_pem(&ret->root_pem, story->ca_is_root ? ret->own : ret->root);
}

static void made_clear(struct made *made)
{
	EVP_PKEY *keys[N_KEYS] = { made->root_key, made->middle_key, made->device_key,
		made->ca_key, made->other_key };
	X509 *certificates[] = { made->root, made->middle, made->device, made->leaf,
		made->own };

	for (size_t i = 0; i < N_KEYS; i++) {
		EVP_PKEY_free(keys[i]);
		X509_free(certificates[i]);
	}
	buf_clear(&made->file);
	buf_clear(&made->root_pem);
	buf_clear(&made->spki);
}

/* --- the tests -------------------------------------------------------------------- */

static const char *fact(const struct attest_result *result, const char *name)
{
	for (size_t i = 0; i < result->n_facts; i++) {
		if (strcmp(result->facts[i].name, name) == 0)
			return result->facts[i].value;
	}
	return "";
}

static void play(const struct story *story)
{
	struct attest_result result = { 0 };
	struct err err = ERR_INIT;
	struct made made;
	int verified;

	make(story, &made);
	verified =
	    attest_verify(&made.file, &made.root_pem, &made.spki, WORLD_NOW, &result, &err);
	if (!story->reason && verified < 0)
		fail_msg("refused: %s", err.text);
	if (story->reason) {
		assert_int_equal(verified, -1);
		if (!strstr(err.text, story->reason))
			fail_msg("'%s' is not in '%s'", story->reason, err.text);
		assert_null(result.kind);
		assert_int_equal(result.n_facts, 0);
	}
	attest_result_clear(&result);
	made_clear(&made);
}

static void test_good(void **state)
{
	struct attest_result result = { 0 };
	struct err err = ERR_INIT;
	struct made made;

	(void)state;
	make(&good, &made);
	assert_int_equal(
	    attest_verify(&made.file, &made.root_pem, &made.spki, WORLD_NOW, &result, &err), 0);
	assert_string_equal(result.kind, "piv-attestation");
	assert_string_equal(result.device, "CN=YubiKey PIV Attestation 9c");
	assert_string_equal(result.issuer, "CN=Vendor Root");
	assert_int_equal(strlen(result.root_sha256), 64);
	assert_string_equal(fact(&result, "firmware"), "5.4.3");
	assert_string_equal(fact(&result, "serial"), "12345678");
	assert_string_equal(fact(&result, "pin-policy"), "always");
	assert_string_equal(fact(&result, "touch-policy"), "never");
	assert_string_equal(fact(&result, "form-factor"), "USB-C keychain");
	attest_result_clear(&result);
	made_clear(&made);
}

static void test_every_kind_of_key(void **state)
{
	static const enum algorithm algorithms[] = { ALG_EC_P256, ALG_EC_P384, ALG_RSA_2048 };

	(void)state;
	for (size_t i = 0; i < mem_count(algorithms); i++) {
		struct story story = good;

		story.algorithm = algorithms[i];
		play(&story);
	}
}

static void test_what_may_be_missing(void **state)
{
	struct story story = good;

	(void)state;
	story.serial.len = story.form.len = LEAVE_OUT;
	play(&story);
	story = good;
	story.policy = (struct value){ "\7\x63", 2 }; /* a policy that is not known yet */
	play(&story);
}

static struct story changed(const char *reason)
{
	struct story story = good;

	story.reason = reason;
	return story;
}

#define REFUSED(why, ...)                                                                      \
	do {                                                                                   \
		struct story story = changed(why);                                             \
		__VA_ARGS__;                                                                   \
		play(&story);                                                                  \
	} while (0)

static void test_whose_key(void **state)
{
	(void)state;
	REFUSED("another key than the CA's", story.other_key = true);
	REFUSED("another key than the CA's", story.other_key = true; story.order = "ld");
	REFUSED("the CA's own key is among those that vouch", story.ca_signs = true);
	REFUSED("the CA's own key is among those that vouch", story.ca_is_root = true);
	REFUSED("the CA's own key is among those that vouch", story.order = "lc");
}

static void test_the_chain(void **state)
{
	(void)state;
	REFUSED("do not lead to the root", story.other_root = true);
	REFUSED("do not lead to the root", story.other_signer = true);
	REFUSED("do not lead to the root", story.order = "ld");
	REFUSED("expired", story.leaf_end = WORLD_NOW - 1);
	REFUSED("expired", story.device_end = WORLD_NOW - 1);
	REFUSED("not yet valid", story.device_begin = WORLD_NOW + 60);
	REFUSED("do not lead to the root", story.device_basic = "critical,CA:FALSE");
}

static void test_the_order(void **state)
{
	(void)state;
	REFUSED("out of order", story.order = "dli");
	REFUSED("out of order", story.order = "lid");
	REFUSED("out of order", story.order = "idl");
	REFUSED("own key is among those that vouch", story.order = "lldi");
	REFUSED("one certificate alone", story.order = "l");
	REFUSED("another key than the CA's", story.order = "di");
}

static void test_extensions(void **state)
{
	(void)state;
	REFUSED("lacks the extension " OID_FIRMWARE, story.firmware.len = LEAVE_OUT);
	REFUSED("lacks the extension " OID_POLICY, story.policy.len = LEAVE_OUT);
	REFUSED(OID_FIRMWARE " is malformed", story.firmware.len = 2);
	REFUSED(OID_POLICY " is malformed", story.policy.len = 1);
	REFUSED(OID_POLICY " is malformed", story.policy.len = 0);
	REFUSED(OID_POLICY " is malformed", story.twice = true);
	REFUSED(OID_SERIAL " is malformed", story.serial.len = 5);
	REFUSED(OID_SERIAL " is malformed", story.serial = (struct value){ "\2\1\xff", 3 });
	REFUSED(OID_SERIAL " is malformed", story.serial = (struct value){ "\4\1\1", 3 });
	REFUSED(OID_FORM " is malformed", story.form.len = 0);
	REFUSED("it is a CA's", story.leaf_basic = "critical,CA:TRUE");
}

static void test_files(void **state)
{
	struct attest_result result = { 0 };
	struct err err = ERR_INIT;
	BUF_AUTO text = BUF_INIT;
	struct made made;

	(void)state;
	make(&good, &made);
	assert_int_equal(
	    attest_piv(&text, &made.root_pem, &made.spki, WORLD_NOW, &result, &err), -1);
	assert_non_null(strstr(err.text, "no certificate"));
	buf_addstr(&text, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	assert_int_equal(
	    attest_piv(&text, &made.root_pem, &made.spki, WORLD_NOW, &result, &err), -1);
	assert_non_null(strstr(err.text, "malformed certificate"));
	assert_int_equal(
	    attest_piv(&made.file, &text, &made.spki, WORLD_NOW, &result, &err), -1);
	assert_int_equal(
	    attest_piv(&made.file, &made.root_pem, &text, WORLD_NOW, &result, &err), -1);
	made_clear(&made);
	make(
	    &(struct story){
	        .order = "ldib", .algorithm = ALG_EC_P256, .device_basic = "critical,CA:TRUE" },
	    &made);
	assert_int_equal(
	    attest_piv(&made.file, &made.root_pem, &made.spki, WORLD_NOW, &result, &err), -1);
	assert_non_null(strstr(err.text, "TPM2 ATTEST"));
	made_clear(&made);
}

static void to_der(X509 *x509, struct buf *ret)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(x509, &bytes);

	buf_add(ret, bytes, (size_t)len);
	OPENSSL_free(bytes);
}

/* In every order, and among others. */
static void test_gather(void **state)
{
	struct made made;

	(void)state;
	make(&good, &made);
	for (size_t i = 0; i < 4; i++) {
		X509 *all[] = { made.leaf, made.own, made.middle, made.device };
		struct attest_result result = { 0 };
		struct err err = ERR_INIT;
		struct buf ders[4] = { { 0 } };
		BUF_AUTO pem = BUF_INIT;

		for (size_t k = 0; k < 4; k++)
			to_der(all[(i + k) % 4], &ders[k]);
		assert_int_equal(attest_piv_gather(ders, 4, &made.spki, &pem, &err), 0);
		if (attest_verify(&pem, &made.root_pem, &made.spki, WORLD_NOW, &result, &err) <
		    0)
			fail_msg("%s", err.text);
		attest_result_clear(&result);
		for (size_t k = 0; k < 4; k++)
			buf_clear(&ders[k]);
	}
	made_clear(&made);
}

static void test_gather_nothing(void **state)
{
	struct err err = ERR_INIT;
	struct buf ders[2] = { { 0 } };
	BUF_AUTO pem = BUF_INIT;
	struct made made;

	(void)state;
	make(&good, &made);
	to_der(made.own, &ders[0]); /* the CA's key, but no attestation */
	buf_addstr(&ders[1], "no certificate");
	assert_int_equal(attest_piv_gather(ders, 2, &made.spki, &pem, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(attest_piv_gather(NULL, 0, &made.spki, &pem, &err), -1);
	assert_int_equal(pem.len, 0);
	buf_clear(&ders[0]);
	buf_clear(&ders[1]);
	made_clear(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_every_kind_of_key),
		cmocka_unit_test(test_what_may_be_missing),
		cmocka_unit_test(test_whose_key),
		cmocka_unit_test(test_the_chain),
		cmocka_unit_test(test_the_order),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_gather),
		cmocka_unit_test(test_gather_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
