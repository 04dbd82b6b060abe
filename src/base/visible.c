// SPDX-License-Identifier: Apache-2.0
#include "visible.h"

#include <stdio.h>
#include <string.h>

#include <mica/mem.h>

void visible_copy(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from; from++) {
		unsigned char c = (unsigned char)*from;
		int written;

		if (c >= 0x20 && c != 0x7f) {
			if (n + 1 >= size)
				break;
			to[n++] = *from;
			continue;
		}
		if (n + 5 > size)
			break;
		written = snprintf(to + n, size - n, "\\x%02x", c);
		n += (size_t)written;
	}
	to[n] = '\0';
}

char *visible_dup(const char *from)
{
	size_t size = strlen(from) * 4 + 1;
	char *copy = mem_zalloc(size);

	visible_copy(copy, size, from);
	return copy;
}
