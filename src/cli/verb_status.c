// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <mica/runs.h>

#include "changes.h"
#include "json.h"
#include "latchview.h"
#include "restartview.h"
#include "statuspage.h"
#include "table.h"
#include "verbs.h"

/* What is shown. */
struct view {
	const struct status *status;
	const struct token_latches *latches;
	const struct runs *runs;
	const struct issue *issue;
};

/* Delivered, and not yet where it should be. */
static bool is_unserved(const struct status *status)
{
	for (size_t i = 0; i < status->n; i++) {
		if (status->rows[i].awaited)
			return true;
	}
	return status->restarts.n > 0;
}

/* For apply, or for a person: a PIN that is not tried, a CA that ends too soon. */
static bool is_pending(const struct status *status, const struct token_latches *latches)
{
	return status->due > 0 || status->ca_ends || latches->n > 0;
}

/* --- for people ---------------------------------------------------------------------- */

static const char *next_step(const struct status_row *row)
{
	if (row->action == PLAN_KEEP)
		return row->owed ? "restart" : row->awaited ? "apply" : NULL;
	return row->kind == RECORD_CA ? "init" : plan_action_name(row->action);
}

static void add_row(struct table *table, const struct status_row *row)
{
	BUF_AUTO serial = BUF_INIT;
	char expires[CLOCK_TEXT];
	char due[CLOCK_TEXT];
	const char *cells[7] = { row->entry, record_kind_name(row->kind) };

	if (row->exists) {
		buf_addhex(&serial, row->serial, sizeof(row->serial));
		cells[2] = record_state_name(row->state);
		cells[3] = clock_date(row->not_after, expires);
		cells[4] = row->due ? clock_date(row->due, due) : "";
		cells[5] = buf_text(&serial);
	}
	cells[6] = next_step(row);
	table_row(table, cells);
}

/* Why there is a next step, on a line of its own: the table is as wide as a terminal. That
 * what does not exist is to be issued needs no reason. */
static void print_reason(const struct status *status, const struct status_row *row)
{
	if (row->awaited && !row->owed && row->action == PLAN_KEEP)
		printf("%s: not yet seen at every endpoint: mica apply\n", row->entry);
	else if (row->action != PLAN_KEEP &&
	         (row->exists || row->revoked || row->kind == RECORD_CA))
		printf("%s: %s\n", row->entry, row->why);
	else if (row->kind == RECORD_CA && (status->n_cas > 1 || row->due < row->not_after))
		printf("%s: %s\n", row->entry, row->why); /* which it is; what ends before */
}

static void add_places(struct table *table, const struct status_row *row)
{
	BUF_AUTO serial = BUF_INIT;

	buf_addhex(&serial, row->serial, sizeof(row->serial));
	for (char **where = row->where; where && *where; where++) {
		const char *const cells[] = { row->entry, buf_text(&serial), *where };

		table_row(table, cells);
	}
}

/* Serials are whole here, however narrow the terminal. */
static void print_places(const struct status *status)
{
	static const struct table_column columns[] = {
		{ "ENTRY", TABLE_WHOLE },
		{ "SERIAL", TABLE_WHOLE },
		{ "DELIVERED TO", TABLE_WHOLE },
	};
	MICA_AUTO(table_freep)
	struct table *table = table_new(TABLE_HEADED, columns, mem_count(columns));

	for (size_t i = 0; i < status->n; i++)
		add_places(table, &status->rows[i]);
	table_print(table, stdout);
}

/* What the rows do not show. */
static void print_pending(const struct issue *issue, const struct status *status)
{
	const char *const *paths = NULL;
	size_t n = issue_outlet_changes(issue, &paths);

	for (size_t i = 0; i < status->n_retired; i++)
		printf("%s: left the inventory: mica apply\n", status->retired[i]);
	for (size_t i = 0; i < n; i++)
		printf("%s: to be written: mica apply\n", paths[i]);
}

static void print_crl(const struct status_ca *ca)
{
	char until[CLOCK_TEXT];
	char due[CLOCK_TEXT];

	printf("CRL of %s: until %s", ca->inv->name, clock_date(ca->next_update, until));
	if (ca->crl_needed)
		printf(", due %s\n", clock_date(ca->crl_due, due));
	else
		printf("; no certificate in use needs a newer one\n");
}

