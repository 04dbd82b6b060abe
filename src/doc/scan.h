// SPDX-License-Identifier: Apache-2.0
/* scan: the characters of a text, judged before a parser sees them. */
#ifndef MICA_DOC_SCAN_H
#define MICA_DOC_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include <mica/findings.h>

/* false when there is a fault: not UTF-8, a byte order mark, a hidden character, a stray
 * carriage return */
bool scan_text(const char *file, const char *text, size_t len, struct findings *findings);

/* Where a scalar's value, escapes undone, has a control character but for tab and line feed:
 * its code point, or -1. */
long scan_value(const char *text, size_t len);

#endif
