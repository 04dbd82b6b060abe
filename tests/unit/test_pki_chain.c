// SPDX-License-Identifier: Apache-2.0
/* What stands above a CA: chains judged, a CA put under one, and what follows for its leaves.
 * Every single fault of a certificate from outside is in tests/cli/test_intermediate.py, made
 * by the openssl program. */
#include <openssl/x509v3.h>

#include "../../src/pki/ca_private.h"
#include "pki_cas.h"

static void paths(void **state)
{
	static const struct {
		const char *names;
		const char *fault; /* NULL: it is one */
		size_t at;
	} cases[] = {
		{ "root", NULL, 0 },
		{ "policy root", NULL, 0 },
		{ "narrow root", NULL, 0 },
		{ "policy", "'CN=policy' was issued by 'CN=root', which is missing", 0 },
		{ "root policy", "'CN=root' is a root's, and does not stand last", 0 },
		{ "policy narrow root",
		    "'CN=policy' was issued by 'CN=root', which does not stand next", 0 },
		{ "end root", "'CN=end' lets no CA stand below it: its path length is 0", 0 },
		{ "g1 policy root", "'CN=g1' lets no CA stand below it: its path length is 0",
		    0 },
		{ "g2 narrow root", "'CN=g2' lets no CA stand below it: its path length is 0",
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_AUTO(chain_freep) struct chain *chain = chain_of(cases[i].names);
		struct err err = ERR_INIT;
		size_t blamed = 99;
		int status = chain_check(chain, &blamed, &err);

		assert_int_equal(status, cases[i].fault ? -1 : 0);
		if (!cases[i].fault)
			continue;
		assert_int_equal(blamed, cases[i].at);
		if (!strstr(err.text, cases[i].fault))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].fault);
	}
}

static void times(void **state)
{
	MICA_AUTO(chain_freep) struct chain *chain = chain_of("policy root");
	struct err err = ERR_INIT;
	size_t blamed = 0;

	(void)state;
	assert_int_equal(chain_check_times(chain, WORLD_NOW, &blamed, &err), 0);
	assert_int_equal(
	    chain_check_times(chain, WORLD_NOW + 2500 * CLOCK_DAY, &blamed, &err), -1);
	assert_string_equal(err.text, "the certificate of 'CN=policy' expired on 2032-03-13");
	assert_int_equal(
	    chain_check_times(chain, WORLD_NOW + 3500 * CLOCK_DAY, &blamed, &err), -1);
	assert_int_equal(
	    chain_check_times(chain, WORLD_NOW - 30 * CLOCK_DAY, &blamed, &err), -1);
	assert_string_equal(
	    err.text, "the certificate of 'CN=policy' begins to be valid on 2026-09-21");
}

static void files_of_several(void **state)
{
	struct chain *chain = chain_new();
	BUF_AUTO both = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	buf_addstr(&both, "some words\n");
	buf_add(&both, made[at("policy")].pem.data, made[at("policy")].pem.len);
	buf_addstr(&both, "more\n");
	buf_add(&both, made[at("root")].pem.data, made[at("root")].pem.len);
	assert_int_equal(chain_add(chain, "g1", &made[at("g1")].pem, &err), 0);
	assert_int_equal(chain_add(chain, "both", &both, &err), 0);
	assert_int_equal(chain_count(chain), 3);
	assert_int_equal(chain_file(chain, 0), 0);
	assert_int_equal(chain_file(chain, 1), 1);
	assert_int_equal(chain_file(chain, 2), 1);
	assert_string_equal(chain_subject(chain, 2), "CN=root");
	buf_clear(&both);
	buf_addstr(&both, "nothing\n");
	assert_int_equal(chain_add(chain, "none", &both, &err), -1);
	assert_string_equal(err.text, "'none' holds no certificate");
	chain_free(chain);
}

static void put_under(void **state)
{
	static const struct {
		const char *name, *above, *words; /* words NULL: it fits */
	} cases[] = {
		{ "g1", "policy root", NULL },
		{ "g2", "narrow root", NULL },
		{ "g1", "narrow root",
		    "'CN=g1' was issued by 'CN=policy', not by 'CN=narrow'" },
		{ "root", "policy root", "'CN=root' is a root's: its own key signed it" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_AUTO(ca_freep) struct ca *ca = ca_of(cases[i].name);
		struct chain *chain = chain_of(cases[i].above);
		/* as it is after something else that was not found */
		struct err err = { .kind = ERR_NOT_FOUND };
		int status = ca_put_under(ca, chain, &err);

		assert_int_equal(status, cases[i].words ? -1 : 0);
		if (!cases[i].words) {
			assert_ptr_equal(ca_chain(ca), chain);
			continue;
		}
		assert_null(ca_chain(ca));
		chain_free(chain);
		assert_int_equal(err.kind, ERR_REFUSED);
		if (!strstr(err.text, cases[i].words))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].words);
	}
}

static void add(struct buf *to, const char *name)
{
	buf_add(to, made[at(name)].pem.data, made[at(name)].pem.len);
}

