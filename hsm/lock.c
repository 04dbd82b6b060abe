// SPDX-License-Identifier: Apache-2.0
/* One file a token, named by what the token is; flock(2) on it is the lock, its content tells
 * who. */
#include "token_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mica/digest.h>
#include <mica/mem.h>

enum { LOOK_EVERY_MS = 20, MAX_PID = 15 };

static bool is_ours(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

/* A session has it in its environment; a timer of the same user has not, but it is there. What
 * su or sudo carried over is another user's: no lock of ours, and no place to leave one. */
static char *lock_directory(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	MICA_FREE char *usual = mem_printf("/run/user/%u", (unsigned)geteuid());

	if (runtime && runtime[0] == '/' && is_ours(runtime))
		return mem_printf("%s/mica", runtime);
	if (is_ours(usual))
		return mem_printf("%s/mica", usual);
	return mem_printf("/tmp/mica-%u", (unsigned)geteuid());
}

/* In /tmp anybody may have made it before us. */
static int open_directory(const char *path, int *ret, struct err *err)
{
	MICA_CLOSE int fd = -1;
	struct stat info;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(
		    err, errno, "cannot make the directory '%s' for the token's lock", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) < 0)
		return err_errno(
		    err, errno, "cannot open the directory '%s' of the token's lock", path);
	if (info.st_uid != geteuid() || (info.st_mode & 077) != 0) {
		err_set(err, ERR_REFUSED,
		    "the directory '%s' of the token's lock is not yours alone", path);
		return err_hint(err, "remove it, or make it yours with mode 0700");
	}
	*ret = fd;
	fd = -1;
	return 0;
}

static char *lock_name(const struct token *token)
{
	MICA_FREE char *real = realpath(token->module, NULL);
	BUF_AUTO names = BUF_INIT;
	BUF_AUTO hex = BUF_INIT;
	struct digest digest;

	buf_printf(
	    &names, "%s\n%s\n%s", real ? real : token->module, token->label, token->serial);
	digest = digest_of(names.data, names.len);
	buf_addhex(&hex, digest.bytes, DIGEST_LEN);
	return mem_printf("%s.lock", buf_text(&hex));
}

static int open_lock(const struct token *token, int *ret, struct err *err)
{
	MICA_FREE char *path = lock_directory();
	MICA_FREE char *name = lock_name(token);
	MICA_CLOSE int directory = -1;
	int fd;

	if (open_directory(path, &directory, err) < 0)
		return -1;
	fd = openat(directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, errno, "cannot open the token's lock in '%s'", path);
	*ret = fd;
	return 0;
}

static int busy(const struct token *token, int fd, struct err *err)
{
	char holder[MAX_PID + 1] = "";
	ssize_t len = pread(fd, holder, MAX_PID, 0);

	holder[len > 0 ? strcspn(holder, "\n") : 0] = '\0';
	err_set(err, ERR_BUSY, "another mica (process %s) uses the token '%s' (serial %s)",
	    holder[0] ? holder : "unknown", token->label, token->serial);
	return err_hint(
	    err, "two programs on one token break each other: wait until that one is done");
}

static int take_lock(const struct token *token, int fd, int wait_ms, struct err *err)
{
	const struct timespec pause = { 0, LOOK_EVERY_MS * 1000000L };
	int64_t end = process_now_ms() + wait_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return err_errno(
			    err, errno, "cannot lock the token '%s'", token->label);
		if (process_now_ms() >= end)
			return busy(token, fd, err);
		nanosleep(&pause, NULL);
	}
	return 0;
}

int token_lock(struct token *token, int wait_ms, struct err *err)
{
	MICA_CLOSE int fd = -1;

	if (!token->label)
		return err_set(err, ERR_FAILED, "cannot lock: no token was selected");
	if (token->lock >= 0)
		return 0;
	if (open_lock(token, &fd, err) < 0 || take_lock(token, fd, wait_ms, err) < 0)
		return -1;
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		return err_errno(err, errno, "cannot write the token's lock");
	token->lock = fd;
	fd = -1;
	return 0;
}
