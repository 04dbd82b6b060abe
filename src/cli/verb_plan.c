// SPDX-License-Identifier: Apache-2.0
#include "changes.h"
#include "effort.h"
#include "json.h"
#include "restartview.h"
#include "verbs.h"

/* What apply would do. */
struct prospect {
	struct issue *issue;
	const struct plan *plan;
	struct effort effort;
	struct restarts restarts;
};

static void prospect_clear(struct prospect *prospect)
{
	restarts_clear(&prospect->restarts);
	issue_close(prospect->issue);
}

static bool is_pending(const struct prospect *prospect)
{
	return changes_count(prospect->issue, prospect->plan) > 0 || prospect->plan->held > 0 ||
	       restartview_count(&prospect->restarts) > 0;
}

static void print_files(const struct issue *issue)
{
	const char *const *paths = NULL;
	size_t n = issue_outlet_changes(issue, &paths);

	for (size_t i = 0; i < n; i++)
		printf("write %s\n", paths[i]);
}

static void print_counts(const struct prospect *prospect)
{
	static const struct {
		enum plan_action action;
		const char *text;
	} parts[] = { { PLAN_ISSUE, "to issue" }, { PLAN_ROTATE, "to rotate" },
		{ PLAN_DELIVER, "to deliver again" }, { PLAN_RETIRE, "to retire" },
		{ PLAN_CERTIFY, "CA to certify" } };
	const struct plan *plan = prospect->plan;
	const char *const *paths = NULL;
	char count[64];
	BUF_AUTO line = BUF_INIT;

	for (size_t i = 0; i < mem_count(parts); i++) {
		size_t n = 0;

		for (size_t k = 0; k < plan->n; k++)
			n += plan->items[k].action == parts[i].action;
		count_add(&line, n, parts[i].text, parts[i].text);
	}
	count_add(&line, plan->crl.signs, "CRL to sign", "CRLs to sign");
	count_add(&line, issue_outlet_changes(prospect->issue, &paths),
	    "configuration file to write", "configuration files to write");
	count_add(&line, restartview_count(&prospect->restarts), "Milvus to restart",
	    "Milvus to restart");
	if (line.len > 0)
		printf("%s\n", buf_text(&line));
	if (plan->held > 0)
		printf("then, once everybody it concerns trusts '%s' and was restarted: %s\n",
		    inventory_issuer(issue_inventory(prospect->issue))->name,
		    count_of(plan->held, "certificate to issue anew",
		        "certificates to issue anew", count));
}

static void print_effort(const struct effort *effort)
{
	BUF_AUTO text = BUF_INIT;

	effort_text(effort, &text);
	if (text.len > 0)
		printf("%s\n", buf_text(&text));
}

static void print_plan(const struct run *run, const struct prospect *prospect)
{
	changes_table(run, prospect->issue, prospect->plan);
	if (!is_pending(prospect)) {
		changes_none(prospect->issue, prospect->plan);
		return;
	}
	print_files(prospect->issue);
	restartview_plan(&prospect->restarts);
	print_counts(prospect);
	print_effort(&prospect->effort);
}

static void print_json(struct run *run, const struct prospect *prospect)
{
	const struct plan *plan = prospect->plan;
	const struct effort *effort = &prospect->effort;
	json_t *document = json_object();

	json_set_time(
	    document, "at", run->options.at ? run->options.at_time : run->ambient.now);
	json_set_count(document, "changes", changes_count(prospect->issue, plan));
	json_set_count(document, "signatures", plan->signatures);
	json_set_count(document, "held", plan->held);
	json_set_count(document, "touches", effort->touch ? plan->signatures : 0);
	json_set_bool(document, "pin-for-each", effort->pin_each);
	changes_json(document, prospect->issue, plan);
	json_set(document, "restarts", restartview_json(&prospect->restarts));
	json_set(document, "findings", json_of_findings(&run->report.findings));
	json_print(stdout, document);
}

int verb_plan(struct run *run, struct err *err)
{
	MICA_AUTO(prospect_clear) struct prospect prospect = { .issue = NULL };
	struct issue_plan_options options;

	if (run_open(run, LEDGER_READ, ISSUE_STATE_NEEDED, &prospect.issue, err) < 0 ||
	    changes_options(run, issue_inventory(prospect.issue), &options, err) < 0 ||
	    issue_plan(prospect.issue, &options, &prospect.plan, err) < 0 ||
	    issue_draft(prospect.issue, err) < 0 ||
	    issue_restarts(prospect.issue, RESTARTS_PLANNED, &prospect.restarts, err) < 0 ||
	    effort_expect(prospect.issue, inventory_issuer(issue_inventory(prospect.issue)),
	        prospect.plan->signatures, &prospect.effort, err) < 0)
		return -1;
	report_findings(&run->report);
	if (run->options.json)
		print_json(run, &prospect);
	if (run_prints(run))
		print_plan(run, &prospect);
	return run->options.exit_code && is_pending(&prospect) ? EXIT_PENDING : EXIT_DONE;
}
