// SPDX-License-Identifier: Apache-2.0
#include <mica/doc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include <mica/file.h>
#include <mica/mem.h>

#include "anchors.h"
#include "arena.h"
#include "duplicates.h"
#include "scan.h"

struct doc {
	struct arena arena;
	char *file;
	struct doc_node *root;
};

/* LOOSE: as other programs read, who say nothing of what they leave out */
enum reading { STRICT, LOOSE };

struct reader {
	yaml_parser_t parser;
	enum reading reading;
	struct anchors anchors; /* LOOSE */
	struct doc *doc;
	struct findings *findings;
	const char *text;
	size_t len;
	size_t char_index,
	    byte_index; /* one place, counted both ways: libyaml counts characters */
	unsigned depth;
	struct doc_node **stack; /* nodes whose list or map is not finished */
	size_t n_stack, cap_stack;
};

static struct mark mark_of(const struct reader *reader, const yaml_mark_t *at)
{
	return (struct mark){ reader->doc->file, (int)at->line + 1, (int)at->column + 1 };
}

/* Where a mark lies, in bytes. Marks come nearly in order, so the way from the last one is
 * short. */
static size_t byte_offset(struct reader *reader, const yaml_mark_t *at)
{
	while (reader->char_index < at->index && reader->byte_index < reader->len) {
		reader->byte_index++;
		while (reader->byte_index < reader->len &&
		       (reader->text[reader->byte_index] & 0xc0) == 0x80)
			reader->byte_index++;
		reader->char_index++;
	}
	while (reader->char_index > at->index) {
		reader->byte_index--;
		while ((reader->text[reader->byte_index] & 0xc0) == 0x80)
			reader->byte_index--;
		reader->char_index--;
	}
	return reader->byte_index;
}

static const char *syntax_hint(struct reader *reader, const yaml_mark_t *at)
{
	const size_t offset = byte_offset(reader, at);
	const char c = offset < reader->len ? reader->text[offset] : '\0';

	if (c == '\t')
		return "indent with blanks, not with tabs";
	if (c != '\0' && strchr("@`%*&!|>", c))
		return "text that begins with this character needs quotes";
	return NULL;
}

/* Where the fault may have begun: libyaml stumbles late over lines that are not aligned. */
static const char *begin_hint(const yaml_parser_t *parser, char *ret, size_t size)
{
	const size_t line = parser->context_mark.line;

	if (parser->problem && strncmp(parser->problem, "mapping values", 14) == 0)
		return "is the line indented as its neighbours are? a text with ': ' in it "
		       "needs quotes";
	if (!parser->context || line == parser->problem_mark.line)
		return NULL;
	if (strncmp(parser->context, "while parsing a block", 21) == 0)
		snprintf(ret, size, "is it indented as line %zu is?", line + 1);
	else
		snprintf(ret, size, "look at line %zu as well", line + 1);
	return ret;
}

/* Says what libyaml stumbled over; there is no going on after that. */
static int syntax_fault(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem = parser->problem ? parser->problem : "cannot be read as YAML";
	const struct mark at = mark_of(reader, &parser->problem_mark);
	const char *hint = syntax_hint(reader, &parser->problem_mark);
	char begin[64];

	if (!hint)
		hint = begin_hint(parser, begin, sizeof(begin));
	if (parser->context)
		doc_fault(
		    reader->findings, "syntax", &at, hint, "%s: %s", parser->context, problem);
	else if (strstr(problem, "<document start>"))
		doc_fault(reader->findings, "second-document", &at,
		    "one file holds one document", "something follows the end of the document");
	else
		doc_fault(reader->findings, "syntax", &at, hint, "%s", problem);
	return -1;
}

static int next_event(struct reader *reader, yaml_event_t *event)
{
	if (!yaml_parser_parse(&reader->parser, event))
		return syntax_fault(reader);
	return 0;
}

static void push(struct reader *reader, struct doc_node *node)
{
	reader->stack = mem_grow(
	    reader->stack, &reader->cap_stack, reader->n_stack + 1, sizeof(*reader->stack));
	reader->stack[reader->n_stack++] = node;
}

