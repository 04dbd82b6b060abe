// SPDX-License-Identifier: Apache-2.0
/*
 * A clock that goes backwards is refused, and a ledger that was once written under a clock far
 * ahead would be refused until that time has come. So a clock can be accepted: meta's ".clock"
 * notes the time of the last event, which the clock is behind, and the clock itself, as of the
 * last change. While the last event still has that time, only a clock behind the noted one
 * went backwards. Events go on with the last event's time, so the chain's never go backwards;
 * as soon as the clock has come past it, the note is no longer that of the last event, and
 * void.
 */
#include "ledger_private.h"

#include <mica/clock.h>

#define CLOCK_NAME ".clock"

/* *ret: the time that the clock may not be behind. */
static int read_floor(struct ledger *ledger, int64_t *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_META);
	const uint8_t *bytes;
	int found;

	db_bind_text(row, 1, CLOCK_NAME);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	*ret = ledger->newest;
	if (found == 0 || sqlite3_column_bytes(row, 0) != 16)
		return 0;
	bytes = sqlite3_column_blob(row, 0);
	if (number_get(bytes) == ledger->newest)
		*ret = number_get(bytes + 8);
	return 0;
}

int clock_check(struct ledger *ledger, struct err *err)
{
	char was[CLOCK_TEXT];
	char is[CLOCK_TEXT];
	int64_t floor = 0;

	if (ledger->now >= ledger->newest)
		return 0;
	if (read_floor(ledger, &floor, err) < 0)
		return -1;
	if (ledger->now >= floor)
		return 0;
	err_set(err, ERR_REFUSED,
	    "the clock went backwards: it says %s, the ledger was written at %s",
	    clock_text(ledger->now, is), clock_text(floor, was));
	return err_hint(err,
	    "set this machine's clock; if the ledger's is the one that was wrong: mica audit "
	    "--accept-restore");
}

int clock_note(struct ledger *ledger, struct err *err)
{
	sqlite3_stmt *set;
	uint8_t bytes[16];

	if (ledger->now >= ledger->newest)
		return 0;
	number_put(bytes, ledger->newest);
	number_put(bytes + 8, ledger->now);
	set = db_statement(ledger, SQL_SET_META);
	db_bind_text(set, 1, CLOCK_NAME);
	db_bind_blob(set, 2, bytes, sizeof(bytes));
	return db_run(ledger, set, err);
}
