// SPDX-License-Identifier: Apache-2.0
/*
 * num: numbers read strictly. The whole text must be the number, in range; no leading blank, sign
 * (but '-' where min is negative), or base prefix.
 */
#ifndef MICA_NUM_H
#define MICA_NUM_H

#include <stdint.h>

#include <mica/err.h>

int num_parse(const char *text, int64_t min, int64_t max, int64_t *ret) MICA_CHECKED;

/* "90d", "12h", "30m", "45s" as seconds, at most 100 years. */
int num_parse_duration(const char *text, int64_t *ret_seconds) MICA_CHECKED;

/* Octal file mode such as "0600": three or four octal digits. */
int num_parse_mode(const char *text, unsigned *ret) MICA_CHECKED;

#endif