static void node_fault(
    struct reader *reader, struct doc_node *node, const char *rule, const char *text)
{
	node->faulty = true;
	doc_fault(reader->findings, rule, &node->mark, "write the value out where it is needed",
	    "%s", text);
}

/* Anchors and tags. Their names are not repeated: what stands there may be a secret without
 * quotes. libyaml says nothing of the tag "!", but the node then begins with it. */
static void judge_properties(struct reader *reader, struct doc_node *node,
    const unsigned char *anchor, const unsigned char *tag)
{
	if (reader->reading == LOOSE)
		node->quoted |= tag && strcmp((const char *)tag, YAML_STR_TAG) == 0;
	else if (anchor)
		node_fault(reader, node, "anchor", "anchors (&) are not taken");
	else if (tag || (node->start < reader->len && reader->text[node->start] == '!'))
		node_fault(reader, node, "tag", "tags (!) are not taken");
}

/* Once the node is read to its end. */
static void note_anchor(
    struct reader *reader, const unsigned char *anchor, struct doc_node *node)
{
	if (reader->reading == LOOSE && anchor)
		anchors_note(&reader->anchors, (const char *)anchor, node);
}

static struct doc_node *new_node(
    struct reader *reader, enum doc_kind kind, const yaml_event_t *event)
{
	struct doc_node *node = arena_get(&reader->doc->arena, sizeof(*node));

	node->kind = kind;
	node->mark = mark_of(reader, &event->start_mark);
	node->start = byte_offset(reader, &event->start_mark);
	node->end = byte_offset(reader, &event->end_mark);
	return node;
}

static struct doc_node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
	struct doc_node *node = new_node(reader, DOC_SCALAR, event);
	const char *value = (const char *)event->data.scalar.value;
	const size_t len = event->data.scalar.length;
	long control;

	node->text = arena_text(&reader->doc->arena, value, len);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	judge_properties(reader, node, event->data.scalar.anchor, event->data.scalar.tag);
	note_anchor(reader, event->data.scalar.anchor, node);
	control = reader->reading == LOOSE ? -1 : scan_value(value, len);
	node->faulty |= control >= 0;
	if (control >= 0)
		doc_fault(reader->findings, "control-character", &node->mark, NULL,
		    "the text has the control character U+%04lX in it", (unsigned long)control);
	return node;
}

static int read_node(struct reader *reader, const yaml_event_t *event, struct doc_node **ret);

/* Pushes the nodes up to the end event of a list or map; -1 when the text cannot be read on. */
static int read_members(struct reader *reader, yaml_event_type_t end, struct doc_node *node)
{
	for (;;) {
		MICA_AUTO(yaml_event_delete) yaml_event_t event = { 0 };
		struct doc_node *member;

		if (next_event(reader, &event) < 0)
			return -1;
		if (event.type == end) {
			node->end = byte_offset(reader, &event.end_mark);
			return 0;
		}
		if (read_node(reader, &event, &member) < 0)
			return -1;
		push(reader, member);
	}
}

static int read_list(struct reader *reader, const yaml_event_t *event, struct doc_node **ret)
{
	struct doc_node *node = new_node(reader, DOC_LIST, event);
	const size_t base = reader->n_stack;

	judge_properties(
	    reader, node, event->data.sequence_start.anchor, event->data.sequence_start.tag);
	if (read_members(reader, YAML_SEQUENCE_END_EVENT, node) < 0)
		return -1;
	node->n = reader->n_stack - base;
	node->items = arena_get(&reader->doc->arena, node->n * sizeof(*node->items));
	for (size_t i = 0; i < node->n; i++)
		node->items[i] = reader->stack[base + i];
	reader->n_stack = base;
	note_anchor(reader, event->data.sequence_start.anchor, node);
	*ret = node;
	return 0;
}

