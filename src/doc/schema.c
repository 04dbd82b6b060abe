// SPDX-License-Identifier: Apache-2.0
#include <mica/schema.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>
#include <mica/nearest.h>
#include <mica/num.h>

#include "plain.h"

/* What one value is read with. */
struct place {
	const struct schema_key *key;
	const struct doc_node *node;
	struct findings *findings;
};

static void type_fault(
    const struct place *at, const struct doc_node *node, const char *hint, const char *what)
{
	const char *each = node == at->node ? "" : "each item of ";

	doc_fault(at->findings, "wrong-type", &node->mark, hint, "%s'%s' must be %s", each,
	    at->key->name, what);
}

/* --- one value -------------------------------------------------------------------------- */

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

/* true when the node is a text; the value itself is never repeated, it may be a secret */
static bool text_ok(const struct place *at, const struct doc_node *node)
{
	static const char quote[] = "put it between double quotes";
	const char *leave_out =
	    node == at->node ? "take the key out to have the default" : NULL;

	if (node->kind != DOC_SCALAR)
		type_fault(at, node, NULL, "one text");
	else if (plain_null(node))
		type_fault(at, node, leave_out, "a text, not nothing");
	else if (plain_boolean(node))
		type_fault(at, node, quote, "a text, not what YAML reads as true or false");
	else if (!node->quoted && !(at->key->flags & SCHEMA_NUMERIC) && plain_numeric(node))
		type_fault(at, node, quote, "a text, not a number");
	else if (node->text[0] == '\0')
		type_fault(at, node, NULL, "a text that is not empty");
	else if (has_control(node->text))
		type_fault(at, node, NULL, "a text of one line without control characters");
	else
		return true;
	return false;
}

/* What a number of other notations is to be written as; NULL when there is nothing to say. */
static const char *number_hint(const struct doc_node *node)
{
	const size_t digits = strspn(node->text, "0123456789");

	if (node->quoted)
		return "take the quotes away";
	if (!strpbrk(node->text, "0123456789"))
		return NULL;
	if (node->text[0] == '-' &&
	    node->text[1 + strspn(node->text + 1, "0123456789")] == '\0')
		return NULL;
	if (node->text[digits] == '\0' && (node->text[0] != '0' || digits == 1))
		return NULL;
	return "digits alone, the first of them not 0";
}

static bool number_ok(const struct place *at, int64_t *ret)
{
	const struct schema_key *key = at->key;
	const struct doc_node *node = at->node;
	char what[96];

	if (node->kind == DOC_SCALAR && !node->quoted &&
	    num_parse(node->text, key->least, key->most, ret) == 0)
		return true;
	if (key->least == key->most)
		snprintf(what, sizeof(what), "%" PRId64, key->least);
	else
		snprintf(what, sizeof(what), "a whole number from %" PRId64 " to %" PRId64,
		    key->least, key->most);
	type_fault(at, node, node->kind == DOC_SCALAR ? number_hint(node) : NULL, what);
	return false;
}

static bool bool_ok(const struct place *at, int64_t *ret)
{
	const bool quoted = at->node->kind == DOC_SCALAR && at->node->quoted;

	*ret = plain_is(at->node, "true");
	if (*ret || plain_is(at->node, "false"))
		return true;
	if (quoted)
		type_fault(at, at->node, "take the quotes away", "true or false");
	else
		type_fault(at, at->node,
		    plain_boolean(at->node) ? "only these two words are taken" : NULL,
		    "true or false");
	return false;
}

/* "'a', 'b' or 'c'", without the words that are not supported yet */
static char *word_list(const struct schema_word *words)
{
	BUF_AUTO list = BUF_INIT;
	size_t left = 0;

	for (const struct schema_word *word = words; word->name; word++)
		left += !word->later;
	for (const struct schema_word *word = words; word->name; word++) {
		if (word->later)
			continue;
		left--;
		buf_printf(&list, "'%s'%s", word->name,
		    left > 1    ? ", "
		    : left == 1 ? " or "
		                : "");
	}
	return mem_strdup(buf_text(&list));
}

