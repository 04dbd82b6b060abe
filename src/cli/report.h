// SPDX-License-Identifier: Apache-2.0
/*
 * report: what mica says on stderr beside its result: findings, notes on the way, the final
 * error.
 *
 *     mica.yaml:12:9: error: what is wrong
 *       hint: what to do
 *     mica: what failed
 *     hint: what to do
 */
#ifndef MICA_CLI_REPORT_H
#define MICA_CLI_REPORT_H

#include <stdio.h>

#include <mica/findings.h>

#include "exit.h"

enum report_volume {
	REPORT_QUIET, /* warnings and errors only */
	REPORT_NORMAL,
	REPORT_VERBOSE, /* details, and the rule behind each finding */
};

struct report {
	struct findings findings; /* what the rooms add to */
	size_t printed;           /* how many of them were */
	enum report_volume volume;
	FILE *to;
};

void report_clear(struct report *report);

/* Prints the findings that came since the last call. */
void report_findings(struct report *report);

/* A line of talk, or of detail for --verbose. Control characters in it are shown as '?'. */
void report_talk(struct report *report, const char *fmt, ...) MICA_PRINTF(2, 3);
void report_detail(struct report *report, const char *fmt, ...) MICA_PRINTF(2, 3);

/* The findings that are left, then the error; returns the exit status it means. */
enum exit_status report_err(struct report *report, const struct err *err);

/* What was printed to out has arrived there, or an error says why not. */
int report_flush(FILE *out, struct err *err) MICA_CHECKED;

/* text, its control characters replaced by '?': for a line on a terminal */
char *report_plain(const char *text);

#endif
