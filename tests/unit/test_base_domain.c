// SPDX-License-Identifier: Apache-2.0
/* Domains as name constraints see them. The second table is what `openssl verify` said of
 * client certificates with these common names under a CA with `permitted;DNS:example.com`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mica/domain.h>
#include <mica/mem.h>

static struct domain domain(const char *text)
{
	return (struct domain){ text, strlen(text) };
}

static void within(void **state)
{
	static const struct {
		const char *name, *base;
		bool inside;
	} cases[] = {
		{ "a.b", "", true },
		{ "a.b", "a.b", true },
		{ "x.a.b", "a.b", true },
		{ "*.a.b", "a.b", true },
		{ "X.A.B", "a.b", true },
		{ "xa.b", "a.b", false },
		{ "b", "a.b", false },
		{ "a.b", ".a.b", false },
		{ "x.a.b", ".a.b", true },
		{ "a.c", "a.b", false },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++)
		assert_int_equal(domain_within(domain(cases[i].name), domain(cases[i].base)),
		    cases[i].inside);
}

static void like(void **state)
{
	static const char *const likes[] = { "a.other.org", "x.example.com", "127.0.0.1",
		"10.0.0.300", "foo_bar.other.org", "_a.b", "a_.b", "A.B", "1.2", "a-b.c-d" };
	static const char *const others[] = { "", "ingest", "a.b c", "user@other.org", "a..b",
		".a.b", "a.b.", "-a.b", "a-.b", "a.-b", "a.b-", "\xc3\xa9.b", "*.other.org",
		"x:y.z", "readers of a.b", "a-b" };

	(void)state;
	for (size_t i = 0; i < mem_count(likes); i++)
		if (!domain_like(domain(likes[i])))
			fail_msg("%s", likes[i]);
	for (size_t i = 0; i < mem_count(others); i++)
		if (domain_like(domain(others[i])))
			fail_msg("%s", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(within), cmocka_unit_test(like) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
