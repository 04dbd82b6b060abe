// SPDX-License-Identifier: Apache-2.0
/*
 * Along the chain, event by event. Where an event does not fit and the walk goes on, it goes on
 * from the hash that is noted there: one change is one finding, not one for each event after
 * it. Where each of them is another all the same, as after a search and replace, the first is
 * told, and how many there are.
 */
#include "verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool same(const struct digest *a, const struct digest *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static int bad_event(struct walk *walk, int64_t seq, const char *what, struct err *err)
{
	return walk_misfit(walk, err, "ledger-event",
	    "event %" PRId64 " of the ledger does not fit: %s", seq, what);
}

/* The same of what may be so of every event from there on. */
static int bad_link(struct walk *walk, int64_t seq, const char *what, struct err *err)
{
	struct following *kind = walk->following;

	while (kind < walk->following + MOST_KINDS - 1 && kind->what &&
	       strcmp(kind->what, what) != 0)
		kind++;
	if (!walk->found || !kind->what) {
		kind->what = what;
		return bad_event(walk, seq, what, err);
	}
	kind->last = seq;
	kind->more++;
	return 0;
}

static int tell_following(struct walk *walk, struct err *err)
{
	for (size_t i = 0; i < MOST_KINDS; i++) {
		const struct following *kind = &walk->following[i];

		if (kind->more == 0)
			continue;
		if (walk_misfit(walk, err, "ledger-event",
		        "%zu more event%s of the ledger, the last of them event %" PRId64
		        ", %s not fit either: %s",
		        kind->more, kind->more == 1 ? "" : "s", kind->last,
		        kind->more == 1 ? "does" : "do", kind->what) < 0)
			return -1;
	}
	return 0;
}

static int bad_record(
    struct walk *walk, const struct record *record, const char *what, struct err *err)
{
	return walk_misfit(walk, err, "ledger-record",
	    "record %" PRId64 " of the ledger ('%s') does not fit: %s", record->seq,
	    record->entry ? record->entry : "?", what);
}

/* --- what an event says of its record --- */

/* 1: there it is; 0: it is missing, which was told. */
static int find_record(
    struct walk *walk, sqlite3_stmt *row, const struct event *event, struct err *err)
{
	int found;

	sqlite3_bind_int64(row, 1, event->record);
	found = db_step(walk->ledger, row, err);
	if (found != 0)
		return found;
	return walk_misfit(walk, err, "ledger-record",
	    "record %" PRId64 " of the ledger is missing", event->record);
}

static int check_fields(struct walk *walk, const struct event *event, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_INTENT);
	struct record record = { 0 }; /* borrowed from the row */
	int found = find_record(walk, row, event, err);
	struct err why = ERR_INIT;
	struct digest digest;

	if (found <= 0)
		return found;
	if (record_borrow(row, &record, &why) < 0)
		return walk_misfit(walk, err, "ledger-record", "%s", why.text);
	if (event->record >= 1 && event->record <= (int64_t)walk->n)
		walk->seen[event->record - 1].noted = (uint8_t)record.state;
	digest = chain_record_digest(&record);
	if (!same(&digest, &event->detail) &&
	    bad_record(walk, &record, "its fields are not those that were recorded", err) < 0)
		return -1;
	digest = digest_of(sqlite3_column_blob(row, 12), (size_t)sqlite3_column_bytes(row, 12));
	return same(&digest, &record.tbs_sha256)
	           ? 0
	           : bad_record(
	                 walk, &record, "its TBS bytes are not those that were recorded", err);
}

static int check_certificate(struct walk *walk, const struct event *event, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_CERTIFICATE);
	struct record record = { .seq = event->record }; /* borrowed from the row */
	struct digest digest;
	int found = find_record(walk, row, event, err);

	if (found <= 0)
		return found;
	digest = digest_of(sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1));
	record.entry = (char *)sqlite3_column_text(row, 0);
	return same(&digest, &event->detail)
	           ? 0
	           : bad_record(walk, &record,
	                 "its certificate is not the one that was recorded", err);
}

/* That the index shows it: a list of what is revoked is made by the index. */
static int check_revoked(struct walk *walk, const struct event *event, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_REVOCATION);
	int found;

	walk->revoked++;
	sqlite3_bind_int64(row, 1, event->record);
	found = db_step(walk->ledger, row, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	return bad_event(walk, event->seq, "its index does not show it", err);
}

/* What a revocation says. */
static int check_note(struct walk *walk, const struct event *event, struct err *err)
{
	struct digest digest = digest_of(event->note, strlen(event->note));
	struct revocation revocation = { .at = 0 };

	if (!same(&digest, &event->detail))
		return bad_event(
		    walk, event->seq, "its note is not the one that was recorded", err);
	return revocation_note_read(event->note, &revocation)
	           ? 0
	           : bad_event(walk, event->seq, "its note says nothing of a revocation", err);
}

