// SPDX-License-Identifier: Apache-2.0
/* punycode: RFC 3492, as far as an A-label's validity needs it. */
#ifndef MICA_PKI_PUNYCODE_H
#define MICA_PKI_PUNYCODE_H

#include <stdbool.h>
#include <stddef.h>

/* Does it decode, to text of which at least one character is not ASCII, and none beyond ASCII
 * is a control character or a surrogate? What else IDNA 2008 says of those characters is the
 * inventory's business (names.h). */
bool punycode_is_valid(const char *text, size_t len);

#endif
