// SPDX-License-Identifier: Apache-2.0
#include <mica/revoke.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <mica/crl.h>
#include <mica/inspect.h>
#include <mica/nearest.h>

#include "issue_private.h"

enum { SERIAL_DIGITS = 2 * SERIAL_LEN };

void revoke_found_clear(struct revoke_found *found)
{
	record_clear(&found->record);
	free(found->others);
	*found = (struct revoke_found){ .ca = NULL };
}

/* --- what is meant -------------------------------------------------------------------- */

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
		struct err why = ERR_INIT;

		if (ledger_current(issue->ledger, kinds[i], name, &record, &why) < 0) {
			if (why.kind == ERR_NOT_FOUND)
				continue;
			record_clear(&newest);
			*err = why;
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

/* --- may it be revoked? --------------------------------------------------------------- */

static int refuse_ca(const struct record *record, struct err *err)
{
	err_set(err, ERR_REFUSED,
	    "'%s' is a CA, and no list of its own can revoke its certificate", record->entry);
	return err_hint(err, "let another CA issue, and drop this one: docs/generations.md; "
	                     "who trusts it, trusts it until it is out of their ca.pem");
}

static int judge(const struct issue *issue, const struct record *record, struct err *err)
{
	char date[CLOCK_TEXT];

	if (record->kind == RECORD_CRL || strstr(record->entry, ":request"))
		return err_set(err, ERR_REFUSED, "'%s' is no certificate, but a %s",
		    record->entry, record->kind == RECORD_CRL ? "CRL" : "request for one");
	if (record->kind == RECORD_CA && !strchr(record->entry, ':'))
		return refuse_ca(record, err);
	if (record->not_after <= issue->ambient.now)
		return err_set(err, ERR_REFUSED,
		    "the certificate of '%s' has expired on %s: there is nothing to revoke",
		    record->entry, clock_date(record->not_after, date));
	return 0;
}

static int find_ca(const struct issue *issue, const struct record *record,
    const struct inv_ca **ret, struct err *err)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		if (strcmp(issue->cas[i].inv->name, record->ca) != 0 || !issue->cas[i].ca)
			continue;
		*ret = issue->cas[i].inv;
		return 0;
	}
	err_set(err, ERR_REFUSED,
	    "CA '%s', which signed it, is not in '%s': nobody can sign its CRL", record->ca,
	    issue->inventory->file);
	return err_hint(err, "name it there again, with its key and 'state: retired'");
}

/* --- what there is beside it ---------------------------------------------------------- */

static int find_others(struct issue *issue, struct revoke_found *found, struct err *err)
{
	static const enum record_state states[] = { RECORD_ISSUED, RECORD_DELIVERED,
		RECORD_SERVED, RECORD_SUPERSEDED };
	size_t cap = 0;

	for (size_t i = 0; i < mem_count(states); i++) {
		struct record *records = NULL;
		size_t n = 0;

		if (ledger_in_state(issue->ledger, states[i], &records, &n, err) < 0)
			return -1;
		for (size_t k = 0; k < n; k++) {
			const struct record *other = &records[k];

			if (other->seq == found->record.seq ||
			    other->kind != found->record.kind ||
			    strcmp(other->entry, found->record.entry) != 0 ||
			    other->not_after <= issue->ambient.now)
				continue;
			found->others = mem_grow(
			    found->others, &cap, found->n_others + 1, sizeof(*found->others));
			found->others[found->n_others] =
			    (struct revoke_other){ .state = other->state,
				    .not_after = other->not_after };
			memcpy(
			    found->others[found->n_others++].serial, other->serial, SERIAL_LEN);
		}
		records_free(records, n);
	}
	return 0;
}

