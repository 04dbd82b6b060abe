// SPDX-License-Identifier: Apache-2.0
#include "outdir_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct names {
	char **items;
	size_t n, cap;
};

struct tidying {
	const char *dir;
	int fd;
	char *current;            /* NULL: none */
	struct names generations; /* complete, and not the current one */
	struct names leftovers;   /* staging that no run completed */
};

static void names_add(struct names *names, const char *name)
{
	names->items = mem_grow(names->items, &names->cap, names->n + 1, sizeof(char *));
	names->items[names->n++] = mem_strdup(name);
}

static void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
}

static void tidying_clear(struct tidying *tidying)
{
	names_clear(&tidying->generations);
	names_clear(&tidying->leftovers);
	free(tidying->current);
	mem_closep(&tidying->fd);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static DIR *list(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		mem_closep(&fd);
	return dir;
}

static int cannot_remove(const struct tidying *tidying, const char *name, struct err *err)
{
	return err_errno(err, errno, "cannot remove '%s/%s'", tidying->dir, name);
}

static int remove_generation(const struct tidying *tidying, const char *name, struct err *err)
{
	MICA_AUTO(close_dir) DIR *dir = list(tidying->fd, name);
	struct dirent *entry;

	if (!dir)
		return cannot_remove(tidying, name, err);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			return cannot_remove(tidying, name, err);
	}
	if (unlinkat(tidying->fd, name, AT_REMOVEDIR) < 0)
		return cannot_remove(tidying, name, err);
	return 0;
}

/* A generation was complete when its mode was set, and current when none before it is newer. */
static void sort_in(struct tidying *tidying, const char *name)
{
	struct stat st;
	bool complete;

	if (tidying->current && strcmp(name, tidying->current) == 0)
		return;
	if (fstatat(tidying->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return;
	complete = tidying->current && strcmp(name, tidying->current) < 0 &&
	           (st.st_mode & 07777) != STAGING_MODE;
	names_add(complete ? &tidying->generations : &tidying->leftovers, name);
}

static int drop_link(const struct tidying *tidying, const char *name, struct err *err)
{
	struct stat st;

	if (!is_data_link(tidying->fd, name) || fstatat(tidying->fd, name, &st, 0) == 0 ||
	    errno != ENOENT)
		return 0;
	return unlinkat(tidying->fd, name, 0) < 0 ? cannot_remove(tidying, name, err) : 0;
}

static int look(struct tidying *tidying, struct err *err)
{
	MICA_AUTO(close_dir) DIR *dir = list(tidying->fd, ".");
	struct dirent *entry;

	if (!dir)
		return err_errno(err, errno, "cannot read '%s'", tidying->dir);
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (generation_name_ok(name))
			sort_in(tidying, name);
		else if (strcmp(name, DATA_NEXT) == 0 && unlinkat(tidying->fd, name, 0) < 0)
			return cannot_remove(tidying, name, err);
		else if (name[0] != '.' && entry->d_type != DT_DIR && entry->d_type != DT_REG &&
		         drop_link(tidying, name, err) < 0)
			return -1;
	}
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

int outdir_tidy(const char *dir, unsigned keep, struct err *err)
{
	MICA_AUTO(tidying_clear) struct tidying tidying = { .dir = dir };
	struct names *old = &tidying.generations;

	tidying.fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (tidying.fd < 0)
		return errno == ENOENT
		           ? 0
		           : err_errno(err, errno, "cannot open the directory '%s'", dir);
	if (read_current(tidying.fd, dir, &tidying.current, err) < 0 &&
	    err->kind != ERR_NOT_FOUND)
		return -1;
	if (look(&tidying, err) < 0)
		return -1;
	if (old->n > 1)
		qsort(old->items, old->n, sizeof(char *), newest_first);
	for (size_t i = keep > 0 ? keep - 1 : 0; i < old->n; i++) {
		if (remove_generation(&tidying, old->items[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < tidying.leftovers.n; i++) {
		if (remove_generation(&tidying, tidying.leftovers.items[i], err) < 0)
			return -1;
	}
	return 0;
}