static void print_crls(const struct status *status)
{
	for (size_t i = 0; i < status->n_cas; i++)
		if (status->cas[i].has_crl)
			print_crl(&status->cas[i]);
	if (status->crl_why)
		printf("CRL: %s: mica apply\n", status->crl_why);
}

static void print_runs(const struct runs *runs)
{
	char at[CLOCK_TEXT];
	char good[CLOCK_TEXT];

	for (size_t i = 0; i < runs->n; i++) {
		const struct ran *ran = &runs->items[i];

		if (ran->status == 0 || runs_is_past(runs, ran))
			continue;
		printf("last %s: %s, %s", ran->verb, clock_text(ran->at, at),
		    exit_status_text((enum exit_status)ran->status));
		if (ran->good != 0)
			printf("; the last good one: %s", clock_text(ran->good, good));
		printf("\n");
	}
}

static void print_outage(const struct run *run, const struct status *status)
{
	char date[CLOCK_TEXT];
	char span[CLOCK_TEXT];

	if (status->first_outage == 0)
		return;
	clock_date(status->first_outage, date);
	clock_span(status->first_outage - run->ambient.now, span);
	if (status->first_outage <= run->ambient.now)
		printf("outage since %s, at %s/%s, %s\n", date, status->first_outage_deployment,
		    status->first_outage_entry, span);
	else
		printf("token lost now: first outage on %s, at %s/%s, in %s\n", date,
		    status->first_outage_deployment, status->first_outage_entry, span);
}

static void print_status(const struct run *run, const struct view *view)
{
	const struct status *status = view->status;
	static const struct table_column columns[] = {
		{ "ENTRY", TABLE_WHOLE },
		{ "KIND", TABLE_WHOLE },
		{ "STAGE", TABLE_WHOLE },
		{ "EXPIRES", TABLE_WHOLE },
		{ "DUE", TABLE_WHOLE },
		{ "SERIAL", TABLE_CUT },
		{ "NEXT", TABLE_WHOLE },
	};
	MICA_AUTO(table_freep)
	struct table *table = table_new(TABLE_HEADED, columns, mem_count(columns));

	for (size_t i = 0; i < status->n; i++)
		add_row(table, &status->rows[i]);
	table_print(table, stdout);
	for (size_t i = 0; i < status->n; i++)
		print_reason(status, &status->rows[i]);
	print_pending(view->issue, status);
	restartview_owed(&status->restarts);
	print_crls(status);
	print_runs(view->runs);
	if (run->options.verbose)
		print_places(status);
	print_outage(run, status);
}

/* --- for programs -------------------------------------------------------------------- */

static json_t *json_of_row(const struct status_row *row)
{
	json_t *item = json_object();
	json_t *where = json_array();

	json_set_text(item, "entry", row->entry);
	json_set_text(item, "kind", record_kind_name(row->kind));
	json_set_text(item, "state", row->exists ? record_state_name(row->state) : NULL);
	if (row->exists)
		json_set_hex(item, "serial", row->serial, sizeof(row->serial));
	else
		json_set_text(item, "serial", NULL);
	json_set_time(item, "not-before", row->exists ? row->not_before : 0);
	json_set_time(item, "not-after", row->exists ? row->not_after : 0);
	json_set_time(item, "due", row->exists ? row->due : 0);
	if (row->ca_state)
		json_set_text(item, "ca-state", row->ca_state);
	json_set_text(item, "action", plan_action_name(row->action));
	json_set_text(item, "why", row->why);
	for (char **path = row->where; path && *path; path++)
		json_add_text(where, *path);
	json_set(item, "where", where);
	json_set(item, "awaited", json_boolean(row->awaited));
	return item;
}

static json_t *json_of_outage(const struct status *status)
{
	json_t *outage = json_object();

	if (status->first_outage == 0) {
		json_decref(outage);
		return json_null();
	}
	json_set_time(outage, "at", status->first_outage);
	json_set_text(outage, "entry", status->first_outage_entry);
	json_set_text(outage, "deployment", status->first_outage_deployment);
	return outage;
}

