// SPDX-License-Identifier: Apache-2.0
/* base: buffers, files, and work in parallel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/buf.h>
#include <mica/file.h>
#include <mica/parallel.h>

static void buffers_hold_text_and_bytes(void **state)
{
	BUF_AUTO buf = BUF_INIT;
	BUF_AUTO other = BUF_INIT;

	(void)state;
	assert_string_equal(buf_text(&buf), "");
	buf_printf(&buf, "%d-%s", 7, "x");
	buf_addhex(&buf, "\x00\xff", 2);
	assert_string_equal(buf_text(&buf), "7-x00ff");
	buf_cut(&buf, 3);
	assert_string_equal(buf_text(&buf), "7-x");
	buf_move(&other, &buf);
	assert_int_equal(buf.len, 0);
	assert_true(buf_same(&other, "7-x", 3));
	for (int i = 0; i < 1000; i++)
		buf_add(&other, "0123456789", 10);
	assert_int_equal(other.len, 10003);
	assert_int_equal(strlen(buf_text(&other)), 10003);
}

static void a_reset_buffer_holds_nothing_old(void **state)
{
	BUF_AUTO buf = BUF_INIT;

	(void)state;
	buf_addstr(&buf, "secret");
	buf_reset(&buf);
	for (size_t i = 0; i < buf.cap; i++)
		assert_int_equal(buf.data[i], 0);
	buf_addstr(&buf, "secret");
	buf_cut(&buf, 1);
	for (size_t i = 1; i < buf.cap; i++)
		assert_int_equal(buf.data[i], 0);
}

static int setup_dir(void **state)
{
	char path[] = "/tmp/mica-base-XXXXXX";

	if (!mkdtemp(path))
		return -1;
	*state = mem_strdup(path);
	return 0;
}

static int teardown_dir(void **state)
{
	MICA_FREE char *command = mem_printf("rm -rf '%s'", (char *)*state);
	int status = system(command); /* NOLINT(cert-env33-c) */

	free(*state);
	return status;
}

static int count_entries(const char *dir)
{
	DIR *open = opendir(dir);
	int n = 0;

	while (readdir(open))
		n++;
	closedir(open);
	return n - 2;
}

static void a_file_is_replaced_whole(void **state)
{
	MICA_FREE char *path = file_join(*state, "a");
	BUF_AUTO found = BUF_INIT;
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(file_replace(AT_FDCWD, path, "one", 3, 0644, &err), 0);
	assert_int_equal(file_replace(AT_FDCWD, path, "two!", 4, 0600, &err), 0);
	assert_int_equal(file_read(AT_FDCWD, path, 100, &found, &err), 0);
	assert_string_equal(buf_text(&found), "two!");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_entries(*state), 1); /* no temporary name is left */
}

/* What a process that was killed before its rename left; but no file that is merely called
 * alike.
 */
static void what_was_not_finished_goes(void **state)
{
	static const struct {
		const char *name;
		bool stays;
	} names[] = { { "..a.4711", false }, { "..a.", true }, { "..a.47x", true },
		{ "..b.4711", true }, { "a.4711", true }, { "..a.mica.4711", true } };
	const struct file_rights rights = { (uid_t)-1, (gid_t)-1, 0600 };
	MICA_FREE char *path = file_join(*state, "a");
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	buf_addstr(&bytes, "new");
	for (size_t i = 0; i < mem_count(names); i++) {
		MICA_FREE char *other = file_join(*state, names[i].name);

		assert_int_equal(file_replace(AT_FDCWD, other, "x", 1, 0600, &err), 0);
	}
	assert_int_equal(file_put(path, &bytes, &rights, &err), 0);
	for (size_t i = 0; i < mem_count(names); i++) {
		MICA_FREE char *other = file_join(*state, names[i].name);

		assert_int_equal(access(other, F_OK) == 0, names[i].stays);
	}
}

