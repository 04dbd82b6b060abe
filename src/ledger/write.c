// SPDX-License-Identifier: Apache-2.0
/* What becomes of records. Each function is one transaction, and each change of a state an
 * event. */
#include "ledger_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

static int serial_used(struct ledger *ledger, const struct record *record, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_BY_SERIAL);
	BUF_AUTO serial = BUF_INIT;
	int found;

	buf_addhex(&serial, record->serial, sizeof(record->serial));
	db_bind_text(row, 1, record->ca);
	db_bind_blob(row, 2, record->serial, sizeof(record->serial));
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	return err_set(err, ERR_EXISTS,
	    "serial %s of CA '%s' was used before, for '%s' (record %" PRId64 ")",
	    buf_text(&serial), record->ca,
	    found ? (const char *)sqlite3_column_text(row, 1) : record->entry,
	    found ? (int64_t)sqlite3_column_int64(row, 0) : 0);
}

static int insert(struct ledger *ledger, struct record *record, struct err *err)
{
	sqlite3_stmt *add;

	if (record_add(ledger, record, err) < 0) {
		if (sqlite3_extended_errcode(ledger->db) == SQLITE_CONSTRAINT_UNIQUE)
			return serial_used(ledger, record, err);
		return err_prefix(err, "'%s'", record->entry);
	}
	record->seq = sqlite3_last_insert_rowid(ledger->db);
	add = db_statement(ledger, SQL_ADD_TBS);
	sqlite3_bind_int64(add, 1, record->seq);
	db_bind_blob(add, 2, record->tbs.data, record->tbs.len);
	return db_run(ledger, add, err);
}

static int intend(
    struct ledger *ledger, const struct record *wanted, int64_t *ret_seq, struct err *err)
{
	struct record record = *wanted; /* borrowed */
	struct event event = { .state = record_state_name(RECORD_INTENDED) };

	record.tbs_sha256 = digest_of(record.tbs.data, record.tbs.len);
	if (insert(ledger, &record, err) < 0)
		return -1;
	event.record = *ret_seq = record.seq;
	event.detail = chain_record_digest(&record);
	return chain_append(ledger, &event, err);
}

int ledger_intend(struct ledger *ledger, struct record *records, size_t n, struct err *err)
{
	MICA_FREE int64_t *seqs = mem_array(n, sizeof(*seqs));
	int status = 0;

	assert(ledger_writes(ledger));
	if (db_begin(ledger, err) < 0)
		return -1;
	for (size_t i = 0; status == 0 && i < n; i++) {
		status = unique_check(ledger, &records[i], err);
		if (status == 0)
			status = intend(ledger, &records[i], &seqs[i], err);
	}
	if (db_end(ledger, status, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		records[i].seq = seqs[i];
		records[i].state = RECORD_INTENDED;
		records[i].tbs_sha256 = digest_of(records[i].tbs.data, records[i].tbs.len);
	}
	return 0;
}

int record_state_of(struct ledger *ledger, int64_t seq, enum record_state *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_STATE);
	int found;

	sqlite3_bind_int64(row, 1, seq);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(err, ERR_NOT_FOUND, "the ledger has no record %" PRId64, seq);
	if (!record_state_read((const char *)sqlite3_column_text(row, 0), ret))
		return record_damaged(seq, err);
	return 0;
}

int record_cannot_become(
    int64_t seq, enum record_state from, enum record_state to, struct err *err)
{
	return err_set(err, ERR_FAILED, "record %" PRId64 " is %s: it cannot become %s", seq,
	    record_state_name(from), record_state_name(to));
}

int record_set_state(
    struct ledger *ledger, int64_t seq, enum record_state state, struct err *err)
{
	sqlite3_stmt *set = db_statement(ledger, SQL_SET_STATE);

	sqlite3_bind_int64(set, 1, seq);
	db_bind_text(set, 2, record_state_name(state));
	return db_run(ledger, set, err);
}

