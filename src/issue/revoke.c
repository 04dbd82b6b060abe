// SPDX-License-Identifier: Apache-2.0
#include <mica/revoke.h>

#include <stdlib.h>
#include <string.h>

#include <mica/crl.h>
#include <mica/inspect.h>

#include "meant.h"

void revoke_found_clear(struct revoke_found *found)
{
	record_clear(&found->record);
	free(found->others);
	*found = (struct revoke_found){ .ca = NULL };
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
	size_t n = 0;

	if (ledger_revocation(issue->ledger, found->record.seq, &found->said, err) < 0 ||
	    ledger_find_current(issue->ledger, RECORD_CRL, found->record.ca, &record, err) < 0)
		return -1;
	if (record.seq == 0)
		return 0;
	if (crl_read(record.ca, &record.certificate, &lists, &n, err) < 0)
		return -1;
	found->listed = crl_has(lists[0], found->record.serial, NULL);
	crls_free(lists, n);
	return 0;
}

int issue_revoke_find(
    struct issue *issue, const char *what, struct revoke_found *ret, struct err *err)
{
	MICA_AUTO(revoke_found_clear) struct revoke_found found = { .ca = NULL };

	if (!issue->ledger)
		return err_set(
		    err, ERR_NOT_FOUND, "nothing was ever signed: there is no ledger");
	if (meant_find(issue, what, &found.record, err) < 0)
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

enum revoke_reach *issue_revoke_reach(
    const struct issue *issue, const struct revoke_found *found)
{
	const struct inventory *inventory = issue->inventory;
	enum revoke_reach *all = mem_array(inventory->n_deployments + 1, sizeof(*all));
	struct digest key = { { 0 } };

	for (size_t i = 0; i < inventory->n_cas; i++) {
		const struct buf *spki =
		    issue->cas[i].inv == found->ca ? ca_spki(issue->cas[i].ca) : NULL;

		if (spki)
			key = digest_of(spki->data, spki->len);
	}
	for (size_t i = 0; i < inventory->n_deployments; i++)
		all[i] = reach(&inventory->deployments[i], &key);
	return all;
}
