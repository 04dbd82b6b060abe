// SPDX-License-Identifier: Apache-2.0
/*
 * owed: the restart that a deployment is owed, noted in the ledger before anything that Milvus
 * reads changes, and until it was seen to be done. A crash in between owes one too many, never
 * one too few.
 *
 * Remembered are the deployments where something can come of it: those with `restart` or
 * `endpoints`.
 */
#ifndef MICA_ISSUE_OWED_H
#define MICA_ISSUE_OWED_H

#include "issue_private.h"

enum owed_change {
	OWED_CERTIFICATE = 1,
	OWED_TRUST = 2,         /* ca.pem */
	OWED_FILES = 4,         /* the same files, delivered again */
	OWED_CONFIGURATION = 8, /* what Milvus is told: user.yaml, ... */
};

/* What endpoints show of the newest change once Milvus has been started since. */
enum owed_sign { OWED_SIGN_NONE, OWED_SIGN_CERTIFICATE, OWED_SIGN_TRUST };

struct owed {
	int64_t since;    /* 0: nothing is owed */
	unsigned changes; /* enum owed_change */
	enum owed_sign sign;
};

bool owed_is_kept(const struct inv_deployment *deployment);

/* Nothing when there is no ledger yet. */
int owed_read(struct issue *issue, const struct inv_deployment *deployment, struct owed *ret,
    struct err *err) MICA_CHECKED;

/* What the plan changes of what this deployment's Milvus reads: enum owed_change. */
unsigned owed_planned(const struct issue *issue, size_t deployment);

/* Notes the changes of the plan, of all deployments, before they are made. */
int owed_note_plan(struct issue *issue, struct err *err) MICA_CHECKED;

/* Notes that the certificate is about to be delivered to all its places (again). */
int owed_note_certificate(
    struct issue *issue, size_t certificate, struct err *err) MICA_CHECKED;

/* It was restarted. */
int owed_settle(
    struct issue *issue, const struct inv_deployment *deployment, struct err *err) MICA_CHECKED;

/* "its certificate and its configuration changed"; appended */
void owed_why(unsigned changes, struct buf *ret);

#endif
