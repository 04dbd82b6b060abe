// SPDX-License-Identifier: Apache-2.0
/*
 * Who is ready for the CA that issues now. A client's certificate is of use where the Milvus
 * has read a ca.pem with that CA in it; a server's, where its clients have one. What Milvus has
 * read is known from the restarts that it is owed.
 */
#include "generations.h"

#include <stdlib.h>
#include <string.h>

#include "owed.h"

/* What is known of one deployment, each told once. */
struct readiness {
	char *milvus; /* why its Milvus does not take the issuing CA's clients; NULL: it does */
	char *clients; /* which of its clients does not take the issuing CA's servers; NULL: all
	                  do */
};

struct holding {
	struct issue *issue;
	const struct inv_ca *ca; /* that issues */
	struct readiness *all;   /* for each deployment */
};

static void holding_clear(struct holding *holding)
{
	for (size_t i = 0; holding->all && i < holding->issue->inventory->n_deployments; i++) {
		free(holding->all[i].milvus);
		free(holding->all[i].clients);
	}
	free(holding->all);
}

/* Its ca.pem as it lies there, not as it should be. */
static bool trusts(const struct holding *holding, const struct place *place)
{
	const struct buf *pem = ca_pem(holding->issue->ca);
	struct err ignored = ERR_INIT; /* what cannot be read trusts nobody */
	BUF_AUTO bundle = BUF_INIT;

	return place->delivered && outdir_read(place->dir, "ca.pem", &bundle, &ignored) == 0 &&
	       memmem(bundle.data, bundle.len, pem->data, pem->len) != NULL;
}

static bool is_server(const struct issue *issue, const struct place *place)
{
	return issue->inventory->certificates[place->certificate].profile == PROFILE_SERVER;
}

/* Whether it has read what lies there. Where nothing can be seen of it, that cannot be so in
 * the very run that put it there. */
static int judge_milvus(struct holding *holding, size_t i, struct err *err)
{
	const struct inv_deployment *deployment = &holding->issue->inventory->deployments[i];
	struct readiness *ready = &holding->all[i];
	struct owed owed;

	if (ready->milvus)
		return 0; /* it has not got it yet */
	if (owed_read(holding->issue, deployment, &owed, err) < 0)
		return -1;
	if (owed.since != 0)
		ready->milvus =
		    mem_printf("the Milvus of '%s' is owed a restart", deployment->name);
	else if (!owed_is_kept(deployment) && holding->issue->owed_now[i])
		ready->milvus = mem_printf("the Milvus of '%s' must be restarted first, which "
		                           "nothing here can see",
		    deployment->name);
	return 0;
}

static void judge_place(struct holding *holding, const struct place *place)
{
	const struct issue *issue = holding->issue;
	const struct inventory *inventory = issue->inventory;
	const char *deployment = inventory->deployments[place->deployment].name;
	struct readiness *ready = &holding->all[place->deployment];
	bool server = is_server(issue, place);

	if ((server ? ready->milvus : ready->clients) || trusts(holding, place))
		return;
	if (server)
		ready->milvus =
		    mem_printf("'%s' does not trust '%s' yet", deployment, holding->ca->name);
	else if (place->delivered)
		ready->clients = mem_printf("client '%s' of '%s' does not trust '%s' yet",
		    inventory->certificates[place->certificate].name, deployment,
		    holding->ca->name);
}

static int look_around(struct holding *holding, struct err *err)
{
	struct issue *issue = holding->issue;

	holding->all = mem_array(issue->inventory->n_deployments, sizeof(*holding->all));
	for (size_t i = 0; i < issue->n_places; i++)
		judge_place(holding, &issue->places[i]);
	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		if (judge_milvus(holding, i, err) < 0)
			return -1;
	}
	return 0;
}

/* In one-way mode nobody asks for a client's certificate; inside a Milvus its parts ask each
 * other for the server's. */
static const char *reason_at(const struct holding *holding, const struct place *place)
{
	const struct inv_deployment *deployment =
	    &holding->issue->inventory->deployments[place->deployment];
	const struct readiness *ready = &holding->all[place->deployment];

	if (!is_server(holding->issue, place))
		return deployment->tls_mode == 2 ? ready->milvus : NULL;
	if (ready->clients)
		return ready->clients;
	return deployment->internal_tls ? ready->milvus : NULL;
}

static const char *reason_of(const struct holding *holding, size_t certificate)
{
	const struct issue *issue = holding->issue;
	const char *reason = NULL;

	for (size_t i = issue->first_place[certificate]; i != NO_PLACE && !reason;
	     i = issue->places[i].next)
		reason = reason_at(holding, &issue->places[i]);
	return reason;
}

