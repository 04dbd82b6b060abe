// SPDX-License-Identifier: Apache-2.0
#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

enum { BLOCK_SIZE = 32 << 10 };

struct arena_block {
	struct arena_block *older;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *new_block(struct arena *arena, size_t size)
{
	struct arena_block *block = mem_zalloc(sizeof(*block) + size);

	block->size = size;
	block->older = arena->newest;
	arena->newest = block;
	return block;
}

void *arena_get(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *block = arena->newest;
	void *got;

	size = (size + align - 1) / align * align;
	if (!block || block->size - block->used < size)
		block = new_block(arena, size > BLOCK_SIZE ? size : BLOCK_SIZE);
	got = block->bytes + block->used;
	block->used += size;
	return got;
}

char *arena_text(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_get(arena, len + 1);

	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

void arena_clear(struct arena *arena)
{
	while (arena->newest) {
		struct arena_block *block = arena->newest;

		arena->newest = block->older;
		free(block);
	}
}
