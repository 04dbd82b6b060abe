// SPDX-License-Identifier: Apache-2.0
/* The CA's own certification request: made, judged, signed. */
#include <openssl/x509v3.h>

#include "../../src/pki/lint_private.h"
#include "pki_world.h"

static char *domains[] = { (char *)"example.com", (char *)"milvus.test" };

static const struct request_spec plain = { .entry = "g1" };
static const struct request_spec constrained = { "g1", domains, 2 };

static X509_REQ *parse(const struct buf *der)
{
	const unsigned char *at = der->data;
	X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der->len);

	assert_non_null(request);
	assert_ptr_equal(at, der->data + der->len);
	return request;
}

static struct buf sign(struct world *world, const struct request_spec *spec)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	struct buf der = BUF_INIT;
	struct err err = ERR_INIT;

	if (lint_approve_request(world->lint, spec, &findings, &approval, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(findings.n, 0);
	if (approvals_sign(world->signer, world->ca, &approval, 1, NULL, &der, &err) < 0)
		fail_msg("%s", err.text);
	return der;
}

static char *text_of(const X509_REQ *request)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;
	char *text;
	long len;

	assert_int_equal(X509_REQ_print(bio, (X509_REQ *)request), 1);
	len = BIO_get_mem_data(bio, &bytes);
	text = mem_dup(bytes, (size_t)len);
	BIO_free(bio);
	return text;
}

static void asks(void **state)
{
	struct world *world = *state;
	BUF_AUTO der = sign(world, &constrained);
	X509_REQ *request = parse(&der);
	MICA_FREE char *text = text_of(request);

	assert_int_equal(X509_REQ_verify(request, world->ca_key), 1);
	assert_non_null(strstr(text, "Milvus CA g1"));
	assert_non_null(strstr(text, "X509v3 Basic Constraints: critical\n"
	                             "                    CA:TRUE, pathlen:0\n"));
	assert_non_null(strstr(text, "X509v3 Key Usage: critical\n"
	                             "                    Certificate Sign, CRL Sign\n"));
	assert_non_null(strstr(text, "X509v3 Name Constraints: critical\n"
	                             "                    Permitted:\n"
	                             "                      DNS:example.com\n"
	                             "                      DNS:milvus.test\n"));
	X509_REQ_free(request);
}

static void the_same_bytes_again(void **state)
{
	struct world *world = *state;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(approval_freep) struct approval *a = NULL;
	MICA_AUTO(approval_freep) struct approval *b = NULL;
	MICA_AUTO(approval_freep) struct approval *other = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(lint_approve_request(world->lint, &plain, &findings, &a, &err), 0);
	assert_int_equal(lint_approve_request(world->lint, &plain, &findings, &b, &err), 0);
	assert_int_equal(
	    lint_approve_request(world->lint, &constrained, &findings, &other, &err), 0);
	assert_true(buf_same(approval_tbs(a), approval_tbs(b)->data, approval_tbs(b)->len));
	assert_false(
	    buf_same(approval_tbs(a), approval_tbs(other)->data, approval_tbs(other)->len));
}

/* --- each rule fires -------------------------------------------------------------------- */

static void add(X509_REQ *request, STACK_OF(X509_EXTENSION) * *list, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	(void)request;
	assert_non_null(extension);
	if (!*list)
		*list = sk_X509_EXTENSION_new_null();
	sk_X509_EXTENSION_push(*list, extension);
}

struct bad_request {
	const char *rule;
	const char *subject; /* NULL: the CA's */
	bool other_key, two_attributes, sha384;
	long version;
	const char *basic, *usage, *constraints, *more;
};

#define GOOD_BASIC "critical,CA:TRUE,pathlen:0"
#define GOOD_USAGE "critical,keyCertSign,cRLSign"

static const struct bad_request bad_requests[] = {
	{ .rule = "", .basic = GOOD_BASIC, .usage = GOOD_USAGE },
	{ .rule = "request-version", .version = 1, .basic = GOOD_BASIC, .usage = GOOD_USAGE },
	{ .rule = "request-subject",
	    .subject = "other",
	    .basic = GOOD_BASIC,
	    .usage = GOOD_USAGE },
	{ .rule = "request-key", .other_key = true, .basic = GOOD_BASIC, .usage = GOOD_USAGE },
	{ .rule = "request-algorithm",
	    .sha384 = true,
	    .basic = GOOD_BASIC,
	    .usage = GOOD_USAGE },
	{ .rule = "request-attributes",
	    .two_attributes = true,
	    .basic = GOOD_BASIC,
	    .usage = GOOD_USAGE },
	{ .rule = "request-ca", .basic = "critical,CA:FALSE", .usage = GOOD_USAGE },
	{ .rule = "request-ca", .basic = "CA:TRUE,pathlen:0", .usage = GOOD_USAGE },
	{ .rule = "request-ca", .basic = "critical,CA:TRUE", .usage = GOOD_USAGE },
	{ .rule = "request-ca", .basic = "critical,CA:TRUE,pathlen:1", .usage = GOOD_USAGE },
	{ .rule = "request-usage", .basic = GOOD_BASIC },
	{ .rule = "request-usage", .basic = GOOD_BASIC, .usage = "critical,keyCertSign" },
	{ .rule = "request-usage", .basic = GOOD_BASIC, .usage = "keyCertSign,cRLSign" },
	{ .rule = "request-usage",
	    .basic = GOOD_BASIC,
	    .usage = "critical,keyCertSign,cRLSign,digitalSignature" },
	{ .rule = "request-constraints",
	    .basic = GOOD_BASIC,
	    .usage = GOOD_USAGE,
	    .constraints = "critical,permitted;DNS:example.com" },
	{ .rule = "request-extensions",
	    .basic = GOOD_BASIC,
	    .usage = GOOD_USAGE,
	    .more = "DNS:localhost" },
};

