// SPDX-License-Identifier: Apache-2.0
/* Step 3 of the gate: keys, requests and approvals are made, the keys staged and made durable.
 */
#include "issue_private.h"

#include <stdlib.h>
#include <string.h>

#include <mica/csr.h>
#include <mica/key.h>
#include <mica/parallel.h>

#include "cross.h"
#include "crl.h"

/* Certificates are prepared in runs, so that progress can be told between them: an RSA key
 * takes some thousand times as long as an elliptic one. */
enum { RUN = 64, RUN_RSA = 4 };

struct preparation {
	struct issue *issue;
	struct lint *lint;
	struct key_maker *maker;
	size_t first;
};

static int make_key(const struct key_maker *maker, struct job *job, struct err *err)
{
	MICA_AUTO(key_freep) struct key *key = NULL;

	if (key_make(maker, job->certificate->algorithm, &key, err) < 0 ||
	    csr_make(key, job->certificate->common_name, job->certificate->names,
	        job->certificate->n_names, &job->csr_pem, err) < 0 ||
	    key_write_pem(key, &job->key_pem, err) < 0)
		return -1;
	buf_add(&job->spki, key_spki(key)->data, key_spki(key)->len);
	return 0;
}

static int prepare_job(void *context, size_t i, struct err *err)
{
	struct preparation *preparation = context;
	struct issue *issue = preparation->issue;
	struct job *job = &issue->jobs[preparation->first + i];
	const struct buf *request = &issue->requests[job->index];

	if (issue_takes_request(job->certificate))
		buf_add(&job->spki, request->data, request->len);
	else if (make_key(preparation->maker, job, err) < 0)
		return err_prefix(err, "'%s'", job->certificate->name);
	return lint_approve(preparation->lint, &job->spec, issue->ambient.now, &job->findings,
	    &job->approval, err);
}

static size_t run_length(const struct issue *issue, size_t first)
{
	size_t n = 0;

	for (size_t rsa = 0; first + n < issue->n_jobs && n < RUN && rsa < RUN_RSA; n++)
		rsa += algorithm_info(issue->jobs[first + n].certificate->algorithm)->rsa;
	return n;
}

static int prepare_jobs(
    struct issue *issue, const struct approvals_progress *progress, struct err *err)
{
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(key_maker_freep) struct key_maker *maker = NULL;
	struct preparation preparation = { .issue = issue };

	if (issue->n_jobs == 0)
		return 0;
	if (lint_new(issue->ca, &lint, err) < 0 || key_maker_new(&maker, err) < 0)
		return -1;
	preparation.lint = lint;
	preparation.maker = maker;
	for (size_t first = 0, n = 0; first < issue->n_jobs; first += n) {
		n = run_length(issue, first);

		preparation.first = first;
		if (parallel_each(n, prepare_job, &preparation, err) < 0)
			return -1;
		if (progress && progress->call)
			progress->call(progress->context, first + n, issue->n_jobs);
	}
	return 0;
}

int issue_begin_batch(struct issue *issue, struct err *err)
{
	char now[CLOCK_TEXT];
	uint8_t salt[3];
	char *name;

	if (issue->ambient.random(issue->ambient.context, salt, sizeof(salt)) < 0)
		return err_openssl(err, "no random bytes");
	clock_text(issue->ambient.now, now);
	name = mem_printf("..%.4s%.2s%.2sT%.2s%.2s%.2s.%02x%02x%02x", now, now + 5, now + 8,
	    now + 11, now + 14, now + 17, salt[0], salt[1], salt[2]);
	free(issue->generation);
	issue->generation = name;
	outdir_batch_free(issue->batch);
	issue->batch = outdir_batch_new(name);
	return 0;
}

struct outdir_rights issue_rights(const struct issue *issue, const struct place *place)
{
	const struct inv_deployment *to = &issue->inventory->deployments[place->deployment];

	return (struct outdir_rights){
		.uid = to->owner_set ? to->uid : (uid_t)-1,
		.gid = to->owner_set ? to->gid : (gid_t)-1,
		.key_mode = to->key_mode,
	};
}

