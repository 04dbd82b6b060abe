// SPDX-License-Identifier: Apache-2.0
/* ledger: what becomes of records, and what is read back. */
#include "ledger_fixture.h"

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(record_kind_name(RECORD_CA), "ca");
	assert_string_equal(record_kind_name(RECORD_SERVER), "server");
	assert_string_equal(record_kind_name(RECORD_CLIENT), "client");
	assert_string_equal(record_kind_name(RECORD_CRL), "crl");
	assert_string_equal(record_state_name(RECORD_INTENDED), "intended");
	assert_string_equal(record_state_name(RECORD_ABANDONED), "abandoned");
}

static void test_every_field_comes_back(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	MICA_AUTO(record_clear) struct record record = make_record("server", RECORD_SERVER, 7);
	MICA_AUTO(record_clear) struct record found = { 0 };
	BUF_AUTO certificate = make_certificate(&record);
	struct digest tbs = digest_of(record.tbs.data, record.tbs.len);
	struct err err = ERR_INIT;

	(void)state;
	ok(ledger_intend(ledger, &record, 1, &err));
	assert_int_equal(record.seq, 1);
	assert_memory_equal(&record.tbs_sha256, &tbs, sizeof(tbs));
	ok(ledger_issued(ledger, &record.seq, &certificate, 1, &err));
	ledger_close(ledger);
	ledger = open_ledger(dir, LEDGER_READ, NOW);
	ok(ledger_current(ledger, RECORD_SERVER, "server", &found, &err));
	assert_int_equal(found.seq, 1);
	assert_string_equal(found.entry, "server");
	assert_int_equal(found.kind, RECORD_SERVER);
	assert_string_equal(found.ca, "g1");
	assert_memory_equal(found.serial, record.serial, 20);
	assert_int_equal(found.state, RECORD_ISSUED);
	assert_memory_equal(&found.tbs_sha256, &tbs, sizeof(tbs));
	assert_memory_equal(&found.definition, &record.definition, sizeof(tbs));
	assert_memory_equal(&found.key, &record.key, sizeof(tbs));
	assert_int_equal(found.created, NOW);
	assert_int_equal(found.not_before, record.not_before);
	assert_int_equal(found.not_after, record.not_after);
	assert_true(buf_same(&found.tbs, record.tbs.data, record.tbs.len));
	assert_true(buf_same(&found.certificate, certificate.data, certificate.len));
}

static void test_delivery_supersedes(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t old = issue_one(ledger, "server", RECORD_SERVER, 1);
	int64_t dead = intend_one(ledger, "server", RECORD_CLIENT, 2);
	int64_t other = issue_one(ledger, "ingest", RECORD_CLIENT, 3);
	int64_t ca = issue_one(ledger, "server", RECORD_CA, 4);
	int64_t fresh;
	struct err err = ERR_INIT;

	(void)state;
	deliver_one(ledger, "prod", "server", old);
	expect_state(ledger, old, RECORD_DELIVERED);
	ok(ledger_move(ledger, &old, 1, RECORD_SERVED, &err));
	fresh = issue_one(ledger, "server", RECORD_SERVER, 5);
	deliver_one(ledger, "prod", "server", fresh);
	expect_state(ledger, old, RECORD_SUPERSEDED);
	expect_state(ledger, dead, RECORD_INTENDED);
	expect_state(ledger, other, RECORD_ISSUED);
	expect_state(ledger, ca, RECORD_ISSUED);
	expect_state(ledger, fresh, RECORD_DELIVERED);
	ok(ledger_verify(ledger, &err));
}

/* What still lies in another deployment is still active. */
static void test_delivered_elsewhere_stays(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t old = issue_one(ledger, "ingest", RECORD_CLIENT, 1);
	int64_t fresh;

	(void)state;
	deliver_one(ledger, "prod", "ingest", old);
	deliver_one(ledger, "test", "ingest", old);
	fresh = issue_one(ledger, "ingest", RECORD_CLIENT, 2);
	deliver_one(ledger, "prod", "ingest", fresh);
	expect_state(ledger, old, RECORD_DELIVERED);
	deliver_one(ledger, "test", "ingest", fresh);
	expect_state(ledger, old, RECORD_SUPERSEDED);
	expect_state(ledger, fresh, RECORD_DELIVERED);
}