static void what_is_sent(void **state)
{
	MICA_AUTO(ca_freep) struct ca *ca = ca_under("g1", "policy root");
	MICA_AUTO(ca_freep) struct ca *root = ca_of("root");
	BUF_AUTO sent = BUF_INIT;
	BUF_AUTO above = BUF_INIT;
	BUF_AUTO wanted = BUF_INIT;

	(void)state;
	ca_add_sent(root, &sent);
	ca_add_above(root, &above);
	assert_int_equal(sent.len + above.len, 0);
	ca_add_sent(ca, &sent);
	add(&wanted, "g1");
	add(&wanted, "policy");
	assert_true(buf_same(&sent, wanted.data, wanted.len));
	ca_add_above(ca, &above);
	buf_clear(&wanted);
	add(&wanted, "policy");
	add(&wanted, "root");
	assert_true(buf_same(&above, wanted.data, wanted.len));
}

static void the_first_to_end(void **state)
{
	MICA_AUTO(ca_freep) struct ca *g1 = ca_under("g1", "policy root");
	MICA_AUTO(ca_freep) struct ca *g2 = ca_under("g2", "narrow root");
	const char *subject = NULL;

	(void)state;
	assert_int_equal(ca_ends(g1, &subject), WORLD_NOW + 2000 * CLOCK_DAY);
	assert_string_equal(subject, "CN=policy");
	assert_int_equal(ca_ends(g2, &subject), WORLD_NOW + 1000 * CLOCK_DAY);
	assert_null(subject);
}

static bool refused_by(const struct ca *ca, const struct draft_spec *spec, const char *rule)
{
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(lint_new(ca, &lint, &err), 0);
	if (lint_approve(lint, spec, WORLD_NOW, &findings, &approval, &err) == 0)
		return false;
	for (size_t i = 0; i < findings.n; i++) {
		if (strcmp(findings.items[i].rule, rule) == 0)
			return true;
	}
	fail_msg("%s", err.text);
	return false;
}

/* The constraints and the end of those above hold for a leaf as well. */
static void leaves(void **state)
{
	MICA_AUTO(ca_freep) struct ca *g1 = ca_under("g1", "policy root");
	MICA_AUTO(ca_freep) struct ca *g2 = ca_under("g2", "narrow root");
	MICA_AUTO(key_freep) struct key *key = NULL;
	struct err err = ERR_INIT;
	struct name inside = world_dns("db.example.com");
	struct draft_spec spec;

	(void)state;
	assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
	spec = world_spec(PROFILE_SERVER, key_spki(key));
	assert_false(refused_by(g1, &spec, ""));
	assert_true(refused_by(g2, &spec, "name-constraints"));
	spec.names = &inside;
	spec.n_names = 1;
	spec.common_name = inside.text;
	assert_false(refused_by(g2, &spec, ""));
	spec.not_before = WORLD_NOW - 60;
	spec.not_after = WORLD_NOW + 2001 * CLOCK_DAY;
	assert_true(refused_by(g1, &spec, "validity-ca"));
	spec.not_after = WORLD_NOW + 2000 * CLOCK_DAY;
	assert_false(refused_by(g1, &spec, ""));
	free(inside.text);
}

/* --- against the inventory -------------------------------------------------------------- */

static void subjects(void **state)
{
	static const struct rdn own[] = { { (char *)"CN", (char *)"G1" } };
	static const struct rdn other[] = { { (char *)"O", (char *)"Example" },
		{ (char *)"CN", (char *)"g1" } };
	MICA_AUTO(ca_freep) struct ca *ca = ca_of("g1");
	struct err err = ERR_INIT;

	(void)state;
	/* case does not count (RFC 5280 7.1) */
	assert_int_equal(ca_check_subject(ca, own, 1, &err), 0);
	assert_int_equal(ca_check_subject(ca, other, 2, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_string_equal(err.text,
	    "the certificate's subject is 'CN=g1', the inventory's 'CN=g1,O=Example'");
}

static void permitted(void **state)
{
	static char *const own[] = { (char *)"Example.COM" };
	static char *const more[] = { (char *)"example.com", (char *)"example.org" };
	MICA_AUTO(ca_freep) struct ca *narrow = ca_of("narrow");
	MICA_AUTO(ca_freep) struct ca *wide = ca_of("g1");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ca_check_permitted(narrow, NULL, 0, &err), 0);
	assert_int_equal(ca_check_permitted(narrow, own, 1, &err), 0);
	assert_int_equal(ca_check_permitted(narrow, more, 2, &err), -1);
	assert_string_equal(err.text, "the name constraints of 'CN=narrow' say: permitted "
	                              "DNS:example.com; 'permitted-dns' says: example.com, "
	                              "example.org");
	assert_int_equal(ca_check_permitted(wide, own, 1, &err), -1);
	assert_string_equal(err.text, "the certificate of 'CN=g1' has no name constraints, "
	                              "'permitted-dns' says: Example.COM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(times),
		cmocka_unit_test(files_of_several),
		cmocka_unit_test(put_under),
		cmocka_unit_test(what_is_sent),
		cmocka_unit_test(the_first_to_end),
		cmocka_unit_test(leaves),
		cmocka_unit_test(subjects),
		cmocka_unit_test(permitted),
	};

	return cmocka_run_group_tests(tests, cas_set_up, cas_tear_down);
}
