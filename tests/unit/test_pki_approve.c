// SPDX-License-Identifier: Apache-2.0
/* From a specification to an approval, or to none. */
#include <openssl/x509v3.h>

#include "../../src/pki/pkey.h"
#include "pki_world.h"

static bool fired(const struct findings *findings, const char *rule)
{
	for (size_t i = 0; i < findings->n; i++) {
		if (strcmp(findings->items[i].rule, rule) == 0)
			return true;
	}
	return false;
}

/* --- name constraints --- */

/* The world's CA certificate once more, with permitted example.com and 10.0.0.0/8, but not
 * secret.example.com */
static struct ca *constrained_ca(struct world *world)
{
	const unsigned char *at = ca_der(world->ca)->data;
	X509_AUTO *x509 = d2i_X509(NULL, &at, (long)ca_der(world->ca)->len);
	X509_EXTENSION *extension;
	BUF_AUTO der = BUF_INIT;
	unsigned char *bytes = NULL;
	struct ca *ca = NULL;
	struct err err = ERR_INIT;
	int len;

	extension = X509V3_EXT_nconf_nid(NULL, NULL, NID_name_constraints,
	    "critical,permitted;DNS:example.com,permitted;IP:10.0.0.0/255.0.0.0,"
	    "excluded;DNS:secret.example.com");
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	assert_true(X509_sign(x509, world->ca_key, EVP_sha256()) > 0);
	len = i2d_X509(x509, &bytes);
	buf_add(&der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	X509_EXTENSION_free(extension);
	if (ca_read("constrained", &der, &ca, &err) < 0)
		fail_msg("%s", err.text);
	return ca;
}

static void name_constraints(void **state)
{
	static const struct {
		const char *cn, *dns;
		uint8_t ip[4];
		bool good;
	} cases[] = {
		{ "db.example.com", "db.example.com", { 10, 1, 2, 3 }, true },
		{ "example.com", "example.com", { 10, 255, 255, 255 }, true },
		{ "*.example.com", "*.example.com", { 10, 0, 0, 0 }, true },
		{ "db.example.org", "db.example.org", { 10, 1, 2, 3 }, false },
		{ "badexample.com", "badexample.com", { 10, 1, 2, 3 }, false },
		{ "a.secret.example.com", "a.secret.example.com", { 10, 1, 2, 3 }, false },
		{ "db.example.com", "db.example.com", { 11, 1, 2, 3 }, false },
		{ "ingest", NULL, { 10, 1, 2, 3 }, true },
		{ "ingest.example.org", NULL, { 10, 1, 2, 3 }, false },
		{ "ingest.example.com", NULL, { 10, 1, 2, 3 }, true },
		/* OpenSSL takes each of these for a DNS name */
		{ "10.1.2.3", NULL, { 10, 1, 2, 3 }, false },
		{ "in_gest.example.org", NULL, { 10, 1, 2, 3 }, false },
		{ "reader of example.org", NULL, { 10, 1, 2, 3 }, true },
	};
	struct world *world = *state;
	MICA_AUTO(ca_freep) struct ca *ca = constrained_ca(world);
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(key_freep) struct key *key = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(lint_new(ca, &lint, &err), 0);
	assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
	for (size_t i = 0; i < mem_count(cases); i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;
		MICA_AUTO(approval_freep) struct approval *approval = NULL;
		struct draft_spec spec = world_spec(PROFILE_CLIENT, key_spki(key));
		struct name names[2] = { world_ip("ip", cases[i].ip, 4),
			world_dns(cases[i].dns ? cases[i].dns : "") };
		int result;

		spec.common_name = cases[i].cn;
		spec.names = names;
		spec.n_names = cases[i].dns ? 2 : 1;
		result = lint_approve(lint, &spec, WORLD_NOW, &findings, &approval, &err);
		assert_int_equal(result, cases[i].good ? 0 : -1);
		assert_int_equal(fired(&findings, "name-constraints"), !cases[i].good);
		free(names[0].text);
		free(names[1].text);
	}
}

/* --- approving --- */

static void a_refusal_leaves_no_approval(void **state)
{
	struct world *world = *state;
	MICA_AUTO(key_freep) struct key *key = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	struct err err = ERR_INIT;
	struct draft_spec spec;

	assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
	spec = world_spec(PROFILE_SERVER, key_spki(key));
	spec.n_names = 0;
	assert_int_equal(
	    lint_approve(world->lint, &spec, WORLD_NOW, &findings, &approval, &err), -1);
	assert_null(approval);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_string_equal(
	    err.text, "the certificate for 'server' is refused: there is no subjectAltName");
	assert_int_equal(findings.errors, 1);
	assert_string_equal(findings.items[0].hint, "add 'dns' or 'ip'");
}

static void a_warning_is_told_and_approved(void **state)
{
	struct world *world = *state;
	MICA_AUTO(key_freep) struct key *key = NULL;
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct err err = ERR_INIT;
	struct draft_spec spec;

	assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
	spec = world_spec(PROFILE_SERVER, key_spki(key));
	spec.not_after = WORLD_NOW + 1000 * CLOCK_DAY;
	assert_int_equal(
	    lint_approve(world->lint, &spec, WORLD_NOW, &findings, &approval, &err), 0);
	assert_non_null(approval);
	assert_int_equal(findings.warnings, 1);
	assert_string_equal(findings.items[0].rule, "validity-long");
}

/* What OpenSSL's extension language would read as two names, or as a file to include, is one
 * name that is no DNS name. */
static void text_is_never_language(void **state)
{
	static const char *const texts[] = { "a.example.com,DNS:b.example.com", "copy",
		"email:move", "@section", "a.example.com\nIP:1.2.3.4", "DNS:a.example.com",
		"" };
	struct world *world = *state;
	MICA_AUTO(key_freep) struct key *key = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
	for (size_t i = 0; i < mem_count(texts); i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;
		MICA_AUTO(approval_freep) struct approval *approval = NULL;
		struct draft_spec spec = world_spec(PROFILE_SERVER, key_spki(key));
		struct name name = world_dns(texts[i]);
		int result;

		spec.names = &name;
		spec.n_names = 1;
		spec.common_name = "copy";
		result =
		    lint_approve(world->lint, &spec, WORLD_NOW, &findings, &approval, &err);
		assert_int_equal(result, strcmp(texts[i], "copy") == 0 ? 0 : -1);
		free(name.text);
	}
}

static void serials(void **state)
{
	uint8_t serial[SERIAL_LEN] = { 0 };
	uint8_t last[SERIAL_LEN];
	struct ambient ambient = ambient_system();
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		memcpy(last, serial, sizeof(last));
		assert_int_equal(serial_make(ambient.random, ambient.context, serial, &err), 0);
		assert_true(serial[0] >= 0x40 && serial[0] < 0x80);
		assert_memory_not_equal(last, serial, sizeof(last));
	}
}

static int no_random(void *context, void *bytes, size_t len)
{
	(void)context;
	(void)bytes;
	(void)len;
	return -1;
}

static void no_serial_without_randomness(void **state)
{
	uint8_t serial[SERIAL_LEN] = { 7 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(serial_make(no_random, NULL, serial, &err), -1);
	assert_int_equal(serial[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_constraints),
		cmocka_unit_test(a_refusal_leaves_no_approval),
		cmocka_unit_test(a_warning_is_told_and_approved),
		cmocka_unit_test(text_is_never_language),
		cmocka_unit_test(serials),
		cmocka_unit_test(no_serial_without_randomness),
	};

	return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
