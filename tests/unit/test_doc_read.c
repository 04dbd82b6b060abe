// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mica/buf.h>
#include <mica/doc.h>
#include <mica/file.h>
#include <mica/mem.h>

static struct doc *good(const char *text)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct doc *doc = NULL;
	struct err err = ERR_INIT;

	if (doc_parse("x.yaml", text, strlen(text), &findings, &doc, &err) < 0)
		fail_msg("%s: %s", err.text, findings.items[0].text);
	assert_int_equal(findings.n, 0);
	return doc;
}

static void nodes_and_marks(void **state)
{
	static const char text[] = "# B\xc3\xbc"
	                           "cher\n"
	                           "a: B\xc3\xbc"
	                           "cher # tail\n"
	                           "b:\n"
	                           "  - 'x y'\n"
	                           "  - { k: \"v\\n\" }\n"
	                           "c: |\n"
	                           "  two\n"
	                           "  lines\n";
	MICA_AUTO(doc_freep) struct doc *doc = good(text);
	const struct doc_node *root = doc_root(doc);
	const struct doc_node *a = doc_get(root, "a");
	const struct doc_node *b = doc_get(root, "b");
	const struct doc_node *k = doc_get(b->items[1], "k");

	(void)state;
	assert_int_equal(root->kind, DOC_MAP);
	assert_int_equal(root->n, 3);
	assert_string_equal(a->text, "B\xc3\xbc"
	                             "cher");
	assert_false(a->quoted);
	assert_int_equal(a->mark.line, 2);
	assert_int_equal(a->mark.column, 4);
	assert_string_equal(a->mark.file, "x.yaml");
	/* offsets count bytes, behind characters of more than one */
	assert_memory_equal(text + a->start,
	    "B\xc3\xbc"
	    "cher #",
	    9);
	assert_int_equal(a->end - a->start, 7);
	assert_int_equal(b->kind, DOC_LIST);
	assert_int_equal(b->n, 2);
	assert_string_equal(b->items[0]->text, "x y");
	assert_true(b->items[0]->quoted);
	assert_memory_equal(text + b->items[0]->start, "'x y'", 5);
	assert_int_equal(b->items[0]->end - b->items[0]->start, 5);
	assert_string_equal(k->text, "v\n");
	assert_int_equal(k->mark.line, 5);
	assert_int_equal(k->mark.column, 10);
	assert_string_equal(doc_get(root, "c")->text, "two\nlines\n");
	assert_true(doc_get(root, "c")->quoted);
	assert_null(doc_get(root, "d"));
	assert_null(doc_get(a, "a"));
	assert_null(doc_get(NULL, "a"));
}

static void empty_documents(void **state)
{
	static const char *const texts[] = { "", "\n", "# nothing\n", "  \n\n" };

	(void)state;
	for (size_t i = 0; i < mem_count(texts); i++) {
		MICA_AUTO(doc_freep) struct doc *doc = good(texts[i]);

		assert_null(doc_root(doc));
	}
}

static void taken(void **state)
{
	static const char *const texts[] = { "---\na: b\n", "a: []\n", "a: {}\n", "a: b\n...\n",
		"a: b\r\nc: d\r\n", "a: \"\\u202e\"\n", "a: \"b\\tc\\n\"\n", "? a\n: b\n",
		"a: '*x'\n", "a: '&x'\n", "a: \"!x\"\n", "\"<<\": b\n", "a: 'two\n  lines'\n" };

	(void)state;
	for (size_t i = 0; i < mem_count(texts); i++) {
		MICA_AUTO(doc_freep) struct doc *doc = good(texts[i]);

		assert_int_equal(doc_root(doc)->kind, DOC_MAP);
	}
}

#define TEXT(bytes) (bytes), sizeof(bytes) - 1