static int find_listed(struct issue *issue, struct revoke_found *found, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };
	struct crl **lists = NULL;
	struct err why = ERR_INIT;
	size_t n = 0;

	if (ledger_revocation(issue->ledger, found->record.seq, &found->said, err) < 0)
		return -1;
	if (ledger_current(issue->ledger, RECORD_CRL, found->record.ca, &record, &why) < 0) {
		if (why.kind == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	if (crl_read(record.ca, &record.certificate, &lists, &n, err) < 0)
		return -1;
	found->listed = crl_has(lists[0], found->record.serial, NULL);
	crls_free(lists, n);
	return 0;
}

static int look_up(struct issue *issue, const char *what, struct record *ret, struct err *err)
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

int issue_revoke_find(
    struct issue *issue, const char *what, struct revoke_found *ret, struct err *err)
{
	MICA_AUTO(revoke_found_clear) struct revoke_found found = { .ca = NULL };

	if (!issue->ledger)
		return err_set(
		    err, ERR_NOT_FOUND, "nothing was ever signed: there is no ledger");
	if (look_up(issue, what, &found.record, err) < 0)
		return -1;
	found.revoked = found.record.state == RECORD_REVOKED;
	if (judge(issue, &found.record, err) < 0 ||
	    find_ca(issue, &found.record, &found.ca, err) < 0 ||
	    find_others(issue, &found, err) < 0 ||
	    (found.revoked && find_listed(issue, &found, err) < 0))
		return -1;
	*ret = found;
	found = (struct revoke_found){ .ca = NULL };
	return 0;
}

int issue_revoke(struct issue *issue, const struct revoke_found *found,
    enum revocation_reason reason, struct err *err)
{
	return ledger_revoke(issue->ledger, &found->record.seq, 1, reason, err);
}

int issue_revoke_list(
    struct issue *issue, const struct inv_ca *ca, struct revoke_list *ret, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };
	struct crl **lists = NULL;
	size_t n = 0;

	if (ledger_current(issue->ledger, RECORD_CRL, ca->name, &record, err) < 0 ||
	    crl_read(ca->name, &record.certificate, &lists, &n, err) < 0)
		return -1;
	*ret = (struct revoke_list){
		.number = crl_number(lists[0]),
		.next_update = crl_next_update(lists[0]),
		.revoked = crl_count(lists[0]),
	};
	crls_free(lists, n);
	return 0;
}

/* --- what it is worth ----------------------------------------------------------------- */

static bool holds_key(const char *file, const struct buf *pem, const struct digest *key)
{
	struct inspected *list = NULL;
	struct err ignored = ERR_INIT; /* what cannot be read lets nobody in */
	size_t n = 0;
	bool found = false;

	if (inspect_certificates(file, pem, &list, &n, &ignored) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		found |= memcmp(&list[i].spki, key, sizeof(*key)) == 0;
	inspected_free(list, n);
	return found;
}

static enum revoke_reach reach(
    const struct inv_deployment *deployment, const struct digest *key)
{
	MICA_FREE char *dir = mem_printf("%s/tls", deployment->out);
	BUF_AUTO pem = BUF_INIT;
	struct err ignored = ERR_INIT; /* nothing was delivered: nobody is let in */

	if (deployment->tls_mode != 2)
		return REVOKE_ASKS_NOT;
	if (outdir_read(dir, "ca.pem", &pem, &ignored) < 0)
		return REVOKE_KEEPS_OUT;
	return holds_key(dir, &pem, key) ? REVOKE_LETS_IN : REVOKE_KEEPS_OUT;
}

int issue_revoke_reach(struct issue *issue, const struct revoke_found *found,
    enum revoke_reach **ret, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	struct digest key = { { 0 } };

	(void)err;
	for (size_t i = 0; i < inventory->n_cas; i++) {
		const struct buf *spki =
		    issue->cas[i].inv == found->ca ? ca_spki(issue->cas[i].ca) : NULL;

		if (spki)
			key = digest_of(spki->data, spki->len);
	}
	*ret = mem_array(inventory->n_deployments + 1, sizeof(**ret));
	for (size_t i = 0; i < inventory->n_deployments; i++)
		(*ret)[i] = reach(&inventory->deployments[i], &key);
	return 0;
}
