// SPDX-License-Identifier: Apache-2.0
/* ledger: killed before each of its system calls, every transaction is whole or was never
 * there. */
#include "ledger_fixture.h"

#include "stepper.h"

static int write_a_run(void *context)
{
	const char *dir = context;
	struct record records[] = { make_record("a", RECORD_CLIENT, 1),
		make_record("b", RECORD_CLIENT, 2) };
	struct buf certificates[] = { make_certificate(&records[0]),
		make_certificate(&records[1]) };
	struct delivery deliveries[] = {
		{ .deployment = (char *)"prod",
		    .entry = (char *)"a",
		    .generation = (char *)"..1" },
		{ .deployment = (char *)"prod",
		    .entry = (char *)"b",
		    .generation = (char *)"..1" },
	};
	struct ledger *ledger = NULL;
	int64_t seqs[2];
	struct err err = ERR_INIT;

	if (ledger_open(dir, LEDGER_WRITE, NOW, &ledger, &err) < 0 ||
	    ledger_intend(ledger, records, 2, &err) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++)
		deliveries[i].seq = seqs[i] = records[i].seq;
	if (ledger_issued(ledger, seqs, certificates, 2, &err) < 0 ||
	    ledger_delivered(ledger, deliveries, 2, &err) < 0)
		return -1;
	ledger_close(ledger);
	return 0;
}

/* Both records are as far as one another. Returns how far: 0 not there, then each state. */
static int stage_of(const char *dir)
{
	static const enum record_state states[] = { RECORD_INTENDED, RECORD_ISSUED,
		RECORD_DELIVERED };
	LEDGER_AUTO ledger = NULL;
	struct err err = ERR_INIT;
	int stage = 0;

	if (ledger_open(dir, LEDGER_READ, NOW, &ledger, &err) < 0) {
		assert_int_equal(err.kind, ERR_NOT_FOUND);
		return 0;
	}
	ok(ledger_verify(ledger, &err));
	for (int i = 0; i < 3; i++) {
		struct record *records = NULL;
		size_t n = 0;

		ok(ledger_in_state(ledger, states[i], &records, &n, &err));
		records_free(records, n);
		if (n == 0)
			continue;
		assert_int_equal(n, 2);
		assert_int_equal(stage, 0);
		stage = i + 1;
	}
	return stage;
}

/* The next run is not held up: no lock, no half transaction. */
static void expect_writable(const char *dir)
{
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct err err = ERR_INIT;

	issue_one(ledger, "next", RECORD_CLIENT, 99);
	ok(ledger_verify(ledger, &err));
}

static void test_crash_everywhere(void **state)
{
	unsigned seen[4] = { 0 };
	int last = 0;

	(void)state;
	for (unsigned n = 0;; n++) {
		SCRATCH_AUTO scratch = scratch_new_fast();
		MICA_FREE char *dir = mem_printf("%s/state", scratch);
		enum step_end end = step_run(n, write_a_run, dir);
		int stage;

		if (end == STEP_FORBIDDEN)
			skip();
		assert_int_not_equal(end, STEP_FAILED);
		stage = stage_of(dir);
		/* a later crash never leaves less */
		assert_true(stage >= last);
		last = stage;
		seen[stage]++;
		expect_writable(dir);
		if (end == STEP_DONE)
			break;
	}
	assert_int_equal(last, 3);
	for (size_t i = 0; i < mem_count(seen); i++)
		assert_true(seen[i] > 3);
}

/* Killed while its transaction is open: nothing of it is there, and its lock is free. */
static int hang_in_transaction(void *context)
{
	const char *dir = context;
	struct ledger *ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	enum { N = 3000 };
	struct record *records = mem_array(N, sizeof(*records));
	struct err err = ERR_INIT;

	for (unsigned i = 0; i < N; i++) {
		MICA_FREE char *entry = mem_printf("large-%u", i);

		records[i] = make_record(entry, RECORD_CLIENT, 1000 + i);
	}
	return ledger_intend(ledger, records, N, &err);
}

static void test_killed_in_mid_transaction(void **state)
{
	SCRATCH_AUTO dir = scratch_new_fast();
	LEDGER_AUTO reader = NULL;
	struct err err = ERR_INIT;
	enum step_end end;

	(void)state;
	{
		LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);

		issue_one(ledger, "server", RECORD_SERVER, 1);
	}
	/* well within the pages that the commit writes */
	end = step_run(200, hang_in_transaction, dir);
	if (end == STEP_FORBIDDEN)
		skip();
	assert_int_equal(end, STEP_KILLED);
	reader = open_ledger(dir, LEDGER_READ, NOW);
	ok(ledger_verify(reader, &err));
	expect_state(reader, 1, RECORD_ISSUED);
	ledger_close(reader);
	reader = NULL;
	expect_writable(dir);
}

/* --- two at once --- */

static int open_and_write(const char *dir, unsigned number)
{
	LEDGER_AUTO ledger = NULL;
	MICA_FREE char *entry = mem_printf("entry-%u", number);
	MICA_AUTO(record_clear)
	struct record record = make_record(entry, RECORD_CLIENT, number);
	struct err err = ERR_INIT;

	while (ledger_open(dir, LEDGER_WRITE, NOW, &ledger, &err) < 0) {
		if (err.kind != ERR_BUSY || !strstr(err.text, "is working in"))
			return 1;
		usleep(1000);
	}
	return ledger_intend(ledger, &record, 1, &err) < 0 ? 2 : 0;
}

static void test_writers_take_turns(void **state)
{
	enum { WRITERS = 2, RUNS = 10 };
	SCRATCH_AUTO scratch = scratch_new_fast();
	MICA_FREE char *dir = mem_printf("%s/state", scratch);
	LEDGER_AUTO ledger = NULL;
	struct record *records = NULL;
	pid_t pids[WRITERS];
	size_t n = 0;
	int status;
	struct err err = ERR_INIT;

	(void)state;
	for (unsigned i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (unsigned k = 0; k < RUNS; k++) {
			int failed = open_and_write(dir, i * RUNS + k);

			if (failed)
				_exit(failed);
		}
		_exit(0);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	ledger = open_ledger(dir, LEDGER_READ, NOW);
	ok(ledger_in_state(ledger, RECORD_INTENDED, &records, &n, &err));
	assert_int_equal(n, WRITERS * RUNS);
	records_free(records, n);
	ok(ledger_verify(ledger, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash_everywhere),
		cmocka_unit_test(test_killed_in_mid_transaction),
		cmocka_unit_test(test_writers_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
