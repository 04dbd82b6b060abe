// SPDX-License-Identifier: Apache-2.0
/*
 * clock: times as seconds since 1970 in UTC, and the environment a run is given.
 *
 * No room but the command line asks the system for the time or for random bytes: both come in
 * `struct ambient`, so that every room can be tested with a clock and a seed of the test's choosing.
 */
#ifndef MICA_CLOCK_H
#define MICA_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include <mica/err.h>

struct ambient {
	int64_t now;
	/* fills with bytes fit for serial numbers; returns 0 or -1 */
	int (*random)(void *context, void *bytes, size_t len);
	void *context;
};

enum { CLOCK_DAY = 86400, CLOCK_TEXT = 32 };

/* the system's clock and OpenSSL's random bytes */
struct ambient ambient_system(void);

/* "2026-11-22T08:37:00Z" */
const char *clock_text(int64_t when, char ret[static CLOCK_TEXT]);
/* "2026-11-22" */
const char *clock_date(int64_t when, char ret[static CLOCK_TEXT]);
/* "89 days", "5 hours", "3 minutes", "now"; negative: "... ago" */
const char *clock_span(int64_t seconds, char ret[static CLOCK_TEXT]);

/* "2026-11-22" (midnight) or "2026-11-22T08:37:00Z" */
int clock_parse(const char *text, int64_t *ret) MICA_CHECKED;

#endif
