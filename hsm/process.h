// SPDX-License-Identifier: Apache-2.0
/*
 * process: mica-token as a child, and the socket to it.
 *
 * It is a session leader of its own, without a terminal, with no descriptors but its end of the
 * socket, the page and stderr. All of its process group dies with it. A module's own children
 * may keep the socket open after its death, so death is told by the pidfd and not by the end of
 * file.
 */
#ifndef MICA_HSM_PROCESS_H
#define MICA_HSM_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include <mica/buf.h>
#include <mica/err.h>

#include "wire/wire.h"

struct process {
	pid_t pid; /* 0: none */
	int pidfd;
	int socket;
	struct wire_page *page; /* what the child says it is doing */
	uint32_t spent;         /* what it said last, when it is gone */
};

#define PROCESS_INIT                                                                           \
	{                                                                                      \
		0, -1, -1, NULL, WIRE_TRY_KEPT                                                 \
	}

int64_t process_now_ms(void); /* monotonic */

int process_start(const char *path, struct process *ret, struct err *err) MICA_CHECKED;

/* Closes the socket: the end begins. */
void process_leave(const struct process *process);
/* The same, waits, and kills what has not ended in time. */
void process_end(struct process *process, int wait_ms);

/* Kills the process group, now. */
void process_kill(struct process *process);

/* Whether the last LOGIN may have cost a try, of a process that is gone too. */
enum wire_try process_try(const struct process *process);

/* Sends, waiting for room until the deadline. Failures as process_receive(). */
int process_send(struct process *process, const struct buf *message, int64_t deadline,
    struct err *err) MICA_CHECKED;

/* fd: -1 or one to pass. 1: sent. 0: no room now. -1: as process_receive(). */
int process_try_send(
    struct process *process, const struct buf *message, int fd, struct err *err) MICA_CHECKED;

/* Receives one message into ret. When the deadline passes the process is killed and the error
 * is ERR_TIMEOUT and names the call that hung; when it died, ERR_LOST and what it died of. */
int process_receive(
    struct process *process, int64_t deadline, struct buf *ret, struct err *err) MICA_CHECKED;

#endif