static struct buf make_bad(struct world *world, const struct bad_request *bad)
{
	X509_REQ *request = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *list = NULL;
	EVP_PKEY *other = soft_key(ALG_EC_P256);
	const unsigned char *at = ca_subject(world->ca)->data;
	X509_NAME *subject = d2i_X509_NAME(NULL, &at, (long)ca_subject(world->ca)->len);
	struct buf der = BUF_INIT;
	unsigned char *bytes = NULL;
	int len;

	if (bad->subject)
		X509_NAME_add_entry_by_txt(subject, "OU", MBSTRING_ASC,
		    (const unsigned char *)bad->subject, -1, -1, 0);
	X509_REQ_set_version(request, X509_REQ_VERSION_1);
	X509_REQ_set_subject_name(request, subject);
	X509_REQ_set_pubkey(request, bad->other_key ? other : world->ca_key);
	if (bad->basic)
		add(request, &list, NID_basic_constraints, bad->basic);
	if (bad->usage)
		add(request, &list, NID_key_usage, bad->usage);
	if (bad->constraints) {
		X509_EXTENSION *extension =
		    X509V3_EXT_nconf_nid(NULL, NULL, NID_name_constraints, bad->constraints);

		sk_X509_EXTENSION_push(list, extension);
	}
	if (bad->more)
		add(request, &list, NID_subject_alt_name, bad->more);
	X509_REQ_add_extensions(request, list);
	if (bad->two_attributes)
		X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword, MBSTRING_ASC,
		    (const unsigned char *)"secret", -1);
	assert_true(X509_REQ_sign(request, bad->other_key ? other : world->ca_key,
	                bad->sha384 ? EVP_sha384() : EVP_sha256()) > 0);
	len = i2d_X509_REQ(request, &bytes);
	buf_add(&der, bytes, (size_t)len);
	/* OpenSSL 3.5 sets no other version */
	if (bad->version != X509_REQ_VERSION_1)
		((unsigned char *)memmem(der.data, der.len, "\2\1\0", 3))[2] =
		    (unsigned char)bad->version;
	OPENSSL_free(bytes);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_NAME_free(subject);
	EVP_PKEY_free(other);
	X509_REQ_free(request);
	return der;
}

static void each_rule_fires(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < mem_count(bad_requests); i++) {
		const struct bad_request *bad = &bad_requests[i];
		FINDINGS_AUTO findings = FINDINGS_INIT;
		BUF_AUTO der = make_bad(world, bad);
		bool found = bad->rule[0] == '\0' && findings.n == 0;

		assert_int_equal(lint_judge_request(world->lint, &plain, &der, &findings), 0);
		for (size_t k = 0; k < findings.n; k++)
			found |= strcmp(findings.items[k].rule, bad->rule) == 0;
		if (!found || (bad->rule[0] == '\0' && findings.n > 0)) {
			world_print(&findings);
			fail_msg("%zu: %s", i, bad->rule);
		}
	}
}

static void each_rule_has_a_case(void **state)
{
	const char *sentence;
	const char *rule;

	(void)state;
	for (size_t i = 0; (rule = lint_request_rule(i, &sentence)); i++) {
		bool found = false;

		assert_true(strlen(sentence) > 10);
		for (size_t k = 0; k < mem_count(bad_requests); k++)
			found |= strcmp(bad_requests[k].rule, rule) == 0;
		if (!found)
			fail_msg("rule %s has no case", rule);
	}
}

/* An approval of one CA's request is not signed as another's. */
static void for_this_ca_alone(void **state)
{
	struct world *world = *state;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	struct world other;
	BUF_AUTO der = BUF_INIT;
	struct err err = ERR_INIT;

	world_init(&other, ALG_EC_P256);
	assert_int_equal(
	    lint_approve_request(world->lint, &plain, &findings, &approval, &err), 0);
	assert_int_equal(
	    approvals_sign(other.signer, other.ca, &approval, 1, NULL, &der, &err), -1);
	assert_string_equal(err.text, "the request for 'g1' was approved for another CA than "
	                              "'CN=Milvus CA g1,O=Example,C=US'");
	world_clear(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks),
		cmocka_unit_test(the_same_bytes_again),
		cmocka_unit_test(each_rule_fires),
		cmocka_unit_test(each_rule_has_a_case),
		cmocka_unit_test(for_this_ca_alone),
	};

	return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
