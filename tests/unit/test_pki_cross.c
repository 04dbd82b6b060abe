// SPDX-License-Identifier: Apache-2.0
/* A CA certified by another one, and a CA's next certificate for the same key. */
#include <mica/issued.h>

#include "../../src/pki/ca_private.h"
#include "pki_cas.h"

enum { END = 1000 }; /* days: sooner than any CA */

static struct draft_spec spec_of(const struct ca *certified)
{
	struct draft_spec spec = world_spec(PROFILE_CA, NULL);

	spec.entry = "new:cross";
	spec.certified = certified;
	spec.not_after = WORLD_NOW + END * CLOCK_DAY;
	return spec;
}

/* Signed by the key of that CA. */
static struct buf issue(const char *by, const struct ca *issuer, const struct draft_spec *spec)
{
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	struct soft_signer soft;
	struct signer *signer = soft_signer_new(&soft, made[at(by)].key, ALG_EC_P256);
	struct err err = ERR_INIT;
	struct buf der;

	assert_int_equal(lint_new(issuer, &lint, &err), 0);
	der = world_issue(issuer, lint, signer, spec);
	signer_free(signer);
	return der;
}

static struct ca *read_back(const struct buf *der)
{
	struct ca *ca = NULL;
	struct err err = ERR_INIT;

	if (ca_read("cross.pem", der, &ca, &err) < 0)
		fail_msg("%s", err.text);
	return ca;
}

static struct ca *cross_of(const char *by, const char *name)
{
	MICA_AUTO(ca_freep) struct ca *issuer = ca_of(by);
	MICA_AUTO(ca_freep) struct ca *certified = ca_of(name);
	const struct draft_spec spec = spec_of(certified);
	BUF_AUTO der = issue(by, issuer, &spec);

	return read_back(&der);
}

static X509 *parse(const struct buf *der)
{
	const unsigned char *bytes = der->data;
	X509 *x509 = d2i_X509(NULL, &bytes, (long)der->len);

	assert_non_null(x509);
	return x509;
}

static char *text_of(const struct buf *der)
{
	X509_AUTO *x509 = parse(der);
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	char *text;
	long len;

	assert_int_equal(X509_print(bio, x509), 1);
	len = BIO_get_mem_data(bio, &bytes);
	text = mem_dup(bytes, (size_t)len);
	BIO_free(bio);
	return text;
}

/* Whether who trusts this one finds a path, being sent that one along; by OpenSSL. */
static bool verifies(const struct buf *leaf, const struct buf *sent, const struct buf *trusted)
{
	X509_AUTO *x509 = parse(leaf);
	X509_AUTO *along = sent ? parse(sent) : NULL;
	X509_AUTO *anchor = parse(trusted);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	bool good;

	if (along)
		sk_X509_push(chain, along);
	X509_STORE_add_cert(store, anchor);
	assert_int_equal(X509_STORE_CTX_init(context, store, x509, chain), 1);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), WORLD_NOW);
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
	good = X509_verify_cert(context) == 1;
	sk_X509_free(chain);
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	return good;
}

static struct buf leaf_of(const char *by, const struct ca *issuer)
{
	EVP_PKEY *key = soft_key(ALG_EC_P256);
	BUF_AUTO spki = soft_spki(key);
	const struct draft_spec spec = world_spec(PROFILE_CLIENT, &spki);
	struct buf der = issue(by, issuer, &spec);

	EVP_PKEY_free(key);
	return der;
}

/* --- a cross-certificate --- */

static void says_what_it_should(void **state)
{
	MICA_AUTO(ca_freep) struct ca *cross = cross_of("root", "new");
	MICA_AUTO(ca_freep) struct ca *certified = ca_of("new");
	MICA_FREE char *text = text_of(ca_der(cross));

	(void)state;
	assert_true(buf_same(
	    ca_subject(cross), ca_subject(certified)->data, ca_subject(certified)->len));
	assert_true(
	    buf_same(ca_spki(cross), ca_spki(certified)->data, ca_spki(certified)->len));
	assert_true(
	    buf_same(ca_key_id(cross), ca_key_id(certified)->data, ca_key_id(certified)->len));
	assert_false(ca_is_root(cross));
	assert_non_null(strstr(text, "X509v3 Basic Constraints: critical\n"
	                             "                CA:TRUE, pathlen:0\n"));
	assert_non_null(strstr(text, "X509v3 Key Usage: critical\n"
	                             "                Certificate Sign, CRL Sign\n"));
	assert_null(strstr(text, "Name Constraints"));
	assert_null(strstr(text, "Extended Key Usage"));
}

static void keeps_what_another_program_chose(void **state)
{
	MICA_AUTO(ca_freep) struct ca *cross = cross_of("root", "adopted");
	MICA_FREE char *text = text_of(ca_der(cross));

	(void)state;
	assert_non_null(
	    strstr(text, "X509v3 Subject Key Identifier: \n                0B:AD:CA:FE"));
	assert_non_null(strstr(text, "X509v3 Name Constraints: critical\n"));
	assert_non_null(strstr(text, "DNS:example.com"));
	assert_non_null(strstr(text, "IP:10.0.0.0/255.0.0.0"));
}

