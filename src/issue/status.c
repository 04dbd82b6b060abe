// SPDX-License-Identifier: Apache-2.0
#include "crl.h"
#include "issue_private.h"

#include <stdlib.h>
#include <string.h>

static void copy_facts(struct status_row *row, const struct record *record)
{
	row->exists = true;
	row->state = record->state;
	row->not_before = record->not_before;
	row->not_after = record->not_after;
	memcpy(row->serial, record->serial, sizeof(row->serial));
}

static const char *ca_state_name(enum ca_state state)
{
	static const char *const names[] = {
		[CA_ISSUING] = "issuing",
		[CA_TRUSTED] = "trusted",
		[CA_RETIRED] = "retired",
	};

	return names[state];
}

static void say_missing(
    const struct issue *issue, const struct inv_ca *ca, struct status_row *row)
{
	const char *option = ca->n_parents > 0 && !ca->certificate ? " --csr FILE" : "";

	row->action = ca->state == CA_RETIRED ? PLAN_KEEP : PLAN_ISSUE;
	if (row->action == PLAN_KEEP)
		row->why = mem_strdup("retired; it never had a certificate");
	else if (issue->inventory->n_cas == 1)
		row->why = mem_printf("has no certificate yet: mica init%s", option);
	else
		row->why = mem_printf("%s; has no certificate yet: mica init %s%s",
		    row->ca_state, ca->name, option);
}

static int ca_row(
    struct issue *issue, const struct issuer *issuer, struct status_row *row, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };
	const char *above = NULL;
	char date[CLOCK_TEXT];

	row->entry = mem_strdup(issuer->inv->name);
	row->kind = RECORD_CA;
	row->ca_state = ca_state_name(issuer->inv->state);
	if (!issuer->ca) {
		say_missing(issue, issuer->inv, row);
		return 0;
	}
	if (ledger_current(issue->ledger, RECORD_CA, issuer->inv->name, &record, err) < 0)
		return -1;
	copy_facts(row, &record);
	row->action = PLAN_KEEP;
	row->due = ca_ends(issuer->ca, &above);
	row->why = above ? mem_printf("%s; '%s' above it ends on %s", row->ca_state, above,
	                       clock_date(row->due, date))
	                 : mem_strdup(row->ca_state);
	return 0;
}

static char **places_of(const struct issue *issue, size_t certificate)
{
	char **where;
	size_t n = 0;

	for (size_t i = issue->first_place[certificate]; i != NO_PLACE;
	     i = issue->places[i].next)
		n += issue->places[i].delivered;
	where = mem_array(n + 1, sizeof(*where));
	for (size_t i = issue->first_place[certificate]; i != NO_PLACE;
	     i = issue->places[i].next) {
		if (issue->places[i].delivered)
			where[--n] = mem_strdup(issue->places[i].dir);
	}
	return where;
}

/* Whether a server is to be seen at an endpoint and was not yet. */
static bool is_awaited(const struct issue *issue, size_t certificate)
{
	if (issue->current[certificate].state != RECORD_DELIVERED)
		return false;
	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		const struct inv_deployment *deployment = &issue->inventory->deployments[i];

		if (deployment->server == certificate && deployment->n_endpoints > 0)
			return true;
	}
	return false;
}

/* Where no plan could be made, the certificate's own dates tell what is due. */
static void judge_dates(const struct issue *issue, struct status_row *row)
{
	char date[CLOCK_TEXT];

	row->action = row->due <= issue->ambient.now ? PLAN_ROTATE : PLAN_KEEP;
	row->why = row->action == PLAN_ROTATE
	               ? mem_printf("due since %s", clock_date(row->due, date))
	               : mem_printf("valid until %s", clock_date(row->not_after, date));
}

static bool is_owed(
    const struct issue *issue, size_t certificate, const struct restarts *restarts)
{
	for (size_t i = 0; i < restarts->n; i++) {
		const struct inv_deployment *deployment =
		    inventory_deployment(issue->inventory, restarts->rows[i].deployment);

		if (deployment->server == certificate)
			return true;
	}
	return false;
}

static void entry_row(const struct issue *issue, size_t i, struct status_row *row)
{
	const struct inv_certificate *entry = &issue->inventory->certificates[i];
	const struct plan_item *item = issue->item_of ? issue->item_of[i] : NULL;

	row->entry = mem_strdup(entry->name);
	row->kind = entry->profile == PROFILE_SERVER ? RECORD_SERVER : RECORD_CLIENT;
	if (issue->entries[i].exists)
		copy_facts(row, &issue->current[i]);
	row->action = item ? item->action : PLAN_ISSUE;
	row->due = row->exists ? plan_due(entry, row->not_before, row->not_after) : 0;
	if (row->exists && !item)
		judge_dates(issue, row);
	else
		row->why = mem_strdup(item ? item->why : "not issued yet");
	row->where = places_of(issue, i);
	row->awaited = row->exists && is_awaited(issue, i);
	row->revoked = issue->entries[i].revoked;
}

/* A certificate is of no use when one above it has ended. */
static int64_t last_day(const struct issue *issue, const struct record *record)
{
	const struct issuer *issuer = issue_issuer(issue, record->ca);
	const char *above;
	int64_t end = issuer && issuer->ca ? ca_ends(issuer->ca, &above) : record->not_after;

	return record->not_after < end ? record->not_after : end;
}

/* Nobody asks a client for a certificate in one-way mode. */
static bool is_shown(const struct issue *issue, const struct place *place)
{
	const struct inv_deployment *deployment =
	    &issue->inventory->deployments[place->deployment];

	return place->certificate == deployment->server || deployment->tls_mode == 2;
}

