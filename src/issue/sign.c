// SPDX-License-Identifier: Apache-2.0
/* Steps 5 and 6 of the gate: intents are committed, signed, verified, recorded. */
#include "issue_private.h"

#include <stdlib.h>
#include <string.h>

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

static void batch_fill(struct batch *batch, struct issue *issue)
{
	batch->n = issue->n_jobs;
	batch->records = mem_array(batch->n, sizeof(*batch->records));
	batch->approvals = mem_array(batch->n, sizeof(*batch->approvals));
	batch->ders = mem_array(batch->n, sizeof(*batch->ders));
	batch->seqs = mem_array(batch->n, sizeof(*batch->seqs));
	for (size_t i = 0; i < batch->n; i++) {
		copy_record(&batch->records[i], &issue->jobs[i], issue);
		batch->approvals[i] = mem_give(issue->jobs[i].approval);
	}
}

int issue_sign(struct issue *issue, struct signer *signer,
    const struct approvals_progress *progress, struct err *err)
{
	MICA_AUTO(batch_clear) struct batch batch = { 0 };

	if (issue->n_jobs == 0)
		return 0;
	batch_fill(&batch, issue);
	if (ledger_intend(issue->ledger, batch.records, batch.n, err) < 0)
		return -1;
	for (size_t i = 0; i < batch.n; i++)
		batch.seqs[i] = batch.records[i].seq;
	if (approvals_sign(
	        signer, issue->ca, batch.approvals, batch.n, progress, batch.ders, err) < 0) {
		struct err second = ERR_INIT; /* the first error is the one to tell */

		(void)!ledger_move(
		    issue->ledger, batch.seqs, batch.n, RECORD_ABANDONED, &second);
		return -1;
	}
	if (ledger_issued(issue->ledger, batch.seqs, batch.ders, batch.n, err) < 0)
		return -1;
	issue->undelivered = true;
	for (size_t i = 0; i < batch.n; i++) {
		issue->jobs[i].seq = batch.seqs[i];
		buf_move(&issue->jobs[i].der, &batch.ders[i]);
	}
	return 0;
}
