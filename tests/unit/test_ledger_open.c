// SPDX-License-Identifier: Apache-2.0
/* ledger: who may open it, when, and what stands against it. */
#include "ledger_fixture.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <sqlite3.h>

static char *in(const char *dir, const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	MICA_FREE char *path = in(dir, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *dir, const char *name)
{
	MICA_FREE char *path = in(dir, name);

	assert_int_equal(unlink(path), 0);
}

static void run_sql(const char *dir, const char *text)
{
	MICA_FREE char *path = in(dir, "ledger.db");
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void make_ledger(const char *dir)
{
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);

	issue_one(ledger, "server", RECORD_SERVER, 1);
}

/* Both modes refuse, with these words, and the directory stays as it was. */
static void refused(const char *dir, int64_t now, const char *words, const char *hint)
{
	static const enum ledger_mode modes[] = { LEDGER_READ, LEDGER_WRITE };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < mem_count(modes); i++) {
		LEDGER_AUTO ledger = NULL;

		fails(ledger_open(dir, modes[i], now, &ledger, &err), ERR_REFUSED, words);
		assert_null(ledger);
		if (!strstr(err.hint, hint))
			fail_msg("no '%s' in '%s'", hint, err.hint);
	}
}

static void test_reading_makes_nothing(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *dir = in(scratch, "state");
	LEDGER_AUTO ledger = NULL;
	BUF_AUTO found = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_open(dir, LEDGER_READ, NOW, &ledger, &err), ERR_NOT_FOUND,
	    "there is no ledger '");
	assert_int_equal(mkdir(dir, 0700), 0);
	fails(ledger_open(dir, LEDGER_READ, NOW, &ledger, &err), ERR_NOT_FOUND,
	    "there is no ledger '");
	scratch_list(scratch, "", &found);
	assert_string_equal(buf_text(&found), "state 700 dir\n");
}

/* A run that fails before its first record leaves nothing behind. */
static void test_an_unused_ledger_is_removed(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *dir = in(scratch, "state");
	BUF_AUTO found = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	ledger_close(open_ledger(dir, LEDGER_WRITE, NOW));
	scratch_list(scratch, "", &found);
	assert_string_equal(buf_text(&found), "");
	{
		LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
		MICA_AUTO(record_clear)
		struct record record = make_record("", RECORD_SERVER, 1);

		fails(ledger_intend(ledger, &record, 1, &err), ERR_FAILED,
		    "CHECK constraint failed");
	}
	scratch_list(scratch, "", &found);
	assert_string_equal(buf_text(&found), "");
	assert_int_equal(mkdir(dir, 0700), 0);
	write_file(dir, "g1.pem", "");
	refused(dir, NOW, "' is gone, but 'g1.pem' is still there", "");
	scratch_list(dir, "", &found);
	assert_string_equal(buf_text(&found), "g1.pem 644 0\n");
}

static void test_modes_whatever_the_umask(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *dir = in(scratch, "a/state");
	mode_t old = umask(0);
	struct stat st;

	(void)state;
	make_ledger(dir);
	umask(old);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "ledger.db", "lock", "host" };
		MICA_FREE char *path = in(dir, names[i]);

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

/* At rest ledger.db is all there is, whoever was the last to close it. */
static void test_nothing_lies_beside_it(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BUF_AUTO before = BUF_INIT;
	BUF_AUTO after = BUF_INIT;

	(void)state;
	make_ledger(dir);
	scratch_list(dir, "", &before);
	assert_null(strstr(buf_text(&before), "-wal"));
	assert_null(strstr(buf_text(&before), "-shm"));
	ledger_close(open_ledger(dir, LEDGER_READ, NOW));
	ledger_close(open_ledger(dir, LEDGER_WRITE, NOW));
	scratch_list(dir, "", &after);
	assert_string_equal(buf_text(&before), buf_text(&after));
}

/* --- one writer, many readers ----------------------------------------------------------- */

static void test_the_holder_is_named(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO first = open_ledger(dir, LEDGER_WRITE, NOW);
	LEDGER_AUTO second = NULL;
	MICA_FREE char *words =
	    mem_printf("another mica (process %ld) is working in '%s'", (long)getpid(), dir);
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_open(dir, LEDGER_WRITE, NOW, &second, &err), ERR_BUSY, words);
	assert_string_equal(
	    err.hint, "it began at 2027-01-15T08:00:00Z; wait until it is done, then repeat");
	ledger_close(first);
	first = NULL;
	ok(ledger_open(dir, LEDGER_WRITE, NOW, &second, &err));
}

/* A holder that just took the lock has not written its number yet. */
static void test_an_unnamed_holder(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO first = open_ledger(dir, LEDGER_WRITE, NOW);
	LEDGER_AUTO second = NULL;
	struct err err = ERR_INIT;

	(void)state;
	(void)first;
	write_file(dir, "lock", "");
	fails(ledger_open(dir, LEDGER_WRITE, NOW, &second, &err), ERR_BUSY,
	    "another mica is working in '");
}

