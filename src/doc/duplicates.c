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

const struct doc_node **doc_sorted_keys(const struct doc_node *map, size_t *ret_n)
{
	const struct doc_node **keys = mem_array(map->n + 1, sizeof(*keys));
	size_t n = 0;

	for (size_t i = 0; i < map->n; i++) {
		if (map->keys[i]->kind == DOC_SCALAR)
			keys[n++] = map->keys[i];
	}
	if (n > 0)
		qsort(keys, n, sizeof(*keys), by_text);
	*ret_n = n;
	return keys;
}

void duplicates_judge(const struct doc_node *map, struct findings *findings)
{
	size_t n = 0;
	MICA_FREE const struct doc_node **sorted = doc_sorted_keys(map, &n);
	const struct doc_node *first = sorted[0];

	for (size_t i = 1; i < n; i++) {
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