/* Signed elsewhere, so that the ledger may not refuse it. */
static int64_t adopt_one(
    struct ledger *ledger, const char *entry, enum record_kind kind, unsigned number)
{
	MICA_AUTO(record_clear) struct record record = make_record(entry, kind, number);
	BUF_AUTO certificate = make_certificate(&record);
	struct err err = ERR_INIT;

	ok(ledger_adopted(ledger, &record, &certificate, &err));
	return record.seq;
}

/* More outdated records than are moved at a time; and an entry whose profile changed. */
static void test_many_are_superseded(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t fresh;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		adopt_one(ledger, "ingest", i % 2 ? RECORD_CLIENT : RECORD_SERVER, i);
	fresh = adopt_one(ledger, "ingest", RECORD_CLIENT, 20);
	deliver_one(ledger, "prod", "ingest", fresh);
	for (int64_t seq = 1; seq <= 20; seq++)
		expect_state(ledger, seq, RECORD_SUPERSEDED);
	expect_state(ledger, fresh, RECORD_DELIVERED);
}

static void test_a_delivery_is_replaced(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	MICA_AUTO(delivery_clear) struct delivery found = { 0 };
	int64_t first = issue_one(ledger, "server", RECORD_SERVER, 1);
	int64_t second = issue_one(ledger, "server", RECORD_SERVER, 2);
	struct digest key = digest_of(&second, sizeof(second));
	struct digest ca = digest_of("ca", 2);
	bool there = true;
	struct err err = ERR_INIT;

	(void)state;
	ok(ledger_delivery(ledger, "prod", "server", &found, &there, &err));
	assert_false(there);
	deliver_one(ledger, "prod", "server", first);
	deliver_one(ledger, "prod", "server", second);
	ok(ledger_delivery(ledger, "prod", "server", &found, &there, &err));
	assert_true(there);
	assert_string_equal(found.deployment, "prod");
	assert_string_equal(found.entry, "server");
	assert_int_equal(found.seq, second);
	assert_string_equal(found.generation, "..20270115T080000.aabbcc");
	assert_memory_equal(&found.key_file, &key, sizeof(key));
	assert_memory_equal(&found.ca_file, &ca, sizeof(ca));
}

/* --- what is refused, and that a batch is all or nothing -------------------------------- */

static void test_a_serial_is_used_once(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct record batch[] = { make_record("a", RECORD_CLIENT, 2),
		make_record("b", RECORD_CLIENT, 1) };
	bool found = true;
	MICA_AUTO(record_clear) struct record latest = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	intend_one(ledger, "first", RECORD_CLIENT, 1);
	fails(ledger_intend(ledger, batch, 2, &err), ERR_EXISTS,
	    "serial 4000000001000000000000000000000000000000 of CA 'g1' was used before, for "
	    "'first' (record 1)");
	assert_int_equal(batch[0].seq, 0);
	ok(ledger_latest(ledger, "a", &latest, &found, &err));
	assert_false(found);
	/* another CA may use it */
	free(batch[1].ca);
	batch[1].ca = mem_strdup("g2");
	ok(ledger_intend(ledger, batch, 2, &err));
	assert_int_equal(batch[0].seq, 2);
	assert_int_equal(batch[1].seq, 3);
	ok(ledger_verify(ledger, &err));
	record_clear(&batch[0]);
	record_clear(&batch[1]);
}

static void refused_second(struct ledger *ledger, enum record_kind kind, const char *words)
{
	MICA_AUTO(record_clear) struct record record = make_record("ingest", kind, 900);
	struct err err = ERR_INIT;

	fails(ledger_intend(ledger, &record, 1, &err), ERR_REFUSED, words);
	assert_true(err.hint[0] != '\0');
}

