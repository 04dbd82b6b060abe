// SPDX-License-Identifier: Apache-2.0
/* ledger: whatever is changed behind its back, ledger_verify() finds it and says where. */
#include "ledger_fixture.h"

#include <sqlite3.h>

/* Five records, eleven events. */
static void make_ledger(const char *dir)
{
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct err err = ERR_INIT;
	int64_t seq;

	issue_one(ledger, "g1", RECORD_CA, 1);
	seq = issue_one(ledger, "server", RECORD_SERVER, 2);
	deliver_one(ledger, "prod", "server", seq);
	seq = issue_one(ledger, "ingest", RECORD_CLIENT, 3);
	ok(ledger_revoke(ledger, &seq, 1, REVOKED_KEY_COMPROMISE, &err));
	intend_one(ledger, "server", RECORD_CA, 4);
	issue_one(ledger, "server", RECORD_SERVER, 5);
}

static void run_sql(const char *dir, const char *text)
{
	MICA_FREE char *path = mem_printf("%s/ledger.db", dir);
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	assert_true(sqlite3_total_changes(db) > 0);
	sqlite3_close(db);
}

struct change {
	const char *sql;
	const char *words;
};

static void test_untouched(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	struct err err = ERR_INIT;

	(void)state;
	make_ledger(dir);
	ledger = open_ledger(dir, LEDGER_READ, NOW);
	ok(ledger_verify(ledger, &err));
	ledger_close(ledger);
	ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	ok(ledger_verify(ledger, &err));
}

static bool told(const struct findings *found, const char *words)
{
	for (size_t i = 0; i < found->n; i++) {
		if (strstr(found->items[i].text, words))
			return true;
	}
	return false;
}

/* One change is told once, or by what it touches; not again by every event after it. */
static void audit(struct ledger *ledger, const struct change *change)
{
	FINDINGS_AUTO found = FINDINGS_INIT;
	struct err err = ERR_INIT;

	ok(ledger_audit(ledger, &found, &err));
	if (!told(&found, change->words))
		fail_msg("not told: %s", change->sql);
	if (found.n > 6)
		fail_msg("%zu findings for %s", found.n, change->sql);
	assert_int_equal(found.n, found.errors);
}

static void test_changes_are_found(void **state)
{
	static const struct change changes[] = {
		{ "UPDATE record SET entry = 'other' WHERE seq = 2",
		    "record 2 of the ledger ('other') does not fit: its fields are not those" },
		{ "UPDATE record SET kind = 'client' WHERE seq = 2", "record 2 of the ledger" },
		{ "UPDATE record SET ca = 'g2' WHERE seq = 2", "record 2 of the ledger" },
		{ "UPDATE record SET serial = zeroblob(20) WHERE seq = 2",
		    "record 2 of the ledger" },
		{ "UPDATE record SET tbs_sha256 = zeroblob(32) WHERE seq = 2",
		    "record 2 of the ledger" },
		{ "UPDATE record SET definition = zeroblob(32) WHERE seq = 2",
		    "record 2 of the ledger" },
		{ "UPDATE record SET key_sha256 = zeroblob(32) WHERE seq = 2",
		    "record 2 of the ledger" },
		{ "UPDATE record SET created = created - 1 WHERE seq = 2",
		    "record 2 of the ledger" },
		{ "UPDATE record SET not_before = 0 WHERE seq = 2", "record 2 of the ledger" },
		{ "UPDATE record SET not_after = not_after + 1 WHERE seq = 2",
		    "record 2 of the ledger" },
		{ "UPDATE record SET state = 'issued' WHERE seq = 3",
		    "record 3 of the ledger does not fit: its state is not that of its last "
		    "event" },
		{ "UPDATE record SET state = 'superseded' WHERE seq = 2",
		    "record 2 of the ledger" },
		{ "UPDATE tbs SET bytes = x'00' WHERE record = 2",
		    "record 2 of the ledger ('server') does not fit: its TBS bytes" },
		{ "DELETE FROM tbs WHERE record = 4",
		    "record 4 of the ledger ('server') does not fit: its TBS" },
		{ "UPDATE certificate SET bytes = x'00' WHERE record = 2",
		    "record 2 of the ledger ('server') does not fit: its certificate" },
		{ "DELETE FROM certificate WHERE record = 3",
		    "record 3 of the ledger ('ingest') does not fit: its certificate" },
		{ "INSERT INTO certificate VALUES (4, x'00')",
		    "record 4 of the ledger does not fit: it has a certificate" },
		{ "DELETE FROM record WHERE seq = 4", "record 4 of the ledger is missing" },
		{ "INSERT INTO record SELECT 6, entry, kind, 'g3', serial, state, tbs_sha256, "
		  "definition,"
		  " key_sha256, created, not_before, not_after FROM record WHERE seq = 5",
		    "record 6 of the ledger was never intended by an event" },
		{ "UPDATE event SET state = 'served' WHERE seq = 5",
		    "event 5 of the ledger does not fit: its hash is another" },
		{ "UPDATE event SET at = at + 1 WHERE seq = 1", "event 1 of the ledger" },
		{ "UPDATE event SET record = 1 WHERE seq = 5", "event 5 of the ledger" },
		{ "UPDATE event SET detail = zeroblob(32) WHERE seq = 4",
		    "event 4 of the ledger" },
		{ "UPDATE event SET hash = zeroblob(32) WHERE seq = 4",
		    "event 4 of the ledger" },
		{ "DELETE FROM event WHERE seq = 4",
		    "event 4 of the ledger does not fit: it is missing" },
		{ "DELETE FROM event WHERE seq = 1",
		    "event 1 of the ledger does not fit: it is missing" },
		{ "UPDATE event SET seq = 0 WHERE seq = 1", "event 1 of the ledger" },
		{ "UPDATE event SET note = 'superseded 2027-01-15T08:00:00Z' WHERE state = "
		  "'revoked'",
		    "event 8 of the ledger does not fit: its note is not the one that was "
		    "recorded" },
		{ "UPDATE event SET note = '' WHERE state = 'revoked'",
		    "event 8 of the ledger does not fit: it has a detail" },
		/* an index that does not show every row: ledger_current() would not see the
		   record */
		{ "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
		  " replace(sql, 'served', 'severed') WHERE name = 'record_active'; UPDATE "
		  "sqlite_schema SET sql ="
		  " replace(sql, 'delivered', 'livered') WHERE name = 'record_active'",
		    "is damaged: its tables or indexes are not as mica made them" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(changes); i++) {
		SCRATCH_AUTO dir = scratch_new();
		LEDGER_AUTO ledger = NULL;
		struct err err = ERR_INIT;

		make_ledger(dir);
		run_sql(dir, changes[i].sql);
		ok(ledger_open(dir, LEDGER_READ, NOW, &ledger, &err));
		if (ledger_verify(ledger, &err) == 0)
			fail_msg("not found: %s", changes[i].sql);
		if (!strstr(err.text, changes[i].words))
			fail_msg("%s: '%s'", changes[i].sql, err.text);
		assert_int_equal(err.kind, ERR_FAILED);
		audit(ledger, &changes[i]);
	}
}

static size_t count_rule(const struct findings *found, const char *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < found->n; i++)
		n += strcmp(found->items[i].rule, rule) == 0;
	return n;
}

