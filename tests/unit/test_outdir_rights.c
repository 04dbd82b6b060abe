// SPDX-License-Identifier: Apache-2.0
/* outdir: modes and owners, files taken over, and what stands in the way. */
#include "outdir_fixture.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/wait.h>

static struct stat look(const char *dir, const char *name)
{
	MICA_FREE char *path = mem_printf("%s/%s", dir, name);
	struct stat st;

	if (stat(path, &st) < 0)
		fail_msg("%s: %s", path, strerror(errno));
	return st;
}

static void make_file(const char *dir, const char *name)
{
	MICA_FREE char *path = mem_printf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static void test_key_mode_is_exact(void **state)
{
	static const mode_t modes[] = { 0600, 0640, 0400, 0440 };
	SCRATCH_AUTO scratch = scratch_new();
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < mem_count(modes); i++) {
		MICA_FREE char *dir = mem_printf("%s/%zu", scratch, i);
		struct outdir_rights rights = plain;
		BATCH_AUTO batch = outdir_batch_new("..1");
		struct outdir_tree *tree;
		mode_t old = umask(i % 2 ? 0077 : 0);

		rights.key_mode = modes[i];
		ok(outdir_tree(batch, dir, &rights, &tree, &err));
		put(tree, "server.key", OUTDIR_KEY, "key");
		put(tree, "server.pem", OUTDIR_PUBLIC, "certificate");
		swap(batch);
		umask(old);
		assert_int_equal(look(dir, "server.key").st_mode & 07777, modes[i]);
		assert_int_equal(look(dir, "server.pem").st_mode & 07777, 0644);
	}
}

static void test_owner(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	struct outdir_rights rights = { .uid = 4711, .gid = 4712, .key_mode = 0600 };
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct outdir_tree *tree;
	struct buf bytes = text_buf("key");
	struct err err = ERR_INIT;

	(void)state;
	ok(outdir_tree(batch, dir, &rights, &tree, &err));
	if (geteuid() != 0) {
		fails(outdir_put(tree, "server.key", OUTDIR_KEY, &bytes, &err), ERR_FAILED,
		    "cannot give '");
		assert_non_null(strstr(err.hint, "root"));
		return;
	}
	put(tree, "server.key", OUTDIR_KEY, "key");
	swap(batch);
	assert_int_equal(look(dir, "server.key").st_uid, 4711);
	assert_int_equal(look(dir, "server.key").st_gid, 4712);
	assert_int_equal(look(dir, "server.key").st_mode & 07777, 0600);
	assert_int_equal(look(dir, ".").st_uid, 0);
}

static void test_carry_links_what_has_its_rights(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = NULL;
	struct outdir_tree *tree;
	struct stat before;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	before = look(dir, "server.key");
	batch = outdir_batch_new("..2");
	tree = tree_at(batch, dir);
	ok(outdir_carry(tree, "server.key", OUTDIR_KEY, &err));
	fails(outdir_carry(tree, "none.pem", OUTDIR_PUBLIC, &err), ERR_NOT_FOUND,
	    "cannot take over '");
	put(tree, "server.pem", OUTDIR_PUBLIC, "two");
	swap(batch);
	expect(dir, "server.key", "one");
	expect(dir, "server.pem", "two");
	assert_int_equal(look(dir, "server.key").st_ino, before.st_ino);
	ok(outdir_tidy(dir, 1, &err));
	expect(dir, "server.key", "one");
}

static void test_carry_copies_when_rights_changed(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	struct outdir_rights rights = plain;
	BATCH_AUTO batch = NULL;
	struct outdir_tree *tree;
	struct stat before;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	before = look(dir, "server.key");
	batch = outdir_batch_new("..2");
	rights.key_mode = 0440;
	ok(outdir_tree(batch, dir, &rights, &tree, &err));
	ok(outdir_carry(tree, "server.key", OUTDIR_KEY, &err));
	swap(batch);
	expect(dir, "server.key", "one");
	assert_int_equal(look(dir, "server.key").st_mode & 07777, 0440);
	assert_int_not_equal(look(dir, "server.key").st_ino, before.st_ino);
	assert_int_equal(look(dir, "..1/server.key").st_mode & 07777, 0600);
}