/* What is in the way of files that are put after the signature is told before it. */
int issue_stage_place(struct issue *issue, struct place *place, struct err *err)
{
	const struct outdir_rights rights = issue_rights(issue, place);
	const char *const names[] = { place->cert_name, "ca.pem", "crl.pem",
		issue_trust_file(issue, place) ? "trust.pem" : "ca.pem" };

	if (outdir_tree(issue->batch, place->dir, &rights, &place->tree, err) < 0)
		return -1;
	for (size_t i = 0; i < mem_count(names); i++) {
		if (outdir_may_put(place->tree, names[i], err) < 0)
			return -1;
	}
	return 0;
}

/* The same key in each place of its certificate. */
static int stage_job(struct issue *issue, struct job *job, struct err *err)
{
	struct digest digest = digest_of(job->key_pem.data, job->key_pem.len);

	for (size_t i = issue->first_place[job->index]; i != NO_PLACE;
	     i = issue->places[i].next) {
		struct place *place = &issue->places[i];

		if (issue_stage_place(issue, place, err) < 0)
			return -1;
		if (issue_takes_request(job->certificate))
			continue;
		place->key_file = digest;
		if (outdir_put(place->tree, place->key_name, OUTDIR_KEY, &job->key_pem, err) <
		    0)
			return -1;
	}
	buf_clear(&job->key_pem);
	return 0;
}

/* The active certificate's key, from any place where it still lies byte for byte. */
static int find_key(struct issue *issue, size_t certificate, struct buf *ret, struct err *err)
{
	for (size_t i = issue->first_place[certificate]; i != NO_PLACE;
	     i = issue->places[i].next) {
		const struct place *place = &issue->places[i];

		if (place->fact.key_good)
			return outdir_read(place->dir, place->key_name, ret, err);
	}
	return err_set(err, ERR_NOT_FOUND, "the key of '%s' lies nowhere any more",
	    issue->inventory->certificates[certificate].name);
}

static int stage_again(struct issue *issue, struct place *place, struct err *err)
{
	BUF_AUTO key = BUF_INIT;

	if (issue_stage_place(issue, place, err) < 0)
		return -1;
	if (issue_takes_request(&issue->inventory->certificates[place->certificate]))
		return 0;
	if (place->fact.key_good) {
		place->key_file = place->delivery.key_file;
		return outdir_carry(place->tree, place->key_name, OUTDIR_KEY, err);
	}
	if (find_key(issue, place->certificate, &key, err) < 0)
		return -1;
	place->key_file = digest_of(key.data, key.len);
	return outdir_put(place->tree, place->key_name, OUTDIR_KEY, &key, err);
}

static int stage_deliveries(struct issue *issue, struct err *err)
{
	for (size_t i = 0; i < issue->n_places; i++) {
		struct place *place = &issue->places[i];
		const struct plan_item *item = issue->item_of[place->certificate];

		if (!item || item->action != PLAN_DELIVER || place->fact.state == TREE_GOOD)
			continue;
		if (stage_again(issue, place, err) < 0)
			return -1;
	}
	return 0;
}

static int stage_requests(struct issue *issue, struct err *err)
{
	MICA_FREE const struct buf **fresh =
	    mem_array(issue->inventory->n_certificates, sizeof(const struct buf *));

	for (size_t i = 0; i < issue->n_jobs; i++)
		fresh[issue->jobs[i].index] = &issue->jobs[i].csr_pem;
	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		if (issue_stage_requests(issue, i, fresh, err) < 0)
			return -1;
	}
	return 0;
}

int issue_prepare(
    struct issue *issue, const struct approvals_progress *progress, struct err *err)
{
	int status;

	if (issue_make_jobs(issue, err) < 0 || crl_rehearse(issue, err) < 0 ||
	    cross_approve(issue, err) < 0)
		return -1;
	status = prepare_jobs(issue, progress, err);
	issue_tell_lint(issue);
	if (status < 0 || issue_begin_batch(issue, err) < 0)
		return -1;
	for (size_t i = 0; i < issue->n_jobs; i++) {
		if (stage_job(issue, &issue->jobs[i], err) < 0)
			return -1;
	}
	if (stage_deliveries(issue, err) < 0 || stage_requests(issue, err) < 0)
		return -1;
	return outdir_sync(issue->batch, err);
}
