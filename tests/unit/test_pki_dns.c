// SPDX-License-Identifier: Apache-2.0
/* DNS names as lint sees them, and punycode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mica/mem.h>

#include "../../src/pki/dns.h"
#include "../../src/pki/punycode.h"

#define L63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123"

static struct dns_name name(const char *text)
{
	return (struct dns_name){ text, strlen(text) };
}

static void form(void **state)
{
	static const char *const good[] = { "localhost", "a", "a.b", "db-1.example.com",
		"1.example.com", "*.example.com", "xn--mnchen-3ya.de", L63 ".com",
		L63 "." L63 "." L63 ".a" };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "a_b.c",
		"a b.c", "a,b", "a\nb", "\xc3\xa9.fr", L63 "a.com", L63 "." L63 "." L63 "." L63,
		"a.b.", "http://a", "a:1" };

	(void)state;
	for (size_t i = 0; i < mem_count(good); i++)
		assert_null(dns_form_fault(name(good[i])));
	for (size_t i = 0; i < mem_count(bad); i++)
		assert_non_null(dns_form_fault(name(bad[i])));
}

static void length_253(void **state)
{
	char text[255];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 50; i < sizeof(text) - 2; i += 50)
		text[i] = '.';
	assert_null(dns_form_fault((struct dns_name){ text, 253 }));
	assert_non_null(dns_form_fault((struct dns_name){ text, 254 }));
}

static void wildcards(void **state)
{
	static const char *const good[] = { "a", "a.b", "*.a.b", "*.a.b.c" };
	static const char *const bad[] = { "*", "*.a", "a.*.b", "a*.b.c", "*a.b.c", "*.*.a.b",
		"**.a.b", "a.b.*" };

	(void)state;
	for (size_t i = 0; i < mem_count(good); i++)
		assert_null(dns_wildcard_fault(name(good[i])));
	for (size_t i = 0; i < mem_count(bad); i++)
		assert_non_null(dns_wildcard_fault(name(bad[i])));
}

static void alabels(void **state)
{
	static const char *const good[] = { "a.b", "xn--mnchen-3ya.de", "*.xn--p1ai.example",
		"xn--bcher-kva", "a-b.c" };
	static const char *const bad[] = { "xn--.de", "xn--a.de", "xn--abc-.de", "ab--c.de",
		"xn--mnchen-3y!.de", "a.xn--99999999.b" };

	(void)state;
	for (size_t i = 0; i < mem_count(good); i++)
		assert_null(dns_alabel_fault(name(good[i])));
	for (size_t i = 0; i < mem_count(bad); i++)
		assert_non_null(dns_alabel_fault(name(bad[i])));
}

/* The samples of RFC 3492, section 7.1, that have no mixed case, and what none may be. */
static void punycode(void **state)
{
	static const char *const good[] = { "egbpdaj6bu4bxfgehfvwxn",
		"ihqwcrb4cv8a8dqg056pqjye", "ihqwctvzc91f659drss3x8bo0yb",
		"4dbcagdahymbxekheh6e0a7fei0b", "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd",
		"n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa", "de-jg4avhby1noc0d",
		"d9juau41awczczp", "mnchen-3ya", "bcher-kva" };
	static const char *const bad[] = { "", "abc", "abc-", "-", "99999999", "a-b-99999",
		"\xc3\xa9", "mnchen-3y!" };

	(void)state;
	for (size_t i = 0; i < mem_count(good); i++) {
		if (!punycode_is_valid(good[i], strlen(good[i])))
			fail_msg("%s", good[i]);
	}
	for (size_t i = 0; i < mem_count(bad); i++) {
		if (punycode_is_valid(bad[i], strlen(bad[i])))
			fail_msg("%s", bad[i]);
	}
}

static void addresses(void **state)
{
	static const char *const yes[] = { "127.0.0.1", "::1", "10", "1.2.3", "host.1",
		"fe80::1" };
	static const char *const no[] = { "", "a", "1.a", "1a.b2", "localhost" };

	(void)state;
	for (size_t i = 0; i < mem_count(yes); i++)
		assert_true(dns_is_address(name(yes[i])));
	for (size_t i = 0; i < mem_count(no); i++)
		assert_false(dns_is_address(name(no[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(form),
		cmocka_unit_test(length_253),
		cmocka_unit_test(wildcards),
		cmocka_unit_test(alabels),
		cmocka_unit_test(punycode),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
