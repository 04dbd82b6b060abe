// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mica/buf.h>
#include <mica/mem.h>
#include <mica/schema.h>

struct inner {
	struct schema_head head;
	struct schema_value text, number;
};

struct outer {
	struct schema_head head;
	struct schema_value text, loose, number, flag, word, list, table, nothing;
	struct inner one;
	struct schema_array many, named;
};

static const struct schema_key inner_keys[] = {
	{ .path = "one.text",
	    .name = "text",
	    .summary = "a text",
	    .type = SCHEMA_TEXT,
	    .offset = offsetof(struct inner, text) },
	{ .path = "one.number",
	    .name = "number",
	    .summary = "a number",
	    .type = SCHEMA_NUMBER,
	    .flags = SCHEMA_REQUIRED,
	    .least = -5,
	    .most = 5,
	    .fallback = 4,
	    .offset = offsetof(struct inner, number) },
};
static const struct schema inner_schema = { "an inner one", sizeof(struct inner), inner_keys,
	2 };

static const struct schema_word words[] = { { "red", 7, false }, { "blue", 8, true },
	{ "green", 9, false }, { "grey", 10, false }, { 0 } };

#define KEY(field, kind)                                                                       \
	.path = #field, .name = #field, .type = kind, .offset = offsetof(struct outer, field)

static const struct schema_key outer_keys[] = {
	{ KEY(text, SCHEMA_TEXT) },
	{ KEY(loose, SCHEMA_TEXT), .flags = SCHEMA_NUMERIC },
	{ KEY(number, SCHEMA_NUMBER), .least = 0, .most = INT64_MAX, .fallback = 42 },
	{ KEY(flag, SCHEMA_BOOL), .fallback = 1 },
	{ KEY(word, SCHEMA_WORD), .words = words, .fallback = 9 },
	{ KEY(list, SCHEMA_TEXTS) },
	{ KEY(table, SCHEMA_TABLE) },
	{ KEY(nothing, SCHEMA_TEXT), .flags = SCHEMA_NULL },
	{ KEY(one, SCHEMA_MAP), .sub = &inner_schema },
	{ KEY(many, SCHEMA_MAPS), .sub = &inner_schema },
	{ KEY(named, SCHEMA_NAMED), .sub = &inner_schema },
	{ .path = "later", .name = "later", .type = SCHEMA_LATER },
};
static const struct schema outer_schema = { "the whole", sizeof(struct outer), outer_keys,
	mem_count(outer_keys) };

static struct outer out;
static struct doc *doc;

static int clear(void **state)
{
	(void)state;
	schema_clear(&outer_schema, &out);
	out = (struct outer){ 0 };
	doc_free(doc);
	doc = NULL;
	return 0;
}

/* Reads text; the faults as "line:column: text [hint]" lines. */
static void read_into(const char *text, struct buf *faults)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;

	clear(NULL);
	doc = doc_read("x", text, strlen(text), &findings);
	assert_non_null(doc);
	schema_read(&outer_schema, doc_root(doc), &out, &findings);
	for (size_t i = 0; i < findings.n; i++) {
		const struct finding *f = &findings.items[i];

		buf_printf(faults, "%d:%d: %s%s%s%s\n", f->line, f->column, f->text,
		    f->hint ? " [" : "", f->hint ? f->hint : "", f->hint ? "]" : "");
	}
}

static void fills_the_struct(void **state)
{
	BUF_AUTO faults = BUF_INIT;
	const struct inner *many;

	(void)state;
	read_into(
	    "text: 'a b'\nloose: 2.60\nnumber: 9223372036854775807\nflag: false\nword: red\n"
	    "list: [x, \"1\"]\ntable: { a b: c, on: \"1\" }\nnothing: null\none: { number: -5, "
	    "text: t }\n"
	    "many:\n  - { number: 1 }\n  - { number: 2 }\nnamed: { b: { number: 3 }, a: { "
	    "number: 4 } }\n"
	    "later: []\n",
	    &faults);
	assert_string_equal(buf_text(&faults), "");
	assert_string_equal(schema_text(&out.text), "a b");
	assert_string_equal(schema_text(&out.loose), "2.60");
	assert_true(out.number.number == INT64_MAX);
	assert_int_equal(out.flag.number, 0);
	assert_int_equal(out.word.number, 7);
	assert_int_equal(schema_count(&out.list), 2);
	assert_string_equal(schema_item(&out.list, 1), "1");
	assert_int_equal(schema_count(&out.table), 2);
	assert_string_equal(out.table.node->keys[1]->text, "on");
	assert_string_equal(schema_item(&out.table, 1), "1");
	assert_null(schema_text(&out.nothing));
	assert_false(out.nothing.faulty);
	assert_int_equal(out.one.number.number, -5);
	assert_string_equal(schema_text(&out.one.text), "t");
	many = out.many.items;
	assert_int_equal(out.many.n, 2);
	assert_int_equal(many[1].number.number, 2);
	assert_int_equal(many[1].head.node->mark.line, 12);
	many = out.named.items; /* in the order of the file */
	assert_int_equal(out.named.n, 2);
	assert_string_equal(out.named.node->keys[0]->text, "b");
	assert_int_equal(many[0].number.number, 3);
	assert_int_equal(many[1].number.number, 4);
}

