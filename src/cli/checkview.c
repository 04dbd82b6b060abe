// SPDX-License-Identifier: Apache-2.0
#include "checkview.h"

#include <mica/check.h>
#include <mica/mem.h>

#include "json.h"

static const char *const levels[] = {
	[FINDING_NOTE] = "note",
	[FINDING_WARNING] = "warning",
	[FINDING_ERROR] = "error",
};

static const char *why_of(const struct finding *finding)
{
	const struct check_rule *rule = check_rule_find(finding->rule);

	return rule ? rule->why : NULL;
}

/* --- for people ------------------------------------------------------------------ */

static void print_place(const struct finding *finding)
{
	if (!finding->file)
		return;
	printf("%s:", finding->file);
	if (finding->line > 0)
		printf("%d:%d:", finding->line, finding->column);
	printf(" ");
}

/* The reason once for each rule: a second finding of it has no other. */
static bool is_first(const struct findings *findings, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (findings->items[i].rule == findings->items[at].rule)
			return false;
	}
	return true;
}

static void print_finding(const struct findings *findings, size_t at)
{
	const struct finding *finding = &findings->items[at];
	const char *why = why_of(finding);

	print_place(finding);
	printf("%s: %s [%s]\n", levels[finding->level], finding->text, finding->rule);
	if (why && is_first(findings, at))
		printf("  why: %s\n", why);
	if (finding->hint)
		printf("  mend: %s\n", finding->hint);
}

static void print_sum(const struct findings *findings)
{
	if (findings->errors == 0 && findings->warnings == 0)
		printf("nothing is wrong\n");
	else
		printf("%zu error%s, %zu warning%s\n", findings->errors,
		    findings->errors == 1 ? "" : "s", findings->warnings,
		    findings->warnings == 1 ? "" : "s");
}

void checkview_print(const struct run *run, const struct findings *findings)
{
	const bool quiet = run->report.volume == REPORT_QUIET;

	for (size_t i = 0; i < findings->n; i++)
		print_finding(findings, i);
	if (!quiet)
		print_sum(findings);
}

/* --- for programs ---------------------------------------------------------------- */

void checkview_json(const struct run *run, const struct findings *findings)
{
	json_t *document = json_object();
	json_t *list = json_of_findings(findings);

	for (size_t i = 0; i < findings->n; i++)
		json_set_text(json_array_get(list, i), "why", why_of(&findings->items[i]));
	json_set_time(
	    document, "at", run->options.at ? run->options.at_time : run->ambient.now);
	json_set_count(document, "errors", findings->errors);
	json_set_count(document, "warnings", findings->warnings);
	json_set(document, "findings", list);
	json_print(stdout, document);
}
