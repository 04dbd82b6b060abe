// SPDX-License-Identifier: Apache-2.0
/* ledger: revocations, CRLs as records, and anchors. */
#include "ledger_fixture.h"

#include <mica/anchor.h>

static int64_t issue_crl(struct ledger *ledger, const char *ca, unsigned number)
{
	MICA_AUTO(record_clear) struct record record = make_record(ca, RECORD_CRL, number);
	BUF_AUTO certificate = make_certificate(&record);
	struct err err = ERR_INIT;

	free(record.ca);
	record.ca = mem_strdup(ca);
	memset(record.serial, 0, sizeof(record.serial));
	for (int i = 0; i < 4; i++)
		record.serial[19 - i] = (uint8_t)(number >> 8 * i);
	ok(ledger_adopted(ledger, &record, &certificate, &err));
	return record.seq;
}

/* --- revocations --- */

static void test_a_reason_comes_back(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t seq = issue_one(ledger, "ingest", RECORD_CLIENT, 1);
	struct revocation found = { .at = 0 };
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_revocation(ledger, seq, &found, &err), ERR_NOT_FOUND,
	    "record 1 was not revoked");
	ledger_close(ledger);
	ledger = open_ledger(dir, LEDGER_WRITE, NOW + 60);
	ok(ledger_revoke(ledger, &seq, 1, REVOKED_KEY_COMPROMISE, &err));
	fails(ledger_revoke(ledger, &seq, 1, REVOKED_SUPERSEDED, &err), ERR_EXISTS,
	    "record 1 is revoked already, since 2027-01-15T08:01:00Z (keyCompromise)");
	ledger_close(ledger);
	ledger = open_ledger(dir, LEDGER_READ, NOW + 90);
	ok(ledger_revocation(ledger, seq, &found, &err));
	assert_int_equal(found.at, NOW + 60);
	assert_int_equal(found.reason, REVOKED_KEY_COMPROMISE);
	assert_int_equal(found.serial[0], 0x40);
	expect_state(ledger, seq, RECORD_REVOKED);
	ok(ledger_verify(ledger, &err));
}

static void test_all_or_nothing(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t seqs[] = { issue_one(ledger, "a", RECORD_CLIENT, 1), 7 };
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_revoke(ledger, seqs, 2, REVOKED_CESSATION, &err), ERR_NOT_FOUND,
	    "the ledger has no record 7");
	expect_state(ledger, seqs[0], RECORD_ISSUED);
	ok(ledger_verify(ledger, &err));
}

/* By serial, of this CA alone, and without what has expired, CRLs, or what was not revoked. */
static void test_what_a_crl_has_to_say(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t seqs[4];
	MICA_FREE struct revocation *all = NULL;
	size_t n = 9;
	struct record other = make_record("other", RECORD_CLIENT, 3);
	struct err err = ERR_INIT;

	(void)state;
	ok(ledger_revocations(ledger, "g1", NOW, &all, &n, &err));
	assert_int_equal(n, 0);
	free(all);
	all = NULL;
	seqs[0] = issue_one(ledger, "b", RECORD_CLIENT, 9);
	seqs[1] = issue_one(ledger, "a", RECORD_SERVER, 2);
	seqs[2] = issue_crl(ledger, "g1", 1);
	issue_one(ledger, "kept", RECORD_CLIENT, 4);
	free(other.ca);
	other.ca = mem_strdup("g2");
	ok(ledger_intend(ledger, &other, 1, &err));
	seqs[3] = other.seq;
	record_clear(&other);
	ok(ledger_revoke(ledger, seqs, 4, REVOKED_UNSPECIFIED, &err));
	ok(ledger_revocations(ledger, "g1", NOW, &all, &n, &err));
	assert_int_equal(n, 2);
	assert_int_equal(all[0].serial[4], 2);
	assert_int_equal(all[1].serial[4], 9);
	assert_int_equal(all[0].at, NOW);
	assert_int_equal(all[0].reason, REVOKED_UNSPECIFIED);
	free(all);
	all = NULL;
	ok(ledger_revocations(ledger, "g1", NOW + 90 * 86400 - 1, &all, &n, &err));
	assert_int_equal(n, 2);
	free(all);
	all = NULL;
	ok(ledger_revocations(ledger, "g1", NOW + 90 * 86400, &all, &n, &err));
	assert_int_equal(n, 0);
}

