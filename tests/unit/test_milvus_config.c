// SPDX-License-Identifier: Apache-2.0
/* config: what Milvus makes of its files and variables; and that docs/check.md has every rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include <mica/check_rules.h>
#include <mica/config.h>
#include <mica/file.h>
#include <mica/mem.h>

static struct config *read_config(
    const char *const *files, const char *const *variables, struct findings *findings)
{
	struct config *config = config_new();
	struct err err = ERR_INIT;

	for (; *files; files++) {
		BUF_AUTO text = BUF_INIT;

		buf_addstr(&text, *files);
		config_add_file(config, "milvus.yaml", &text, findings);
	}
	for (; variables && *variables; variables++)
		assert_int_equal(config_add_variable(config, *variables, &err), 0);
	return config;
}

static struct config *read_one(const char *text, struct findings *findings)
{
	const char *const files[] = { text, NULL };

	return read_config(files, NULL, findings);
}

/* --- values ---------------------------------------------------------------------- */

static void values_are_those_of_go(void **state)
{
	static const struct {
		const char *yaml, *value;
	} cases[] = {
		{ "1", "1" },
		{ "\"1\"", "1" },
		{ "", "" },
		{ "~", "" },
		{ "null", "" },
		{ "'null'", "null" },
		{ "yes", "true" },
		{ "Off", "false" },
		{ "'yes'", "yes" },
		{ "!!str yes", "yes" },
		{ "1.0", "1" },
		{ "'1.0'", "1.0" },
		{ "1.2", "1.2" },
		{ "1.20", "1.2" },
		{ "1e3", "1000" },
		{ "0x10", "16" },
		{ "0b11", "3" },
		{ "010", "8" },
		{ "1_000", "1000" },
		{ "-3", "-3" },
		{ "1.2.3", "1.2.3" },
		{ "/milvus/tls", "/milvus/tls" },
		{ "[a, 1.0, yes]", "a,1,true" },
		{ "[]", "" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;
		MICA_FREE char *text = mem_printf("a:\n  b: %s\n", cases[i].yaml);
		MICA_AUTO(config_freep) struct config *config = read_one(text, &findings);

		assert_int_equal(findings.n, 0);
		assert_string_equal(config_text(config, "a.b", "none"), cases[i].value);
	}
}

static void numbers_and_truths_are_those_of_go(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(config_freep)
	struct config *config = read_one("n: 2\ntext: two\nfar: 99999999999999999999\non: "
	                                 "yes\nquoted: \"yes\"\nt: T\nempty:\n",
	    &findings);

	(void)state;
	assert_int_equal(config_number(config, "n", 7), 2);
	assert_int_equal(config_number(config, "text", 7), 0);
	assert_int_equal(config_number(config, "far", 7), 0);
	assert_int_equal(config_number(config, "empty", 7), 0);
	assert_int_equal(config_number(config, "none", 7), 7);
	assert_true(config_bool(config, "on", false));
	assert_true(config_bool(config, "t", false));
	assert_false(config_bool(config, "quoted", true));
	assert_false(config_bool(config, "empty", true));
	assert_true(config_bool(config, "none", true));
}

/* --- keys ------------------------------------------------------------------------ */

static void spellings_of_a_key_are_one(void **state)
{
	static const char *const texts[] = {
		"common: {security: {tlsMode: 2}}",
		"common: {security.tlsMode: 2}",
		"common.security.tlsMode: 2",
		"COMMON_SECURITY_TLSMODE: 2",
		"commonSecurityTlsMode: 2",
		"common/security: {tls_mode: 2}",
		"x: &all {tlsMode: 2}\ncommon: {security: *all}",
		"x: &all {tlsMode: 2}\ncommon: {security: {<<: *all}}",
	};

	(void)state;
	for (size_t i = 0; i < mem_count(texts); i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;
		MICA_AUTO(config_freep) struct config *config = read_one(texts[i], &findings);

		assert_int_equal(config_number(config, "common.security.tlsMode", 0), 2);
	}
}

static void the_last_of_a_key_counts_whole(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(config_freep)
	struct config *config = read_one("common:\n  security:\n    tlsMode: 2\n    other: 1\n"
	                                 "common:\n  security:\n    tlsMode: 1\n",
	    &findings);

	(void)state;
	assert_int_equal(config_number(config, "common.security.tlsMode", 0), 1);
	assert_null(config_find(config, "common.security.other"));
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.items[0].rule, "duplicate-key");
	assert_int_equal(findings.items[0].line, 5);
}

