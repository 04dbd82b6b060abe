// SPDX-License-Identifier: Apache-2.0
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum need { NEEDS_ROOM, NEEDS_NONE };

static enum fault mode;
static unsigned fatal;
static atomic_uint seen;

void faults_begin(enum fault fault, unsigned at)
{
	fatal = at;
	atomic_store(&seen, 0);
	mode = fault;
}

unsigned faults_end(void)
{
	mode = FAULT_NONE;
	return atomic_load(&seen);
}

/* true: the call is to fail, errno is set */
static bool strikes(enum need need)
{
	unsigned now;

	if (mode == FAULT_NONE)
		return false;
	now = atomic_fetch_add(&seen, 1) + 1;
	if (mode == FAULT_KILL && now >= fatal)
		(void)raise(SIGKILL);
	if (mode != FAULT_FULL || now < fatal || need == NEEDS_NONE)
		return false;
	errno = ENOSPC;
	return true;
}

/* The function of the C library (or of a sanitizer) that this one stands before. */
#define REAL(name)                                                                             \
	static __typeof__(&name) real;                                                         \
	if (!real)                                                                             \
		*(void **)&real = dlsym(RTLD_NEXT, #name);                                     \
	if (!real)                                                                             \
	abort()

#define STANDS_BEFORE(type, name, need, parameters, arguments)                                 \
	type name parameters                                                                   \
	{                                                                                      \
		REAL(name);                                                                    \
		if (strikes(need))                                                             \
			return -1;                                                             \
		return real arguments;                                                         \
	}

/* what a run says goes to a file as well, and is no change */
ssize_t write(int fd, const void *bytes, size_t len)
{
	REAL(write);
	if (fd > STDERR_FILENO && strikes(NEEDS_ROOM))
		return -1;
	return real(fd, bytes, len);
}

STANDS_BEFORE(ssize_t, pwrite, NEEDS_ROOM, (int fd, const void *bytes, size_t len, off_t at),
    (fd, bytes, len, at))
STANDS_BEFORE(ssize_t, pwrite64, NEEDS_ROOM,
    (int fd, const void *bytes, size_t len, off64_t at), (fd, bytes, len, at))
STANDS_BEFORE(int, ftruncate, NEEDS_NONE, (int fd, off_t len), (fd, len))
STANDS_BEFORE(int, ftruncate64, NEEDS_NONE, (int fd, off64_t len), (fd, len))
STANDS_BEFORE(int, fsync, NEEDS_NONE, (int fd), (fd))
STANDS_BEFORE(int, fdatasync, NEEDS_NONE, (int fd), (fd))
STANDS_BEFORE(int, syncfs, NEEDS_NONE, (int fd), (fd))
STANDS_BEFORE(int, fchmod, NEEDS_NONE, (int fd, mode_t value), (fd, value))
STANDS_BEFORE(int, rename, NEEDS_NONE, (const char *from, const char *to), (from, to))
STANDS_BEFORE(int, renameat, NEEDS_NONE, (int dir, const char *from, int there, const char *to),
    (dir, from, there, to))
STANDS_BEFORE(int, linkat, NEEDS_ROOM,
    (int dir, const char *from, int there, const char *to, int flags),
    (dir, from, there, to, flags))
STANDS_BEFORE(int, symlinkat, NEEDS_ROOM, (const char *text, int dir, const char *name),
    (text, dir, name))
STANDS_BEFORE(int, unlink, NEEDS_NONE, (const char *name), (name))
STANDS_BEFORE(
    int, unlinkat, NEEDS_NONE, (int dir, const char *name, int flags), (dir, name, flags))
STANDS_BEFORE(int, rmdir, NEEDS_NONE, (const char *name), (name))
STANDS_BEFORE(int, mkdir, NEEDS_ROOM, (const char *name, mode_t value), (name, value))
STANDS_BEFORE(
    int, mkdirat, NEEDS_ROOM, (int dir, const char *name, mode_t value), (dir, name, value))

/* a new file is a change, one that is opened is none */
#define OPENS(name, parameters, last, arguments)                                               \
	int name parameters                                                                    \
	{                                                                                      \
		mode_t given = 0;                                                              \
		va_list rest;                                                                  \
                                                                                               \
		REAL(name);                                                                    \
		if (flags & O_CREAT) {                                                         \
			va_start(rest, last);                                                  \
			given = va_arg(rest, mode_t);                                          \
			va_end(rest);                                                          \
			if (strikes(NEEDS_ROOM))                                               \
				return -1;                                                     \
		}                                                                              \
		return real arguments;                                                         \
	}

OPENS(open, (const char *path, int flags, ...), flags, (path, flags, given))
OPENS(open64, (const char *path, int flags, ...), flags, (path, flags, given))
OPENS(openat, (int dir, const char *path, int flags, ...), flags, (dir, path, flags, given))
OPENS(openat64, (int dir, const char *path, int flags, ...), flags, (dir, path, flags, given))
