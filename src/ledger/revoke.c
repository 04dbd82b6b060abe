// SPDX-License-Identifier: Apache-2.0
/*
 * Revocations. What one says is the note of its event, "keyCompromise 2026-11-22T08:37:00Z",
 * and the event's detail is the digest of that text. A ledger of schema version 1 could revoke
 * without a word: unspecified, when the event was.
 */
#include "ledger_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <mica/clock.h>

bool revocation_note_read(const char *note, struct revocation *ret)
{
	const char *space = strchr(note, ' ');
	MICA_FREE char *name = space ? mem_dup(note, (size_t)(space - note)) : NULL;
	struct err ignored = ERR_INIT;
	struct revocation revocation = *ret;

	if (!space || clock_parse(space + 1, &revocation.at) < 0 ||
	    revocation_reason_read(name, &revocation.reason, &ignored) < 0 ||
	    strcmp(name, revocation_reason_name(revocation.reason)) != 0)
		return false;
	*ret = revocation;
	return true;
}

/* A row of serial, at, note. */
static int load(
    struct ledger *ledger, sqlite3_stmt *row, struct revocation *ret, struct err *err)
{
	const void *serial = sqlite3_column_blob(row, 0);
	const char *note = (const char *)sqlite3_column_text(row, 2);
	struct revocation revocation = { .at = sqlite3_column_int64(row, 1) };

	if (!serial || sqlite3_column_bytes(row, 0) != (int)sizeof(revocation.serial) ||
	    !note || (note[0] && !revocation_note_read(note, &revocation)))
		return err_set(err, ERR_REFUSED,
		    "a revocation in the ledger '%s' is damaged: '%s'", ledger->path,
		    note ? note : "");
	memcpy(revocation.serial, serial, sizeof(revocation.serial));
	*ret = revocation;
	return 0;
}

int ledger_revocations(struct ledger *ledger, const char *ca, int64_t since,
    struct revocation **ret, size_t *ret_n, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_REVOCATIONS);
	MICA_FREE struct revocation *all = NULL;
	size_t n = 0;
	size_t cap = 0;
	int found;

	db_bind_text(row, 1, ca);
	sqlite3_bind_int64(row, 2, since);
	for (; (found = db_step(ledger, row, err)) > 0; n++) {
		all = mem_grow(all, &cap, n + 1, sizeof(*all));
		if (load(ledger, row, &all[n], err) < 0)
			return -1;
	}
	if (found < 0)
		return -1;
	*ret = mem_give(all);
	*ret_n = n;
	return 0;
}

int ledger_revocation(
    struct ledger *ledger, int64_t seq, struct revocation *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_REVOCATION);
	int found;

	sqlite3_bind_int64(row, 1, seq);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(err, ERR_NOT_FOUND, "record %" PRId64 " was not revoked", seq);
	return load(ledger, row, ret, err);
}

/* --- writing --- */

static int revoked_already(struct ledger *ledger, int64_t seq, struct err *err)
{
	struct revocation revocation;
	char when[CLOCK_TEXT];

	if (ledger_revocation(ledger, seq, &revocation, err) < 0)
		return -1;
	return err_set(err, ERR_EXISTS,
	    "record %" PRId64 " is revoked already, since %s (%s): that stays", seq,
	    clock_text(revocation.at, when), revocation_reason_name(revocation.reason));
}

static int revoke(struct ledger *ledger, int64_t seq, const char *note, struct err *err)
{
	const struct event event = {
		.record = seq,
		.state = record_state_name(RECORD_REVOKED),
		.detail = digest_of(note, strlen(note)),
		.note = note,
	};
	enum record_state from = RECORD_INTENDED;

	if (record_state_of(ledger, seq, &from, err) < 0)
		return -1;
	if (from == RECORD_REVOKED)
		return revoked_already(ledger, seq, err);
	if (!record_may_become(from, RECORD_REVOKED))
		return record_cannot_become(seq, from, RECORD_REVOKED, err);
	if (record_set_state(ledger, seq, RECORD_REVOKED, err) < 0)
		return -1;
	return chain_append(ledger, &event, err);
}

int ledger_revoke(struct ledger *ledger, const int64_t *seqs, size_t n,
    enum revocation_reason reason, struct err *err)
{
	char when[CLOCK_TEXT];
	MICA_FREE char *note =
	    mem_printf("%s %s", revocation_reason_name(reason), clock_text(ledger->now, when));
	int status = 0;

	assert(ledger_writes(ledger) && revocation_reason_name(reason));
	if (db_begin(ledger, err) < 0)
		return -1;
	for (size_t i = 0; status == 0 && i < n; i++)
		status = revoke(ledger, seqs[i], note, err);
	return db_end(ledger, status, err);
}
