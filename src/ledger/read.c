// SPDX-License-Identifier: Apache-2.0
#include "ledger_private.h"

#include <stdlib.h>

int ledger_find_current(struct ledger *ledger, enum record_kind kind, const char *entry,
    struct record *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, kind == RECORD_CRL ? SQL_CURRENT_CRL : SQL_CURRENT);
	int found;

	db_bind_text(row, 1, entry);
	db_bind_text(row, 2, record_kind_name(kind));
	found = db_step(ledger, row, err);
	*ret = (struct record){ 0 };
	return found > 0 ? record_load(row, WITH_BYTES, ret, err) : found;
}

int ledger_current(struct ledger *ledger, enum record_kind kind, const char *entry,
    struct record *ret, struct err *err)
{
	if (ledger_find_current(ledger, kind, entry, ret, err) < 0)
		return -1;
	if (ret->seq != 0)
		return 0;
	return err_set(
	    err, ERR_NOT_FOUND, "the ledger has no active certificate of '%s'", entry);
}

static int read_one(struct ledger *ledger, sqlite3_stmt *bound, struct record *ret,
    bool *ret_found, struct err *err)
{
	int found = db_step(ledger, bound, err);

	if (found < 0 || (found > 0 && record_load(bound, WITH_BYTES, ret, err) < 0))
		return -1;
	*ret_found = found > 0;
	return 0;
}

int ledger_latest(struct ledger *ledger, const char *entry, struct record *ret, bool *ret_found,
    struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_LATEST);

	db_bind_text(row, 1, entry);
	return read_one(ledger, row, ret, ret_found, err);
}

int ledger_record(
    struct ledger *ledger, int64_t seq, struct record *ret, bool *ret_found, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_RECORD);

	sqlite3_bind_int64(row, 1, seq);
	return read_one(ledger, row, ret, ret_found, err);
}

/* Of one CA; 1: found, 0: not. */
static int read_serial(struct ledger *ledger, const char *ca, const uint8_t serial[20],
    struct record *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_BY_SERIAL);
	int found;

	db_bind_text(row, 1, ca);
	db_bind_blob(row, 2, serial, 20);
	found = db_step(ledger, row, err);
	if (found > 0 && record_load(row, WITH_BYTES, ret, err) < 0)
		return -1;
	return found;
}

/* The CA that comes after this one in the order of names; NULL: none. */
static int next_ca(struct ledger *ledger, char **ca, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_NEXT_CA);
	char *next = NULL;
	int found;

	db_bind_text(row, 1, *ca ? *ca : "");
	found = db_step(ledger, row, err);
	if (found > 0)
		next = db_text(row, 0);
	sqlite3_reset(row); /* it borrows *ca */
	free(*ca);
	*ca = next;
	return found < 0 ? -1 : 0;
}

static int read_serial_of_any(
    struct ledger *ledger, const uint8_t serial[20], struct record *ret, struct err *err)
{
	MICA_AUTO(record_clear) struct record first = { 0 };
	MICA_FREE char *ca = NULL;

	for (;;) {
		MICA_AUTO(record_clear) struct record record = { 0 };

		if (next_ca(ledger, &ca, err) < 0)
			return -1;
		if (!ca)
			break;
		if (read_serial(ledger, ca, serial, &record, err) < 0)
			return -1;
		if (record.seq != 0 && first.seq != 0)
			return err_set(err, ERR_AMBIGUOUS,
			    "the CAs '%s' and '%s' both used this serial, for '%s' and '%s'",
			    first.ca, record.ca, first.entry, record.entry);
		if (record.seq != 0) {
			first = record;
			record = (struct record){ 0 };
		}
	}
	*ret = first;
	first = (struct record){ 0 };
	return ret->seq != 0;
}

int ledger_by_serial(struct ledger *ledger, const char *ca, const uint8_t serial[20],
    struct record *ret, bool *ret_found, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };
	int found = ca ? read_serial(ledger, ca, serial, &record, err)
	               : read_serial_of_any(ledger, serial, &record, err);

	if (found < 0)
		return -1;
	*ret_found = found > 0;
	if (found > 0) {
		*ret = record;
		record = (struct record){ 0 };
	}
	return 0;
}

int ledger_find_crl(struct ledger *ledger, const uint8_t number[20], const struct buf *der,
    struct record *ret, bool *ret_found, struct err *err)
{
	MICA_FREE char *ca = NULL;

	*ret_found = false;
	for (;;) {
		MICA_AUTO(record_clear) struct record record = { 0 };

		if (next_ca(ledger, &ca, err) < 0)
			return -1;
		if (!ca)
			return 0;
		if (read_serial(ledger, ca, number, &record, err) < 0)
			return -1;
		if (record.seq == 0 || record.kind != RECORD_CRL ||
		    !buf_same(&record.certificate, der->data, der->len))
			continue;
		*ret = record;
		record = (struct record){ 0 };
		*ret_found = true;
		return 0;
	}
}

int ledger_in_state(struct ledger *ledger, enum record_state state, struct record **ret,
    size_t *ret_n, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_IN_STATE);
	struct record *records = NULL;
	size_t n = 0;
	size_t cap = 0;
	int found;

	db_bind_text(row, 1, record_state_name(state));
	while ((found = db_step(ledger, row, err)) > 0) {
		records = mem_grow(records, &cap, n + 1, sizeof(*records));
		if (record_load(row, WITHOUT_BYTES, &records[n], err) < 0) {
			found = -1;
			break;
		}
		n++;
	}
	if (found < 0) {
		records_free(records, n);
		return -1;
	}
	*ret = records;
	*ret_n = n;
	return 0;
}

int ledger_each(struct ledger *ledger, int (*each)(void *context, const struct record *record),
    void *context, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_ALL_RECORDS);
	int found;

	while ((found = db_step(ledger, row, err)) > 0) {
		MICA_AUTO(record_clear) struct record record = { 0 };

		if (record_load(row, WITH_BYTES, &record, err) < 0)
			return -1;
		if (each(context, &record) != 0)
			return 0;
	}
	return found;
}
