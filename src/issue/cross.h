// SPDX-License-Identifier: Apache-2.0
/*
 * cross: the old CA's certificate for the new CA's key (cross-sign), which passes the gate in the batch of
 * the run that makes it. In the ledger it is a record of kind "ca" with the entry "NEW:cross", which no
 * entry of an inventory can be called, and with the old CA as the one that signs.
 */
#ifndef MICA_ISSUE_CROSS_H
#define MICA_ISSUE_CROSS_H

#include "issue_private.h"

/* What the ledger has: what the CAs issue brings it along from then on. */
int cross_read(struct issue *issue, struct err *err) MICA_CHECKED;

/* Whether the issuing CA is to certify another one: one in each run. ret_n: 0 or 1. ERR_REFUSED where there
 * can be none: the issuing one may not, or the CA that wants it issues by now. */
int cross_plan(
    struct issue *issue, struct cross_fact *ret, size_t *ret_n, struct err *err) MICA_CHECKED;

/* Drafts and lints what was planned; nothing where nothing was. */
int cross_approve(struct issue *issue, struct err *err) MICA_CHECKED;
/* Ready to be intended, but for its state. Its approval is given away. */
void cross_fill(struct issue *issue, struct record *ret, struct approval **ret_approval);
/* It was signed and recorded: an older one is history. */
int cross_signed(struct issue *issue, int64_t seq, struct err *err) MICA_CHECKED;
void cross_clear(struct cross *cross);

#endif
