// SPDX-License-Identifier: Apache-2.0
#include "outdir_private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/file.h>

int write_failed(const struct outdir_tree *tree, const char *name, int errnum, struct err *err)
{
	err_errno(err, errnum, "cannot write '%s/%s'", tree->dir, name);
	if (errnum == EEXIST)
		err->kind = ERR_EXISTS;
	if (errnum == ENOSPC || errnum == EDQUOT)
		return err_hint(err,
		    "free some space, then repeat; what was delivered before is as it was");
	if (errnum == EROFS || errnum == EACCES || errnum == EPERM)
		return err_hint(err, "mica needs to write in '%s'", tree->dir);
	return -1;
}

static bool name_ok(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 && strncmp(name, "..", 2) != 0 &&
	       !strchr(name, '/');
}

static mode_t mode_of(const struct outdir_rights *rights, enum outdir_file kind)
{
	return kind == OUTDIR_KEY ? rights->key_mode : (mode_t)OUTDIR_PUBLIC_MODE;
}

static struct staged *find(const struct outdir_tree *tree, const char *name)
{
	for (size_t i = 0; i < tree->n; i++) {
		if (strcmp(tree->files[i].name, name) == 0)
			return &tree->files[i];
	}
	return NULL;
}

/* The tree is open and the name may be used. */
static int admit(struct outdir_tree *tree, const char *name, bool *ret_linked, struct err *err)
{
	assert(!tree->swapped);
	*ret_linked = false;
	if (!name_ok(name))
		return err_set(err, ERR_REFUSED, "'%s' cannot name a delivered file", name);
	if (tree_open(tree, err) < 0)
		return -1;
	return tree->made ? 0 : tree_probe_link(tree, name, ret_linked, err);
}

int outdir_may_put(struct outdir_tree *tree, const char *name, struct err *err)
{
	bool linked = false;

	return admit(tree, name, &linked, err);
}

static void note(struct outdir_tree *tree, const struct staged *file)
{
	tree->files = mem_grow(tree->files, &tree->cap, tree->n + 1, sizeof(*tree->files));
	tree->files[tree->n] = *file;
	tree->files[tree->n++].name = mem_strdup(file->name);
	tree->dirty_names = true;
}

static int give(const struct outdir_tree *tree, int fd, const char *name, struct err *err)
{
	const struct outdir_rights *rights = &tree->rights;

	if (rights->uid == (uid_t)-1 && rights->gid == (gid_t)-1)
		return 0;
	if (fchown(fd, rights->uid, rights->gid) == 0)
		return 0;
	err_errno(err, errno, "cannot give '%s/%s' to its owner", tree->dir, name);
	return err_hint(
	    err, "only root may give files away: run mica as root, or leave 'owner' out");
}

static int fill(const struct outdir_tree *tree, const struct staged *file,
    const struct buf *bytes, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(tree->generation_fd, file->name, flags, 0600);
	int failed;

	if (fd < 0)
		return write_failed(tree, file->name, errno, err);
	if (file_write_all(fd, bytes->data, bytes->len) < 0)
		failed = write_failed(tree, file->name, errno, err);
	else if (give(tree, fd, file->name, err) < 0)
		failed = -1;
	else if (fchmod(fd, mode_of(&tree->rights, file->kind)) < 0)
		failed = write_failed(tree, file->name, errno, err);
	else
		failed = 0;
	if (close(fd) < 0 && failed == 0)
		failed = write_failed(tree, file->name, errno, err);
	if (failed < 0)
		(void)unlinkat(tree->generation_fd, file->name, 0);
	return failed;
}

static int put(
    struct outdir_tree *tree, struct staged *file, const struct buf *bytes, struct err *err)
{
	if (fill(tree, file, bytes, err) < 0)
		return -1;
	file->dirty = true;
	note(tree, file);
	return 0;
}

