// SPDX-License-Identifier: Apache-2.0
/*
 * prometheus: what `mica status --prometheus` writes: the text format of Prometheus, version
 * 0.0.4, for a textfile collector. docs/unattended.md tells what each metric means.
 *
 * All that has to do with time is a time, in seconds since 1970, and not how long it is until
 * then: the page stays right while it gets old.
 */
#ifndef MICA_CLI_PROMETHEUS_H
#define MICA_CLI_PROMETHEUS_H

#include <mica/buf.h>
#include <mica/issue.h>
#include <mica/runs.h>

struct page {
	int64_t now;
	const struct runs *runs; /* NULL: not known */
	/* NULL: inventory or ledger could not be read, and the page says no more than that */
	const struct status *status;
	const struct inventory *inventory;
	const struct stage *stages;
	size_t n_stages;
	const size_t *latches; /* for each CA of the inventory */
};

void prometheus_page(const struct page *page, struct buf *ret);

/* name="value", escaped; a comma before it unless it is the first behind the brace */
void prometheus_label(struct buf *to, const char *name, const char *value);

#endif
