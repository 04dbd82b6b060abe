// SPDX-License-Identifier: Apache-2.0
#include "changes.h"
#include "json.h"
#include "latchview.h"
#include "restartview.h"
#include "table.h"
#include "verbs.h"

static size_t count_due(const struct status *status)
{
	size_t due = 0;

	for (size_t i = 0; i < status->n; i++)
		due += status->rows[i].action != PLAN_KEEP;
	return due;
}

/* Delivered, and not yet where it should be. */
static bool is_unserved(const struct status *status)
{
	for (size_t i = 0; i < status->n; i++) {
		if (status->rows[i].awaited)
			return true;
	}
	return status->restarts.n > 0;
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
static void print_reason(const struct status_row *row)
{
	if (row->awaited && !row->owed && row->action == PLAN_KEEP)
		printf("%s: not yet seen at every endpoint: mica apply\n", row->entry);
	else if (row->action != PLAN_KEEP && (row->exists || row->kind == RECORD_CA))
		printf("%s: %s\n", row->entry, row->why);
	else if (row->kind == RECORD_CA && row->due < row->not_after)
		printf("%s: %s\n", row->entry, row->why); /* one above it ends before */
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

static void print_status(const struct run *run, const struct status *status)
{
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
		print_reason(&status->rows[i]);
	restartview_owed(&status->restarts);
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

static void print_json(
    const struct run *run, const struct status *status, const struct token_latches *latches)
{
	json_t *document = json_object();
	json_t *rows = json_array();

	for (size_t i = 0; i < status->n; i++)
		json_add(rows, json_of_row(&status->rows[i]));
	json_set_time(document, "at", run->ambient.now);
	json_set_count(document, "due", count_due(status));
	json_set(document, "certificates", rows);
	json_set(document, "restarts", restartview_json(&status->restarts));
	json_set(document, "first-outage", json_of_outage(status));
	json_set(document, "latches", latchview_json(latches));
	json_set(document, "findings", json_of_findings(&run->report.findings));
	json_print(stdout, document);
}

int verb_status(struct run *run, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	MICA_AUTO(status_clear) struct status status = { 0 };
	MICA_AUTO(token_latches_clear) struct token_latches latches = { NULL, 0 };

	if (run_open(run, LEDGER_READ, ISSUE_STATE_NEEDED, &issue, err) < 0 ||
	    issue_status(issue, &status, err) < 0 ||
	    latchview_find(issue_inventory(issue), NULL, &latches, err) < 0)
		return -1;
	latchview_tell_all(&run->report.findings, &latches);
	report_findings(&run->report);
	if (run->options.json)
		print_json(run, &status, &latches);
	if (run_prints(run))
		print_status(run, &status);
	if (run->options.exit_code && count_due(&status) > 0)
		return EXIT_PENDING;
	return run->options.exit_code && is_unserved(&status) ? EXIT_UNSERVED : EXIT_DONE;
}
