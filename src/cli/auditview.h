// SPDX-License-Identifier: Apache-2.0
/* auditview: what an audit found, for people and for programs. What is wrong is the report's.
 */
#ifndef MICA_CLI_AUDITVIEW_H
#define MICA_CLI_AUDITVIEW_H

#include <mica/audit.h>

#include "run.h"

struct auditfile;

/* Everything is borrowed. */
struct auditview {
	const struct audit_subject *subject;
	const struct audit_result *result;
	const struct auditfile *evidence; /* NULL: it was the ledger in a state directory */
};

/* A summary; with --verbose every record. */
int auditview_print(
    const struct run *run, const struct auditview *view, struct err *err) MICA_CHECKED;
int auditview_json(
    const struct run *run, const struct auditview *view, struct err *err) MICA_CHECKED;

/* What --accept-restore took over. */
void auditview_accepted(struct run *run, const struct audit_accepted *accepted);
void auditview_accepted_json(const struct run *run, const struct audit_accepted *accepted);

#endif
