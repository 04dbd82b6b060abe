// SPDX-License-Identifier: Apache-2.0
/* Steps 5 and 6 of the gate: intents are committed, signed, verified, recorded. */
#include "issue_private.h"

#include <stdlib.h>
#include <string.h>

#include "cross.h"
#include "crl.h"

static void copy_record(struct record *record, const struct job *job, const struct issue *issue)
{
	const struct inv_certificate *entry = job->certificate;
	const struct buf *tbs = approval_tbs(job->approval);

	*record = (struct record){
		.entry = mem_strdup(entry->name),
		.kind = entry->profile == PROFILE_SERVER ? RECORD_SERVER : RECORD_CLIENT,
		.ca = mem_strdup(inventory_issuer(issue->inventory)->name),
		.state = RECORD_INTENDED,
		.definition = inventory_definition(entry),
		.key = digest_of(job->spki.data, job->spki.len),
		.created = issue->ambient.now,
		.not_before = job->spec.not_before,
		.not_after = job->spec.not_after,
	};
	memcpy(record->serial, job->spec.serial, sizeof(record->serial));
	buf_add(&record->tbs, tbs->data, tbs->len);
}

/* What the arrays of one batch hold, freed together. */
struct batch {
	size_t n;
	struct record *records;
	struct approval **approvals;
	struct buf *ders;
	int64_t *seqs;
};

static void batch_clear(struct batch *batch)
{
	records_free(batch->records, batch->n);
	for (size_t i = 0; i < batch->n; i++) {
		approval_free(batch->approvals[i]);
		buf_clear(&batch->ders[i]);
	}
	free(batch->approvals);
	free(batch->ders);
	free(batch->seqs);
}

/* Room for the certificates, a cross-certificate among them, and for the CRL behind them. */
static void batch_init(struct batch *batch, size_t n)
{
	batch->records = mem_array(n, sizeof(*batch->records));
	batch->approvals = mem_array(n, sizeof(*batch->approvals));
	batch->ders = mem_array(n, sizeof(*batch->ders));
	batch->seqs = mem_array(n, sizeof(*batch->seqs));
}

static int abandon(struct issue *issue, const struct batch *batch)
{
	struct err second = ERR_INIT; /* the first error is the one to tell */

	if (batch->n > 0)
		(void)!ledger_move(
		    issue->ledger, batch->seqs, batch->n, RECORD_ABANDONED, &second);
	return -1;
}

static int intend_certificates(struct issue *issue, struct batch *batch, struct err *err)
{
	size_t n = issue->n_jobs;

	for (size_t i = 0; i < n; i++) {
		copy_record(&batch->records[i], &issue->jobs[i], issue);
		batch->approvals[i] = mem_give(issue->jobs[i].approval);
	}
	if (issue->cross.of) {
		cross_fill(issue, &batch->records[n], &batch->approvals[n]);
		n++;
	}
	batch->n = n;
	if (n == 0)
		return 0;
	if (ledger_intend(issue->ledger, batch->records, n, err) < 0) {
		batch_clear(batch);
		*batch = (struct batch){ 0 };
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		batch->seqs[i] = batch->records[i].seq;
	return 0;
}

/* The last of the batch, and made last: its anchor is the ledger's head, which covers the
 * intents of all that is signed with it. */
static int intend_crl(struct issue *issue, size_t ca, struct batch *batch, struct err *err)
{
	FINDINGS_AUTO findings = FINDINGS_INIT; /* told when it was rehearsed */
	struct record *record = &batch->records[batch->n];
	struct approval **approval = &batch->approvals[batch->n];

	if (crl_prepare(issue, ca, &findings, approval, record, err) < 0)
		return -1;
	if (ledger_intend(issue->ledger, record, 1, err) < 0) {
		approval_free(mem_give(*approval));
		record_clear(record);
		return -1;
	}
	batch->seqs[batch->n++] = record->seq;
	return 0;
}

static int sign(struct issue *issue, size_t ca, struct batch *batch, struct signer *signer,
    const struct approvals_progress *progress, struct err *err)
{
	if (approvals_sign(signer, issue->cas[ca].ca, batch->approvals, batch->n, progress,
	        batch->ders, err) < 0)
		return abandon(issue, batch);
	return ledger_issued(issue->ledger, batch->seqs, batch->ders, batch->n, err);
}

int issue_sign(struct issue *issue, struct signer *signer,
    const struct approvals_progress *progress, struct err *err)
{
	const size_t n = issue->n_jobs, ca = issue->inventory->issuing;
	const size_t crl = n + (issue->cross.of ? 1 : 0);
	MICA_AUTO(batch_clear) struct batch batch = { 0 };

	if (!issue->plan->crl.signs)
		return 0;
	batch_init(&batch, crl + 1);
	if (intend_certificates(issue, &batch, err) < 0)
		return -1;
	if (intend_crl(issue, ca, &batch, err) < 0)
		return abandon(issue, &batch);
	if (sign(issue, ca, &batch, signer, progress, err) < 0)
		return -1;
	issue->undelivered = n > 0;
	for (size_t i = 0; i < n; i++) {
		issue->jobs[i].seq = batch.seqs[i];
		buf_move(&issue->jobs[i].der, &batch.ders[i]);
	}
	crl_take_signed(issue, ca, &batch.records[crl], &batch.ders[crl]);
	return issue->cross.of ? cross_signed(issue, batch.seqs[n], err) : 0;
}

int issue_sign_crl(
    struct issue *issue, const struct inv_ca *inv, struct signer *signer, struct err *err)
{
	const size_t ca = (size_t)(inv - issue->inventory->cas);
	MICA_AUTO(batch_clear) struct batch batch = { 0 };
	size_t published = 0;

	batch_init(&batch, 1);
	if (intend_crl(issue, ca, &batch, err) < 0 ||
	    sign(issue, ca, &batch, signer, NULL, err) < 0)
		return -1;
	crl_take_signed(issue, ca, &batch.records[0], &batch.ders[0]);
	return crlset_write(issue, err) < 0 ? -1 : crlset_published(issue, &published, err);
}
