// SPDX-License-Identifier: Apache-2.0
/* ledger: what an audit reads in spite of, and how a restore is accepted. */
#include "ledger_fixture.h"

#include <sqlite3.h>

static void make_ledger(const char *dir, int64_t now)
{
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, now);

	issue_one(ledger, "server", RECORD_SERVER, 1);
}

static void write_host(const char *dir, const char *text)
{
	MICA_FREE char *path = mem_printf("%s/host", dir);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void run_sql(const char *dir, const char *text)
{
	MICA_FREE char *path = mem_printf("%s/ledger.db", dir);
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void refused(const char *dir, enum ledger_mode mode, int64_t now, const char *words)
{
	LEDGER_AUTO ledger = NULL;
	struct err err = ERR_INIT;

	fails(ledger_open(dir, mode, now, &ledger, &err), ERR_REFUSED, words);
}

static bool has(const struct findings *findings, const char *rule, const char *words)
{
	for (size_t i = 0; i < findings->n; i++) {
		if (strcmp(findings->items[i].rule, rule) == 0 &&
		    strstr(findings->items[i].text, words))
			return true;
	}
	return false;
}

/* --- audit --- */

static void test_an_audit_reads_in_spite_of(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	FINDINGS_AUTO found = FINDINGS_INIT;
	BUF_AUTO before = BUF_INIT;
	BUF_AUTO after = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	make_ledger(dir, NOW);
	write_host(dir, "name elsewhere\n");
	run_sql(dir, "UPDATE event SET at = at + 5 WHERE seq = 2");
	scratch_list(dir, "", &before);
	refused(dir, LEDGER_READ, NOW - 9, "belongs to another host");
	ledger = open_ledger(dir, LEDGER_AUDIT, NOW - 9);
	ok(ledger_audit(ledger, &found, &err));
	assert_true(has(&found, "ledger-host", "belongs to another host"));
	assert_true(has(&found, "ledger-head", "does not fit the one before"));
	assert_true(has(&found, "ledger-clock", "the clock went backwards"));
	assert_true(has(&found, "ledger-event", "event 2 of the ledger does not fit"));
	assert_int_equal(found.errors, 4);
	ledger_close(ledger);
	ledger = NULL;
	scratch_list(dir, "", &after);
	assert_string_equal(buf_text(&before), buf_text(&after));
}

static void test_a_good_ledger_has_no_findings(void **state)
{
	static const enum ledger_mode modes[] = { LEDGER_READ, LEDGER_WRITE, LEDGER_ACCEPT,
		LEDGER_AUDIT };
	SCRATCH_AUTO dir = scratch_new();
	struct err err = ERR_INIT;

	(void)state;
	make_ledger(dir, NOW);
	for (size_t i = 0; i < mem_count(modes); i++) {
		LEDGER_AUTO ledger = open_ledger(dir, modes[i], NOW);
		FINDINGS_AUTO found = FINDINGS_INIT;

		ok(ledger_audit(ledger, &found, &err));
		assert_int_equal(found.n, 0);
	}
}

static void test_no_ledger_is_no_ledger(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_open(dir, LEDGER_AUDIT, NOW, &ledger, &err), ERR_NOT_FOUND,
	    "there is no ledger '");
	write_host(dir, "name elsewhere\n");
	refused(dir, LEDGER_AUDIT, NOW, "' is gone, but 'host' is still there");
	refused(dir, LEDGER_ACCEPT, NOW, "' is gone, but 'host' is still there");
}

/* --- accept --- */

static void test_another_host_is_taken_over(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	FINDINGS_AUTO told = FINDINGS_INIT;
	LEDGER_AUTO ledger = NULL;

	(void)state;
	make_ledger(dir, NOW);
	write_host(dir, "name elsewhere\n");
	refused(dir, LEDGER_WRITE, NOW, "belongs to another host");
	ledger = open_ledger(dir, LEDGER_ACCEPT, NOW);
	ledger_told(ledger, &told);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.warnings, 1);
	assert_true(has(&told, "ledger-host", "belongs to another host"));
	issue_one(ledger, "ingest", RECORD_CLIENT, 2);
	ledger_close(ledger);
	ledger = open_ledger(dir, LEDGER_WRITE, NOW);
}

