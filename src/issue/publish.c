// SPDX-License-Identifier: Apache-2.0
/* A CRL is published when it lies outside of the ledger: in state-dir/NAME.crl, durably, and in
 * the places of delivery that this run writes. */
#include "crl.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mica/file.h>

#include "anchor.h"

char *crl_path(const struct issue *issue, size_t ca)
{
	return mem_printf(
	    "%s/%s.crl", issue->inventory->state_dir, issue->inventory->cas[ca].name);
}

static int write_file(struct issue *issue, size_t ca, struct err *err)
{
	MICA_FREE char *path = crl_path(issue, ca);
	BUF_AUTO pem = BUF_INIT;

	crl_pem(&issue->crls->of[ca].newest.certificate, &pem);
	if (file_replace(AT_FDCWD, path, pem.data, pem.len, 0644, err) < 0)
		return -1;
	issue->crls->of[ca].file_good = true;
	return 0;
}

int crlset_write(struct issue *issue, struct err *err)
{
	for (size_t i = 0; issue->crls && i < issue->inventory->n_cas; i++) {
		if (issue->crls->of[i].signed_now && write_file(issue, i, err) < 0)
			return -1;
	}
	return 0;
}

int crlset_published(struct issue *issue, size_t *ret_n, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; issue->crls && i < issue->inventory->n_cas; i++) {
		struct ca_crl *of = &issue->crls->of[i];

		if (!of->signed_now)
			continue;
		if (ledger_published(issue->ledger, of->newest.seq, err) < 0)
			return -1;
		of->newest.state = RECORD_DELIVERED;
		of->signed_now = false;
		n++;
	}
	*ret_n = n;
	return 0;
}

static int reconcile(struct issue *issue, size_t ca, struct err *err)
{
	const char *name = issue->inventory->cas[ca].name;
	struct ca_crl *of = &issue->crls->of[ca];
	const bool published = of->newest.state == RECORD_DELIVERED;

	if (of->newest.seq == 0 || (published && of->file_good))
		return 0;
	if (write_file(issue, ca, err) < 0)
		return -1;
	of->signed_now = !published;
	if (published)
		findings_add(issue->findings, FINDING_NOTE, "crl-file", NULL, NULL,
		    "'%s/%s.crl' was not the newest CRL of CA '%s': written again from the "
		    "ledger",
		    issue->inventory->state_dir, name, name);
	else
		findings_add(issue->findings, FINDING_NOTE, "interrupted", NULL, NULL,
		    "an interrupted run had signed a CRL of CA '%s': published now", name);
	return 0;
}

int crlset_reconcile(struct issue *issue, struct err *err)
{
	size_t n = 0;

	if (crlset_read(issue, err) < 0)
		return -1;
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		if (reconcile(issue, i, err) < 0)
			return -1;
	}
	return crlset_published(issue, &n, err);
}

/* --- of CAs that do not issue ----------------------------------------------------------- */

bool crlset_is_outlived(const struct issue *issue, const struct record *crl, int64_t now)
{
	for (size_t i = 0; i < issue->inventory->n_certificates; i++) {
		const struct record *leaf = &issue->current[i];

		if (leaf->seq != 0 && strcmp(leaf->ca, crl->ca) == 0 && leaf->not_after > now &&
		    leaf->not_after > crl->not_after)
			return true;
	}
	return false;
}

void crlset_warn(const struct issue *issue, int64_t now)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		const struct record *crl = &issue->crls->of[i].newest;
		MICA_FREE char *hint = NULL;
		char end[CLOCK_TEXT];

		if (i == issue->inventory->issuing || !issue->cas[i].ca || crl->seq == 0 ||
		    plan_crl_due(crl->not_before, crl->not_after) > now ||
		    !crlset_is_outlived(issue, crl, now))
			continue;
		hint = mem_printf("mica revoke --crl %s signs it anew", crl->ca);
		findings_add(issue->findings, FINDING_WARNING, "crl-ends", NULL, hint,
		    "the CRL of CA '%s', which does not issue, %s on %s, before certificates "
		    "of it "
		    "that are in use",
		    crl->ca, crl->not_after <= now ? "ran out" : "runs out",
		    clock_date(crl->not_after, end));
	}
}

/* --- where it lies ---------------------------------------------------------------------- */

static bool has_newest(const struct issue *issue, struct place *place)
{
	struct digest found;

	return place->delivered && anchor_crl_file(place, &found) &&
	       memcmp(&found, &issue->crls->bundle.file, sizeof(found)) == 0;
}