static void falls_back(void **state)
{
	BUF_AUTO faults = BUF_INIT;

	(void)state;
	read_into("later: false\n", &faults);
	assert_string_equal(buf_text(&faults), "");
	assert_int_equal(out.number.number, 42);
	assert_null(out.number.node);
	assert_int_equal(out.flag.number, 1);
	assert_int_equal(out.word.number, 9);
	assert_int_equal(out.one.number.number, 4);
	assert_null(out.one.head.node);
	assert_int_equal(schema_count(&out.list), 0);
	assert_int_equal(out.many.n, 0);
}

static void faults(void **state)
{
	static const struct {
		const char *text, *faults;
	} cases[] = {
		{ "text: 12", "1:7: 'text' must be a text, not a number [put it between double "
		              "quotes]\n" },
		{ "text: -1.5e3", "1:7: 'text' must be a text, not a number [put it between "
		                  "double quotes]\n" },
		{ "text: 0x1F", "1:7: 'text' must be a text, not a number [put it between "
		                "double quotes]\n" },
		{ "text: .inf", "1:7: 'text' must be a text, not a number [put it between "
		                "double quotes]\n" },
		{ "text: Off", "1:7: 'text' must be a text, not what YAML reads as true or "
		               "false [put it between double "
		               "quotes]\n" },
		{ "text: ~", "1:7: 'text' must be a text, not nothing [take the key out to "
		             "have the default]\n" },
		{ "text: {}", "1:7: 'text' must be one text\n" },
		{ "text: ''", "1:7: 'text' must be a text that is not empty\n" },
		{ "text: \"a\\tb\"",
		    "1:7: 'text' must be a text of one line without control characters\n" },
		{ "text: 127.0.0.1", "" },
		{ "text: 1/3", "" },
		{ "text: 0x", "" },
		{ "text: 1e", "1:7: 'text' must be a text, not a number [put it between double "
		              "quotes]\n" },
		{ "text: '12'", "" },
		{ "loose: 12", "" },
		{ "loose: yes", "1:8: 'loose' must be a text, not what YAML reads as true or "
		                "false [put it between double "
		                "quotes]\n" },
		{ "number: -1",
		    "1:9: 'number' must be a whole number from 0 to 9223372036854775807\n" },
		{ "number: 9223372036854775808",
		    "1:9: 'number' must be a whole number from 0 to 9223372036854775807\n" },
		{ "number: 007",
		    "1:9: 'number' must be a whole number from 0 to 9223372036854775807 "
		    "[digits alone, the first of them not 0]\n" },
		{ "number: '7'", "1:9: 'number' must be a whole number from 0 to "
		                 "9223372036854775807 [take the quotes away]\n" },
		{ "flag: True",
		    "1:7: 'flag' must be true or false [only these two words are taken]\n" },
		{ "flag: [true]", "1:7: 'flag' must be true or false\n" },
		{ "flag: maybe", "1:7: 'flag' must be true or false\n" },
		{ "word: gren",
		    "1:7: 'word' must be 'red', 'green' or 'grey' [did you mean 'green'?]\n" },
		{ "word: rde",
		    "1:7: 'word' must be 'red', 'green' or 'grey' [did you mean 'red'?]\n" },
		{ "word: blue", "1:7: 'word: blue' is not supported yet\n" },
		{ "word: [red]", "1:7: 'word' must be 'red', 'green' or 'grey'\n" },
		{ "list: x", "1:7: 'list' must be a list of texts [put it between [ and ]]\n" },
		{ "list: { a: b }", "1:7: 'list' must be a list of texts\n" },
		{ "table: [a]", "1:8: 'table' must be a map of texts\n" },
		{ "table: { a: 1, b: [c], a: x }",
		    "1:24: the key 'a' is there twice [the first one is on line 1]\n"
		    "1:13: each item of 'table' must be a text, not a number [put it between "
		    "double quotes]\n"
		    "1:19: each item of 'table' must be one text\n" },
		{ "list: [a, 1, [b]]", "1:11: each item of 'list' must be a text, not a number "
		                       "[put it between double quotes]\n"
		                       "1:14: each item of 'list' must be one text\n" },
		{ "nothing: ''", "1:10: 'nothing' must be a text that is not empty\n" },
		{ "one: x", "1:6: an inner one must be a map of keys and values\n" },
		{ "one: {}", "1:6: an inner one needs the key 'number'\n" },
		{ "one: { numbr: 1, number: 6 }",
		    "1:8: unknown key 'numbr' in an inner one [did you mean 'number'?]\n"
		    "1:26: 'number' must be a whole number from -5 to 5\n" },
		{ "many: { a: b }",
		    "1:7: 'many' must be a list [begin each entry with '- ']\n" },
		{ "named: [a]", "1:8: 'named' must be a map of names to maps\n" },
		{ "named: { a: { number: 1 }, b: c }",
		    "1:31: an inner one must be a map of keys and values\n" },
		{ "named: { a: { number: 1, x: 2 }, b: {} }",
		    "1:26: unknown key 'x' in an inner one\n"
		    "1:37: an inner one needs the key 'number'\n" },
		{ "many: [x, { number: 1 }]",
		    "1:8: an inner one must be a map of keys and values\n" },
		{ "later: true", "1:8: 'later' is not supported yet\n" },
		{ "later: [x]", "1:8: 'later' is not supported yet\n" },
		{ "later:", "1:7: 'later' is not supported yet\n" },
		{ "latr: 1", "1:1: unknown key 'latr' in the whole [did you mean 'later'?]\n" },
		{ "zebra: 1", "1:1: unknown key 'zebra' in the whole\n" },
		{ "{ text:x }",
		    "1:3: unknown key 'text' in the whole [put a blank behind the ':']\n" },
		/* what the reader found faulty is told once */
		{ "text: &a b", "1:7: anchors (&) are not taken [write the value out where it "
		                "is needed]\n" },
		{ "one: { <<: { number: 1 } }", "1:8: merge keys (<<) are not taken [write the "
		                                "value out where it is needed]\n" },
		{ "list: [*a]", "1:8: aliases (*) are not taken [write the value out where it "
		                "is needed]\n" },
	};
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		BUF_AUTO told = BUF_INIT;

		read_into(cases[i].text, &told);
		if (strcmp(buf_text(&told), cases[i].faults) == 0)
			continue;
		print_error(
		    "%s:\n%s  instead of\n%s", cases[i].text, buf_text(&told), cases[i].faults);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void faulty_is_not_left_out(void **state)
{
	BUF_AUTO told = BUF_INIT;

	(void)state;
	read_into("text: 1\nlist: [a, 1]\nmany: x\none: {}\n", &told);
	assert_true(out.text.faulty);
	assert_null(out.text.node);
	assert_false(out.loose.faulty);
	assert_true(out.list.faulty);
	assert_int_equal(schema_count(&out.list), 2);
	assert_string_equal(schema_item(&out.list, 0), "a");
	assert_true(out.many.faulty);
	assert_true(out.one.number.faulty);
}

static void walks_in_order(void **state)
{
	BUF_AUTO paths = BUF_INIT;
	const struct schema_key *key;

	(void)state;
	for (size_t i = 0; (key = schema_walk(&outer_schema, i)) != NULL; i++)
		buf_printf(&paths, "%s ", key->path);
	assert_string_equal(buf_text(&paths),
	    "text loose number flag word list table nothing one one.text one.number "
	    "many one.text one.number named one.text one.number later ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(fills_the_struct, clear),
		cmocka_unit_test_teardown(falls_back, clear),
		cmocka_unit_test_teardown(faults, clear),
		cmocka_unit_test_teardown(faulty_is_not_left_out, clear),
		cmocka_unit_test(walks_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
