// SPDX-License-Identifier: Apache-2.0
/*
 * The whole chain, and every record against it. One walk over the events in their order, with
 * the record of each looked up by its number; then one over the records, for those no event
 * speaks of.
 */
#include "ledger_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	uint8_t state;
	bool issued;
};

struct walk {
	struct ledger *ledger;
	struct head head;
	int64_t at;
	struct seen *seen; /* of each record after the events so far */
	size_t n, cap;
};

static int bad_event(int64_t seq, const char *what, struct err *err)
{
	return err_set(
	    err, ERR_FAILED, "event %" PRId64 " of the ledger does not fit: %s", seq, what);
}

static int bad_record(const struct record *record, const char *what, struct err *err)
{
	return err_set(err, ERR_FAILED,
	    "record %" PRId64 " of the ledger ('%s') does not fit: %s", record->seq,
	    record->entry ? record->entry : "?", what);
}

static bool same(const struct digest *a, const struct digest *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* --- events --- */

static int read_record(struct ledger *ledger, int64_t seq, struct record *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_RECORD);
	int found;

	sqlite3_bind_int64(row, 1, seq);
	found = db_step(ledger, row, err);
	if (found == 0)
		return err_set(
		    err, ERR_FAILED, "record %" PRId64 " of the ledger is missing", seq);
	return found < 0 ? -1 : record_load(row, WITH_BYTES, ret, err);
}

static int check_fields(
    const struct record *record, const struct digest *detail, struct err *err)
{
	struct digest fields = chain_record_digest(record);
	struct digest tbs = digest_of(record->tbs.data, record->tbs.len);

	if (!same(&fields, detail))
		return bad_record(record, "its fields are not those that were recorded", err);
	if (!same(&tbs, &record->tbs_sha256))
		return bad_record(
		    record, "its TBS bytes are not those that were recorded", err);
	return 0;
}

static int check_certificate(
    const struct record *record, const struct digest *detail, struct err *err)
{
	struct digest digest = digest_of(record->certificate.data, record->certificate.len);

	if (!same(&digest, detail))
		return bad_record(
		    record, "its certificate is not the one that was recorded", err);
	return 0;
}

/* What a revocation says. */
static int check_note(const struct event *event, struct err *err)
{
	struct digest digest = digest_of(event->note, strlen(event->note));
	struct revocation revocation = { .at = 0 };

	if (!same(&digest, &event->detail))
		return bad_event(event->seq, "its note is not the one that was recorded", err);
	return revocation_note_read(event->note, &revocation)
	           ? 0
	           : bad_event(event->seq, "its note says nothing of a revocation", err);
}

/* What an event says about its record. */
static int check_detail(
    struct ledger *ledger, const struct event *event, enum record_state state, struct err *err)
{
	static const struct digest nothing = { { 0 } };
	MICA_AUTO(record_clear) struct record record = { 0 };

	if (event->note[0])
		return check_note(event, err);
	if (state != RECORD_INTENDED && state != RECORD_ISSUED)
		return same(&event->detail, &nothing)
		           ? 0
		           : bad_event(event->seq, "it has a detail", err);
	if (read_record(ledger, event->record, &record, err) < 0)
		return -1;
	return state == RECORD_INTENDED ? check_fields(&record, &event->detail, err)
	                                : check_certificate(&record, &event->detail, err);
}

static int take_state(
    struct walk *walk, const struct event *event, enum record_state state, struct err *err)
{
	size_t at = (size_t)event->record - 1;

	if (state == RECORD_INTENDED) {
		if (event->record < 1 || at != walk->n)
			return bad_event(event->seq, "its record is out of turn", err);
		walk->seen = mem_grow(walk->seen, &walk->cap, walk->n + 1, sizeof(*walk->seen));
		walk->seen[walk->n++] = (struct seen){ .state = RECORD_INTENDED };
		return 0;
	}
	if (event->record < 1 || at >= walk->n)
		return bad_event(event->seq, "its record was not intended", err);
	if (!record_may_become((enum record_state)walk->seen[at].state, state))
		return bad_event(event->seq, "its record could not come to that state", err);
	walk->seen[at].state = (uint8_t)state;
	walk->seen[at].issued |= state == RECORD_ISSUED;
	return 0;
}

