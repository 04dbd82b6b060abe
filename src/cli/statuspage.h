// SPDX-License-Identifier: Apache-2.0
/* statuspage: the page of `mica status --prometheus`, gathered and written. */
#ifndef MICA_CLI_STATUSPAGE_H
#define MICA_CLI_STATUSPAGE_H

#include "run.h"

/* Writes the file, or standard output for "-". */
int statuspage_write(struct run *run, struct issue *issue, const struct status *status,
    struct err *err) MICA_CHECKED;

/* The page that says that nothing could be read, so that whoever watches learns of it. */
int statuspage_write_down(struct run *run, struct err *err) MICA_CHECKED;

#endif