static void finds_both_roots(void **state)
{
	MICA_AUTO(ca_freep) struct ca *issuer = ca_of("new");
	MICA_AUTO(ca_freep) struct ca *root = ca_of("root");
	struct ca *cross = cross_of("root", "new");
	BUF_AUTO leaf = leaf_of("new", issuer);
	BUF_AUTO sent = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_false(verifies(&leaf, NULL, ca_der(root)));
	assert_true(verifies(&leaf, ca_der(cross), ca_der(root)));
	assert_true(verifies(&leaf, ca_der(cross), ca_der(issuer)));
	assert_true(verifies(&leaf, NULL, ca_der(issuer)));

	assert_null(ca_cross(issuer));
	ca_add_sent(issuer, &sent);
	assert_int_equal(sent.len, 0);
	if (ca_put_cross(issuer, cross, root, &err) < 0)
		fail_msg("%s", err.text);
	assert_ptr_equal(ca_cross(issuer), cross);
	ca_add_sent(issuer, &sent);
	assert_true(buf_same(&sent, ca_pem(cross)->data, ca_pem(cross)->len));
}

/* What stands above the signer is sent as well. */
static void by_an_intermediate(void **state)
{
	MICA_AUTO(ca_freep) struct ca *issuer = ca_of("new");
	MICA_AUTO(ca_freep) struct ca *signer = ca_under("narrow", "root");
	struct draft_spec spec = spec_of(issuer);
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO der = BUF_INIT;
	BUF_AUTO sent = BUF_INIT;
	BUF_AUTO wanted = BUF_INIT;
	struct ca *cross;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lint_new(signer, &lint, &err), 0);
	assert_int_equal(lint_approve(lint, &spec, WORLD_NOW, &findings, &approval, &err), 0);
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.items[0].rule, "cross-within");
	der = issue("narrow", signer, &spec);
	cross = read_back(&der);
	if (ca_put_cross(issuer, cross, signer, &err) < 0)
		fail_msg("%s", err.text);
	ca_add_sent(issuer, &sent);
	buf_add(&wanted, ca_pem(cross)->data, ca_pem(cross)->len);
	buf_add(&wanted, ca_pem(signer)->data, ca_pem(signer)->len);
	assert_true(buf_same(&sent, wanted.data, wanted.len));
}

/* --- refused --- */

static bool fired(const struct findings *findings, const char *rule)
{
	for (size_t i = 0; i < findings->n; i++) {
		if (strcmp(findings->items[i].rule, rule) == 0)
			return true;
	}
	return false;
}