/* Several processes may write beside each other: only what the dead left goes. */
static void what_a_dead_process_left_goes(void **state)
{
	MICA_FREE char *path = file_join(*state, "a");
	MICA_FREE char *dead = mem_printf("%s/..a.%d", (char *)*state, INT_MAX); /* no pid is */
	MICA_FREE char *alive = mem_printf("%s/..a.%ld", (char *)*state, (long)getppid());
	struct err err = ERR_INIT;

	assert_int_equal(file_replace(AT_FDCWD, dead, "x", 1, 0600, &err), 0);
	assert_int_equal(file_replace(AT_FDCWD, alive, "x", 1, 0600, &err), 0);
	assert_int_equal(file_replace(AT_FDCWD, path, "new", 3, 0600, &err), 0);
	assert_int_equal(access(dead, F_OK), -1);
	assert_int_equal(access(alive, F_OK), 0);
}

static void a_file_that_cannot_be_written_is_left(void **state)
{
	MICA_FREE char *path = file_join(*state, "directory");
	struct err err = ERR_INIT;

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_replace(AT_FDCWD, path, "x", 1, 0600, &err), -1);
	assert_non_null(strstr(err.text, "cannot write"));
	assert_int_equal(count_entries(*state), 1);
}

/* As root the rename would succeed. */
static void what_is_no_file_is_not_replaced(void **state)
{
	MICA_FREE char *fifo = file_join(*state, "fifo");
	MICA_FREE char *device = file_join(*state, "device");
	MICA_FREE char *standard = file_join(*state, "stdout");
	MICA_FREE char *link = file_join(*state, "link");
	MICA_FREE char *file = file_join(*state, "file");
	const char *const others[] = { fifo, device, standard };
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(symlink("/dev/null", device), 0);
	assert_int_equal(
	    symlink("/proc/self/exe", standard), 0); /* a file, as redirected output */
	for (size_t i = 0; i < mem_count(others); i++) {
		assert_int_equal(file_replace(AT_FDCWD, others[i], "x", 1, 0600, &err), -1);
		assert_int_equal(err.kind, ERR_REFUSED);
		assert_int_equal(lstat(others[i], &st), 0);
		assert_false(S_ISREG(st.st_mode));
	}
	assert_int_equal(file_replace(AT_FDCWD, file, "x", 1, 0600, &err), 0);
	assert_int_equal(symlink(file, link), 0);
	assert_int_equal(file_replace(AT_FDCWD, link, "y", 1, 0600, &err), 0);
}