/* The first certificate to end if nothing were ever signed again. A CRL that ends is no outage:
 * Milvus reads none. */
static void find_outage(const struct issue *issue, struct status *status)
{
	const struct place *first = NULL;

	for (size_t i = 0; i < issue->n_places; i++) {
		const struct place *place = &issue->places[i];
		int64_t end;

		if (!issue->entries[place->certificate].exists || !is_shown(issue, place))
			continue;
		end = last_day(issue, &issue->current[place->certificate]);
		if (first && end >= status->first_outage)
			continue;
		first = place;
		status->first_outage = end;
	}
	if (!first)
		return;
	status->first_outage_entry =
	    mem_strdup(issue->inventory->certificates[first->certificate].name);
	status->first_outage_deployment =
	    mem_strdup(issue->inventory->deployments[first->deployment].name);
}

/* Facts are told even where nothing could be done about them: the CA is over, say. */
static const struct plan *plan_if_possible(struct issue *issue)
{
	const struct issue_plan_options options = { 0 };
	const struct plan *plan = NULL;
	struct err err = ERR_INIT;

	if (!issue->ca || issue_plan(issue, &options, &plan, &err) == 0)
		return plan;
	findings_add(issue->findings, FINDING_WARNING, "no-plan", NULL,
	    err.hint[0] ? err.hint : NULL, "%s", err.text);
	return NULL;
}

/* Beyond what each row says of itself. */
static void take_plan(const struct issue *issue, const struct plan *plan, struct status *status)
{
	const char *const *paths = NULL;

	for (size_t i = 0; i < status->n; i++)
		status->due += status->rows[i].action != PLAN_KEEP &&
		               (!plan || status->rows[i].kind == RECORD_CA);
	if (!plan)
		return;
	status->due += plan->changes + issue_outlet_changes(issue, &paths);
	status->retired = mem_array(plan->n + 1, sizeof(*status->retired));
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_item *item = &plan->items[i];

		if (item->action == PLAN_RETIRE)
			status->retired[status->n_retired++] = mem_strdup(item->entry);
		status->due += item->action == PLAN_HOLD;
		status->ca_ends |= item->action == PLAN_KEEP && item->due != 0 &&
		                   item->due <= issue->ambient.now;
	}
	if (plan->crl.is_due)
		status->crl_why = mem_strdup(plan->crl.why);
}

static int find_crl(struct issue *issue, struct status_ca *ca, struct err *err)
{
	MICA_AUTO(record_clear) struct record record = { 0 };

	if (ledger_find_current(issue->ledger, RECORD_CRL, ca->inv->name, &record, err) < 0)
		return -1;
	if (record.seq == 0)
		return 0;
	ca->has_crl = true;
	ca->this_update = record.not_before;
	ca->next_update = record.not_after;
	ca->crl_due = plan_crl_due(record.not_before, record.not_after);
	ca->crl_needed = ca->inv->state == CA_ISSUING ||
	                 crlset_is_outlived(issue, &record, issue->ambient.now);
	return 0;
}

static int fill_cas(struct issue *issue, struct status *status, struct err *err)
{
	const struct inventory *inventory = issue->inventory;

	status->cas = mem_array(inventory->n_cas, sizeof(*status->cas));
	for (size_t i = 0; i < inventory->n_cas; i++) {
		const struct inv_ca *inv = &inventory->cas[i];
		const struct issuer *issuer = issue_issuer_of(issue, inv);
		struct status_ca *ca = &status->cas[status->n_cas++];
		const char *above;

		ca->inv = inv;
		ca->ends = issuer->ca ? ca_ends(issuer->ca, &above) : 0;
		if (issue->ledger && find_crl(issue, ca, err) < 0)
			return -1;
	}
	return 0;
}

static int fill_rows(struct issue *issue, struct status *status, struct err *err)
{
	const struct inventory *inventory = issue->inventory;

	status->rows =
	    mem_array(inventory->n_cas + inventory->n_certificates, sizeof(*status->rows));
	for (size_t i = 0; i < inventory->n_cas; i++) {
		if (ca_row(issue, &issue->cas[i], &status->rows[status->n++], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < inventory->n_certificates; i++) {
		entry_row(issue, i, &status->rows[status->n]);
		status->rows[status->n].owed = is_owed(issue, i, &status->restarts);
		status->n++;
	}
	return 0;
}

int issue_status(struct issue *issue, struct status *ret, struct err *err)
{
	MICA_AUTO(status_clear) struct status status = { 0 };
	const struct plan *plan;

	if (issue_gather_facts(issue, err) < 0)
		return -1;
	plan = plan_if_possible(issue);
	if (issue_restarts(issue, RESTARTS_OWED, &status.restarts, err) < 0 ||
	    fill_rows(issue, &status, err) < 0 || fill_cas(issue, &status, err) < 0)
		return -1;
	take_plan(issue, plan, &status);
	find_outage(issue, &status);
	*ret = status;
	status = (struct status){ 0 };
	return 0;
}

void status_clear(struct status *status)
{
	for (size_t i = 0; i < status->n; i++) {
		struct status_row *row = &status->rows[i];

		for (char **where = row->where; where && *where; where++)
			free(*where);
		free(row->where);
		free(row->entry);
		free(row->why);
	}
	for (size_t i = 0; i < status->n_retired; i++)
		free(status->retired[i]);
	restarts_clear(&status->restarts);
	free(status->rows);
	free(status->cas);
	free(status->retired);
	free(status->crl_why);
	free(status->first_outage_entry);
	free(status->first_outage_deployment);
	*status = (struct status){ 0 };
}
