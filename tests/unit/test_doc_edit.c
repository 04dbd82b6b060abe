// SPDX-License-Identifier: Apache-2.0
/* doc_edit: the values change, and not one byte else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include <mica/doc.h>
#include <mica/file.h>
#include <mica/mem.h>

/* --- by example ------------------------------------------------------------------ */

struct example {
	const char *before, *path, *value, *after;
};

static void expect_edit(const struct example *example)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO text = BUF_INIT;
	BUF_AUTO result = BUF_INIT;
	struct doc_change change = { example->path, example->value };
	struct err err = ERR_INIT;

	buf_addstr(&text, example->before);
	if (doc_edit("f.yaml", &text, &change, 1, &findings, &result, &err) < 0)
		fail_msg("%s: %s", err.text, findings.n ? findings.items[0].text : "");
	assert_string_equal(buf_text(&result), example->after);
	/* once more changes nothing */
	buf_move(&text, &result);
	assert_int_equal(doc_edit("f.yaml", &text, &change, 1, &findings, &result, &err), 0);
	assert_string_equal(buf_text(&result), example->after);
	assert_int_equal(findings.n, 0);
}

static void test_replaced(void **state)
{
	static const struct example examples[] = {
		{ "a: 1\nb: 2\n", "a", "7", "a: 7\nb: 2\n" },
		{ "a: 1 # why\nb: 2", "a", "\"x\"", "a: \"x\" # why\nb: 2" },
		{ "a: 1\nb: 2", "b", "7", "a: 1\nb: 7" },
		{ "a: \"1 # 2\"  # why\n", "a", "7", "a: 7  # why\n" },
		{ "a: 'it''s'\r\nb: 2\r\n", "a", "7", "a: 7\r\nb: 2\r\n" },
		{ "a:\n  b:\n    c:   1\n", "a.b.c", "7", "a:\n  b:\n    c:   7\n" },
		{ "a: one\n  two\nb: 2\n", "a", "7", "a: 7\nb: 2\n" },
		{ "\"a\": { 'b': 1, c: [1, 2] } # flow\n", "a.b", "7",
		    "\"a\": { 'b': 7, c: [1, 2] } # flow\n" },
		{ "# \xc3\xa4\xe2\x82\xac\nx: \xf0\x9f\x98\x80 # \xc3\xa4\na: 1\n", "a", "7",
		    "# \xc3\xa4\xe2\x82\xac\nx: \xf0\x9f\x98\x80 # \xc3\xa4\na: 7\n" },
		{ "\xef\xbb\xbf"
		  "a: 1\n",
		    "a", "7",
		    "\xef\xbb\xbf"
		    "a: 7\n" },
		{ "---\na: 1\n...\n", "a", "7", "---\na: 7\n...\n" },
		{ "x: &k { q: 1 }\ny: *k\na: 1\n", "a", "7", "x: &k { q: 1 }\ny: *k\na: 7\n" },
		{ "x: !!str 5\na: 1\n", "a", "7", "x: !!str 5\na: 7\n" },
		{ "x: |\n  a: 0\n\n  b\n\na: 1\n", "a", "7", "x: |\n  a: 0\n\n  b\n\na: 7\n" },
		{ "? a\n: 1\n", "a", "7", "? a\n: 7\n" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(examples); i++)
		expect_edit(&examples[i]);
}

static void test_filled(void **state)
{
	static const struct example examples[] = {
		{ "a:\n", "a", "7", "a: 7\n" },
		{ "a:", "a", "7", "a: 7" },
		{ "a: # why\nb: 2\n", "a", "7", "a: 7 # why\nb: 2\n" },
		{ "p:\n  ip: # none\n  port: 1\n", "p.ip", "\"::1\"",
		    "p:\n  ip: \"::1\" # none\n  port: 1\n" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(examples); i++)
		expect_edit(&examples[i]);
}

static void test_added(void **state)
{
	static const struct example examples[] = {
		{ "", "a", "7", "a: 7\n" },
		{ "", "a.b.c", "7", "a:\n  b:\n    c: 7\n" },
		{ "# only words\n", "a.b", "7", "# only words\na:\n  b: 7\n" },
		{ "# only words", "a.b", "7", "# only words\na:\n  b: 7" },
		{ "---\n", "a", "7", "---\na: 7\n" },
		{ "a: 1\n", "b", "7", "a: 1\nb: 7\n" },
		{ "a: 1", "b.c", "7", "a: 1\nb:\n  c: 7" },
		{ "a: 1\r\n", "b.c", "7", "a: 1\r\nb:\r\n  c: 7\r\n" },
		{ "a: 1\r\nb: 2", "c", "7", "a: 1\r\nb: 2\r\nc: 7" },
		{ "a:\n    b: 1\nz: 1\n", "a.c.d", "7",
		    "a:\n    b: 1\n    c:\n        d: 7\nz: 1\n" },
		{ "a:\n  b: 1 # why\n\n# of z\nz: 1\n", "a.c", "7",
		    "a:\n  b: 1 # why\n  c: 7\n\n# of z\nz: 1\n" },
		{ "a:\n  b: 1 # why\n         # and why\n  # x: 1\nz: 1\n", "a.c", "7",
		    "a:\n  b: 1 # why\n         # and why\n  c: 7\n  # x: 1\nz: 1\n" },
		{ "a:\n  b:\n    c: [1,\n      2]\n  # d: 1\nz: 1\n", "a.b.d", "7",
		    "a:\n  b:\n    c: [1,\n      2]\n    d: 7\n  # d: 1\nz: 1\n" },
		{ "a: # none yet\n  # b: 1\nz: 1\n", "a.b", "7",
		    "a: # none yet\n  # b: 1\n  b: 7\nz: 1\n" },
		{ "p:\n    q: 1\na:\nz: 1\n", "a.b", "7",
		    "p:\n    q: 1\na:\n    b: 7\nz: 1\n" },
		{ "a:\n- 1\n- 2\n", "b", "7", "a:\n- 1\n- 2\nb: 7\n" },
		{ "a:\n  b: |\n    text\n\n    more\n", "a.c", "7",
		    "a:\n  b: |\n    text\n\n    more\n  c: 7\n" },
		{ "x: &k 1\na:\n  b: *k # alias\n", "a.c", "7",
		    "x: &k 1\na:\n  b: *k # alias\n  c: 7\n" },
		{ "a: { b: 1 } # flow\n", "c", "7", "a: { b: 1 } # flow\nc: 7\n" },
		{ "#a: 1\nb: 2\n", "a", "7", "#a: 1\nb: 2\na: 7\n" },
		{ "a: 1\n...\n", "b", "7", "a: 1\nb: 7\n...\n" },
		{ "a: 1\n", "123.b", "7", "a: 1\n\"123\":\n  b: 7\n" },
		{ "a: 1\n", "b.True", "7", "a: 1\nb:\n  \"True\": 7\n" },
		{ "a: 1\n", "b.-", "7", "a: 1\nb:\n  \"-\": 7\n" },
		{ "a: 1\n", "b.1e3", "7", "a: 1\nb:\n  \"1e3\": 7\n" },
		{ "a: 1\n", "b.by-dev_1", "7", "a: 1\nb:\n  by-dev_1: 7\n" },
		{ "a:\n  b:\n    c:\n      d: 1\n", "a.x", "7",
		    "a:\n  b:\n    c:\n      d: 1\n  x: 7\n" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(examples); i++)
		expect_edit(&examples[i]);
}

/* --- refused --------------------------------------------------------------------- */

struct refusal {
	const char *before, *path;
	int line, column;
	const char *words;
};

static void expect_refusal(const struct refusal *refusal)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO text = BUF_INIT;
	BUF_AUTO result = BUF_INIT;
	struct doc_change change = { refusal->path, "7" };
	struct err err = ERR_INIT;

	buf_addstr(&text, refusal->before);
	buf_addstr(&result, "untouched");
	assert_int_equal(doc_edit("f.yaml", &text, &change, 1, &findings, &result, &err), -1);
	assert_int_equal(err.kind, ERR_FAILED);
	assert_string_equal(buf_text(&result), "untouched");
	assert_true(findings.errors >= 1);
	if (!strstr(findings.items[0].text, refusal->words))
		fail_msg("'%s' does not say '%s'", findings.items[0].text, refusal->words);
	assert_string_equal(findings.items[0].file, "f.yaml");
	assert_int_equal(findings.items[0].line, refusal->line);
	assert_int_equal(findings.items[0].column, refusal->column);
}

static void test_refused(void **state)
{
	static const struct refusal refusals[] = {
		{ "a: 1\nb: 2\na: 3\n", "b", 3, 1, "duplicate key 'a', also at line 1" },
		{ "x:\n  a: 1\n  \"a\": 2\n", "b", 3, 3, "duplicate key 'a', also at line 2" },
		{ "a: 1\n---\nb: 2\n", "a", 2, 1, "a second document" },
		{ "a: 1\n", "a.b", 1, 4, "this is not a map, but 'a.b' must be set" },
		{ "a: [1]\n", "a.b", 1, 4, "this is not a map" },
		{ "- a\n", "a", 1, 1, "this is not a map" },
		{ "a:\n  b: 1\n", "a", 2, 3, "a map or list stands here" },
		{ "a: [1, 2]\n", "a", 1, 4, "a map or list stands here" },
		{ "a: {}\n", "a.b", 1, 4, "stands in braces and cannot grow" },
		{ "a: { b: 1 }\n", "a.c", 1, 4, "stands in braces and cannot grow" },
		{ "{ a: , c: 1 }\n", "a.b", 1, 3, "stands in braces and cannot grow" },
		{ "{ a: , b: 1 }\n", "a", 1, 6, "no value stands here" },
		{ "x: &k 1\na: *k\n", "a", 2, 4, "an anchor, alias or tag" },
		{ "x: &k { b: 1 }\na: *k\n", "a.b", 2, 4, "this is not a map" },
		{ "a: &k 1\n", "a", 1, 4, "an anchor, alias or tag" },
		{ "a: !!int 1\n", "a", 1, 4, "an anchor, alias or tag" },
		{ "a: |\n  1\n", "a", 1, 4, "a block scalar" },
		{ "a:\n\tb: 1\n", "a.b", 2, 1, "found character that cannot start any token" },
		{ "a: \"1\n", "a", 2, 1, "found unexpected end of stream" },
		{ "a: 1\nb: \x01\n", "a", 2, 4, "control characters are not allowed" },
		{ "\xc3\xa4: 1\nb: \xff\n", "a", 2, 4, "invalid leading UTF-8 octet" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(refusals); i++)
		expect_refusal(&refusals[i]);
}

/* nesting has an end: no text exhausts the stack */
static void test_depth(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO text = BUF_INIT;
	BUF_AUTO result = BUF_INIT;
	struct doc_change change = { "a", "7" };
	struct err err = ERR_INIT;

	(void)state;
	buf_addstr(&text, "a: ");
	for (int i = 0; i < 900; i++)
		buf_addstr(&text, "[");
	for (int i = 0; i < 900; i++)
		buf_addstr(&text, "]");
	assert_int_equal(doc_edit("f.yaml", &text, &change, 1, &findings, &result, &err), -1);
	assert_string_equal(findings.items[0].text, "nested too deeply");
}

/* every fault at once, each where it is in the text that was given */
static void test_all_faults(void **state)
{
	static const struct doc_change changes[] = {
		{ "new.key", "1" },
		{ "a.x", "1" },
		{ "b.y", "1" },
		{ "c", "1" },
	};
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO text = BUF_INIT;
	BUF_AUTO result = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	buf_addstr(&text, "a: 1\nb: {}\nc: [x]\n");
	assert_int_equal(doc_edit("f.yaml", &text, changes, 4, &findings, &result, &err), -1);
	assert_string_equal(err.text, "'f.yaml' cannot be changed: 3 faults");
	assert_int_equal(findings.n, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(findings.items[i].line, i + 1);
}

/* --- a real milvus.yaml ---------------------------------------------------------- */

static const struct doc_change milvus_changes[] = {
	{ "proxy.http.enabled", "true" },
	{ "proxy.http.port", "8080" },
	{ "tls.serverPemPath", "\"/milvus/tls/server.pem\"" },
	{ "common.security.tlsMode", "2" },
	{ "internaltls.sni", "\"localhost\"" },
};

static void read_milvus(struct buf *ret)
{
	struct err err = ERR_INIT;

	if (file_read(AT_FDCWD, TEST_DATA_DIR "/milvus-2.3.5.yaml", FILE_MAX_TEXT, ret, &err) <
	    0)
		fail_msg("%s", err.text);
}

static void to_crlf(struct buf *text)
{
	BUF_AUTO crlf = BUF_INIT;

	for (size_t i = 0; i < text->len; i++)
		buf_addstr(&crlf,
		    text->data[i] == '\n' ? "\r\n" : (char[]){ (char)text->data[i], '\0' });
	buf_move(text, &crlf);
}

/* Lines of `after` that are not the next line of `before`. Both are eaten. */
static size_t changed_lines(char *before, char *after, char *ret[], size_t max)
{
	char *old_rest = before, *old = strsep(&old_rest, "\n");
	size_t n = 0;

	for (char *line = strsep(&after, "\n"); line; line = strsep(&after, "\n")) {
		if (old && strcmp(old, line) == 0) {
			old = strsep(&old_rest, "\n");
			continue;
		}
		assert_true(n < max);
		ret[n++] = line;
		/* replaced, not added: both have the same key */
		if (old && strchr(line, ':') && strncmp(old, line, strcspn(line, ":") + 1) == 0)
			old = strsep(&old_rest, "\n");
	}
	assert_null(old);
	return n;
}

static void check_milvus(bool crlf)
{
	static const char *const expected[] = { "    port: 8080",
		"  serverPemPath: \"/milvus/tls/server.pem\"", "    tlsMode: 2",
		"internaltls:", "  sni: \"localhost\"" };
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO text = BUF_INIT;
	BUF_AUTO result = BUF_INIT;
	struct err err = ERR_INIT;
	char *changed[8];
	size_t n;

	read_milvus(&text);
	if (crlf)
		to_crlf(&text);
	if (doc_edit("milvus.yaml", &text, milvus_changes, 5, &findings, &result, &err) < 0)
		fail_msg("%s: %s", err.text, findings.items[0].text);
	n = changed_lines((char *)text.data, (char *)result.data, changed, 8);
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(changed[i]);

		assert_int_equal(crlf, changed[i][len - 1] == '\r');
		changed[i][crlf ? len - 1 : len] = '\0';
		assert_string_equal(changed[i], expected[i]);
	}
}

static void test_milvus(void **state)
{
	(void)state;
	check_milvus(false);
	check_milvus(true);
}

/* --- a property ------------------------------------------------------------------ */

/*
 * A random map of maps is written in a random style; one random path in it, or beside it, is
 * set; what doc_parse() then reads is the old map with that one value changed, and the bytes
 * are the old ones but for one place.
 */
enum { KEYS = 4, DEPTH = 3 };

struct model {
	enum { ABSENT, NOTHING, VALUE, MAP } kind[KEYS];
	int value[KEYS];
	struct model *map[KEYS];
	int order[KEYS];
};

static uint32_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static struct model *model_new(int depth)
{
	struct model *model = mem_zalloc(sizeof(*model));

	for (int i = 0; i < KEYS; i++) {
		int other = (int)any((uint32_t)i + 1);

		model->order[i] = model->order[other];
		model->order[other] = i;
		model->kind[i] = any(depth < DEPTH ? 4 : 3);
		model->value[i] = (int)any(100);
		if (model->kind[i] == MAP)
			model->map[i] = model_new(depth + 1);
	}
	/* a block map is never empty */
	if (model->kind[0] == ABSENT)
		model->kind[0] = VALUE;
	return model;
}

static void model_free(struct model *model)
{
	if (!model)
		return;
	for (int i = 0; i < KEYS; i++)
		model_free(model->map[i]);
	free(model);
}

struct style {
	int step;
	const char *newline;
};

static void noise(struct buf *ret, const struct style *style)
{
	static const char *const lines[] = { "", "# a", "  # b: 1", "        # \xc3\xa4: {",
		"#" };

	while (any(4) == 0)
		buf_printf(ret, "%s%s", lines[any(5)], style->newline);
}

static void write_model(
    const struct model *model, int column, const struct style *style, struct buf *ret)
{
	static const char *const quotes[] = { "", "\"", "'" };
	static const char *const tails[] = { "", "", " # why: x", "   #\xe2\x82\xac" };

	for (int k = 0; k < KEYS; k++) {
		const int i = model->order[k];
		const char *quote = quotes[any(3)];

		if (model->kind[i] == ABSENT)
			continue;
		noise(ret, style);
		buf_printf(ret, "%*sk%d:", column, "", i);
		if (model->kind[i] == VALUE)
			buf_printf(ret, " %s%d%s", quote, model->value[i], quote);
		buf_printf(ret, "%s%s", tails[any(4)], style->newline);
		if (model->kind[i] == MAP)
			write_model(model->map[i], column + style->step, style, ret);
	}
}

static void compare(const struct model *model, const struct doc_node *node)
{
	size_t n = 0;

	assert_int_equal(node->kind, DOC_MAP);
	for (int i = 0; i < KEYS; i++) {
		char key[8], value[16] = "";
		const struct doc_node *item;

		snprintf(key, sizeof(key), "k%d", i);
		item = doc_get(node, key);
		assert_int_equal(item != NULL, model->kind[i] != ABSENT);
		n += item != NULL;
		if (model->kind[i] == MAP) {
			compare(model->map[i], item);
		} else if (item) {
			if (model->kind[i] == VALUE)
				snprintf(value, sizeof(value), "%d", model->value[i]);
			assert_int_equal(item->kind, DOC_SCALAR);
			assert_string_equal(item->text, value);
		}
	}
	assert_int_equal(node->n, n);
}

/* Sets a random path in the model, making maps on the way where there is nothing. */
static void change_model(struct model *model, int value, struct buf *ret_path)
{
	for (int depth = 0;; depth++) {
		int i = (int)any(KEYS);

		buf_printf(ret_path, "%sk%d", depth ? "." : "", i);
		if (model->kind[i] == VALUE ||
		    (model->kind[i] != MAP && (depth >= DEPTH || any(2) == 0))) {
			model->kind[i] = VALUE;
			model->value[i] = value;
			return;
		}
		if (model->kind[i] != MAP) {
			model->kind[i] = MAP;
			model->map[i] = mem_zalloc(sizeof(*model));
		}
		model = model->map[i];
	}
}

/* One place: what stands before and after it is as it was; what is replaced is one value. */
static void compare_bytes(const struct buf *before, const struct buf *after)
{
	size_t head = 0, tail = 0;

	while (
	    head < before->len && head < after->len && before->data[head] == after->data[head])
		head++;
	while (tail < before->len - head && tail < after->len - head &&
	       before->data[before->len - tail - 1] == after->data[after->len - tail - 1])
		tail++;
	assert_in_range(before->len - head - tail, 0, 4);
}

static void check_random(void)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(doc_freep) struct doc *doc = NULL;
	struct style style = { 1 + (int)any(4), any(3) ? "\n" : "\r\n" };
	struct model *model = model_new(0);
	BUF_AUTO before = BUF_INIT;
	BUF_AUTO after = BUF_INIT;
	BUF_AUTO path = BUF_INIT;
	struct doc_change change = { .value = "1234" };
	struct err err = ERR_INIT;

	write_model(model, 0, &style, &before);
	noise(&before, &style);
	if (any(3) == 0)
		buf_cut(&before, before.len - strlen(style.newline));
	change_model(model, 1234, &path);
	change.path = buf_text(&path);
	if (doc_edit("f.yaml", &before, &change, 1, &findings, &after, &err) < 0)
		fail_msg(
		    "%s: %s in\n%s", change.path, findings.items[0].text, buf_text(&before));
	if (doc_parse("f.yaml", after.data, after.len, &findings, &doc, &err) < 0)
		fail_msg(
		    "%s: %s in\n%s", change.path, findings.items[0].text, buf_text(&after));
	compare(model, doc_root(doc));
	compare_bytes(&before, &after);
	model_free(model);
}

static void test_random(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		seed = i;
		check_random();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_filled),
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_all_faults),
		cmocka_unit_test(test_milvus),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
