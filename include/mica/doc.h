// SPDX-License-Identifier: Apache-2.0
/*
 * doc: YAML. Text to nodes with marks, nodes to structs by schema tables, values to text.
 * The only room that includes <yaml.h>.
 *
 * Reading is strict: duplicate keys, anchors and aliases, tags, a second document, bytes after the
 * document, control characters and invalid UTF-8 are faults, each with its place.
 */
#ifndef MICA_DOC_H
#define MICA_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include <mica/buf.h>
#include <mica/findings.h>

struct doc; /* owns its nodes */

enum doc_kind { DOC_SCALAR, DOC_LIST, DOC_MAP };

struct doc_node {
	enum doc_kind kind;
	struct mark mark;
	size_t start, end;       /* byte offsets in the text */
	const char *text;        /* DOC_SCALAR */
	bool quoted;             /* DOC_SCALAR: written with quotes, or as a block */
	bool faulty;             /* doc_read() told a fault of it: not to be judged any further */
	struct doc_node **items; /* DOC_LIST; DOC_MAP: the values */
	struct doc_node **keys;  /* DOC_MAP: scalars */
	size_t n;
};

/* What a text may have: at most FILE_MAX_TEXT bytes, this many levels of lists and maps. */
enum { DOC_MAX_DEPTH = 32 };

/* -1 with ERR_FAILED when there is any fault; findings hold them all. The doc keeps a copy of file;
 * the marks of its nodes point to that. */
int doc_parse(const char *file, const void *bytes, size_t len, struct findings *findings,
    struct doc **ret, struct err *err) MICA_CHECKED;

/* The same for a caller that has faults of its own to tell in the same run: a text that could be
 * read to its end gives a doc in spite of faults, its faulty nodes marked. NULL when it could not; findings
 * tell whether all was well. */
struct doc *doc_read(const char *file, const void *bytes, size_t len, struct findings *findings);

/* A text as programs read it that are not strict (yaml.v2 of Go, say): of a map every key is there, also
 * one that stands twice; an alias is the node that it names, so that a node may stand in several places;
 * tags but !!str are passed over, and so is what follows the first document. A key may be no scalar.
 * NULL, and findings, when no such reader could read it. */
struct doc *doc_read_loose(
    const char *file, const void *bytes, size_t len, struct findings *findings);

/* Adds an error. Of more than DOC_MAX_FAULTS the rest is dropped, and the last one says so. */
enum { DOC_MAX_FAULTS = 100 };
void doc_fault(struct findings *findings, const char *rule, const struct mark *where,
    const char *hint, const char *fmt, ...) MICA_PRINTF(5, 6);

void doc_free(struct doc *doc);
MICA_DEFINE_FREEP(struct doc, doc_free)

const struct doc_node *doc_root(const struct doc *doc); /* NULL: an empty document */
/* NULL when node is no map or has no such key */
const struct doc_node *doc_get(const struct doc_node *node, const char *key);

/* The scalar keys of a map in the order of their texts, those of one text in the file's; free() the array. */
const struct doc_node **doc_sorted_keys(const struct doc_node *map, size_t *ret_n);

/* Adds text as a double-quoted YAML scalar that any YAML 1.1 or 1.2 parser reads as this string. Bytes that
 * are not UTF-8 become U+FFFD: YAML cannot hold them. */
void doc_quote(struct buf *buf, const char *text);

/* --- changing a text and nothing else in it ------------------------------------------------- */

/* One value to be set: path is "common.security.tlsMode"; value is YAML text of a scalar. */
struct doc_change {
	const char *path;
	const char *value;
};

/*
 * Sets the values in a block-style YAML mapping: existing scalars are replaced in place, missing keys are
 * added at the end of the deepest map that is there, with its indentation; comments, order, line ends and
 * every other byte stay. Refused with a finding: a path that leads through a list or scalar, a
 * flow-style map that would have to grow, tabs, or a text that doc_parse() finds a fault in (anchors are
 * taken as they are when no path meets them).
 */
int doc_edit(const char *file, const struct buf *text, const struct doc_change *changes, size_t n,
    struct findings *findings, struct buf *ret, struct err *err) MICA_CHECKED;

#endif
