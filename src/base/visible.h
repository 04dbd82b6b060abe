// SPDX-License-Identifier: Apache-2.0
/* visible: text from outside made fit for a terminal: control characters become \xNN, UTF-8
 * stays. */
#ifndef MICA_VISIBLE_H
#define MICA_VISIBLE_H

#include <stddef.h>

void visible_copy(char *to, size_t size, const char *from);
char *visible_dup(const char *from); /* free() it */

#endif
