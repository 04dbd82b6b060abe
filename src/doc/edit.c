// SPDX-License-Identifier: Apache-2.0
#include <mica/doc.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <mica/mem.h>

#include "tree.h"

struct file_text {
	const char *file;
	const struct buf *text;
	struct findings *findings;
};

/* What one change does to the bytes. */
struct spot {
	enum { SPOT_REPLACE, SPOT_FILL, SPOT_ADD } kind;
	size_t start, end;   /* REPLACE: the old value; FILL, ADD: start is where the gap is */
	const char *missing; /* ADD: what of the path is not there yet */
	size_t column;       /* ADD: blanks before the first key that is added */
	size_t above; /* ADD: comments indented deeper than this belong to what is there */
};

/* --- where a path leads ---------------------------------------------------------- */

static int refuse(const struct file_text *in, const struct mark *mark, const char *hint,
    const char *what, const char *path)
{
	findings_add(in->findings, FINDING_ERROR, "yaml-edit", mark, hint,
	    "%s, but '%s' must be set", what, path);
	return -1;
}

static size_t column_of(const struct tree *node)
{
	return (size_t)node->mark.column - 1;
}

static int spot_value(
    const struct file_text *in, const struct tree *value, const char *path, struct spot *ret)
{
	if (value->kind == TREE_ALIAS || value->decorated)
		return refuse(in, &value->mark, "write the value itself",
		    "this is an anchor, alias or tag", path);
	if (value->kind != TREE_SCALAR)
		return refuse(in, &value->mark, NULL, "a map or list stands here", path);
	if (value->style == TREE_BLOCK)
		return refuse(in, &value->mark, "write the value on one line",
		    "this is a block scalar", path);
	*ret = (struct spot){ .kind = SPOT_REPLACE, .start = value->start, .end = value->end };
	if (value->style != TREE_MISSING)
		return 0;
	if (value->start == 0 || in->text->data[value->start - 1] != ':')
		return refuse(
		    in, &value->mark, "write the value itself", "no value stands here", path);
	ret->kind = SPOT_FILL;
	return 0;
}

static int spot_in_map(const struct file_text *in, const struct tree *map, const char *rest,
    const char *path, struct spot *ret)
{
	if (map->style == TREE_FLOW)
		return refuse(in, &map->mark, "write the map in block style, one key a line",
		    "this map stands in braces and cannot grow", path);
	*ret = (struct spot){ .kind = SPOT_ADD,
		.start = map->end,
		.missing = rest,
		.column = column_of(map->keys[0]),
		.above = column_of(map->keys[0]) };
	return 0;
}

/* "key:" with nothing behind it is a map that has no keys yet. */
static int spot_below(const struct file_text *in, const struct tree *map, size_t i,
    const char *rest, const char *path, struct spot *ret)
{
	const struct tree *key = map->keys[i];

	if (map->style == TREE_FLOW)
		return refuse(in, &key->mark, "write the map in block style, one key a line",
		    "this map stands in braces and cannot grow", path);
	*ret = (struct spot){ .kind = SPOT_ADD,
		.start = map->items[i]->start,
		.missing = rest,
		.column = column_of(key),
		.above = column_of(key) };
	return 0;
}

/* Blanks of one level, as the first nested map of the file has them. */
static size_t step_of(const struct tree *node)
{
	if (!node || node->kind != TREE_MAP || node->style == TREE_FLOW)
		return 0;
	for (size_t i = 0; i < node->n; i++) {
		const struct tree *item = node->items[i];

		if (item->kind == TREE_MAP && item->style != TREE_FLOW &&
		    column_of(item->keys[0]) > column_of(node->keys[i]))
			return column_of(item->keys[0]) - column_of(node->keys[i]);
	}
	return 0;
}

static int find_spot(
    const struct file_text *in, const struct tree *root, const char *path, struct spot *ret)
{
	const struct tree *map = root;
	const char *rest = path;

	if (!root || root->style == TREE_MISSING) {
		*ret =
		    (struct spot){ .kind = SPOT_ADD, .start = in->text->len, .missing = path };
		return 0;
	}
	for (;;) {
		size_t len = strcspn(rest, "."), i;
		const struct tree *value;

		if (map->kind != TREE_MAP)
			return refuse(in, &map->mark, NULL, "this is not a map", path);
		i = tree_find(map, rest, len);
		if (i == map->n)
			return spot_in_map(in, map, rest, path, ret);
		value = map->items[i];
		if (rest[len] == '\0')
			return spot_value(in, value, path, ret);
		rest += len + 1;
		if (value->style == TREE_MISSING) {
			if (spot_below(in, map, i, rest, path, ret) < 0)
				return -1;
			ret->column += step_of(root) ? step_of(root) : 2;
			return 0;
		}
		map = value;
	}
}

/* --- the bytes ------------------------------------------------------------------- */

static size_t line_end(const struct buf *text, size_t at)
{
	const unsigned char *feed =
	    at < text->len ? memchr(text->data + at, '\n', text->len - at) : NULL;

	return feed ? (size_t)(feed - text->data) + 1 : text->len;
}

/* Where the line of the gap ends, and the comments below it that belong to it: those are
 * indented more deeply than its keys. */
static size_t gap_of(const struct buf *text, const struct spot *spot)
{
	size_t at = spot->start;

	if (at == 0 || at >= text->len || text->data[at - 1] != '\n')
		at = line_end(text, at);
	for (;;) {
		size_t blanks = 0;

		while (at + blanks < text->len && text->data[at + blanks] == ' ')
			blanks++;
		if (blanks <= spot->above || at + blanks >= text->len ||
		    text->data[at + blanks] != '#')
			return at;
		at = line_end(text, at);
	}
}

