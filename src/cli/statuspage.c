// SPDX-License-Identifier: Apache-2.0
#include "statuspage.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/file.h>
#include <mica/token.h>

#include "prometheus.h"

/* Whoever collects it is somebody else. */
enum { PAGE_MODE = 0644 };

/* One rename: the collector sees the old page or the new. It reads what ends in ".prom", which
 * the temporary name of file_replace() does not. */
static int put(const struct run *run, const struct page *page, struct err *err)
{
	const char *path = run->options.prometheus;
	BUF_AUTO text = BUF_INIT;

	prometheus_page(page, &text);
	if (strcmp(path, "-") != 0)
		return file_replace(AT_FDCWD, path, text.data, text.len, PAGE_MODE, err);
	fwrite(text.data, 1, text.len, stdout); /* cli_main() looks whether it arrived */
	return 0;
}

static int count_latches(const struct inventory *inventory, size_t *ret, struct err *err)
{
	for (size_t i = 0; i < inventory->n_cas; i++) {
		MICA_AUTO(token_latches_clear) struct token_latches latches = { NULL, 0 };

		if (token_latches(inventory->state_dir, inventory->cas[i].key, &latches, err) <
		    0)
			return -1;
		ret[i] = latches.n;
	}
	return 0;
}

int statuspage_write(
    struct run *run, struct issue *issue, const struct status *status, struct err *err)
{
	const struct inventory *inventory = issue_inventory(issue);
	MICA_FREE size_t *latches = mem_array(inventory->n_cas, sizeof(*latches));
	MICA_AUTO(runs_clear) struct runs runs = { NULL, 0 };
	struct page page = {
		.now = run->ambient.now, .status = status, .inventory = inventory
	};
	struct stage *stages = NULL;
	int written;

	if (count_latches(inventory, latches, err) < 0 ||
	    runs_read(inventory->state_dir, &runs, err) < 0 ||
	    issue_stages(issue, &stages, &page.n_stages, err) < 0)
		return -1;
	page.runs = &runs;
	page.latches = latches;
	page.stages = stages;
	written = put(run, &page, err);
	stages_free(stages, page.n_stages);
	return written;
}

int statuspage_write_down(struct run *run, struct err *err)
{
	MICA_AUTO(runs_clear) struct runs runs = { NULL, 0 };
	MICA_FREE char *state_dir = run_state_dir(run);
	struct page page = { .now = run->ambient.now };
	struct err ignored = ERR_INIT; /* the page can say that much without it */

	if (state_dir && runs_read(state_dir, &runs, &ignored) == 0)
		page.runs = &runs;
	return put(run, &page, err);
}
