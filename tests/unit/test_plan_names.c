// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mica/buf.h>
#include <mica/mem.h>
#include <mica/names.h>

#define LABEL_63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

typedef int parse(const char *text, struct name *ret, struct err *err);

struct good_case {
	const char *text, *normal;
};

struct bad_case {
	const char *text, *words, *hint;
};

static void all_good(
    parse *function, enum name_kind kind, const struct good_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		struct name name;

		if (function(cases[i].text, &name, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_string_equal(name.text, cases[i].normal);
		assert_int_equal(name.kind, kind);
		name_clear(&name);
		assert_null(name.text);
	}
}

static void all_bad(parse *function, const struct bad_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		struct name name = { .text = (char[]){ "untouched" } };

		assert_int_equal(function(cases[i].text, &name, &err), -1);
		assert_string_equal(err.text, cases[i].words);
		assert_string_equal(err.hint, cases[i].hint);
		assert_string_equal(name.text, "untouched");
	}
}

static void dns(void **state)
{
	static const struct good_case cases[] = {
		{ "localhost", "localhost" },
		{ "Milvus.Example.COM", "milvus.example.com" },
		{ "1.example", "1.example" },
		{ "a-b.c-d", "a-b.c-d" },
		{ "*.example.com", "*.example.com" },
		{ LABEL_63 ".example", LABEL_63 ".example" },
		{ "b\xc3\xbc"
		  "cher.example",
		    "xn--bcher-kva.example" },
		{ "B\xc3\x9c"
		  "CHER.example",
		    "xn--bcher-kva.example" },
		{ "bu\xcc\x88"
		  "cher.example",
		    "xn--bcher-kva.example" },
		/* IDNA 2008, non-transitional: sharp s stays a letter of its own */
		{ "stra\xc3\x9f"
		  "e.example",
		    "xn--strae-oqa.example" },
		{ "XN--BCHER-KVA.example", "xn--bcher-kva.example" },
		{ "*.b\xc3\xbc"
		  "cher.example",
		    "*.xn--bcher-kva.example" },
		{ "\xe4\xbe\x8b\xe3\x80\x82"
		  "example",
		    "xn--fsq.example" },
	};

	(void)state;
	all_good(name_parse_dns, NAME_DNS, cases, mem_count(cases));
}

static void not_dns(void **state)
{
	static const struct bad_case cases[] = {
		{ "", "a DNS name must not be empty", "" },
		{ "10.0.0.1", "'10.0.0.1' is an IP address, no DNS name", "put it under ip" },
		{ "::1", "'::1' is an IP address, no DNS name", "put it under ip" },
		{ "a..b", "'a..b' has an empty label (two dots, or one at an end)", "" },
		{ "a.b.", "'a.b.' has an empty label (two dots, or one at an end)", "" },
		{ ".a", "'.a' has an empty label (two dots, or one at an end)", "" },
		{ "a_b.c", "'a_b.c' has a '_' in it, which no host name may have",
		    "give the service a name with '-' instead" },
		{ "-a.b", "'-a.b' has a label that begins or ends with '-'", "" },
		{ "a-.b", "'a-.b' has a label that begins or ends with '-'", "" },
		{ "ab--c.d",
		    "'ab--c.d' has a label with '--' as its third and fourth character", "" },
		{ "h" LABEL_63 ".c", "'h" LABEL_63 ".c' has a label of more than 63 characters",
		    "" },
		{ "a b", "'a b' has the character ' ' in it", "" },
		{ "a,DNS:b", "'a,DNS:b' has the character ',' in it", "" },
		{ "a/b", "'a/b' has the character '/' in it",
		    "a name alone: no scheme, no port, no path" },
		{ "a\nb", "a DNS name has the character U+000A in it, which cannot be seen",
		    "" },
		{ "host.7", "'host.7' ends with a number, so it is no DNS name", "" },
		{ "1.2.3", "'1.2.3' ends with a number, so it is no DNS name", "" },
		{ "*", "'*' has a '*' that is not its whole first label", "" },
		{ "a*.b.c", "'a*.b.c' has a '*' that is not its whole first label", "" },
		{ "a.*.c", "'a.*.c' has a '*' that is not its whole first label", "" },
		{ "*.*.c", "'*.*.c' has a '*' that is not its whole first label", "" },
		{ "*.com", "'*.com' is matched by no OpenSSL client",
		    "a wildcard needs two labels or more behind it: '*.example.com'" },
		{ "a\xe2\x80\x8b"
		  "b.c",
		    "a DNS name has the character U+200B in it, which cannot be seen", "" },
		{ "a\xff"
		  "b",
		    "a DNS name is not UTF-8", "" },
	};
	BUF_AUTO text = BUF_INIT;
	struct err err = ERR_INIT;
	struct name name;

	(void)state;
	all_bad(name_parse_dns, cases, mem_count(cases));
	for (int i = 0; i < 63; i++)
		buf_addstr(&text, "abc.");
	buf_addstr(&text, "x"); /* 253 */
	assert_int_equal(name_parse_dns(buf_text(&text), &name, &err), 0);
	name_clear(&name);
	buf_addstr(&text, "y");
	assert_int_equal(name_parse_dns(buf_text(&text), &name, &err), -1);
	assert_non_null(strstr(err.text, "more than 253 characters"));
	/* words of libidn2 differ between its versions, the refusals do not */
	assert_int_equal(name_parse_dns("\xe2\x98\x83.example", &name, &err), -1);
	assert_int_equal(name_parse_dns("xn--0.example", &name, &err), -1);
	assert_int_equal(name_parse_dns("xn--a-.example", &name, &err), -1);
	assert_int_equal(name_parse_dns("*.b\xc3\xbc"
	                                "cher",
	                     &name, &err),
	    -1);
}

