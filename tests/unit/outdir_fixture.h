// SPDX-License-Identifier: Apache-2.0
/* Small words for trees and what lies in them. */
#ifndef TEST_OUTDIR_FIXTURE_H
#define TEST_OUTDIR_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <mica/outdir.h>

#include "scratch.h"

#define BATCH_AUTO MICA_AUTO(outdir_batch_freep) struct outdir_batch *

/* Fails the test with the error's own words. */
#define ok(call)                                                                               \
	do {                                                                                   \
		if ((call) < 0)                                                                \
			fail_msg("%s: %s (%s)", #call, err.text, err.hint);                    \
	} while (0)

/* The call fails with this kind, and a text that begins like this. */
#define fails(call, expected, words)                                                           \
	do {                                                                                   \
		assert_int_equal((call), -1);                                                  \
		assert_int_equal(err.kind, (expected));                                        \
		if (strncmp(err.text, (words), strlen(words)) != 0)                            \
			fail_msg("'%s' does not begin with '%s'", err.text, (words));          \
	} while (0)

static const struct outdir_rights plain = {
	.uid = (uid_t)-1, .gid = (gid_t)-1, .key_mode = 0600
};

static inline struct buf text_buf(const char *text)
{
	return (struct buf){ .data = (unsigned char *)text, .len = strlen(text) };
}

static inline struct outdir_tree *tree_at(struct outdir_batch *batch, const char *dir)
{
	struct outdir_tree *tree = NULL;
	struct err err = ERR_INIT;

	ok(outdir_tree(batch, dir, &plain, &tree, &err));
	return tree;
}

static inline void put(
    struct outdir_tree *tree, const char *name, enum outdir_file kind, const char *text)
{
	struct err err = ERR_INIT;
	struct buf bytes = text_buf(text);

	ok(outdir_put(tree, name, kind, &bytes, &err));
}

static inline void swap(struct outdir_batch *batch)
{
	struct err err = ERR_INIT;

	ok(outdir_sync(batch, &err));
	ok(outdir_swap(batch, &err));
}

/* A generation with a key, a certificate and a ca.pem at dir; each holds the word. */
static inline void deliver(const char *dir, const char *generation, const char *word)
{
	BATCH_AUTO batch = outdir_batch_new(generation);
	struct outdir_tree *tree = tree_at(batch, dir);

	put(tree, "server.key", OUTDIR_KEY, word);
	put(tree, "server.pem", OUTDIR_PUBLIC, word);
	put(tree, "ca.pem", OUTDIR_PUBLIC, word);
	swap(batch);
}

static inline void expect(const char *dir, const char *name, const char *text)
{
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	ok(outdir_read(dir, name, &bytes, &err));
	assert_string_equal(buf_text(&bytes), text);
}

static inline void expect_none(const char *dir, const char *name)
{
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(outdir_read(dir, name, &bytes, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static inline void expect_list(const char *dir, const char *list)
{
	BUF_AUTO found = BUF_INIT;

	scratch_list(dir, "", &found);
	assert_string_equal(buf_text(&found), list);
}

#define GENERATION(name, word_len)                                                             \
	name " 755 dir\n" name "/ca.pem 644 " #word_len "\n" name "/server.key 600 " #word_len \
	     "\n" name "/server.pem 644 " #word_len "\n"
#define LINKS                                                                                  \
	"ca.pem 777 -> ..data/ca.pem\n"                                                        \
	"server.key 777 -> ..data/server.key\n"                                                \
	"server.pem 777 -> ..data/server.pem\n"

#endif
