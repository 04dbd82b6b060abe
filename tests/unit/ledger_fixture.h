// SPDX-License-Identifier: Apache-2.0
/* A ledger in a scratch directory, with records whose bytes are made up but consistent. */
#ifndef TEST_LEDGER_FIXTURE_H
#define TEST_LEDGER_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <mica/ledger.h>

#include "scratch.h"

enum { NOW = 1800000000 };

#define LEDGER_AUTO MICA_AUTO(ledger_closep) struct ledger *

/* Fails the test with the error's own words. */
#define ok(call)                                                                               \
	do {                                                                                   \
		if ((call) < 0)                                                                \
			fail_msg("%s: %s (%s)", #call, err.text, err.hint);                    \
	} while (0)

/* The call fails with this kind, and a text in which these words are found. */
#define fails(call, expected, words)                                                           \
	do {                                                                                   \
		assert_int_equal((call), -1);                                                  \
		if (!strstr(err.text, (words)))                                                \
			fail_msg("no '%s' in '%s'", (words), err.text);                        \
		assert_int_equal(err.kind, (expected));                                        \
	} while (0)

static inline struct ledger *open_ledger(const char *dir, enum ledger_mode mode, int64_t now)
{
	struct ledger *ledger = NULL;
	struct err err = ERR_INIT;

	ok(ledger_open(dir, mode, now, &ledger, &err));
	return ledger;
}

/* The number makes serial, TBS and key; two records of one number clash. */
static inline struct record make_record(
    const char *entry, enum record_kind kind, unsigned number)
{
	struct record record = {
		.entry = mem_strdup(entry),
		.kind = kind,
		.ca = mem_strdup("g1"),
		.definition = digest_of(entry, strlen(entry)),
		.key = digest_of(&number, sizeof(number)),
		.created = NOW,
		.not_before = NOW - 3600,
		.not_after = NOW + 90 * 86400,
	};

	memcpy(record.serial + 4, &number, sizeof(number));
	record.serial[0] = 0x40;
	buf_printf(&record.tbs, "to be signed, number %u, for %s", number, entry);
	return record;
}

static inline struct buf make_certificate(const struct record *record)
{
	struct buf certificate = BUF_INIT;

	buf_addstr(&certificate, "head ");
	buf_add(&certificate, record->tbs.data, record->tbs.len);
	buf_addstr(&certificate, " signature");
	return certificate;
}

static inline int64_t intend_one(
    struct ledger *ledger, const char *entry, enum record_kind kind, unsigned number)
{
	MICA_AUTO(record_clear) struct record record = make_record(entry, kind, number);
	struct err err = ERR_INIT;

	ok(ledger_intend(ledger, &record, 1, &err));
	return record.seq;
}

static inline int64_t issue_one(
    struct ledger *ledger, const char *entry, enum record_kind kind, unsigned number)
{
	MICA_AUTO(record_clear) struct record record = make_record(entry, kind, number);
	BUF_AUTO certificate = make_certificate(&record);
	struct err err = ERR_INIT;

	ok(ledger_intend(ledger, &record, 1, &err));
	ok(ledger_issued(ledger, &record.seq, &certificate, 1, &err));
	return record.seq;
}

static inline void deliver_one(
    struct ledger *ledger, const char *deployment, const char *entry, int64_t seq)
{
	struct delivery delivery = {
		.deployment = (char *)deployment,
		.entry = (char *)entry,
		.seq = seq,
		.generation = (char *)"..20270115T080000.aabbcc",
		.key_file = digest_of(&seq, sizeof(seq)),
		.ca_file = digest_of("ca", 2),
	};
	struct err err = ERR_INIT;

	ok(ledger_delivered(ledger, &delivery, 1, &err));
}

/* To any end: served, superseded, abandoned, or revoked. */
static inline int end_as(
    struct ledger *ledger, int64_t seq, enum record_state state, struct err *err)
{
	return state == RECORD_REVOKED
	           ? ledger_revoke(ledger, &seq, 1, REVOKED_KEY_COMPROMISE, err)
	           : ledger_move(ledger, &seq, 1, state, err);
}

/* The state of a record as ledger_each() tells it. */
struct state_of {
	int64_t seq;
	int state;
};

static inline int find_state(void *context, const struct record *record)
{
	struct state_of *wanted = context;

	if (record->seq == wanted->seq)
		wanted->state = (int)record->state;
	return 0;
}

static inline void expect_state(struct ledger *ledger, int64_t seq, enum record_state state)
{
	struct state_of found = { .seq = seq, .state = -1 };
	struct err err = ERR_INIT;

	ok(ledger_each(ledger, find_state, &found, &err));
	if (found.state < 0)
		fail_msg("no record %lld", (long long)seq);
	assert_string_equal(
	    record_state_name((enum record_state)found.state), record_state_name(state));
}

#endif