/* A server waits for the ca.pem of its clients, which is there as soon as it was delivered. One
 * whose parts verify each other waits for its Milvus as well: where nothing of that can be seen
 * it is not issued in the same run. */
static bool goes_on(const struct holding *holding, size_t certificate)
{
	const struct issue *issue = holding->issue;
	bool waits = false;

	for (size_t i = issue->first_place[certificate]; i != NO_PLACE;
	     i = issue->places[i].next) {
		const size_t to = issue->places[i].deployment;
		const struct inv_deployment *deployment = &issue->inventory->deployments[to];

		if (!is_server(issue, &issue->places[i]) ||
		    (deployment->internal_tls && !owed_is_kept(deployment)))
			return false;
		waits |= holding->all[to].clients != NULL;
	}
	return waits;
}

int generations_hold(struct issue *issue, struct err *err)
{
	const size_t n = issue->inventory->n_certificates;
	MICA_AUTO(holding_clear)
	struct holding holding = { issue, inventory_issuer(issue->inventory), NULL };

	if (!issue->ca)
		return 0;
	issue->goes_on = mem_array(n, sizeof(*issue->goes_on));
	for (size_t i = 0; i < n; i++) {
		struct entry_fact *fact = &issue->entries[i];
		const char *reason;

		if (!fact->other_ca)
			continue;
		if (!holding.all && look_around(&holding, err) < 0)
			return -1;
		reason = reason_of(&holding, i);
		if (!reason)
			continue;
		issue->held = mem_grow(
		    issue->held, &issue->cap_held, issue->n_held + 1, sizeof(*issue->held));
		issue->held[issue->n_held] = mem_strdup(reason);
		fact->held = issue->held[issue->n_held++];
		issue->goes_on[i] = goes_on(&holding, i);
	}
	return 0;
}

/* --- before they are missed ------------------------------------------------------------- */

/* From a third of its life on, and only in its last year as a warning: a timer says so every
 * day. */
static void warn_end(struct issue *issue, const struct issuer *issuer, int64_t now)
{
	const int64_t a_year = 365 * CLOCK_DAY;
	const int64_t begins = ca_not_before(issuer->ca), ends = ca_not_after(issuer->ca);
	const char *name = issuer->inv->name;
	char date[CLOCK_TEXT], span[CLOCK_TEXT], hint[256];

	if (ends - (ends - begins) / 3 > now)
		return;
	snprintf(hint, sizeof(hint),
	    "the same key again: mica init --renew %s; or another CA, and first 'state: "
	    "trusted' for it",
	    name);
	findings_add(issue->findings, ends - now > a_year ? FINDING_NOTE : FINDING_WARNING,
	    "ca-nears-its-end", &issuer->inv->mark, hint,
	    ends <= now ? "the certificate of CA '%s' ended on %s, %s"
	                : "the certificate of CA '%s' ends on %s, in %s",
	    name, clock_date(ends, date), clock_span(ends - now, span));
}

void generations_warn_at_once(struct issue *issue)
{
	const struct inv_ca *ca = inventory_issuer(issue->inventory);
	const struct plan_item *first = NULL;
	MICA_FREE char *hint = NULL;

	for (size_t i = 0; i < issue->plan->n && !first; i++) {
		const struct plan_item *item = &issue->plan->items[i];

		if (item->held && issue->goes_on[item->certificate])
			first = item;
	}
	if (!first)
		return;
	hint = mem_printf("one apply with 'state: trusted' for '%s' and the CA before it "
	                  "issuing; then restart those clients, and let it issue",
	    ca->name);
	findings_add(issue->findings, FINDING_WARNING, "trusted-and-issuing", &ca->mark, hint,
	    "CA '%s' is trusted and issues '%s' in one run: clients that read ca.pem only when "
	    "they start need a restart in between",
	    ca->name, first->entry);
}

void generations_warn(struct issue *issue, int64_t now)
{
	for (size_t i = 0; i < issue->inventory->n_cas; i++) {
		const struct issuer *issuer = &issue->cas[i];
		char hint[128];

		if (issuer->inv->state == CA_RETIRED)
			continue;
		if (issuer->ca) {
			warn_end(issue, issuer, now);
		} else if (issuer->inv->state == CA_TRUSTED) {
			snprintf(hint, sizeof(hint), "mica init %s", issuer->inv->name);
			findings_add(issue->findings, FINDING_WARNING, "ca-not-made",
			    &issuer->inv->mark, hint,
			    "CA '%s' has no certificate yet: nobody trusts it",
			    issuer->inv->name);
		}
	}
}