static void refused(const struct ca *issuer, const struct draft_spec *spec, const char *rule)
{
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(lint_new(issuer, &lint, &err), 0);
	assert_int_equal(lint_approve(lint, spec, WORLD_NOW, &findings, &approval, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	world_print(&findings);
	assert_true(fired(&findings, rule));
	assert_null(approval);
}

static void what_may_not_be(void **state)
{
	MICA_AUTO(ca_freep) struct ca *root = ca_of("root");
	MICA_AUTO(ca_freep) struct ca *certified = ca_of("new");
	MICA_AUTO(ca_freep) struct ca *below = ca_under("policy", "root");
	MICA_AUTO(ca_freep) struct ca *last = ca_under("g1", "policy root");
	MICA_AUTO(ca_freep) struct ca *policy = ca_under("policy", "root");
	struct draft_spec spec = spec_of(certified);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ca_check_certifies(root, &err), 0);
	assert_int_equal(ca_check_certifies(policy, &err), 0); /* a path length of 1 */
	assert_int_equal(ca_check_certifies(last, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	refused(last, &spec, "cross-room");
	spec.not_after = ca_not_after(root) + 1; /* the other CA lasts longer */
	certified->not_after = spec.not_after;
	refused(root, &spec, "cross-validity");
	spec.not_after = WORLD_NOW + END * CLOCK_DAY;
	certified->not_after = spec.not_after - 1;
	refused(root, &spec, "cross-validity");
	spec = spec_of(below);
	refused(root, &spec, "cross-other");
	spec = spec_of(root);
	refused(root, &spec, "cross-other");
}

/* Below a path length of 1 there is room for one CA, which is the signer. */
static void no_room_above(void **state)
{
	MICA_AUTO(ca_freep) struct ca *last = ca_under("g1", "policy root");
	struct err err = ERR_INIT;

	(void)state;
	last->path_length = -1;
	assert_int_equal(ca_check_certifies(last, &err), -1);
	assert_non_null(strstr(err.text, "'CN=policy', above it, has path length 1"));
}

static void no_leaf_is_certified_so(void **state)
{
	MICA_AUTO(ca_freep) struct ca *root = ca_of("root");
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct draft_spec spec = world_spec(PROFILE_CLIENT, ca_spki(root));
	struct err err = ERR_INIT;

	(void)state;
	spec.certified = root;
	assert_int_equal(lint_new(root, &lint, &err), 0);
	assert_int_equal(lint_approve(lint, &spec, WORLD_NOW, &findings, &approval, &err), -1);
}

/* What a certificate is found to say when it is held against `certified`. */
static void judged(const struct buf *der, const struct ca *issuer, const struct ca *certified,
    struct findings *findings)
{
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	struct issued issued;
	struct err err = ERR_INIT;

	assert_int_equal(lint_new(issuer, &lint, &err), 0);
	assert_int_equal(issued_read(der, &issued, &err), 0);
	issued_lint_cross(&issued, lint, certified, "new:cross", findings);
	issued_clear(&issued);
}

static void each_rule_fires(void **state)
{
	MICA_AUTO(ca_freep) struct ca *root = ca_of("root");
	MICA_AUTO(ca_freep) struct ca *certified = ca_of("new");
	MICA_AUTO(ca_freep) struct ca *other = ca_of("adopted");
	MICA_AUTO(ca_freep) struct ca *cross = cross_of("root", "new");
	FINDINGS_AUTO good = FINDINGS_INIT;
	FINDINGS_AUTO bad = FINDINGS_INIT;
	FINDINGS_AUTO unlimited = FINDINGS_INIT;
	static const char *const rules[] = { "cross-subject", "cross-key",
		"cross-constraints" };

	(void)state;
	judged(ca_der(cross), root, certified, &good);
	world_print(&good);
	assert_int_equal(good.n, 0);
	judged(ca_der(cross), root, other, &bad);
	for (size_t i = 0; i < mem_count(rules); i++)
		assert_true(fired(&bad, rules[i]));
	judged(&made[at("narrow")].der, root, certified, &unlimited);
	assert_true(fired(&unlimited, "cross-pathlen"));
}

static void not_put(const char *name, struct ca *cross, const char *signer, const char *words)
{
	MICA_AUTO(ca_freep)
	struct ca *ca = strcmp(name, "end") == 0 ? ca_under(name, "root") : ca_of(name);
	MICA_AUTO(ca_freep) struct ca *by = ca_of(signer);
	struct err err = ERR_INIT;

	assert_int_equal(ca_put_cross(ca, cross, by, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_null(ca_cross(ca));
	ca_free(cross);
}

static void what_is_no_cross_certificate(void **state)
{
	(void)state;
	not_put("adopted", cross_of("root", "new"), "root", "names another subject");
	not_put("new", cross_of("root", "new"), "mute", "was signed by another CA");
	not_put("new", ca_of("new"), "root", "was signed by another CA");
	not_put("end", cross_of("root", "new"), "root", "is no root");
}

/* --- the next certificate of a root --- */

static void renewed(void **state)
{
	static const char *const names[] = { "new", "adopted" };

	(void)state;
	for (size_t i = 0; i < mem_count(names); i++) {
		MICA_AUTO(ca_freep) struct ca *old = ca_of(names[i]);
		MICA_AUTO(ca_freep) struct ca *next = NULL;
		struct draft_spec spec = world_spec(PROFILE_CA, NULL);
		BUF_AUTO der = BUF_INIT;
		BUF_AUTO before = leaf_of(names[i], old);
		BUF_AUTO after = BUF_INIT;
		struct err err = ERR_INIT;

		spec.not_after = ca_not_after(old) + 1000 * CLOCK_DAY;
		der = issue(names[i], old, &spec);
		next = read_back(&der);
		assert_true(ca_is_root(next));
		assert_int_equal(ca_not_after(next), spec.not_after);
		assert_true(
		    buf_same(ca_subject(next), ca_subject(old)->data, ca_subject(old)->len));
		assert_true(
		    buf_same(ca_key_id(next), ca_key_id(old)->data, ca_key_id(old)->len));
		assert_true(buf_same(ca_spki(next), ca_spki(old)->data, ca_spki(old)->len));
		assert_int_equal(ca_check_ready(next, WORLD_NOW, &err), 0);
		after = leaf_of(names[i], next);
		assert_true(verifies(&before, NULL, ca_der(next)));
		assert_true(verifies(&after, NULL, ca_der(old)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_should),
		cmocka_unit_test(keeps_what_another_program_chose),
		cmocka_unit_test(finds_both_roots),
		cmocka_unit_test(by_an_intermediate),
		cmocka_unit_test(what_may_not_be),
		cmocka_unit_test(no_room_above),
		cmocka_unit_test(no_leaf_is_certified_so),
		cmocka_unit_test(each_rule_fires),
		cmocka_unit_test(what_is_no_cross_certificate),
		cmocka_unit_test(renewed),
	};

	return cmocka_run_group_tests(tests, cas_set_up, cas_tear_down);
}
