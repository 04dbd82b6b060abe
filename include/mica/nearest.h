// SPDX-License-Identifier: Apache-2.0
/*
 * nearest: of the words that are known, the one that what was written is most likely a slip of.
 *
 * Counted are the edits from one to the other: a letter put in, taken out or replaced, or two
 * neighbours swapped. More than a third of the letters, and it was no slip.
 */
#ifndef MICA_NEAREST_H
#define MICA_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;
	const char *best; /* NULL: none is near; of the equally near, the first offered */
	size_t distance;
};

#define NEAREST_INIT(word)                                                                     \
	{                                                                                      \
		(word), NULL, 0                                                                \
	}

/* Both words stay the caller's, and must outlive nearest. */
void nearest_offer(struct nearest *nearest, const char *candidate);
/* "did you mean 'x'?", or NULL; free() it */
char *nearest_hint(const struct nearest *nearest);

#endif
