// SPDX-License-Identifier: Apache-2.0
/* changes: a plan, as plan prints what would be done and apply what was. */
#ifndef MICA_CLI_CHANGES_H
#define MICA_CLI_CHANGES_H

#include <jansson.h>

#include "run.h"

/* Checks the options that plan, apply and rotate share against the inventory, and fills them
 * in. force borrows from run. */
int changes_options(const struct run *run, const struct inventory *inventory,
    struct issue_plan_options *ret, struct err *err) MICA_CHECKED;

/* How many things differ from what they should be: entries and configuration files. */
size_t changes_count(const struct issue *issue, const struct plan *plan);

/* The entries to do something for, and a CRL that is due; with --verbose those that are kept as
 * well. */
void changes_table(const struct run *run, const struct issue *issue, const struct plan *plan);

/* "2 certificates and a CRL": what there is to sign; appended */
void changes_signatures(const struct plan *plan, struct buf *ret);

/* "nothing to do: 12 certificates, the next is due on 2026-12-01 (server)" */
void changes_none(const struct issue *issue, const struct plan *plan);

/* "items", "files" and "crl": every entry, the files that are written, the issuing CA's CRL. */
void changes_json(json_t *document, const struct issue *issue, const struct plan *plan);

/* "1 file", "3 files" into text */
const char *count_of(size_t n, const char *singular, const char *plural, char ret[static 64]);

/* The same, appended to line behind a comma; nothing for 0. */
void count_add(struct buf *line, size_t n, const char *singular, const char *plural);

#endif
