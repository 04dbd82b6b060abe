// SPDX-License-Identifier: Apache-2.0
#include "changes.h"
#include "effort.h"
#include "json.h"
#include "verbs.h"

static void print_files(const struct issue *issue)
{
	const char *const *paths = NULL;
	size_t n = issue_outlet_changes(issue, &paths);

	for (size_t i = 0; i < n; i++)
		printf("write %s\n", paths[i]);
}

static void print_counts(const struct issue *issue, const struct plan *plan)
{
	static const struct {
		enum plan_action action;
		const char *text;
	} parts[] = { { PLAN_ISSUE, "to issue" }, { PLAN_ROTATE, "to rotate" },
		{ PLAN_DELIVER, "to deliver again" }, { PLAN_RETIRE, "to retire" } };
	const char *const *paths = NULL;
	BUF_AUTO line = BUF_INIT;

	for (size_t i = 0; i < mem_count(parts); i++) {
		size_t n = 0;

		for (size_t k = 0; k < plan->n; k++)
			n += plan->items[k].action == parts[i].action;
		count_add(&line, n, parts[i].text, parts[i].text);
	}
	count_add(&line, issue_outlet_changes(issue, &paths), "configuration file to write",
	    "configuration files to write");
	printf("%s\n", buf_text(&line));
}

static void print_effort(const struct effort *effort)
{
	BUF_AUTO text = BUF_INIT;

	effort_text(effort, &text);
	if (text.len > 0)
		printf("%s\n", buf_text(&text));
}

static void print_plan(const struct run *run, const struct issue *issue,
    const struct plan *plan, const struct effort *effort)
{
	changes_table(run, plan);
	if (changes_count(issue, plan) == 0) {
		changes_none(plan);
		return;
	}
	print_files(issue);
	print_counts(issue, plan);
	print_effort(effort);
}

static void print_json(struct run *run, const struct issue *issue, const struct plan *plan,
    const struct effort *effort)
{
	json_t *document = json_object();

	json_set_time(
	    document, "at", run->options.at ? run->options.at_time : run->ambient.now);
	json_set_count(document, "changes", changes_count(issue, plan));
	json_set_count(document, "signatures", plan->signatures);
	json_set_count(document, "touches", effort->touch ? plan->signatures : 0);
	json_set_bool(document, "pin-for-each", effort->pin_each);
	changes_json(document, issue, plan);
	json_set(document, "findings", json_of_findings(&run->report.findings));
	json_print(stdout, document);
}

int verb_plan(struct run *run, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	struct issue_plan_options options;
	const struct plan *plan = NULL;
	struct effort effort;

	if (run_open(run, LEDGER_READ, ISSUE_STATE_NEEDED, &issue, err) < 0 ||
	    changes_options(run, issue_inventory(issue), &options, err) < 0 ||
	    issue_plan(issue, &options, &plan, err) < 0 || issue_draft(issue, err) < 0 ||
	    effort_expect(issue, plan->signatures, &effort, err) < 0)
		return -1;
	report_findings(&run->report);
	if (run->options.json)
		print_json(run, issue, plan, &effort);
	if (run_prints(run))
		print_plan(run, issue, plan, &effort);
	return run->options.exit_code && changes_count(issue, plan) > 0 ? EXIT_PENDING
	                                                                : EXIT_DONE;
}
