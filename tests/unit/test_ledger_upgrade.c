// SPDX-License-Identifier: Apache-2.0
/* ledger: one that an older program wrote is read, and brought up to date, or left as it is. */
#include "ledger_fixture.h"

#include <sys/mount.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "stepper.h"

enum { LATER = NOW + 2 * 86400, RECORDS = 11, EVENTS = 26 };

static char *in(const char *dir, const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

static sqlite3 *open_db(const char *dir)
{
	MICA_FREE char *path = in(dir, "ledger.db");
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void run_sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
}

static void read_whole(const char *path, struct buf *ret)
{
	FILE *file = fopen(path, "re");
	char part[4096];
	size_t len;

	assert_non_null(file);
	while ((len = fread(part, 1, sizeof(part), file)) > 0)
		buf_add(ret, part, len);
	assert_int_equal(fclose(file), 0);
}

/* The ledger of schema version 1, at rest. */
static void make_old(const char *dir)
{
	MICA_FREE char *path = in(dir, "ledger.db");
	BUF_AUTO text = BUF_INIT;
	sqlite3 *db = open_db(dir);

	read_whole(TEST_DATA_DIR "/ledger-1.sql", &text);
	run_sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
	run_sql(db, buf_text(&text));
	sqlite3_close(db);
	assert_int_equal(chmod(path, 0600), 0);
}

static void add_rows(sqlite3 *db, const char *sql, struct buf *ret)
{
	sqlite3_stmt *row = NULL;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(row); i++) {
			buf_addhex(ret, sqlite3_column_blob(row, i),
			    (size_t)sqlite3_column_bytes(row, i));
			buf_addstr(ret, i + 1 < sqlite3_column_count(row) ? "|" : "\n");
		}
	}
	sqlite3_finalize(row);
}

/* Everything that version 1 knows. */
static void contents(sqlite3 *db, struct buf *ret)
{
	static const char *const tables[] = {
		"SELECT seq, entry, kind, ca, serial, state, tbs_sha256, definition, "
		"key_sha256, created, not_before, not_after FROM record ORDER BY seq",
		"SELECT record, bytes FROM tbs ORDER BY record",
		"SELECT record, bytes FROM certificate ORDER BY record",
		"SELECT seq, record, at, state, detail, hash FROM event ORDER BY seq",
		"SELECT deployment, entry, record, generation, key_file, ca_file, at FROM "
		"delivery ORDER BY deployment, entry",
		"SELECT deployment, file, digest, at FROM outlet ORDER BY deployment, file",
		"SELECT name, value FROM meta ORDER BY name",
	};

	for (size_t i = 0; i < mem_count(tables); i++)
		add_rows(db, tables[i], ret);
}

static void contents_in(const char *dir, struct buf *ret)
{
	sqlite3 *db = open_db(dir);

	contents(db, ret);
	sqlite3_close(db);
}

static int version_of(const char *dir)
{
	sqlite3 *db = open_db(dir);
	BUF_AUTO text = BUF_INIT;

	add_rows(db, "SELECT user_version FROM pragma_user_version", &text);
	sqlite3_close(db);
	return buf_text(&text)[1] - '0'; /* "32\n": the digit in hexadecimal */
}

static void expect_no_copy(const char *dir)
{
	BUF_AUTO found = BUF_INIT;

	scratch_list(dir, "", &found);
	if (strstr(buf_text(&found), "..ledger") || strstr(buf_text(&found), "-wal") ||
	    strstr(buf_text(&found), "-journal") || strstr(buf_text(&found), "-shm"))
		fail_msg("%s", buf_text(&found));
}

/* --- what an upgrade keeps --- */