static void test_share_copies_when_rights_differ(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *a = mem_printf("%s/a", scratch);
	MICA_FREE char *b = mem_printf("%s/b", scratch);
	struct outdir_rights rights = plain;
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct outdir_tree *from = tree_at(batch, a);
	struct outdir_tree *to;
	struct err err = ERR_INIT;

	(void)state;
	rights.key_mode = 0440;
	ok(outdir_tree(batch, b, &rights, &to, &err));
	put(from, "x.key", OUTDIR_KEY, "key");
	put(from, "x.pem", OUTDIR_PUBLIC, "certificate");
	ok(outdir_share(to, from, "x.key", &err));
	ok(outdir_share(to, from, "x.pem", &err));
	fails(outdir_share(to, from, "y.pem", &err), ERR_NOT_FOUND, "'");
	swap(batch);
	assert_int_equal(look(b, "x.key").st_mode & 07777, 0440);
	assert_int_equal(look(a, "x.key").st_mode & 07777, 0600);
	assert_int_equal(look(a, "x.pem").st_ino, look(b, "x.pem").st_ino);
}

static void test_carry_without_a_generation(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct err err = ERR_INIT;

	(void)state;
	fails(outdir_carry(tree_at(batch, dir), "x", OUTDIR_KEY, &err), ERR_NOT_FOUND, "'");
}

/* A link in the generation leads out of it: it is not taken over. */
static void test_carry_of_a_link_is_refused(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *link = mem_printf("%s/..1/evil.pem", dir);
	BATCH_AUTO batch = NULL;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	assert_int_equal(symlink("/etc/hostname", link), 0);
	batch = outdir_batch_new("..2");
	fails(outdir_carry(tree_at(batch, dir), "evil.pem", OUTDIR_PUBLIC, &err), ERR_REFUSED,
	    "'");
}

/* --- in the way --- */

static void test_names_that_are_no_names(void **state)
{
	static const char *const names[] = { "", ".", "..", "..x", "a/b", "/a", "../a" };
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct outdir_tree *tree = tree_at(batch, dir);
	struct buf bytes = text_buf("x");
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < mem_count(names); i++)
		fails(
		    outdir_put(tree, names[i], OUTDIR_PUBLIC, &bytes, &err), ERR_REFUSED, "'");
}

static void test_generations_that_are_none(void **state)
{
	static const char *const names[] = { "", ".", "..", "x", "..data", "..data_tmp", "../x",
		"..a/b" };
	SCRATCH_AUTO dir = scratch_new();
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < mem_count(names); i++) {
		BATCH_AUTO batch = outdir_batch_new(names[i]);

		fails(outdir_tree(batch, dir, &plain, &tree, &err), ERR_FAILED, "'");
	}
	expect_list(dir, "");
}

static void test_file_in_the_way(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct buf bytes = text_buf("x");
	struct err err = ERR_INIT;

	(void)state;
	make_file(dir, "server.pem");
	fails(outdir_put(tree_at(batch, dir), "server.pem", OUTDIR_PUBLIC, &bytes, &err),
	    ERR_REFUSED, "'");
	assert_non_null(strstr(err.text, "/server.pem' is in the way"));
	assert_string_not_equal(err.hint, "");
	outdir_batch_free(batch);
	batch = NULL;
	expect_list(dir, "server.pem 644 0\n");
}

static void test_link_in_the_way(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *link = mem_printf("%s/server.pem", dir);
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct buf bytes = text_buf("x");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(symlink("..data/other.pem", link), 0);
	fails(outdir_put(tree_at(batch, dir), "server.pem", OUTDIR_PUBLIC, &bytes, &err),
	    ERR_REFUSED, "'");
}