/* Every event from one on is another: the first is told, and how many follow it; what is wrong
 * with a record is told all the same. */
static void test_what_follows_from_a_break_is_counted(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	FINDINGS_AUTO found = FINDINGS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	make_ledger(dir);
	run_sql(dir, "UPDATE event SET at = at - seq WHERE seq >= 3;"
	             "UPDATE tbs SET bytes = x'00' WHERE record = 4");
	ledger = open_ledger(dir, LEDGER_AUDIT, NOW);
	ok(ledger_audit(ledger, &found, &err));
	assert_true(told(&found, "event 3 of the ledger does not fit: its hash is another"));
	assert_true(told(&found, "event 3 of the ledger does not fit: it is older"));
	assert_false(told(&found, "event 4 of the ledger"));
	assert_true(told(&found, "do not fit either: its hash is another"));
	assert_true(told(&found, "do not fit either: it is older than the one before"));
	assert_int_equal(count_rule(&found, "ledger-event"), 4);
	assert_true(
	    told(&found, "record 4 of the ledger ('server') does not fit: its TBS bytes"));
}

/* Several changes: each is told. */
static void test_an_audit_goes_on(void **state)
{
	static const char *const wanted[] = {
		"event 2 of the ledger does not fit: it is missing",
		"event 5 of the ledger does not fit: its hash is another",
		"event 8 of the ledger does not fit: its note is not",
		"record 1 of the ledger ('g1') does not fit: its TBS bytes",
		"record 4 of the ledger ('other') does not fit: its fields",
		"record 5 of the ledger does not fit: its state is not that of its last event",
		"record 9 of the ledger was never intended by an event",
		"the head of its hash chain is missing",
	};
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	FINDINGS_AUTO found = FINDINGS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	make_ledger(dir);
	run_sql(dir,
	    "DELETE FROM event WHERE seq = 2; UPDATE event SET at = at + 1 WHERE seq = 5;"
	    "UPDATE event SET note = 'superseded 2027-01-15T08:00:00Z' WHERE seq = 8;"
	    "UPDATE tbs SET bytes = x'00' WHERE record = 1;"
	    "UPDATE record SET entry = 'other' WHERE seq = 4;"
	    "UPDATE record SET state = 'served' WHERE seq = 5;"
	    "DELETE FROM meta WHERE name = '.head';"
	    "INSERT INTO record SELECT 9, entry, kind, 'g3', serial, state, tbs_sha256,"
	    " definition, key_sha256, created, not_before, not_after FROM record WHERE seq = "
	    "5");
	ledger = open_ledger(dir, LEDGER_AUDIT, NOW);
	ok(ledger_audit(ledger, &found, &err));
	for (size_t i = 0; i < mem_count(wanted); i++) {
		if (!told(&found, wanted[i]))
			fail_msg("not told: %s", wanted[i]);
	}
	assert_true(found.n <= mem_count(wanted) + 3);
}

