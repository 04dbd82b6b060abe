// SPDX-License-Identifier: Apache-2.0
/*
 * mica-crash runs a program, counts its system calls that write, and at the N-th ends the
 * program, or lets the call fail. Only the program itself is counted, with all its threads;
 * what it starts runs undisturbed, to its end.
 *
 *     mica-crash [OPTION...] -- PROGRAM [ARG...]
 *
 *     --fault before   SIGKILL before the call
 *     --fault after    SIGKILL when it has taken effect and has not returned
 *     --fault ENOSPC   the call does nothing and fails, once; or EIO
 *     --fault short    a write takes half of its bytes, once
 *     --fault full     the disk is full from here on: a write takes half, what needs room fails
 *                      after it
 *     --at N           which call: the N-th
 *     --only NAME,...  these calls are counted, and no others
 *     --log FILE       one line of JSON for each call counted (crash_log.c)
 *     --record         with the bytes that are written
 *     --watch FILE     each line says how large this file was when the call began
 *
 * Its exit status is the program's, 128 + N where that died of signal N; 125 when it cannot
 * trace.
 *
 * A seccomp filter stops the program at the calls of the table and nowhere else
 * (SECCOMP_RET_TRACE), so a run takes little longer than by itself. prctl(PR_SET_DUMPABLE) is
 * answered and not done: it would hide the program's descriptors from a tracer without
 * CAP_SYS_PTRACE, as root in a container is.
 */
#ifndef MICA_CRASH_H
#define MICA_CRASH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Which argument is what, counted from 1; 0: there is none. Without dir, a path is below the
 * working directory. */
struct kind {
	long nr;
	const char *name;
	char fd, dir, path, dir2, path2;
	char text; /* what a symbolic link says */
	char bytes, count, offset;
	char value, value2; /* flags, a mode, a length, an owner */
	bool told;  /* nothing on a disk changes, but others hear of it: it is killed at, and
	               does not fail */
	bool space; /* needs room on a disk */
};

/* The kind of this call, or NULL; an open that neither makes nor truncates is none. */
const struct kind *kind_of(uint64_t nr, const uint64_t args[6]);
/* The n-th of the table, or NULL. */
const struct kind *kind_at(size_t n);

struct call {
	const struct kind *kind; /* NULL: none */
	long n;
	uint64_t args[6];
	long watched; /* -1: nothing is */
	const char *fault;
	bool kill_after, restore;
};

/* --- the program's memory, registers and descriptors (crash_peek.c) --- */

/* nr and args of the call that it stands at, by ptrace's number; false when it is gone. */
bool peek_call(pid_t tid, uint64_t *ret_nr, uint64_t ret_args[6]);
/* The result of the call that it stands behind. */
bool peek_result(pid_t tid, int64_t *ret);
/* Lets the call that it stands at be skipped, with this result. */
void poke_skip(pid_t tid, long result);
/* The third argument of the call: how many bytes to write. */
void poke_count(pid_t tid, uint64_t count);
bool peek_bytes(pid_t tid, uint64_t address, void *ret, size_t len);
/* A string of the program, in a buffer of PEEK_PATH bytes. */
enum { PEEK_PATH = 4096 };
void peek_string(pid_t tid, uint64_t address, char *ret);
/* The path that a call means by its arguments dir (0: none) and path. */
void peek_path(pid_t tid, const struct call *call, char dir, char path, char *ret);

/* --- its beginning (crash_start.c) --- */

enum { CANNOT_TRACE = 125 };
/* argv as a child that is traced, with the filter; -1 with errno. */
int start_traced(char **argv, pid_t *ret);

/* --- the log (crash_log.c) --- */

struct crash_log {
	FILE *file; /* NULL: none is wanted */
	bool bytes;
};

/* A call that ended, or did not: result is NULL where the program was killed before. */
void log_call(
    const struct crash_log *log, pid_t tid, const struct call *call, const int64_t *result);

#endif
