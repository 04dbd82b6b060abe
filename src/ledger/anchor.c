// SPDX-License-Identifier: Apache-2.0
/* How far the chain has come, and whether what was said of it elsewhere lies on it. */
#include "ledger_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int count_records(struct ledger *ledger, int64_t *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_LAST_RECORD);
	int found = db_step(ledger, row, err);

	if (found < 0)
		return -1;
	*ret = found > 0 ? sqlite3_column_int64(row, 0) : 0;
	return 0;
}

int ledger_anchor(struct ledger *ledger, struct anchor *ret, struct err *err)
{
	struct head head;
	int64_t records = 0;

	if (chain_read_head(ledger, &head, err) < 0 || count_records(ledger, &records, err) < 0)
		return -1;
	*ret = (struct anchor){ .events = head.seq, .records = records, .hash = head.hash };
	return 0;
}

static const char *anchor_text(const struct anchor *anchor, char ret[static 96])
{
	BUF_AUTO hash = BUF_INIT;

	buf_addhex(&hash, anchor->hash.bytes, 8);
	snprintf(ret, 96, "event %" PRId64 ", record %" PRId64 ", hash %s", anchor->events,
	    anchor->records, buf_text(&hash));
	return ret;
}

static int refuse(const struct ledger *ledger, const struct anchor *head,
    const struct anchor *anchor, const char *what, struct err *err)
{
	char ours[96];
	char theirs[96];

	err_set(err, ERR_REFUSED,
	    "the ledger '%s' %s: its head is %s; what its CA key signed says %s", ledger->path,
	    what, anchor_text(head, ours), anchor_text(anchor, theirs));
	return err_hint(err, "find the newest state directory and go on with that one; if it "
	                     "is lost: mica audit "
	                     "--accept-restore");
}

/* The hash after so many events; *ret_fits false when there is no such event, or it speaks of
 * a record that the anchor does not count. */
static int hash_at(struct ledger *ledger, const struct anchor *anchor, bool *ret_fits,
    struct digest *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_EVENT_HASH);
	int found;

	if (anchor->events == 0) {
		*ret = chain_start().hash;
		*ret_fits = anchor->records == 0;
		return 0;
	}
	sqlite3_bind_int64(row, 1, anchor->events);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	*ret_fits = found > 0 && db_digest(row, 0, ret) &&
	            sqlite3_column_int64(row, 1) <= anchor->records;
	return 0;
}

int ledger_check_anchor(struct ledger *ledger, const struct anchor *anchor, struct err *err)
{
	struct anchor head = { 0 };
	struct digest hash = { { 0 } };
	bool fits = false;

	if (ledger_anchor(ledger, &head, err) < 0)
		return -1;
	if (anchor->events > head.events)
		return refuse(ledger, &head, anchor, "is behind what was signed with it", err);
	if (hash_at(ledger, anchor, &fits, &hash, err) < 0)
		return -1;
	if (fits && anchor->records <= head.records &&
	    memcmp(&hash, &anchor->hash, sizeof(hash)) == 0)
		return 0;
	return refuse(ledger, &head, anchor, "is not the one that was signed with", err);
}

int ledger_refuse_unknown(struct ledger *ledger, const struct anchor *anchor, struct err *err)
{
	struct anchor head = { 0 };

	if (ledger_anchor(ledger, &head, err) < 0)
		return -1;
	return refuse(ledger, &head, anchor, "does not know this CRL", err);
}
