// SPDX-License-Identifier: Apache-2.0
/* Where the configuration stands in Helm's values and in a Milvus resource of the operator. */
#include "check_keys.h"

#include <string.h>

#include <mica/mem.h>

/* Of a key that stands twice, the last; the others are told. */
static const struct doc_node *member(
    const struct doc_node *map, const char *key, struct findings *findings)
{
	const struct doc_node *found = NULL;
	int first = 0;

	for (size_t i = 0; map && map->kind == DOC_MAP && i < map->n; i++) {
		if (map->keys[i]->kind != DOC_SCALAR || strcmp(map->keys[i]->text, key) != 0)
			continue;
		if (found)
			check_say(findings, CHECK_DUPLICATE_KEY, &map->keys[i]->mark,
			    "a second '%s' replaces the first, on line %d, and all that stands "
			    "under it",
			    key, first);
		first = map->keys[i]->mark.line;
		found = map->items[i];
	}
	return found;
}

static struct doc *read_text(const struct check_text *text, struct findings *findings)
{
	FINDINGS_AUTO faults = FINDINGS_INIT;
	struct doc *doc = doc_read_loose(text->file, text->text.data, text->text.len, &faults);

	for (size_t i = 0; i < faults.n; i++) {
		const struct mark mark = { text->file, faults.items[i].line,
			faults.items[i].column };

		check_unreadable(findings, &mark, faults.items[i].text);
	}
	return doc;
}

/* --- Helm ------------------------------------------------------------------------ */

/* The lines of a block scalar, and empty lines in place of all others: so marks in it are those
 * of the whole file. */
static bool block_lines(const struct buf *text, const struct doc_node *block, struct buf *ret)
{
	const char *bytes = buf_text(text);
	size_t begin = block->start;

	if (begin >= text->len || block->end > text->len ||
	    (bytes[begin] != '|' && bytes[begin] != '>'))
		return false;
	while (begin < block->end && bytes[begin] != '\n')
		begin++;
	for (size_t i = 0; i < begin; i++) {
		if (bytes[i] == '\n')
			buf_addstr(ret, "\n");
	}
	buf_add(ret, bytes + begin, block->end - begin);
	return true;
}

static void add_file(const struct check_text *values, const struct doc_node *node,
    struct config *config, struct findings *findings)
{
	BUF_AUTO lines = BUF_INIT;

	if (!node || node->kind != DOC_SCALAR)
		return;
	if (!block_lines(&values->text, node, &lines))
		buf_addstr(&lines, node->text);
	config_add_file(config, values->file, &lines, findings);
}

static bool says_something(const struct doc_node *node)
{
	MICA_FREE char *value = node && node->kind == DOC_SCALAR ? config_value(node) : NULL;

	return value && value[0] != '\0';
}

void check_helm(
    const struct check_text *values, struct config *config, struct findings *findings)
{
	static const char *const files[] = { "milvus.yaml", "default.yaml", "user.yaml" };
	MICA_AUTO(doc_freep) struct doc *doc = read_text(values, findings);
	const struct doc_node *root = doc ? doc_root(doc) : NULL;
	const struct doc_node *extra = member(root, "extraConfigFiles", findings);
	const struct doc_node *custom = member(root, "customConfigMap", findings);

	if (says_something(custom)) {
		check_say_as(findings, CHECK_HELM_CUSTOM_CONFIGMAP,
		    (struct check_how){ extra && extra->kind == DOC_MAP && extra->n > 0
		                            ? FINDING_ERROR
		                            : FINDING_WARNING,
		        NULL },
		    &custom->mark, "customConfigMap is '%s': %s", custom->text,
		    extra && extra->kind == DOC_MAP && extra->n > 0
		        ? "extraConfigFiles is not used"
		        : "what it holds is not seen here");
		return;
	}
	for (size_t i = 0; i < mem_count(files); i++)
		add_file(values, member(extra, files[i], findings), config, findings);
}

/* --- the operator ---------------------------------------------------------------- */

void check_operator(
    const struct check_text *resource, struct config *config, struct findings *findings)
{
	MICA_AUTO(doc_freep) struct doc *doc = read_text(resource, findings);
	const struct doc_node *spec = member(doc ? doc_root(doc) : NULL, "spec", findings);
	const struct doc_node *node = member(spec, "config", findings);

	if (node && node->kind == DOC_MAP)
		config_add_node(config, node, findings);
}
