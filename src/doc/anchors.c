// SPDX-License-Identifier: Apache-2.0
#include "anchors.h"

#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

struct anchor {
	char *name;
	struct doc_node *node;
};

static int by_name(const void *a, const void *b)
{
	const struct anchor *left = a;
	const struct anchor *right = b;

	return strcmp(left->name, right->name);
}

static void anchor_free(void *item)
{
	struct anchor *anchor = item;

	free(anchor->name);
	free(anchor);
}

void anchors_note(struct anchors *anchors, const char *name, struct doc_node *node)
{
	struct anchor *anchor = mem_zalloc(sizeof(*anchor));
	struct anchor **found;

	anchor->name = mem_strdup(name);
	found = tsearch(anchor, &anchors->root, by_name);
	if (!found)
		abort(); /* out of memory, as in mem.h */
	if (*found != anchor)
		anchor_free(anchor);
	(*found)->node = node;
}

struct doc_node *anchors_find(const struct anchors *anchors, const char *name)
{
	const struct anchor sought = { (char *)(uintptr_t)name, NULL };
	struct anchor *const *found = tfind(&sought, &anchors->root, by_name);

	return found ? (*found)->node : NULL;
}

void anchors_clear(struct anchors *anchors)
{
	tdestroy(anchors->root, anchor_free);
	anchors->root = NULL;
}
