// SPDX-License-Identifier: Apache-2.0
/* meeting: a client with its delivered files, and a server as it runs. */
#ifndef MICA_YEARS_MEETING_H
#define MICA_YEARS_MEETING_H

#include <stdint.h>

#include <mica/buf.h>

#include "milvus.h"

struct meeting {
	const struct milvus_one *server;
	const struct buf *certificate, *key, *ca; /* the client's files */
	int64_t now;
};

/* A handshake on loopback, as a client of gRPC makes it. */
int meeting_shake(const struct meeting *meeting, struct err *err) MICA_CHECKED;
/* Each verifies the other, at this time, without a connection. */
int meeting_verify(const struct meeting *meeting, int64_t at, struct err *err) MICA_CHECKED;

#endif
