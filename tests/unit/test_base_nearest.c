// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mica/mem.h>
#include <mica/nearest.h>

static const char *const known[] = { "name", "common-name", "dns", "ip", "example", "init",
	"plan", "apply", "rotate", "status" };

static struct nearest nearest_of(const char *word)
{
	struct nearest nearest = NEAREST_INIT(word);

	for (size_t i = 0; i < mem_count(known); i++)
		nearest_offer(&nearest, known[i]);
	return nearest;
}

static void slips(void **state)
{
	static const char *const cases[][2] = {
		{ "common_name", "did you mean 'common-name'?" },
		{ "comon-name", "did you mean 'common-name'?" },
		{ "commno-name", "did you mean 'common-name'?" },
		{ "dsn", "did you mean 'dns'?" },
		{ "ips", "did you mean 'ip'?" },
		{ "aply", "did you mean 'apply'?" },
		{ "applly", "did you mean 'apply'?" },
		{ "paln", "did you mean 'plan'?" },
		{ "pla", "did you mean 'plan'?" },
		{ "stauts", "did you mean 'status'?" },
		{ "intit", "did you mean 'init'?" },
		{ "rotates", "did you mean 'rotate'?" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		struct nearest nearest = nearest_of(cases[i][0]);
		MICA_FREE char *hint = nearest_hint(&nearest);

		assert_string_equal(hint ? hint : "nothing", cases[i][1]);
	}
}

static void no_slips(void **state)
{
	static const char *const cases[] = { "", "zzz", "revoke", "-",
		"a-word-that-is-a-lot-longer-than-any-key-that-there-is-in-this-program" };

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		struct nearest nearest = nearest_of(cases[i]);

		assert_null(nearest.best);
		assert_null(nearest_hint(&nearest));
	}
}

static void the_first_of_two(void **state)
{
	struct nearest nearest = NEAREST_INIT("cat");

	(void)state;
	nearest_offer(&nearest, "hat");
	nearest_offer(&nearest, "bat");
	assert_string_equal(nearest.best, "hat");
	nearest_offer(&nearest, "cat");
	assert_string_equal(nearest.best, "cat");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slips),
		cmocka_unit_test(no_slips),
		cmocka_unit_test(the_first_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
