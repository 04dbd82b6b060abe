// SPDX-License-Identifier: Apache-2.0
#include "ledger_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
	[RECORD_CA] = "ca",
	[RECORD_SERVER] = "server",
	[RECORD_CLIENT] = "client",
	[RECORD_CRL] = "crl",
};

static const char *const state_names[] = {
	[RECORD_INTENDED] = "intended",
	[RECORD_ISSUED] = "issued",
	[RECORD_DELIVERED] = "delivered",
	[RECORD_SERVED] = "served",
	[RECORD_SUPERSEDED] = "superseded",
	[RECORD_REVOKED] = "revoked",
	[RECORD_ABANDONED] = "abandoned",
};

#define TO(state) (1u << (state))

/* Nothing leads back, and what was issued stays issued until something replaces or ends it. */
static const unsigned successors[] = {
	[RECORD_INTENDED] = TO(RECORD_ISSUED) | TO(RECORD_ABANDONED) | TO(RECORD_REVOKED),
	[RECORD_ISSUED] = TO(RECORD_DELIVERED) | TO(RECORD_SERVED) | TO(RECORD_SUPERSEDED) |
	                  TO(RECORD_ABANDONED) | TO(RECORD_REVOKED),
	[RECORD_DELIVERED] = TO(RECORD_SERVED) | TO(RECORD_SUPERSEDED) | TO(RECORD_REVOKED),
	[RECORD_SERVED] = TO(RECORD_SUPERSEDED) | TO(RECORD_REVOKED),
	[RECORD_SUPERSEDED] = TO(RECORD_REVOKED),
	[RECORD_ABANDONED] = TO(RECORD_REVOKED),
	[RECORD_REVOKED] = 0,
};

bool record_may_become(enum record_state from, enum record_state to)
{
	return successors[from] & TO(to);
}

const char *record_kind_name(enum record_kind kind)
{
	return kind_names[kind];
}

const char *record_state_name(enum record_state state)
{
	return state_names[state];
}

static bool look_up(const char *const *names, size_t n, const char *text, size_t *ret)
{
	for (size_t i = 0; text && i < n; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

bool record_kind_read(const char *text, enum record_kind *ret)
{
	size_t at;

	if (!look_up(kind_names, mem_count(kind_names), text, &at))
		return false;
	*ret = (enum record_kind)at;
	return true;
}

bool record_state_read(const char *text, enum record_state *ret)
{
	size_t at;

	if (!look_up(state_names, mem_count(state_names), text, &at))
		return false;
	*ret = (enum record_state)at;
	return true;
}

void record_clear(struct record *record)
{
	free(record->entry);
	free(record->ca);
	buf_clear(&record->tbs);
	buf_clear(&record->certificate);
	*record = (struct record){ 0 };
}

void records_free(struct record *records, size_t n)
{
	for (size_t i = 0; records && i < n; i++)
		record_clear(&records[i]);
	free(records);
}

static bool serial_load(sqlite3_stmt *row, int column, uint8_t ret[static 20])
{
	const void *bytes = sqlite3_column_blob(row, column);

	if (!bytes || sqlite3_column_bytes(row, column) != 20)
		return false;
	memcpy(ret, bytes, 20);
	return true;
}

static void bytes_load(sqlite3_stmt *row, int column, struct buf *ret)
{
	const void *bytes = sqlite3_column_blob(row, column);

	if (bytes)
		buf_add(ret, bytes, (size_t)sqlite3_column_bytes(row, column));
}

int record_damaged(int64_t seq, struct err *err)
{
	err_set(err, ERR_REFUSED, "record %" PRId64 " of the ledger is damaged", seq);
	return err_hint(err, "restore the state directory from a backup");
}

int record_borrow(sqlite3_stmt *row, struct record *ret, struct err *err)
{
	struct record record = { .seq = sqlite3_column_int64(row, 0) };

	record.entry = (char *)sqlite3_column_text(row, 1);
	record.ca = (char *)sqlite3_column_text(row, 3);
	if (!record.entry || !record.ca ||
	    !record_kind_read((const char *)sqlite3_column_text(row, 2), &record.kind) ||
	    !serial_load(row, 4, record.serial) ||
	    !record_state_read((const char *)sqlite3_column_text(row, 5), &record.state) ||
	    !db_digest(row, 6, &record.tbs_sha256) || !db_digest(row, 7, &record.definition) ||
	    !db_digest(row, 8, &record.key))
		return record_damaged(record.seq, err);
	record.created = sqlite3_column_int64(row, 9);
	record.not_before = sqlite3_column_int64(row, 10);
	record.not_after = sqlite3_column_int64(row, 11);
	*ret = record;
	return 0;
}

int record_load(sqlite3_stmt *row, enum columns columns, struct record *ret, struct err *err)
{
	struct record record = { 0 };

	if (record_borrow(row, &record, err) < 0)
		return -1;
	record.entry = mem_strdup(record.entry);
	record.ca = mem_strdup(record.ca);
	if (columns == WITH_BYTES) {
		bytes_load(row, 12, &record.tbs);
		bytes_load(row, 13, &record.certificate);
	}
	*ret = record;
	return 0;
}

int record_add(struct ledger *ledger, const struct record *record, struct err *err)
{
	sqlite3_stmt *add = db_statement(ledger, SQL_ADD_RECORD);

	db_bind_text(add, 1, record->entry);
	db_bind_text(add, 2, record_kind_name(record->kind));
	db_bind_text(add, 3, record->ca);
	db_bind_blob(add, 4, record->serial, sizeof(record->serial));
	db_bind_digest(add, 5, &record->tbs_sha256);
	db_bind_digest(add, 6, &record->definition);
	db_bind_digest(add, 7, &record->key);
	sqlite3_bind_int64(add, 8, record->created);
	sqlite3_bind_int64(add, 9, record->not_before);
	sqlite3_bind_int64(add, 10, record->not_after);
	return db_run(ledger, add, err);
}