static void unknown_word(const struct place *at)
{
	MICA_FREE char *list = word_list(at->key->words);
	MICA_FREE char *hint = NULL;

	if (at->node->kind == DOC_SCALAR) {
		struct nearest nearest = NEAREST_INIT(at->node->text);

		for (const struct schema_word *word = at->key->words; word->name; word++)
			nearest_offer(&nearest, word->name);
		hint = nearest_hint(&nearest);
	}
	doc_fault(at->findings, "wrong-word", &at->node->mark, hint, "'%s' must be %s",
	    at->key->name, list);
}

static bool word_ok(const struct place *at, int64_t *ret)
{
	const struct schema_word *word = at->key->words;

	while (word->name &&
	       (at->node->kind != DOC_SCALAR || strcmp(word->name, at->node->text) != 0))
		word++;
	if (!word->name) {
		unknown_word(at);
		return false;
	}
	if (word->later) {
		doc_fault(at->findings, "not-supported", &at->node->mark, NULL,
		    "'%s: %s' is not supported yet", at->key->name, word->name);
		return false;
	}
	*ret = word->number;
	return true;
}

static bool texts_ok(const struct place *at)
{
	bool good = true;

	if (at->node->kind != DOC_LIST) {
		type_fault(at, at->node,
		    at->node->kind == DOC_SCALAR ? "put it between [ and ]" : NULL,
		    "a list of texts");
		return false;
	}
	for (size_t i = 0; i < at->node->n; i++)
		good &= !at->node->items[i]->faulty && text_ok(at, at->node->items[i]);
	return good;
}

/* A key that is faulty, or there twice, was told when the text was read. */
static bool table_ok(const struct place *at)
{
	bool good = true;

	if (at->node->kind != DOC_MAP) {
		type_fault(at, at->node, NULL, "a map of texts");
		return false;
	}
	for (size_t i = 0; i < at->node->n; i++)
		good &= !at->node->keys[i]->faulty && !at->node->items[i]->faulty &&
		        text_ok(at, at->node->items[i]);
	return good;
}

static void later_ok(const struct place *at)
{
	const struct doc_node *node = at->node;

	if (plain_is(node, "false") || (node->kind == DOC_LIST && node->n == 0))
		return;
	doc_fault(at->findings, "not-supported", &node->mark, NULL, "'%s' is not supported yet",
	    at->key->name);
}

static void read_value(const struct place *at, struct schema_value *value)
{
	bool good = true;

	value->faulty = at->node->faulty;
	if (value->faulty || ((at->key->flags & SCHEMA_NULL) && plain_null(at->node)))
		return;
	switch (at->key->type) {
	case SCHEMA_TEXT:
		good = text_ok(at, at->node);
		break;
	case SCHEMA_NUMBER:
		good = number_ok(at, &value->number);
		break;
	case SCHEMA_BOOL:
		good = bool_ok(at, &value->number);
		break;
	case SCHEMA_WORD:
		good = word_ok(at, &value->number);
		break;
	case SCHEMA_TABLE:
		good = table_ok(at);
		break;
	default:
		good = texts_ok(at);
		break;
	}
	value->faulty = !good;
	/* the good items of a list are judged even when others are faulty */
	if (good || (at->key->type == SCHEMA_TEXTS && at->node->kind == DOC_LIST))
		value->node = at->node;
}

/* --- maps ------------------------------------------------------------------------------- */

static void read_maps(const struct place *at, struct schema_array *array)
{
	const struct schema *sub = at->key->sub;

	if (at->node->kind != DOC_LIST) {
		type_fault(at, at->node, "begin each entry with '- '", "a list");
		array->faulty = true;
		return;
	}
	array->node = at->node;
	array->n = at->node->n;
	array->items = mem_array(array->n, sub->size);
	for (size_t i = 0; i < array->n; i++)
		schema_read(sub, at->node->items[i], (char *)array->items + i * sub->size,
		    at->findings);
}

/* An item whose key is faulty, which was told when the text was read, stays empty. */
static void read_named(const struct place *at, struct schema_array *array)
{
	const struct schema *sub = at->key->sub;

	if (at->node->kind != DOC_MAP) {
		type_fault(at, at->node, NULL, "a map of names to maps");
		array->faulty = true;
		return;
	}
	array->node = at->node;
	array->n = at->node->n;
	array->items = mem_array(array->n, sub->size);
	for (size_t i = 0; i < array->n; i++) {
		if (!at->node->keys[i]->faulty)
			schema_read(sub, at->node->items[i],
			    (char *)array->items + i * sub->size, at->findings);
	}
}

