// SPDX-License-Identifier: Apache-2.0
/* meant: which certificate somebody means, who names its entry or gives its serial number in
 * hex. */
#ifndef MICA_ISSUE_MEANT_H
#define MICA_ISSUE_MEANT_H

#include "issue_private.h"

/* An entry's newest record, its active one if it has one; or the one with this serial, of any
 * CA. ERR_NOT_FOUND and ERR_AMBIGUOUS say what is near. */
int meant_find(
    struct issue *issue, const char *what, struct record *ret, struct err *err) MICA_CHECKED;

#endif