int record_move(struct ledger *ledger, int64_t seq, enum record_state from,
    enum record_state to, struct err *err)
{
	if (!record_may_become(from, to))
		return record_cannot_become(seq, from, to, err);
	if (record_set_state(ledger, seq, to, err) < 0)
		return -1;
	return chain_append(
	    ledger, &(struct event){ .record = seq, .state = record_state_name(to) }, err);
}

/* The certificate must hold the record's TBS: other bytes are never recorded under its serial.
 */
static int issue(
    struct ledger *ledger, int64_t seq, const struct buf *certificate, struct err *err)
{
	sqlite3_stmt *add = db_statement(ledger, SQL_ADD_CERTIFICATE);
	const struct event event = {
		.record = seq,
		.state = record_state_name(RECORD_ISSUED),
		.detail = digest_of(certificate->data, certificate->len),
	};
	enum record_state from = RECORD_INTENDED;

	if (record_state_of(ledger, seq, &from, err) < 0)
		return -1;
	if (!record_may_become(from, RECORD_ISSUED))
		return record_cannot_become(seq, from, RECORD_ISSUED, err);
	sqlite3_bind_int64(add, 1, seq);
	db_bind_blob(add, 2, certificate->data, certificate->len);
	if (db_run(ledger, add, err) < 0)
		return -1;
	if (sqlite3_changes(ledger->db) != 1)
		return err_set(err, ERR_FAILED,
		    "the certificate of record %" PRId64
		    " does not hold the bytes that were to be signed",
		    seq);
	if (record_set_state(ledger, seq, RECORD_ISSUED, err) < 0)
		return -1;
	return chain_append(ledger, &event, err);
}

int ledger_issued(struct ledger *ledger, const int64_t *seqs, const struct buf *certificates,
    size_t n, struct err *err)
{
	int status = 0;

	assert(ledger_writes(ledger));
	if (db_begin(ledger, err) < 0)
		return -1;
	for (size_t i = 0; status == 0 && i < n; i++)
		status = issue(ledger, seqs[i], &certificates[i], err);
	return db_end(ledger, status, err);
}

int ledger_adopted(struct ledger *ledger, struct record *record, const struct buf *certificate,
    struct err *err)
{
	int64_t seq = 0;
	int status;

	assert(ledger_writes(ledger));
	if (db_begin(ledger, err) < 0)
		return -1;
	status = intend(ledger, record, &seq, err);
	if (status == 0)
		status = issue(ledger, seq, certificate, err);
	if (db_end(ledger, status, err) < 0)
		return -1;
	record->seq = seq;
	record->state = RECORD_ISSUED;
	record->tbs_sha256 = digest_of(record->tbs.data, record->tbs.len);
	return 0;
}

/* Is there one that is not in this state already? */
static int any_differs(struct ledger *ledger, const int64_t *seqs, size_t n,
    enum record_state state, bool *ret, struct err *err)
{
	for (size_t i = 0; i < n && !*ret; i++) {
		enum record_state from = RECORD_INTENDED;

		if (record_state_of(ledger, seqs[i], &from, err) < 0)
			return -1;
		*ret = from != state;
	}
	return 0;
}

int ledger_move(struct ledger *ledger, const int64_t *seqs, size_t n, enum record_state state,
    struct err *err)
{
	bool differs = false;
	int status = 0;

	assert(ledger_writes(ledger));
	assert(
	    state == RECORD_SERVED || state == RECORD_SUPERSEDED || state == RECORD_ABANDONED);
	if (any_differs(ledger, seqs, n, state, &differs, err) < 0)
		return -1;
	if (!differs)
		return 0;
	if (db_begin(ledger, err) < 0)
		return -1;
	for (size_t i = 0; status == 0 && i < n; i++) {
		enum record_state from = RECORD_INTENDED;

		status = record_state_of(ledger, seqs[i], &from, err);
		if (status == 0 && from != state)
			status = record_move(ledger, seqs[i], from, state, err);
	}
	return db_end(ledger, status, err);
}
