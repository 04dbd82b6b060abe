// SPDX-License-Identifier: Apache-2.0
/* Every rule of lint fires on a certificate that is bad in one way, and none on a good one. */
#include "../../src/pki/lint_private.h"
#include "bad_extensions.h"
#include "bad_form.h"
#include "bad_keys.h"
#include "bad_names.h"

#define TABLE(bads)                                                                            \
	{                                                                                      \
		bads, mem_count(bads)                                                          \
	}

static const struct {
	const struct bad *bads;
	size_t n;
} tables[] = { TABLE(bad_form), TABLE(bad_names), TABLE(bad_extensions), TABLE(bad_keys) };

static void judge(struct world *world, const struct buf *der, const struct bad *bad,
    struct findings *findings)
{
	MICA_AUTO(parsed_freep) struct parsed *parsed = parsed_of(der->data, der->len);
	const struct lint_case lint_case = {
		.certificate = parsed,
		.profile = bad->profile,
		.entry = "entry",
		.now = WORLD_NOW + bad->later,
	};

	if (!parsed)
		fail_msg("the certificate for rule %s does not parse", bad->rule);
	lint_judge(world->lint, &lint_case, findings);
}

static bool fired(const struct findings *findings, const char *rule)
{
	for (size_t i = 0; i < findings->n; i++) {
		if (strcmp(findings->items[i].rule, rule) == 0)
			return true;
	}
	return false;
}

static void fires(struct world *world, const struct bad *bads, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;
		BUF_AUTO der = make_bad(world, &bads[i]);

		judge(world, &der, &bads[i], &findings);
		if (!fired(&findings, bads[i].rule)) {
			world_print(&findings);
			fail_msg("case %zu: rule %s did not fire", i, bads[i].rule);
		}
		assert_string_equal(findings.items[0].file, "entry");
	}
}

static void each_rule_fires(void **state)
{
	for (size_t i = 0; i < mem_count(tables); i++)
		fires(*state, tables[i].bads, tables[i].n);
}

static void no_rule_fires_on_the_good(void **state)
{
	struct world *world = *state;

	for (enum profile profile = PROFILE_SERVER; profile <= PROFILE_CA; profile++) {
		struct bad good = { .rule = "", .profile = profile };
		FINDINGS_AUTO findings = FINDINGS_INIT;
		BUF_AUTO der = make_bad(world, &good);

		judge(world, &der, &good, &findings);
		world_print(&findings);
		assert_int_equal(findings.n, 0);
	}
}

static bool has_case(const struct bad *bads, size_t n, const char *rule)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(bads[i].rule, rule) == 0)
			return true;
	}
	return false;
}

static void each_rule_has_a_case(void **state)
{
	const char *sentence = NULL;
	const char *rule;
	size_t i = 0;

	(void)state;
	for (; (rule = lint_rule(i, &sentence)); i++) {
		bool found = strcmp(rule, "name-constraints") == 0 || /* test_pki_approve */
		             strncmp(rule, "cross-", 6) == 0;         /* test_pki_cross */

		assert_true(strlen(sentence) > 10);
		for (size_t j = 0; j < mem_count(tables); j++)
			found = found || has_case(tables[j].bads, tables[j].n, rule);
		if (!found)
			fail_msg("rule %s has no case", rule);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rule, lint_rule(j, NULL));
	}
	assert_true(i > 50);
}

static int set_up(void **state)
{
	const struct world *world;

	world_set_up(state);
	world = *state;
	key_of_ca = world->ca_key;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_fires),
		cmocka_unit_test(no_rule_fires_on_the_good),
		cmocka_unit_test(each_rule_has_a_case),
	};

	return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
