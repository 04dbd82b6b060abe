// SPDX-License-Identifier: Apache-2.0
/* restartview: the restarts that Milvus is owed, as plan, apply and status tell them. */
#ifndef MICA_CLI_RESTARTVIEW_H
#define MICA_CLI_RESTARTVIEW_H

#include <jansson.h>

#include "run.h"

/* How many of them apply would do itself. */
size_t restartview_count(const struct restarts *restarts);

/* For plan: "restart prod: docker compose restart standalone", on stdout. */
void restartview_plan(const struct restarts *restarts);

/* For status: "prod: restart owed since 2026-11-22: its certificate changed", on stdout. */
void restartview_owed(const struct restarts *restarts);

/* For apply: those that nobody else tells: by hand, and of no deployment that is watched. */
void restartview_next(struct run *run, const struct restarts *restarts);

/* A list of objects. */
json_t *restartview_json(const struct restarts *restarts);

/* What apply says while it takes its time. */
struct issue_telling restartview_telling(struct run *run);

#endif
