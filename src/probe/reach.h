// SPDX-License-Identifier: Apache-2.0
/* reach: a TCP connection to an endpoint, and its bytes, all within one deadline. */
#ifndef MICA_PROBE_REACH_H
#define MICA_PROBE_REACH_H

#include <stddef.h>
#include <stdint.h>

#include <mica/err.h>

struct reach {
	const char *endpoint; /* for messages */
	int fd;               /* not blocking; -1: closed */
	int timeout_ms;       /* as asked for */
	int64_t end;          /* of the monotonic clock, in ms */
};

#define REACH_AUTO MICA_AUTO(reach_close) struct reach

/* endpoint: "host:port" or "[::1]:port", kept. ERR_TIMEOUT also when the name is not resolved
 * in time. */
int reach_open(
    const char *endpoint, int timeout_ms, struct reach *ret, struct err *err) MICA_CHECKED;
void reach_close(struct reach *reach);

/* The host of an endpoint, without brackets; free() it. */
char *reach_host(const char *endpoint);

/* how much of the deadline is left, at least 0 */
int reach_left(const struct reach *reach);

/* Sends all of it. A peer that is gone is no error here: what it said before is still to be
 * read. */
int reach_send(
    struct reach *reach, const void *bytes, size_t len, struct err *err) MICA_CHECKED;

/* Some bytes, waiting at most wait_ms: their number, 0 when the peer closed or reset the
 * connection, -1 with ERR_TIMEOUT, or ERR_FAILED. */
int reach_receive(
    struct reach *reach, void *bytes, size_t len, int wait_ms, struct err *err) MICA_CHECKED;

#endif
