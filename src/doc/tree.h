// SPDX-License-Identifier: Apache-2.0
/*
 * tree: a YAML text as nodes that know which bytes they are, for doc_edit(). Unlike doc_parse()
 * it takes anchors, aliases and tags as they are; it refuses what makes a text mean two things:
 * duplicate keys, a second document, nesting without end.
 */
#ifndef MICA_DOC_TREE_H
#define MICA_DOC_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include <mica/buf.h>
#include <mica/findings.h>

enum tree_kind { TREE_SCALAR, TREE_ALIAS, TREE_LIST, TREE_MAP };

enum tree_style {
	TREE_PLAIN,   /* one token, quoted or not, and what block maps and lists are */
	TREE_BLOCK,   /* a literal or folded scalar */
	TREE_FLOW,    /* a map or list in braces or brackets */
	TREE_MISSING, /* a scalar of no bytes: "key:" */
};

struct tree {
	enum tree_kind kind;
	enum tree_style style;
	struct mark mark;
	size_t start, end;  /* bytes; the end of a block map or list is that of its last leaf */
	bool decorated;     /* has an anchor or a tag */
	char *text;         /* TREE_SCALAR: its value */
	struct tree **keys; /* TREE_MAP */
	struct tree **items; /* TREE_MAP: the values; TREE_LIST */
	size_t n, cap, cap_keys;
};

/* *ret is NULL for a text without a document. Faults are findings; -1 when there is one.
 * file must outlive the tree. */
int tree_parse(const char *file, const struct buf *text, struct findings *findings,
    struct tree **ret) MICA_CHECKED;
void tree_free(struct tree *tree);
MICA_DEFINE_FREEP(struct tree, tree_free)

/* the index of a scalar key, or tree->n */
size_t tree_find(const struct tree *map, const char *key, size_t len);

#endif