/* A rotation has two; while one is on its way, there is no third. */
static void test_a_third_certificate_is_refused(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t first = intend_one(ledger, "ingest", RECORD_CLIENT, 1);
	int64_t second;
	struct err err = ERR_INIT;

	(void)state;
	refused_second(ledger, RECORD_CLIENT,
	    "'ingest' is to be signed already: record 1 of the ledger is intended");
	ok(ledger_move(ledger, &first, 1, RECORD_ABANDONED, &err));
	/* one that was never given out may be replaced */
	issue_one(ledger, "ingest", RECORD_CLIENT, 2);
	first = issue_one(ledger, "ingest", RECORD_CLIENT, 3);
	refused_second(ledger, RECORD_CLIENT,
	    "'ingest' has a second certificate that was delivered nowhere: record 2 is issued, "
	    "record 3 is issued");
	deliver_one(ledger, "prod", "ingest", first);
	deliver_one(ledger, "test", "ingest", first);
	second = issue_one(ledger, "ingest", RECORD_CLIENT, 4);
	refused_second(ledger, RECORD_CLIENT, "record 3 is delivered, record 4 is issued");
	/* a client that becomes a server is another certificate */
	issue_one(ledger, "ingest", RECORD_SERVER, 5);
	/* the old one waits in a deployment for its successor: both lie somewhere */
	deliver_one(ledger, "prod", "ingest", second);
	issue_one(ledger, "ingest", RECORD_CLIENT, 6);
	ok(ledger_verify(ledger, &err));
}

static void test_twice_in_a_batch(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct record batch[] = { make_record("a", RECORD_CLIENT, 1),
		make_record("a", RECORD_CLIENT, 2) };
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_intend(ledger, batch, 2, &err), ERR_REFUSED,
	    "'a' is to be signed already: record 1 of the ledger is intended");
	assert_int_equal(intend_one(ledger, "a", RECORD_CLIENT, 1), 1);
	record_clear(&batch[0]);
	record_clear(&batch[1]);
}

static void test_a_serial_twice_in_a_batch(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct record batch[] = { make_record("a", RECORD_CLIENT, 1),
		make_record("b", RECORD_CLIENT, 1) };
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_intend(ledger, batch, 2, &err), ERR_EXISTS, "was used before, for 'a'");
	assert_int_equal(intend_one(ledger, "a", RECORD_CLIENT, 1), 1);
	record_clear(&batch[0]);
	record_clear(&batch[1]);
}

static void test_other_bytes_are_not_issued(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct record batch[] = { make_record("a", RECORD_CLIENT, 1),
		make_record("b", RECORD_CLIENT, 2) };
	struct buf certificates[] = { make_certificate(&batch[0]),
		make_certificate(&batch[1]) };
	int64_t seqs[] = { 1, 2 };
	struct err err = ERR_INIT;

	(void)state;
	ok(ledger_intend(ledger, batch, 2, &err));
	certificates[1].data[10] ^= 1;
	fails(ledger_issued(ledger, seqs, certificates, 2, &err), ERR_FAILED,
	    "the certificate of record 2 does not hold the bytes that were to be signed");
	expect_state(ledger, 1, RECORD_INTENDED);
	certificates[1].data[10] ^= 1;
	ok(ledger_issued(ledger, seqs, certificates, 2, &err));
	fails(ledger_issued(ledger, seqs, certificates, 1, &err), ERR_FAILED,
	    "record 1 is issued: it cannot become issued");
	seqs[0] = 3;
	fails(ledger_issued(ledger, seqs, certificates, 1, &err), ERR_NOT_FOUND,
	    "the ledger has no record 3");
	for (size_t i = 0; i < 2; i++) {
		buf_clear(&certificates[i]);
		record_clear(&batch[i]);
	}
}