/* What is wrong beyond host and clock is refused, and nothing was taken over. */
static void test_a_changed_ledger_is_not_accepted(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	make_ledger(dir, NOW);
	write_host(dir, "name elsewhere\n");
	run_sql(dir, "UPDATE event SET at = at + 5 WHERE seq = 2");
	refused(dir, LEDGER_ACCEPT, NOW + 9, "was changed by something other than mica");
	refused(dir, LEDGER_WRITE, NOW + 9, "belongs to another host");
}

static int64_t last_event(const char *dir)
{
	MICA_FREE char *path = mem_printf("%s/ledger.db", dir);
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;
	int64_t at;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, "SELECT max(at) FROM event", -1, &row, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	at = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(db);
	return at;
}

/* The ledger was once written ten years ahead. */
static void test_a_clock_that_was_far_ahead(void **state)
{
	enum { AHEAD = NOW + 10 * 365 * 86400 };
	SCRATCH_AUTO dir = scratch_new();
	FINDINGS_AUTO told = FINDINGS_INIT;
	LEDGER_AUTO ledger = NULL;
	struct revocation revocation = { .at = 0 };
	struct err err = ERR_INIT;
	int64_t seq;

	(void)state;
	make_ledger(dir, AHEAD);
	refused(dir, LEDGER_WRITE, NOW, "the clock went backwards");
	refused(dir, LEDGER_READ, NOW, "the clock went backwards");
	ledger = open_ledger(dir, LEDGER_ACCEPT, NOW);
	ledger_told(ledger, &told);
	assert_true(has(&told, "ledger-clock", "the clock went backwards: it says 2027-01-15"));
	ledger_close(ledger);
	/* the clock that was accepted may not go backwards */
	refused(dir, LEDGER_WRITE, NOW - 1,
	    "it says 2027-01-15T07:59:59Z, the ledger was written at 2027-01-15T08:00:00Z");
	ledger = open_ledger(dir, LEDGER_WRITE, NOW + 100);
	seq = issue_one(ledger, "ingest", RECORD_CLIENT, 2);
	ok(ledger_revoke(ledger, &seq, 1, REVOKED_CESSATION, &err));
	ok(ledger_revocation(ledger, seq, &revocation, &err));
	assert_int_equal(revocation.at, NOW + 100); /* not of the chain's time */
	ok(ledger_verify(ledger, &err));
	ledger_close(ledger);
	ledger = NULL;
	assert_int_equal(last_event(dir), AHEAD);
	refused(dir, LEDGER_WRITE, NOW + 99, "the clock went backwards");
	refused(dir, LEDGER_READ, NOW + 99, "the clock went backwards");
	/* the time has come at last: all is as ever */
	ledger = open_ledger(dir, LEDGER_WRITE, AHEAD + 7);
	issue_one(ledger, "late", RECORD_CLIENT, 3);
	ledger_close(ledger);
	ledger = NULL;
	assert_int_equal(last_event(dir), AHEAD + 7);
	refused(dir, LEDGER_WRITE, AHEAD + 6, "the clock went backwards");
	refused(dir, LEDGER_WRITE, NOW + 200, "the clock went backwards");
	ledger = open_ledger(dir, LEDGER_READ, AHEAD + 7);
	ok(ledger_verify(ledger, &err));
}

/* Accepting makes a ledger where there is none, as writing does, and leaves none behind. */
static void test_nothing_to_accept(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *dir = mem_printf("%s/state", scratch);
	BUF_AUTO found = BUF_INIT;

	(void)state;
	ledger_close(open_ledger(dir, LEDGER_ACCEPT, NOW));
	scratch_list(scratch, "", &found);
	assert_string_equal(buf_text(&found), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_audit_reads_in_spite_of),
		cmocka_unit_test(test_a_good_ledger_has_no_findings),
		cmocka_unit_test(test_no_ledger_is_no_ledger),
		cmocka_unit_test(test_another_host_is_taken_over),
		cmocka_unit_test(test_a_changed_ledger_is_not_accepted),
		cmocka_unit_test(test_a_clock_that_was_far_ahead),
		cmocka_unit_test(test_nothing_to_accept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
