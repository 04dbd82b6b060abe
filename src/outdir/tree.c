// SPDX-License-Identifier: Apache-2.0
#include "outdir_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/file.h>

static const int open_dir = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

void tree_close(struct outdir_tree *tree)
{
	mem_closep(&tree->fd);
	mem_closep(&tree->generation_fd);
	tree->fd = tree->generation_fd = -1;
}

/* Takes the place of the tree that was opened longest ago. */
static void hold_open(struct outdir_tree *tree)
{
	struct outdir_batch *batch = tree->batch;
	struct outdir_tree **slot = &batch->open[batch->next_open++ % OPEN_TREES];

	if (*slot)
		tree_close(*slot);
	*slot = tree;
}

static void forget_open(struct outdir_tree *tree)
{
	for (size_t i = 0; i < OPEN_TREES; i++) {
		if (tree->batch->open[i] == tree)
			tree->batch->open[i] = NULL;
	}
}

static int cannot_open(const char *dir, int errnum, struct err *err)
{
	struct stat st;

	if (errnum != ENOTDIR && errnum != ELOOP)
		return err_errno(err, errnum, "cannot open the directory '%s'", dir);
	if (lstat(dir, &st) == 0 && S_ISLNK(st.st_mode)) {
		err_set(err, ERR_REFUSED, "'%s' is a symbolic link, not a directory", dir);
		return err_hint(
		    err, "name the directory that it points to, or remove the link");
	}
	err_set(err, ERR_REFUSED, "'%s' is in the way: it is not a directory", dir);
	return err_hint(err, "move it away, then repeat");
}

int tree_open(struct outdir_tree *tree, struct err *err)
{
	if (tree->fd >= 0)
		return 0;
	tree->fd = open(tree->dir, open_dir);
	if (tree->fd < 0)
		return cannot_open(tree->dir, errno, err);
	hold_open(tree);
	tree->generation_fd = openat(tree->fd, tree->batch->generation, open_dir);
	if (tree->generation_fd < 0) {
		err_errno(
		    err, errno, "cannot open '%s/%s'", tree->dir, tree->batch->generation);
		forget_open(tree);
		tree_close(tree);
		return -1;
	}
	return 0;
}

int tree_probe_link(
    const struct outdir_tree *tree, const char *name, bool *ret_there, struct err *err)
{
	struct stat st;

	if (is_data_link(tree->fd, name)) {
		*ret_there = true;
		return 0;
	}
	if (fstatat(tree->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return err_errno(err, errno, "cannot read '%s/%s'", tree->dir, name);
		*ret_there = false;
		return 0;
	}
	err_set(err, ERR_REFUSED, "'%s/%s' is in the way: it is not a link that mica made",
	    tree->dir, name);
	return err_hint(err, "move it away, then repeat");
}

static void note_made(struct outdir_batch *batch, const char *path)
{
	batch->made =
	    mem_grow(batch->made, &batch->cap_made, batch->n_made + 1, sizeof(*batch->made));
	batch->made[batch->n_made++] = (struct made_dir){ .path = mem_strdup(path) };
}

/* Makes path and the parents it lacks; those that were there stay as they are. */
static int make_dirs(struct outdir_batch *batch, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	int made = mkdir(path, TREE_MODE);

	if (made < 0 && errno == ENOENT && slash && slash > path) {
		MICA_FREE char *parent = mem_dup(path, (size_t)(slash - path));

		if (make_dirs(batch, parent, err) < 0)
			return -1;
		made = mkdir(path, TREE_MODE);
	}
	if (made < 0 && errno == EEXIST)
		return 0;
	if (made < 0)
		return err_errno(err, errno, "cannot make the directory '%s'", path);
	note_made(batch, path);
	if (chmod(path, TREE_MODE) < 0) /* whatever the umask */
		return err_errno(err, errno, "cannot set the mode of '%s'", path);
	return 0;
}

/* Opens the tree's directory, made when it is not there. */
static int find_tree(struct outdir_tree *tree, struct err *err)
{
	struct outdir_batch *batch = tree->batch;
	size_t made = batch->n_made;
	struct stat st;

	tree->fd = open(tree->dir, open_dir);
	if (tree->fd < 0 && errno == ENOENT) {
		if (make_dirs(batch, tree->dir, err) < 0)
			return -1;
		tree->made = batch->n_made > made;
		tree->fd = open(tree->dir, open_dir);
	}
	if (tree->fd < 0)
		return cannot_open(tree->dir, errno, err);
	if (fstat(tree->fd, &st) < 0)
		return err_errno(err, errno, "cannot read '%s'", tree->dir);
	tree->dev = st.st_dev;
	return 0;
}

static int stage_generation(struct outdir_tree *tree, struct err *err)
{
	const char *name = tree->batch->generation;

	if (mkdirat(tree->fd, name, STAGING_MODE) < 0)
		return write_failed(tree, name, errno, err);
	tree->staged = true;
	tree->dirty_tree = true;
	tree->generation_fd = openat(tree->fd, name, open_dir);
	if (tree->generation_fd < 0)
		return err_errno(err, errno, "cannot open '%s/%s'", tree->dir, name);
	return 0;
}

static int begin(struct outdir_tree *tree, struct err *err)
{
	if (!generation_name_ok(tree->batch->generation))
		return err_set(
		    err, ERR_FAILED, "'%s' cannot name a generation", tree->batch->generation);
	if (find_tree(tree, err) < 0)
		return -1;
	if (!tree->made && read_current(tree->fd, tree->dir, &tree->current, err) < 0 &&
	    err->kind != ERR_NOT_FOUND)
		return -1;
	return stage_generation(tree, err);
}

int outdir_tree(struct outdir_batch *batch, const char *dir, const struct outdir_rights *rights,
    struct outdir_tree **ret, struct err *err)
{
	struct outdir_tree *tree = mem_zalloc(sizeof(*tree));

	tree->batch = batch;
	tree->dir = mem_strdup(dir);
	tree->rights = *rights;
	tree->fd = tree->generation_fd = -1;
	if (begin(tree, err) < 0) {
		tree_discard(tree);
		return -1;
	}
	hold_open(tree);
	batch->trees =
	    mem_grow(batch->trees, &batch->cap, batch->n + 1, sizeof(struct outdir_tree *));
	batch->trees[batch->n++] = tree;
	*ret = tree;
	return 0;
}

static void unstage(struct outdir_tree *tree)
{
	struct err ignored = ERR_INIT;

	if (!tree->staged || tree->swapped || tree_open(tree, &ignored) < 0)
		return;
	for (size_t i = 0; i < tree->n; i++) {
		if (tree->files[i].link_made)
			(void)unlinkat(tree->fd, tree->files[i].name, 0);
		(void)unlinkat(tree->generation_fd, tree->files[i].name, 0);
	}
	(void)unlinkat(tree->fd, tree->batch->generation, AT_REMOVEDIR);
}

void tree_discard(struct outdir_tree *tree)
{
	unstage(tree);
	forget_open(tree);
	tree_close(tree);
	for (size_t i = 0; i < tree->n; i++)
		free(tree->files[i].name);
	free(tree->files);
	free(tree->current);
	free(tree->dir);
	free(tree);
}
