// SPDX-License-Identifier: Apache-2.0
/* judge: what must hold on every day of a history, whatever went wrong on it. */
#ifndef MICA_YEARS_JUDGE_H
#define MICA_YEARS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/digest.h>

#include "milvus.h"
#include "model.h"

/* A directory of delivery as it was found last. */
struct judged_place {
	bool seen;
	bool forgiven; /* somebody changed it, and no run has put it right yet */
	struct digest files;
	struct digest chain, ca; /* of two of them */
	int64_t ends;            /* notAfter */
	int64_t crl_ends;        /* the first nextUpdate in crl.pem; 0: there is none */
};

/* A client and a server that met last as they were then. */
struct judged_pair {
	struct digest met;
	int day; /* when they verified each other last */
};

/* A server as it was seen last. */
struct judged_server {
	struct digest leaf;
	int64_t ends; /* notAfter of it */
};

struct judge {
	struct judged_place tls[MILVUS_MOST], clients[MILVUS_MOST][MODEL_ENTRIES];
	struct judged_pair pairs[MILVUS_MOST][MODEL_ENTRIES];
	struct judged_server servers[MILVUS_MOST];
};

struct history;

/* Holds all of it against the world; a fault is a history_break(). */
void judge_day(struct history *history);
/* When all is well, every CRL that lies there has what was revoked. */
void judge_revoked(struct history *history);
/* What is in memory of a server may be in no ledger any more. */
void judge_after_restore(struct history *history);
/* After everything was delivered anew: what is left over in the directories. */
void judge_leftovers(struct history *history);
/* After somebody changed files of a place: "out/prod-1/tls" */
void judge_forgive(struct history *history, size_t deployment, size_t client);
/* Whether a running server was started from another certificate or ca.pem than lies there. */
bool judge_is_stale(const struct history *history, size_t deployment);
/* A run has put everything right. */
bool judge_forgive_nothing(struct history *history); /* false: there was nothing to forgive */

enum { JUDGE_SERVER = MODEL_ENTRIES }; /* for client: the server's own place */

#endif