static int check_event(struct walk *walk, sqlite3_stmt *row, struct err *err)
{
	struct event event = {
		.seq = sqlite3_column_int64(row, 0),
		.record = sqlite3_column_int64(row, 1),
		.at = sqlite3_column_int64(row, 2),
		.state = (const char *)sqlite3_column_text(row, 3),
		.note = (const char *)sqlite3_column_text(row, 6),
	};
	enum record_state state;
	struct digest noted;
	struct digest hash;

	if (event.seq != walk->head.seq + 1)
		return bad_event(walk->head.seq + 1, "it is missing", err);
	if (!db_digest(row, 4, &event.detail) || !db_digest(row, 5, &noted) ||
	    !record_state_read(event.state, &state) || !event.note)
		return bad_event(event.seq, "it is damaged", err);
	hash = chain_next(&walk->head.hash, &event);
	if (!same(&hash, &noted))
		return bad_event(event.seq, "its hash is another", err);
	if (event.at < walk->at)
		return bad_event(event.seq, "it is older than the one before", err);
	if (take_state(walk, &event, state, err) < 0 ||
	    check_detail(walk->ledger, &event, state, err) < 0)
		return -1;
	walk->head = (struct head){ .seq = event.seq, .hash = hash };
	walk->at = event.at;
	return 0;
}

static int walk_events(struct walk *walk, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_ALL_EVENTS);
	struct head noted;
	int found;

	while ((found = db_step(walk->ledger, row, err)) > 0) {
		if (check_event(walk, row, err) < 0)
			return -1;
	}
	if (found < 0 || chain_read_head(walk->ledger, &noted, err) < 0)
		return -1;
	if (noted.seq != walk->head.seq || !same(&noted.hash, &walk->head.hash))
		return err_set(err, ERR_FAILED,
		    "the head of the ledger's hash chain does not fit its events");
	return 0;
}

/* --- records --- */

static int check_state(const struct walk *walk, sqlite3_stmt *row, struct err *err)
{
	int64_t seq = sqlite3_column_int64(row, 0);
	const struct seen *seen = &walk->seen[seq - 1];
	const char *what = NULL;
	enum record_state state;

	if (!record_state_read((const char *)sqlite3_column_text(row, 1), &state) ||
	    (uint8_t)state != seen->state)
		what = "its state is not that of its last event";
	else if (sqlite3_column_int(row, 2) && !seen->issued)
		what = "it has a certificate, but was never issued";
	if (!what)
		return 0;
	return err_set(
	    err, ERR_FAILED, "record %" PRId64 " of the ledger does not fit: %s", seq, what);
}

static int walk_records(const struct walk *walk, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_ALL_STATES);
	int64_t expected = 1;
	int found;

	for (; (found = db_step(walk->ledger, row, err)) > 0; expected++) {
		int64_t seq = sqlite3_column_int64(row, 0);

		if (seq != expected)
			break;
		if ((size_t)seq > walk->n)
			return err_set(err, ERR_FAILED,
			    "record %" PRId64 " of the ledger was never intended by an event",
			    seq);
		if (check_state(walk, row, err) < 0)
			return -1;
	}
	if (found < 0)
		return -1;
	if (found > 0 || (size_t)expected != walk->n + 1)
		return err_set(
		    err, ERR_FAILED, "record %" PRId64 " of the ledger is missing", expected);
	return 0;
}

/* Tables against their indexes, keys and checks: a record that an index hides is found here. */
static int check_tables(struct ledger *ledger, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_INTEGRITY);
	const char *said;
	int found = db_step(ledger, row, err);

	if (found < 0)
		return -1;
	said = found ? (const char *)sqlite3_column_text(row, 0) : NULL;
	if (!said || strcmp(said, "ok") != 0)
		return err_set(err, ERR_FAILED, "the ledger '%s' is damaged: %s", ledger->path,
		    said ? said : "no answer");
	return 0;
}

/* In one snapshot: a reader has its own, and a writer is alone. */
int ledger_verify(struct ledger *ledger, struct err *err)
{
	struct walk walk = { .ledger = ledger, .head = chain_start(), .at = INT64_MIN };
	int status = schema_verify(ledger, err);

	if (status == 0)
		status = check_tables(ledger, err);
	if (status == 0)
		status = walk_events(&walk, err);
	if (status == 0)
		status = walk_records(&walk, err);
	free(walk.seen);
	return status;
}
