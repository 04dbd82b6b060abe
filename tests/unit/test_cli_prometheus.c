// SPDX-License-Identifier: Apache-2.0
/* The page for Prometheus, byte for byte, of names that an inventory would not take; and the
 * file that it has the last runs from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/prometheus.h"
#include "scratch.h"

static void labels_are_escaped(void **state)
{
	BUF_AUTO text = BUF_INIT;

	(void)state;
	buf_addstr(&text, "m{");
	prometheus_label(&text, "a", "plain \xc3\xa9 {}=,");
	prometheus_label(&text, "b", "a \"quote\", a \\ and a\nline");
	prometheus_label(&text, "c", "");
	assert_string_equal(buf_text(&text),
	    "m{a=\"plain \xc3\xa9 {}=,\",b=\"a \\\"quote\\\", a \\\\ and a\\nline\",c=\"\"");
}

static void a_page_of_nothing_says_so(void **state)
{
	const struct page page = { .now = 1795361134 };
	BUF_AUTO text = BUF_INIT;

	(void)state;
	prometheus_page(&page, &text);
	assert_string_equal(buf_text(&text),
	    "# HELP mica_build_info The mica that wrote this page; always 1.\n"
	    "# TYPE mica_build_info gauge\n"
	    "mica_build_info{version=\"" MICA_VERSION "\"} 1\n"
	    "# HELP mica_page_timestamp_seconds When this page was written.\n"
	    "# TYPE mica_page_timestamp_seconds gauge\n"
	    "mica_page_timestamp_seconds 1795361134\n"
	    "# HELP mica_up Whether inventory and ledger could be read; with 0 the page says "
	    "nothing "
	    "about certificates.\n"
	    "# TYPE mica_up gauge\n"
	    "mica_up 0\n");
}

static void a_metric_without_samples_is_not_named(void **state)
{
	const struct inventory inventory = { .n_cas = 0 };
	const struct status status = { .n = 0 };
	const struct runs runs = { NULL, 0 };
	const struct page page = { .status = &status, .inventory = &inventory, .runs = &runs };
	BUF_AUTO text = BUF_INIT;

	(void)state;
	prometheus_page(&page, &text);
	assert_null(strstr(buf_text(&text), "mica_certificate"));
	assert_null(strstr(buf_text(&text), "mica_last_run"));
	assert_non_null(strstr(buf_text(&text), "\nmica_up 1\n"));
	assert_non_null(strstr(buf_text(&text), "\nmica_changes_pending 0\n"));
}

static void runs_are_kept_by_verb(void **state)
{
	MICA_AUTO(scratch_freep) char *dir = scratch_new();
	MICA_AUTO(runs_clear) struct runs runs = { NULL, 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(runs_note("/nowhere/at/all", "apply", 1, 0, &err), 0);
	assert_int_equal(runs_read(dir, &runs, &err), 0);
	assert_int_equal(runs.n, 0);
	runs_clear(&runs);
	assert_int_equal(runs_note(dir, "apply", 1795361134, 0, &err), 0);
	assert_int_equal(runs_note(dir, "rotate", 1795361135, 5, &err), 0);
	assert_int_equal(runs_note(dir, "apply", 1795361136, 3, &err), 0);
	assert_int_equal(runs_read(dir, &runs, &err), 0);
	assert_int_equal(runs.n, 2);
	assert_string_equal(runs.items[0].verb, "apply");
	assert_int_equal(runs.items[0].at, 1795361136);
	assert_int_equal(runs.items[0].status, 3);
	assert_int_equal(runs.items[0].good, 1795361134);
	assert_string_equal(runs.items[1].verb, "rotate");
	assert_int_equal(runs.items[1].status, 5);
	assert_int_equal(runs.items[1].good, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(a_page_of_nothing_says_so),
		cmocka_unit_test(a_metric_without_samples_is_not_named),
		cmocka_unit_test(runs_are_kept_by_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
