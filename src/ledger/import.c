// SPDX-License-Identifier: Apache-2.0
#include <mica/ledger_import.h>

#include <inttypes.h>

#include "ledger_private.h"

bool ledger_kind_read(const char *text, enum record_kind *ret)
{
	return record_kind_read(text, ret);
}

bool ledger_state_read(const char *text, enum record_state *ret)
{
	return record_state_read(text, ret);
}

/* --- telling ------------------------------------------------------------------------ */

int ledger_each_event(struct ledger *ledger,
    int (*each)(void *context, const struct ledger_event *event), void *context,
    struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_ALL_EVENTS);
	int found;

	while ((found = db_step(ledger, row, err)) > 0) {
		struct ledger_event event = {
			.seq = sqlite3_column_int64(row, 0),
			.record = sqlite3_column_int64(row, 1),
			.at = sqlite3_column_int64(row, 2),
			.note = (const char *)sqlite3_column_text(row, 6),
		};

		if (!record_state_read(
		        (const char *)sqlite3_column_text(row, 3), &event.state) ||
		    !db_digest(row, 4, &event.detail) || !db_digest(row, 5, &event.hash) ||
		    !event.note)
			return err_set(err, ERR_FAILED,
			    "event %" PRId64 " of the ledger is damaged", event.seq);
		if (each(context, &event) != 0)
			return 0;
	}
	return found;
}

/* --- putting together --------------------------------------------------------------- */

int ledger_import_begin(const char *name, struct ledger **ret, struct err *err)
{
	MICA_AUTO(ledger_closep) struct ledger *ledger = mem_zalloc(sizeof(*ledger));
	int code;

	ledger->dir = mem_strdup(name);
	ledger->path = mem_strdup(name);
	ledger->mode = LEDGER_READ;
	ledger->lock_fd = -1;
	ledger->writing = true;
	code = sqlite3_open(":memory:", &ledger->db);
	if (code != SQLITE_OK)
		return db_failed(ledger, err);
	if (schema_fill(ledger->db, name, err) < 0 ||
	    db_run(ledger, db_statement(ledger, SQL_BEGIN_WRITE), err) < 0)
		return -1;
	*ret = mem_give(ledger);
	return 0;
}

static int add_record(struct ledger *ledger, const struct record *record, struct err *err)
{
	if (record_add(ledger, record, err) < 0)
		return -1;
	if (sqlite3_last_insert_rowid(ledger->db) == record->seq)
		return 0;
	return err_set(err, ERR_FAILED, "it is out of turn");
}

static int add_bytes(struct ledger *ledger, enum statement which, int64_t seq,
    const struct buf *bytes, struct err *err)
{
	sqlite3_stmt *add = db_statement(ledger, which);

	sqlite3_bind_int64(add, 1, seq);
	db_bind_blob(add, 2, bytes->data, bytes->len);
	return db_run(ledger, add, err);
}

int ledger_import_record(struct ledger *ledger, const struct record *record, struct err *err)
{
	int status = add_record(ledger, record, err);

	if (status == 0)
		status = add_bytes(ledger, SQL_ADD_TBS, record->seq, &record->tbs, err);
	if (status == 0 && record->certificate.len > 0)
		status = add_bytes(
		    ledger, SQL_ADD_CERTIFICATE, record->seq, &record->certificate, err);
	if (status == 0)
		status = record_set_state(ledger, record->seq, record->state, err);
	return status < 0 ? err_prefix(err, "record %" PRId64, record->seq) : 0;
}

int ledger_import_event(
    struct ledger *ledger, const struct ledger_event *event, struct err *err)
{
	sqlite3_stmt *add = db_statement(ledger, SQL_ADD_EVENT);

	sqlite3_bind_int64(add, 1, event->seq);
	sqlite3_bind_int64(add, 2, event->record);
	sqlite3_bind_int64(add, 3, event->at);
	db_bind_text(add, 4, record_state_name(event->state));
	db_bind_digest(add, 5, &event->detail);
	db_bind_digest(add, 6, &event->hash);
	db_bind_text(add, 7, event->note);
	if (db_run(ledger, add, err) == 0)
		return 0;
	return err_prefix(err, "event %" PRId64, event->seq);
}

int ledger_import_end(struct ledger *ledger, const struct anchor *head, struct err *err)
{
	int status;

	ledger->head = (struct head){ .seq = head->events, .hash = head->hash };
	status = chain_write_head(ledger, err);
	if (status == 0)
		status = db_run(ledger, db_statement(ledger, SQL_COMMIT), err);
	ledger->writing = false;
	return status;
}
