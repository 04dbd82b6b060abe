// SPDX-License-Identifier: Apache-2.0
/*
 * generations: one CA after the other. First everybody trusts the new one and has been seen to, then it
 * issues, then the old one is dropped; what would break somebody in between is held, or refused.
 */
#ifndef MICA_ISSUE_GENERATIONS_H
#define MICA_ISSUE_GENERATIONS_H

#include "issue_private.h"

/* Says of each entry that another CA issued whether the issuing one may issue it now, and if not, why.
 * Entries and places are known. */
int generations_hold(struct issue *issue, struct err *err) MICA_CHECKED;

/* ERR_REFUSED when a CA that is retired, or has left the list, is still needed: the findings name every
 * endpoint, client and certificate. In WRITE mode it notes which of them are not, so that nobody has to look
 * for their certificates again: none is made any more. */
int generations_check_retired(struct issue *issue, struct err *err) MICA_CHECKED;

/* Warns when the plan delivers the issuing CA's certificate to clients and the same run goes on to issue
 * their servers' by it: who read ca.pem before verifies them no more. */
void generations_warn_at_once(struct issue *issue);

/* Warns of CAs that near their end at this time, and of those that have no certificate. */
void generations_warn(struct issue *issue, int64_t now);

#endif
