// SPDX-License-Identifier: Apache-2.0
/*
 * A few fsyncs, or one syncfs for each file system. syncfs also waits for what other programs
 * wrote, so it is not used for the few files of a small run; with many files it is far cheaper.
 */
#include "outdir_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FEW = 16 };

static int not_durable(const char *dir, struct err *err)
{
	return err_errno(err, errno, "cannot make '%s' durable", dir);
}

static int sync_named(const struct outdir_tree *tree, const char *name, struct err *err)
{
	MICA_CLOSE int fd =
	    openat(tree->generation_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_errno(err, errno, "cannot make '%s/%s' durable", tree->dir, name);
	return 0;
}

static int sync_parent(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
	MICA_FREE char *parent = mem_dup(slash ? path : ".", len);
	MICA_CLOSE int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? not_durable(path, err) : 0;
}

static size_t work_of(const struct outdir_batch *batch)
{
	size_t work = 0;

	for (size_t i = 0; i < batch->n_made; i++)
		work += !batch->made[i].durable;
	for (size_t i = 0; i < batch->n; i++) {
		const struct outdir_tree *tree = batch->trees[i];

		work += (size_t)tree->dirty_names + (size_t)tree->dirty_tree;
		for (size_t k = 0; tree->dirty_names && k < tree->n; k++)
			work += tree->files[k].dirty;
	}
	return work;
}

static int sync_tree(struct outdir_tree *tree, struct err *err)
{
	if (!tree->dirty_names && !tree->dirty_tree)
		return 0;
	if (tree_open(tree, err) < 0)
		return -1;
	for (size_t i = 0; i < tree->n; i++) {
		if (tree->files[i].dirty && sync_named(tree, tree->files[i].name, err) < 0)
			return -1;
	}
	if ((tree->dirty_names && fsync(tree->generation_fd) < 0) ||
	    (tree->dirty_tree && fsync(tree->fd) < 0))
		return not_durable(tree->dir, err);
	return 0;
}

static int sync_few(struct outdir_batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->n; i++) {
		if (sync_tree(batch->trees[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < batch->n_made; i++) {
		if (!batch->made[i].durable && sync_parent(batch->made[i].path, err) < 0)
			return -1;
	}
	return 0;
}

/* Trees of one file system stand together as a rule; one that comes back is synced twice. */
static int sync_systems(struct outdir_tree **trees, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && trees[i]->dev == trees[i - 1]->dev)
			continue;
		if (tree_open(trees[i], err) < 0)
			return -1;
		if (syncfs(trees[i]->fd) < 0)
			return not_durable(trees[i]->dir, err);
	}
	return 0;
}

static void note_durable(struct outdir_batch *batch)
{
	for (size_t i = 0; i < batch->n_made; i++)
		batch->made[i].durable = true;
	for (size_t i = 0; i < batch->n; i++) {
		struct outdir_tree *tree = batch->trees[i];

		for (size_t k = 0; tree->dirty_names && k < tree->n; k++)
			tree->files[k].dirty = false;
		tree->dirty_names = tree->dirty_tree = false;
	}
}

int outdir_sync(struct outdir_batch *batch, struct err *err)
{
	size_t work = work_of(batch);
	int failed;

	if (work == 0)
		return 0;
	failed = work <= FEW ? sync_few(batch, err) : sync_systems(batch->trees, batch->n, err);
	if (failed < 0)
		return -1;
	note_durable(batch);
	return 0;
}

int sync_swapped(struct outdir_tree **trees, size_t n, struct err *err)
{
	if (n * 2 > FEW)
		return sync_systems(trees, n, err);
	for (size_t i = 0; i < n; i++) {
		if (tree_open(trees[i], err) < 0)
			return -1;
		/* the generation for its mode, the tree for its links */
		if (fsync(trees[i]->generation_fd) < 0 || fsync(trees[i]->fd) < 0)
			return not_durable(trees[i]->dir, err);
	}
	return 0;
}