void crlset_keep_outside(struct issue *issue)
{
	struct place *good = NULL;

	if (!issue->crls || issue->crls->bundle.pem.len == 0)
		return;
	for (size_t i = 0; i < issue->n_places; i++) {
		struct place *place = &issue->places[i];

		/* what changes because of its CRL gets the newest anyway */
		if (place->fact.state == TREE_CRL_CHANGED || has_newest(issue, place))
			return;
		if (!good && place->fact.state == TREE_GOOD)
			good = place;
	}
	if (!good)
		return;
	good->fact.state = TREE_CRL_CHANGED;
	strcpy(good->fact.detail, "no directory has the newest crl.pem any more: put");
}

/* --- to the places, alone --------------------------------------------------------------- */

/* Everything else is carried over as it lies there, edits included: they are the next apply's.
 */
static int carry(struct issue *issue, struct place *place, struct err *err)
{
	static const char *const trust[] = { "ca.pem", "trust.pem" };

	if (outdir_carry(place->tree, place->cert_name, OUTDIR_PUBLIC, err) < 0)
		return -1;
	if (!issue_takes_request(&issue->inventory->certificates[place->certificate]) &&
	    outdir_carry(place->tree, place->key_name, OUTDIR_KEY, err) < 0)
		return -1;
	for (size_t i = 0; i < mem_count(trust); i++) {
		if (outdir_carry(place->tree, trust[i], OUTDIR_PUBLIC, err) < 0 &&
		    err->kind != ERR_NOT_FOUND)
			return -1;
	}
	return 0;
}

static bool is_whole(const struct issue *issue, const struct place *place)
{
	const bool no_key =
	    issue_takes_request(&issue->inventory->certificates[place->certificate]);
	MICA_FREE char *certificate = file_join(place->dir, place->cert_name);
	MICA_FREE char *key = file_join(place->dir, place->key_name);

	return access(certificate, F_OK) == 0 && (no_key || access(key, F_OK) == 0);
}

/* Whether it was delivered to, and holds another crl.pem. One that lacks a file is mended whole
 * by the next apply. */
static int wants(struct issue *issue, struct place *place, struct delivery *delivery, bool *ret,
    struct err *err)
{
	struct digest found;

	if (ledger_delivery(issue->ledger,
	        issue->inventory->deployments[place->deployment].name,
	        issue->inventory->certificates[place->certificate].name, delivery, ret,
	        err) < 0)
		return -1;
	if (*ret)
		*ret = is_whole(issue, place) &&
		       !(anchor_crl_file(place, &found) &&
		           memcmp(&found, &issue->crls->bundle.file, sizeof(found)) == 0);
	return 0;
}

struct handout {
	struct issue *issue;
	struct delivery *deliveries;
	struct place **places;
	size_t n;
};

static void handout_clear(struct handout *handout)
{
	for (size_t i = 0; i < handout->n; i++) {
		delivery_clear(&handout->deliveries[i]);
		handout->places[i]->tree = NULL; /* the batch's */
	}
	free(handout->deliveries);
	free(handout->places);
}

static int stage(struct handout *handout, struct place *place, struct err *err)
{
	struct issue *issue = handout->issue;
	struct delivery *delivery = &handout->deliveries[handout->n];
	const struct place *last = handout->n > 0 ? handout->places[handout->n - 1] : NULL;
	bool wanted = false;

	if (wants(issue, place, delivery, &wanted, err) < 0)
		return -1;
	if (!wanted) {
		delivery_clear(delivery);
		return 0;
	}
	handout->places[handout->n++] = place;
	free(delivery->generation);
	delivery->generation = mem_strdup(issue->generation);
	crlset_note(issue, delivery);
	if (issue_stage_place(issue, place, err) < 0 || carry(issue, place, err) < 0)
		return -1;
	if (issue_may_share(issue, place, last))
		return outdir_share(place->tree, last->tree, "crl.pem", err);
	return crlset_put(issue, place->tree, err);
}

int issue_deliver_crl(struct issue *issue, size_t *ret, struct err *err)
{
	MICA_AUTO(handout_clear) struct handout handout = { .issue = issue };

	if (crlset_read(issue, err) < 0)
		return -1;
	if (!issue->crls || issue->crls->bundle.pem.len == 0) {
		*ret = 0;
		return 0;
	}
	if (issue_begin_batch(issue, err) < 0)
		return -1;
	handout.deliveries = mem_array(issue->n_places, sizeof(*handout.deliveries));
	handout.places = mem_array(issue->n_places, sizeof(*handout.places));
	for (size_t i = 0; i < issue->n_places; i++) {
		if (stage(&handout, &issue->places[i], err) < 0)
			return -1;
	}
	if (outdir_swap(issue->batch, err) < 0 ||
	    (handout.n > 0 &&
	        ledger_delivered(issue->ledger, handout.deliveries, handout.n, err) < 0))
		return -1;
	issue_tidy(issue);
	*ret = handout.n;
	return 0;
}
