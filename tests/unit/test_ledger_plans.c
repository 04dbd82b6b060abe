// SPDX-License-Identifier: Apache-2.0
/* ledger: look-ups stay look-ups, however many records there are. Not timed: SQLite's plans are
 * read. */
#include "ledger_fixture.h"

#include <sqlite3.h>

#include "../../src/ledger/ledger_private.h"

/* Whether an index covers all that a statement needs is told by some versions of SQLite only.
 */
static void add_line(struct buf *to, const char *line)
{
	static const char word[] = "COVERING ";
	const char *covering = strstr(line, word);

	if (covering)
		buf_printf(
		    to, "%.*s%s\n", (int)(covering - line), line, covering + sizeof(word) - 1);
	else
		buf_printf(to, "%s\n", line);
}

static void read_plan(sqlite3 *db, const char *statement, struct buf *ret)
{
	MICA_FREE char *text = mem_printf("EXPLAIN QUERY PLAN %s", statement);
	sqlite3_stmt *row = NULL;

	if (sqlite3_prepare_v2(db, text, -1, &row, NULL) != SQLITE_OK)
		fail_msg("%s: %s", statement, sqlite3_errmsg(db));
	while (sqlite3_step(row) == SQLITE_ROW)
		add_line(ret, (const char *)sqlite3_column_text(row, 3));
	sqlite3_finalize(row);
}

static sqlite3 *open_made(const char *dir)
{
	MICA_FREE char *path = mem_printf("%s/ledger.db", dir);
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	sqlite3 *db = NULL;

	issue_one(ledger, "server", RECORD_SERVER, 1);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void test_look_ups(void **state)
{
	static const struct {
		enum statement statement;
		const char *plan;
	} wanted[] = {
		{ SQL_CURRENT,
		    "SEARCH record USING INDEX record_active (entry=? AND kind=?)\n" },
		{ SQL_CURRENT_CRL,
		    "SEARCH record USING INDEX record_active (entry=? AND kind=?)\n" },
		{ SQL_LATEST, "SEARCH record USING INDEX record_leaf (entry=?)\n" },
		{ SQL_IN_STATE, "SEARCH record USING INDEX record_state (state=?)\n" },
		{ SQL_STATE, "SEARCH record USING INTEGER PRIMARY KEY (rowid=?)\n" },
		{ SQL_RECORD, "SEARCH record USING INTEGER PRIMARY KEY (rowid=?)\n" },
		{ SQL_BY_SERIAL, "SEARCH record USING INDEX sqlite_autoindex_record_1 (ca=? "
		                 "AND serial=?)\n" },
		{ SQL_PENDING, "SEARCH record USING INDEX record_intended (entry=? "
		               "AND kind=?)\n" },
		{ SQL_ACTIVE,
		    "SEARCH record USING INDEX record_active (entry=? AND kind=?)\n" },
		{ SQL_NEXT_CA, "SEARCH record USING INDEX sqlite_autoindex_record_1 "
		               "(ca>?)\n" },
		{ SQL_REVOCATIONS, "SEARCH record USING INDEX record_revoked (ca=?)\n"
		                   "SEARCH event USING INDEX event_revoked (record=?)\n" },
		{ SQL_REVOCATION, "SEARCH event USING INDEX event_revoked (record=?)\n"
		                  "SEARCH record USING INTEGER PRIMARY KEY (rowid=?)\n" },
		{ SQL_OUTDATED_CRL,
		    "SEARCH record USING INDEX record_active (entry=? AND kind=?)\n" },
		{ SQL_OUTDATED, "SEARCH record USING INDEX record_active (entry=? AND kind=? "
		                "AND rowid<?)\n" },
		{ SQL_DELIVERY,
		    "SEARCH delivery USING PRIMARY KEY (deployment=? AND entry=?)\n" },
		{ SQL_OUTLET, "SEARCH outlet USING PRIMARY KEY (deployment=? AND file=?)\n" },
		{ SQL_META, "SEARCH meta USING PRIMARY KEY (name=?)\n" },
		{ SQL_INTENT, "SEARCH record USING INTEGER PRIMARY KEY (rowid=?)\n" },
		{ SQL_CERTIFICATE, "SEARCH record USING INTEGER PRIMARY KEY (rowid=?)\n" },
		{ SQL_COUNT_REVOKED, "SCAN event USING INDEX event_revoked\n" },
		{ SQL_LAST_RECORD, "SEARCH record\n" },
		{ SQL_EVENT_HASH, "SEARCH event USING INTEGER PRIMARY KEY (rowid=?)\n" },
	};
	SCRATCH_AUTO dir = scratch_new();
	sqlite3 *db = open_made(dir);

	(void)state;
	for (size_t i = 0; i < mem_count(wanted); i++) {
		BUF_AUTO plan = BUF_INIT;

		read_plan(db, statement_text(wanted[i].statement), &plan);
		if (strncmp(buf_text(&plan), wanted[i].plan, strlen(wanted[i].plan)) != 0)
			fail_msg(
			    "%s:\n%s", statement_text(wanted[i].statement), buf_text(&plan));
	}
	sqlite3_close(db);
}

/* No statement sorts, and none but the walks over everything scans a table. */
static void test_nothing_else_scans(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	sqlite3 *db = open_made(dir);

	(void)state;
	for (size_t i = 0; i < STATEMENTS; i++) {
		bool walk = i == SQL_ALL_EVENTS || i == SQL_ALL_RECORDS ||
		            i == SQL_ALL_NUMBERS || i == SQL_LAST_EVENT ||
		            i == SQL_COUNT_RECORDS || i == SQL_COUNT_REVOKED;
		BUF_AUTO plan = BUF_INIT;

		assert_non_null(statement_text(i));
		read_plan(db, statement_text(i), &plan);
		if (strstr(buf_text(&plan), "TEMP B-TREE") ||
		    strstr(buf_text(&plan), "MULTI-INDEX"))
			fail_msg("%s:\n%s", statement_text(i), buf_text(&plan));
		if (!walk && strstr(buf_text(&plan), "SCAN "))
			fail_msg("%s:\n%s", statement_text(i), buf_text(&plan));
	}
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_ups),
		cmocka_unit_test(test_nothing_else_scans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
