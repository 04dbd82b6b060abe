// SPDX-License-Identifier: Apache-2.0
#include "restart.h"

#include <string.h>

#include <mica/child.h>

enum { LINES_TOLD = 20, MS = 1000 };

/* The last lines, without the empty ones. A carriage return ends a line too: a progress bar is
 * many of them. */
static void tell_output(struct issue *issue, const struct mark *where, const struct buf *said)
{
	const char *lines[LINES_TOLD];
	MICA_FREE char *text = mem_strdup(buf_text(said));
	char *rest = text;
	size_t n = 0;

	for (char *line; (line = strsep(&rest, "\r\n"));) {
		if (line[0] != '\0')
			lines[n++ % LINES_TOLD] = line;
	}
	for (size_t i = n > LINES_TOLD ? n - LINES_TOLD : 0; i < n; i++)
		findings_add(issue->findings, FINDING_WARNING, "restart-said", where, NULL,
		    "it said: %s", lines[i % LINES_TOLD]);
}

static void tell_failure(struct issue *issue, const struct inv_deployment *deployment,
    const struct child_result *result)
{
	const struct mark where = { deployment->name, 0, 0 };
	BUF_AUTO end = BUF_INIT;

	child_describe(result, &end);
	findings_add(issue->findings, FINDING_WARNING, "restart-failed", &where, NULL,
	    "the restart failed: '%s': %s", deployment->restart[0], buf_text(&end));
	tell_output(issue, &where, &result->said);
}

/* Its next write would end it, when mica is long gone. */
static void tell_held(struct issue *issue, const struct inv_deployment *deployment)
{
	const struct mark where = { deployment->name, 0, 0 };

	findings_add(issue->findings, FINDING_WARNING, "restart-holds", &where,
	    "give what it leaves running an output of its own: >>milvus.log 2>&1",
	    "what the restart left running still writes to mica, and ends when it next does");
}

bool restart_run(struct issue *issue, const struct inv_deployment *deployment)
{
	const struct mark where = { deployment->name, 0, 0 };
	MICA_AUTO(child_result_clear) struct child_result result = { .said = BUF_INIT };
	struct err err = ERR_INIT;

	if (child_run(deployment->restart, issue->inventory->dir, deployment->deadline * MS,
	        &result, &err) < 0) {
		findings_add(issue->findings, FINDING_WARNING, "restart-failed", &where,
		    "'restart' names a program and its arguments; it runs in the directory of "
		    "the inventory",
		    "the restart failed: %s", err.text);
		return false;
	}
	if (result.held)
		tell_held(issue, deployment);
	if (result.end == CHILD_EXITED && result.value == 0)
		return true;
	tell_failure(issue, deployment, &result);
	return false;
}
