// SPDX-License-Identifier: Apache-2.0
/* restart: the command that the inventory names for a deployment, run to its end. */
#ifndef MICA_ISSUE_RESTART_H
#define MICA_ISSUE_RESTART_H

#include "issue_private.h"

/* Whether it succeeded within its deadline; if not, the findings say what it came to and what
 * it said. */
bool restart_run(struct issue *issue, const struct inv_deployment *deployment);

#endif
