// SPDX-License-Identifier: Apache-2.0
/* ledger: what becomes of records, and what is read back. */
#include "ledger_fixture.h"

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(record_kind_name(RECORD_CA), "ca");
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
	int64_t dead = intend_one(ledger, "server", RECORD_SERVER, 2);
	int64_t other = issue_one(ledger, "ingest", RECORD_CLIENT, 3);
	int64_t fresh;
	struct err err = ERR_INIT;

	(void)state;
	deliver_one(ledger, "prod", "server", old);
	expect_state(ledger, old, RECORD_DELIVERED);
	ok(ledger_move(ledger, &old, 1, RECORD_SERVED, &err));
	fresh = issue_one(ledger, "server", RECORD_SERVER, 4);
	deliver_one(ledger, "prod", "server", fresh);
	expect_state(ledger, old, RECORD_SUPERSEDED);
	expect_state(ledger, dead, RECORD_INTENDED);
	expect_state(ledger, other, RECORD_ISSUED);
	expect_state(ledger, fresh, RECORD_DELIVERED);
	ok(ledger_verify(ledger, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_every_field_comes_back),
		cmocka_unit_test(test_delivery_supersedes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