/* A ledger of which nothing fits does not tell of a million things. */
static void test_an_audit_comes_to_an_end(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	FINDINGS_AUTO found = FINDINGS_INIT;
	struct record records[500] = { { .seq = 0 } };
	struct err err = ERR_INIT;

	(void)state;
	ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	for (unsigned i = 0; i < 500; i++) {
		MICA_FREE char *entry = mem_printf("entry-%u", i);

		records[i] = make_record(entry, RECORD_CLIENT, i);
	}
	ok(ledger_intend(ledger, records, 500, &err));
	for (unsigned i = 0; i < 500; i++)
		record_clear(&records[i]);
	ledger_close(ledger);
	run_sql(dir, "UPDATE record SET definition = zeroblob(32)");
	ledger = open_ledger(dir, LEDGER_AUDIT, NOW);
	ok(ledger_audit(ledger, &found, &err));
	assert_int_equal(found.n, 301);
	assert_true(told(&found, "and 200 more events and records do not fit"));
}

/* --- another program, that knows only ledger.h, comes to the same hashes ---------------- */

static void add_field(struct buf *to, const void *bytes, size_t len)
{
	unsigned char length[4] = { 0, 0, (unsigned char)(len >> 8), (unsigned char)len };

	buf_add(to, length, 4);
	buf_add(to, bytes, len);
}

static void add_column(struct buf *to, sqlite3_stmt *row, int column)
{
	if (sqlite3_column_type(row, column) == SQLITE_INTEGER) {
		uint64_t number = (uint64_t)sqlite3_column_int64(row, column);
		unsigned char bytes[8];

		for (int i = 7; i >= 0; i--, number >>= 8)
			bytes[i] = (unsigned char)number;
		add_field(to, bytes, 8);
	} else {
		add_field(to, sqlite3_column_blob(row, column),
		    (size_t)sqlite3_column_bytes(row, column));
	}
}

static struct digest digest_of_row(
    sqlite3 *db, const char *sql, int64_t seq, const struct digest *before)
{
	BUF_AUTO bytes = BUF_INIT;
	sqlite3_stmt *row = NULL;

	if (before)
		buf_add(&bytes, before->bytes, sizeof(before->bytes));
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
	sqlite3_bind_int64(row, 1, seq);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	for (int i = 0; i < sqlite3_column_count(row); i++)
		add_column(&bytes, row, i);
	sqlite3_finalize(row);
	return digest_of(bytes.data, bytes.len);
}

static void expect_blob(sqlite3 *db, const char *sql, int64_t seq, const struct digest *digest)
{
	sqlite3_stmt *row = NULL;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
	sqlite3_bind_int64(row, 1, seq);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	assert_memory_equal(sqlite3_column_blob(row, 0), digest->bytes, 32);
	sqlite3_finalize(row);
}

static void test_the_chain_as_the_header_says(void **state)
{
	static const char record[] =
	    "SELECT seq, entry, kind, ca, serial, tbs_sha256, definition,"
	    " key_sha256, created, not_before, not_after FROM record WHERE seq = ?";
	static const char event[] =
	    "SELECT seq, record, at, state, detail FROM event WHERE seq = ?";
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *path = mem_printf("%s/ledger.db", dir);
	struct digest hash = digest_of("mica ledger 1", 13);
	struct digest detail;
	sqlite3 *db = NULL;

	(void)state;
	make_ledger(dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (int64_t seq = 1; seq <= 11; seq++) {
		hash = digest_of_row(db, event, seq, &hash);
		expect_blob(db, "SELECT hash FROM event WHERE seq = ?", seq, &hash);
	}
	for (int64_t seq = 1; seq <= 5; seq++) {
		detail = digest_of_row(db, record, seq, NULL);
		expect_blob(db,
		    "SELECT detail FROM event WHERE record = ? AND state = 'intended'", seq,
		    &detail);
	}
	expect_blob(
	    db, "SELECT substr(value, 9) FROM meta WHERE name = '.head' AND ? = 0", 0, &hash);
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_changes_are_found),
		cmocka_unit_test(test_an_audit_goes_on),
		cmocka_unit_test(test_what_follows_from_a_break_is_counted),
		cmocka_unit_test(test_an_audit_comes_to_an_end),
		cmocka_unit_test(test_the_chain_as_the_header_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
