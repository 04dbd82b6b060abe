// SPDX-License-Identifier: Apache-2.0
/* trouble: what goes wrong for some days in a row, always for fewer than the margins leave. */
#ifndef MICA_YEARS_TROUBLE_H
#define MICA_YEARS_TROUBLE_H

enum trouble_kind {
	TROUBLE_NONE,
	TROUBLE_AWAY,     /* the token is in somebody's pocket, up to 20 days */
	TROUBLE_BREAKS,   /* it is lost in the midst of signing */
	TROUBLE_PIN,      /* it has another PIN than the file says */
	TROUBLE_RESTARTS, /* the next ten restarts fail */
	TROUBLE_FULL,     /* the disk is full, from some moment of each run on */
	TROUBLE_OFF,      /* the machine is off: no run at all */
	TROUBLE_NOBODY,   /* nobody restarts by hand what is owed it */
};
enum { TROUBLES = TROUBLE_NOBODY + 1 };

struct trouble {
	enum trouble_kind kind;
	int days; /* that are left of it */
};

const char *trouble_name(enum trouble_kind kind);

struct history;

/* In the morning: one may begin, one goes on, one ends. */
void trouble_morning(struct history *history);
/* Ends it now, and puts right what it left: somebody has looked. */
void trouble_end(struct history *history);
/* Somebody clears a latch, having put the PIN right. */
void trouble_clear_latch(struct history *history);

#endif
