// SPDX-License-Identifier: Apache-2.0
/* base: what turns text into values, and values into text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mica/algorithm.h>
#include <mica/clock.h>
#include <mica/digest.h>
#include <mica/findings.h>
#include <mica/mem.h>
#include <mica/num.h>

static void numbers_are_strict(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "01", "0x1", "1e3",
		"1.0", "11", "99999999999999999999" };
	int64_t value = 7;

	(void)state;
	for (size_t i = 0; i < mem_count(bad); i++)
		assert_int_equal(num_parse(bad[i], 0, 10, &value), -1);
	assert_int_equal(value, 7); /* untouched */
	assert_int_equal(num_parse("0", 0, 10, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(num_parse("10", 0, 10, &value), 0);
	assert_int_equal(value, 10);
	assert_int_equal(num_parse("-3", -5, 10, &value), 0);
	assert_int_equal(value, -3);
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = { { "90d", 7776000 }, { "12h", 43200 }, { "30m", 1800 }, { "45s", 45 },
		{ "0d", 0 } };
	static const char *const bad[] = { "90", "d", "", "1w", "-1d", "1.5h", "1h30m",
		"36501d", "1 d" };
	int64_t seconds = 0;

	(void)state;
	for (size_t i = 0; i < mem_count(good); i++) {
		assert_int_equal(num_parse_duration(good[i].text, &seconds), 0);
		assert_int_equal(seconds, good[i].seconds);
	}
	for (size_t i = 0; i < mem_count(bad); i++)
		assert_int_equal(num_parse_duration(bad[i], &seconds), -1);
}

static void modes_are_octal(void **state)
{
	static const char *const bad[] = { "", "60", "0680", "1600", "00600", "u=rw", "-600" };
	unsigned mode = 0;

	(void)state;
	assert_int_equal(num_parse_mode("0600", &mode), 0);
	assert_int_equal(mode, 0600);
	assert_int_equal(num_parse_mode("440", &mode), 0);
	assert_int_equal(mode, 0440);
	for (size_t i = 0; i < mem_count(bad); i++)
		assert_int_equal(num_parse_mode(bad[i], &mode), -1);
}

static void dates_print_as_they_were_read(void **state)
{
	static const char *const good[] = { "2026-11-22T08:37:00Z", "2000-02-29T23:59:59Z",
		"2050-01-01T00:00:00Z" };
	static const char *const bad[] = { "", "2026-02-30", "2026-1-1", "2026-11-22T08:37:00",
		"2026-11-22T08:37:00+01:00", "2026-11-22 ", "tomorrow",
		"2026-11-22T24:00:00Z" };
	char text[CLOCK_TEXT];
	int64_t when = 0;

	(void)state;
	for (size_t i = 0; i < mem_count(good); i++) {
		assert_int_equal(clock_parse(good[i], &when), 0);
		assert_string_equal(clock_text(when, text), good[i]);
	}
	assert_int_equal(clock_parse("2026-11-22", &when), 0);
	assert_string_equal(clock_text(when, text), "2026-11-22T00:00:00Z");
	assert_string_equal(clock_date(when, text), "2026-11-22");
	for (size_t i = 0; i < mem_count(bad); i++)
		assert_int_equal(clock_parse(bad[i], &when), -1);
}

static void spans_read_well(void **state)
{
	char text[CLOCK_TEXT];

	(void)state;
	assert_string_equal(clock_span(90 * CLOCK_DAY, text), "90 days");
	assert_string_equal(clock_span(CLOCK_DAY + 5, text), "1 day");
	assert_string_equal(clock_span(-7200, text), "2 hours ago");
	assert_string_equal(clock_span(0, text), "now");
}

static void algorithms_have_names(void **state)
{
	enum algorithm algorithm = ALG_EC_P256;

	(void)state;
	assert_int_equal(algorithm_parse("rsa-3072", &algorithm), 0);
	assert_int_equal(algorithm, ALG_RSA_3072);
	assert_int_equal(algorithm_parse("RSA-3072", &algorithm), -1);
	assert_int_equal(algorithm_parse("rsa-1024", &algorithm), -1);
	for (int i = ALG_EC_P256; i <= ALG_RSA_4096; i++) {
		assert_int_equal(
		    algorithm_parse(algorithm_info((enum algorithm)i)->name, &algorithm), 0);
		assert_int_equal(algorithm, i);
	}
}

static void digest_is_sha256(void **state)
{
	/* FIPS 180-4, the example "abc" */
	static const uint8_t abc[DIGEST_LEN] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
		0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96,
		0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad };
	struct digest digest = digest_of("abc", 3);

	(void)state;
	assert_memory_equal(digest.bytes, abc, sizeof(abc));
}

static void errors_can_be_printed_as_they_are(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ERR_REFUSED, "no '%s'", "a\x1b[31m\n"), -1);
	assert_string_equal(err.text, "no 'a\\x1b[31m\\x0a'");
	assert_int_equal(err_hint(&err, "do %d", 1), -1);
	err_prefix(&err, "mica.yaml");
	assert_string_equal(err.text, "mica.yaml: no 'a\\x1b[31m\\x0a'");
	assert_string_equal(err.hint, "do 1");
	assert_int_equal(err.kind, ERR_REFUSED);
	err_errno(&err, 2, "cannot open '%s'", "x");
	assert_string_equal(err.text, "cannot open 'x': No such file or directory");
	assert_string_equal(err.hint, "");
}

static void long_errors_are_cut_not_overrun(void **state)
{
	struct err err = ERR_INIT;
	char many[4000];

	(void)state;
	memset(many, '\n', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	err_set(&err, ERR_FAILED, "%s", many);
	assert_true(strlen(err.text) < sizeof(err.text));
	err_prefix(&err, "%s", many);
	assert_true(strlen(err.text) < sizeof(err.text));
}

static void findings_are_counted_and_sorted(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct mark late = { "mica.yaml", 9, 2 };
	struct mark early = { "mica.yaml", 3, 7 };

	(void)state;
	findings_add(&findings, FINDING_NOTE, "r0", NULL, NULL, "no place");
	findings_add(&findings, FINDING_ERROR, "r1", &late, "mend it", "late");
	findings_add(&findings, FINDING_WARNING, "r2", &early, NULL, "early");
	findings_sort(&findings);
	assert_int_equal(findings.errors, 1);
	assert_int_equal(findings.warnings, 1);
	assert_string_equal(findings.items[0].text, "early");
	assert_string_equal(findings.items[1].text, "late");
	assert_string_equal(findings.items[1].hint, "mend it");
	assert_string_equal(findings.items[2].text, "no place");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(modes_are_octal),
		cmocka_unit_test(dates_print_as_they_were_read),
		cmocka_unit_test(spans_read_well),
		cmocka_unit_test(algorithms_have_names),
		cmocka_unit_test(digest_is_sha256),
		cmocka_unit_test(errors_can_be_printed_as_they_are),
		cmocka_unit_test(long_errors_are_cut_not_overrun),
		cmocka_unit_test(findings_are_counted_and_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
