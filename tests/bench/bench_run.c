// SPDX-License-Identifier: Apache-2.0
/*
 * bench_run RESULT COMMAND...: runs the command and writes to the file RESULT one line of four
 * numbers: wall time, user and system time in microseconds, and the peak memory, in KiB, of the
 * largest process among the command and what it waited for. Exits as the command did.
 *
 * A small program of its own: what Python spawns inherits Python's own peak memory.
 */
#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t microseconds(const struct timeval *tv)
{
	return tv->tv_sec * INT64_C(1000000) + tv->tv_usec;
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int64_t begun, wall;
	FILE *result;
	int status, errnum;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_run RESULT COMMAND...\n");
		return 2;
	}
	begun = now();
	errnum = posix_spawnp(&pid, argv[2], NULL, NULL, &argv[2], environ);
	if (errnum != 0) {
		fprintf(stderr, "bench_run: %s: %s\n", argv[2], strerror(errnum));
		return 127;
	}
	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			return 127;
	}
	wall = now() - begun;
	result = fopen(argv[1], "we");
	if (!result)
		return 127;
	fprintf(result, "%ld %ld %ld %ld\n", (long)wall, (long)microseconds(&usage.ru_utime),
	    (long)microseconds(&usage.ru_stime), usage.ru_maxrss);
	if (fclose(result) != 0)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