static void judge_key(struct reader *reader, struct doc_node *key)
{
	if (reader->reading == LOOSE)
		return;
	if (key->kind != DOC_SCALAR) {
		doc_fault(reader->findings, "key-not-text", &key->mark, NULL,
		    "a key must be plain text");
		*key = (struct doc_node){ DOC_SCALAR, .mark = key->mark, .text = "",
			.faulty = true };
	} else if (!key->quoted && strcmp(key->text, "<<") == 0) {
		node_fault(reader, key, "merge-key", "merge keys (<<) are not taken");
	}
}

static int read_map(struct reader *reader, const yaml_event_t *event, struct doc_node **ret)
{
	struct doc_node *node = new_node(reader, DOC_MAP, event);
	const size_t base = reader->n_stack;

	judge_properties(
	    reader, node, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	if (read_members(reader, YAML_MAPPING_END_EVENT, node) < 0)
		return -1;
	node->n = (reader->n_stack - base) / 2;
	node->keys = arena_get(&reader->doc->arena, node->n * sizeof(*node->keys));
	node->items = arena_get(&reader->doc->arena, node->n * sizeof(*node->items));
	for (size_t i = 0; i < node->n; i++) {
		node->keys[i] = reader->stack[base + 2 * i];
		node->items[i] = reader->stack[base + 2 * i + 1];
		judge_key(reader, node->keys[i]);
	}
	reader->n_stack = base;
	note_anchor(reader, event->data.mapping_start.anchor, node);
	if (reader->reading == STRICT)
		duplicates_judge(node, reader->findings);
	*ret = node;
	return 0;
}

static int read_collection(
    struct reader *reader, const yaml_event_t *event, struct doc_node **ret)
{
	const struct mark at = mark_of(reader, &event->start_mark);
	int result;

	if (reader->depth == DOC_MAX_DEPTH) {
		doc_fault(reader->findings, "too-deep", &at, NULL,
		    "lists and maps are nested deeper than %d levels", DOC_MAX_DEPTH);
		return -1;
	}
	reader->depth++;
	if (event->type == YAML_SEQUENCE_START_EVENT)
		result = read_list(reader, event, ret);
	else
		result = read_map(reader, event, ret);
	reader->depth--;
	return result;
}

static int read_alias(struct reader *reader, const yaml_event_t *event, struct doc_node **ret)
{
	const struct mark at = mark_of(reader, &event->start_mark);

	if (reader->reading == LOOSE) {
		*ret = anchors_find(&reader->anchors, (const char *)event->data.alias.anchor);
		if (*ret)
			return 0;
		doc_fault(reader->findings, "syntax", &at, NULL,
		    "an alias (*) of a name that no node before it has");
		return -1;
	}
	*ret = new_node(reader, DOC_SCALAR, event);
	(*ret)->text = "";
	node_fault(reader, *ret, "alias", "aliases (*) are not taken");
	return 0;
}

static int read_node(struct reader *reader, const yaml_event_t *event, struct doc_node **ret)
{
	if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
		return read_collection(reader, event, ret);
	if (event->type == YAML_SCALAR_EVENT) {
		*ret = read_scalar(reader, event);
		return 0;
	}
	return read_alias(reader, event, ret);
}

/* Up to and with the start of the document: *ret_more is false when there is none. */
static int read_start(struct reader *reader, bool *ret_more)
{
	for (;;) {
		MICA_AUTO(yaml_event_delete) yaml_event_t event = { 0 };

		if (next_event(reader, &event) < 0)
			return -1;
		if (event.type == YAML_STREAM_START_EVENT)
			continue;
		*ret_more = event.type == YAML_DOCUMENT_START_EVENT;
		if (*ret_more && reader->reading == STRICT &&
		    (event.data.document_start.version_directive ||
		        event.data.document_start.tag_directives.start !=
		            event.data.document_start.tag_directives.end)) {
			const struct mark at = mark_of(reader, &event.start_mark);

			doc_fault(reader->findings, "directive", &at, "take the line out",
			    "directives (%%) are not taken");
		}
		return 0;
	}
}

/* From the end of the document on, where nothing may follow. */
static int read_end(struct reader *reader)
{
	for (;;) {
		MICA_AUTO(yaml_event_delete) yaml_event_t event = { 0 };

		if (next_event(reader, &event) < 0)
			return -1;
		if (event.type == YAML_DOCUMENT_START_EVENT) {
			const struct mark at = mark_of(reader, &event.start_mark);

			doc_fault(reader->findings, "second-document", &at,
			    "one file holds one document", "a second document begins here");
			return -1;
		}
		if (event.type == YAML_STREAM_END_EVENT)
			return 0;
	}
}

static int read_document(struct reader *reader)
{
	MICA_AUTO(yaml_event_delete) yaml_event_t event = { 0 };
	bool more;

	if (read_start(reader, &more) < 0)
		return -1;
	if (!more)
		return 0;
	if (next_event(reader, &event) < 0 || read_node(reader, &event, &reader->doc->root) < 0)
		return -1;
	return reader->reading == LOOSE ? 0 : read_end(reader);
}

static int read_text(struct reader *reader)
{
	int result;

	if (!yaml_parser_initialize(&reader->parser))
		abort();
	yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &reader->parser, (const unsigned char *)reader->text, reader->len);
	result = read_document(reader);
	yaml_parser_delete(&reader->parser);
	free(reader->stack);
	anchors_clear(&reader->anchors);
	return result;
}

