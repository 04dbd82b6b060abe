// SPDX-License-Identifier: Apache-2.0
#include "issue_private.h"

#include <stdlib.h>
#include <string.h>

#include "cross.h"
#include "crl.h"
#include "generations.h"

static int need_ca(const struct issue *issue, struct err *err)
{
	const struct inv_ca *ca = inventory_issuer(issue->inventory);
	const bool alone = issue->inventory->n_cas == 1;
	const char *name = alone ? "" : ca->name, *blank = alone ? "" : " ";

	if (issue->ca)
		return 0;
	err_set(err, ERR_FAILED, "the CA '%s' has no certificate yet", ca->name);
	if (ca->n_parents > 0 && !ca->certificate)
		return err_hint(err,
		    "make its key and a request for it: mica init%s%s --csr FILE", blank, name);
	return err_hint(err, "make its key and certificate: mica init%s%s", blank, name);
}

static struct tree_fact *tree_facts(const struct issue *issue)
{
	struct tree_fact *facts = mem_array(issue->n_places, sizeof(*facts));

	for (size_t i = 0; i < issue->n_places; i++)
		facts[i] = issue->places[i].fact;
	return facts;
}

/* A CA's certificate lies in no place. What tells there that the ledger knows it is the CRL
 * that is signed with it, so that goes to all of them. */
static void hand_out_crl(struct issue *issue)
{
	for (size_t i = 0; i < issue->n_places; i++) {
		struct tree_fact *fact = &issue->places[i].fact;

		if (fact->state != TREE_GOOD)
			continue;
		fact->state = TREE_CRL_CHANGED;
		fact->detail[0] = '\0';
	}
}

/* A leaf does not begin before its CA does: a young CA cuts the backdate. */
static void cut_to_ca_start(struct issue *issue)
{
	for (size_t i = 0; i < issue->plan->n; i++) {
		struct plan_item *item = &issue->plan->items[i];
		bool fresh = item->action == PLAN_ISSUE || item->action == PLAN_ROTATE;

		if (fresh && item->not_before < ca_not_before(issue->ca))
			item->not_before = ca_not_before(issue->ca);
	}
}

static void index_items(struct issue *issue)
{
	free(issue->item_of);
	issue->item_of = mem_array(issue->inventory->n_certificates, sizeof(*issue->item_of));
	for (size_t i = 0; i < issue->plan->n; i++) {
		struct plan_item *item = &issue->plan->items[i];

		if (item->certificate != (size_t)-1)
			issue->item_of[item->certificate] = item;
	}
}

static int64_t new_due(const struct issue *issue, const struct plan_item *item)
{
	return plan_due(&issue->inventory->certificates[item->certificate], item->not_before,
	    item->not_after);
}

static void tell_cuts(struct issue *issue, const struct plan_options *options)
{
	for (size_t i = 0; i < issue->plan->n; i++) {
		const struct plan_item *item = &issue->plan->items[i];
		char end[CLOCK_TEXT];

		if (!item->cut || (item->action != PLAN_ISSUE && item->action != PLAN_ROTATE))
			continue;
		clock_date(item->not_after, end);
		if (options->ca_ends_with)
			findings_add(issue->findings, FINDING_WARNING, "cut-to-ca", NULL,
			    "the certificates above the CA are due to be renewed",
			    "'%s' ends with '%s', above its CA, on %s, before its own days are "
			    "over",
			    item->entry, options->ca_ends_with, end);
		else
			findings_add(issue->findings, FINDING_WARNING, "cut-to-ca", NULL,
			    "a new CA is due before this one ends",
			    "'%s' ends with its CA, on %s, before its own days are over",
			    item->entry, end);
	}
}

