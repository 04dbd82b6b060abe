// SPDX-License-Identifier: Apache-2.0
/*
 * findings: faults with a place and a rule. One type for the inventory's faults, for lint, check,
 * audit and prove; one printer and one exit rule (src/cli/report).
 */
#ifndef MICA_FINDINGS_H
#define MICA_FINDINGS_H

#include <stddef.h>

#include <mica/err.h>

/* A place in a file. Line and column count from 1; 0 means unknown. `file` is not owned here, but
 * findings_add() copies it. */
struct mark {
	const char *file;
	int line;
	int column;
};

enum finding_level { FINDING_NOTE, FINDING_WARNING, FINDING_ERROR };

struct finding {
	enum finding_level level;
	const char *rule; /* a stable name such as "san-missing"; a string constant */
	char *file;       /* or an entry's name or an endpoint; NULL: none */
	int line;
	int column;
	char *text;
	char *hint; /* NULL: none */
};

struct findings {
	struct finding *items;
	size_t n;
	size_t cap;
	size_t errors;
	size_t warnings;
};

#define FINDINGS_INIT { NULL, 0, 0, 0, 0 }
#define FINDINGS_AUTO __attribute__((cleanup(findings_clear))) struct findings

void findings_clear(struct findings *findings);

/* where: NULL for none. hint: NULL for none; plain text. Control characters are shown as \xNN. */
void findings_add(struct findings *findings, enum finding_level level, const char *rule,
    const struct mark *where, const char *hint, const char *fmt, ...) MICA_PRINTF(6, 7);

/* By file, line and column; findings without a place keep their order, last. */
void findings_sort(struct findings *findings);

#endif
