// SPDX-License-Identifier: Apache-2.0
/*
 * schema: nodes to structs by tables.
 *
 * A table says of each key its name, type, range and place in a struct; one reader fills the
 * structs. What a table does not know is a fault, with the nearest key as a hint. A key or a
 * word that is known but does not work yet is refused by its name, never ignored.
 *
 * Values stay nodes: the struct's owner judges and copies them while the doc lives. Faults do
 * not stop the reading, so that one run tells them all.
 */
#ifndef MICA_SCHEMA_H
#define MICA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/doc.h>

enum schema_type {
	SCHEMA_TEXT,   /* struct schema_value */
	SCHEMA_NUMBER, /* struct schema_value: digits only, within least and most */
	SCHEMA_BOOL,   /* struct schema_value: true or false, without quotes */
	SCHEMA_WORD,   /* struct schema_value: number is that of the word */
	SCHEMA_TEXTS,  /* struct schema_value: a list, all of whose items are texts */
	SCHEMA_TABLE,  /* struct schema_value: a map of keys of the file's own to texts */
	SCHEMA_MAP,    /* the struct of `sub`, which begins with a struct schema_head */
	SCHEMA_MAPS,   /* struct schema_array of such structs */
	SCHEMA_NAMED,  /* the same of a map of keys of the file's own to such structs */
	SCHEMA_LATER,  /* nothing: refused unless it asks for nothing (false, an empty list) */
};

enum schema_flag {
	SCHEMA_REQUIRED = 1,
	SCHEMA_NULL = 2,    /* null is as good as leaving it out */
	SCHEMA_NUMERIC = 4, /* a text that may look like a number: 2.6, 0600 */
};

/* A value. When it was left out node is NULL and number what the table falls back to; when it
 * was faulty node is NULL too, and the fault is told. */
struct schema_value {
	const struct doc_node *node;
	int64_t number;
	bool faulty;
};

/* A map: where it stands. node is NULL when it was left out. */
struct schema_head {
	const struct doc_node *node;
};

struct schema_array {
	const struct doc_node *node;
	void *items; /* of the sub-schema's size */
	size_t n;
	bool faulty; /* it is there, but no list */
};

struct schema_word {
	const char *name; /* NULL ends the table */
	int number;
	bool later; /* refused by its name: not supported yet */
};

struct schema;

struct schema_key {
	const char *path;    /* "ca[].pin", for documents */
	const char *name;    /* "pin" */
	const char *summary; /* one line for documents */
	enum schema_type type;
	unsigned flags;
	size_t offset;
	int64_t least, most; /* SCHEMA_NUMBER */
	int64_t fallback;    /* SCHEMA_NUMBER, SCHEMA_BOOL, SCHEMA_WORD */
	const struct schema_word *words;
	const struct schema *sub;
};

struct schema {
	const char *what; /* for messages: "a deployment" */
	size_t size;
	const struct schema_key *keys;
	size_t n;
};

/* Fills *out, a zeroed struct of schema's size, from a node; faults go to findings. out is
 * complete even when there are faults. Free what it holds with schema_clear(). */
void schema_read(const struct schema *schema, const struct doc_node *node, void *out,
    struct findings *findings);
void schema_clear(const struct schema *schema, void *out);

/* The key at place i of the table and its sub-tables, in their order; NULL past the end. */
const struct schema_key *schema_walk(const struct schema *schema, size_t i);

/* The text of a value, or NULL when it was left out or faulty. */
const char *schema_text(const struct schema_value *value);
/* Item i of SCHEMA_TEXTS or SCHEMA_TABLE as a text, or NULL when that item is faulty. */
const char *schema_item(const struct schema_value *list, size_t i);
/* How many items a SCHEMA_TEXTS or SCHEMA_TABLE has; none when it was left out. */
size_t schema_count(const struct schema_value *list);

#endif