/* the line end that the file uses just before, or else anywhere */
static const char *newline_of(const struct buf *text, size_t at)
{
	const unsigned char *feed = at > 0 ? memrchr(text->data, '\n', at) : NULL;

	if (!feed && text->len > 0)
		feed = memchr(text->data, '\n', text->len);
	return feed && feed > text->data && feed[-1] == '\r' ? "\r\n" : "\n";
}

static void add_blanks(struct buf *ret, size_t n)
{
	buf_printf(ret, "%*s", (int)n, "");
}

/* What a reader might take for a number, nothing or a truth value is quoted. */
static void add_key(struct buf *ret, const char *key, size_t len)
{
	static const char *const words[] = { "y", "n", "yes", "no", "on", "off", "true",
		"false", "null" };
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	MICA_FREE char *word = mem_dup(key, len);
	bool plain = word[strspn(word, letters)] == '\0' && isalpha((unsigned char)word[0]);

	for (size_t i = 0; i < mem_count(words); i++)
		plain = plain && strcasecmp(word, words[i]) != 0;
	if (plain)
		buf_addstr(ret, word);
	else
		doc_quote(ret, word);
}

static void add_keys(const struct buf *text, const struct spot *spot, size_t step,
    const char *value, struct buf *ret)
{
	const size_t at = gap_of(text, spot);
	const bool open_end = at > 0 && text->data[at - 1] != '\n';
	const char *newline = newline_of(text, at);
	size_t column = spot->column;

	buf_add(ret, text->data, at);
	if (open_end)
		buf_addstr(ret, newline);
	for (const char *rest = spot->missing;;) {
		size_t len = strcspn(rest, ".");

		add_blanks(ret, column);
		add_key(ret, rest, len);
		if (rest[len] == '\0')
			break;
		buf_printf(ret, ":%s", newline);
		rest += len + 1;
		column += step;
	}
	buf_printf(ret, ": %s", value);
	if (!open_end)
		buf_addstr(ret, newline);
	buf_add(ret, text->data + at, text->len - at);
}

static void put_value(
    const struct buf *text, const struct spot *spot, const char *value, struct buf *ret)
{
	buf_add(ret, text->data, spot->start);
	buf_printf(ret, "%s%s", spot->kind == SPOT_FILL ? " " : "", value);
	buf_add(ret, text->data + spot->end, text->len - spot->end);
}

/* --- the door -------------------------------------------------------------------- */

/* What was written is read again: the path must now lead to these very bytes. */
static int verify(const struct file_text *in, const struct doc_change *change, struct err *err)
{
	MICA_AUTO(tree_freep) struct tree *root = NULL;
	struct spot spot;

	if (tree_parse(in->file, in->text, in->findings, &root) < 0 ||
	    find_spot(in, root, change->path, &spot) < 0 || spot.kind != SPOT_REPLACE ||
	    spot.end - spot.start != strlen(change->value) ||
	    memcmp(in->text->data + spot.start, change->value, spot.end - spot.start) != 0)
		return err_set(err, ERR_FAILED,
		    "'%s' cannot be changed: '%s' does not find its place in it", in->file,
		    change->path);
	return 0;
}

static int apply(const struct file_text *in, const struct doc_change *change, struct buf *ret,
    struct err *err)
{
	MICA_AUTO(tree_freep) struct tree *root = NULL;
	BUF_AUTO changed = BUF_INIT;
	struct file_text after = { in->file, &changed, in->findings };
	struct spot spot;

	if (tree_parse(in->file, in->text, in->findings, &root) < 0 ||
	    find_spot(in, root, change->path, &spot) < 0)
		return err_set(
		    err, ERR_FAILED, "'%s' cannot be changed at '%s'", in->file, change->path);
	if (spot.kind == SPOT_ADD)
		add_keys(in->text, &spot, step_of(root) ? step_of(root) : 2, change->value,
		    &changed);
	else
		put_value(in->text, &spot, change->value, &changed);
	if (verify(&after, change, err) < 0)
		return -1;
	buf_move(ret, &changed);
	return 0;
}

/* Every fault with its place in the text as it was given. */
static int judge(
    const struct file_text *in, const struct doc_change *changes, size_t n, struct err *err)
{
	const size_t before = in->findings->errors;
	MICA_AUTO(tree_freep) struct tree *root = NULL;
	struct spot spot;
	bool good = tree_parse(in->file, in->text, in->findings, &root) == 0;

	for (size_t i = 0; good && i < n; i++)
		good = find_spot(in, root, changes[i].path, &spot) == 0 || good;
	if (in->findings->errors > before)
		return err_set(err, ERR_FAILED, "'%s' cannot be changed: %zu fault%s", in->file,
		    in->findings->errors - before,
		    in->findings->errors - before == 1 ? "" : "s");
	return 0;
}

int doc_edit(const char *file, const struct buf *text, const struct doc_change *changes,
    size_t n, struct findings *findings, struct buf *ret, struct err *err)
{
	struct file_text in = { file, text, findings };
	BUF_AUTO now = BUF_INIT;

	if (judge(&in, changes, n, err) < 0)
		return -1;
	buf_add(&now, text->data, text->len);
	in.text = &now;
	for (size_t i = 0; i < n; i++) {
		if (apply(&in, &changes[i], &now, err) < 0)
			return -1;
	}
	buf_move(ret, &now);
	return 0;
}
