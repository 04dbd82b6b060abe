// SPDX-License-Identifier: Apache-2.0
/*
 * history: some years of one inventory, its Milvuses, its token and the people around them: a
 * seed. run.c runs mica, trouble.c says what goes wrong, judge.c what must hold at the end of
 * each day, history.c goes through the days.
 */
#ifndef MICA_YEARS_HISTORY_H
#define MICA_YEARS_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include <mica/err.h>

#include "dice.h"
#include "faults.h"
#include "judge.h"
#include "known.h"
#include "milvus.h"
#include "model.h"
#include "soft_token.h"
#include "trouble.h"
#include "turns.h"

enum { DAY = 86400, VIOLATION = 4096 };

/* What a history went through: without it nothing was shown. */
struct tally {
	unsigned days, runs, busy, killed, full, refused, failed, unserved, handshakes,
	    restarts;
	unsigned edits, tampered, troubles[TROUBLES], clocks_back, clocks_ahead, latches,
	    signatures;
	unsigned revoked, restored, changed_cas, not_retired;
};

struct history {
	uint64_t seed;
	int n_days;
	int every;           /* while all is well, only each of so many days is lived */
	const char *restart; /* the program that the inventory names */
	char *dir;
	int log; /* what every run said */
	struct dice dice;
	struct soft_tokens *tokens;
	struct milvus milvus;
	struct model model;
	struct judge judge;
	struct known known;
	struct trouble trouble;
	struct turns turns;
	struct tally tally;
	int day;
	int64_t now;      /* the right time */
	unsigned runs;    /* so far: no two draw the same random bytes */
	unsigned points;  /* calls that change something, in the last run that had much to do */
	int bad_days;     /* since everything was as it should be */
	int margin;       /* how many of them there may be */
	int latched;      /* since so many days, and nobody has looked */
	int unserved;     /* since so many days something waits for somebody to restart it */
	bool tampered;    /* somebody changed a file, and no run has put it right yet */
	char *in_the_way; /* a file that somebody put where mica's link was; NULL: none */
	char violation[VIOLATION]; /* empty: all is well */
};

/* true: every invariant held. What was wrong stands in history->violation. */
bool history_live(struct history *history);
void history_end(struct history *history);

/* Whether some Milvus that only people restart still runs with older files. */
bool history_is_stale(const struct history *history);

/* The first violation is the one that is kept. */
void history_break(struct history *history, const char *fmt, ...) MICA_PRINTF(2, 3);
/* A line in the log. */
void history_note(const struct history *history, const char *fmt, ...) MICA_PRINTF(2, 3);

/* The path of a file below the history's directory; free() it. */
char *history_path(const struct history *history, const char *name);
void history_write(const struct history *history, const char *name, const char *text);

/* --- run.c ---------------------------------------------------------------------------- */

struct order {
	int64_t now; /* what the clock says; 0: the right time */
	enum fault fault;
	unsigned at; /* for the fault */
};

struct outcome {
	int status; /* mica's exit status; -1: it was killed */
	bool killed;
};

/* Runs mica in this process, or, where it is to be killed, in one of its own. words: "apply",
 * ..., NULL. */
struct outcome run_mica(
    struct history *history, const struct order *order, const char *const *words);

#endif
