// SPDX-License-Identifier: Apache-2.0
#include "outdir_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A symbolic link as cheaply as can be: the link of the same name and target that the last tree
 * has gets one more name (a directory entry, not an inode of its own). Whatever speaks against
 * that, another file system or one without hard links to links, an own one is made.
 */
static int link_like_sample(
    struct outdir_tree *tree, const char *name, const char *from, const char *target)
{
	struct outdir_batch *batch = tree->batch;

	if (batch->sample_fd >= 0 && batch->sample_dev == tree->dev &&
	    linkat(batch->sample_fd, from, tree->fd, name, 0) == 0)
		return 0;
	tree->own_links = true;
	return symlinkat(target, tree->fd, name);
}

/* Links come first: they lead nowhere, or to the old set, until ..data moves. */
static int make_link(struct outdir_tree *tree, struct staged *file, struct err *err)
{
	MICA_FREE char *target = NULL;

	if (file->linked)
		return 0;
	target = mem_printf(DATA_LINK "/%s", file->name);
	if (link_like_sample(tree, file->name, file->name, target) == 0) {
		file->linked = file->link_made = true;
		return 0;
	}
	if (errno != EEXIST)
		return write_failed(tree, file->name, errno, err);
	return tree_probe_link(tree, file->name, &file->linked, err);
}

/* The one step that shows: afterwards every name leads to the new generation. */
static int move_data(struct outdir_tree *tree, struct err *err)
{
	const char *generation = tree->batch->generation;

	if (link_like_sample(tree, DATA_NEXT, DATA_LINK, generation) < 0) {
		if (errno != EEXIST || unlinkat(tree->fd, DATA_NEXT, 0) < 0 ||
		    symlinkat(generation, tree->fd, DATA_NEXT) < 0)
			return write_failed(tree, DATA_NEXT, errno, err);
	}
	if (renameat(tree->fd, DATA_NEXT, tree->fd, DATA_LINK) < 0) {
		write_failed(tree, DATA_LINK, errno, err);
		(void)unlinkat(tree->fd, DATA_NEXT, 0);
		return -1;
	}
	return 0;
}

/* The sample is the newest tree that had to make a link of its own. */
static void keep_sample(const struct outdir_tree *tree)
{
	struct outdir_batch *batch = tree->batch;

	if (!tree->own_links)
		return;
	mem_closep(&batch->sample_fd);
	batch->sample_fd = openat(tree->fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	batch->sample_dev = tree->dev;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted: a deployment's requests may be ten thousand files in one tree. */
static const char **staged_names(const struct outdir_tree *tree)
{
	const char **names = mem_array(tree->n, sizeof(*names));

	for (size_t i = 0; i < tree->n; i++)
		names[i] = tree->files[i].name;
	qsort(names, tree->n, sizeof(*names), by_name);
	return names;
}

/* Removes the links of names that the new generation does not have. */
static int drop_links(const struct outdir_tree *tree, struct err *err)
{
	MICA_AUTO(dir_closep) DIR *dir = dir_open(tree->fd, ".");
	MICA_FREE const char **staged = staged_names(tree);
	struct dirent *entry;

	if (!dir)
		return err_errno(err, errno, "cannot read '%s'", tree->dir);
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (name[0] == '.' && name[1] == '.')
			continue;
		if (bsearch(&name, staged, tree->n, sizeof(*staged), by_name) ||
		    !is_data_link(tree->fd, name))
			continue;
		if (unlinkat(tree->fd, name, 0) < 0)
			return err_errno(err, errno, "cannot remove '%s/%s'", tree->dir, name);
	}
	return 0;
}

static int swap(struct outdir_tree *tree, struct err *err)
{
	if (tree_open(tree, err) < 0)
		return -1;
	if (fchmod(tree->generation_fd, GENERATION_MODE) < 0)
		return write_failed(tree, tree->batch->generation, errno, err);
	for (size_t i = 0; i < tree->n; i++) {
		if (make_link(tree, &tree->files[i], err) < 0)
			return -1;
	}
	if (move_data(tree, err) < 0)
		return -1;
	tree->swapped = true;
	keep_sample(tree);
	return tree->current ? drop_links(tree, err) : 0;
}

int outdir_swap(struct outdir_batch *batch, struct err *err)
{
	MICA_FREE struct outdir_tree **swapped =
	    mem_array(batch->n, sizeof(struct outdir_tree *));
	size_t n = 0;

	if (outdir_sync(batch, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->n; i++) {
		if (batch->trees[i]->swapped)
			continue;
		if (swap(batch->trees[i], err) < 0)
			return -1;
		swapped[n++] = batch->trees[i];
	}
	return sync_swapped(swapped, n, err);
}