/* Signed elsewhere: recorded whole, or not at all. */
static void test_adopted(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	MICA_AUTO(record_clear) struct record record = make_record("g1", RECORD_CA, 1);
	MICA_AUTO(record_clear) struct record other = make_record("g1", RECORD_CA, 2);
	MICA_AUTO(record_clear) struct record found = { 0 };
	BUF_AUTO certificate = make_certificate(&record);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ledger_adopted(ledger, &other, &certificate, &err), -1);
	assert_int_equal(ledger_current(ledger, RECORD_CA, "g1", &found, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	ok(ledger_adopted(ledger, &record, &certificate, &err));
	assert_int_equal(record.state, RECORD_ISSUED);
	ok(ledger_current(ledger, RECORD_CA, "g1", &found, &err));
	assert_int_equal(found.seq, record.seq);
	assert_true(buf_same(&found.certificate, certificate.data, certificate.len));
	ok(ledger_verify(ledger, &err));
	/* the failure left nothing: its serial is still to be used */
	record_clear(&found);
	buf_clear(&certificate);
	certificate = make_certificate(&other);
	ok(ledger_adopted(ledger, &other, &certificate, &err));
}

static void test_only_what_was_issued_is_delivered(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t seq = intend_one(ledger, "server", RECORD_SERVER, 1);
	struct delivery delivery = { .deployment = (char *)"prod",
		.entry = (char *)"server",
		.seq = seq,
		.generation = (char *)"..1" };
	bool found = true;
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_delivered(ledger, &delivery, 1, &err), ERR_FAILED,
	    "record 1 is intended: it cannot become delivered");
	delivery.entry = (char *)"ingest";
	fails(ledger_delivered(ledger, &delivery, 1, &err), ERR_NOT_FOUND,
	    "the ledger has no record 1 of 'ingest'");
	delivery.seq = 9;
	fails(ledger_delivered(ledger, &delivery, 1, &err), ERR_NOT_FOUND,
	    "the ledger has no record 9 of 'ingest'");
	ok(ledger_delivery(ledger, "prod", "server", &delivery, &found, &err));
	assert_false(found);
}

/* Every way from one state to another; 'x': allowed; '=': it is there already. */
static void test_moves(void **state)
{
	static const enum record_state ends[] = { RECORD_SERVED, RECORD_SUPERSEDED,
		RECORD_REVOKED, RECORD_ABANDONED };
	static const char *const allowed[] = {
		[RECORD_INTENDED] = "--xx",
		[RECORD_ISSUED] = "xxxx",
		[RECORD_DELIVERED] = "xxx-",
		[RECORD_SERVED] = "=xx-",
		[RECORD_SUPERSEDED] = "-=x-",
		[RECORD_REVOKED] = "----",
		[RECORD_ABANDONED] = "--x=",
	};
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	unsigned number = 0;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t from = 0; from < mem_count(allowed); from++) {
		for (size_t to = 0; to < mem_count(ends); to++) {
			MICA_FREE char *entry = mem_printf("entry-%u", number);
			int64_t seq = from == RECORD_INTENDED
			                  ? intend_one(ledger, entry, RECORD_CLIENT, number++)
			                  : issue_one(ledger, entry, RECORD_CLIENT, number++);
			int moved;

			if (from == RECORD_DELIVERED)
				deliver_one(ledger, "prod", entry, seq);
			else if (from != RECORD_INTENDED && from != RECORD_ISSUED)
				ok(end_as(ledger, seq, (enum record_state)from, &err));
			moved = end_as(ledger, seq, ends[to], &err);
			assert_int_equal(moved, allowed[from][to] == '-' ? -1 : 0);
			expect_state(
			    ledger, seq, moved < 0 ? (enum record_state)from : ends[to]);
		}
	}
	ok(ledger_verify(ledger, &err));
}