static struct doc *read_doc(
    struct reader *reader, const char *file, const void *bytes, size_t len)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	MICA_AUTO(doc_freep) struct doc *doc = mem_zalloc(sizeof(*doc));
	const struct mark start = { file, 1, 1 };

	doc->file = mem_strdup(file);
	reader->doc = doc;
	reader->text = len > 0 ? bytes : "";
	reader->len = len;
	if (len > FILE_MAX_TEXT) {
		doc_fault(reader->findings, "too-large", &start, NULL,
		    "the text has more than %d bytes", FILE_MAX_TEXT);
		return NULL;
	}
	if (reader->reading == STRICT && !scan_text(doc->file, bytes, len, reader->findings))
		return NULL;
	if (reader->reading == LOOSE && len >= 3 && memcmp(bytes, byte_order_mark, 3) == 0) {
		reader->text += 3;
		reader->len -= 3;
	}
	return read_text(reader) < 0 ? NULL : mem_give(doc);
}

struct doc *doc_read(const char *file, const void *bytes, size_t len, struct findings *findings)
{
	struct reader reader = { .reading = STRICT, .findings = findings };

	return read_doc(&reader, file, bytes, len);
}

struct doc *doc_read_loose(
    const char *file, const void *bytes, size_t len, struct findings *findings)
{
	struct reader reader = { .reading = LOOSE, .findings = findings };

	return read_doc(&reader, file, bytes, len);
}

int doc_parse(const char *file, const void *bytes, size_t len, struct findings *findings,
    struct doc **ret, struct err *err)
{
	const size_t errors = findings->errors;
	MICA_AUTO(doc_freep) struct doc *doc = doc_read(file, bytes, len, findings);
	const size_t faults = findings->errors - errors;

	if (faults > 0)
		return err_set(err, ERR_FAILED, "'%s' has %zu fault%s", file, faults,
		    faults == 1 ? "" : "s");
	*ret = mem_give(doc);
	return 0;
}

void doc_free(struct doc *doc)
{
	if (!doc)
		return;
	arena_clear(&doc->arena);
	free(doc->file);
	free(doc);
}

const struct doc_node *doc_root(const struct doc *doc)
{
	return doc->root;
}

const struct doc_node *doc_get(const struct doc_node *node, const char *key)
{
	if (!node || node->kind != DOC_MAP)
		return NULL;
	for (size_t i = 0; i < node->n; i++) {
		if (node->keys[i]->kind == DOC_SCALAR && strcmp(node->keys[i]->text, key) == 0)
			return node->items[i];
	}
	return NULL;
}
