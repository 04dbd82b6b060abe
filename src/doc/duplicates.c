// SPDX-License-Identifier: Apache-2.0
#include "duplicates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

static int by_text(const void *a, const void *b)
{
	const struct doc_node *const *left = a;
	const struct doc_node *const *right = b;
	const int order = strcmp((*left)->text, (*right)->text);

	if (order != 0)
		return order;
	return ((*left)->start > (*right)->start) - ((*left)->start < (*right)->start);
}

void duplicates_judge(const struct doc_node *map, struct findings *findings)
{
	MICA_FREE struct doc_node **sorted = NULL;
	const struct doc_node *first;

	if (map->n < 2)
		return;
	sorted = mem_array(map->n, sizeof(struct doc_node *));
	memcpy(sorted, map->keys, map->n * sizeof(struct doc_node *));
	qsort(sorted, map->n, sizeof(struct doc_node *), by_text);
	first = sorted[0];
	for (size_t i = 1; i < map->n; i++) {
		char hint[64];

		if (strcmp(first->text, sorted[i]->text) != 0) {
			first = sorted[i];
			continue;
		}
		snprintf(hint, sizeof(hint), "the first one is on line %d", first->mark.line);
		doc_fault(findings, "duplicate-key", &sorted[i]->mark, hint,
		    "the key '%s' is there twice", first->text);
	}
}