int outdir_put(struct outdir_tree *tree, const char *name, enum outdir_file kind,
    const struct buf *bytes, struct err *err)
{
	struct staged file = { .name = (char *)name, .kind = kind };

	if (admit(tree, name, &file.linked, err) < 0)
		return -1;
	return put(tree, &file, bytes, err);
}

static bool has_owner(const struct outdir_rights *rights, const struct stat *st)
{
	return (rights->uid == (uid_t)-1 || rights->uid == st->st_uid) &&
	       (rights->gid == (gid_t)-1 || rights->gid == st->st_gid);
}

static bool has_mode(
    const struct outdir_rights *rights, const struct stat *st, enum outdir_file kind)
{
	return (st->st_mode & 07777) == mode_of(rights, kind);
}

bool outdir_has_rights(const char *dir, const char *name, enum outdir_file kind,
    const struct outdir_rights *rights, struct buf *ret_wrong)
{
	MICA_FREE char *path = file_join(dir, name);
	struct stat st;

	if (stat(path, &st) < 0)
		return true;
	if (!has_mode(rights, &st, kind)) {
		buf_printf(ret_wrong, "has mode %04o, not %04o", st.st_mode & 07777,
		    mode_of(rights, kind));
		return false;
	}
	if (!has_owner(rights, &st)) {
		buf_printf(ret_wrong, "belongs to %u:%u, not %u:%u", st.st_uid, st.st_gid,
		    rights->uid, rights->gid);
		return false;
	}
	return true;
}

static int copy(
    struct outdir_tree *tree, struct staged *file, int dirfd, const char *path, struct err *err)
{
	BUF_AUTO bytes = BUF_INIT;

	if (file_read(dirfd, path, FILE_MAX_TEXT, &bytes, err) < 0)
		return err_prefix(err, "'%s'", tree->dir);
	return put(tree, file, &bytes, err);
}

/* A link where the rights are the same and the file system lets us, a copy otherwise. */
static int link_or_copy(
    struct outdir_tree *tree, struct staged *file, int dirfd, const char *path, struct err *err)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		int saved = errno;

		err_errno(err, saved, "cannot take over '%s/%s'", tree->dir, file->name);
		if (saved == ENOENT)
			err->kind = ERR_NOT_FOUND;
		return -1;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(
		    err, ERR_REFUSED, "'%s/%s' is not a regular file", tree->dir, file->name);
	if (!has_mode(&tree->rights, &st, file->kind) || !has_owner(&tree->rights, &st) ||
	    linkat(dirfd, path, tree->generation_fd, file->name, 0) < 0)
		return copy(tree, file, dirfd, path, err);
	note(tree, file);
	return 0;
}

int outdir_carry(
    struct outdir_tree *tree, const char *name, enum outdir_file kind, struct err *err)
{
	struct staged file = { .name = (char *)name, .kind = kind };
	MICA_FREE char *path = NULL;

	if (!tree->current)
		return err_set(err, ERR_NOT_FOUND, "'%s' has no current generation", tree->dir);
	if (admit(tree, name, &file.linked, err) < 0)
		return -1;
	path = file_join(tree->current, name);
	return link_or_copy(tree, &file, tree->fd, path, err);
}

int outdir_share(
    struct outdir_tree *tree, const struct outdir_tree *from, const char *name, struct err *err)
{
	const struct staged *theirs = find(from, name);
	struct outdir_tree *source = (struct outdir_tree *)from;
	struct staged file = { .name = (char *)name };

	if (!theirs)
		return err_set(
		    err, ERR_NOT_FOUND, "'%s' has no file '%s' in this batch", from->dir, name);
	file.kind = theirs->kind;
	if (admit(tree, name, &file.linked, err) < 0)
		return -1;
	/* opening the one may close the other, once */
	if (tree_open(source, err) < 0 || tree_open(tree, err) < 0 ||
	    tree_open(source, err) < 0)
		return -1;
	return link_or_copy(tree, &file, source->generation_fd, name, err);
}