static void read_key(const struct place *at, void *out)
{
	void *field = (char *)out + at->key->offset;

	switch (at->key->type) {
	case SCHEMA_MAP:
		schema_read(at->key->sub, at->node, field, at->findings);
		break;
	case SCHEMA_MAPS:
		read_maps(at, field);
		break;
	case SCHEMA_NAMED:
		read_named(at, field);
		break;
	case SCHEMA_LATER:
		later_ok(at);
		break;
	default:
		read_value(at, field);
		break;
	}
}

static const struct schema_key *find_key(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->n; i++) {
		if (strcmp(schema->keys[i].name, name) == 0)
			return &schema->keys[i];
	}
	return NULL;
}

/* "pin:1234" without a blank is a key to YAML: what stands behind the colon is not repeated. */
static void unknown_key(
    const struct schema *schema, const struct doc_node *key, struct findings *findings)
{
	const size_t len = strcspn(key->text, ":");
	MICA_FREE char *name = mem_dup(key->text, len);
	struct nearest nearest = NEAREST_INIT(name);
	MICA_FREE char *hint = NULL;

	for (size_t i = 0; i < schema->n; i++)
		nearest_offer(&nearest, schema->keys[i].name);
	if (key->text[len] == ':')
		hint = mem_strdup("put a blank behind the ':'");
	else
		hint = nearest_hint(&nearest);
	doc_fault(findings, "unknown-key", &key->mark, hint, "unknown key '%s' in %s", name,
	    schema->what);
}

static bool is_value(const struct schema_key *key)
{
	return key->type <= SCHEMA_TABLE;
}

static void set_fallbacks(const struct schema *schema, void *out)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct schema_key *key = &schema->keys[i];
		void *field = (char *)out + key->offset;

		if (is_value(key))
			((struct schema_value *)field)->number = key->fallback;
		else if (key->type == SCHEMA_MAP)
			set_fallbacks(key->sub, field);
	}
}

static void check_required(const struct schema *schema, const struct doc_node *node, void *out,
    struct findings *findings)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct schema_key *key = &schema->keys[i];

		if (!(key->flags & SCHEMA_REQUIRED) || doc_get(node, key->name))
			continue;
		doc_fault(findings, "missing-key", &node->mark, NULL, "%s needs the key '%s'",
		    schema->what, key->name);
		if (is_value(key))
			((struct schema_value *)((char *)out + key->offset))->faulty = true;
	}
}

void schema_read(const struct schema *schema, const struct doc_node *node, void *out,
    struct findings *findings)
{
	bool whole = true;

	set_fallbacks(schema, out);
	((struct schema_head *)out)->node = node;
	if (node->kind != DOC_MAP) {
		doc_fault(findings, "wrong-type", &node->mark, NULL,
		    "%s must be a map of keys and values", schema->what);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const struct place at = { find_key(schema, node->keys[i]->text), node->items[i],
			findings };

		whole &= !node->keys[i]->faulty;
		if (node->keys[i]->faulty)
			continue;
		if (!at.key)
			unknown_key(schema, node->keys[i], findings);
		else if (doc_get(node, at.key->name) == node->items[i]) /* not a duplicate */
			read_key(&at, out);
	}
	if (whole)
		check_required(schema, node, out, findings);
}

void schema_clear(const struct schema *schema, void *out)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct schema_key *key = &schema->keys[i];
		void *field = (char *)out + key->offset;
		struct schema_array *array = field;

		if (key->type == SCHEMA_MAP)
			schema_clear(key->sub, field);
		if (key->type != SCHEMA_MAPS && key->type != SCHEMA_NAMED)
			continue;
		for (size_t k = 0; k < array->n; k++)
			schema_clear(key->sub, (char *)array->items + k * key->sub->size);
		free(array->items);
		*array = (struct schema_array){ 0 };
	}
}
