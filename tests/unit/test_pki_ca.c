// SPDX-License-Identifier: Apache-2.0
/* CA certificates read, and what is none; bundles of trust. */
#include "pki_world.h"

#include <openssl/x509v3.h>

#include "../../src/pki/pem.h"
#include "../../src/pki/pkey.h"

static void refuse(const struct buf *bytes, const char *words)
{
	struct ca *ca = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(ca_read("ca.pem", bytes, &ca, &err), -1);
	assert_null(ca);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void read_from_pem_as_from_der(void **state)
{
	struct world *world = *state;
	MICA_AUTO(ca_freep) struct ca *ca = NULL;
	BUF_AUTO spki = soft_spki(world->ca_key);
	BUF_AUTO text = BUF_INIT;
	struct err err = ERR_INIT;
	struct digest a;
	struct digest b;

	buf_printf(&text, "Subject: the CA\n%s\n", buf_text(ca_pem(world->ca)));
	assert_int_equal(ca_read("ca.pem", &text, &ca, &err), 0);
	assert_true(buf_same(ca_der(ca), ca_der(world->ca)->data, ca_der(world->ca)->len));
	assert_true(buf_same(ca_pem(ca), ca_pem(world->ca)->data, ca_pem(world->ca)->len));
	assert_true(buf_same(ca_spki(ca), spki.data, spki.len));
	assert_int_equal(ca_key_id(ca)->len, 20);
	assert_int_equal(ca_algorithm(ca), ALG_EC_P256);
	assert_int_equal(ca_not_before(ca), WORLD_NOW - 3600);
	assert_int_equal(ca_not_after(ca), WORLD_NOW + 3650LL * CLOCK_DAY);
	a = ca_fingerprint(ca);
	b = digest_of(ca_der(world->ca)->data, ca_der(world->ca)->len);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void an_issuer_without_certificate(void **state)
{
	struct world *world = *state;
	BUF_AUTO spki = soft_spki(world->ca_key);
	MICA_AUTO(ca_freep) struct ca *bare = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(ca_of_key(world_subject, 3, &spki, &bare, &err), 0);
	assert_int_equal(ca_der(bare)->len, 0);
	assert_int_equal(ca_pem(bare)->len, 0);
	assert_true(buf_same(
	    ca_subject(bare), ca_subject(world->ca)->data, ca_subject(world->ca)->len));
	assert_true(
	    buf_same(ca_key_id(bare), ca_key_id(world->ca)->data, ca_key_id(world->ca)->len));
}

static void an_issuer_of_nothing_is_refused(void **state)
{
	static const struct rdn unknown[] = { { (char *)"XY", (char *)"a" } };
	struct world *world = *state;
	BUF_AUTO spki = soft_spki(world->ca_key);
	PKEY_AUTO *p521 = pkey_generate_ec("P-521");
	BUF_AUTO other = soft_spki(p521);
	struct ca *ca = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(ca_of_key(NULL, 0, &spki, &ca, &err), -1);
	assert_int_equal(ca_of_key(unknown, 1, &spki, &ca, &err), -1);
	assert_int_equal(ca_of_key(world_subject, 3, &other, &ca, &err), -1);
	assert_non_null(strstr(err.text, "is of a kind that mica does not use"));
	assert_null(ca);
}

/* --- what is no CA certificate --- */

/* The CA's certificate with one change, signed anew. */
static struct buf changed(struct world *world, void (*change)(X509 *))
{
	const unsigned char *at = ca_der(world->ca)->data;
	X509_AUTO *x509 = d2i_X509(NULL, &at, (long)ca_der(world->ca)->len);
	struct buf der = BUF_INIT;
	unsigned char *bytes = NULL;
	int len;

	change(x509);
	assert_true(X509_sign(x509, world->ca_key, EVP_sha256()) > 0);
	len = i2d_X509(x509, &bytes);
	buf_add(&der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	return der;
}

static void drop(X509 *x509, int nid)
{
	X509_EXTENSION_free(X509_delete_ext(x509, X509_get_ext_by_NID(x509, nid, -1)));
}

static void nothing(X509 *x509)
{
	(void)x509;
}

static void no_basic(X509 *x509)
{
	drop(x509, NID_basic_constraints);
}

static void no_usage(X509 *x509)
{
	drop(x509, NID_key_usage);
}

static void no_key_id(X509 *x509)
{
	drop(x509, NID_subject_key_identifier);
}

static void no_cert_sign(X509 *x509)
{
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();

	ASN1_BIT_STRING_set_bit(usage, 6, 1);
	drop(x509, NID_key_usage);
	X509_add1_ext_i2d(x509, NID_key_usage, usage, 1, X509V3_ADD_APPEND);
	ASN1_BIT_STRING_free(usage);
}

static void no_subject(X509 *x509)
{
	X509_NAME *name = X509_NAME_new();

	X509_set_subject_name(x509, name);
	X509_NAME_free(name);
}

static void strange_critical(X509 *x509)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4.5", 1);
	X509_EXTENSION *extension;

	ASN1_OCTET_STRING_set(octets, (const unsigned char *)"\5\0", 2);
	extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, octets);
	X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(octets);
}

static void key_p521(X509 *x509)
{
	PKEY_AUTO *pkey = pkey_generate_ec("P-521");

	X509_set_pubkey(x509, pkey);
}

static void what_may_not_issue_is_refused(void **state)
{
	static const struct {
		void (*change)(X509 *);
		const char *words;
	} cases[] = {
		{ no_basic, "is not a CA's" },
		{ no_usage, "may not issue" },
		{ no_cert_sign, "may not issue" },
		{ no_key_id, "has no subject key identifier" },
		{ no_subject, "has an empty subject" },
		{ strange_critical, "has a critical extension that mica does not know" },
		{ key_p521, "has a key, name or time that mica cannot use" },
	};
	struct world *world = *state;
	BUF_AUTO good = changed(world, nothing);
	struct ca *ca = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(ca_read("ca.pem", &good, &ca, &err), 0);
	ca_free(ca);
	for (size_t i = 0; i < mem_count(cases); i++) {
		BUF_AUTO der = changed(world, cases[i].change);

		refuse(&der, cases[i].words);
	}
}

static void a_leaf_is_refused(void **state)
{
	struct world *world = *state;
	MICA_AUTO(key_freep) struct key *key = NULL;
	BUF_AUTO der = BUF_INIT;
	struct err err = ERR_INIT;
	struct draft_spec spec;

	assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
	spec = world_spec(PROFILE_SERVER, key_spki(key));
	der = world_issue(world->ca, world->lint, world->signer, &spec);
	refuse(&der, "the certificate in 'ca.pem' is not a CA's: basicConstraints does not "
	             "say CA:TRUE");
}

static void what_is_no_certificate_is_refused(void **state)
{
	struct world *world = *state;
	const struct buf *pem = ca_pem(world->ca);
	BUF_AUTO bytes = BUF_INIT;

	refuse(&bytes, "'ca.pem' is empty");
	buf_addstr(&bytes, "hello");
	refuse(&bytes, "'ca.pem' is not a certificate");
	buf_reset(&bytes);
	buf_printf(&bytes, "%s%s", buf_text(pem), buf_text(pem));
	refuse(&bytes, "'ca.pem' holds more than one certificate");
	buf_reset(&bytes);
	buf_add(&bytes, ca_der(world->ca)->data, ca_der(world->ca)->len);
	buf_add(&bytes, "x", 1);
	refuse(&bytes, "'ca.pem' is not a certificate");
	buf_reset(&bytes);
	pem_write("PRIVATE KEY", ca_der(world->ca), &bytes);
	refuse(&bytes, "'ca.pem' holds a PEM block 'PRIVATE KEY', not a certificate");
	buf_reset(&bytes);
	buf_addstr(&bytes, "-----BEGIN CERTIFICATE-----\nAAAA");
	refuse(&bytes, "'ca.pem' holds a malformed PEM block");
}

/* --- bundles --- */

static void bundles(void **state)
{
	struct world *world = *state;
	const char *pem = buf_text(ca_pem(world->ca));
	BUF_AUTO in = BUF_INIT;
	BUF_AUTO out = BUF_INIT;
	BUF_AUTO wanted = BUF_INIT;
	struct err err = ERR_INIT;

	buf_printf(&in, "# the first\n%s\n# the second\n%s# end\n", pem, pem);
	buf_printf(&wanted, "before\n%s%s", pem, pem);
	buf_addstr(&out, "before\n");
	assert_int_equal(ca_read_bundle("trust.pem", &in, &out, &err), 0);
	assert_string_equal(buf_text(&out), buf_text(&wanted));
}

static void refuse_bundle(const struct buf *in, const char *words)
{
	BUF_AUTO out = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(ca_read_bundle("trust.pem", in, &out, &err), -1);
	assert_int_equal(out.len, 0);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void bad_bundles(void **state)
{
	struct world *world = *state;
	const char *pem = buf_text(ca_pem(world->ca));
	BUF_AUTO in = BUF_INIT;
	BUF_AUTO junk = BUF_INIT;

	refuse_bundle(&in, "'trust.pem' holds no certificate");
	buf_addstr(&in, "nothing here\n");
	refuse_bundle(&in, "'trust.pem' holds no certificate");
	buf_addstr(&in, pem);
	buf_addstr(&junk, "junk");
	pem_write("CERTIFICATE", &junk, &in);
	refuse_bundle(&in, "'trust.pem' holds a certificate that cannot be read");
	buf_reset(&in);
	buf_addstr(&in, pem);
	pem_write("PRIVATE KEY", &junk, &in);
	refuse_bundle(&in, "holds a PEM block 'PRIVATE KEY', not only certificates");
	buf_reset(&in);
	buf_addstr(&in, pem);
	buf_cut(&in, in.len - 30);
	refuse_bundle(&in, "'trust.pem' holds a malformed PEM block");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_from_pem_as_from_der),
		cmocka_unit_test(an_issuer_without_certificate),
		cmocka_unit_test(an_issuer_of_nothing_is_refused),
		cmocka_unit_test(what_may_not_issue_is_refused),
		cmocka_unit_test(a_leaf_is_refused),
		cmocka_unit_test(what_is_no_certificate_is_refused),
		cmocka_unit_test(bundles),
		cmocka_unit_test(bad_bundles),
	};

	return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
