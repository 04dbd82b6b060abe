// SPDX-License-Identifier: Apache-2.0
#include "anchors.h"

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

void anchors_note(struct anchors *anchors, const char *name, struct doc_node *node)
{
	anchors->items =
	    mem_grow(anchors->items, &anchors->cap, anchors->n + 1, sizeof(*anchors->items));
	anchors->items[anchors->n++] = (struct anchor){ mem_strdup(name), node };
}

struct doc_node *anchors_find(const struct anchors *anchors, const char *name)
{
	for (size_t i = anchors->n; i > 0; i--) {
		if (strcmp(anchors->items[i - 1].name, name) == 0)
			return anchors->items[i - 1].node;
	}
	return NULL;
}

void anchors_clear(struct anchors *anchors)
{
	for (size_t i = 0; i < anchors->n; i++)
		free(anchors->items[i].name);
	free(anchors->items);
}
