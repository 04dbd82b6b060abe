// SPDX-License-Identifier: Apache-2.0
/*
 * progress: a bar on a terminal while work takes long; nothing when it is short or nobody
 * looks. May be called from many threads.
 */
#ifndef MICA_CLI_PROGRESS_H
#define MICA_CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <mica/approval.h>

#include "effort.h"
#include "report.h"

struct progress {
	const char *what;     /* "signing" */
	FILE *to;             /* NULL: none is shown */
	int64_t begun, drawn; /* milliseconds */
	bool visible;
	const struct effort *effort; /* NULL: nobody is asked for anything */
	struct report *report;
	pthread_mutex_t lock;
};

/* A bar beside this report: shown when its stream is a terminal and it is not quiet. */
void progress_begin(struct progress *progress, const char *what, const struct report *report);
/* Instead of the bar: what somebody has to do, as each signature begins. */
void progress_ask(
    struct progress *progress, const struct effort *effort, struct report *report);
struct approvals_progress progress_callback(struct progress *progress);
void progress_end(struct progress *progress); /* takes the bar away */

#endif
