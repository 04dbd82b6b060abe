// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mica/buf.h>
#include <mica/doc.h>
#include <mica/mem.h>
#include <mica/utf8.h>

static void quoted_as(void **state)
{
	static const struct {
		const char *text, *quoted;
	} cases[] = {
		{ "", "\"\"" },
		{ "yes", "\"yes\"" },
		{ "1e3", "\"1e3\"" },
		{ "a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"" },
		{ "a\tb\nc\r", "\"a\\tb\\nc\\r\"" },
		{ "\x01\x7f", "\"\\u0001\\u007f\"" },
		{ "B\xc3\xbc"
		  "cher",
		    "\"B\xc3\xbc"
		    "cher\"" },
		{ "\xc2\x85", "\"\\u0085\"" },
		{ "\xe2\x80\xa8", "\"\\u2028\"" },
		{ "\xe2\x80\xae", "\"\\u202e\"" },
		{ "\xef\xbb\xbf", "\"\\ufeff\"" },
		{ "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
		{ "\xf3\xa0\x80\x81", "\"\\U000e0001\"" },
		{ "a\xff"
		  "b",
		    "\"a\\ufffdb\"" },
		{ "a\xc3", "\"a\\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		BUF_AUTO out = BUF_INIT;

		doc_quote(&out, cases[i].text);
		assert_string_equal(buf_text(&out), cases[i].quoted);
	}
}

/* U+0001 to U+10FFFF, each between two letters, is read back as it was. YAML's own reader is
 * what refuses the control characters that an escape stands for, so those are left out of the
 * way back. */
static void every_character_comes_back(void **state)
{
	(void)state;
	for (uint32_t first = 0xa0; first <= 0x10ffff; first += 0x1000) {
		BUF_AUTO text = BUF_INIT;
		BUF_AUTO out = BUF_INIT;
		FINDINGS_AUTO findings = FINDINGS_INIT;
		MICA_AUTO(doc_freep) struct doc *doc = NULL;
		struct err err = ERR_INIT;

		for (uint32_t c = first; c < first + 0x1000 && c <= 0x10ffff; c++) {
			char bytes[5] = { 0 };
			uint32_t back;

			if (c < 0x800)
				memcpy(bytes,
				    (char[]){ (char)(0xc0 | c >> 6), (char)(0x80 | (c & 63)) },
				    2);
			else if (c < 0x10000)
				memcpy(bytes,
				    (char[]){ (char)(0xe0 | c >> 12),
				        (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)) },
				    3);
			else
				memcpy(bytes,
				    (char[]){ (char)(0xf0 | c >> 18),
				        (char)(0x80 | (c >> 12 & 63)),
				        (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)) },
				    4);
			if (c >= 0xd800 && c <= 0xdfff) {
				assert_int_equal(utf8_next(bytes, strlen(bytes), &back), 0);
				continue;
			}
			assert_int_equal(utf8_next(bytes, strlen(bytes), &back), strlen(bytes));
			assert_int_equal(back, c);
			buf_addstr(&text, bytes);
		}
		doc_quote(&out, buf_text(&text));
		assert_int_equal(doc_parse("x", out.data, out.len, &findings, &doc, &err), 0);
		assert_string_equal(doc_root(doc)->text, buf_text(&text));
		assert_true(doc_root(doc)->quoted);
	}
}

static void not_utf8(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xe2\x82", "\xfe", "\xe2(\xa1" };
	uint32_t c;

	(void)state;
	for (size_t i = 0; i < mem_count(bad); i++)
		assert_int_equal(utf8_next(bad[i], strlen(bad[i]), &c), 0);
	assert_int_equal(utf8_next("", 0, &c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoted_as),
		cmocka_unit_test(every_character_comes_back),
		cmocka_unit_test(not_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
