// SPDX-License-Identifier: Apache-2.0
/*
 * seen: the record whose certificate all endpoints of a deployment presented when they were last
 * seen to agree. It is noted in the ledger under the deployment's name, with the endpoints that
 * these were: as soon as the inventory names others, nothing is known.
 */
#ifndef MICA_ISSUE_SEEN_H
#define MICA_ISSUE_SEEN_H

#include "issue_private.h"

/* *ret_seq 0: none is known. */
int seen_read(struct issue *issue, const struct inv_deployment *deployment, int64_t *ret_seq,
    struct err *err) MICA_CHECKED;
int seen_note(struct issue *issue, const struct inv_deployment *deployment, int64_t seq,
    struct err *err) MICA_CHECKED;

#endif