static void test_a_move_is_all_or_nothing(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t seqs[] = { issue_one(ledger, "a", RECORD_CLIENT, 1),
		intend_one(ledger, "b", RECORD_CLIENT, 2) };
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_move(ledger, seqs, 2, RECORD_SUPERSEDED, &err), ERR_FAILED,
	    "record 2 is intended: it cannot become superseded");
	expect_state(ledger, seqs[0], RECORD_ISSUED);
	ok(ledger_move(ledger, seqs, 2, RECORD_ABANDONED, &err));
	ok(ledger_move(ledger, seqs, 2, RECORD_ABANDONED, &err));
	ok(ledger_verify(ledger, &err));
}

/* --- reading --- */

static void test_current_and_latest(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	MICA_AUTO(record_clear) struct record current = { 0 };
	MICA_AUTO(record_clear) struct record latest = { 0 };
	MICA_AUTO(record_clear) struct record ca = { 0 };
	bool found = false;
	struct err err = ERR_INIT;

	(void)state;
	issue_one(ledger, "g1", RECORD_CA, 1);
	fails(ledger_current(ledger, RECORD_SERVER, "g1", &current, &err), ERR_NOT_FOUND,
	    "the ledger has no active certificate of 'g1'");
	ok(ledger_latest(ledger, "g1", &latest, &found, &err));
	assert_false(found);
	issue_one(ledger, "g1", RECORD_SERVER, 2);
	deliver_one(ledger, "prod", "g1", issue_one(ledger, "g1", RECORD_SERVER, 3));
	intend_one(ledger, "g1", RECORD_SERVER, 4);
	issue_one(ledger, "g1", RECORD_CRL, 5);
	ok(ledger_current(ledger, RECORD_SERVER, "g1", &current, &err));
	assert_int_equal(current.seq, 3);
	ok(ledger_current(ledger, RECORD_CA, "g1", &ca, &err));
	assert_int_equal(ca.seq, 1);
	ok(ledger_latest(ledger, "g1", &latest, &found, &err));
	assert_true(found);
	assert_int_equal(latest.seq, 4);
	assert_int_equal(latest.certificate.len, 0);
}

static int count_two(void *context, const struct record *record)
{
	int64_t *seen = context;

	assert_int_equal(record->seq, ++*seen);
	return *seen == 2;
}

