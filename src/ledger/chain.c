// SPDX-License-Identifier: Apache-2.0
/* The hash chain; ledger.h says what is hashed, so that another program can verify it. */
#include "ledger_private.h"

#include <inttypes.h>
#include <string.h>

#define HEAD_NAME ".head"

static void add_field(struct buf *to, const void *bytes, size_t len)
{
	const uint8_t length[4] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16),
		(uint8_t)(len >> 8), (uint8_t)len };

	buf_add(to, length, sizeof(length));
	buf_add(to, bytes, len);
}

void number_put(uint8_t to[static 8], int64_t number)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
}

int64_t number_get(const uint8_t from[static 8])
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | from[i];
	return (int64_t)number;
}

static void add_number(struct buf *to, int64_t number)
{
	uint8_t bytes[8];

	number_put(bytes, number);
	add_field(to, bytes, sizeof(bytes));
}

static void add_text(struct buf *to, const char *text)
{
	add_field(to, text, strlen(text));
}

static void add_digest(struct buf *to, const struct digest *digest)
{
	add_field(to, digest->bytes, sizeof(digest->bytes));
}

struct head chain_start(void)
{
	static const char name[] = "mica ledger 1";

	return (struct head){ .seq = 0, .hash = digest_of(name, sizeof(name) - 1) };
}

struct digest chain_next(const struct digest *before, const struct event *event)
{
	BUF_AUTO bytes = BUF_INIT;

	buf_reserve(&bytes, 192);
	buf_add(&bytes, before->bytes, sizeof(before->bytes));
	add_number(&bytes, event->seq);
	add_number(&bytes, event->record);
	add_number(&bytes, event->at);
	add_text(&bytes, event->state);
	add_digest(&bytes, &event->detail);
	return digest_of(bytes.data, bytes.len);
}

struct digest chain_record_digest(const struct record *record)
{
	BUF_AUTO bytes = BUF_INIT;

	buf_reserve(&bytes, 384);
	add_number(&bytes, record->seq);
	add_text(&bytes, record->entry);
	add_text(&bytes, record_kind_name(record->kind));
	add_text(&bytes, record->ca);
	add_field(&bytes, record->serial, sizeof(record->serial));
	add_digest(&bytes, &record->tbs_sha256);
	add_digest(&bytes, &record->definition);
	add_digest(&bytes, &record->key);
	add_number(&bytes, record->created);
	add_number(&bytes, record->not_before);
	add_number(&bytes, record->not_after);
	return digest_of(bytes.data, bytes.len);
}

int chain_append(struct ledger *ledger, const struct event *what, struct err *err)
{
	struct event event = *what; /* borrowed */
	sqlite3_stmt *add = db_statement(ledger, SQL_ADD_EVENT);
	struct digest hash;

	event.seq = ledger->head.seq + 1;
	event.at = ledger->now > ledger->newest ? ledger->now : ledger->newest;
	hash = chain_next(&ledger->head.hash, &event);
	sqlite3_bind_int64(add, 1, event.seq);
	sqlite3_bind_int64(add, 2, event.record);
	sqlite3_bind_int64(add, 3, event.at);
	db_bind_text(add, 4, event.state);
	db_bind_digest(add, 5, &event.detail);
	db_bind_digest(add, 6, &hash);
	db_bind_text(add, 7, event.note ? event.note : "");
	if (db_run(ledger, add, err) < 0)
		return -1;
	ledger->head = (struct head){ .seq = event.seq, .hash = hash };
	return 0;
}

/* --- the head: the sequence number, eight bytes, most significant first, and the hash --- */

static int changed(const struct ledger *ledger, const char *what, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "the ledger '%s' was changed by something other than mica: %s", ledger->path, what);
	return err_hint(err, "find out by whom; restore the state directory from a backup");
}

int chain_read_head(struct ledger *ledger, struct head *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_META);
	struct head head = { 0 };
	const uint8_t *bytes;
	int found;

	db_bind_text(row, 1, HEAD_NAME);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	if (found == 0 || sqlite3_column_bytes(row, 0) != 8 + DIGEST_LEN)
		return changed(ledger, "the head of its hash chain is missing", err);
	bytes = sqlite3_column_blob(row, 0);
	head.seq = number_get(bytes);
	memcpy(head.hash.bytes, bytes + 8, DIGEST_LEN);
	*ret = head;
	return 0;
}

int chain_write_head(struct ledger *ledger, struct err *err)
{
	sqlite3_stmt *set = db_statement(ledger, SQL_SET_META);
	uint8_t bytes[8 + DIGEST_LEN];

	number_put(bytes, ledger->head.seq);
	memcpy(bytes + 8, ledger->head.hash.bytes, DIGEST_LEN);
	db_bind_text(set, 1, HEAD_NAME);
	db_bind_blob(set, 2, bytes, sizeof(bytes));
	return db_run(ledger, set, err);
}

static int hash_before(struct ledger *ledger, int64_t seq, struct digest *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_EVENT_HASH);
	int found;

	if (seq == 1) {
		*ret = chain_start().hash;
		return 0;
	}
	sqlite3_bind_int64(row, 1, seq - 1);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	return found > 0 && db_digest(row, 0, ret)
	           ? 0
	           : changed(ledger, "an event is missing", err);
}

static bool same(const struct digest *a, const struct digest *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The last event as it stands there, if it fits the one before; the start of the chain when
 * there is none. */
static int last_event(struct ledger *ledger, struct head *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_LAST_EVENT);
	struct event event = { 0 };
	struct digest noted;
	struct digest hash;
	int found = db_step(ledger, row, err);

	if (found < 0)
		return -1;
	if (found == 0) {
		*ret = chain_start();
		return 0;
	}
	event.seq = sqlite3_column_int64(row, 0);
	event.record = sqlite3_column_int64(row, 1);
	event.at = sqlite3_column_int64(row, 2);
	event.state = (const char *)sqlite3_column_text(row, 3);
	if (!event.state || !db_digest(row, 4, &event.detail) || !db_digest(row, 5, &noted))
		return changed(ledger, "its last event is damaged", err);
	if (hash_before(ledger, event.seq, &hash, err) < 0)
		return -1;
	hash = chain_next(&hash, &event);
	if (!same(&hash, &noted))
		return changed(ledger, "its last event does not fit the one before", err);
	*ret = (struct head){ .seq = event.seq, .hash = hash };
	return 0;
}

int chain_check_head(struct ledger *ledger, struct err *err)
{
	struct head head;
	struct head last = { 0 };

	if (chain_read_head(ledger, &head, err) < 0 || last_event(ledger, &last, err) < 0)
		return -1;
	if (head.seq != last.seq || !same(&head.hash, &last.hash))
		return changed(
		    ledger, "its last event does not fit the head of its hash chain", err);
	return 0;
}

int chain_newest(struct ledger *ledger, int64_t *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_LAST_EVENT);
	int found = db_step(ledger, row, err);

	if (found < 0)
		return -1;
	*ret = found > 0 ? sqlite3_column_int64(row, 2) : INT64_MIN;
	return 0;
}
