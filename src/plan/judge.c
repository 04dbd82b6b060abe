// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mica/file.h>
#include <mica/mem.h>

#include "path.h"

enum { MAX_ENTRY_NAME = 63 };

struct mark judge_mark(const struct judge *judge, const struct doc_node *node)
{
	return (struct mark){ judge->inventory->file, node->mark.line, node->mark.column };
}

void judge_error(
    struct judge *judge, const struct doc_node *node, const char *rule, const struct err *err)
{
	doc_fault(judge->findings, rule, &node->mark, err->hint[0] != '\0' ? err->hint : NULL,
	    "%s", err->text);
}

char *judge_name(struct judge *judge, const struct schema_value *value)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *name = schema_text(value);

	if (!name)
		return NULL;
	if (strchr(first, name[0]) && name[strspn(name, rest)] == '\0' &&
	    strlen(name) <= MAX_ENTRY_NAME)
		return mem_strdup(name);
	doc_fault(judge->findings, "entry-name", &value->node->mark,
	    "small letters, digits, '.', '_' and '-', the first a letter or digit, at most 63",
	    "'%s' cannot be the name of an entry", name);
	return NULL;
}

char *judge_path(struct judge *judge, const struct schema_value *value)
{
	const char *text = schema_text(value);
	MICA_FREE char *tidy = NULL;

	if (!text)
		return NULL;
	if (strlen(text) > PATH_MAX / 2) {
		doc_fault(
		    judge->findings, "path", &value->node->mark, NULL, "the path is too long");
		return NULL;
	}
	tidy = path_tidy(text);
	return file_join(judge->inventory->dir, tidy);
}

static int by_name(const void *a, const void *b, void *context)
{
	const struct named *named = context;
	const size_t left = *(const size_t *)a;
	const size_t right = *(const size_t *)b;
	int order;

	if (!named[left].name || !named[right].name)
		order = !named[left].name - !named[right].name;
	else
		order = strcmp(named[left].name, named[right].name);
	return order != 0 ? order : (left > right) - (left < right);
}

size_t *judge_order(struct judge *judge, const struct named *named, size_t n)
{
	size_t *order = mem_array(n, sizeof(*order));
	const struct named *first = NULL;

	for (size_t i = 0; i < n; i++)
		order[i] = i;
	if (n > 1)
		qsort_r(order, n, sizeof(*order), by_name, (void *)(uintptr_t)named);
	for (size_t i = 0; i < n && named[order[i]].name; i++) {
		const struct named *item = &named[order[i]];
		char hint[64];

		if (!first || strcmp(first->name, item->name) != 0) {
			first = item;
			continue;
		}
		snprintf(
		    hint, sizeof(hint), "the first one is on line %d", first->node->mark.line);
		doc_fault(judge->findings, "duplicate-name", &item->node->mark, hint,
		    "the name '%s' is there twice", item->name);
	}
	return order;
}
