// SPDX-License-Identifier: Apache-2.0
/* outdir: generations come to be, become current, and go. */
#include "outdir_fixture.h"

#include <time.h>

static void test_first_generation(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *out = mem_printf("%s/out", scratch);
	MICA_FREE char *dir = mem_printf("%s/prod/tls", out);
	struct stat st;
	mode_t old = umask(0077);

	(void)state;
	deliver(dir, "..1", "one");
	umask(old);
	expect(dir, "server.key", "one");
	expect_list(dir, GENERATION("..1", 3) "..data 777 -> ..1\n" LINKS);
	assert_int_equal(stat(out, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

static void test_wide_umask_widens_nothing(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	mode_t old = umask(0);

	(void)state;
	deliver(dir, "..1", "one");
	umask(old);
	expect_list(dir, GENERATION("..1", 3) "..data 777 -> ..1\n" LINKS);
}

static void test_nothing_shows_before_the_swap(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = NULL;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	batch = outdir_batch_new("..2");
	put(tree_at(batch, dir), "server.pem", OUTDIR_PUBLIC, "two");
	ok(outdir_sync(batch, &err));
	expect_list(dir, GENERATION("..1",
	                     3) "..2 700 dir\n..2/server.pem 644 3\n..data 777 -> ..1\n" LINKS);
	expect(dir, "server.pem", "one");
	outdir_batch_free(batch);
	batch = NULL;
	expect_list(dir, GENERATION("..1", 3) "..data 777 -> ..1\n" LINKS);
}

static void test_names_follow_the_generation(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = NULL;
	MICA_FREE char *current = NULL;
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	batch = outdir_batch_new("..2");
	tree = tree_at(batch, dir);
	put(tree, "server.pem", OUTDIR_PUBLIC, "two");
	put(tree, "crl.pem", OUTDIR_PUBLIC, "two");
	expect_none(dir, "crl.pem");
	swap(batch);
	expect(dir, "server.pem", "two");
	expect(dir, "crl.pem", "two");
	expect_none(dir, "server.key");
	ok(outdir_current(dir, &current, &err));
	assert_string_equal(current, "..2");
	expect_list(dir,
	    GENERATION("..1", 3) "..2 755 dir\n..2/crl.pem 644 3\n..2/server.pem 644 3\n"
	                         "..data 777 -> ..2\n"
	                         "crl.pem 777 -> ..data/crl.pem\n"
	                         "server.pem 777 -> ..data/server.pem\n");
}

/* Staged in two steps, as keys are before their certificates, with more trees than descriptors
 * held. */
static void test_many_trees_in_two_steps(void **state)
{
	enum { TREES = 150 };
	SCRATCH_AUTO scratch = scratch_new();
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct outdir_tree *trees[TREES];
	struct err err = ERR_INIT;
	struct stat first;
	struct stat last;

	(void)state;
	for (size_t i = 0; i < TREES; i++) {
		MICA_FREE char *dir = mem_printf("%s/clients/%zu", scratch, i);
		MICA_FREE char *word = mem_printf("key %zu", i);

		trees[i] = tree_at(batch, dir);
		put(trees[i], "client.key", OUTDIR_KEY, word);
	}
	ok(outdir_sync(batch, &err));
	for (size_t i = 0; i < TREES; i++) {
		MICA_FREE char *word = mem_printf("certificate %zu", i);

		put(trees[i], "client.pem", OUTDIR_PUBLIC, word);
		if (i == 0)
			put(trees[i], "ca.pem", OUTDIR_PUBLIC, "ca");
		else
			ok(outdir_share(trees[i], trees[0], "ca.pem", &err));
	}
	swap(batch);
	for (size_t i = 0; i < TREES; i++) {
		MICA_FREE char *dir = mem_printf("%s/clients/%zu", scratch, i);
		MICA_FREE char *key = mem_printf("key %zu", i);
		MICA_FREE char *certificate = mem_printf("certificate %zu", i);
		MICA_FREE char *ca = mem_printf("%s/ca.pem", dir);

		expect(dir, "client.key", key);
		expect(dir, "client.pem", certificate);
		expect(dir, "ca.pem", "ca");
		assert_int_equal(stat(ca, i == 0 ? &first : &last), 0);
	}
	assert_int_equal(first.st_ino, last.st_ino);
	assert_int_equal(first.st_nlink, TREES);
}

static void test_batch_goes_on_after_a_swap(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *a = mem_printf("%s/a", scratch);
	MICA_FREE char *b = mem_printf("%s/b", scratch);
	BATCH_AUTO batch = outdir_batch_new("..1");

	(void)state;
	put(tree_at(batch, a), "x", OUTDIR_PUBLIC, "a");
	swap(batch);
	put(tree_at(batch, b), "x", OUTDIR_PUBLIC, "b");
	swap(batch);
	expect(a, "x", "a");
	expect(b, "x", "b");
}

static void test_swap_syncs_what_was_not(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct err err = ERR_INIT;

	(void)state;
	put(tree_at(batch, dir), "x", OUTDIR_PUBLIC, "text");
	ok(outdir_swap(batch, &err));
	expect(dir, "x", "text");
}

/* --- tidy --- */

static void make_leftovers(const char *dir)
{
	MICA_FREE char *staged = mem_printf("%s/..9", dir);
	MICA_FREE char *file = mem_printf("%s/..9/server.key", dir);
	MICA_FREE char *next = mem_printf("%s/..data_tmp", dir);
	MICA_FREE char *dangling = mem_printf("%s/gone.pem", dir);
	int fd;

	assert_int_equal(mkdir(staged, 0700), 0);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(symlink("..9", next), 0);
	assert_int_equal(symlink("..data/gone.pem", dangling), 0);
}

static void test_tidy_keeps_the_newest(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	struct err err = ERR_INIT;

	(void)state;
	/* not in the order of their names: those tell the time only to the second */
	deliver(dir, "..d", "one");
	deliver(dir, "..c", "two");
	deliver(dir, "..b", "three");
	deliver(dir, "..a", "four");
	ok(outdir_tidy(dir, 3, &err));
	expect_list(dir, GENERATION("..a", 4) GENERATION("..b", 5)
	                     GENERATION("..c", 3) "..data 777 -> ..a\n" LINKS);
	ok(outdir_tidy(dir, 1, &err));
	expect_list(dir, GENERATION("..a", 4) "..data 777 -> ..a\n" LINKS);
	ok(outdir_tidy(dir, 0, &err));
	expect_list(dir, GENERATION("..a", 4) "..data 777 -> ..a\n" LINKS);
}

static void test_tidy_removes_what_a_crash_left(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	deliver(dir, "..2", "two");
	make_leftovers(dir);
	ok(outdir_read_staged(dir, "server.key", &bytes, &err));
	assert_int_equal(bytes.len, 0);
	ok(outdir_tidy(dir, 2, &err));
	expect_list(dir, GENERATION("..1", 3) GENERATION("..2", 3) "..data 777 -> ..2\n" LINKS);
	fails(outdir_read_staged(dir, "server.key", &bytes, &err), ERR_NOT_FOUND,
	    "no unfinished");
}

/* A run died between setting the mode and the rename: complete, but newer than the current one.
 */
static void test_tidy_removes_what_was_never_current(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *never = mem_printf("%s/..0", dir);
	struct timespec later[2];
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	assert_int_equal(mkdir(never, 0755), 0);
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &later[0]), 0);
	later[0].tv_sec += 1;
	later[1] = later[0];
	assert_int_equal(utimensat(AT_FDCWD, never, later, 0), 0);
	ok(outdir_tidy(dir, 9, &err));
	expect_list(dir, GENERATION("..1", 3) "..data 777 -> ..1\n" LINKS);
}

static void test_tidy_of_nothing(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *none = mem_printf("%s/none", dir);
	struct err err = ERR_INIT;

	(void)state;
	ok(outdir_tidy(none, 2, &err));
	ok(outdir_tidy(dir, 2, &err));
	make_leftovers(dir);
	ok(outdir_tidy(dir, 2, &err));
	expect_list(dir, "");
}

static void test_staged_is_found_again(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = NULL;
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	deliver(dir, "..2", "two");
	fails(outdir_read_staged(dir, "server.key", &bytes, &err), ERR_NOT_FOUND,
	    "no unfinished");
	batch = outdir_batch_new("..0");
	put(tree_at(batch, dir), "server.key", OUTDIR_KEY, "staged");
	ok(outdir_read_staged(dir, "server.key", &bytes, &err));
	assert_string_equal(buf_text(&bytes), "staged");
	fails(outdir_read_staged(dir, "server.pem", &bytes, &err), ERR_NOT_FOUND,
	    "no unfinished");
}

/* A failed run leaves its keys for the next, which completes with them. */
static void test_left_is_found_again(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *dir = mem_printf("%s/out/tls", scratch);
	struct outdir_batch *batch = outdir_batch_new("..1");
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	put(tree_at(batch, dir), "server.key", OUTDIR_KEY, "staged");
	outdir_batch_leave(batch);
	expect_list(dir, "..1 700 dir\n..1/server.key 600 6\n");
	ok(outdir_read_staged(dir, "server.key", &bytes, &err));
	assert_string_equal(buf_text(&bytes), "staged");
	deliver(dir, "..2", "two");
	ok(outdir_tidy(dir, 2, &err));
	expect_list(dir, GENERATION("..2", 3) "..data 777 -> ..2\n" LINKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_generation),
		cmocka_unit_test(test_wide_umask_widens_nothing),
		cmocka_unit_test(test_nothing_shows_before_the_swap),
		cmocka_unit_test(test_names_follow_the_generation),
		cmocka_unit_test(test_many_trees_in_two_steps),
		cmocka_unit_test(test_batch_goes_on_after_a_swap),
		cmocka_unit_test(test_swap_syncs_what_was_not),
		cmocka_unit_test(test_tidy_keeps_the_newest),
		cmocka_unit_test(test_tidy_removes_what_a_crash_left),
		cmocka_unit_test(test_tidy_removes_what_was_never_current),
		cmocka_unit_test(test_tidy_of_nothing),
		cmocka_unit_test(test_staged_is_found_again),
		cmocka_unit_test(test_left_is_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