static void test_a_reader_has_a_snapshot(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO writer = NULL;
	LEDGER_AUTO reader = NULL;
	LEDGER_AUTO later = NULL;
	MICA_AUTO(record_clear) struct record old = { 0 };
	MICA_AUTO(record_clear) struct record fresh = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	make_ledger(dir);
	writer = open_ledger(dir, LEDGER_WRITE, NOW);
	reader = open_ledger(dir, LEDGER_READ, NOW);
	issue_one(writer, "server", RECORD_SERVER, 2);
	later = open_ledger(dir, LEDGER_READ, NOW);
	ok(ledger_current(reader, RECORD_SERVER, "server", &old, &err));
	assert_int_equal(old.seq, 1);
	ok(ledger_current(later, RECORD_SERVER, "server", &fresh, &err));
	assert_int_equal(fresh.seq, 2);
	ok(ledger_verify(reader, &err));
	ok(ledger_verify(later, &err));
	/* the writer goes first: its work waits in the WAL for the last to close */
	ledger_close(writer);
	writer = NULL;
	ok(ledger_verify(reader, &err));
}

/* --- refusals --------------------------------------------------------------------------- */

static void test_a_lost_ledger_stops(void **state)
{
	static const char *const signs[] = { "g1.pem", "host", "ledger.db-wal" };

	(void)state;
	for (size_t i = 0; i < mem_count(signs); i++) {
		SCRATCH_AUTO dir = scratch_new();
		MICA_FREE char *words =
		    mem_printf("/ledger.db' is gone, but '%s' is still there", signs[i]);

		write_file(dir, signs[i], "");
		refused(dir, NOW, words, "restore the whole state directory from a backup");
	}
}

static void test_other_files_are_no_sign(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	write_file(dir, ".pem", "");
	write_file(dir, "notes.txt", "");
	/* what a run that died while it made its ledger left */
	write_file(dir, "..ledger.db", "half a database");
	make_ledger(dir);
	ledger_close(open_ledger(dir, LEDGER_READ, NOW));
}

static void test_a_removed_ledger_is_not_made_anew(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	make_ledger(dir);
	remove_file(dir, "ledger.db");
	refused(
	    dir, NOW, "' is gone, but 'host' is still there", "to begin anew with a new CA");
}

static void test_newer_schema(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	make_ledger(dir);
	run_sql(dir, "PRAGMA user_version = 3");
	refused(dir, NOW, "' has schema version 3; this mica knows version 2", "a newer mica");
}

static void test_no_database(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	write_file(dir, "ledger.db", "this is not a database, whatever its name says");
	refused(dir, NOW, "' is not a ledger: the file is not a database", "from a backup");
}

static void test_another_programs_database(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	run_sql(dir, "CREATE TABLE record (seq)");
	refused(dir, NOW, "' is a database, but not mica's ledger", "another state-dir");
}

static void test_an_empty_file(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	write_file(dir, "ledger.db", "");
	refused(dir, NOW, "' is a database, but not mica's ledger", "from a backup");
}

static void test_a_directory_in_its_place(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *path = in(dir, "ledger.db");

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	refused(dir, NOW, "' is not a regular file", "");
}

static void test_a_damaged_page(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *path = in(dir, "ledger.db");
	LEDGER_AUTO ledger = NULL;
	struct err err = ERR_INIT;
	char junk[4096];
	int fd;

	(void)state;
	make_ledger(dir);
	memset(junk, 0xa5, sizeof(junk));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), sizeof(junk));
	close(fd);
	if (ledger_open(dir, LEDGER_READ, NOW, &ledger, &err) == 0)
		fails(ledger_verify(ledger, &err), ERR_FAILED, "is damaged");
	else
		fails(-1, ERR_REFUSED, "is damaged");
}

