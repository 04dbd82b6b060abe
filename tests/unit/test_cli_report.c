// SPDX-License-Identifier: Apache-2.0
/* What is said on stderr, byte for byte, and what the exit status is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mica/mem.h>

#include "../../src/cli/json.h"
#include "../../src/cli/report.h"
#include "../../src/cli/table.h"

struct said {
	struct report report;
	char *text;
	size_t len;
};

static void begin(struct said *said, enum report_volume volume)
{
	*said = (struct said){ .report = { .volume = volume } };
	said->report.to = open_memstream(&said->text, &said->len);
	assert_non_null(said->report.to);
}

static void end(struct said *said, const char *expected)
{
	fclose(said->report.to);
	assert_string_equal(said->text, expected);
	free(said->text);
	report_clear(&said->report);
}

static void add_some(struct findings *findings)
{
	findings_add(findings, FINDING_ERROR, "unknown-key",
	    &(struct mark){ "mica.yaml", 12, 9 }, "did you mean 'days'?", "unknown key '%s'",
	    "dayz");
	findings_add(findings, FINDING_WARNING, "cut", NULL, NULL, "ends with its CA");
	findings_add(findings, FINDING_NOTE, "left", &(struct mark){ "server", 0, 0 }, NULL,
	    "left alone");
	findings_add(
	    findings, FINDING_ERROR, "line", &(struct mark){ "a.yaml", 3, 0 }, NULL, "odd");
}

static void test_findings(void **state)
{
	struct said said;

	(void)state;
	begin(&said, REPORT_NORMAL);
	add_some(&said.report.findings);
	report_findings(&said.report);
	report_findings(&said.report); /* each is printed once */
	end(&said, "mica.yaml:12:9: error: unknown key 'dayz'\n"
	           "  hint: did you mean 'days'?\n"
	           "warning: ends with its CA\n"
	           "server: note: left alone\n"
	           "a.yaml:3: error: odd\n");
}

static void test_volume(void **state)
{
	struct said said;

	(void)state;
	begin(&said, REPORT_QUIET);
	findings_add(&said.report.findings, FINDING_NOTE, "a", NULL, NULL, "a note");
	findings_add(&said.report.findings, FINDING_WARNING, "b", NULL, NULL, "a warning");
	report_talk(&said.report, "talk");
	report_findings(&said.report);
	end(&said, "warning: a warning\n");

	begin(&said, REPORT_NORMAL);
	report_talk(&said.report, "token '%s'", "a\x1b[31mb");
	report_detail(&said.report, "detail");
	end(&said, "token 'a?[31mb'\n");

	begin(&said, REPORT_VERBOSE);
	findings_add(&said.report.findings, FINDING_NOTE, "a-rule", NULL, NULL, "a note");
	report_findings(&said.report);
	report_detail(&said.report, "detail");
	end(&said, "note: a note [a-rule]\ndetail\n");
}

static void test_errors(void **state)
{
	struct err err = ERR_INIT;
	struct said said;

	(void)state;
	begin(&said, REPORT_QUIET);
	findings_add(&said.report.findings, FINDING_ERROR, "a", NULL, NULL, "first");
	err_set(&err, ERR_REFUSED, "'%s' is not allowed", "x");
	err_hint(&err, "do y");
	assert_int_equal(report_err(&said.report, &err), EXIT_REFUSED);
	end(&said, "error: first\nmica: 'x' is not allowed\nhint: do y\n");
}

static void test_exit_status(void **state)
{
	static const struct {
		enum err_kind kind;
		int status;
	} cases[] = {
		{ ERR_NONE, 0 },
		{ ERR_FAILED, 1 },
		{ ERR_USAGE, 2 },
		{ ERR_REFUSED, 3 },
		{ ERR_UNSERVED, 5 },
		{ ERR_NOT_FOUND, 1 },
		{ ERR_EXISTS, 1 },
		{ ERR_AMBIGUOUS, 1 },
		{ ERR_BUSY, 1 },
		{ ERR_TIMEOUT, 1 },
		{ ERR_LOST, 1 },
		{ ERR_PIN, 1 },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++)
		assert_int_equal(exit_status_of(cases[i].kind), cases[i].status);
	for (int i = 0; i < EXIT_COUNT; i++)
		assert_non_null(exit_status_text((enum exit_status)i));
}

static void test_a_full_disk_is_told(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	FILE *fine = fopen("/dev/null", "w");
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(full);
	assert_non_null(fine);
	fputs("result\n", fine);
	assert_int_equal(report_flush(fine, &err), 0);
	fputs("result\n", full);
	assert_int_equal(report_flush(full, &err), -1);
	assert_string_equal(err.text,
	    "the result could not be written to standard output: No space left on device");
	fclose(fine);
	fclose(full);
}

static void test_a_table_in_a_pipe_is_whole(void **state)
{
	static const struct table_column columns[] = { { "A", TABLE_WHOLE },
		{ "LONG", TABLE_WRAP } };
	static const char *const first[] = { "one", NULL };
	MICA_AUTO(table_freep) struct table *table = table_new(TABLE_HEADED, columns, 2);
	MICA_FREE char *text = NULL;
	char wide[301] = "";
	const char *const second[] = { "two", wide };
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	memset(wide, 'x', sizeof(wide) - 1);
	table_row(table, first);
	table_row(table, second);
	table_print(table, to);
	fclose(to);
	assert_non_null(strstr(text, wide));
	assert_int_equal(strncmp(text, "A    LONG\none  -\n", 15), 0);
}

static void test_json(void **state)
{
	struct findings findings = FINDINGS_INIT;
	json_t *document = json_object();
	MICA_FREE char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	json_set_text(document, "zebra", "first stays first");
	json_set_time(document, "at", 1795336620);
	json_set_time(document, "never", 0);
	json_set_hex(document, "serial", "\x01\xab", 2);
	json_set_count(document, "n", 3);
	json_set_text(document, "bytes", "caf\xe9");
	findings_add(&findings, FINDING_NOTE, "r", &(struct mark){ "f", 1, 2 }, NULL, "t");
	json_set(document, "findings", json_of_findings(&findings));
	findings_clear(&findings);
	json_print(to, document);
	fclose(to);
	assert_string_equal(text, "{\n"
	                          "  \"zebra\": \"first stays first\",\n"
	                          "  \"at\": \"2026-11-22T08:37:00Z\",\n"
	                          "  \"never\": null,\n"
	                          "  \"serial\": \"01ab\",\n"
	                          "  \"n\": 3,\n"
	                          "  \"bytes\": \"caf?\",\n"
	                          "  \"findings\": [\n"
	                          "    {\n"
	                          "      \"level\": \"note\",\n"
	                          "      \"rule\": \"r\",\n"
	                          "      \"file\": \"f\",\n"
	                          "      \"line\": 1,\n"
	                          "      \"column\": 2,\n"
	                          "      \"text\": \"t\",\n"
	                          "      \"hint\": null\n"
	                          "    }\n"
	                          "  ]\n"
	                          "}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_volume),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_a_full_disk_is_told),
		cmocka_unit_test(test_a_table_in_a_pipe_is_whole),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
