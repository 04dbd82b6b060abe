// SPDX-License-Identifier: Apache-2.0
/*
 * After a crash. What an interrupted run may have left, and what becomes of it:
 *
 * - a CRL that was issued: written to the state directory and recorded as published
 * - intended: the token may have signed it; it was never given out: abandoned
 * - issued, swapped: the directories hold it, the ledger does not say so: recorded as delivered
 * - issued, key staged: the key waits in an unfinished generation: completed without the token
 * - issued, no key: nothing can be done with it: abandoned, and the entry is due again
 * - issued, no entry: it left the inventory meanwhile and may be in use: the plan retires it
 */
#include "issue_private.h"

#include <stdlib.h>
#include <string.h>

#include <mica/certificate.h>
#include <mica/key.h>

#include "crl.h"
#include "owed.h"

static int64_t *seqs_of(const struct record *records, size_t n)
{
	int64_t *seqs = mem_array(n, sizeof(*seqs));

	for (size_t i = 0; i < n; i++)
		seqs[i] = records[i].seq;
	return seqs;
}

static int abandon_intended(struct issue *issue, struct err *err)
{
	struct record *records = NULL;
	MICA_FREE int64_t *seqs = NULL;
	size_t n = 0;
	int status;

	if (ledger_in_state(issue->ledger, RECORD_INTENDED, &records, &n, err) < 0)
		return -1;
	seqs = seqs_of(records, n);
	status = n == 0 ? 0 : ledger_move(issue->ledger, seqs, n, RECORD_ABANDONED, err);
	for (size_t i = 0; status == 0 && i < n; i++)
		findings_add(issue->findings, FINDING_NOTE, "interrupted", NULL, NULL,
		    "an interrupted run was about to sign %s'%s': recorded as abandoned, never "
		    "given out",
		    records[i].kind == RECORD_CRL ? "a CRL of CA " : "", records[i].entry);
	records_free(records, n);
	return status;
}

/* The key of this record as it lies at the place: current, or staged by the run that died. */
static bool key_fits(const struct buf *pem, const struct record *record)
{
	MICA_AUTO(key_freep) struct key *key = NULL;
	struct err ignored = ERR_INIT; /* an unreadable key does not fit */
	struct digest digest;

	if (key_read_pem("key", pem, &key, &ignored) < 0)
		return false;
	digest = digest_of(key_spki(key)->data, key_spki(key)->len);
	return memcmp(&digest, &record->key, sizeof(digest)) == 0;
}

typedef int read_fn(const char *dir, const char *name, struct buf *ret, struct err *err);

static bool find_fitting_key(
    struct issue *issue, size_t certificate, const struct record *record, struct buf *ret)
{
	static read_fn *const readers[] = { outdir_read, outdir_read_staged };

	for (size_t i = issue->first_place[certificate]; i != NO_PLACE;
	     i = issue->places[i].next) {
		const struct place *place = &issue->places[i];

		for (size_t k = 0; k < mem_count(readers); k++) {
			struct err ignored = ERR_INIT; /* not there: look on */

			buf_reset(ret);
			if (readers[k](place->dir, place->key_name, ret, &ignored) == 0 &&
			    key_fits(ret, record))
				return true;
		}
	}
	return false;
}

/* Its request waits beside the key; one that is lost is no reason to stop. */
static int restage_request(
    struct issue *issue, size_t deployment, size_t certificate, struct err *err)
{
	MICA_FREE const struct buf **fresh =
	    mem_array(issue->inventory->n_certificates, sizeof(const struct buf *));
	MICA_FREE char *dir = issue_requests_dir(issue, deployment);
	MICA_FREE char *name =
	    mem_printf("%s.csr", issue->inventory->certificates[certificate].name);
	BUF_AUTO csr = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (outdir_read_staged(dir, name, &csr, &ignored) < 0)
		return 0;
	fresh[certificate] = &csr;
	return issue_stage_requests(issue, deployment, fresh, err);
}

struct redelivery {
	const struct record *record;
	struct buf certificate;
	const struct buf *key; /* NULL: it came by a request */
	struct delivery *deliveries;
	size_t n;
};

static int restage(
    struct issue *issue, struct place *place, struct redelivery *redelivery, struct err *err)
{
	const struct buf *key = redelivery->key;
	struct outdir_tree *tree;

