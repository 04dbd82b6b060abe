// SPDX-License-Identifier: Apache-2.0
/* copy: the token's copy of the CA certificate, which is for other programs: mica reads its
 * own. */
#ifndef MICA_CLI_COPY_H
#define MICA_CLI_COPY_H

#include <mica/issue.h>

#include "login.h"
#include "run.h"

/* Stores der beside the key of this login. What goes wrong is a warning: where it may go well
 * another time, the next init tries again (copy_late). */
int copy_store(struct run *run, struct issue *issue, struct login *login, const struct buf *der,
    const struct token_key *key, struct err *err) MICA_CHECKED;

/* This CA has its certificate; stores the copy where an earlier init died or lost the token
 * before it could, with a login. *ret_stored: it is there now. */
int copy_late(struct run *run, struct issue *issue, const struct inv_ca *ca, bool *ret_stored,
    struct err *err) MICA_CHECKED;

#endif
