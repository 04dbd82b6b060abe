// SPDX-License-Identifier: Apache-2.0
#include <mica/plan.h>

#include <stdlib.h>
#include <string.h>

#include <mica/clock.h>
#include <mica/mem.h>
#include <mica/nearest.h>

#include "lookup.h"
#include "reason.h"

const char *plan_action_name(enum plan_action action)
{
	static const char *const names[] = { "keep", "issue", "rotate", "deliver", "retire",
		"hold", "certify" };

	return names[action];
}

/* --- which entries, and which of them in any case --------------------------------------- */

static int no_such(
    const char *what, const char *name, const struct nearest *nearest, struct err *err)
{
	MICA_FREE char *hint = nearest_hint(nearest);

	err_set(err, ERR_NOT_FOUND, "the inventory has no %s '%s'", what, name);
	return hint ? err_hint(err, "%s", hint) : -1;
}

static int select_deployment(
    const struct inventory *inventory, const char *only, bool *selected, struct err *err)
{
	struct nearest nearest = NEAREST_INIT(only ? only : "");
	const struct inv_deployment *deployment;
	size_t index;

	if (!only) {
		for (size_t i = 0; i < inventory->n_certificates; i++)
			selected[i] = true;
		return 0;
	}
	if (lookup_deployment(inventory, only, &index) < 0) {
		for (size_t i = 0; i < inventory->n_deployments; i++)
			nearest_offer(&nearest, inventory->deployments[i].name);
		return no_such("deployment", only, &nearest, err);
	}
	deployment = &inventory->deployments[index];
	selected[deployment->server] = true;
	for (size_t i = 0; i < deployment->n_clients; i++)
		selected[deployment->clients[i]] = true;
	return 0;
}

static int select_forced(const struct inventory *inventory, const struct plan_options *options,
    const bool *selected, bool *forced, struct err *err)
{
	for (size_t i = 0; i < inventory->n_certificates; i++)
		forced[i] = options->force_mode == PLAN_FORCE_ALL;
	for (size_t i = 0; i < options->n_force; i++) {
		const char *name = options->force[i];
		struct nearest nearest = NEAREST_INIT(name);
		size_t index;

		if (lookup_certificate(inventory, name, &index) < 0) {
			for (size_t k = 0; k < inventory->n_certificates; k++)
				nearest_offer(&nearest, inventory->certificates[k].name);
			return no_such("certificate", name, &nearest, err);
		}
		if (!selected[index])
			return err_set(err, ERR_USAGE,
			    "the deployment '%s' does not use the certificate '%s'",
			    options->only, name);
		forced[index] = true;
	}
	return 0;
}

/* --- one item --------------------------------------------------------------------------- */

int64_t plan_due(
    const struct inv_certificate *certificate, int64_t not_before, int64_t not_after)
{
	const struct renew_before *renew = &certificate->renew_before;
	const int64_t life = not_after - not_before;

	if (renew->den == 0)
		return not_after - renew->seconds;
	return not_after - life / renew->den * renew->num -
	       life % renew->den * renew->num / renew->den;
}

/* What a certificate that is made now would last. */
static void set_life(const struct inv_certificate *certificate,
    const struct plan_options *options, struct plan_item *item)
{
	item->not_before = options->now - certificate->backdate;
	item->not_after = options->now + certificate->days * CLOCK_DAY;
	item->cut = options->ca_not_after != 0 && item->not_after > options->ca_not_after;
	if (item->cut)
		item->not_after = options->ca_not_after;
}

static void make_item(const struct reason_input *in, struct plan_item *item)
{
	const struct entry_fact *fact = in->fact;

	item->entry = mem_strdup(in->certificate->name);
	set_life(in->certificate, in->options, item);
	if (fact->exists)
		item->due = plan_due(in->certificate, fact->not_before, fact->not_after);
	item->why = reason_why(in, item);
	if (item->action == PLAN_ISSUE || item->action == PLAN_ROTATE)
		return;
	item->cut = false;
	item->not_before = fact->not_before;
	item->not_after = fact->not_after;
}

static void count(struct plan *plan, const struct plan_item *item)
{
	plan->changes += item->action != PLAN_KEEP && item->action != PLAN_HOLD;
	plan->signatures += item->action == PLAN_ISSUE || item->action == PLAN_ROTATE ||
	                    item->action == PLAN_CERTIFY;
	plan->held += item->held;
}

static void add_crosses(
    const struct inventory *inventory, const struct plan_facts *facts, struct plan *plan)
{
	for (size_t i = 0; i < facts->n_crosses; i++) {
		const struct cross_fact *cross = &facts->crosses[i];
		struct plan_item *item = &plan->items[plan->n++];

		item->action = PLAN_CERTIFY;
		item->entry = mem_strdup(cross->ca);
		item->certificate = (size_t)-1;
		item->not_before = cross->not_before;
		item->not_after = cross->not_after;
		item->why =
		    mem_printf("'%s' certifies its key, for clients that trust '%s' alone",
		        inventory_issuer(inventory)->name, inventory_issuer(inventory)->name);
		count(plan, item);
	}
}

