// SPDX-License-Identifier: Apache-2.0
/* Records of CRLs. */
#include "ledger_private.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct crl {
	int64_t seq;
	char *ca;
	uint8_t number[20];
	enum record_state state;
};

static void crl_clear(struct crl *crl)
{
	mem_freep(&crl->ca);
}

static int read_crl(struct ledger *ledger, int64_t seq, struct crl *ret, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };
	bool found = false;

	if (ledger_record(ledger, seq, &record, &found, err) < 0)
		return -1;
	if (!found || record.kind != RECORD_CRL)
		return err_set(
		    err, ERR_NOT_FOUND, "the ledger has no CRL of record %" PRId64, seq);
	*ret =
	    (struct crl){ .seq = seq, .ca = mem_strdup(record.entry), .state = record.state };
	memcpy(ret->number, record.serial, sizeof(ret->number));
	return 0;
}

static int find_older(
    struct ledger *ledger, const struct crl *crl, struct outdated *ret, struct err *err)
{
	DB_AUTO row = db_statement(ledger, SQL_OUTDATED_CRL);

	db_bind_text(row, 1, crl->ca);
	db_bind_blob(row, 2, crl->number, sizeof(crl->number));
	return outdated_read(ledger, row, ret, err);
}

static int publish(struct ledger *ledger, const struct crl *crl, struct err *err)
{
	struct outdated older;

	if (crl->state != RECORD_DELIVERED &&
	    record_move(ledger, crl->seq, crl->state, RECORD_DELIVERED, err) < 0)
		return -1;
	do {
		if (find_older(ledger, crl, &older, err) < 0 ||
		    outdated_move(ledger, &older, err) < 0)
			return -1;
	} while (older.n == mem_count(older.seq));
	return 0;
}

int ledger_published(struct ledger *ledger, int64_t seq, struct err *err)
{
	MICA_AUTO(crl_clear) struct crl crl = { 0 };
	struct outdated older;

	assert(ledger_writes(ledger));
	if (read_crl(ledger, seq, &crl, err) < 0 || find_older(ledger, &crl, &older, err) < 0)
		return -1;
	if (crl.state == RECORD_DELIVERED && older.n == 0)
		return 0;
	if (db_begin(ledger, err) < 0)
		return -1;
	return db_end(ledger, publish(ledger, &crl, err), err);
}