static void files_then_variables(void **state)
{
	static const char *const files[] = { "a: {b: 1, c: 1, d: 1}\n", "a: {b: 2, c: 2}\n",
		NULL };
	static const char *const variables[] = { "A_B=3", "MILVUS_CONF_A_D=", "OTHER=1", NULL };
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(config_freep)
	struct config *config = read_config(files, variables, &findings);

	(void)state;
	assert_string_equal(config_text(config, "a.b", "none"), "3");
	assert_string_equal(config_text(config, "a.c", "none"), "2");
	assert_string_equal(config_text(config, "a.d", "none"), "");
	assert_string_equal(config_find_in_files(config, "a.d")->value, "1");
	assert_int_equal(config_find(config, "a.b")->source, SETTING_VARIABLE);
	assert_int_equal(findings.n, 0);
}

static void a_place_is_that_of_the_value(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(config_freep)
	struct config *config = read_one("# first\ntls:\n  sni:   here\n", &findings);
	const struct setting *setting = config_find(config, "tls.sni");

	(void)state;
	assert_string_equal(setting->path, "tls.sni");
	assert_string_equal(setting->mark.file, "milvus.yaml");
	assert_int_equal(setting->mark.line, 3);
	assert_int_equal(setting->mark.column, 10);
}

static void what_cannot_be_read_adds_nothing(void **state)
{
	static const char *const texts[] = { "a: [", "- a\n", "text", "a: *none\n",
		"\tb: 1\n" };

	(void)state;
	for (size_t i = 0; i < mem_count(texts); i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;
		MICA_AUTO(config_freep) struct config *config = read_one(texts[i], &findings);

		assert_null(config_at(config, 0));
		assert_int_equal(findings.n, 1);
		assert_string_equal(findings.items[0].rule, "yaml-unreadable");
	}
}

/* A short text of aliases that would be billions of values. */
static void aliases_do_not_grow_without_end(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO text = BUF_INIT;
	struct config *config;

	(void)state;
	buf_addstr(&text, "a0: &a0 {x: 1}\n");
	for (int i = 1; i < 30; i++)
		buf_printf(&text, "a%d: &a%d {l: *a%d, r: *a%d}\n", i, i, i - 1, i - 1);
	config = read_one(buf_text(&text), &findings);
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.items[0].rule, "yaml-unreadable");
	config_free(config);
}

static void aliases_of_a_list_do_not_either(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO text = BUF_INIT;
	struct config *config;

	(void)state;
	buf_addstr(&text, "l: &l [");
	for (int i = 0; i < 2000; i++)
		buf_addstr(&text, "1, ");
	buf_addstr(&text, "1]\n");
	for (int i = 0; i < 2000; i++)
		buf_printf(&text, "y%d: *l\n", i);
	config = read_one(buf_text(&text), &findings);
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.items[0].rule, "yaml-unreadable");
	config_free(config);
}

static void aliases_make_no_endless_path(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO text = BUF_INIT;
	struct config *config;

	(void)state;
	buf_addstr(&text, "a0: &a0 {x: 1}\n");
	for (int i = 1; i < 40; i++)
		buf_printf(&text, "a%d: &a%d {%0500d: *a%d}\n", i, i, i, i - 1);
	config = read_one(buf_text(&text), &findings);
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.items[0].rule, "yaml-unreadable");
	config_free(config);
}

