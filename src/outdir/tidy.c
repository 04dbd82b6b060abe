// SPDX-License-Identifier: Apache-2.0
#include "generations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outdir_private.h"

static int cannot_remove(const char *dir, const char *name, struct err *err)
{
	return err_errno(err, errno, "cannot remove '%s/%s'", dir, name);
}

static int remove_generation(const struct generations *all, const char *name, struct err *err)
{
	MICA_AUTO(dir_closep) DIR *dir = dir_open(all->fd, name);
	struct dirent *entry;

	if (!dir)
		return cannot_remove(all->dir, name, err);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			return cannot_remove(all->dir, name, err);
	}
	if (unlinkat(all->fd, name, AT_REMOVEDIR) < 0)
		return cannot_remove(all->dir, name, err);
	return 0;
}

/* Of the names that people use: those that lead nowhere, because a run died before it removed
 * them. */
static int drop_dangling(const struct generations *all, struct err *err)
{
	MICA_AUTO(dir_closep) DIR *dir = dir_open(all->fd, ".");
	struct dirent *entry;
	struct stat st;

	if (!dir)
		return err_errno(err, errno, "cannot read '%s'", all->dir);
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strncmp(name, "..", 2) == 0 || !is_data_link(all->fd, name))
			continue;
		if (fstatat(all->fd, name, &st, 0) == 0 || errno != ENOENT)
			continue;
		if (unlinkat(all->fd, name, 0) < 0)
			return cannot_remove(all->dir, name, err);
	}
	return 0;
}

bool outdir_is_new(const struct outdir_tree *tree)
{
	return tree->made;
}

int outdir_tidy(const char *dir, unsigned keep, struct err *err)
{
	GENERATIONS_AUTO all = { .fd = -1 };
	unsigned kept = 1; /* the current one */

	if (generations_read(dir, &all, err) < 0)
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (all.swap_left && unlinkat(all.fd, DATA_NEXT, 0) < 0)
		return cannot_remove(dir, DATA_NEXT, err);
	if (all.n > 0 && drop_dangling(&all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		if (all.items[i].complete && kept < keep)
			kept++;
		else if (remove_generation(&all, all.items[i].name, err) < 0)
			return -1;
	}
	return 0;
}
