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

/* 1: there is one; 0: none. */
static int has_certificate(struct walk *walk, int64_t seq, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_CERTIFICATE);
	int found;

	sqlite3_bind_int64(row, 1, seq);
	found = db_step(walk->ledger, row, err);
	return found > 0 ? sqlite3_column_type(row, 1) != SQLITE_NULL : found;
}

/* A record against what its events made of it. */
static int check_seen(struct walk *walk, int64_t seq, struct err *err)
{
	const struct seen *seen = &walk->seen[seq - 1];
	const char *what = NULL;
	int has = seen->issued ? 0 : has_certificate(walk, seq, err);

	if (has < 0)
		return -1;
	if (seen->state != STATE_UNKNOWN && seen->noted != STATE_UNKNOWN &&
	    seen->state != seen->noted)
		what = "its state is not that of its last event";
	else if (has > 0)
		what = "it has a certificate, but was never issued";
	if (!what)
		return 0;
	return walk_misfit(walk, err, "ledger-record",
	    "record %" PRId64 " of the ledger does not fit: %s", seq, what);
}

/* Every record that no event speaks of. */
static int find_unknown(struct walk *walk, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_ALL_NUMBERS);
	int found;

	while ((found = db_step(walk->ledger, row, err)) > 0) {
		int64_t seq = sqlite3_column_int64(row, 0);

		if (seq >= 1 && (size_t)seq <= walk->n)
			continue;
		if (walk_misfit(walk, err, "ledger-record",
		        "record %" PRId64 " of the ledger was never intended by an event",
		        seq) < 0)
			return -1;
	}
	return found;
}

static int count(struct walk *walk, enum statement which, int64_t *ret, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, which);
	int found = db_step(walk->ledger, row, err);

	if (found < 0)
		return -1;
	*ret = found > 0 ? sqlite3_column_int64(row, 0) : 0;
	return 0;
}

/* Each record that an event intended was there, so their number tells whether there are more.
 */
static int walk_records(struct walk *walk, struct err *err)
{
	int64_t records = 0;
	int64_t revoked = 0;

	for (size_t i = 0; i < walk->n; i++) {
		if (check_seen(walk, (int64_t)i + 1, err) < 0)
			return -1;
	}
	if (count(walk, SQL_COUNT_RECORDS, &records, err) < 0 ||
	    count(walk, SQL_COUNT_REVOKED, &revoked, err) < 0)
		return -1;
	if (revoked != walk->revoked &&
	    walk_misfit(walk, err, "ledger-tables",
	        "the index of revocations shows %" PRId64 ", the events have %" PRId64, revoked,
	        walk->revoked) < 0)
		return -1;
	return records == (int64_t)walk->n ? 0 : find_unknown(walk, err);
}

/* --- tables --- */

/* A table against its indexes, keys and checks: a record that an index hides is found here. */
static int check_table(struct walk *walk, enum statement which, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, which);
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

/* What the walk does not look at row by row. It knows of each event, TBS and certificate that
 * must be there, and of what is revoked by its index as well. */
static int check_tables(struct walk *walk, struct err *err)
{
	static const enum statement checks[] = { SQL_CHECK_RECORDS, SQL_CHECK_DELIVERIES,
		SQL_CHECK_OUTLETS, SQL_CHECK_META };

	for (size_t i = 0; i < mem_count(checks); i++) {
		if (check_table(walk, checks[i], err) < 0)
			return -1;
	}
	return 0;
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
