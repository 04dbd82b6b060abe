// SPDX-License-Identifier: Apache-2.0
#include "reason.h"

#include <stdlib.h>
#include <string.h>

#include <mica/clock.h>
#include <mica/mem.h>

static void note_tree(struct reason_trees *trees, const struct tree_fact *fact)
{
	if (fact->state == TREE_KEY_LOST) {
		if (!trees->lost)
			trees->lost = fact;
	} else if (fact->state != TREE_GOOD &&
	           (!trees->outdated || trees->outdated->state == TREE_CRL_CHANGED)) {
		trees->outdated = fact; /* a CRL is the least that can be told of a place */
	}
}

struct reason_trees *reason_trees(
    const struct inventory *inventory, const struct plan_facts *facts, const char *only)
{
	struct reason_trees *trees = mem_array(inventory->n_certificates, sizeof(*trees));

	for (size_t i = 0; i < facts->n_trees; i++) {
		const struct tree_fact *fact = &facts->trees[i];
		const char *deployment = inventory->deployments[fact->deployment].name;

		trees[fact->certificate].key_somewhere |= fact->key_good;
		if (!only || strcmp(only, deployment) == 0)
			note_tree(&trees[fact->certificate], fact);
	}
	return trees;
}

/* "out/prod/tls", "out/prod/clients/ingest" */
static char *tree_path(const struct reason_input *in, const struct tree_fact *fact)
{
	const char *out = in->inventory->deployments[fact->deployment].out;

	if (in->certificate->profile == PROFILE_SERVER)
		return mem_printf("%s/tls", out);
	return mem_printf("%s/clients/%s", out, in->certificate->name);
}

static char *with_detail(
    const struct reason_input *in, const struct tree_fact *fact, const char *what)
{
	MICA_FREE char *path = tree_path(in, fact);

	if (fact->detail[0] == '\0')
		return mem_printf("%s in %s", what, path);
	return mem_printf("%s in %s: %s", what, path, fact->detail);
}

/* Why the certificate itself will not do, whatever lies on the disk; NULL: it will. */
static char *certificate_reason(const struct reason_input *in)
{
	const struct entry_fact *fact = in->fact;
	const struct digest wanted = inventory_definition(in->certificate);

	if (fact->revoked)
		return mem_strdup("it was revoked");
	if (fact->other_ca)
		return mem_printf("issued by '%s', and '%s' issues now", fact->other_ca,
		    inventory_issuer(in->inventory)->name);
	if (memcmp(&wanted, &fact->definition, sizeof(wanted)) != 0)
		return mem_strdup("its names, profile or algorithm changed in the inventory");
	if (in->certificate->csr && fact->request_changed)
		return mem_strdup("the request holds another key");
	return NULL;
}

/* Renewing near the CA's end makes sense only when it gains time. */
static bool would_last_longer(const struct reason_input *in, const struct plan_item *item)
{
	const bool ca_over =
	    in->options->ca_not_after != 0 && in->options->ca_not_after <= in->options->now;

	return ca_over || !item->cut || item->not_after > in->fact->not_after;
}

static char *expiry_reason(const struct reason_input *in, const struct plan_item *item)
{
	const int64_t now = in->options->now;
	const int64_t left = in->fact->not_after - now;
	char span[CLOCK_TEXT], before[CLOCK_TEXT];

	if (item->due - in->options->ahead > now || !would_last_longer(in, item))
		return NULL;
	clock_span(in->fact->not_after - item->due, before);
	if (left <= 0)
		return mem_printf("expired %s", clock_span(left, span));
	if (item->due > now)
		return mem_printf("expires in %s, due for renewal on %s",
		    clock_span(left, span), clock_date(item->due, before));
	return mem_printf("expires in %s, renewed %s before", clock_span(left, span), before);
}

/* Issued while this machine's clock was ahead. A CA that was made then as well makes none that
 * are valid sooner. */
static char *early_reason(const struct reason_input *in)
{
	char date[CLOCK_TEXT];

	if (in->fact->not_before <= in->options->now ||
	    in->options->ca_not_before > in->options->now)
		return NULL;
	return mem_printf("not valid before %s", clock_date(in->fact->not_before, date));
}

static char *key_reason(const struct reason_input *in)
{
	const struct reason_trees *trees = in->trees;

	if (in->certificate->csr)
		return NULL;
	if (trees->lost)
		return with_detail(in, trees->lost, "the key is lost");
	if (trees->outdated && trees->outdated->state != TREE_CA_CHANGED &&
	    trees->outdated->state != TREE_CRL_CHANGED && !trees->key_somewhere)
		return with_detail(
		    in, trees->outdated, "its key is nowhere to be found; it is missing");
	return NULL;
}

