// SPDX-License-Identifier: Apache-2.0
/* utf8: characters of a UTF-8 text (RFC 3629). */
#ifndef MICA_UTF8_H
#define MICA_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads one character of at most len bytes; returns how many bytes it takes, or 0 when they are
 * not UTF-8: over-long, a surrogate, beyond U+10FFFF, cut off. */
size_t utf8_next(const char *text, size_t len, uint32_t *ret);

/* C0 and C1 controls and DEL, line and paragraph separators, and what is invisible or turns the
 * direction of the text round, so that a reviewer sees another text than the program. */
bool utf8_hidden(uint32_t c);

#endif