static void test_in_state_and_each(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct record *records = NULL;
	size_t n = 9;
	int64_t seen = 0;
	struct err err = ERR_INIT;

	(void)state;
	ok(ledger_in_state(ledger, RECORD_INTENDED, &records, &n, &err));
	assert_int_equal(n, 0);
	records_free(records, n);
	intend_one(ledger, "a", RECORD_CLIENT, 1);
	issue_one(ledger, "b", RECORD_CLIENT, 2);
	intend_one(ledger, "c", RECORD_CLIENT, 3);
	ok(ledger_in_state(ledger, RECORD_INTENDED, &records, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(records[0].entry, "a");
	assert_string_equal(records[1].entry, "c");
	assert_int_equal(records[0].tbs.len, 0);
	records_free(records, n);
	ok(ledger_each(ledger, count_two, &seen, &err));
	assert_int_equal(seen, 2);
	/* a walk that was stopped holds up nothing */
	intend_one(ledger, "d", RECORD_CLIENT, 4);
}

static void test_notes(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	BUF_AUTO value = BUF_INIT;
	BUF_AUTO read = BUF_INIT;
	bool found = true;
	struct err err = ERR_INIT;

	(void)state;
	ok(ledger_noted(ledger, "init-key:g1", &read, &found, &err));
	assert_false(found);
	buf_add(&value, "a\0b", 3);
	ok(ledger_note(ledger, "init-key:g1", &value, &err));
	buf_add(&value, "c", 1);
	ok(ledger_note(ledger, "init-key:g1", &value, &err));
	ok(ledger_noted(ledger, "init-key:g1", &read, &found, &err));
	assert_true(found);
	assert_true(buf_same(&read, "a\0bc", 4));
	ok(ledger_note(ledger, "init-key:g1", NULL, &err));
	ok(ledger_note(ledger, "init-key:g1", NULL, &err));
	ok(ledger_noted(ledger, "init-key:g1", &read, &found, &err));
	assert_false(found);
	buf_clear(&value);
	buf_reset(&read);
	ok(ledger_note(ledger, "empty", &value, &err));
	ok(ledger_noted(ledger, "empty", &read, &found, &err));
	assert_true(found);
	assert_int_equal(read.len, 0);
}

static void test_outlets(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct digest one = digest_of("1", 1);
	struct digest two = digest_of("2", 1);
	struct digest read;
	bool found = true;
	struct err err = ERR_INIT;

	(void)state;
	ok(ledger_outlet(ledger, "prod", "user.yaml", &read, &found, &err));
	assert_false(found);
	ok(ledger_note_outlets(
	    ledger, (struct outlet_note[]){ { "prod", "user.yaml", one } }, 1, &err));
	ok(ledger_note_outlets(ledger,
	    (struct outlet_note[]){
	        { "prod", "user.yaml", two }, { "test", "user.yaml", one } },
	    2, &err));
	ledger_close(ledger);
	ledger = open_ledger(dir, LEDGER_READ, NOW);
	ok(ledger_outlet(ledger, "prod", "user.yaml", &read, &found, &err));
	assert_true(found);
	assert_memory_equal(&read, &two, sizeof(two));
}

/* Ten thousand, as large a batch as any. */
static void test_a_large_batch(void **state)
{
	enum { N = 10000 };
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct record *records = mem_array(N, sizeof(*records));
	struct buf *certificates = mem_array(N, sizeof(*certificates));
	MICA_FREE int64_t *seqs = mem_array(N, sizeof(*seqs));
	MICA_FREE struct delivery *deliveries = mem_array(N, sizeof(*deliveries));
	struct record *found = NULL;
	size_t n = 0;
	struct err err = ERR_INIT;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		MICA_FREE char *entry = mem_printf("client-%u", i);

		records[i] = make_record(entry, RECORD_CLIENT, i);
		certificates[i] = make_certificate(&records[i]);
	}
	ok(ledger_intend(ledger, records, N, &err));
	for (size_t i = 0; i < N; i++) {
		seqs[i] = records[i].seq;
		assert_int_equal(seqs[i], i + 1);
		deliveries[i] = (struct delivery){ .deployment = (char *)"prod",
			.entry = records[i].entry,
			.seq = seqs[i],
			.generation = (char *)"..1" };
	}
	ok(ledger_issued(ledger, seqs, certificates, N, &err));
	ok(ledger_delivered(ledger, deliveries, N, &err));
	ledger_close(ledger);
	ledger = open_ledger(dir, LEDGER_READ, NOW);
	ok(ledger_verify(ledger, &err));
	ok(ledger_in_state(ledger, RECORD_DELIVERED, &found, &n, &err));
	assert_int_equal(n, N);
	records_free(found, n);
	for (size_t i = 0; i < N; i++)
		buf_clear(&certificates[i]);
	free(certificates);
	records_free(records, N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_every_field_comes_back),
		cmocka_unit_test(test_delivery_supersedes),
		cmocka_unit_test(test_delivered_elsewhere_stays),
		cmocka_unit_test(test_many_are_superseded),
		cmocka_unit_test(test_a_delivery_is_replaced),
		cmocka_unit_test(test_a_serial_is_used_once),
		cmocka_unit_test(test_a_third_certificate_is_refused),
		cmocka_unit_test(test_twice_in_a_batch),
		cmocka_unit_test(test_a_serial_twice_in_a_batch),
		cmocka_unit_test(test_other_bytes_are_not_issued),
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_only_what_was_issued_is_delivered),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_a_move_is_all_or_nothing),
		cmocka_unit_test(test_current_and_latest),
		cmocka_unit_test(test_in_state_and_each),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_outlets),
		cmocka_unit_test(test_a_large_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