static void test_every_reason(void **state)
{
	static const enum revocation_reason reasons[] = { REVOKED_UNSPECIFIED,
		REVOKED_KEY_COMPROMISE, REVOKED_CA_COMPROMISE, REVOKED_AFFILIATION_CHANGED,
		REVOKED_SUPERSEDED, REVOKED_CESSATION, REVOKED_PRIVILEGE_WITHDRAWN,
		REVOKED_AA_COMPROMISE };
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct err err = ERR_INIT;

	(void)state;
	for (unsigned i = 0; i < mem_count(reasons); i++) {
		int64_t seq = issue_one(ledger, "a", RECORD_CLIENT, i);
		struct revocation found = { .at = 0 };

		ok(ledger_revoke(ledger, &seq, 1, reasons[i], &err));
		ok(ledger_revocation(ledger, seq, &found, &err));
		assert_int_equal(found.reason, reasons[i]);
	}
	ok(ledger_verify(ledger, &err));
}

/* --- serials --- */

static void test_by_serial(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	MICA_AUTO(record_clear) struct record other = make_record("other", RECORD_CLIENT, 1);
	MICA_AUTO(record_clear) struct record one = { 0 };
	MICA_AUTO(record_clear) struct record two = { 0 };
	MICA_AUTO(record_clear) struct record none = { 0 };
	uint8_t unused[20] = { 1 };
	bool found = true;
	struct err err = ERR_INIT;

	(void)state;
	ok(ledger_by_serial(ledger, NULL, other.serial, &none, &found, &err));
	assert_false(found);
	issue_one(ledger, "first", RECORD_CLIENT, 1);
	ok(ledger_by_serial(ledger, NULL, other.serial, &one, &found, &err));
	assert_true(found);
	assert_string_equal(one.entry, "first");
	assert_true(one.certificate.len > 0);
	free(other.ca);
	other.ca = mem_strdup("g2");
	ok(ledger_intend(ledger, &other, 1, &err));
	fails(ledger_by_serial(ledger, NULL, other.serial, &none, &found, &err), ERR_AMBIGUOUS,
	    "the CAs 'g1' and 'g2' both used this serial, for 'first' and 'other'");
	ok(ledger_by_serial(ledger, "g2", other.serial, &two, &found, &err));
	assert_true(found);
	assert_int_equal(two.seq, 2);
	ok(ledger_by_serial(ledger, "g3", other.serial, &none, &found, &err));
	assert_false(found);
	ok(ledger_by_serial(ledger, NULL, unused, &none, &found, &err));
	assert_false(found);
}

/* --- CRLs --- */

static void test_a_crl_is_published(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	MICA_AUTO(record_clear) struct record current = { 0 };
	int64_t first = issue_crl(ledger, "g1", 100);
	int64_t other = issue_crl(ledger, "g2", 100);
	int64_t second = issue_crl(ledger, "g1", 300);
	int64_t late = issue_crl(ledger, "g1", 200);
	struct anchor before = { 0 };
	struct anchor after = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	fails(ledger_published(ledger, 9, &err), ERR_NOT_FOUND, "the ledger has no CRL");
	ok(ledger_current(ledger, RECORD_CRL, "g1", &current, &err));
	assert_int_equal(current.seq, second); /* by number, not by age */
	record_clear(&current);
	ok(ledger_published(ledger, first, &err));
	expect_state(ledger, first, RECORD_DELIVERED);
	expect_state(ledger, second, RECORD_ISSUED);
	ok(ledger_published(ledger, second, &err));
	expect_state(ledger, first, RECORD_SUPERSEDED);
	expect_state(ledger, second, RECORD_DELIVERED);
	expect_state(ledger, late, RECORD_SUPERSEDED);
	expect_state(ledger, other, RECORD_ISSUED);
	ok(ledger_anchor(ledger, &before, &err));
	ok(ledger_published(ledger, second, &err));
	ok(ledger_anchor(ledger, &after, &err));
	assert_int_equal(before.events, after.events);
	ok(ledger_current(ledger, RECORD_CRL, "g1", &current, &err));
	assert_int_equal(current.seq, second);
	fails(ledger_published(ledger, first, &err), ERR_FAILED,
	    "record 1 is superseded: it cannot become delivered");
	ok(ledger_verify(ledger, &err));
}

