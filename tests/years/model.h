// SPDX-License-Identifier: Apache-2.0
/* model: the inventory of a history as values, which an operator edits now and then. */
#ifndef MICA_YEARS_MODEL_H
#define MICA_YEARS_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include <mica/buf.h>

#include "dice.h"
#include "milvus.h"

enum { MODEL_ENTRIES = 48, MODEL_CLIENTS = 4, MODEL_NAME = 24 };

/* Of a certificate, in days; margin: what is left of it when it is due. */
struct life {
	int days;
	const char *renew_before;
	int margin;
};

struct model_entry {
	char name[MODEL_NAME];
	bool there, server;
	const struct life *life;
	unsigned names; /* more or fewer of them: another definition */
};

struct model_deployment {
	char name[MODEL_NAME];
	bool there;
	bool runs;     /* a server of milvus.h stands for it, by the same number */
	bool endpoint; /* the inventory says where it listens */
	bool restart;  /* ... and what restarts it; else somebody does it by hand */
	const char *kind;
	size_t server;
	size_t clients[MODEL_CLIENTS];
	size_t n_clients;
	int tls_mode, keep;
	bool internal_tls;
};

/* The CAs by their numbers: g1 on token-1, g2 on token-2. */
enum model_ca { MODEL_ABSENT, MODEL_ISSUING, MODEL_TRUSTED, MODEL_RETIRED };

struct model {
	enum model_ca cas[2];
	bool cross_sign; /* of g2 */
	struct model_entry entries[MODEL_ENTRIES];
	size_t n_entries;
	struct model_deployment deployments[MILVUS_MOST];
	size_t n_deployments;
	bool long_lives; /* nothing that lives for less than a month and a half */
	int backdate;    /* hours */
};

/* One to four deployments, with and without endpoints and restart. */
void model_begin(struct model *model, struct dice *dice);
/* mica.yaml; restart: the program and its socket */
void model_write(const struct model *model, const struct milvus *milvus, const char *restart,
    struct buf *ret);

/* Which of cas issues. */
size_t model_issuing(const struct model *model);

/* The shortest of all margins: how many days in a row may fail. */
int model_margin(const struct model *model);

/* Changes something and says what; NULL: what the dice said cannot be done now. */
const char *model_edit(struct model *model, struct dice *dice);

#endif
