// SPDX-License-Identifier: Apache-2.0
/*
 * file: small files read whole, small files replaced whole.
 */
#ifndef MICA_FILE_H
#define MICA_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include <mica/buf.h>

enum { FILE_MAX_TEXT = 4 << 20 };

/* Reads a regular file of at most max bytes; appends to ret. dirfd as in openat(2).
 * ERR_NOT_FOUND when it is not there. */
int file_read(
    int dirfd, const char *path, size_t max, struct buf *ret, struct err *err) MICA_CHECKED;

/* Every byte, whatever write(2) takes at a time; -1 with errno. */
int file_write_all(int fd, const void *bytes, size_t len) MICA_CHECKED;

/* Writes path so that a reader, or a crash, sees the old bytes or the new, never a part: a
 * temporary name beside it (beginning with ".."), fsync, rename, fsync of the directory. What a
 * process that is gone left under such a name goes too. ERR_REFUSED when a device, a directory
 * or the like is there. */
int file_replace(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
    struct err *err) MICA_CHECKED;

/* The same for what is too long to be held: writer writes it all. -1, with errno, or an error of the
 * stream, and path stays as it was. */
typedef int file_writer(void *context, FILE *to);
int file_replace_by(const char *path, mode_t mode, file_writer *writer, void *context,
    struct err *err) MICA_CHECKED;

struct file_rights {
	uid_t uid; /* (uid_t)-1: leave */
	gid_t gid; /* (gid_t)-1: leave */
	mode_t mode;
};

/* The same with an owner. Until it has both, only this process's user can read it, under a name
 * that nobody looks for; what an earlier process that was killed left under such a name goes.
 * One process at a time. */
int file_put(const char *path, const struct buf *bytes, const struct file_rights *rights,
    struct err *err) MICA_CHECKED;

/* Whether a file that is there has mode and owner as they are wanted. */
bool file_has_rights(const char *path, const struct file_rights *rights);

/* Makes a directory and its parents, durably; existing ones are taken as they are. */
int file_make_dirs(const char *path, mode_t mode, struct err *err) MICA_CHECKED;

/* base and path joined, or a copy of path when it is absolute; free() it */
char *file_join(const char *base, const char *path);

/* The path from the root on, free() it: what is there of it without links and dots (realpath),
 * what is not there yet as it is. */
int file_absolute(const char *path, char **ret, struct err *err) MICA_CHECKED;

#endif
