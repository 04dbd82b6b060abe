// SPDX-License-Identifier: Apache-2.0
/*
 * After a restore: what the CA keys signed and the ledger no longer knows, as far as it still
 * lies outside, becomes records again. Certificates first, with their deliveries; then what the
 * lost lists revoke; the lists themselves last, since they are what lets the ledger pass.
 */
#include "audit_accept.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "crl.h"

/* --- is it a restore? ------------------------------------------------------------------ */

int audit_acceptable(const struct findings *findings, struct err *err)
{
	static const char *const explained[] = { "anchor", "anchor-missing",
		"unknown-signature", "ledger-host", "ledger-clock", "delivered" };

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->items[i];
		bool found = finding->level != FINDING_ERROR;

		for (size_t k = 0; k < mem_count(explained); k++)
			found |= strcmp(finding->rule, explained[k]) == 0;
		if (found)
			continue;
		err_set(err, ERR_REFUSED, "this is more than a restore explains: %s",
		    finding->text);
		return err_hint(err, "nothing was changed; look for a newer copy of the state "
		                     "directory: docs/backup.md");
	}
	return 0;
}

/* --- lists ------------------------------------------------------------------------------ */

static int take_revocation(struct accepting *accepting, const char *ca,
    const struct revocation *revoked, struct err *err)
{
	struct ledger *ledger = accepting->issue->ledger;
	MICA_AUTO(record_clear) struct record record = { 0 };
	bool found = false;

	if (ledger_by_serial(ledger, ca, revoked->serial, &record, &found, err) < 0)
		return -1;
	accepting->done->unknown_serials += !found;
	if (!found || record.state == RECORD_REVOKED)
		return 0;
	if (ledger_revoke(ledger, &record.seq, 1, revoked->reason, err) < 0)
		return -1;
	accepting->done->revocations++;
	return 0;
}

static int take_revocations(
    struct accepting *accepting, const struct audit_unknown *unknown, struct err *err)
{
	struct crl **lists = NULL;
	size_t n = 0;
	int status = 0;

	if (crl_read(unknown->ca, &unknown->der, &lists, &n, err) < 0)
		return -1;
	for (size_t i = 0; status == 0 && i < crl_count(lists[0]); i++)
		status =
		    take_revocation(accepting, unknown->ca, &crl_revoked(lists[0])[i], err);
	crls_free(lists, n);
	return status;
}

static int describe_list(const struct accepting *accepting, const struct audit_unknown *unknown,
    const struct crl *crl, struct record *ret, struct err *err)
{
	*ret = (struct record){
		.entry = mem_strdup(unknown->ca),
		.kind = RECORD_CRL,
		.ca = mem_strdup(unknown->ca),
		.created = accepting->issue->ambient.now,
		.not_before = crl_this_update(crl),
		.not_after = crl_next_update(crl),
	};
	for (size_t i = 0; i < accepting->result->n_cas; i++) {
		if (strcmp(accepting->result->cas[i].name, unknown->ca) == 0)
			ret->key = accepting->result->cas[i].key;
	}
	crl_serial(crl_number(crl), ret->serial);
	return crl_tbs(&unknown->der, &ret->tbs, err);
}

static int take_list(
    struct accepting *accepting, const struct audit_unknown *unknown, struct err *err)
{
	struct ledger *ledger = accepting->issue->ledger;
	MICA_AUTO(record_clear) struct record record = { 0 };
	MICA_AUTO(record_clear) struct record there = { 0 };
	struct crl **lists = NULL;
	size_t n = 0;
	bool found = false;
	int status;

	if (crl_read(unknown->ca, &unknown->der, &lists, &n, err) < 0)
		return -1;
	status = describe_list(accepting, unknown, lists[0], &record, err);
	crls_free(lists, n);
	if (status < 0 ||
	    ledger_by_serial(ledger, record.ca, record.serial, &there, &found, err) < 0)
		return -1;
	if (found)
		return 0;
	if (ledger_adopted(ledger, &record, &unknown->der, err) < 0 ||
	    ledger_published(ledger, record.seq, err) < 0)
		return -1;
	accepting->done->crls++;
	return 0;
}

/* None lies outside: those that the ledger has are what the next run is held against. */
static int republish(struct accepting *accepting, struct err *err)
{
	struct issue *issue = accepting->issue;

	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		MICA_AUTO(record_clear) struct record record = { 0 };
		MICA_FREE char *path = crl_path(issue, i);
		BUF_AUTO pem = BUF_INIT;

		if (ledger_find_current(issue->ledger, RECORD_CRL,
		        issue->inventory->cas[i].name, &record, err) < 0)
			return -1;
		if (record.seq == 0)
			continue;
		crl_pem(&record.certificate, &pem);
		if (file_replace(AT_FDCWD, path, pem.data, pem.len, 0644, err) < 0)
			return -1;
		accepting->done->republished++;
	}
	return 0;
}

/* --- all of it --------------------------------------------------------------------------- */

typedef int take_fn(
    struct accepting *accepting, const struct audit_unknown *unknown, struct err *err);

static int by_age(const void *a, const void *b)
{
	const struct audit_unknown *one = *(struct audit_unknown *const *)a;
	const struct audit_unknown *other = *(struct audit_unknown *const *)b;

	if (one->since != other->since)
		return one->since < other->since ? -1 : 1;
	return (one > other) - (one < other);
}

static int each(struct accepting *accepting, struct audit_unknown *const *sorted, int what,
    take_fn *take, struct err *err)
{
	for (size_t i = 0; i < accepting->result->n_unknown; i++) {
		if ((int)sorted[i]->what == what && take(accepting, sorted[i], err) < 0)
			return -1;
	}
	return 0;
}

static int64_t lost(const struct audit_result *result)
{
	int64_t most = result->head.records;

	for (size_t i = 0; i < result->n_anchors; i++) {
		const struct audit_anchor *anchor = &result->anchors[i];

		if (anchor->fit == AUDIT_FOREIGN && anchor->anchor.records > most)
			most = anchor->anchor.records;
	}
	return most - result->head.records;
}

int audit_accept(struct issue *issue, const struct audit_subject *subject,
    const struct audit_result *result, struct audit_accepted *ret, struct err *err)
{
	struct audit_accepted done = { .lost = lost(result) };
	struct accepting accepting = { issue, subject, result, &done };
	MICA_FREE struct audit_unknown **sorted =
	    mem_array(result->n_unknown + 1, sizeof(struct audit_unknown *));

	for (size_t i = 0; i < result->n_unknown; i++)
		sorted[i] = &result->unknown[i];
	qsort(sorted, result->n_unknown, sizeof(struct audit_unknown *), by_age);
	if (each(&accepting, sorted, AUDIT_CERTIFICATE, accept_certificate, err) < 0 ||
	    each(&accepting, sorted, AUDIT_CRL, take_revocations, err) < 0 ||
	    each(&accepting, sorted, AUDIT_CRL, take_list, err) < 0 ||
	    (result->n_anchors == 0 && republish(&accepting, err) < 0))
		return -1;
	*ret = done;
	return 0;
}
