// SPDX-License-Identifier: Apache-2.0
/*
 * The generations that lie in a tree besides the current one. Complete: its mode was set, and
 * it is not newer than the current one. All else was staged by a run that did not get to its
 * swap. Newer means modified later: names carry the time only to the second.
 */
#ifndef MICA_OUTDIR_GENERATIONS_H
#define MICA_OUTDIR_GENERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <mica/err.h>

struct generation {
	char *name;
	struct timespec modified;
	bool complete;
};

struct generations {
	int fd; /* of the tree, -1: not open */
	const char *dir;
	char *current;            /* NULL: none */
	struct generation *items; /* newest first */
	size_t n, cap;
	bool swap_left; /* ..data_tmp is there */
};

#define GENERATIONS_AUTO __attribute__((cleanup(generations_clear))) struct generations

/* ERR_NOT_FOUND when there is no such directory. ret is cleared by the caller in any case. */
int generations_read(const char *dir, struct generations *ret, struct err *err) MICA_CHECKED;
void generations_clear(struct generations *generations);

#endif