static void faults(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *rule;
		int line, column;
		const char *words;
	} cases[] = {
		{ TEXT("a: 1\nb: &x 2\n"), "anchor", 2, 4, "anchors (&) are not taken" },
		{ TEXT("a: &x [1]\n"), "anchor", 1, 4, "anchors (&) are not taken" },
		{ TEXT("a: &x { b: c }\n"), "anchor", 1, 4, "anchors (&) are not taken" },
		{ TEXT("a: *x\n"), "alias", 1, 4, "aliases (*) are not taken" },
		{ TEXT("a: !!int 3\n"), "tag", 1, 4, "tags (!) are not taken" },
		{ TEXT("a: ! b\n"), "tag", 1, 4, "tags (!) are not taken" },
		{ TEXT("a: !local [b]\n"), "tag", 1, 4, "tags (!) are not taken" },
		{ TEXT("!!map\na: b\n"), "tag", 1, 1, "tags (!) are not taken" },
		{ TEXT("<<: { a: b }\n"), "merge-key", 1, 1, "merge keys (<<) are not taken" },
		{ TEXT("%YAML 1.2\n---\na: b\n"), "directive", 1, 1,
		    "directives (%) are not taken" },
		{ TEXT("%TAG ! tag:x,2000:\n---\na: b\n"), "directive", 1, 1,
		    "directives (%) are not taken" },
		{ TEXT("a: b\n---\nc: d\n"), "second-document", 2, 1,
		    "a second document begins here" },
		{ TEXT("a: b\n...\nc: d\n"), "second-document", 3, 1,
		    "something follows the end of the document" },
		{ TEXT("a: b\na: c\n"), "duplicate-key", 2, 1, "the key 'a' is there twice" },
		{ TEXT("x: { k: 1, j: 2, \"k\": 3 }\n"), "duplicate-key", 1, 18,
		    "the key 'k' is there twice" },
		{ TEXT("? [a]\n: b\n"), "key-not-text", 1, 3, "a key must be plain text" },
		{ TEXT("\xef\xbb\xbf"
		       "a: b\n"),
		    "byte-order-mark", 1, 1, "the text begins with a byte order mark" },
		{ TEXT("a: b\n# \xef\xbb\xbf\n"), "control-character", 2, 3,
		    "the character U+FEFF cannot be seen" },
		{ TEXT("a: b\n# \xe2\x80\xae"
		       "x\n"),
		    "control-character", 2, 3, "the character U+202E cannot be seen" },
		{ TEXT("a: b\0c\n"), "control-character", 1, 5,
		    "the character U+0000 cannot be seen" },
		{ TEXT("a: \x1b[1m\n"), "control-character", 1, 4,
		    "the character U+001B cannot be seen" },
		{ TEXT("a: b\x7f\n"), "control-character", 1, 5,
		    "the character U+007F cannot be seen" },
		{ TEXT("a: \xc2\x85\n"), "control-character", 1, 4,
		    "the character U+0085 cannot be seen" },
		{ TEXT("a: b\rc: d\n"), "control-character", 1, 5,
		    "a carriage return that does not end its line" },
		{ TEXT("a: \"b\\0c\"\n"), "control-character", 1, 4,
		    "the text has the control character U+0000 in it" },
		{ TEXT("a: \"b\\ec\"\n"), "control-character", 1, 4,
		    "the text has the control character U+001B in it" },
		{ TEXT("a: \"b\\Nc\"\n"), "control-character", 1, 4,
		    "the text has the control character U+0085 in it" },
		{ TEXT("\"a\\x07\": b\n"), "control-character", 1, 1,
		    "the text has the control character U+0007 in it" },
		{ TEXT("a: \xc3\xa4\xc3\xb6\nb: \xc3\xbc \xff\n"), "not-utf8", 2, 6,
		    "the byte 0xff is not UTF-8" },
		{ TEXT("a: \xed\xa0\x80\n"), "not-utf8", 1, 4, "the byte 0xed is not UTF-8" },
		{ TEXT("\xff\xfe"
		       "a\0"),
		    "not-utf8", 1, 1, "the byte 0xff is not UTF-8" },
		{ TEXT("a: \xe2\x82"), "not-utf8", 1, 4, "the byte 0xe2 is not UTF-8" },
		{ TEXT("a: [b\n"), "syntax", 2, 1,
		    "while parsing a flow sequence: did not find expected ',' or ']'" },
		{ TEXT("a: b\n\tc: d\n"), "syntax", 2, 1,
		    "while scanning a plain scalar: found a tab character that violates "
		    "indentation" },
		{ TEXT("a: b: c\n"), "syntax", 1, 5,
		    "mapping values are not allowed in this context" },
		{ TEXT("a: b\n]\n"), "syntax", 2, 1,
		    "while parsing a block mapping: did not find expected key" },
		{ TEXT("a: 'b\n"), "syntax", 2, 1,
		    "while scanning a quoted scalar: found unexpected end of stream" },
		{ TEXT("a: \"\\q\"\n"), "syntax", 1, 5,
		    "while parsing a quoted scalar: found unknown escape character" },
		{ TEXT("a: @b\n"), "syntax", 1, 4,
		    "while scanning for the next token: found character that cannot start any "
		    "token" },
	};
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;
		struct doc *doc = NULL;
		struct err err = ERR_INIT;
		const struct finding *first;

		assert_int_equal(
		    doc_parse("x", cases[i].text, cases[i].len, &findings, &doc, &err), -1);
		assert_null(doc);
		assert_int_equal(err.kind, ERR_FAILED);
		assert_string_equal(err.text, "'x' has 1 fault");
		assert_int_equal(findings.n, 1);
		first = &findings.items[0];
		if (strcmp(first->rule, cases[i].rule) == 0 && first->line == cases[i].line &&
		    first->column == cases[i].column &&
		    strcmp(first->text, cases[i].words) == 0)
			continue;
		print_error("%zu: %d:%d: %s: %s\n", i, first->line, first->column, first->rule,
		    first->text);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* What can be read to its end is given out for the caller's own faults. */