/* The file that is missing or edited says so itself. */
static char *crl_reason(const struct reason_input *in, const struct tree_fact *fact)
{
	MICA_FREE char *path = tree_path(in, fact);

	return mem_printf(
	    "%s in %s", fact->detail[0] ? fact->detail : "crl.pem must change", path);
}

static char *deliver_reason(const struct reason_input *in)
{
	const struct tree_fact *fact =
	    in->trees->outdated ? in->trees->outdated : in->trees->lost;

	if (!fact)
		return NULL;
	if (fact->state == TREE_NEVER) {
		MICA_FREE char *path = tree_path(in, fact);

		return mem_printf("was never delivered to %s", path);
	}
	if (fact->state == TREE_CA_CHANGED)
		return with_detail(in, fact, "ca.pem must change");
	if (fact->state == TREE_CRL_CHANGED)
		return crl_reason(in, fact);
	return with_detail(in, fact, "files are out of date");
}

static char *keep_reason(const struct reason_input *in, const struct plan_item *item)
{
	char end[CLOCK_TEXT], due[CLOCK_TEXT];

	clock_date(in->fact->not_after, end);
	if (item->due <= in->options->now)
		return mem_printf("valid until %s, when its CA ends", end);
	return mem_printf(
	    "valid until %s, renewed from %s on", end, clock_date(item->due, due));
}

/* Why a new one is due; NULL: it is not. */
static char *rotate_reason(const struct reason_input *in, const struct plan_item *item)
{
	char *why = certificate_reason(in);

	if (!why)
		why = key_reason(in);
	if (!why)
		why = expiry_reason(in, item);
	if (!why)
		why = early_reason(in);
	if (!why && in->forced)
		why = mem_strdup("asked for");
	return why;
}

/* It is worth keeping only while it works, and will until somebody looks again. */
static bool is_held(const struct reason_input *in)
{
	const struct entry_fact *fact = in->fact;
	MICA_FREE char *lost = key_reason(in);

	return fact->other_ca && fact->held && !fact->revoked && !lost &&
	       fact->not_before <= in->options->now &&
	       fact->not_after - in->options->now > CLOCK_DAY;
}

static char *held_reason(
    const struct reason_input *in, struct plan_item *item, const char *rotate)
{
	MICA_FREE char *deliver = deliver_reason(in);

	item->held = true;
	item->action = deliver ? PLAN_DELIVER : PLAN_HOLD;
	if (deliver)
		return mem_printf("%s; then '%s' issues it anew", deliver,
		    inventory_issuer(in->inventory)->name);
	return mem_printf("%s; held: %s", rotate, in->fact->held);
}

char *reason_why(const struct reason_input *in, struct plan_item *item)
{
	char *why;

	item->action = PLAN_ISSUE;
	if (!in->fact->exists && in->fact->revoked)
		return mem_strdup("the last one was revoked");
	if (!in->fact->exists)
		return mem_strdup("there is none yet");
	item->action = PLAN_ROTATE;
	why = rotate_reason(in, item);
	if (why && is_held(in)) {
		char *held = held_reason(in, item, why);

		free(why);
		return held;
	}
	if (why)
		return why;
	item->action = PLAN_DELIVER;
	why = deliver_reason(in);
	if (why)
		return why;
	item->action = PLAN_KEEP;
	return keep_reason(in, item);
}

char *reason_crl(const struct crl_fact *fact, const struct plan_options *options,
    const struct plan_crl *crl, bool *ret_is_due)
{
	const int64_t left = fact->next_update - options->now;
	char span[CLOCK_TEXT], end[CLOCK_TEXT], due[CLOCK_TEXT];

	*ret_is_due = true;
	if (!fact->exists)
		return mem_strdup("there is none yet");
	if (fact->list_changed)
		return mem_strdup("it does not say all that was revoked");
	if (crl->due - options->ahead <= options->now && crl->next_update > fact->next_update)
		return mem_printf(
		    "%s %s", left <= 0 ? "ran out" : "runs out in", clock_span(left, span));
	*ret_is_due = false;
	if (crl->due <= options->now)
		return mem_printf(
		    "valid until %s, when its CA ends", clock_date(fact->next_update, end));
	return mem_printf("valid until %s, signed again from %s on",
	    clock_date(fact->next_update, end), clock_date(crl->due, due));
}