static json_t *json_of_files(const struct issue *issue)
{
	const char *const *paths = NULL;
	size_t n = issue_outlet_changes(issue, &paths);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add_text(list, paths[i]);
	return list;
}

static json_t *json_of_cas(const struct status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < status->n_cas; i++) {
		const struct status_ca *ca = &status->cas[i];
		json_t *item = json_object();

		json_set_text(item, "name", ca->inv->name);
		json_set_time(item, "ends", ca->ends);
		json_set_time(item, "crl-this-update", ca->this_update);
		json_set_time(item, "crl-next-update", ca->next_update);
		json_set_time(item, "crl-due", ca->crl_needed ? ca->crl_due : 0);
		json_add(list, item);
	}
	return list;
}

static json_t *json_of_runs(const struct runs *runs)
{
	json_t *list = json_array();

	for (size_t i = 0; i < runs->n; i++) {
		json_t *item = json_object();

		json_set_text(item, "verb", runs->items[i].verb);
		json_set_time(item, "at", runs->items[i].at);
		json_set_count(item, "exit-status", (uint64_t)runs->items[i].status);
		json_set_time(item, "last-good", runs->items[i].good);
		json_add(list, item);
	}
	return list;
}

static void print_json(const struct run *run, const struct view *view)
{
	const struct status *status = view->status;
	json_t *document = json_object();
	json_t *rows = json_array();
	json_t *retired = json_array();

	for (size_t i = 0; i < status->n; i++)
		json_add(rows, json_of_row(&status->rows[i]));
	for (size_t i = 0; i < status->n_retired; i++)
		json_add_text(retired, status->retired[i]);
	json_set_time(document, "at", run->ambient.now);
	json_set_count(document, "due", status->due);
	json_set(document, "certificates", rows);
	json_set(document, "cas", json_of_cas(status));
	json_set_text(document, "crl-due", status->crl_why);
	json_set(document, "retired", retired);
	json_set(document, "files", json_of_files(view->issue));
	json_set(document, "restarts", restartview_json(&status->restarts));
	json_set(document, "first-outage", json_of_outage(status));
	json_set(document, "ca-ends-too-soon", json_boolean(status->ca_ends));
	json_set(document, "latches", latchview_json(view->latches));
	json_set(document, "runs", json_of_runs(view->runs));
	json_set(document, "findings", json_of_findings(&run->report.findings));
	json_print(stdout, document);
}

/* --- the verb ------------------------------------------------------------------------ */

static int show(struct run *run, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	MICA_AUTO(status_clear) struct status status = { 0 };
	MICA_AUTO(token_latches_clear) struct token_latches latches = { NULL, 0 };
	MICA_AUTO(runs_clear) struct runs runs = { NULL, 0 };
	struct view view = { &status, &latches, &runs, issue };

	if (run_open(run, LEDGER_READ, ISSUE_STATE_NEEDED, &issue, err) < 0 ||
	    issue_status(issue, &status, err) < 0 ||
	    latchview_find(issue_inventory(issue), NULL, &latches, err) < 0 ||
	    runs_read(issue_inventory(issue)->state_dir, &runs, err) < 0)
		return -1;
	if (run->options.prometheus && statuspage_write(run, issue, &status, err) < 0)
		return -1;
	view.issue = issue;
	latchview_tell_all(&run->report.findings, &latches);
	report_findings(&run->report);
	if (run->options.json)
		print_json(run, &view);
	if (run_prints(run) && !run->options.prometheus)
		print_status(run, &view);
	if (run->options.exit_code && is_pending(&status, &latches))
		return EXIT_PENDING;
	return run->options.exit_code && is_unserved(&status) ? EXIT_UNSERVED : EXIT_DONE;
}

int verb_status(struct run *run, struct err *err)
{
	const char *page = run->options.prometheus;
	struct err why = ERR_INIT;
	int status;

	if (page && strcmp(page, "-") == 0 && run->options.json)
		return err_set(err, ERR_USAGE,
		    "--json and '--prometheus -' exclude each other: both want standard "
		    "output");
	status = show(run, err);
	if (status < 0 && page && statuspage_write_down(run, &why) < 0)
		findings_add(&run->report.findings, FINDING_WARNING, "no-page", NULL, NULL,
		    "the page '%s' is as it was: %s", page, why.text);
	return status;
}
