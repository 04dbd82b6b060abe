// SPDX-License-Identifier: Apache-2.0
/* Step 7 of the gate: generations are completed, swapped, recorded. */
#include "issue_private.h"

#include <stdlib.h>

#include <mica/certificate.h>

#include "crl.h"
#include "owed.h"

/* ca.pem and crl.pem are the same for all clients: among those of a deployment it is written
 * once and linked from then on. Not with its server, nor with another deployment: who may write
 * in one of these trees could change in place whom the others trust. */
bool issue_may_share(
    const struct issue *issue, const struct place *place, const struct place *other)
{
	const struct inv_certificate *entries = issue->inventory->certificates;

	return other && other->deployment == place->deployment &&
	       entries[other->certificate].profile == PROFILE_CLIENT &&
	       entries[place->certificate].profile == PROFILE_CLIENT;
}

static int share(
    const struct issue *issue, struct place *place, const struct place *other, struct err *err)
{
	if (outdir_share(place->tree, other->tree, "ca.pem", err) < 0)
		return -1;
	return issue->crls->bundle.pem.len == 0
	           ? 0
	           : outdir_share(place->tree, other->tree, "crl.pem", err);
}

static int put_public(struct issue *issue, struct place *place, const struct buf *certificate,
    struct place **last, struct err *err)
{
	const struct place *other = *last;

	if (outdir_put(place->tree, place->cert_name, OUTDIR_PUBLIC, certificate, err) < 0)
		return -1;
	if (issue_may_share(issue, place, other))
		return share(issue, place, other, err);
	*last = place;
	return issue_put_trust(issue, place, place->tree, err) < 0 ||
	               crlset_put(issue, place->tree, err) < 0
	           ? -1
	           : 0;
}

static const struct job **index_jobs(const struct issue *issue)
{
	const struct job **index =
	    mem_array(issue->inventory->n_certificates, sizeof(const struct job *));

	for (size_t i = 0; i < issue->n_jobs; i++)
		index[issue->jobs[i].index] = &issue->jobs[i];
	return index;
}

static int complete_places(struct issue *issue, const struct job **jobs, struct err *err)
{
	struct place *last = NULL; /* whose ca.pem was written */

	for (size_t i = 0; i < issue->n_places; i++) {
		struct place *place = &issue->places[i];
		const struct job *job = jobs[place->certificate];
		BUF_AUTO certificate = BUF_INIT;

		if (!place->tree)
			continue;
		issue_certificate_text(issue,
		    job ? inventory_issuer(issue->inventory)->name
		        : issue->current[place->certificate].ca,
		    job ? &job->der : &issue->current[place->certificate].certificate,
		    &certificate);
		if (put_public(issue, place, &certificate, &last, err) < 0)
			return -1;
	}
	return 0;
}

static int record_deliveries(
    struct issue *issue, const struct job **jobs, size_t *ret_n, struct err *err)
{
	MICA_FREE struct delivery *deliveries = mem_array(issue->n_places, sizeof(*deliveries));
	size_t n = 0;

	for (size_t i = 0; i < issue->n_places; i++) {
		const struct place *place = &issue->places[i];

		if (!place->tree)
			continue;
		deliveries[n] = (struct delivery){
			/* everything borrowed */
			.deployment = issue->inventory->deployments[place->deployment].name,
			.entry = issue->inventory->certificates[place->certificate].name,
			.seq = jobs[place->certificate]
			           ? jobs[place->certificate]->seq
			           : issue->current[place->certificate].seq,
			.generation = issue->generation,
			.key_file = place->key_file,
			.ca_file = issue_trust_digest(
			    issue_ca_file(issue, place), issue_trust_file(issue, place)),
		};
		crlset_note(issue, &deliveries[n++]);
	}
	*ret_n = n;
	return n == 0 ? 0 : ledger_delivered(issue->ledger, deliveries, n, err);
}

/* A new certificate was delivered to every place that the inventory has. What the ledger says
 * of others, of a deployment that has another name now, or no longer uses the entry, does not
 * keep an older one active. */
static int supersede(struct issue *issue, const struct job **jobs, struct err *err)
{
	MICA_FREE int64_t *seqs = mem_array(issue->n_older, sizeof(*seqs));
	size_t n = 0;

	for (size_t i = 0; i < issue->n_older; i++) {
		const struct older *older = &issue->older[i];

		if (jobs[older->certificate])
			seqs[n++] = older->seq;
	}
	return ledger_move(issue->ledger, seqs, n, RECORD_SUPERSEDED, err);
}

/* A stale generation does no harm: what cannot be removed is told and tried again next time. */
void issue_tidy(struct issue *issue)
{
	for (size_t i = 0; i < issue->n_places; i++) {
		const struct place *place = &issue->places[i];
		struct err err = ERR_INIT;

		if (!place->tree || outdir_is_new(place->tree))
			continue;
		if (outdir_tidy(place->dir,
		        issue->inventory->deployments[place->deployment].keep, &err) < 0)
			findings_add(issue->findings, FINDING_WARNING, "tidy", NULL, NULL, "%s",
			    err.text);
	}
	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		const struct inv_deployment *deployment = &issue->inventory->deployments[i];
		MICA_FREE char *dir = issue_requests_dir(issue, i);
		struct err err = ERR_INIT;

		if (outdir_tidy(dir, deployment->keep, &err) < 0)
			findings_add(issue->findings, FINDING_WARNING, "tidy", NULL, NULL, "%s",
			    err.text);
	}
}

static int retire(struct issue *issue, struct err *err)
{
	if (issue->n_gone == 0)
		return 0;
	return ledger_move(
	    issue->ledger, issue->gone_seqs, issue->n_gone, RECORD_SUPERSEDED, err);
}

static void count(const struct issue *issue, struct issue_done *done)
{
	for (size_t i = 0; i < issue->plan->n; i++) {
		enum plan_action action = issue->plan->items[i].action;

		done->issued += action == PLAN_ISSUE;
		done->rotated += action == PLAN_ROTATE;
		done->delivered += action == PLAN_DELIVER;
		done->retired += action == PLAN_RETIRE;
		done->certified += action == PLAN_CERTIFY;
	}
}

int issue_deliver(struct issue *issue, struct issue_done *ret, struct err *err)
{
	MICA_FREE const struct job **jobs = index_jobs(issue);
	struct issue_done done = { 0 };

	if (crlset_write(issue, err) < 0 || complete_places(issue, jobs, err) < 0 ||
	    outdir_sync(issue->batch, err) < 0 || owed_note_plan(issue, err) < 0 ||
	    outdir_swap(issue->batch, err) < 0 || issue_complete_outlets(issue, err) < 0 ||
	    issue_write_outlets(issue, &done.outlets, err) < 0 ||
	    record_deliveries(issue, jobs, &done.trees, err) < 0)
		return -1;
	issue->undelivered = false;
	if (supersede(issue, jobs, err) < 0)
		return -1;
	if (crlset_published(issue, &done.crls, err) < 0)
		return -1;
	count(issue, &done);
	if (done.retired > 0 && retire(issue, err) < 0)
		return -1;
	if (done.trees > 0)
		issue_tidy(issue);
	*ret = done;
	return 0;
}
