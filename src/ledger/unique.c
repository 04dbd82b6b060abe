// SPDX-License-Identifier: Apache-2.0
/*
 * How many certificates an entry may have. While one replaces another there are two; a third
 * would be one that nobody knows of. So nothing is intended while something else is, and a
 * leaf only when all that is active of it lies in some deployment (one may still wait there for
 * its successor), or when there is one alone, to be replaced before it was ever given out.
 */
#include "ledger_private.h"

#include <inttypes.h>

static int check_pending(struct ledger *ledger, const struct record *record, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_PENDING);
	int found;

	db_bind_text(row, 1, record->entry);
	db_bind_text(row, 2, record_kind_name(record->kind));
	found = db_step(ledger, row, err);
	if (found <= 0)
		return found;
	err_set(err, ERR_REFUSED,
	    "'%s' is to be signed already: record %" PRId64 " of the ledger is intended",
	    record->entry, (int64_t)sqlite3_column_int64(row, 0));
	return err_hint(
	    err, "what was interrupted is settled when the next run begins: repeat");
}

struct actives {
	struct buf text; /* "record 3 is served, record 5 is issued" */
	size_t n, nowhere;
};

static void actives_clear(struct actives *actives)
{
	buf_clear(&actives->text);
}

static int read_actives(
    struct ledger *ledger, const struct record *record, struct actives *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_ACTIVE);
	int found;

	db_bind_text(row, 1, record->entry);
	db_bind_text(row, 2, record_kind_name(record->kind));
	for (; (found = db_step(ledger, row, err)) > 0; ret->n++) {
		ret->nowhere += sqlite3_column_int(row, 2) == 0;
		if (ret->n < 8)
			buf_printf(&ret->text, "%srecord %" PRId64 " is %s", ret->n ? ", " : "",
			    (int64_t)sqlite3_column_int64(row, 0), sqlite3_column_text(row, 1));
	}
	return found;
}

static int check_active(struct ledger *ledger, const struct record *record, struct err *err)
{
	MICA_AUTO(actives_clear) struct actives actives = { 0 };

	if (read_actives(ledger, record, &actives, err) < 0)
		return -1;
	if (actives.nowhere == 0 || actives.n == 1)
		return 0;
	err_set(err, ERR_REFUSED,
	    "'%s' has a second certificate that was delivered nowhere: %s", record->entry,
	    buf_text(&actives.text));
	return err_hint(err,
	    "it must be delivered, superseded or revoked before there is another: mica audit");
}

int unique_check(struct ledger *ledger, const struct record *record, struct err *err)
{
	if (check_pending(ledger, record, err) < 0)
		return -1;
	if (record->kind != RECORD_SERVER && record->kind != RECORD_CLIENT)
		return 0;
	return check_active(ledger, record, err);
}
