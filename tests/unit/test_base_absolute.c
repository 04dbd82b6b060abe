// SPDX-License-Identifier: Apache-2.0
/* file_absolute: the same path, wherever it is named from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <mica/file.h>
#include <mica/mem.h>

static char dir[] = "/tmp/mica-absolute-XXXXXX";

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mkdir("real", 0700), 0);
	assert_int_equal(symlink("real", "link"), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink("link") < 0 || rmdir("real") < 0 || chdir("/") < 0 || rmdir(dir) < 0;
}

/* expected: behind the directory; NULL: as it is */
static void expect(const char *path, const char *below, const char *expected)
{
	MICA_FREE char *base = realpath(dir, NULL);
	MICA_FREE char *wanted = below ? mem_printf("%s%s", base, below) : mem_strdup(expected);
	MICA_FREE char *got = NULL;
	struct err err = ERR_INIT;

	if (file_absolute(path, &got, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	assert_string_equal(got, wanted);
}

static void test_there(void **state)
{
	(void)state;
	expect(".", "", NULL);
	expect("", "", NULL);
	expect("real", "/real", NULL);
	expect("link", "/real", NULL);
	expect("real/../link/.", "/real", NULL);
	expect("/", NULL, "/");
}

static void test_not_there_yet(void **state)
{
	(void)state;
	expect("new", "/new", NULL);
	expect("new/a/b", "/new/a/b", NULL);
	expect("link/new", "/real/new", NULL);
	expect("./link//new", "/real/new", NULL);
	expect("/nonexistent/new", NULL, "/nonexistent/new");
}

static void test_impossible(void **state)
{
	char *got = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(file_absolute("loop/new", &got, &err), -1);
	assert_non_null(strstr(err.text, "cannot resolve 'loop/new'"));
	assert_null(got);
	unlink("loop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there),
		cmocka_unit_test(test_not_there_yet),
		cmocka_unit_test(test_impossible),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
