// SPDX-License-Identifier: Apache-2.0
/*
 * child: another program, without a shell.
 *
 * It is a session leader of its own without a terminal, with default signals, and with the descriptors
 * that it is given and no other: no lock, no PIN. The environment is mica's own, in which nothing secret
 * stands.
 */
#ifndef MICA_CHILD_H
#define MICA_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <mica/buf.h>

enum { CHILD_NULL = -1 };

struct child_start {
	char *const *argv; /* NULL at its end */
	const char *path;  /* NULL: argv[0], looked for in PATH unless it holds a slash */
	const char *dir;   /* where it runs; NULL: here */
	const int *fds;    /* its descriptors from 0 on; CHILD_NULL: /dev/null */
	size_t n_fds;      /* at least 3, at most 8 */
};

/* 0, or an errno that says why it did not start: of chdir and of exec, too. Wait for it (waitid). */
int child_spawn(const struct child_start *start, pid_t *ret) MICA_CHECKED;

/* --- one that is waited for ----------------------------------------------------------------- */

enum child_end {
	CHILD_EXITED, /* by itself: value is its exit status */
	CHILD_KILLED, /* by the signal `value` that was none of ours */
	CHILD_LATE,   /* by us, when its time was over, and its process group with it */
};

struct child_result {
	enum child_end end;
	int value;
	int64_t took_ms;
	struct buf said; /* the end of what it wrote to stdout and stderr, at most CHILD_SAID bytes */
	bool held;       /* what it left running still holds that output, and will not outlive a write */
};

enum { CHILD_SAID = 8192 };

void child_result_clear(struct child_result *result);

/* Runs it to its end, /dev/null on stdin. When the deadline passes its process group gets SIGTERM, and
 * SIGKILL two seconds later. What it left running, if it ended in time, is left alone.
 * ERR_FAILED when it cannot be started; how it ended is for the caller to judge. */
int child_run(char *const *argv, const char *dir, int64_t deadline_ms, struct child_result *ret,
    struct err *err) MICA_CHECKED;

/* "exit status 3", "was ended by signal 9 (Killed)", ...; appended */
void child_describe(const struct child_result *result, struct buf *ret);

#endif
