// SPDX-License-Identifier: Apache-2.0
/* What was issued, lies and is served at each place, as the ledger has it. */
#include "issue_private.h"

#include <stdlib.h>
#include <string.h>

#include "seen.h"

struct list {
	struct stage *items;
	size_t n;
};

static void add(
    struct list *list, const struct record *record, enum record_state state, struct stage where)
{
	where.state = state;
	where.kind = record->kind;
	where.ca = mem_strdup(record->ca);
	where.not_after = record->not_after;
	list->items[list->n++] = where;
}

/* What its endpoints presented may be older than what lies there, and history to the ledger. */
static int add_served(struct issue *issue, const struct place *place, struct stage where,
    struct list *list, struct err *err)
{
	const struct inv_deployment *deployment =
	    &issue->inventory->deployments[place->deployment];
	MICA_AUTO(record_clear) struct record record = { 0 };
	bool found = false;
	int64_t seq = 0;

	if (place->certificate != deployment->server)
		return 0;
	if (seen_read(issue, deployment, &seq, err) < 0 ||
	    (seq != 0 && ledger_record(issue->ledger, seq, &record, &found, err) < 0))
		return -1;
	if (found && strcmp(record.entry, where.entry) == 0)
		add(list, &record, RECORD_SERVED, where);
	return 0;
}

/* The newest record, unless a delivery failed. One that was revoked, or is history, is not
 * told. */
static int add_delivered(struct issue *issue, const struct place *place, struct stage where,
    struct list *list, struct err *err)
{
	const struct record *current = &issue->current[place->certificate];
	MICA_AUTO(record_clear) struct record older = { 0 };
	bool found = false;

	if (!place->delivered)
		return 0;
	if (place->delivery.seq == current->seq) {
		add(list, current, RECORD_DELIVERED, where);
		return 0;
	}
	if (ledger_record(issue->ledger, place->delivery.seq, &older, &found, err) < 0)
		return -1;
	if (found && (older.state == RECORD_DELIVERED || older.state == RECORD_SERVED))
		add(list, &older, RECORD_DELIVERED, where);
	return 0;
}

static int add_place(
    struct issue *issue, const struct place *place, struct list *list, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	const struct stage where = {
		.entry = inventory->certificates[place->certificate].name,
		.deployment = inventory->deployments[place->deployment].name,
	};

	if (issue->entries[place->certificate].exists)
		add(list, &issue->current[place->certificate], RECORD_ISSUED, where);
	if (add_delivered(issue, place, where, list, err) < 0)
		return -1;
	return add_served(issue, place, where, list, err);
}

int issue_stages(struct issue *issue, struct stage **ret, size_t *ret_n, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	struct list list;
	int status = 0;

	if (issue_gather_facts(issue, err) < 0)
		return -1;
	list.n = 0;
	list.items =
	    mem_array(3 * issue->n_places + inventory->n_certificates + 1, sizeof(*list.items));
	for (size_t i = 0; status == 0 && i < issue->n_places; i++)
		status = add_place(issue, &issue->places[i], &list, err);
	for (size_t i = 0; i < inventory->n_certificates; i++)
		if (issue->first_place[i] == NO_PLACE && issue->entries[i].exists)
			add(&list, &issue->current[i], RECORD_ISSUED,
			    (struct stage){
			        .entry = inventory->certificates[i].name, .deployment = "" });
	if (status < 0) {
		stages_free(list.items, list.n);
		return -1;
	}
	*ret = list.items;
	*ret_n = list.n;
	return 0;
}

void stages_free(struct stage *stages, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(stages[i].ca);
	free(stages);
}
