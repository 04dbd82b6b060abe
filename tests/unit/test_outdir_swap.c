// SPDX-License-Identifier: Apache-2.0
/* outdir: generations come to be and become current. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <mica/outdir.h>

#include "scratch.h"

static const struct outdir_rights plain = {
	.uid = (uid_t)-1, .gid = (gid_t)-1, .key_mode = 0600
};

static struct buf text_buf(const char *text)
{
	return (struct buf){ .data = (unsigned char *)text, .len = strlen(text) };
}

static void put(
    struct outdir_tree *tree, const char *name, enum outdir_file kind, const char *text)
{
	struct err err = ERR_INIT;
	struct buf bytes = text_buf(text);

	if (outdir_put(tree, name, kind, &bytes, &err) < 0)
		fail_msg("%s", err.text);
}

static struct outdir_tree *tree_at(struct outdir_batch *batch, const char *dir)
{
	struct outdir_tree *tree = NULL;
	struct err err = ERR_INIT;

	if (outdir_tree(batch, dir, &plain, &tree, &err) < 0)
		fail_msg("%s", err.text);
	return tree;
}

static void swap(struct outdir_batch *batch)
{
	struct err err = ERR_INIT;

	if (outdir_sync(batch, &err) < 0 || outdir_swap(batch, &err) < 0)
		fail_msg("%s", err.text);
}

static void expect(const char *dir, const char *name, const char *text)
{
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	if (outdir_read(dir, name, &bytes, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(buf_text(&bytes), text);
}

static void expect_list(const char *dir, const char *list)
{
	BUF_AUTO found = BUF_INIT;

	scratch_list(dir, "", &found);
	assert_string_equal(buf_text(&found), list);
}

/* A generation with a key, a certificate and a ca.pem at dir. */
static void deliver(const char *dir, const char *generation, const char *word)
{
	MICA_AUTO(outdir_batch_freep) struct outdir_batch *batch = outdir_batch_new(generation);
	struct outdir_tree *tree = tree_at(batch, dir);

	put(tree, "server.key", OUTDIR_KEY, word);
	put(tree, "server.pem", OUTDIR_PUBLIC, word);
	put(tree, "ca.pem", OUTDIR_PUBLIC, word);
	swap(batch);
}

static void test_first_generation(void **state)
{
	SCRATCH_AUTO scratch = scratch_new();
	MICA_FREE char *dir = mem_printf("%s/out/prod/tls", scratch);
	mode_t old = umask(0077);

	(void)state;
	deliver(dir, "..20260101T000000.aa", "one");
	umask(old);
	expect(dir, "server.key", "one");
	expect_list(scratch, "out 755 dir\n"
	                     "out/prod 755 dir\n"
	                     "out/prod/tls 755 dir\n"
	                     "out/prod/tls/..20260101T000000.aa 755 dir\n"
	                     "out/prod/tls/..20260101T000000.aa/ca.pem 644 3\n"
	                     "out/prod/tls/..20260101T000000.aa/server.key 600 3\n"
	                     "out/prod/tls/..20260101T000000.aa/server.pem 644 3\n"
	                     "out/prod/tls/..data 777 -> ..20260101T000000.aa\n"
	                     "out/prod/tls/ca.pem 777 -> ..data/ca.pem\n"
	                     "out/prod/tls/server.key 777 -> ..data/server.key\n"
	                     "out/prod/tls/server.pem 777 -> ..data/server.pem\n");
}

static void test_names_follow_the_generation(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_AUTO(outdir_batch_freep) struct outdir_batch *batch = NULL;
	MICA_FREE char *current = NULL;
	BUF_AUTO bytes = BUF_INIT;
	struct outdir_tree *tree;
	struct err err = ERR_INIT;

	(void)state;
	deliver(dir, "..1", "one");
	batch = outdir_batch_new("..2");
	tree = tree_at(batch, dir);
	put(tree, "server.pem", OUTDIR_PUBLIC, "two");
	put(tree, "crl.pem", OUTDIR_PUBLIC, "two");
	assert_int_equal(outdir_sync(batch, &err), 0);
	expect(dir, "server.pem", "one");
	assert_int_equal(outdir_read(dir, "crl.pem", &bytes, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(outdir_swap(batch, &err), 0);
	expect(dir, "server.pem", "two");
	expect(dir, "crl.pem", "two");
	assert_int_equal(outdir_read(dir, "server.key", &bytes, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(outdir_current(dir, &current, &err), 0);
	assert_string_equal(current, "..2");
	assert_int_equal(outdir_tidy(dir, 1, &err), 0);
	expect_list(dir, "..2 755 dir\n"
	                 "..2/crl.pem 644 3\n"
	                 "..2/server.pem 644 3\n"
	                 "..data 777 -> ..2\n"
	                 "crl.pem 777 -> ..data/crl.pem\n"
	                 "server.pem 777 -> ..data/server.pem\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_generation),
		cmocka_unit_test(test_names_follow_the_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
