// SPDX-License-Identifier: Apache-2.0
/*
 * What the two halves of the walk share: verify_events.c goes along the chain and holds each
 * record against what its events say; verify.c looks at the tables, goes along the records, for
 * those no event speaks of, and has the doors.
 */
#ifndef MICA_LEDGER_VERIFY_H
#define MICA_LEDGER_VERIFY_H

#include "ledger_private.h"

/* What the events so far made of a record, and what it says itself. */
struct seen {
	uint8_t state, noted;
	bool issued;
};

enum { STATE_UNKNOWN = 0xff }; /* cannot be followed, or read: told already */

/* What one broken event draws after it: the first of a kind is told, the others are counted. */
enum { MOST_KINDS = 8 };

struct following {
	const char *what; /* a string constant */
	int64_t last;
	size_t more;
};

struct walk {
	struct ledger *ledger;
	struct findings *found; /* NULL: the first misfit ends the walk */
	size_t misfits;
	struct head head;
	bool broken; /* the hash of the event before is not known */
	int64_t at;
	struct seen *seen; /* by number of record, from 1 */
	size_t n, cap;
	int64_t revoked; /* events of revocations */
	struct following following[MOST_KINDS];
};

/* A misfit: a finding, and 0; or ERR_FAILED and -1. */
int walk_misfit(struct walk *walk, struct err *err, const char *rule, const char *fmt, ...)
    MICA_PRINTF(4, 5);

int walk_events(struct walk *walk, struct err *err) MICA_CHECKED;

#endif