static void test_a_delivery_says_which_crl(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	int64_t seq = issue_one(ledger, "server", RECORD_SERVER, 1);
	struct delivery wanted = {
		.deployment = (char *)"prod",
		.entry = (char *)"server",
		.seq = seq,
		.generation = (char *)"..1",
		.crl_file = digest_of("file", 4),
		.crl_list = digest_of("list", 4),
		.crl_due = NOW + 86400,
	};
	MICA_AUTO(delivery_clear) struct delivery found = { 0 };
	bool there = false;
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 2; i++, wanted.crl_due++) {
		delivery_clear(&found);
		ok(ledger_delivered(ledger, &wanted, 1, &err));
		ok(ledger_delivery(ledger, "prod", "server", &found, &there, &err));
		assert_true(there);
		assert_memory_equal(&found.crl_file, &wanted.crl_file, sizeof(wanted.crl_file));
		assert_memory_equal(&found.crl_list, &wanted.crl_list, sizeof(wanted.crl_list));
		assert_int_equal(found.crl_due, wanted.crl_due);
	}
}

/* --- anchors --- */

static void test_anchors_lie_on_the_chain(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct anchor anchors[8] = { { 0 } };
	struct anchor bad;
	struct err err = ERR_INIT;

	(void)state;
	for (unsigned i = 0; i < mem_count(anchors); i++) {
		ok(ledger_anchor(ledger, &anchors[i], &err));
		assert_int_equal(anchors[i].events, 2 * i);
		assert_int_equal(anchors[i].records, i);
		for (unsigned k = 0; k <= i; k++)
			ok(ledger_check_anchor(ledger, &anchors[k], &err));
		issue_one(ledger, "ca", RECORD_CA, i);
	}
	for (unsigned i = 0; i < mem_count(anchors); i++) {
		bad = anchors[i];
		bad.hash.bytes[31] ^= 1;
		fails(ledger_check_anchor(ledger, &bad, &err), ERR_REFUSED,
		    "is not the one that was signed with");
	}
	bad = anchors[3];
	bad.records = 2;
	fails(ledger_check_anchor(ledger, &bad, &err), ERR_REFUSED, "is not the one");
	bad.records = 99;
	fails(ledger_check_anchor(ledger, &bad, &err), ERR_REFUSED, "is not the one");
	bad = anchors[0];
	bad.records = 1;
	fails(ledger_check_anchor(ledger, &bad, &err), ERR_REFUSED, "is not the one");
}

/* Restored from a backup: both heads are named. */
static void test_an_older_ledger_is_told(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LEDGER_AUTO ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	struct anchor head = { 0 };
	struct anchor ahead = { .events = 40, .records = 12, .hash = digest_of("x", 1) };
	MICA_FREE char *words = NULL;
	BUF_AUTO hash = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	issue_one(ledger, "a", RECORD_CLIENT, 1);
	ok(ledger_anchor(ledger, &head, &err));
	buf_addhex(&hash, head.hash.bytes, 8);
	words = mem_printf("' is behind what was signed with it: its head is event 2, record "
	                   "1, hash %s; what its CA key signed says event 40, record 12, hash "
	                   "2d711642b726b044",
	    buf_text(&hash));
	fails(ledger_check_anchor(ledger, &ahead, &err), ERR_REFUSED, words);
	assert_non_null(strstr(err.hint, "mica audit --accept-restore"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_reason_comes_back),
		cmocka_unit_test(test_all_or_nothing),
		cmocka_unit_test(test_what_a_crl_has_to_say),
		cmocka_unit_test(test_every_reason),
		cmocka_unit_test(test_by_serial),
		cmocka_unit_test(test_a_crl_is_published),
		cmocka_unit_test(test_a_delivery_says_which_crl),
		cmocka_unit_test(test_anchors_lie_on_the_chain),
		cmocka_unit_test(test_an_older_ledger_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
