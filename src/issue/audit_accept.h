// SPDX-License-Identifier: Apache-2.0
/* What the files of --accept-restore share: audit_accept.c leads, audit_take.c has the
 * certificates. */
#ifndef MICA_ISSUE_AUDIT_ACCEPT_H
#define MICA_ISSUE_AUDIT_ACCEPT_H

#include "audit_private.h"
#include "issue_private.h"

struct accepting {
	struct issue *issue;
	const struct audit_subject *subject;
	const struct audit_result *result;
	struct audit_accepted *done;
};

/* As a record of the entry where it lies: delivered there, or superseded when only an older
 * generation has it. One that is a record by now is left. */
int accept_certificate(struct accepting *accepting, const struct audit_unknown *unknown,
    struct err *err) MICA_CHECKED;

#endif
