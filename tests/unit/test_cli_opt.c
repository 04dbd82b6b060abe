// SPDX-License-Identifier: Apache-2.0
/* Command lines read by the tables of the verbs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mica/clock.h>
#include <mica/mem.h>

#include "../../src/cli/opt.h"
#include "../../src/cli/verbs.h"

enum { WORDS_MAX = 8 };

/* Parses words as behind the verb. */
static int parse(
    const char *verb, const char *const *words, struct options *ret, struct err *err)
{
	struct opt_set set;

	verb_options(verb_find(verb), &set);
	return opt_parse(&set, OPT_MIXED, (char *const *)words, ret, err);
}

struct refusal {
	const char *verb;
	const char *words[WORDS_MAX];
	const char *text;
};

static void test_refusals(void **state)
{
	static const struct refusal cases[] = {
		{ "plan", { "plan", "--colour" }, "unknown option '--colour'" },
		{ "plan", { "plan", "--exitcode" },
		    "unknown option '--exitcode'; did you mean '--exit-code'?" },
		{ "plan", { "plan", "--exit" }, "unknown option '--exit'" },
		{ "plan", { "plan", "-z" }, "unknown option '-z'" },
		{ "plan", { "plan", "-jsn" }, "unknown option '-j...'" },
		{ "plan", { "plan", "--at" }, "option '--at' needs a value" },
		{ "plan", { "plan", "--at=" },
		    "'--at ' is not a date such as 2026-11-22 or "
		    "2026-11-22T08:37:00Z" },
		{ "plan", { "plan", "--json=yes" }, "option '--json' takes no value" },
		{ "plan", { "plan", "--file", "" }, "option '--file' needs a FILE" },
		{ "plan", { "plan", "-f", "a", "--file=b" }, "option '--file' is given twice" },
		{ "plan", { "plan", "--at", "2026-02-30" },
		    "'--at 2026-02-30' is not a date such as 2026-11-22 or "
		    "2026-11-22T08:37:00Z" },
		{ "apply", { "apply", "--ahead", "60" },
		    "'--ahead 60' is not a time span such as 60d, 12h or 30m" },
		{ "apply", { "apply", "--ahead", "-1d" },
		    "'--ahead -1d' is not a time span such as 60d, 12h or 30m" },
		{ "apply", { "apply", "--at", "2026-11-22" }, "unknown option '--at'" },
		{ "status", { "status", "--only", "prod" }, "unknown option '--only'" },
		{ "example", { "example", "--json" }, "unknown option '--json'" },
		{ "plan", { "plan", "--o\x1b[31mnly" }, "unknown option '--o\\x1b[31mnly'" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_AUTO(options_clear) struct options options = { 0 };
		struct err err = ERR_INIT;

		assert_int_equal(parse(cases[i].verb, cases[i].words, &options, &err), -1);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(err.kind, ERR_USAGE);
	}
}

static void test_everything_is_read(void **state)
{
	const char *const words[] = { "plan", "--at", "2026-11-22", "--ahead=60d", "-qf",
		"x.yaml", "--only", "prod", "--json", "--exit-code", NULL };
	MICA_AUTO(options_clear) struct options options = { 0 };
	struct err err = ERR_INIT;
	int64_t when = 0;

	(void)state;
	assert_int_equal(parse("plan", words, &options, &err), 0);
	assert_int_equal(clock_parse("2026-11-22", &when), 0);
	assert_int_equal(options.at_time, when);
	assert_int_equal(options.ahead_seconds, 60 * CLOCK_DAY);
	assert_string_equal(options.file, "x.yaml");
	assert_string_equal(options.only, "prod");
	assert_true(options.quiet && options.json && options.exit_code);
	assert_false(options.verbose || options.help || options.version || options.unattended);
	assert_int_equal(options.n_words, 0);
}

static void test_words_among_options(void **state)
{
	const char *const words[] = { "rotate", "a", "--json", "b", "--", "--all", NULL };
	MICA_AUTO(options_clear) struct options options = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("rotate", words, &options, &err), 0);
	assert_int_equal(options.n_words, 3);
	assert_string_equal(options.words[0], "a");
	assert_string_equal(options.words[1], "b");
	assert_string_equal(options.words[2], "--all");
	assert_true(options.json);
	assert_false(options.all);
}

/* Before the verb: what stands behind it is left as it is. */
static void test_until_the_verb(void **state)
{
	const char *const words[] = { "mica", "-v", "plan", "--no-such", "-f", "x", NULL };
	MICA_AUTO(options_clear) struct options options = { 0 };
	struct err err = ERR_INIT;
	struct opt_set set;

	(void)state;
	verb_options(NULL, &set);
	assert_int_equal(
	    opt_parse(&set, OPT_UNTIL_WORD, (char *const *)words, &options, &err), 0);
	assert_true(options.verbose);
	assert_null(options.file);
	assert_int_equal(options.n_words, 4);
	assert_string_equal(options.words[0], "plan");
	assert_string_equal(options.words[1], "--no-such");
	assert_string_equal(options.words[3], "x");
}

static void test_an_option_of_a_verb_before_it(void **state)
{
	const char *const words[] = { "mica", "--only", "prod", "apply", NULL };
	MICA_AUTO(options_clear) struct options options = { 0 };
	struct err err = ERR_INIT;
	struct opt_set later;
	struct opt_set set;

	(void)state;
	verb_options(verb_find("apply"), &later);
	verb_options(NULL, &set);
	set.later = &later;
	assert_int_equal(
	    opt_parse(&set, OPT_UNTIL_WORD, (char *const *)words, &options, &err), -1);
	assert_string_equal(err.text, "option '--only' belongs behind the verb");
}

/* Tables that contradict themselves would make options that cannot be given. */
static void test_tables(void **state)
{
	(void)state;
	for (size_t v = 0; verb_at(v); v++) {
		const struct verb *verb = verb_at(v);
		struct opt_set set;

		verb_options(verb, &set);
		assert_ptr_equal(verb_find(verb->name), verb);
		assert_non_null(opt_find(&set, "help"));
		assert_int_equal(strncmp(verb->example, "mica ", 5), 0);
		assert_true(verb->text[strlen(verb->text) - 1] == '\n');
		for (size_t i = 0; i < set.n; i++) {
			assert_ptr_equal(opt_find(&set, set.items[i]->name), set.items[i]);
			assert_true((set.items[i]->argument == NULL) ==
			            (set.items[i]->kind == OPT_SWITCH));
			assert_true(strlen(set.items[i]->help) > 0);
			assert_null(strpbrk(set.items[i]->help, "\n\"[]"));
			for (size_t k = 0; k < i; k++)
				assert_false(set.items[i]->letter != 0 &&
				             set.items[i]->letter == set.items[k]->letter);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_everything_is_read),
		cmocka_unit_test(test_words_among_options),
		cmocka_unit_test(test_until_the_verb),
		cmocka_unit_test(test_an_option_of_a_verb_before_it),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