/* It came between the staging and the swap: the tree stays as it was. */
static void test_late_file_in_the_way(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = NULL;
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	batch = outdir_batch_new("..2");
	tree = tree_at(batch, dir);
	put(tree, "a.pem", OUTDIR_PUBLIC, "two");
	put(tree, "crl.pem", OUTDIR_PUBLIC, "two");
	put(tree, "server.pem", OUTDIR_PUBLIC, "two");
	make_file(dir, "crl.pem");
	ok(outdir_sync(batch, &err));
	fails(outdir_swap(batch, &err), ERR_REFUSED, "'");
	outdir_batch_free(batch);
	batch = NULL;
	expect_list(dir, GENERATION("..1", 3) "..data 777 -> ..1\nca.pem 777 -> ..data/ca.pem\n"
	                                      "crl.pem 644 0\n"
	                                      "server.key 777 -> ..data/server.key\n"
	                                      "server.pem 777 -> ..data/server.pem\n");
}

static void test_data_that_is_not_ours(void **state)
{
	static const char *const targets[] = { "x", "/etc", "..", "../x", "..data_tmp" };
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i <= mem_count(targets); i++) {
		SCRATCH_AUTO dir = scratch_new();
		MICA_FREE char *data = mem_printf("%s/..data", dir);
		MICA_FREE char *current = NULL;
		BATCH_AUTO batch = outdir_batch_new("..1");

		if (i == mem_count(targets))
			make_file(dir, "..data");
		else
			assert_int_equal(symlink(targets[i], data), 0);
		fails(outdir_tree(batch, dir, &plain, &tree, &err), ERR_REFUSED, "'");
		fails(outdir_current(dir, &current, &err), ERR_REFUSED, "'");
		fails(outdir_tidy(dir, 1, &err), ERR_REFUSED, "'");
	}
}

static void test_tree_is_a_link_or_a_file(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *real = mem_printf("%s/real", scratch);
	MICA_FREE char *link = mem_printf("%s/link", scratch);
	MICA_FREE char *file = mem_printf("%s/file", scratch);
	MICA_FREE char *below = mem_printf("%s/link/below", scratch);
	MICA_FREE char *under = mem_printf("%s/file/under", scratch);
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mkdir(real, 0755), 0);
	assert_int_equal(symlink("real", link), 0);
	make_file(scratch, "file");
	fails(outdir_tree(batch, link, &plain, &tree, &err), ERR_REFUSED, "'");
	assert_non_null(strstr(err.text, "' is a symbolic link, not a directory"));
	fails(outdir_tree(batch, file, &plain, &tree, &err), ERR_REFUSED, "'");
	assert_non_null(strstr(err.text, "' is in the way: it is not a directory"));
	fails(outdir_tree(batch, under, &plain, &tree, &err), ERR_REFUSED, "'");
	/* links on the way to a tree are the owner's business */
	put(tree_at(batch, below), "x", OUTDIR_PUBLIC, "text");
	swap(batch);
	expect(below, "x", "text");
}

static void test_generation_used_before(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = NULL;
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	batch = outdir_batch_new("..1");
	fails(outdir_tree(batch, dir, &plain, &tree, &err), ERR_EXISTS, "cannot write '");
	outdir_batch_free(batch);
	batch = NULL;
	expect(dir, "server.key", "one");
}

static void test_name_put_twice(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct outdir_tree *tree = tree_at(batch, dir);
	struct buf bytes = text_buf("again");
	struct err err = ERR_INIT;

	(void)state;
	put(tree, "x", OUTDIR_PUBLIC, "once");
	fails(outdir_put(tree, "x", OUTDIR_PUBLIC, &bytes, &err), ERR_EXISTS, "cannot write '");
	swap(batch);
	expect(dir, "x", "once");
}

static void test_free_leaves_nothing(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *a = mem_printf("%s/out/prod/tls", scratch);
	MICA_FREE char *b = mem_printf("%s/out/prod/clients/ingest", scratch);
	BATCH_AUTO batch = outdir_batch_new("..1");
	struct err err = ERR_INIT;

	(void)state;
	put(tree_at(batch, a), "x", OUTDIR_KEY, "a");
	put(tree_at(batch, b), "x", OUTDIR_KEY, "b");
	ok(outdir_sync(batch, &err));
	outdir_batch_free(batch);
	batch = NULL;
	expect_list(scratch, "");
}

