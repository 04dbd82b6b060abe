// SPDX-License-Identifier: Apache-2.0
/* What was issued, lies and is served at each place, as the ledger has it. */
#include "issue_private.h"

#include <stdlib.h>
#include <string.h>

#include "seen.h"

/* Records that lie somewhere though a newer one was issued: what a delivery that failed left.
 */
struct lying {
	struct record *records[2]; /* delivered, served */
	size_t n[2];
};

static void lying_clear(struct lying *lying)
{
	for (size_t i = 0; i < mem_count(lying->records); i++)
		records_free(lying->records[i], lying->n[i]);
}

struct list {
	struct stage *items;
	size_t n;
};

static bool is_old(const struct issue *issue, const struct place *place)
{
	return place->delivered &&
	       place->delivery.seq != issue->current[place->certificate].seq;
}

/* Most runs find that nothing is, and read nothing. */
static int find_lying(struct issue *issue, struct lying *ret, struct err *err)
{
	static const enum record_state states[] = { RECORD_DELIVERED, RECORD_SERVED };
	bool any = false;

	for (size_t i = 0; i < issue->n_places && !any; i++)
		any = is_old(issue, &issue->places[i]);
	for (size_t i = 0; any && i < mem_count(states); i++)
		if (ledger_in_state(
		        issue->ledger, states[i], &ret->records[i], &ret->n[i], err) < 0)
			return -1;
	return 0;
}

/* NULL: it was revoked, or is of an entry that left */
static const struct record *record_of(
    const struct issue *issue, const struct place *place, const struct lying *lying)
{
	if (!place->delivered)
		return NULL;
	if (!is_old(issue, place))
		return &issue->current[place->certificate];
	for (size_t i = 0; i < mem_count(lying->records); i++)
		for (size_t k = 0; k < lying->n[i]; k++)
			if (lying->records[i][k].seq == place->delivery.seq)
				return &lying->records[i][k];
	return NULL;
}

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

static int add_place(struct issue *issue, const struct place *place, const struct lying *lying,
    struct list *list, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	const struct record *lies = record_of(issue, place, lying);
	const struct stage where = {
		.entry = inventory->certificates[place->certificate].name,
		.deployment = inventory->deployments[place->deployment].name,
	};

	if (issue->entries[place->certificate].exists)
		add(list, &issue->current[place->certificate], RECORD_ISSUED, where);
	if (lies)
		add(list, lies, RECORD_DELIVERED, where);
	return add_served(issue, place, where, list, err);
}

int issue_stages(struct issue *issue, struct stage **ret, size_t *ret_n, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	MICA_AUTO(lying_clear) struct lying lying = { { NULL }, { 0 } };
	struct list list;
	int status = 0;

	if (issue_gather_facts(issue, err) < 0 || find_lying(issue, &lying, err) < 0)
		return -1;
	list.n = 0;
	list.items =
	    mem_array(3 * issue->n_places + inventory->n_certificates + 1, sizeof(*list.items));
	for (size_t i = 0; status == 0 && i < issue->n_places; i++)
		status = add_place(issue, &issue->places[i], &lying, &list, err);
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