static void add_gone(const struct plan_facts *facts, struct plan *plan)
{
	for (size_t i = 0; i < facts->n_gone; i++) {
		struct plan_item *item = &plan->items[plan->n++];

		item->action = PLAN_RETIRE;
		item->entry = mem_strdup(facts->gone[i]);
		item->certificate = (size_t)-1;
		item->why = mem_strdup(
		    "is no longer in the inventory; its files are left where they are");
		count(plan, item);
	}
}

/* --- the CRL ---------------------------------------------------------------------------- */

int64_t plan_crl_due(int64_t this_update, int64_t next_update)
{
	return next_update - (next_update - this_update) / 3;
}

/* A CA that is over signs nothing, and needs no CRL: nothing of it is valid. */
static bool ca_is_over(const struct plan_options *options)
{
	return options->ca_not_after != 0 && options->ca_not_after <= options->now;
}

/* A CRL does not outlive its CA either. */
static int64_t crl_end(const struct inventory *inventory, const struct plan_options *options)
{
	const int64_t end = options->now + inventory_issuer(inventory)->crl_days * CLOCK_DAY;

	return options->ca_not_after != 0 && end > options->ca_not_after ? options->ca_not_after
	                                                                 : end;
}

/* Certificates have been counted. */
static void make_crl(const struct inventory *inventory, const struct crl_fact *fact,
    const struct plan_options *options, struct plan *plan)
{
	struct plan_crl *crl = &plan->crl;

	if (!fact)
		return;
	crl->next_update = crl_end(inventory, options);
	if (fact->exists)
		crl->due = plan_crl_due(fact->this_update, fact->next_update);
	crl->why = reason_crl(fact, options, crl, &crl->is_due);
	crl->is_due &= !ca_is_over(options);
	crl->signs = crl->is_due || plan->signatures > 0;
	if (!crl->signs)
		crl->next_update = fact->next_update;
	plan->changes += crl->is_due;
	plan->signatures += crl->signs;
}

/* --- all of it -------------------------------------------------------------------------- */

static int check_ca(
    const struct plan *plan, const struct plan_options *options, struct err *err)
{
	char date[CLOCK_TEXT];

	if (plan->signatures == 0 || options->ca_not_after == 0 ||
	    options->ca_not_after > options->now)
		return 0;
	clock_date(options->ca_not_after, date);
	if (options->ca_ends_with) {
		err_set(err, ERR_FAILED,
		    "the certificate of '%s', above the CA, expired on %s, so nothing can be "
		    "issued",
		    options->ca_ends_with, date);
		return err_hint(err,
		    "let it be renewed with the same key, and put the new one in "
		    "the place of the file that 'parent' names");
	}
	err_set(err, ERR_FAILED, "the CA certificate expired on %s, so nothing can be issued",
	    date);
	return err_hint(err, "make a new CA and let it issue");
}

static void make_items(const struct inventory *inventory, const struct plan_facts *facts,
    const struct plan_options *options, const bool *selected, const bool *forced,
    struct plan *plan)
{
	MICA_FREE struct reason_trees *trees = reason_trees(inventory, facts, options->only);

	plan->items = mem_array(
	    inventory->n_certificates + facts->n_crosses + facts->n_gone, sizeof(*plan->items));
	for (size_t i = 0; i < inventory->n_certificates; i++) {
		const struct reason_input in = {
			.inventory = inventory,
			.certificate = &inventory->certificates[i],
			.fact = &facts->entries[i],
			.trees = &trees[i],
			.options = options,
			.forced = forced[i],
		};
		struct plan_item *item = &plan->items[plan->n];

		if (!selected[i])
			continue;
		plan->n++;
		item->certificate = i;
		make_item(&in, item);
		count(plan, item);
	}
	if (options->only)
		return;
	add_crosses(inventory, facts, plan);
	add_gone(facts, plan);
}

int plan_make(const struct inventory *inventory, const struct plan_facts *facts,
    const struct plan_options *options, struct plan **ret, struct err *err)
{
	MICA_AUTO(plan_freep) struct plan *plan = mem_zalloc(sizeof(*plan));
	MICA_FREE bool *selected = mem_array(inventory->n_certificates, sizeof(*selected));
	MICA_FREE bool *forced = mem_array(inventory->n_certificates, sizeof(*forced));

	if (select_deployment(inventory, options->only, selected, err) < 0 ||
	    select_forced(inventory, options, selected, forced, err) < 0)
		return -1;
	make_items(inventory, facts, options, selected, forced, plan);
	make_crl(inventory, facts->crl, options, plan);
	if (check_ca(plan, options, err) < 0)
		return -1;
	*ret = mem_give(plan);
	return 0;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->items[i].entry);
		free(plan->items[i].why);
	}
	free(plan->items);
	free(plan->crl.why);
	free(plan);
}
