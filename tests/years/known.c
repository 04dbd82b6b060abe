// SPDX-License-Identifier: Apache-2.0
#include "known.h"

#include <stdlib.h>
#include <string.h>

#include <mica/ledger.h>

#include "history.h"

enum { FAR = 40 * 365 }; /* days: a reader may be later than any event */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct digest));
}

static bool is_among(const struct digests *digests, const struct digest *wanted)
{
	return digests->n > 0 &&
	       bsearch(wanted, digests->items, digests->n, sizeof(*wanted), by_bytes);
}

static void add(struct digests *digests, const struct buf *bytes)
{
	if (digests->n % 256 == 0)
		digests->items =
		    realloc(digests->items, (digests->n + 256) * sizeof(*digests->items));
	digests->items[digests->n++] = digest_of(bytes->data, bytes->len);
}

static int add_record(void *context, const struct record *record)
{
	struct known *known = context;

	add(&known->tbs, &record->tbs);
	if (record->certificate.len > 0 && record->state != RECORD_ABANDONED)
		add(&known->certificates, &record->certificate);
	return 0;
}

static struct ledger *open_ledger(struct history *history)
{
	MICA_FREE char *dir = history_path(history, "state");
	struct ledger *ledger = NULL;
	struct err err = ERR_INIT;

	if (ledger_open(dir, LEDGER_READ, history->now + (int64_t)FAR * DAY, &ledger, &err) < 0)
		history_break(history, "the ledger cannot be read: %s", err.text);
	return ledger;
}

static void forget(struct digests *digests)
{
	free(digests->items);
	*digests = (struct digests){ NULL, 0 };
}

void known_clear(struct known *known)
{
	forget(&known->tbs);
	forget(&known->certificates);
}

static void sort(struct digests *digests)
{
	if (digests->n > 0)
		qsort(digests->items, digests->n, sizeof(*digests->items), by_bytes);
}

static void read_ledger(struct history *history)
{
	MICA_AUTO(ledger_closep) struct ledger *ledger = open_ledger(history);
	struct known *known = &history->known;
	struct err err = ERR_INIT;

	known_clear(known);
	if (ledger && ledger_each(ledger, add_record, known, &err) < 0)
		history_break(history, "the ledger cannot be read: %s", err.text);
	sort(&known->tbs);
	sort(&known->certificates);
}

bool known_certificate(struct history *history, const void *der, size_t len)
{
	const struct digest digest = digest_of(der, len);

	if (is_among(&history->known.certificates, &digest))
		return true;
	read_ledger(history);
	return is_among(&history->known.certificates, &digest);
}

void known_signatures(struct history *history)
{
	const struct soft_tokens *tokens = history->tokens;
	struct known *known = &history->known;

	if (known->n_signed == tokens->n_signed)
		return;
	read_ledger(history);
	for (; known->n_signed < tokens->n_signed; known->n_signed++)
		if (!is_among(&known->tbs, &tokens->signed_tbs[known->n_signed])) {
			history_break(
			    history, "signature %zu is not in the ledger", known->n_signed + 1);
			return;
		}
	history->tally.signatures = (unsigned)tokens->n_signed;
}

void known_ledger(struct history *history)
{
	MICA_AUTO(ledger_closep) struct ledger *ledger = open_ledger(history);
	struct err err = ERR_INIT;

	if (ledger && ledger_verify(ledger, &err) < 0)
		history_break(history, "%s", err.text);
}

void known_head(struct history *history, struct anchor *ret)
{
	MICA_AUTO(ledger_closep) struct ledger *ledger = open_ledger(history);
	struct err err = ERR_INIT;

	*ret = (struct anchor){ .events = 0 };
	if (ledger && ledger_anchor(ledger, ret, &err) < 0)
		history_break(history, "the ledger cannot be read: %s", err.text);
}

void known_after_restore(struct history *history)
{
	read_ledger(history);
	history->known.n_signed = history->tokens->n_signed;
}

void known_revoked(struct history *history, const char *ca,
    void (*each)(struct history *history, const uint8_t serial[20]))
{
	MICA_AUTO(ledger_closep) struct ledger *ledger = open_ledger(history);
	struct record *records = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (!ledger)
		return;
	if (ledger_in_state(ledger, RECORD_REVOKED, &records, &n, &err) < 0)
		history_break(history, "the ledger cannot be read: %s", err.text);
	for (size_t i = 0; i < n; i++)
		if (strcmp(records[i].ca, ca) == 0 && records[i].not_after > history->now)
			each(history, records[i].serial);
	records_free(records, n);
}
