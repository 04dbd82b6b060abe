// SPDX-License-Identifier: Apache-2.0
#include "restartview.h"

#include <string.h>

#include "json.h"

/* For people, who see where a word with blanks ends. */
static void add_words(char *const *argv, struct buf *ret)
{
	for (size_t i = 0; argv[i]; i++) {
		const char *quote = strpbrk(argv[i], " '\"") || argv[i][0] == '\0' ? "'" : "";

		buf_printf(ret, "%s%s%s%s", i > 0 ? " " : "", quote, argv[i], quote);
	}
}

size_t restartview_count(const struct restarts *restarts)
{
	size_t n = 0;

	for (size_t i = 0; i < restarts->n; i++)
		n += restarts->rows[i].argv != NULL;
	return n;
}

void restartview_plan(const struct restarts *restarts)
{
	for (size_t i = 0; i < restarts->n; i++) {
		const struct restart_row *row = &restarts->rows[i];
		BUF_AUTO words = BUF_INIT;
		char date[CLOCK_TEXT];

		if (!row->argv)
			continue;
		add_words(row->argv, &words);
		printf("restart %s: %s", row->deployment, buf_text(&words));
		if (row->since != 0)
			printf(" (owed since %s)", clock_date(row->since, date));
		printf("\n");
	}
}

void restartview_owed(const struct restarts *restarts)
{
	for (size_t i = 0; i < restarts->n; i++) {
		const struct restart_row *row = &restarts->rows[i];
		char date[CLOCK_TEXT];

		printf("%s: restart owed since %s: %s%s\n", row->deployment,
		    clock_date(row->since, date), row->why,
		    row->argv ? "; mica apply" : "; restart Milvus, then mica apply");
	}
}

void restartview_next(struct run *run, const struct restarts *restarts)
{
	BUF_AUTO names = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < restarts->n; i++) {
		const struct restart_row *row = &restarts->rows[i];

		if (!row->argv && !row->kept && !row->rolls)
			buf_printf(&names, "%s%s", n++ > 0 ? ", " : "", row->deployment);
	}
	if (n > 0)
		report_talk(&run->report,
		    "next: restart Milvus (%s), which reads its files only when it starts",
		    buf_text(&names));
}

json_t *restartview_json(const struct restarts *restarts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < restarts->n; i++) {
		const struct restart_row *row = &restarts->rows[i];
		json_t *item = json_object();
		json_t *words = row->argv ? json_array() : json_null();

		for (size_t k = 0; row->argv && row->argv[k]; k++)
			json_add_text(words, row->argv[k]);
		json_set_text(item, "deployment", row->deployment);
		json_set(item, "restart", words);
		json_set_time(item, "owed-since", row->since);
		json_set_text(item, "why", row->why);
		json_add(list, item);
	}
	return list;
}

/* --- while it goes on -------------------------------------------------------------------- */

static void tell_restarting(void *context, const struct inv_deployment *deployment)
{
	struct run *run = context;
	BUF_AUTO words = BUF_INIT;

	add_words(deployment->restart, &words);
	report_talk(&run->report, "restarting %s: %s", deployment->name, buf_text(&words));
}

static void tell_waiting(void *context, const struct inv_deployment *deployment)
{
	struct run *run = context;
	char span[CLOCK_TEXT];

	report_talk(&run->report, "waiting for %s to serve what was delivered, at most %s",
	    deployment->name, clock_span(deployment->deadline, span));
}

struct issue_telling restartview_telling(struct run *run)
{
	return (struct issue_telling){ tell_restarting, tell_waiting, run };
}