static int check_detail(
    struct walk *walk, const struct event *event, enum record_state state, struct err *err)
{
	static const struct digest nothing = { { 0 } };

	if (state == RECORD_REVOKED && check_revoked(walk, event, err) < 0)
		return -1;
	if (event->note[0])
		return check_note(walk, event, err);
	if (state == RECORD_INTENDED)
		return check_fields(walk, event, err);
	if (state == RECORD_ISSUED)
		return check_certificate(walk, event, err);
	return same(&event->detail, &nothing)
	           ? 0
	           : bad_event(walk, event->seq, "it has a detail", err);
}

/* --- what the events make of a record --- */

/* A record has an event of its own, so there are never more than events. */
static void know(struct walk *walk, const struct event *event)
{
	if (event->record > event->seq)
		return;
	while ((int64_t)walk->n < event->record) {
		walk->seen = mem_grow(walk->seen, &walk->cap, walk->n + 1, sizeof(*walk->seen));
		walk->seen[walk->n++] =
		    (struct seen){ STATE_UNKNOWN, .noted = STATE_UNKNOWN, .issued = true };
	}
}

static int intended(struct walk *walk, const struct event *event, struct err *err)
{
	bool in_turn = event->record == (int64_t)walk->n + 1;

	if (!in_turn && bad_link(walk, event->seq, "its record is out of turn", err) < 0)
		return -1;
	know(walk, event);
	if (event->record >= 1 && event->record <= (int64_t)walk->n)
		walk->seen[event->record - 1] = (struct seen){ RECORD_INTENDED,
			.noted = STATE_UNKNOWN, .issued = !in_turn };
	return 0;
}

static int take_state(
    struct walk *walk, const struct event *event, enum record_state state, struct err *err)
{
	struct seen *seen;

	if (state == RECORD_INTENDED)
		return intended(walk, event, err);
	if (event->record < 1 || event->record > (int64_t)walk->n) {
		if (bad_link(walk, event->seq, "its record was not intended", err) < 0)
			return -1;
		know(walk, event);
	}
	if (event->record < 1 || event->record > (int64_t)walk->n)
		return 0;
	seen = &walk->seen[event->record - 1];
	if (seen->state != STATE_UNKNOWN &&
	    !record_may_become((enum record_state)seen->state, state) &&
	    bad_link(walk, event->seq, "its record could not come to that state", err) < 0)
		return -1;
	seen->state = (uint8_t)state;
	seen->issued |= state == RECORD_ISSUED;
	return 0;
}

/* --- the chain --- */

static int check_link(
    struct walk *walk, const struct event *event, const struct digest *noted, struct err *err)
{
	struct digest hash = chain_next(&walk->head.hash, event);

	if (!walk->broken && !same(&hash, noted) &&
	    bad_link(walk, event->seq, "its hash is another", err) < 0)
		return -1;
	walk->broken = false;
	if (event->at < walk->at &&
	    bad_link(walk, event->seq, "it is older than the one before", err) < 0)
		return -1;
	walk->at = event->at;
	walk->head = (struct head){ .seq = event->seq, .hash = *noted };
	return 0;
}

/* It cannot be read: the one after it cannot be held against it. */
static int damaged(struct walk *walk, int64_t seq, struct err *err)
{
	walk->broken = true;
	walk->head.seq = seq;
	return bad_event(walk, seq, "it is damaged", err);
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

	if (event.seq != walk->head.seq + 1) {
		if (bad_event(walk, walk->head.seq + 1, "it is missing", err) < 0)
			return -1;
		walk->broken = true;
	}
	if (!db_digest(row, 4, &event.detail) || !db_digest(row, 5, &noted) ||
	    !record_state_read(event.state, &state) || !event.note)
		return damaged(walk, event.seq, err);
	if (check_link(walk, &event, &noted, err) < 0 ||
	    take_state(walk, &event, state, err) < 0)
		return -1;
	return check_detail(walk, &event, state, err);
}

static int check_head(struct walk *walk, struct err *err)
{
	struct err why = ERR_INIT;
	struct head noted;

	if (chain_read_head(walk->ledger, &noted, &why) < 0)
		return walk_misfit(walk, err, "ledger-head", "%s", why.text);
	if (noted.seq == walk->head.seq && same(&noted.hash, &walk->head.hash))
		return 0;
	return walk_misfit(walk, err, "ledger-head",
	    "the head of the ledger's hash chain does not fit its events");
}

int walk_events(struct walk *walk, struct err *err)
{
	DB_AUTO row = db_statement(walk->ledger, SQL_ALL_EVENTS);
	int found;

	while ((found = db_step(walk->ledger, row, err)) > 0) {
		if (check_event(walk, row, err) < 0)
			return -1;
	}
	return found < 0 || tell_following(walk, err) < 0 ? -1 : check_head(walk, err);
}
