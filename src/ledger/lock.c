// SPDX-License-Identifier: Apache-2.0
/*
 * One writer for each state directory. The lock is flock(2) on state/lock, so it ends with its
 * holder however that ends; what is written in it is only for the message of the next.
 */
#include "ledger_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/clock.h>
#include <mica/file.h>

/* "123 2026-11-22T08:37:00Z" */
static int busy(int fd, const char *dir, struct err *err)
{
	char text[64] = "";
	char pid[16] = "";
	char since[CLOCK_TEXT] = "";
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	text[len < 0 ? 0 : len] = '\0';
	if (sscanf(text, "%15[0-9] %31[0-9TZ:-]", pid, since) != 2) {
		err_set(err, ERR_BUSY, "another mica is working in '%s'", dir);
		return err_hint(err, "wait until it is done, then repeat");
	}
	err_set(err, ERR_BUSY, "another mica (process %s) is working in '%s'", pid, dir);
	return err_hint(err, "it began at %s; wait until it is done, then repeat", since);
}

static int write_holder(int fd, int64_t now)
{
	char since[CLOCK_TEXT];
	char text[64];
	int len =
	    snprintf(text, sizeof(text), "%ld %s\n", (long)getpid(), clock_text(now, since));

	return ftruncate(fd, 0) < 0 ? -1 : file_write_all(fd, text, (size_t)len);
}

/* Opens the file, made when it is not there. */
static int open_file(const char *path, bool *ret_made)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags | O_CREAT | O_EXCL, 0600);

	*ret_made = fd >= 0;
	return fd < 0 && errno == EEXIST ? open(path, flags) : fd;
}

int lock_take(const char *dir, int64_t now, int *ret_fd, bool *ret_made, struct err *err)
{
	MICA_FREE char *path = file_join(dir, LEDGER_LOCK);
	bool made = false;
	MICA_CLOSE int fd = open_file(path, &made);
	struct stat st;

	if (fd < 0) {
		err_errno(err, errno, "cannot write in the state directory '%s'", dir);
		return err_hint(err, "mica keeps its ledger there");
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return busy(fd, dir, err);
		return err_errno(err, errno, "cannot lock '%s'", path);
	}
	/* its holder may just have removed it: unmake() in open.c */
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return busy(fd, dir, err);
	if (write_holder(fd, now) < 0) {
		err_errno(err, errno, "cannot write '%s'", path);
		if (made)
			(void)unlink(path);
		return -1;
	}
	*ret_made = made;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

void lock_drop(int fd)
{
	if (fd < 0)
		return;
	(void)!ftruncate(
	    fd, 0); /* so that the next holder is never called by this one's number */
	close(fd);
}
