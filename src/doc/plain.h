// SPDX-License-Identifier: Apache-2.0
/* plain: what a scalar without quotes means, here and to other YAML parsers. */
#ifndef MICA_DOC_PLAIN_H
#define MICA_DOC_PLAIN_H

#include <stdbool.h>

#include <mica/doc.h>

/* the word as it stands, without quotes */
bool plain_is(const struct doc_node *node, const char *word);

/* nothing at all, null, ~ */
bool plain_null(const struct doc_node *node);

/* what others read as a boolean, though only `true` and `false` are taken: yes, On, N */
bool plain_boolean(const struct doc_node *node);

/* what others read as a number: 12, -1, 0x1f, 1e3, 2.6, .5, 1_000, .inf; any scalar */
bool plain_numeric(const struct doc_node *node);

#endif
