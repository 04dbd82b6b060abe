// SPDX-License-Identifier: Apache-2.0
#include "ledger_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void delivery_clear(struct delivery *delivery)
{
	free(delivery->deployment);
	free(delivery->entry);
	free(delivery->generation);
	*delivery = (struct delivery){ 0 };
}

static int set(struct ledger *ledger, const struct delivery *delivery, struct err *err)
{
	sqlite3_stmt *put = db_statement(ledger, SQL_SET_DELIVERY);

	db_bind_text(put, 1, delivery->deployment);
	db_bind_text(put, 2, delivery->entry);
	sqlite3_bind_int64(put, 3, delivery->seq);
	db_bind_text(put, 4, delivery->generation);
	db_bind_digest(put, 5, &delivery->key_file);
	db_bind_digest(put, 6, &delivery->ca_file);
	sqlite3_bind_int64(put, 7, ledger->now);
	return db_run(ledger, put, err);
}

static int check_entry(struct ledger *ledger, const struct delivery *delivery, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_STATE);
	const char *entry = NULL;
	int found;

	sqlite3_bind_int64(row, 1, delivery->seq);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	if (found)
		entry = (const char *)sqlite3_column_text(row, 1);
	if (!entry || strcmp(entry, delivery->entry) != 0)
		return err_set(err, ERR_NOT_FOUND,
		    "the ledger has no record %" PRId64 " of '%s'", delivery->seq,
		    delivery->entry);
	return 0;
}

/* Only what was issued can be delivered; what is past that stays what it is. */
static int deliver(struct ledger *ledger, const struct delivery *delivery, struct err *err)
{
	enum record_state state;

	if (check_entry(ledger, delivery, err) < 0 ||
	    record_state_of(ledger, delivery->seq, &state, err) < 0)
		return -1;
	if (state == RECORD_ISSUED || state == RECORD_INTENDED || state == RECORD_ABANDONED) {
		if (record_move(ledger, delivery->seq, state, RECORD_DELIVERED, err) < 0)
			return -1;
	}
	return set(ledger, delivery, err);
}

struct outdated {
	int64_t seq;
	enum record_state state;
};

static int find_outdated(struct ledger *ledger, const struct delivery *delivery,
    struct outdated **ret, size_t *ret_n, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_OUTDATED);
	MICA_FREE struct outdated *items = NULL;
	size_t n = 0;
	size_t cap = 0;
	int found;

	db_bind_text(row, 1, delivery->entry);
	sqlite3_bind_int64(row, 2, delivery->seq);
	while ((found = db_step(ledger, row, err)) > 0) {
		items = mem_grow(items, &cap, n + 1, sizeof(*items));
		items[n].seq = sqlite3_column_int64(row, 0);
		if (record_state_read(
		        (const char *)sqlite3_column_text(row, 1), &items[n].state))
			n++;
	}
	if (found < 0)
		return -1;
	*ret = mem_give(items);
	*ret_n = n;
	return 0;
}

static int supersede(struct ledger *ledger, const struct delivery *delivery, struct err *err)
{
	MICA_FREE struct outdated *items = NULL;
	size_t n = 0;

	if (find_outdated(ledger, delivery, &items, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (record_move(ledger, items[i].seq, items[i].state, RECORD_SUPERSEDED, err) <
		    0)
			return -1;
	}
	return 0;
}

int ledger_delivered(
    struct ledger *ledger, const struct delivery *deliveries, size_t n, struct err *err)
{
	int status = 0;

	assert(ledger->mode == LEDGER_WRITE);
	if (db_begin(ledger, err) < 0)
		return -1;
	for (size_t i = 0; status == 0 && i < n; i++)
		status = deliver(ledger, &deliveries[i], err);
	for (size_t i = 0; status == 0 && i < n; i++)
		status = supersede(ledger, &deliveries[i], err);
	return db_end(ledger, status, err);
}

int ledger_delivery(struct ledger *ledger, const char *deployment, const char *entry,
    struct delivery *ret, bool *ret_found, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_DELIVERY);
	struct delivery delivery = { 0 };
	int found;

	db_bind_text(row, 1, deployment);
	db_bind_text(row, 2, entry);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	if (found > 0) {
		if (!db_digest(row, 4, &delivery.key_file) ||
		    !db_digest(row, 5, &delivery.ca_file))
			return err_set(err, ERR_REFUSED,
			    "the delivery of '%s' to '%s' in the ledger is damaged", entry,
			    deployment);
		delivery.deployment = db_text(row, 0);
		delivery.entry = db_text(row, 1);
		delivery.seq = sqlite3_column_int64(row, 2);
		delivery.generation = db_text(row, 3);
		*ret = delivery;
	}
	*ret_found = found > 0;
	return 0;
}
