// SPDX-License-Identifier: Apache-2.0
/* keyview: tokens and keys as they are shown. */
#ifndef MICA_CLI_KEYVIEW_H
#define MICA_CLI_KEYVIEW_H

#include <jansson.h>

#include <mica/token.h>

#include "table.h"

/* One row for what it is, one for what the token says it may: "sensitive, not extractable, ..."
 */
void keyview_summary(struct table *table, const struct token_key *key);

/* Two columns: "label", "extractable", ... and what the token says. */
void keyview_rows(struct table *table, const struct token_key *key);
json_t *keyview_json(const struct token_key *key);

/* "fine", "locked", "one try left", "a wrong one was tried", "on a pad", "not needed", "token
 * is blank" */
const char *keyview_pin(const struct token_info *info);
json_t *keyview_token_json(const struct token_info *info);

/* name and value as a row of a table of two columns */
void keyview_row(struct table *table, const char *name, const char *value);

#endif
