// SPDX-License-Identifier: Apache-2.0
/* making: one CA on its way to a certificate, or to a request for one; with a login of its own. */
#ifndef MICA_CLI_MAKING_H
#define MICA_CLI_MAKING_H

#include <jansson.h>

#include "run.h"

/* Says what can be refused without the token. */
int making_settle(struct run *run, const struct issue_init_options *options, const char *name,
    struct err *err) MICA_CHECKED;

/* Makes it, shows it, and appends it to list, as JSON. */
int making_do(struct run *run, const struct issue_init_options *options, const char *name,
    json_t *list, struct err *err) MICA_CHECKED;

#endif
