// SPDX-License-Identifier: Apache-2.0
/* issue_check: the deployments of the inventory judged by check.h: what lies there, what the ledger says
 * of it, what endpoints do. */
#ifndef MICA_ISSUE_CHECK_H
#define MICA_ISSUE_CHECK_H

#include <mica/check.h>
#include <mica/issue.h>

/* On a READ issue, which learns of nothing new by it. options: at, ahead and only hold. What is
 * found goes to findings, not to those of the issue. ERR_FAILED when it cannot be judged. */
int issue_check(struct issue *issue, const struct issue_plan_options *options,
    struct findings *findings, struct err *err) MICA_CHECKED;

#endif
