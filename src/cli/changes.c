// SPDX-License-Identifier: Apache-2.0
#include "changes.h"

#include <mica/nearest.h>

#include "json.h"
#include "table.h"

static int unknown_name(const struct inventory *inventory, const char *what, const char *name,
    const struct nearest *nearest, struct err *err)
{
	if (nearest->best)
		return err_set(err, ERR_USAGE, "'%s' has no %s '%s'; did you mean '%s'?",
		    inventory->file, what, name, nearest->best);
	return err_set(err, ERR_USAGE, "'%s' has no %s '%s'", inventory->file, what, name);
}

static int check_deployment(
    const struct inventory *inventory, const char *name, struct err *err)
{
	struct nearest nearest = NEAREST_INIT(name);

	if (inventory_deployment(inventory, name))
		return 0;
	for (size_t i = 0; i < inventory->n_deployments; i++)
		nearest_offer(&nearest, inventory->deployments[i].name);
	return unknown_name(inventory, "deployment", name, &nearest, err);
}

static int check_certificate(
    const struct inventory *inventory, const char *name, struct err *err)
{
	struct nearest nearest = NEAREST_INIT(name);

	if (inventory_certificate(inventory, name))
		return 0;
	for (size_t i = 0; i < inventory->n_certificates; i++)
		nearest_offer(&nearest, inventory->certificates[i].name);
	return unknown_name(inventory, "certificate", name, &nearest, err);
}

int changes_options(const struct run *run, const struct inventory *inventory,
    struct issue_plan_options *ret, struct err *err)
{
	const struct options *options = &run->options;

	if ((options->only && check_deployment(inventory, options->only, err) < 0) ||
	    (options->restarted && check_deployment(inventory, options->restarted, err) < 0))
		return -1;
	for (size_t i = 0; i < options->n_words; i++)
		if (check_certificate(inventory, options->words[i], err) < 0)
			return -1;
	/* a date means its midnight: today's is taken as now */
	if (options->at && options->at_time <= run->ambient.now - CLOCK_DAY)
		return err_set(err, ERR_USAGE, "'--at %s' is in the past", options->at);
	*ret = (struct issue_plan_options){
		.at = options->at && options->at_time > run->ambient.now ? options->at_time : 0,
		.ahead = options->ahead_seconds,
		.only = options->only,
		.force = (const char *const *)options->words,
		.n_force = options->n_words,
		.force_all = options->all,
	};
	return 0;
}

size_t changes_count(const struct issue *issue, const struct plan *plan)
{
	const char *const *paths;

	return plan->changes + issue_outlet_changes(issue, &paths);
}

static void item_row(struct table *table, const struct plan_item *item)
{
	char expires[CLOCK_TEXT];
	const char *const cells[] = {
		item->entry,
		plan_action_name(item->action),
		item->not_after ? clock_date(item->not_after, expires) : "",
		item->why,
	};

	table_row(table, cells);
}

static char *crl_name(const struct issue *issue)
{
	return mem_printf("CRL of %s", inventory_issuer(issue_inventory(issue))->name);
}

static void crl_row(struct table *table, const struct issue *issue, const struct plan *plan)
{
	MICA_FREE char *name = crl_name(issue);
	char expires[CLOCK_TEXT];
	const char *const cells[] = {
		name,
		plan->crl.is_due ? "sign" : "keep",
		plan->crl.next_update ? clock_date(plan->crl.next_update, expires) : "",
		plan->crl.why,
	};

	table_row(table, cells);
}

void changes_table(const struct run *run, const struct issue *issue, const struct plan *plan)
{
	static const struct table_column columns[] = {
		{ "ENTRY", TABLE_WHOLE },
		{ "ACTION", TABLE_WHOLE },
		{ "EXPIRES", TABLE_WHOLE },
		{ "WHY", TABLE_WRAP },
	};
	MICA_AUTO(table_freep)
	struct table *table = table_new(TABLE_HEADED, columns, mem_count(columns));

	for (size_t i = 0; i < plan->n; i++)
		if (plan->items[i].action != PLAN_KEEP || run->options.verbose)
			item_row(table, &plan->items[i]);
	if (plan->crl.is_due || (plan->crl.why && run->options.verbose))
		crl_row(table, issue, plan);
	table_print(table, stdout);
}

void changes_signatures(const struct plan *plan, struct buf *ret)
{
	char count[64];
	size_t n = plan->signatures - plan->crl.signs;

	if (n > 0)
		buf_addstr(ret, count_of(n, "certificate", "certificates", count));
	if (plan->crl.signs)
		buf_addstr(ret, n > 0 ? " and a CRL" : "a CRL");
}

void changes_none(const struct issue *issue, const struct plan *plan)
{
	MICA_FREE char *crl = crl_name(issue);
	const struct plan_item *next = NULL;
	char count[64];
	char date[CLOCK_TEXT];

	for (size_t i = 0; i < plan->n; i++)
		if (plan->items[i].due != 0 && (!next || plan->items[i].due < next->due))
			next = &plan->items[i];
	printf("nothing to do: %s", count_of(plan->n, "certificate", "certificates", count));
	if (plan->crl.due != 0 && (!next || plan->crl.due < next->due))
		printf(", the next is due on %s (%s)", clock_date(plan->crl.due, date), crl);
	else if (next)
		printf(
		    ", the next is due on %s (%s)", clock_date(next->due, date), next->entry);
	printf("\n");
}

static json_t *json_of_crl(const struct issue *issue, const struct plan_crl *crl)
{
	json_t *object = json_object();

	json_set_text(object, "ca", inventory_issuer(issue_inventory(issue))->name);
	json_set_bool(object, "is-due", crl->is_due);
	json_set_bool(object, "signs", crl->signs);
	json_set_text(object, "why", crl->why);
	json_set_time(object, "due", crl->due);
	json_set_time(object, "next-update", crl->next_update);
	return object;
}

void changes_json(json_t *document, const struct issue *issue, const struct plan *plan)
{
	json_t *items = json_array();
	json_t *files = json_array();
	const char *const *paths = NULL;
	size_t n_paths = issue_outlet_changes(issue, &paths);

	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_item *from = &plan->items[i];
		json_t *item = json_object();

		json_set_text(item, "entry", from->entry);
		json_set_text(item, "action", plan_action_name(from->action));
		json_set_text(item, "why", from->why);
		json_set_bool(item, "held", from->held);
		json_set_time(item, "not-before", from->not_before);
		json_set_time(item, "not-after", from->not_after);
		json_set_time(item, "due", from->due);
		json_add(items, item);
	}
	for (size_t i = 0; i < n_paths; i++)
		json_add_text(files, paths[i]);
	if (plan->crl.why)
		json_set(document, "crl", json_of_crl(issue, &plan->crl));
	json_set(document, "items", items);
	json_set(document, "files", files);
}

const char *count_of(size_t n, const char *singular, const char *plural, char ret[static 64])
{
	snprintf(ret, 64, "%zu %s", n, n == 1 ? singular : plural);
	return ret;
}

void count_add(struct buf *line, size_t n, const char *singular, const char *plural)
{
	char count[64];

	if (n > 0)
		buf_printf(line, "%s%s", line->len > 0 ? ", " : "",
		    count_of(n, singular, plural, count));
}
