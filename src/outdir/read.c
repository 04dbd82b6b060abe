// SPDX-License-Identifier: Apache-2.0
#include "outdir_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <mica/file.h>

#include "generations.h"

DIR *dir_open(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		mem_closep(&fd);
	return dir;
}

void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

bool generation_name_ok(const char *name)
{
	return strncmp(name, "..", 2) == 0 && name[2] != '\0' && !strchr(name, '/') &&
	       strcmp(name, DATA_LINK) != 0 && strcmp(name, DATA_NEXT) != 0;
}

/* path: of what has this name, from dirfd on */
static bool leads_through_data(int dirfd, const char *path, const char *name)
{
	static const char through[] = DATA_LINK "/";
	char target[sizeof(through) + NAME_MAX + 1];
	ssize_t len = readlinkat(dirfd, path, target, sizeof(target) - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	return strncmp(target, through, sizeof(through) - 1) == 0 &&
	       strcmp(target + sizeof(through) - 1, name) == 0;
}

bool is_data_link(int dirfd, const char *name)
{
	return leads_through_data(dirfd, name, name);
}

bool outdir_is_replaced(const char *dir, const char *name)
{
	MICA_FREE char *path = file_join(dir, name);

	errno = 0;
	return !leads_through_data(AT_FDCWD, path, name) && errno != ENOENT && errno != ENOTDIR;
}

int read_current(int dirfd, const char *dir, char **ret, struct err *err)
{
	char target[NAME_MAX + 2];
	ssize_t len = readlinkat(dirfd, DATA_LINK, target, sizeof(target) - 1);
	int saved = errno;

	if (len < 0 && (saved == ENOENT || saved == ENOTDIR))
		return err_set(err, ERR_NOT_FOUND, "nothing was delivered to '%s'", dir);
	if (len < 0 && saved != EINVAL)
		return err_errno(err, saved, "cannot read '%s/" DATA_LINK "'", dir);
	target[len < 0 ? 0 : len] = '\0';
	if (!generation_name_ok(target)) {
		err_set(err, ERR_REFUSED,
		    "'%s/" DATA_LINK "' is in the way: it is not a link that mica made", dir);
		return err_hint(err, "move it away, then repeat");
	}
	*ret = mem_strdup(target);
	return 0;
}

int outdir_current(const char *dir, char **ret, struct err *err)
{
	MICA_CLOSE int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return read_current(fd, dir, ret, err);
	if (errno == ENOENT || errno == ENOTDIR)
		return err_set(err, ERR_NOT_FOUND, "nothing was delivered to '%s'", dir);
	return err_errno(err, errno, "cannot open the directory '%s'", dir);
}

int outdir_read(const char *dir, const char *name, struct buf *ret, struct err *err)
{
	MICA_FREE char *path = file_join(dir, name);

	return file_read(AT_FDCWD, path, FILE_MAX_TEXT, ret, err);
}

int outdir_read_staged(const char *dir, const char *name, struct buf *ret, struct err *err)
{
	GENERATIONS_AUTO all = { .fd = -1 };

	if (generations_read(dir, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		MICA_FREE char *path = file_join(all.items[i].name, name);

		if (all.items[i].complete)
			continue;
		if (file_read(all.fd, path, FILE_MAX_TEXT, ret, err) == 0)
			return 0;
		if (err->kind != ERR_NOT_FOUND)
			return err_prefix(err, "'%s'", dir);
	}
	return err_set(
	    err, ERR_NOT_FOUND, "no unfinished generation in '%s' has '%s'", dir, name);
}
