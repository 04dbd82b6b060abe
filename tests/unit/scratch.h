// SPDX-License-Identifier: Apache-2.0
/* scratch: a private directory for one test, removed at its end; and small looks at what lies
 * there. */
#ifndef TEST_SCRATCH_H
#define TEST_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/buf.h>

static inline char *scratch_in(const char *base)
{
	char *dir = mem_printf("%s/mica-test-XXXXXX", base);

	if (!mkdtemp(dir))
		abort();
	return dir;
}

static inline char *scratch_new(void)
{
	const char *base = getenv("TMPDIR");

	return scratch_in(base ? base : "/tmp");
}

/* In memory where that can be had: for tests that sync a thousand times and pull no plug. */
static inline char *scratch_new_fast(void)
{
	return access("/dev/shm", W_OK) == 0 ? scratch_in("/dev/shm") : scratch_new();
}

static inline void scratch_remove(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) < 0)
			scratch_remove(fd, entry->d_name);
	}
	if (dir)
		closedir(dir);
	(void)unlinkat(dirfd, name, AT_REMOVEDIR);
}

static inline void scratch_freep(char **dir)
{
	if (*dir)
		scratch_remove(AT_FDCWD, *dir);
	free(*dir);
}

#define SCRATCH_AUTO MICA_AUTO(scratch_freep) char *

/* Everything below dir, one line each: "path mode size|-> target", sorted by directory order of
 * depth. Two equal texts: nothing changed. */
static inline void scratch_list(const char *dir, const char *below, struct buf *ret)
{
	MICA_FREE char *path = mem_printf("%s%s", dir, below);
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		MICA_FREE char *inner = mem_printf("%s/%s", below, name);
		MICA_FREE char *whole = mem_printf("%s%s", dir, inner);
		char target[256];
		struct stat st;
		ssize_t len;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		    lstat(whole, &st) == 0) {
			buf_printf(ret, "%s %o", inner + 1, (unsigned)st.st_mode & 07777);
			len = S_ISLNK(st.st_mode) ? readlink(whole, target, sizeof(target)) : 0;
			if (S_ISLNK(st.st_mode))
				buf_printf(ret, " -> %.*s\n", (int)len, target);
			else if (S_ISDIR(st.st_mode))
				buf_printf(ret, " dir\n");
			else
				buf_printf(ret, " %lld\n", (long long)st.st_size);
			if (S_ISDIR(st.st_mode))
				scratch_list(dir, inner, ret);
		}
		free(entries[i]);
	}
	free(entries);
}

#endif