static void test_another_host(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	make_ledger(dir);
	write_file(dir, "host",
	    "machine 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
	refused(dir, NOW, "' belongs to another host", "");
	write_file(dir, "host", "name elsewhere\n");
	refused(dir, NOW, "' belongs to another host",
	    "if the directory was moved here for good: mica audit --accept-restore, or remove "
	    "'");
	/* as the hint says */
	remove_file(dir, "host");
	ledger_close(open_ledger(dir, LEDGER_READ, NOW));
	ledger_close(open_ledger(dir, LEDGER_WRITE, NOW));
	ledger_close(open_ledger(dir, LEDGER_WRITE, NOW));
}

static void test_the_clock_went_backwards(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	make_ledger(dir);
	refused(dir, NOW - 1,
	    "the clock went backwards: it says 2027-01-15T07:59:59Z, the ledger was written at "
	    "2027-01-15T08:00:00Z",
	    "set this machine's clock");
	ledger_close(open_ledger(dir, LEDGER_WRITE, NOW));
	ledger_close(open_ledger(dir, LEDGER_WRITE, NOW + 1));
}

static void test_the_head_does_not_fit(void **state)
{
	static const char *const changes[] = {
		"DELETE FROM event WHERE seq = 2",
		"UPDATE event SET state = 'revoked' WHERE seq = 2",
		"UPDATE event SET at = at - 1 WHERE seq = 2",
		"UPDATE event SET hash = zeroblob(32) WHERE seq = 2",
		"UPDATE event SET hash = zeroblob(32) WHERE seq = 1",
		("INSERT INTO event"
		 " SELECT 3, record, at, state, detail, hash, note FROM event WHERE seq = 2"),
		"UPDATE meta SET value = zeroblob(40) WHERE name = '.head'",
		"UPDATE meta SET value = x'00' WHERE name = '.head'",
		"DELETE FROM meta",
		"DELETE FROM event",
		"DELETE FROM event WHERE seq = 1",
	};

	(void)state;
	for (size_t i = 0; i < mem_count(changes); i++) {
		SCRATCH_AUTO dir = scratch_new();

		make_ledger(dir);
		run_sql(dir, changes[i]);
		refused(
		    dir, NOW, "was changed by something other than mica", "find out by whom");
	}
}

static void test_anybody_may_write_there(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(chmod(dir, 0777), 0);
	fails(ledger_open(dir, LEDGER_WRITE, NOW, &ledger, &err), ERR_REFUSED,
	    "anybody may write in the state directory '");
	assert_non_null(strstr(err.hint, "chmod 700"));
}

static void test_the_state_directory_is_a_file(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *dir = in(scratch, "state");
	LEDGER_AUTO ledger = NULL;
	struct err err = ERR_INIT;

	(void)state;
	write_file(scratch, "state", "");
	fails(ledger_open(dir, LEDGER_WRITE, NOW, &ledger, &err), ERR_FAILED,
	    "is not a directory");
	fails(ledger_open(dir, LEDGER_READ, NOW, &ledger, &err), ERR_NOT_FOUND,
	    "there is no ledger '");
}

static void test_a_name_with_signs(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *dir = in(scratch, "50% of? it#");

	(void)state;
	make_ledger(dir);
	ledger_close(open_ledger(dir, LEDGER_READ, NOW));
}

/* --- no right, no room ------------------------------------------------------------------ */

static void own_all(const char *dir, uid_t uid)
{
	static const char *const names[] = { ".", "ledger.db", "lock", "host", "ledger.db-wal",
		"ledger.db-shm" };

	for (size_t i = 0; i < mem_count(names); i++) {
		MICA_FREE char *path = in(dir, names[i]);

		(void)!chown(path, uid, (gid_t)-1);
	}
}

/* Whoever is let in by rights alone is root, so another user tries. */
static int try_read_only(const char *dir)
{
	LEDGER_AUTO reader = NULL;
	LEDGER_AUTO writer = NULL;
	MICA_AUTO(record_clear) struct record record = { 0 };
	struct err err = ERR_INIT;

	if (geteuid() == 0 && setuid(65534) < 0)
		return 1;
	if (ledger_open(dir, LEDGER_READ, NOW, &reader, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	if (ledger_current(reader, RECORD_SERVER, "server", &record, &err) < 0 ||
	    record.seq != 1)
		return 3;
	if (ledger_open(dir, LEDGER_WRITE, NOW, &writer, &err) == 0)
		return 4;
	if (strstr(err.text, "cannot ") != err.text || !strstr(err.text, "Permission denied") ||
	    !err.hint[0]) {
		fprintf(stderr, "%s (%s)\n", err.text, err.hint);
		return 5;
	}
	return 0;
}

static int in_child(int (*work)(const char *dir), const char *dir)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(work(dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void chmod_in(const char *dir, const char *name, mode_t mode)
{
	MICA_FREE char *path = in(dir, name);

	assert_int_equal(chmod(path, mode), 0);
}

static void test_a_read_only_directory_is_read(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	make_ledger(dir);
	if (geteuid() == 0)
		own_all(dir, 65534);
	chmod_in(dir, "lock", 0400);
	chmod_in(dir, ".", 0500);
	assert_int_equal(in_child(try_read_only, dir), 0);
	chmod_in(dir, "ledger.db", 0400);
	assert_int_equal(in_child(try_read_only, dir), 0);
	chmod_in(dir, ".", 0700);
}

/* A writer that died left its WAL: what is in it must not be passed over. */
static int die_while_open(const char *dir)
{
	struct ledger *ledger = open_ledger(dir, LEDGER_WRITE, NOW);

	issue_one(ledger, "server", RECORD_SERVER, 1);
	_exit(0);
}

static int try_without_shm(const char *dir)
{
	LEDGER_AUTO reader = NULL;
	struct err err = ERR_INIT;

	if (geteuid() == 0 && setuid(65534) < 0)
		return 1;
	if (ledger_open(dir, LEDGER_READ, NOW, &reader, &err) == 0)
		return 2;
	if (!strstr(err.text, "cannot read the ledger '") || !err.hint[0]) {
		fprintf(stderr, "%s (%s)\n", err.text, err.hint);
		return 3;
	}
	return 0;
}

static void test_a_read_only_wal(void **state)
{
	SCRATCH_AUTO dir = scratch_new();

	(void)state;
	assert_int_equal(in_child(die_while_open, dir), 0);
	if (geteuid() == 0)
		own_all(dir, 65534);
	chmod_in(dir, "lock", 0400);
	chmod_in(dir, ".", 0500);
	assert_int_equal(in_child(try_read_only, dir), 0);
	chmod_in(dir, ".", 0700);
	remove_file(dir, "ledger.db-shm");
	chmod_in(dir, ".", 0500);
	assert_int_equal(in_child(try_without_shm, dir), 0);
	chmod_in(dir, ".", 0700);
	if (geteuid() == 0)
		own_all(dir, 0);
	{
		LEDGER_AUTO ledger = open_ledger(dir, LEDGER_READ, NOW);

		expect_state(ledger, 1, RECORD_ISSUED);
	}
}

static void test_disk_full(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	MICA_AUTO(record_clear) struct record large = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	if (geteuid() != 0 || mount("tmpfs", dir, "tmpfs", 0, "size=512k,mode=700") < 0) {
		scratch_freep(&dir); /* skip() does not come back */
		skip();
	}
	ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	issue_one(ledger, "server", RECORD_SERVER, 1);
	large = make_record("large", RECORD_CLIENT, 2);
	buf_reserve(&large.tbs, 1 << 20);
	large.tbs.len = 1 << 20;
	fails(ledger_intend(ledger, &large, 1, &err), ERR_FAILED, "cannot write the ledger '");
	assert_non_null(strstr(err.text, "/ledger.db': the disk is full"));
	assert_non_null(strstr(err.hint, "free some space"));
	/* and goes on as if nothing had been */
	assert_int_equal(issue_one(ledger, "server", RECORD_SERVER, 3), 2);
	ok(ledger_verify(ledger, &err));
	ledger_close(ledger);
	ledger = open_ledger(dir, LEDGER_READ, NOW);
	expect_state(ledger, 2, RECORD_ISSUED);
	ledger_close(ledger);
	ledger = NULL;
	(void)umount2(dir, MNT_DETACH);
}

static void test_no_room_for_a_new_ledger(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = NULL;
	BUF_AUTO found = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	if (geteuid() != 0 || mount("tmpfs", dir, "tmpfs", 0, "size=32k,mode=700") < 0) {
		scratch_freep(&dir); /* skip() does not come back */
		skip();
	}
	fails(
	    ledger_open(dir, LEDGER_WRITE, NOW, &ledger, &err), ERR_FAILED, "the disk is full");
	scratch_list(dir, "", &found);
	(void)umount2(dir, MNT_DETACH);
	assert_string_equal(buf_text(&found), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading_makes_nothing),
		cmocka_unit_test(test_an_unused_ledger_is_removed),
		cmocka_unit_test(test_modes_whatever_the_umask),
		cmocka_unit_test(test_nothing_lies_beside_it),
		cmocka_unit_test(test_the_holder_is_named),
		cmocka_unit_test(test_an_unnamed_holder),
		cmocka_unit_test(test_a_reader_has_a_snapshot),
		cmocka_unit_test(test_a_lost_ledger_stops),
		cmocka_unit_test(test_other_files_are_no_sign),
		cmocka_unit_test(test_a_removed_ledger_is_not_made_anew),
		cmocka_unit_test(test_newer_schema),
		cmocka_unit_test(test_no_database),
		cmocka_unit_test(test_another_programs_database),
		cmocka_unit_test(test_an_empty_file),
		cmocka_unit_test(test_a_directory_in_its_place),
		cmocka_unit_test(test_a_damaged_page),
		cmocka_unit_test(test_another_host),
		cmocka_unit_test(test_the_clock_went_backwards),
		cmocka_unit_test(test_the_head_does_not_fit),
		cmocka_unit_test(test_anybody_may_write_there),
		cmocka_unit_test(test_the_state_directory_is_a_file),
		cmocka_unit_test(test_a_name_with_signs),
		cmocka_unit_test(test_a_read_only_directory_is_read),
		cmocka_unit_test(test_a_read_only_wal),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_no_room_for_a_new_ledger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
