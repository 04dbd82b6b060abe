// SPDX-License-Identifier: Apache-2.0
/* nearest: what somebody who misspelt a word may have meant. */
#ifndef MICA_CLI_NEAREST_H
#define MICA_CLI_NEAREST_H

#include <stddef.h>

/* The candidate that takes the fewest edits (insert, delete, replace, swap neighbours) to get
 * to, or NULL when none is near: at most a third of the word. */
const char *nearest(const char *word, const char *const *candidates, size_t n);

#endif
