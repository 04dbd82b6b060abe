// SPDX-License-Identifier: Apache-2.0
/*
 * ledger: bytes that change by themselves, and copies that were cut, put back or gone on from.
 * Whatever happens to the file, either it is refused, or ledger_verify() finds it, or nothing
 * of records and events is another. What verifies and is not the ledger that was signed with,
 * an anchor tells.
 */
#include "ledger_fixture.h"

#include <sqlite3.h>

enum { SAMPLE = 700 };

static char *in(const char *dir, const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

/* Many pages, and of every kind. */
static void make_ledger(const char *dir, unsigned n)
{
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct err err = ERR_INIT;

	for (unsigned i = 0; i < n; i++) {
		MICA_FREE char *entry = mem_printf("entry-%u", i % 7);
		int64_t seq = issue_one(ledger, entry, RECORD_CLIENT, i);

		deliver_one(ledger, i % 2 ? "prod" : "test", entry, seq);
		if (i % 5 == 0)
			ok(ledger_revoke(ledger, &seq, 1, REVOKED_SUPERSEDED, &err));
	}
}

static int add_record(void *context, const struct record *record)
{
	struct buf *to = context;

	buf_printf(to, "%lld %s %d %s %d %lld %lld %lld\n", (long long)record->seq,
	    record->entry, record->kind, record->ca, record->state, (long long)record->created,
	    (long long)record->not_before, (long long)record->not_after);
	buf_addhex(to, record->serial, sizeof(record->serial));
	buf_addhex(to, &record->definition, sizeof(record->definition));
	buf_addhex(to, &record->key, sizeof(record->key));
	buf_addhex(to, record->tbs.data, record->tbs.len);
	buf_addhex(to, record->certificate.data, record->certificate.len);
	return 0;
}

/* All that records and revocations say; -1 when it cannot be read. */
static int tell(struct ledger *ledger, struct buf *ret, struct err *err)
{
	MICA_FREE struct revocation *revoked = NULL;
	struct anchor head = { 0 };
	size_t n = 0;

	if (ledger_each(ledger, add_record, ret, err) < 0 ||
	    ledger_revocations(ledger, "g1", 0, &revoked, &n, err) < 0 ||
	    ledger_anchor(ledger, &head, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		buf_addhex(ret, revoked[i].serial, sizeof(revoked[i].serial));
		buf_printf(ret, "%lld %d\n", (long long)revoked[i].at, revoked[i].reason);
	}
	buf_printf(ret, "%lld %lld\n", (long long)head.events, (long long)head.records);
	buf_addhex(ret, &head.hash, sizeof(head.hash));
	return 0;
}

/* true: it was found, or it changed nothing. */
static bool is_safe(const char *dir, const struct buf *wanted, bool *ret_found)
{
	LEDGER_AUTO ledger = NULL;
	BUF_AUTO told = BUF_INIT;
	struct err err = ERR_INIT;

	*ret_found = ledger_open(dir, LEDGER_READ, NOW, &ledger, &err) < 0 ||
	             ledger_verify(ledger, &err) < 0;
	if (*ret_found)
		return err.text[0] != '\0';
	return tell(ledger, &told, &err) == 0 && buf_same(&told, wanted->data, wanted->len);
}

static void change_byte(const char *path, off_t at, unsigned char with)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned char byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= with;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void test_any_byte(void **state)
{
	SCRATCH_AUTO dir = scratch_new_fast();
	MICA_FREE char *path = in(dir, "ledger.db");
	BUF_AUTO wanted = BUF_INIT;
	uint64_t dice = 88172645463325252;
	unsigned n_found = 0, n_tried = 0;
	bool all = getenv("MICA_TEST_ALL") != NULL;
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	make_ledger(dir, 40);
	assert_int_equal(stat(path, &st), 0);
	{
		LEDGER_AUTO ledger = open_ledger(dir, LEDGER_READ, NOW);

		ok(tell(ledger, &wanted, &err));
	}
	for (off_t at = 0; at < st.st_size && (all || n_tried < SAMPLE); n_tried++) {
		unsigned char with;
		bool found = false;

		dice ^= dice << 13;
		dice ^= dice >> 7;
		dice ^= dice << 17;
		with = (unsigned char)(1u << (dice >> 40) % 8);
		if (!all) /* the head of the file and of its pages more than the rest */
			at = n_tried < 100 ? n_tried : (off_t)(dice % (uint64_t)st.st_size);
		change_byte(path, at, with);
		if (!is_safe(dir, &wanted, &found))
			fail_msg(
			    "byte %lld changed by %02x was not found", (long long)at, with);
		change_byte(path, at, with);
		n_found += found;
		at += all ? 31 : 0; /* of every page others */
	}
	printf("%u bytes changed, one at a time: %u found, %u without effect\n", n_tried,
	    n_found, n_tried - n_found);
	assert_true(n_found > n_tried / 4);
}

static void test_any_length(void **state)
{
	SCRATCH_AUTO dir = scratch_new_fast();
	MICA_FREE char *path = in(dir, "ledger.db");
	BUF_AUTO wanted = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	make_ledger(dir, 12);
	assert_int_equal(stat(path, &st), 0);
	{
		LEDGER_AUTO ledger = open_ledger(dir, LEDGER_READ, NOW);

		ok(tell(ledger, &wanted, &err));
	}
	for (off_t len = st.st_size - 1; len > 0; len -= 1777) {
		bool found = false;

		assert_int_equal(truncate(path, len), 0);
		assert_true(is_safe(dir, &wanted, &found));
		/* within the last page it may have been a delivery's */
		assert_true(found || len > st.st_size - 4096);
	}
}

/* --- copies ------------------------------------------------------------------------------ */

static void copy_ledger(const char *from, const char *to)
{
	MICA_FREE char *source = in(from, "ledger.db");
	MICA_FREE char *target = in(to, "ledger.db");
	MICA_FREE char *command = mem_printf("cp '%s' '%s'", source, target);

	assert_int_equal(system(command), 0);
}

static struct anchor anchor_of(struct ledger *ledger)
{
	struct anchor anchor = { 0 };
	struct err err = ERR_INIT;

	ok(ledger_anchor(ledger, &anchor, &err));
	return anchor;
}

/* A backup is put back, and goes on: as long as it is behind, and once it has overtaken. */
static void test_a_backup_that_goes_on(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	SCRATCH_AUTO backup = scratch_new();
	LEDGER_AUTO ledger = NULL;
	struct anchor lost;
	struct err err = ERR_INIT;

	(void)state;
	make_ledger(dir, 5);
	copy_ledger(dir, backup);
	ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	issue_one(ledger, "lost", RECORD_CLIENT, 100);
	lost = anchor_of(ledger);
	ledger_close(ledger);
	ledger = NULL;
	copy_ledger(backup, dir);
	ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	ok(ledger_verify(ledger, &err));
	fails(ledger_check_anchor(ledger, &lost, &err), ERR_REFUSED,
	    "is behind what was signed with it: its head is event 16, record 5, hash ");
	issue_one(ledger, "other", RECORD_CLIENT, 101);
	issue_one(ledger, "another", RECORD_CLIENT, 102);
	ok(ledger_verify(ledger, &err));
	fails(ledger_check_anchor(ledger, &lost, &err), ERR_REFUSED,
	    "is not the one that was signed with: its head is event 20, record 7, hash ");
	assert_non_null(strstr(err.text, "says event 18, record 6, hash "));
}

/* One copy goes on here, one there: each is told by what the other signed. */
static void test_two_that_went_on(void **state)
{
	SCRATCH_AUTO first = scratch_new();
	SCRATCH_AUTO second = scratch_new();
	const char *dirs[2] = { first, second };
	struct anchor anchors[2];
	struct anchor common;
	struct err err = ERR_INIT;

	(void)state;
	make_ledger(dirs[0], 5);
	copy_ledger(dirs[0], dirs[1]);
	for (unsigned i = 0; i < 2; i++) {
		LEDGER_AUTO ledger = open_ledger(dirs[i], LEDGER_WRITE, NOW);

		common = anchor_of(ledger);
		issue_one(ledger, "next", RECORD_CLIENT, 100 + i);
		anchors[i] = anchor_of(ledger);
	}
	for (unsigned i = 0; i < 2; i++) {
		LEDGER_AUTO ledger = open_ledger(dirs[i], LEDGER_READ, NOW);

		ok(ledger_check_anchor(ledger, &common, &err));
		ok(ledger_check_anchor(ledger, &anchors[i], &err));
		fails(ledger_check_anchor(ledger, &anchors[!i], &err), ERR_REFUSED,
		    "is not the one that was signed with");
	}
}

/* Cut by somebody who knows how: the last record and its events are gone, and the head says
 * so. Nothing within the file tells. */
static void test_a_cut_that_verifies(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *path = in(dir, "ledger.db");
	LEDGER_AUTO ledger = NULL;
	struct anchor whole;
	sqlite3 *db = NULL;
	struct err err = ERR_INIT;

	(void)state;
	make_ledger(dir, 4);
	ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	issue_one(ledger, "last", RECORD_CLIENT, 100);
	whole = anchor_of(ledger);
	ledger_close(ledger);
	ledger = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db,
	        "DELETE FROM certificate WHERE record = 5; DELETE FROM tbs WHERE record = 5;"
	        "DELETE FROM event WHERE record = 5; DELETE FROM record WHERE seq = 5;"
	        "UPDATE meta SET value = (SELECT CAST(x'00000000000000' || char(seq) || hash"
	        " AS BLOB) FROM event ORDER BY seq DESC LIMIT 1) WHERE name = '.head'",
	        NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	ledger = open_ledger(dir, LEDGER_READ, NOW);
	ok(ledger_verify(ledger, &err));
	fails(ledger_check_anchor(ledger, &whole, &err), ERR_REFUSED,
	    "is behind what was signed with it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_byte),
		cmocka_unit_test(test_any_length),
		cmocka_unit_test(test_a_backup_that_goes_on),
		cmocka_unit_test(test_two_that_went_on),
		cmocka_unit_test(test_a_cut_that_verifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
