// SPDX-License-Identifier: Apache-2.0
#include "ledger_private.h"

#include <assert.h>

static int note_outlet(struct ledger *ledger, const struct outlet_note *note, struct err *err)
{
	sqlite3_stmt *set = db_statement(ledger, SQL_SET_OUTLET);

	db_bind_text(set, 1, note->deployment);
	db_bind_text(set, 2, note->file);
	db_bind_digest(set, 3, &note->digest);
	sqlite3_bind_int64(set, 4, ledger->now);
	return db_run(ledger, set, err);
}

int ledger_note_outlets(
    struct ledger *ledger, const struct outlet_note *notes, size_t n, struct err *err)
{
	int status = 0;

	assert(ledger_writes(ledger));
	if (db_begin(ledger, err) < 0)
		return -1;
	for (size_t i = 0; status == 0 && i < n; i++)
		status = note_outlet(ledger, &notes[i], err);
	return db_end(ledger, status, err);
}

int ledger_outlet(struct ledger *ledger, const char *deployment, const char *file,
    struct digest *ret, bool *ret_found, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_OUTLET);
	int found;

	db_bind_text(row, 1, deployment);
	db_bind_text(row, 2, file);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	if (found > 0 && !db_digest(row, 0, ret))
		return err_set(
		    err, ERR_REFUSED, "the note of '%s' in the ledger is damaged", file);
	*ret_found = found > 0;
	return 0;
}

int ledger_note(
    struct ledger *ledger, const char *name, const struct buf *value, struct err *err)
{
	sqlite3_stmt *set;

	assert(ledger_writes(ledger) && name[0] != '.');
	if (db_begin(ledger, err) < 0)
		return -1;
	set = db_statement(ledger, value ? SQL_SET_META : SQL_DROP_META);
	db_bind_text(set, 1, name);
	if (value)
		db_bind_blob(set, 2, value->data, value->len);
	return db_end(ledger, db_run(ledger, set, err), err);
}

int ledger_noted(
    struct ledger *ledger, const char *name, struct buf *ret, bool *ret_found, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_META);
	int found;

	db_bind_text(row, 1, name);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	if (found > 0)
		buf_add(ret, sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
	*ret_found = found > 0;
	return 0;
}