static void test_everything_survives(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	BUF_AUTO before = BUF_INIT;
	BUF_AUTO after = BUF_INIT;
	struct anchor old = { 0 };
	struct stat st;
	MICA_FREE char *path = in(dir, "ledger.db");
	struct err err = ERR_INIT;

	(void)state;
	make_old(dir);
	assert_int_equal(version_of(dir), 1);
	contents_in(dir, &before);
	ledger = open_ledger(dir, LEDGER_WRITE, LATER);
	assert_int_equal(ledger_upgraded_from(ledger), 1);
	assert_int_equal(ledger_schema(), 2);
	ledger_close(mem_give(ledger));
	assert_int_equal(version_of(dir), 2);
	contents_in(dir, &after);
	assert_string_equal(buf_text(&before), buf_text(&after));
	expect_no_copy(dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* and the chain goes on from there */
	ledger = open_ledger(dir, LEDGER_WRITE, LATER);
	assert_int_equal(ledger_upgraded_from(ledger), 0);
	ok(ledger_anchor(ledger, &old, &err));
	assert_int_equal(old.events, EVENTS);
	assert_int_equal(old.records, RECORDS);
	issue_one(ledger, "fresh", RECORD_CLIENT, 99);
	ok(ledger_check_anchor(ledger, &old, &err));
	ok(ledger_verify(ledger, &err));
}

/* The file stays as it is, byte for byte, and the answers are those of an upgraded one. */
static void test_reading_upgrades_nothing(void **state)
{
	static const enum ledger_mode modes[] = { LEDGER_READ, LEDGER_AUDIT };
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *path = in(dir, "ledger.db");
	BUF_AUTO before = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	make_old(dir);
	read_whole(path, &before);
	for (size_t i = 0; i < mem_count(modes); i++) {
		LEDGER_AUTO ledger = open_ledger(dir, modes[i], LATER);
		MICA_AUTO(delivery_clear) struct delivery delivery = { 0 };
		MICA_FREE struct revocation *revoked = NULL;
		FINDINGS_AUTO findings = FINDINGS_INIT;
		BUF_AUTO after = BUF_INIT;
		bool found = false;
		size_t n = 0;

		ok(ledger_audit(ledger, &findings, &err));
		assert_int_equal(findings.n, 0);
		ok(ledger_delivery(ledger, "test", "ingest", &delivery, &found, &err));
		assert_true(found);
		assert_int_equal(delivery.crl_due, 0);
		ok(ledger_revocations(ledger, "g1", LATER, &revoked, &n, &err));
		assert_int_equal(n, 1);
		assert_int_equal(revoked[0].at, NOW + 86400);
		assert_int_equal(revoked[0].reason, REVOKED_UNSPECIFIED);
		read_whole(path, &after);
		assert_true(buf_same(&after, before.data, before.len));
	}
	expect_no_copy(dir);
}

/* What a writer that was killed left in its WAL belongs to the ledger. */
static int leave_a_wal(void *context)
{
	sqlite3 *db = open_db(context);

	run_sql(db, "INSERT INTO meta VALUES ('waiting', x'01')");
	_exit(0);
}

static void in_child(int (*work)(void *context), void *context)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(work(context));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_what_waits_in_the_wal_is_kept(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	struct err err = ERR_INIT;

	(void)state;
	make_old(dir);
	in_child(leave_a_wal, dir);
	for (int i = 0; i < 2; i++) {
		LEDGER_AUTO ledger =
		    open_ledger(dir, i == 0 ? LEDGER_READ : LEDGER_WRITE, LATER);
		BUF_AUTO value = BUF_INIT;
		bool found = false;

		ok(ledger_noted(ledger, "waiting", &value, &found, &err));
		assert_true(found);
		ok(ledger_verify(ledger, &err));
	}
	assert_int_equal(version_of(dir), 2);
	expect_no_copy(dir);
}

/* A reader keeps what it sees, and takes nothing away when it goes. */
static void test_readers_are_not_disturbed(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	sqlite3 *old = NULL;
	LEDGER_AUTO reader = NULL;
	LEDGER_AUTO writer = NULL;
	BUF_AUTO before = BUF_INIT;
	BUF_AUTO after = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	make_old(dir);
	old = open_db(dir); /* as an older program has it open */
	run_sql(old, "BEGIN");
	contents(old, &before);
	reader = open_ledger(dir, LEDGER_READ, LATER);
	writer = open_ledger(dir, LEDGER_WRITE, LATER);
	issue_one(writer, "fresh", RECORD_CLIENT, 99);
	contents(old, &after);
	assert_string_equal(buf_text(&before), buf_text(&after));
	ok(ledger_verify(reader, &err));
	run_sql(old, "COMMIT");
	sqlite3_close(old);
	ledger_close(reader);
	reader = NULL;
	ledger_close(writer);
	writer = NULL;
	reader = open_ledger(dir, LEDGER_READ, LATER);
	expect_state(reader, RECORDS + 1, RECORD_ISSUED);
	ok(ledger_verify(reader, &err));
}

/* --- what it refuses --- */

static void test_a_changed_ledger_is_left(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	FINDINGS_AUTO found = FINDINGS_INIT;
	sqlite3 *db;
	struct err err = ERR_INIT;

	(void)state;
	make_old(dir);
	db = open_db(dir);
	run_sql(db, "UPDATE record SET entry = 'other' WHERE seq = 2");
	sqlite3_close(db);
	fails(ledger_open(dir, LEDGER_WRITE, LATER, &ledger, &err), ERR_FAILED,
	    "no upgrade from schema version 1: record 2 of the ledger ('other') does not fit");
	assert_non_null(strstr(err.hint, "it is as it was"));
	assert_int_equal(version_of(dir), 1);
	expect_no_copy(dir);
	ledger = open_ledger(dir, LEDGER_AUDIT, LATER);
	ok(ledger_audit(ledger, &found, &err));
	assert_int_equal(found.n, 1);
}

/* From no room at all to enough: it is upgraded, or as it was. */
static void test_disk_full(void **state)
{
	unsigned failed = 0, done = 0;

	(void)state;
	for (unsigned kb = 64; kb <= 640 && done < 2; kb += 16) {
		SCRATCH_AUTO dir = scratch_new();
		MICA_FREE char *options = mem_printf("size=%uk,mode=700", kb);
		LEDGER_AUTO ledger = NULL;
		BUF_AUTO before = BUF_INIT;
		BUF_AUTO after = BUF_INIT;
		struct err err = ERR_INIT;
		int status;

		if (geteuid() != 0 || mount("tmpfs", dir, "tmpfs", 0, "size=4m,mode=700") < 0) {
			scratch_freep(&dir); /* skip() does not come back */
			skip();
		}
		make_old(dir);
		contents_in(dir, &before);
		assert_int_equal(mount("tmpfs", dir, "tmpfs", MS_REMOUNT, options), 0);
		status = ledger_open(dir, LEDGER_WRITE, LATER, &ledger, &err);
		ledger_close(ledger);
		ledger = NULL;
		assert_int_equal(
		    mount("tmpfs", dir, "tmpfs", MS_REMOUNT, "size=4m,mode=700"), 0);
		assert_int_equal(version_of(dir), status < 0 ? 1 : 2);
		contents_in(dir, &after);
		expect_no_copy(dir);
		(void)umount2(dir, MNT_DETACH);
		assert_string_equal(buf_text(&before), buf_text(&after));
		failed += status < 0;
		done += status == 0;
		if (status < 0 &&
		    (!strstr(err.text, "the disk is full") || err.kind != ERR_FAILED))
			fail_msg("%u kB: %s", kb, err.text);
	}
	assert_true(failed > 2);
	assert_int_equal(done, 2);
}

/* --- killed --- */

static int upgrade(void *context)
{
	struct ledger *ledger = NULL;
	struct err err = ERR_INIT;

	if (ledger_open(context, LEDGER_WRITE, LATER, &ledger, &err) < 0)
		return -1;
	ledger_close(ledger);
	return 0;
}

static void test_killed_everywhere(void **state)
{
	BUF_AUTO wanted = BUF_INIT;
	unsigned seen[3] = { 0 };
	int last = 1;
	struct err err = ERR_INIT;

	(void)state;
	for (unsigned n = 0;; n++) {
		SCRATCH_AUTO dir = scratch_new_fast();
		LEDGER_AUTO ledger = NULL;
		BUF_AUTO found = BUF_INIT;
		enum step_end end;
		int version;

		make_old(dir);
		if (n == 0)
			contents_in(dir, &wanted);
		end = step_run(n, upgrade, dir);
		if (end == STEP_FORBIDDEN)
			skip();
		assert_int_not_equal(end, STEP_FAILED);
		ledger = open_ledger(dir, LEDGER_READ, LATER);
		ok(ledger_verify(ledger, &err));
		ledger_close(ledger);
		ledger = NULL;
		version = version_of(dir);
		contents_in(dir, &found);
		assert_string_equal(buf_text(&found), buf_text(&wanted));
		assert_true(version >= last);
		last = version;
		seen[version]++;
		ledger_close(open_ledger(dir, LEDGER_WRITE, LATER));
		assert_int_equal(version_of(dir), 2);
		expect_no_copy(dir);
		if (end == STEP_DONE)
			break;
	}
	printf("killed before %u system calls: %u left the old ledger, %u the new one\n",
	    seen[1] + seen[2] - 1, seen[1], seen[2]);
	assert_true(seen[1] > 20 && seen[2] > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_survives),
		cmocka_unit_test(test_reading_upgrades_nothing),
		cmocka_unit_test(test_what_waits_in_the_wal_is_kept),
		cmocka_unit_test(test_readers_are_not_disturbed),
		cmocka_unit_test(test_a_changed_ledger_is_left),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_killed_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