static void reading_refuses_what_is_no_file(void **state)
{
	MICA_FREE char *fifo = file_join(*state, "fifo");
	MICA_FREE char *big = file_join(*state, "big");
	MICA_FREE char *none = file_join(*state, "none");
	BUF_AUTO found = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(file_read(AT_FDCWD, fifo, 100, &found, &err), -1);
	assert_non_null(strstr(err.text, "not a regular file"));
	assert_int_equal(file_replace(AT_FDCWD, big, "0123456789", 10, 0600, &err), 0);
	assert_int_equal(file_read(AT_FDCWD, big, 9, &found, &err), -1);
	assert_non_null(strstr(err.text, "more than 9 bytes"));
	assert_int_equal(file_read(AT_FDCWD, none, 9, &found, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(found.len, 0);
}

static void directories_are_made_with_parents(void **state)
{
	MICA_FREE char *deep = file_join(*state, "a/b/c");
	MICA_FREE char *file = file_join(*state, "file");
	MICA_FREE char *below = file_join(*state, "file/x");
	struct err err = ERR_INIT;

	assert_int_equal(file_make_dirs(deep, 0755, &err), 0);
	assert_int_equal(file_make_dirs(deep, 0755, &err), 0);
	assert_int_equal(file_replace(AT_FDCWD, file, "x", 1, 0600, &err), 0);
	assert_int_equal(file_make_dirs(file, 0755, &err), -1);
	assert_int_equal(file_make_dirs(below, 0755, &err), -1);
}

static void paths_are_joined(void **state)
{
	static const char *const cases[][3] = { { ".", "a", "a" }, { "", "a", "a" },
		{ "d", "a", "d/a" }, { "d/", "a", "d/a" }, { "d", "/a", "/a" } };

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_FREE char *joined = file_join(cases[i][0], cases[i][1]);

		assert_string_equal(joined, cases[i][2]);
	}
}

struct tally {
	atomic_int done[5000];
	size_t fail_at;
};

static int tick(void *context, size_t item, struct err *err)
{
	struct tally *tally = context;

	if (item >= tally->fail_at)
		return err_set(err, ERR_FAILED, "item %zu", item);
	atomic_fetch_add(&tally->done[item], 1);
	return 0;
}

static void every_item_is_done_once(void **state)
{
	struct tally *tally = mem_zalloc(sizeof(*tally));
	struct err err = ERR_INIT;

	(void)state;
	tally->fail_at = SIZE_MAX;
	assert_int_equal(parallel_each(5000, tick, tally, &err), 0);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(tally->done[i], 1);
	assert_int_equal(parallel_each(0, tick, tally, &err), 0);
	free(tally);
}

static void the_lowest_failure_is_told(void **state)
{
	struct tally *tally = mem_zalloc(sizeof(*tally));
	struct err err = ERR_INIT;

	(void)state;
	tally->fail_at = 1234;
	assert_int_equal(parallel_each(5000, tick, tally, &err), -1);
	assert_string_equal(err.text, "item 1234");
	free(tally);
}

static size_t count_done(const struct tally *tally)
{
	size_t n = 0;

	for (size_t i = 0; i < 5000; i++)
		n += (size_t)tally->done[i];
	return n;
}

static void work_goes_on_while_items_become_ready(void **state)
{
	struct tally *tally = mem_zalloc(sizeof(*tally));
	struct err err = ERR_INIT;
	struct parallel *parallel;

	(void)state;
	tally->fail_at = SIZE_MAX;
	parallel = parallel_begin(5000, tick, tally);
	for (size_t ready = 1; ready <= 4000; ready++)
		parallel_ready(parallel, ready);
	parallel_ready(parallel, 7); /* never fewer than before */
	assert_int_equal(parallel_end(parallel, PARALLEL_FINISH, &err), 0);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(tally->done[i], 1);
	free(tally);
}

static void nothing_is_begun_before_it_is_ready(void **state)
{
	struct tally *tally = mem_zalloc(sizeof(*tally));
	struct err err = ERR_INIT;
	struct parallel *parallel;

	(void)state;
	tally->fail_at = 30;
	parallel = parallel_begin(5000, tick, tally);
	parallel_ready(parallel, 20);
	assert_int_equal(parallel_end(parallel, PARALLEL_CANCEL, &err), 0);
	assert_true(count_done(tally) <= 20);
	for (int i = 20; i < 5000; i++)
		assert_int_equal(tally->done[i], 0);
	parallel = parallel_begin(5000, tick, tally);
	parallel_ready(parallel, 100);
	assert_int_equal(parallel_end(parallel, PARALLEL_FINISH, &err), -1);
	assert_string_equal(err.text, "item 30");
	free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_hold_text_and_bytes),
		cmocka_unit_test(a_reset_buffer_holds_nothing_old),
		cmocka_unit_test_setup_teardown(
		    a_file_is_replaced_whole, setup_dir, teardown_dir),
		cmocka_unit_test_setup_teardown(
		    what_was_not_finished_goes, setup_dir, teardown_dir),
		cmocka_unit_test_setup_teardown(
		    what_a_dead_process_left_goes, setup_dir, teardown_dir),
		cmocka_unit_test_setup_teardown(
		    a_file_that_cannot_be_written_is_left, setup_dir, teardown_dir),
		cmocka_unit_test_setup_teardown(
		    what_is_no_file_is_not_replaced, setup_dir, teardown_dir),
		cmocka_unit_test_setup_teardown(
		    reading_refuses_what_is_no_file, setup_dir, teardown_dir),
		cmocka_unit_test_setup_teardown(
		    directories_are_made_with_parents, setup_dir, teardown_dir),
		cmocka_unit_test(paths_are_joined),
		cmocka_unit_test(every_item_is_done_once),
		cmocka_unit_test(the_lowest_failure_is_told),
		cmocka_unit_test(work_goes_on_while_items_become_ready),
		cmocka_unit_test(nothing_is_begun_before_it_is_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
