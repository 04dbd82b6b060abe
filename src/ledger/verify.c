// SPDX-License-Identifier: Apache-2.0
/*
 * The whole chain, and every record against it. One walk over the events in their order, with
 * the record of each looked up by its number; then one over the records, for those no event
 * speaks of.
 */
#include "verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A ledger of which nothing is right says so often enough. */
enum { MOST_FINDINGS = 300 };

int walk_misfit(struct walk *walk, struct err *err, const char *rule, const char *fmt, ...)
{
	MICA_FREE char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	if (!walk->found)
		return err_set(err, ERR_FAILED, "%s", text);
	if (walk->misfits++ < MOST_FINDINGS)
		findings_add(walk->found, FINDING_ERROR, rule, NULL, NULL, "%s", text);
	return 0;
}

/* --- records --- */

static const char *judge_state(const struct walk *walk, int64_t seq, sqlite3_stmt *row)
{
	const struct seen *seen = &walk->seen[seq - 1];
	enum record_state state;

	if (seen->state == STATE_UNKNOWN)
		return NULL;
	if (!record_state_read((const char *)sqlite3_column_text(row, 1), &state) ||
	    (uint8_t)state != seen->state)
		return "its state is not that of its last event";
	if (sqlite3_column_int(row, 2) && !seen->issued)
		return "it has a certificate, but was never issued";
	return NULL;
}

static int check_record(struct walk *walk, int64_t seq, sqlite3_stmt *row, struct err *err)
{
	const char *what;

	if (seq < 1 || (size_t)seq > walk->n)
		return walk_misfit(walk, err, "ledger-record",
		    "record %" PRId64 " of the ledger was never intended by an event", seq);
	what = judge_state(walk, seq, row);
	if (!what)
		return 0;
	return walk_misfit(walk, err, "ledger-record",
	    "record %" PRId64 " of the ledger does not fit: %s", seq, what);
}

static int missing(struct walk *walk, int64_t first, int64_t last, struct err *err)
{
	for (; first <= last; first++) {
		if (walk_misfit(walk, err, "ledger-record",
		        "record %" PRId64 " of the ledger is missing", first) < 0)
			return -1;
	}
	return 0;
}

static int walk_records(struct walk *walk, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_ALL_STATES);
	int64_t expected = 1;
	int found;

	while ((found = db_step(walk->ledger, row, err)) > 0) {
		int64_t seq = sqlite3_column_int64(row, 0);
		int64_t last = seq - 1 < (int64_t)walk->n ? seq - 1 : (int64_t)walk->n;

		if (missing(walk, expected, last, err) < 0 ||
		    check_record(walk, seq, row, err) < 0)
			return -1;
		expected = seq + 1;
	}
	return found < 0 ? -1 : missing(walk, expected, (int64_t)walk->n, err);
}

/* --- tables --- */

/* Tables against their indexes, keys and checks: a record that an index hides is found here. */
static int check_tables(struct walk *walk, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_INTEGRITY);
	int found;

	while ((found = db_step(walk->ledger, row, err)) > 0) {
		const char *said = (const char *)sqlite3_column_text(row, 0);

		if (said && strcmp(said, "ok") == 0)
			continue;
		if (walk_misfit(walk, err, "ledger-tables", "the ledger '%s' is damaged: %s",
		        walk->ledger->path, said ? said : "no answer") < 0)
			return -1;
	}
	return found;
}

static int check_schema(struct walk *walk, struct err *err)
{
	struct err why = ERR_INIT;

	if (schema_verify(walk->ledger, &why) == 0)
		return 0;
	return walk_misfit(walk, err, "ledger-tables", "%s", why.text);
}

/* In one snapshot: a reader has its own, and a writer is alone. */
static int walk_all(struct walk *walk, struct err *err)
{
	int status = check_schema(walk, err);

	walk->head = chain_start();
	walk->at = INT64_MIN;
	if (status == 0)
		status = check_tables(walk, err);
	if (status == 0)
		status = walk_events(walk, err);
	if (status == 0)
		status = walk_records(walk, err);
	free(walk->seen);
	return status;
}

int ledger_verify(struct ledger *ledger, struct err *err)
{
	struct walk walk = { .ledger = ledger };

	return walk_all(&walk, err);
}

int ledger_audit(struct ledger *ledger, struct findings *findings, struct err *err)
{
	struct walk walk = { .ledger = ledger, .found = findings };
	int status;

	ledger_told(ledger, findings);
	status = walk_all(&walk, err);
	if (walk.misfits > MOST_FINDINGS)
		findings_add(findings, FINDING_ERROR, "ledger-record", NULL, NULL,
		    "and %zu more events and records do not fit", walk.misfits - MOST_FINDINGS);
	return status;
}
