// SPDX-License-Identifier: Apache-2.0
#include "meant.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <mica/nearest.h>

enum { SERIAL_DIGITS = 2 * SERIAL_LEN };

/* --- by name, and by serial number ------------------------------------------------------ */

/* The digits alone, in lower case, without leading zeros; false: it is no serial number. */
static bool digits_of(const char *text, char ret[static SERIAL_DIGITS + 1])
{
	size_t n = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	if (!isxdigit((unsigned char)*text))
		return false;
	for (; *text; text++) {
		if (*text == ':' && isxdigit((unsigned char)text[1]))
			continue;
		if (!isxdigit((unsigned char)*text) || n == SERIAL_DIGITS)
			return false;
		if (n > 0 || *text != '0')
			ret[n++] = (char)tolower((unsigned char)*text);
	}
	ret[n] = '\0';
	return n > 0;
}

static void serial_of(const char *digits, uint8_t ret[static SERIAL_LEN])
{
	const size_t len = strlen(digits);
	char padded[SERIAL_DIGITS + 1];
	char pair[3] = "";

	memset(padded, '0', SERIAL_DIGITS - len);
	memcpy(padded + SERIAL_DIGITS - len, digits, len + 1);
	for (size_t i = 0; i < SERIAL_LEN; i++) {
		memcpy(pair, padded + 2 * i, 2);
		ret[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
}

/* The newest record of a name: its active certificate if it has one. */
static int find_name(
    struct issue *issue, const char *name, struct record *ret, bool *ret_found, struct err *err)
{
	static const enum record_kind kinds[] = { RECORD_SERVER, RECORD_CLIENT, RECORD_CA };
	struct record newest = { 0 };

	for (size_t i = 0; i < mem_count(kinds); i++) {
		MICA_AUTO(record_clear) struct record record = { 0 };

		if (ledger_find_current(issue->ledger, kinds[i], name, &record, err) < 0) {
			record_clear(&newest);
			return -1;
		}
		if (record.seq > newest.seq) {
			record_clear(&newest);
			newest = record;
			record = (struct record){ 0 };
		}
	}
	*ret_found = newest.seq != 0;
	if (*ret_found)
		*ret = newest;
	return *ret_found ? 0 : ledger_latest(issue->ledger, name, ret, ret_found, err);
}

/* --- what is near --------------------------------------------------------------------- */

static bool may_be_meant(const struct record *record)
{
	return record->kind != RECORD_CRL && !strstr(record->entry, ":request");
}

struct near {
	const char *digits;
	struct buf begins; /* serials that begin with them */
	size_t n_begins;
	char best[SERIAL_DIGITS + 1];
	struct nearest nearest;
};

static void offer(struct near *near, const struct record *record)
{
	const uint8_t *from = record->serial;
	BUF_AUTO hex = BUF_INIT;
	const char *digits;

	if (!may_be_meant(record))
		return;
	buf_addhex(&hex, from, SERIAL_LEN);
	digits = buf_text(&hex) + strspn(buf_text(&hex), "0");
	if (strncmp(digits, near->digits, strlen(near->digits)) == 0 && near->n_begins++ < 4)
		buf_printf(&near->begins, "%s%s ('%s')", near->n_begins > 1 ? ", " : "", digits,
		    record->entry);
	nearest_offer(&near->nearest, digits);
	if (near->nearest.best == digits) {
		memcpy(near->best, digits, strlen(digits) + 1);
		near->nearest.best = near->best;
	}
}

static int look_near(struct issue *issue, struct near *near, struct err *err)
{
	static const enum record_state states[] = { RECORD_ISSUED, RECORD_DELIVERED,
		RECORD_SERVED, RECORD_SUPERSEDED, RECORD_REVOKED, RECORD_ABANDONED };

	for (size_t i = 0; i < mem_count(states); i++) {
		struct record *records = NULL;
		size_t n = 0;

		if (ledger_in_state(issue->ledger, states[i], &records, &n, err) < 0)
			return -1;
		for (size_t k = 0; k < n; k++)
			offer(near, &records[k]);
		records_free(records, n);
	}
	return 0;
}

static int unknown_serial(
    struct issue *issue, const char *what, const char *digits, struct err *err)
{
	struct near near = { .digits = digits, .nearest = NEAREST_INIT(digits) };

	if (look_near(issue, &near, err) < 0) {
		buf_clear(&near.begins);
		return -1;
	}
	err_set(err, near.n_begins > 1 ? ERR_AMBIGUOUS : ERR_NOT_FOUND,
	    "no CA of this ledger signed a certificate with serial '%s'", what);
	if (near.n_begins > 0)
		err_hint(err, "a serial is given whole; with these digits begin: %s%s",
		    buf_text(&near.begins), near.n_begins > 4 ? ", and others" : "");
	else if (near.nearest.best)
		err_hint(err, "did you mean '%s'?", near.nearest.best);
	else
		err_hint(err, "mica audit -v lists them all");
	buf_clear(&near.begins);
	return -1;
}

static int unknown_name(const struct issue *issue, const char *what, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	struct nearest nearest = NEAREST_INIT(what);

	for (size_t i = 0; i < inventory->n_certificates; i++)
		nearest_offer(&nearest, inventory->certificates[i].name);
	err_set(err, ERR_NOT_FOUND, "nothing called '%s' was ever signed", what);
	if (nearest.best)
		return err_hint(err, "did you mean '%s'?", nearest.best);
	return err_hint(
	    err, "name an entry, or a serial number in hex: mica audit -v lists them");
}

/* --- either ----------------------------------------------------------------------------- */

int meant_find(struct issue *issue, const char *what, struct record *ret, struct err *err)
{
	MICA_AUTO(record_clear) struct record by_serial = { 0 };
	char digits[SERIAL_DIGITS + 1];
	uint8_t serial[SERIAL_LEN];
	const bool is_serial = digits_of(what, digits);
	bool named = false;
	bool numbered = false;

	if (find_name(issue, what, ret, &named, err) < 0)
		return -1;
	if (is_serial) {
		serial_of(digits, serial);
		if (ledger_by_serial(issue->ledger, NULL, serial, &by_serial, &numbered, err) <
		    0)
			return -1;
	}
	if (named && numbered && ret->seq != by_serial.seq)
		return err_set(err, ERR_AMBIGUOUS,
		    "'%s' is an entry, and the serial of a certificate of '%s'", what,
		    by_serial.entry);
	if (!named && !numbered)
		return is_serial ? unknown_serial(issue, what, digits, err)
		                 : unknown_name(issue, what, err);
	if (!named) {
		*ret = by_serial;
		by_serial = (struct record){ 0 };
	}
	return 0;
}