static void ip(void **state)
{
	static const struct good_case cases[] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "::1", "::1" },
		{ "2001:DB8:0:0::0001", "2001:db8::1" },
		{ "fe80::1", "fe80::1" },
	};
	static const struct bad_case bad[] = {
		{ "", "'' is no IP address", "" },
		{ "localhost", "'localhost' is no IP address", "" },
		{ "1.2.3", "'1.2.3' is no IP address", "" },
		{ "1.2.3.256", "'1.2.3.256' is no IP address", "" },
		{ "01.2.3.4", "'01.2.3.4' is no IP address", "" },
		{ "1.2.3.4 ", "'1.2.3.4 ' is no IP address", "" },
		{ "10.0.0.0/8", "'10.0.0.0/8' is no IP address", "" },
		{ "fe80::1%eth0", "'fe80::1%eth0' is no IP address", "" },
		{ "[::1]", "'[::1]' is no IP address", "" },
		{ "0.0.0.0", "'0.0.0.0' is no address that a client could reach", "" },
		{ "::", "'::' is no address that a client could reach", "" },
		{ "::ffff:1.2.3.4",
		    "'::ffff:1.2.3.4' is an IPv4 address in IPv6 clothes, which no client "
		    "looks for",
		    "write it as 1.2.3.4" },
	};
	static const uint8_t six[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct err err = ERR_INIT;
	struct name name;

	(void)state;
	all_good(name_parse_ip, NAME_IP, cases, mem_count(cases));
	all_bad(name_parse_ip, bad, mem_count(bad));
	assert_int_equal(name_parse_ip("10.1.2.3", &name, &err), 0);
	assert_int_equal(name.ip_len, 4);
	assert_memory_equal(name.ip, ((uint8_t[]){ 10, 1, 2, 3 }), 4);
	name_clear(&name);
	assert_int_equal(name_parse_ip("2001:db8::1", &name, &err), 0);
	assert_int_equal(name.ip_len, 16);
	assert_memory_equal(name.ip, six, 16);
	name_clear(&name);
}

/* n characters of two bytes each */
static char *umlauts(size_t n)
{
	BUF_AUTO text = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_addstr(&text, "\xc3\xbc");
	return mem_strdup(buf_text(&text));
}

static void rdn(void **state)
{
	static const struct {
		const char *type, *value, *words;
	} cases[] = {
		{ "C", "US", NULL },
		{ "C", "us", "'C' must be two capital letters, such as US" },
		{ "C", "USA", "'C' must be two capital letters, such as US" },
		{ "C", "U", "'C' must be two capital letters, such as US" },
		{ "CN", "a, b + c = \"d\" #", NULL },
		{ "CN", "", "the value of 'CN' is empty" },
		{ "CN", " a", "the value of 'CN' begins or ends with a blank" },
		{ "CN", "a ", "the value of 'CN' begins or ends with a blank" },
		{ "CN", "a\nb",
		    "the value of 'CN' has the character U+000A in it, which cannot be seen" },
		{ "O", "a\xe2\x80\xae",
		    "the value of 'O' has the character U+202E in it, which cannot be seen" },
		{ "O", "a\xc3", "the value of 'O' is not UTF-8" },
		{ "DC", "x", "'DC' is no attribute of a subject: it has C, ST, L, O, OU, CN" },
		{ "cn", "x", "'cn' is no attribute of a subject: it has C, ST, L, O, OU, CN" },
	};
	static const struct {
		const char *type;
		size_t most;
	} bounds[] = { { "ST", 128 }, { "L", 128 }, { "O", 64 }, { "OU", 64 }, { "CN", 64 } };

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		struct rdn one = { mem_strdup(cases[i].type), mem_strdup(cases[i].value) };
		struct err err = ERR_INIT;

		assert_int_equal(rdn_check(&one, &err), cases[i].words ? -1 : 0);
		assert_string_equal(err.text, cases[i].words ? cases[i].words : "");
		rdn_clear(&one);
	}
	for (size_t i = 0; i < mem_count(bounds); i++) {
		struct rdn fits = { mem_strdup(bounds[i].type), umlauts(bounds[i].most) };
		struct rdn over = { mem_strdup(bounds[i].type), umlauts(bounds[i].most + 1) };
		struct err err = ERR_INIT;

		assert_int_equal(rdn_check(&fits, &err), 0);
		assert_int_equal(rdn_check(&over, &err), -1);
		rdn_clear(&fits);
		rdn_clear(&over);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dns),
		cmocka_unit_test(not_dns),
		cmocka_unit_test(ip),
		cmocka_unit_test(rdn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
