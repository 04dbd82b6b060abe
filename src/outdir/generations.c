// SPDX-License-Identifier: Apache-2.0
#include "generations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "outdir_private.h"

void generations_clear(struct generations *generations)
{
	for (size_t i = 0; i < generations->n; i++)
		free(generations->items[i].name);
	free(generations->items);
	free(generations->current);
	mem_closep(&generations->fd);
}

static int compare_times(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static int newest_first(const void *a, const void *b)
{
	const struct generation *left = a;
	const struct generation *right = b;
	int order = compare_times(&right->modified, &left->modified);

	return order != 0 ? order : strcmp(right->name, left->name);
}

static void add(struct generations *all, const char *name, const struct stat *current)
{
	struct generation found = { 0 };
	struct stat st;

	if (all->current && strcmp(name, all->current) == 0)
		return;
	if (fstatat(all->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return;
	found.name = mem_strdup(name);
	found.modified = st.st_mtim;
	found.complete = current && (st.st_mode & 07777) != STAGING_MODE &&
	                 compare_times(&st.st_mtim, &current->st_mtim) <= 0;
	all->items = mem_grow(all->items, &all->cap, all->n + 1, sizeof(*all->items));
	all->items[all->n++] = found;
}

static int list(struct generations *all, struct err *err)
{
	MICA_AUTO(dir_closep) DIR *dir = dir_open(all->fd, ".");
	struct dirent *entry;
	struct stat st;
	bool known =
	    all->current && fstatat(all->fd, all->current, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (!dir)
		return err_errno(err, errno, "cannot read '%s'", all->dir);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, DATA_NEXT) == 0)
			all->swap_left = true;
		else if (generation_name_ok(entry->d_name))
			add(all, entry->d_name, known ? &st : NULL);
	}
	if (all->n > 1)
		qsort(all->items, all->n, sizeof(*all->items), newest_first);
	return 0;
}

int generations_read(const char *dir, struct generations *ret, struct err *err)
{
	*ret = (struct generations){ .dir = dir };
	ret->fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->fd < 0) {
		int saved = errno;

		err_errno(err, saved, "cannot open the directory '%s'", dir);
		if (saved == ENOENT)
			err->kind = ERR_NOT_FOUND;
		return -1;
	}
	if (read_current(ret->fd, dir, &ret->current, err) < 0 && err->kind != ERR_NOT_FOUND)
		return -1;
	return list(ret, err);
}