static void read_in_spite_of_faults(void **state)
{
	static const char text[] = "a: &x 1\na: 2\nb: 3\n";
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(doc_freep) struct doc *doc = doc_read("x", text, strlen(text), &findings);

	(void)state;
	assert_non_null(doc);
	assert_int_equal(findings.errors, 2);
	assert_true(doc_get(doc_root(doc), "a")->faulty);
	assert_false(doc_get(doc_root(doc), "b")->faulty);
	assert_string_equal(doc_get(doc_root(doc), "b")->text, "3");
}

static void depth(void **state)
{
	BUF_AUTO text = BUF_INIT;
	FINDINGS_AUTO findings = FINDINGS_INIT;

	(void)state;
	for (int i = 0; i < DOC_MAX_DEPTH; i++)
		buf_addstr(&text, "[");
	for (int i = 0; i < DOC_MAX_DEPTH; i++)
		buf_addstr(&text, "]");
	doc_free(good(buf_text(&text)));
	buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		buf_addstr(&text, "[");
	assert_null(doc_read("x", text.data, text.len, &findings));
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.items[0].rule, "too-deep");
	assert_int_equal(findings.items[0].column, DOC_MAX_DEPTH + 1);
}

static void size(void **state)
{
	BUF_AUTO text = BUF_INIT;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(doc_freep) struct doc *doc = NULL;

	(void)state;
	buf_addstr(&text, "a: b\n#");
	while (text.len < FILE_MAX_TEXT)
		buf_addstr(&text, "x");
	doc = doc_read("x", text.data, text.len, &findings);
	assert_non_null(doc);
	buf_addstr(&text, "x");
	assert_null(doc_read("x", text.data, text.len, &findings));
	assert_string_equal(findings.items[0].rule, "too-large");
}

/* Many keys, the last of them twice: sorting finds it, not comparing each with each. */
static void many_keys(void **state)
{
	BUF_AUTO text = BUF_INIT;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(doc_freep) struct doc *doc = NULL;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_printf(&text, "k%d: %d\n", i, i);
	buf_addstr(&text, "k7: again\n");
	doc = doc_read("x", text.data, text.len, &findings);
	assert_int_equal(findings.n, 1);
	assert_int_equal(findings.items[0].line, 100001);
	assert_string_equal(findings.items[0].hint, "the first one is on line 8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_and_marks),
		cmocka_unit_test(empty_documents),
		cmocka_unit_test(taken),
		cmocka_unit_test(faults),
		cmocka_unit_test(read_in_spite_of_faults),
		cmocka_unit_test(depth),
		cmocka_unit_test(size),
		cmocka_unit_test(many_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
