// SPDX-License-Identifier: Apache-2.0
/*
 * milvus: what stands for the Milvuses of a history: TLS servers on loopback, in a process of
 * their own, which know no more of their files than Milvus does: they read server.pem,
 * server.key, ca.pem and tlsMode of user.yaml once, at start, and serve that until they are
 * started again. Client certificates are judged at the history's clock.
 */
#ifndef MICA_YEARS_MILVUS_H
#define MICA_YEARS_MILVUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MILVUS_MOST = 8, MILVUS_DER = 4096, MILVUS_PEM = 32768, MILVUS_TEXT = 256 };

/* One server as it runs: in memory that both processes see. */
struct milvus_one {
	char out[MILVUS_TEXT];     /* of the deployment: a path */
	char address[MILVUS_TEXT]; /* host:port, this history's alone */
	bool up;
	unsigned starts;
	unsigned failing;          /* so many restarts to come fail before they do anything */
	char trouble[MILVUS_TEXT]; /* why the last start failed; empty: it did not */
	/* what it read when it was started */
	int tls_mode;
	size_t leaf_len, chain_len, ca_len;
	uint8_t leaf[MILVUS_DER];
	char chain[MILVUS_PEM]; /* server.pem */
	char ca[MILVUS_PEM];    /* ca.pem */
};

struct milvus_all {
	volatile int64_t now;
	struct milvus_one one[MILVUS_MOST];
};

struct milvus {
	struct milvus_all *all;
	pid_t pid;
	char *socket;
};

/* Starts the process; nothing serves yet. dir: where its socket is put. */
void milvus_begin(struct milvus *milvus, const char *dir);
void milvus_end(struct milvus *milvus);

/* As an operator would by hand; what `restart` does goes the same way (years_restart.c). */
bool milvus_restart(const struct milvus *milvus, size_t which);
void milvus_stop(const struct milvus *milvus, size_t which);

#endif