	if (issue_stage_place(issue, place, err) < 0)
		return -1;
	tree = mem_give(place->tree); /* the apply that follows has its own */
	if ((key && outdir_put(tree, place->key_name, OUTDIR_KEY, key, err) < 0) ||
	    outdir_put(tree, place->cert_name, OUTDIR_PUBLIC, &redelivery->certificate, err) <
	        0 ||
	    issue_put_trust(issue, place, tree, err) < 0 || crlset_put(issue, tree, err) < 0 ||
	    restage_request(issue, place->deployment, place->certificate, err) < 0)
		return -1;
	redelivery->deliveries[redelivery->n] = (struct delivery){
		/* everything borrowed */
		.deployment = issue->inventory->deployments[place->deployment].name,
		.entry = redelivery->record->entry,
		.seq = redelivery->record->seq,
		.generation = issue->generation,
		.ca_file = issue_trust_digest(
		    issue_ca_file(issue, place), issue_trust_file(issue, place)),
	};
	crlset_note(issue, &redelivery->deliveries[redelivery->n]);
	if (key)
		redelivery->deliveries[redelivery->n].key_file = digest_of(key->data, key->len);
	redelivery->n++;
	return 0;
}

static void tidy_places(struct issue *issue, size_t certificate)
{
	for (size_t i = issue->first_place[certificate]; i != NO_PLACE;
	     i = issue->places[i].next) {
		const struct place *place = &issue->places[i];
		unsigned keep = issue->inventory->deployments[place->deployment].keep;
		MICA_FREE char *requests = issue_requests_dir(issue, place->deployment);
		struct err ignored = ERR_INIT; /* the next delivery tidies again */

		(void)!outdir_tidy(place->dir, keep, &ignored);
		(void)!outdir_tidy(requests, keep, &ignored);
	}
}

/* Delivers an issued certificate with its key to every place of its entry. */
static int redeliver(struct issue *issue, size_t certificate, const struct record *record,
    const struct buf *key, struct err *err)
{
	MICA_FREE struct delivery *deliveries = mem_array(issue->n_places, sizeof(*deliveries));
	struct redelivery redelivery = {
		.record = record, .key = key, .deliveries = deliveries
	};
	int status = 0;

	issue_certificate_text(
	    issue, record->ca, &record->certificate, &redelivery.certificate);
	if (issue_begin_batch(issue, err) < 0)
		status = -1;
	for (size_t i = issue->first_place[certificate]; status == 0 && i != NO_PLACE;
	     i = issue->places[i].next)
		status = restage(issue, &issue->places[i], &redelivery, err);
	buf_clear(&redelivery.certificate);
	if (status < 0 || outdir_sync(issue->batch, err) < 0 ||
	    owed_note_certificate(issue, certificate, err) < 0 ||
	    outdir_swap(issue->batch, err) < 0 ||
	    ledger_delivered(issue->ledger, deliveries, redelivery.n, err) < 0)
		return -1;
	findings_add(issue->findings, FINDING_NOTE, "interrupted", NULL, NULL,
	    "an interrupted run had issued '%s': delivered now", record->entry);
	return 0;
}

static int complete_issued(struct issue *issue, const struct record *listed, struct err *err)
{
	const struct inv_certificate *entry =
	    inventory_certificate(issue->inventory, listed->entry);
	size_t certificate = entry ? (size_t)(entry - issue->inventory->certificates) : 0;
	MICA_AUTO(record_clear) struct record record = { 0 };
	BUF_AUTO key = BUF_INIT;
	bool request = entry && issue_takes_request(entry);

	if (!entry)
		return 0;
	if (ledger_current(issue->ledger, listed->kind, listed->entry, &record, err) < 0)
		return -1;
	if (record.seq == listed->seq && issue->ca && listed->kind == issue_kind(entry) &&
	    (request || find_fitting_key(issue, certificate, &record, &key)))
		return redeliver(issue, certificate, &record, request ? NULL : &key, err);
	findings_add(issue->findings, FINDING_NOTE, "interrupted", NULL, NULL,
	    "an interrupted run had issued '%s', but its key is gone: recorded as abandoned",
	    listed->entry);
	return ledger_move(issue->ledger, &listed->seq, 1, RECORD_ABANDONED, err);
}

static int complete_all_issued(struct issue *issue, struct err *err)
{
	struct record *records = NULL;
	size_t n = 0;
	int status = 0;

	if (ledger_in_state(issue->ledger, RECORD_ISSUED, &records, &n, err) < 0)
		return -1;
	for (size_t i = 0; status == 0 && i < n; i++) {
		if (records[i].kind == RECORD_SERVER || records[i].kind == RECORD_CLIENT)
			status = complete_issued(issue, &records[i], err);
	}
	for (size_t i = 0; status == 0 && i < n; i++) {
		const struct inv_certificate *entry =
		    inventory_certificate(issue->inventory, records[i].entry);

		if (entry)
			tidy_places(issue, (size_t)(entry - issue->inventory->certificates));
	}
	records_free(records, n);
	return status;
}

int issue_reconcile(struct issue *issue, struct err *err)
{
	if (abandon_intended(issue, err) < 0 || issue_end_requests(issue, err) < 0 ||
	    issue_end_renewed(issue, err) < 0 || crlset_reconcile(issue, err) < 0 ||
	    complete_all_issued(issue, err) < 0)
		return -1;
	outdir_batch_free(issue->batch);
	issue->batch = NULL;
	return 0;
}
