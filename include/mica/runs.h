// SPDX-License-Identifier: Apache-2.0
/*
 * runs: when each verb that changes something last ran, and how it ended: state-dir/runs, for
 * monitoring.
 *
 * A file of its own and not a note in the ledger, because the runs that matter most here are those that
 * the ledger refuses. Nothing is decided by it: lost or edited, it is written anew by the next run.
 */
#ifndef MICA_RUNS_H
#define MICA_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/err.h>

struct ran {
	char *verb;
	int64_t at;   /* when it began */
	int status;   /* its exit status */
	int64_t good; /* when the last one began that ended with 0; 0: none did */
};

struct runs {
	struct ran *items; /* in the order in which the verbs first ran */
	size_t n;
};

void runs_clear(struct runs *runs);

/* Without the file: none. Lines that cannot be read are left out. */
int runs_read(const char *state_dir, struct runs *ret, struct err *err) MICA_CHECKED;

/* Whether an apply that began later ended well: it did what was left, so nobody needs to hear of this run. */
bool runs_is_past(const struct runs *runs, const struct ran *ran);

/* Notes one run, and keeps what is known of other verbs. Where there is no state directory nothing is
 * noted, and none is made. */
int runs_note(const char *state_dir, const char *verb, int64_t at, int status,
    struct err *err) MICA_CHECKED;

#endif