/* A timer that looks so far ahead would issue, and restart Milvus, every time. */
static void tell_ahead(struct issue *issue, const struct plan_options *options)
{
	const struct plan_item *first = NULL;
	char span[CLOCK_TEXT], ahead[CLOCK_TEXT];

	for (size_t i = 0; i < issue->plan->n && !first; i++) {
		const struct plan_item *item = &issue->plan->items[i];
		bool fresh = item->action == PLAN_ISSUE || item->action == PLAN_ROTATE;

		if (fresh && item->certificate != (size_t)-1 && !item->cut &&
		    options->ahead > 0 && new_due(issue, item) - options->ahead <= options->now)
			first = item;
	}
	if (!first)
		return;
	findings_add(issue->findings, FINDING_WARNING, "ahead-too-long", NULL,
	    "a shorter --ahead, or longer 'days' for this certificate",
	    "'%s' is due again %s after it is issued: every run that looks %s ahead issues it "
	    "anew",
	    first->entry, clock_span(new_due(issue, first) - options->now, span),
	    clock_span(options->ahead, ahead));
}

/* What is due and kept all the same: a new one would end with the CA, as the old one does. */
static void tell_end(struct issue *issue, const struct plan_options *options)
{
	char end[CLOCK_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < issue->plan->n; i++) {
		const struct plan_item *item = &issue->plan->items[i];

		n += item->action == PLAN_KEEP && item->due <= options->now;
	}
	if (n == 0)
		return;
	findings_add(issue->findings, FINDING_WARNING, "ca-ends", NULL, "a new CA is due now",
	    "%s ends on %s: %zu %s due, and cannot be renewed beyond it",
	    options->ca_ends_with ? options->ca_ends_with : "the CA",
	    clock_date(options->ca_not_after, end), n,
	    n == 1 ? "certificate is" : "certificates are");
}

static int gather(struct issue *issue, const struct issue_plan_options *options,
    struct cross_fact *ret, size_t *ret_n, struct err *err)
{
	if (need_ca(issue, err) < 0 || issue_gather_facts(issue, err) < 0 ||
	    generations_check_retired(issue, err) < 0 || cross_plan(issue, ret, ret_n, err) < 0)
		return -1;
	if (*ret_n > 0 && !options->only)
		hand_out_crl(issue);
	return 0;
}

int issue_plan(struct issue *issue, const struct issue_plan_options *options,
    const struct plan **ret, struct err *err)
{
	MICA_FREE struct tree_fact *trees = NULL;
	struct plan_facts facts = { 0 };
	struct crl_fact crl;
	struct cross_fact cross;
	size_t n_crosses = 0;
	struct plan_options wanted = {
		.now = options->at ? options->at : issue->ambient.now,
		.ahead = options->ahead,
		.only = options->only,
		.force = options->force,
		.n_force = options->n_force,
		.force_mode = options->force_all ? PLAN_FORCE_ALL : PLAN_FORCE_NAMED,
	};

	issue->at = wanted.now;
	issue->horizon = wanted.now + wanted.ahead;
	if (gather(issue, options, &cross, &n_crosses, err) < 0)
		return -1;
	generations_warn(issue, wanted.now);
	crlset_warn(issue, wanted.now);
	trees = tree_facts(issue);
	crl = crlset_fact(issue);
	facts = (struct plan_facts){
		.entries = issue->entries,
		.trees = trees,
		.n_trees = issue->n_places,
		.gone = issue->gone,
		.n_gone = issue->n_gone,
		.crosses = &cross,
		.n_crosses = n_crosses,
		.crl = &crl,
	};
	wanted.ca_not_before = ca_not_before(issue->ca);
	wanted.ca_not_after = ca_ends(issue->ca, &wanted.ca_ends_with);
	plan_free(issue->plan);
	issue->plan = NULL;
	if (plan_make(issue->inventory, &facts, &wanted, &issue->plan, err) < 0)
		return -1;
	if (options->only)
		cross_clear(&issue->cross); /* which is for all of them */
	free(issue->only);
	issue->only = mem_strdup(options->only);
	cut_to_ca_start(issue);
	index_items(issue);
	tell_cuts(issue, &wanted);
	tell_end(issue, &wanted);
	tell_ahead(issue, &wanted);
	generations_warn_at_once(issue);
	if (issue_render_outlets(issue, options->only, err) < 0)
		return -1;
	*ret = issue->plan;
	return 0;
}
