// SPDX-License-Identifier: Apache-2.0
#include "tree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include <mica/mem.h>

enum { MAX_DEPTH = 64 };

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the newest; deleted by the next read */
	const char *file;
	const struct buf *text;
	struct findings *findings;
	/* libyaml's marks count characters: where the last one asked for lies in bytes */
	size_t characters, bytes;
};

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < tree->n; i++) {
		if (tree->kind == TREE_MAP)
			tree_free(tree->keys[i]);
		tree_free(tree->items[i]);
	}
	free(tree->keys);
	free(tree->items);
	free(tree->text);
	free(tree);
}

size_t tree_find(const struct tree *map, const char *key, size_t len)
{
	size_t i = 0;

	for (; i < map->n; i++) {
		const char *text = map->keys[i]->text;

		if (text && strlen(text) == len && memcmp(text, key, len) == 0)
			break;
	}
	return i;
}

/* Marks of one pass never go back far: walk from the last one. */
static size_t byte_of(struct reader *reader, size_t character)
{
	const unsigned char *data = reader->text->data;

	if (character < reader->characters)
		reader->characters = reader->bytes = 0;
	while (reader->characters < character && reader->bytes < reader->text->len) {
		reader->bytes++;
		while (
		    reader->bytes < reader->text->len && (data[reader->bytes] & 0xc0) == 0x80)
			reader->bytes++;
		reader->characters++;
	}
	return reader->bytes;
}

static int count_int(size_t n)
{
	return n < INT_MAX ? (int)n + 1 : INT_MAX;
}

static struct mark mark_at(const struct reader *reader, yaml_mark_t at)
{
	return (struct mark){ reader->file, count_int(at.line), count_int(at.column) };
}

static int fault(struct reader *reader, const struct mark *mark, const char *what)
{
	findings_add(reader->findings, FINDING_ERROR, "yaml", mark, NULL, "%s", what);
	return -1;
}

/* A fault in the encoding has a byte offset and no mark of use. */
static struct mark mark_of_byte(const struct reader *reader, size_t offset)
{
	struct mark mark = { reader->file, 1, 1 };

