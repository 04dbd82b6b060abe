// SPDX-License-Identifier: Apache-2.0
/* arena: memory for the nodes of one document, freed all at once. */
#ifndef MICA_DOC_ARENA_H
#define MICA_DOC_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *newest; /* NULL: nothing was taken yet */
};

void *arena_get(struct arena *arena, size_t size); /* zeroed, aligned for any type */
char *arena_text(struct arena *arena, const char *text, size_t len); /* with a NUL behind it */
void arena_clear(struct arena *arena);

#endif
