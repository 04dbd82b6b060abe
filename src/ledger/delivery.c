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
	db_bind_digest(put, 7, &delivery->crl_file);
	db_bind_digest(put, 8, &delivery->crl_list);
	sqlite3_bind_int64(put, 9, delivery->crl_due);
	sqlite3_bind_int64(put, 10, ledger->now);
	return db_run(ledger, put, err);
}

static int state_of(struct ledger *ledger, const struct delivery *delivery,
    enum record_state *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_STATE);
	int found;

	sqlite3_bind_int64(row, 1, delivery->seq);
	found = db_step(ledger, row, err);
	if (found < 0)
		return -1;
	if (found == 0 ||
	    strcmp((const char *)sqlite3_column_text(row, 1), delivery->entry) != 0)
		return err_set(err, ERR_NOT_FOUND,
		    "the ledger has no record %" PRId64 " of '%s'", delivery->seq,
		    delivery->entry);
	if (!record_state_read((const char *)sqlite3_column_text(row, 0), ret))
		return record_damaged(delivery->seq, err);
	return 0;
}

/* Only what was issued can be delivered; what is past that stays what it is. */
static int deliver(struct ledger *ledger, const struct delivery *delivery, struct err *err)
{
	enum record_state state = RECORD_INTENDED;

	if (state_of(ledger, delivery, &state, err) < 0)
		return -1;
	if (state == RECORD_ISSUED || state == RECORD_INTENDED || state == RECORD_ABANDONED) {
		if (record_move(ledger, delivery->seq, state, RECORD_DELIVERED, err) < 0)
			return -1;
	}
	return set(ledger, delivery, err);
}

int outdated_read(
    struct ledger *ledger, sqlite3_stmt *bound, struct outdated *ret, struct err *err)
{
	int found = 1;

	for (ret->n = 0; ret->n < mem_count(ret->seq); ret->n++) {
		found = db_step(ledger, bound, err);
		if (found <= 0)
			break;
		ret->seq[ret->n] = sqlite3_column_int64(bound, 0);
		if (!record_state_read(
		        (const char *)sqlite3_column_text(bound, 1), &ret->state[ret->n]))
			return record_damaged(ret->seq[ret->n], err);
	}
	return found < 0 ? -1 : 0;
}

int outdated_move(struct ledger *ledger, const struct outdated *outdated, struct err *err)
{
	for (size_t i = 0; i < outdated->n; i++) {
		if (record_move(ledger, outdated->seq[i], outdated->state[i], RECORD_SUPERSEDED,
		        err) < 0)
			return -1;
	}
	return 0;
}

static int find_outdated(struct ledger *ledger, const struct delivery *delivery,
    enum record_kind kind, struct outdated *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_OUTDATED);

	db_bind_text(row, 1, delivery->entry);
	db_bind_text(row, 2, record_kind_name(kind));
	sqlite3_bind_int64(row, 3, delivery->seq);
	return outdated_read(ledger, row, ret, err);
}

/* Older active certificates of the entry that lie nowhere any more. */
static int supersede(struct ledger *ledger, const struct delivery *delivery,
    enum record_kind kind, struct err *err)
{
	struct outdated found;

	do {
		if (find_outdated(ledger, delivery, kind, &found, err) < 0 ||
		    outdated_move(ledger, &found, err) < 0)
			return -1;
	} while (found.n == mem_count(found.seq));
	return 0;
}

int ledger_delivered(
    struct ledger *ledger, const struct delivery *deliveries, size_t n, struct err *err)
{
	int status = 0;

	assert(ledger_writes(ledger));
	if (db_begin(ledger, err) < 0)
		return -1;
	for (size_t i = 0; status == 0 && i < n; i++)
		status = deliver(ledger, &deliveries[i], err);
	for (size_t i = 0; status == 0 && i < n; i++) {
		status = supersede(ledger, &deliveries[i], RECORD_SERVER, err);
		if (status == 0)
			status = supersede(ledger, &deliveries[i], RECORD_CLIENT, err);
	}
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
		    !db_digest(row, 5, &delivery.ca_file) ||
		    !db_digest(row, 6, &delivery.crl_file) ||
		    !db_digest(row, 7, &delivery.crl_list))
			return err_set(err, ERR_REFUSED,
			    "the delivery of '%s' to '%s' in the ledger is damaged", entry,
			    deployment);
		delivery.deployment = db_text(row, 0);
		delivery.entry = db_text(row, 1);
		delivery.seq = sqlite3_column_int64(row, 2);
		delivery.generation = db_text(row, 3);
		delivery.crl_due = sqlite3_column_int64(row, 8);
		*ret = delivery;
	}
	*ret_found = found > 0;
	return 0;
}