	for (size_t i = 0; i < offset && i < reader->text->len; i++) {
		if (reader->text->data[i] == '\n') {
			mark.line++;
			mark.column = 1;
		} else if ((reader->text->data[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static int next(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	struct mark mark;

	yaml_event_delete(&reader->event);
	if (yaml_parser_parse(&reader->parser, &reader->event))
		return 0;
	mark = parser->error == YAML_READER_ERROR ? mark_of_byte(reader, parser->problem_offset)
	                                          : mark_at(reader, parser->problem_mark);
	return fault(
	    reader, &mark, parser->problem ? parser->problem : "cannot be read as YAML");
}

static struct tree *node_new(struct reader *reader, enum tree_kind kind)
{
	struct tree *node = mem_zalloc(sizeof(*node));

	node->kind = kind;
	node->mark = mark_at(reader, reader->event.start_mark);
	node->start = byte_of(reader, reader->event.start_mark.index);
	node->end = byte_of(reader, reader->event.end_mark.index);
	return node;
}

static void read_scalar(struct reader *reader, struct tree *node)
{
	const yaml_event_t *event = &reader->event;
	yaml_scalar_style_t style = event->data.scalar.style;

	node->text = mem_dup(event->data.scalar.value, event->data.scalar.length);
	node->decorated = event->data.scalar.anchor || event->data.scalar.tag;
	if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
		node->style = TREE_BLOCK;
	else if (node->start == node->end)
		node->style = TREE_MISSING;
}

static int read_node(struct reader *reader, int depth, struct tree **ret);

static int compare_keys(const void *left, const void *right)
{
	const struct tree *const *a = left, *const *b = right;

	return strcmp((*a)->text ? (*a)->text : "", (*b)->text ? (*b)->text : "");
}

static int check_duplicates(struct reader *reader, const struct tree *map)
{
	MICA_FREE struct tree **sorted = mem_array(map->n + 1, sizeof(struct tree *));
	int failed = 0;

	if (map->n == 0)
		return 0;
	memcpy(sorted, map->keys, map->n * sizeof(struct tree *));
	qsort(sorted, map->n, sizeof(struct tree *), compare_keys);
	for (size_t i = 1; i < map->n; i++) {
		const struct tree *a = sorted[i - 1], *b = sorted[i];
		const struct tree *later = a->start < b->start ? b : a;
		const struct tree *first = later == a ? b : a;

		if (!a->text || !b->text || strcmp(a->text, b->text) != 0)
			continue;
		findings_add(reader->findings, FINDING_ERROR, "yaml", &later->mark,
		    "a YAML reader takes one of them and drops the other: make them one",
		    "duplicate key '%s', also at line %d", later->text, first->mark.line);
		failed = -1;
	}
	return failed;
}

static int read_map(struct reader *reader, struct tree *node, int depth)
{
	while (next(reader) == 0) {
		MICA_AUTO(tree_freep) struct tree *key = NULL;
		struct tree *value;

		if (reader->event.type == YAML_MAPPING_END_EVENT)
			return check_duplicates(reader, node);
		if (read_node(reader, depth, &key) < 0 || next(reader) < 0 ||
		    read_node(reader, depth, &value) < 0)
			return -1;
		node->keys =
		    mem_grow(node->keys, &node->cap_keys, node->n + 1, sizeof(struct tree *));
		node->items =
		    mem_grow(node->items, &node->cap, node->n + 1, sizeof(struct tree *));
		node->keys[node->n] = mem_give(key);
		node->items[node->n++] = value;
	}
	return -1;
}

static int read_list(struct reader *reader, struct tree *node, int depth)
{
	while (next(reader) == 0) {
		struct tree *item;

		if (reader->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (read_node(reader, depth, &item) < 0)
			return -1;
		node->items =
		    mem_grow(node->items, &node->cap, node->n + 1, sizeof(struct tree *));
		node->items[node->n++] = item;
	}
	return -1;
}

/* libyaml ends a block map where the next token begins, past blank lines and comments. */
static void set_end(struct reader *reader, struct tree *node)
{
	if (node->style == TREE_FLOW)
		node->end = byte_of(reader, reader->event.end_mark.index);
	else if (node->n > 0)
		node->end = node->items[node->n - 1]->end;
}

static int read_node(struct reader *reader, int depth, struct tree **ret)
{
	MICA_AUTO(tree_freep) struct tree *node = NULL;
	const yaml_event_t *event = &reader->event;

	if (depth > MAX_DEPTH) {
		struct mark mark = mark_at(reader, event->start_mark);

		return fault(reader, &mark, "nested too deeply");
	}
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		node = node_new(reader, TREE_ALIAS);
		break;
	case YAML_SCALAR_EVENT:
		node = node_new(reader, TREE_SCALAR);
		read_scalar(reader, node);
		break;
	case YAML_MAPPING_START_EVENT:
		node = node_new(reader, TREE_MAP);
		node->decorated =
		    event->data.mapping_start.anchor || event->data.mapping_start.tag;
		if (event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE)
			node->style = TREE_FLOW;
		if (read_map(reader, node, depth + 1) < 0)
			return -1;
		set_end(reader, node);
		break;
	default: /* what else may stand for a node is the start of a list */
		node = node_new(reader, TREE_LIST);
		node->decorated =
		    event->data.sequence_start.anchor || event->data.sequence_start.tag;
		if (event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE)
			node->style = TREE_FLOW;
		if (read_list(reader, node, depth + 1) < 0)
			return -1;
		set_end(reader, node);
		break;
	}
	*ret = mem_give(node);
	return 0;
}

static int read_stream(struct reader *reader, struct tree **ret)
{
	MICA_AUTO(tree_freep) struct tree *root = NULL;

	if (next(reader) < 0 || next(reader) < 0)
		return -1;
	if (reader->event.type == YAML_DOCUMENT_START_EVENT) {
		if (next(reader) < 0 || read_node(reader, 0, &root) < 0 || next(reader) < 0 ||
		    next(reader) < 0)
			return -1;
	}
	if (reader->event.type != YAML_STREAM_END_EVENT) {
		struct mark mark = mark_at(reader, reader->event.start_mark);

		return fault(reader, &mark, "a second document");
	}
	*ret = mem_give(root);
	return 0;
}

int tree_parse(
    const char *file, const struct buf *text, struct findings *findings, struct tree **ret)
{
	struct reader reader = { .file = file, .text = text, .findings = findings };
	int result;

	if (!yaml_parser_initialize(&reader.parser))
		abort(); /* out of memory, as in mem.h */
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &reader.parser, (const unsigned char *)buf_text(text), text->len);
	result = read_stream(&reader, ret);
	yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	return result;
}
