// SPDX-License-Identifier: Apache-2.0
/* Looking into tables, and into what was read by them. */
#include <mica/schema.h>

#include "plain.h"

static const struct schema_key *walk(const struct schema *schema, size_t *left)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct schema_key *key = &schema->keys[i];
		const struct schema_key *found = key;

		if ((*left)-- == 0)
			return key;
		if (!key->sub)
			continue;
		found = walk(key->sub, left);
		if (found)
			return found;
	}
	return NULL;
}

const struct schema_key *schema_walk(const struct schema *schema, size_t i)
{
	return walk(schema, &i);
}

const char *schema_text(const struct schema_value *value)
{
	return value->node ? value->node->text : NULL;
}

size_t schema_count(const struct schema_value *list)
{
	return list->node ? list->node->n : 0;
}

const char *schema_item(const struct schema_value *list, size_t i)
{
	const struct doc_node *item = list->node->items[i];

	return item->kind == DOC_SCALAR && item->text[0] != '\0' && !plain_null(item)
	           ? item->text
	           : NULL;
}