/* --- no room, no right --- */

static void test_disk_full(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	BATCH_AUTO batch = NULL;
	BUF_AUTO large = BUF_INIT;
	BUF_AUTO before = BUF_INIT;
	BUF_AUTO after = BUF_INIT;
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	(void)state;
	if (geteuid() != 0 || mount("tmpfs", dir, "tmpfs", 0, "size=64k") < 0) {
		scratch_freep(&dir); /* skip() does not come back */
		skip();
	}
	deliver(dir, "..1", "one");
	scratch_list(dir, "", &before);
	buf_reserve(&large, 1 << 17);
	large.len = 1 << 17;
	batch = outdir_batch_new("..2");
	tree = tree_at(batch, dir);
	put(tree, "server.key", OUTDIR_KEY, "two");
	err = (struct err)ERR_INIT;
	assert_int_equal(outdir_put(tree, "server.pem", OUTDIR_PUBLIC, &large, &err), -1);
	outdir_batch_free(batch);
	batch = NULL;
	scratch_list(dir, "", &after);
	(void)umount2(dir, MNT_DETACH);
	assert_non_null(strstr(err.text, "/server.pem': No space left on device"));
	assert_non_null(strstr(err.hint, "free some space"));
	assert_string_equal(buf_text(&before), buf_text(&after));
}

/* As a user who may not write there: root would be let in. */
static int try_as_nobody(const char *dir)
{
	BATCH_AUTO batch = outdir_batch_new("..2");
	MICA_FREE char *new = mem_printf("%s/new", dir);
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		return 1;
	if (outdir_tree(batch, dir, &plain, &tree, &err) == 0 ||
	    !strstr(err.text, "Permission denied"))
		return 2;
	if (!strstr(err.hint, "needs to write in"))
		return 3;
	if (outdir_tree(batch, new, &plain, &tree, &err) == 0 ||
	    !strstr(err.text, "Permission denied"))
		return 4;
	return 0;
}

static void test_read_only_directory(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	int status = -1;
	pid_t pid;

	(void)state;
	deliver(dir, "..1", "one");
	assert_int_equal(chmod(dir, 0555), 0);
	pid = fork();
	if (pid == 0)
		_exit(try_as_nobody(dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(status, 0);
	expect_list(dir, GENERATION("..1", 3) "..data 777 -> ..1\n" LINKS);
}

static void test_reading_what_is_not_there(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *none = mem_printf("%s/none", dir);
	MICA_FREE char *data = mem_printf("%s/..data", dir);
	MICA_FREE char *current = NULL;
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	fails(
	    outdir_current(none, &current, &err), ERR_NOT_FOUND, "nothing was delivered to '");
	fails(outdir_current(dir, &current, &err), ERR_NOT_FOUND, "nothing was delivered to '");
	fails(outdir_read(none, "x", &bytes, &err), ERR_NOT_FOUND, "cannot open '");
	fails(outdir_read_staged(none, "x", &bytes, &err), ERR_NOT_FOUND,
	    "cannot open the directory '");
	assert_int_equal(symlink("..1", data), 0);
	expect_none(dir, "server.pem");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_mode_is_exact),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_carry_links_what_has_its_rights),
		cmocka_unit_test(test_carry_copies_when_rights_changed),
		cmocka_unit_test(test_share_copies_when_rights_differ),
		cmocka_unit_test(test_carry_without_a_generation),
		cmocka_unit_test(test_carry_of_a_link_is_refused),
		cmocka_unit_test(test_names_that_are_no_names),
		cmocka_unit_test(test_generations_that_are_none),
		cmocka_unit_test(test_file_in_the_way),
		cmocka_unit_test(test_link_in_the_way),
		cmocka_unit_test(test_late_file_in_the_way),
		cmocka_unit_test(test_data_that_is_not_ours),
		cmocka_unit_test(test_tree_is_a_link_or_a_file),
		cmocka_unit_test(test_generation_used_before),
		cmocka_unit_test(test_name_put_twice),
		cmocka_unit_test(test_free_leaves_nothing),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_read_only_directory),
		cmocka_unit_test(test_reading_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
