// SPDX-License-Identifier: Apache-2.0
#include "applyview.h"

#include <string.h>

#include "changes.h"
#include "json.h"

/* --- for people ---------------------------------------------------------------------- */

enum { PLACES_NAMED = 4 };

static bool delivers(const struct plan_item *item)
{
	return item->action == PLAN_ISSUE || item->action == PLAN_ROTATE ||
	       item->action == PLAN_DELIVER;
}

static bool wrote_outlet(const struct work *work, const struct inv_deployment *deployment)
{
	const char *const *paths = NULL;
	size_t n = issue_outlet_changes(work->issue, &paths);
	size_t len = strlen(deployment->out);

	for (size_t i = 0; i < n; i++)
		if (strncmp(paths[i], deployment->out, len) == 0 && paths[i][len] == '/')
			return true;
	return false;
}

/* moved: for each certificate, whether it was delivered */
static bool touched(
    const struct work *work, const struct inv_deployment *deployment, const bool *moved)
{
	bool any = moved[deployment->server];

	for (size_t i = 0; i < deployment->n_clients; i++)
		any |= moved[deployment->clients[i]];
	return any || wrote_outlet(work, deployment);
}

/* "in out/prod, out/test", or how many there are: with --only, also those that share a
 * certificate with that one */
static void add_places(const struct work *work, struct buf *line)
{
	const struct inventory *inventory = issue_inventory(work->issue);
	MICA_FREE bool *moved = mem_array(inventory->n_certificates, sizeof(*moved));
	BUF_AUTO places = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < work->plan->n; i++)
		if (delivers(&work->plan->items[i]))
			moved[work->plan->items[i].certificate] = true;
	for (size_t i = 0; i < inventory->n_deployments; i++)
		if (touched(work, &inventory->deployments[i], moved))
			buf_printf(&places, "%s%s", n++ == 0 ? "" : ", ",
			    inventory->deployments[i].out);
	if (n > PLACES_NAMED)
		buf_printf(line, ", for %zu deployments", n);
	else if (n > 0)
		buf_printf(line, ", in %s", buf_text(&places));
}

static void print_done(const struct work *work)
{
	const struct issue_done *done = &work->done;
	BUF_AUTO line = BUF_INIT;

	count_add(&line, done->issued, "issued", "issued");
	count_add(&line, done->rotated, "rotated", "rotated");
	count_add(&line, done->delivered, "delivered again", "delivered again");
	count_add(&line, done->retired, "retired", "retired");
	count_add(&line, done->certified, "CA certified", "CAs certified");
	count_add(&line, done->crls, "CRL", "CRLs");
	count_add(&line, done->trees, "directory", "directories");
	count_add(&line, done->outlets, "configuration file", "configuration files");
	count_add(&line, work->served.restarted, "Milvus restarted", "Milvus restarted");
	if (done->trees > 0 || done->outlets > 0)
		add_places(work, &line);
	printf("done: %s\n", buf_text(&line));
}

static bool any_endpoint(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_deployments; i++)
		if (inventory->deployments[i].n_endpoints > 0)
			return true;
	return false;
}

/* --- for programs -------------------------------------------------------------------- */

/* What there is before and now, in one. */
static void set_sum(const struct work *work, json_t *document, const char *name, size_t n)
{
	json_set_count(
	    document, name, n + (size_t)json_integer_value(json_object_get(work->json, name)));
}

static void set_both(const struct work *work, json_t *document, const char *name)
{
	json_t *all = json_array();

	json_array_extend(all, json_object_get(work->json, name));
	json_array_extend(all, json_object_get(document, name));
	json_set(document, name, all);
}

json_t *applyview_json(const struct work *work, bool served)
{
	json_t *document = json_object();
	bool probed = any_endpoint(issue_inventory(work->issue));

	set_sum(work, document, "issued", work->done.issued);
	set_sum(work, document, "rotated", work->done.rotated);
	set_sum(work, document, "delivered", work->done.delivered);
	set_sum(work, document, "retired", work->done.retired);
	set_sum(work, document, "certified", work->done.certified);
	set_sum(work, document, "crls", work->done.crls);
	set_sum(work, document, "directories", work->done.trees);
	set_sum(work, document, "configuration-files", work->done.outlets);
	set_sum(work, document, "restarted", work->served.restarted);
	json_set_count(document, "held", work->plan->held);
	json_set(document, "served", probed ? json_boolean(served) : json_null());
	changes_json(document, work->issue, work->plan);
	set_both(work, document, "items");
	set_both(work, document, "files");
	json_set(document, "findings", json_of_findings(&work->run->report.findings));
	return document;
}

void applyview_print(const struct work *work)
{
	if (!run_prints(work->run))
		return;
	changes_table(work->run, work->issue, work->plan);
	if (changes_count(work->issue, work->plan) > 0 || work->served.restarted > 0)
		print_done(work);
	else if (work->plan->held == 0 && work->turns == 0)
		changes_none(work->issue, work->plan);
}
