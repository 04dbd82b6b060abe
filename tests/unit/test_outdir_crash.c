// SPDX-License-Identifier: Apache-2.0
/* outdir: killed before each of its system calls, a tree is whole, and the next run mends the
 * rest. */
#include "outdir_fixture.h"

#include "stepper.h"

/* Keys first, then certificates, as a run does; the second generation has a name that the first
 * lacks. */
static int stage_and_swap(void *context)
{
	const char *dir = context;
	BATCH_AUTO batch = outdir_batch_new("..2");
	struct buf two = text_buf("two");
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	if (outdir_tree(batch, dir, &plain, &tree, &err) < 0 ||
	    outdir_put(tree, "server.key", OUTDIR_KEY, &two, &err) < 0 ||
	    outdir_sync(batch, &err) < 0 ||
	    outdir_put(tree, "server.pem", OUTDIR_PUBLIC, &two, &err) < 0 ||
	    outdir_put(tree, "ca.pem", OUTDIR_PUBLIC, &two, &err) < 0 ||
	    outdir_put(tree, "crl.pem", OUTDIR_PUBLIC, &two, &err) < 0 ||
	    outdir_sync(batch, &err) < 0 || outdir_swap(batch, &err) < 0)
		return -1;
	return outdir_tidy(dir, 1, &err);
}

static bool is_there(const char *dir, const char *name)
{
	MICA_FREE char *path = mem_printf("%s/%s", dir, name);

	return access(path, F_OK) == 0;
}

/* All old or all new. Returns which. */
static bool expect_whole(const char *dir, bool had_one)
{
	static const char *const names[] = { "server.key", "server.pem", "ca.pem" };
	bool two = is_there(dir, "crl.pem");

	for (size_t i = 0; i < mem_count(names); i++) {
		if (two || had_one)
			expect(dir, names[i], two ? "two" : "one");
		else
			assert_false(is_there(dir, names[i]));
	}
	return two;
}

static void crash_everywhere(bool had_one)
{
	unsigned old = 0;
	unsigned fresh = 0;

	for (unsigned n = 0;; n++) {
		SCRATCH_AUTO scratch = scratch_new_fast();
		MICA_FREE char *dir = mem_printf("%s/out/tls", scratch);
		struct err err = ERR_INIT;
		enum step_end end;

		if (had_one)
			deliver(dir, "..1", "one");
		end = step_run(n, stage_and_swap, dir);
		if (end == STEP_FORBIDDEN)
			skip();
		assert_int_not_equal(end, STEP_FAILED);
		*(expect_whole(dir, had_one) ? &fresh : &old) += 1;
		deliver(dir, "..3", "three");
		ok(outdir_tidy(dir, 1, &err));
		expect_list(dir, GENERATION("..3", 5) "..data 777 -> ..3\n" LINKS);
		if (end == STEP_DONE)
			break;
	}
	/* both sides of the swap were seen */
	assert_true(old > 15);
	assert_true(fresh > 3);
}

static void test_crash_of_the_first_delivery(void **state)
{
	(void)state;
	crash_everywhere(false);
}

static void test_crash_of_the_next_delivery(void **state)
{
	(void)state;
	crash_everywhere(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash_of_the_first_delivery),
		cmocka_unit_test(test_crash_of_the_next_delivery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