/* Of a name that stands twice the newest before the alias holds. */
static void a_name_may_be_given_again(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct config *config = read_one("a: &n 1\nb: *n\nc: &n 2\nd: *n\n", &findings);

	(void)state;
	assert_string_equal(config_text(config, "b", ""), "1");
	assert_string_equal(config_text(config, "d", ""), "2");
	config_free(config);
}

/* --- the table ------------------------------------------------------------------- */

static void the_page_has_every_rule_as_it_is(void **state)
{
	static const char *const levels[] = { "note", "warning", "error" };
	const struct check_rule *rule;
	BUF_AUTO page = BUF_INIT;
	struct err err = ERR_INIT;
	size_t rows = 0, n = 0;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, TEST_DATA_DIR "/../../docs/check.md",
	                     FILE_MAX_TEXT, &page, &err),
	    0);
	for (; (rule = check_rule_at(n)); n++) {
		MICA_FREE char *row = mem_printf("| `%s` | %s | %s | %s |\n", rule->name,
		    levels[rule->level], rule->why, rule->mend);

		if (!strstr(buf_text(&page), row))
			fail_msg("docs/check.md has not: %s", row);
		assert_ptr_equal(check_rule_find(rule->name), rule);
	}
	for (const char *at = buf_text(&page); (at = strstr(at, "\n| `")); at++)
		rows++;
	assert_int_equal(rows, n);
	assert_null(check_rule_find("no-such-rule"));
}

/* SHA-256 of the SubjectPublicKeyInfo of each, as published in Milvus' repository */
static const struct digest published[] = {
	{ { 0x94, 0x22, 0x6e, 0xaf, 0x3a, 0x8a, 0xcb, 0x73, 0x3d, 0xaf, 0xa2, 0x14, 0xdc, 0x91,
	    0xfb, 0xee, 0x87, 0xb7, 0x87, 0xa9, 0x4c, 0x9b, 0xa1, 0x47, 0xc6, 0xb2, 0xf3, 0x14,
	    0xf5, 0x9c, 0xc9, 0xd7 } },
	{ { 0x08, 0x41, 0x54, 0x16, 0xc5, 0xc5, 0xaf, 0x55, 0x04, 0xe3, 0xa2, 0x7e, 0xc3, 0x83,
	    0xb8, 0xba, 0xf2, 0x38, 0xd3, 0x59, 0x5d, 0xb3, 0x9e, 0x5a, 0x29, 0x20, 0x79, 0xd3,
	    0xd4, 0x9b, 0xaa, 0x9a } },
	{ { 0x09, 0x10, 0xec, 0xcd, 0xa9, 0x21, 0xac, 0xe7, 0xfb, 0xb6, 0x49, 0x61, 0xf9, 0x76,
	    0xa2, 0xdc, 0xa3, 0x59, 0xe9, 0x5e, 0x4d, 0xbe, 0xcf, 0x02, 0xd4, 0x7c, 0xa2, 0xd3,
	    0xb0, 0xe0, 0xfc, 0x05 } },
};

static void the_keys_of_the_image_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < mem_count(published); i++) {
		struct digest other = published[i];

		assert_true(check_is_public(&published[i]));
		other.bytes[31] ^= 1;
		assert_false(check_is_public(&other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_of_go),
		cmocka_unit_test(numbers_and_truths_are_those_of_go),
		cmocka_unit_test(spellings_of_a_key_are_one),
		cmocka_unit_test(the_last_of_a_key_counts_whole),
		cmocka_unit_test(files_then_variables),
		cmocka_unit_test(a_place_is_that_of_the_value),
		cmocka_unit_test(what_cannot_be_read_adds_nothing),
		cmocka_unit_test(aliases_do_not_grow_without_end),
		cmocka_unit_test(aliases_of_a_list_do_not_either),
		cmocka_unit_test(aliases_make_no_endless_path),
		cmocka_unit_test(a_name_may_be_given_again),
		cmocka_unit_test(the_keys_of_the_image_are_known),
		cmocka_unit_test(the_page_has_every_rule_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
