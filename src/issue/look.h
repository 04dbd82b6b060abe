// SPDX-License-Identifier: Apache-2.0
/* look: what the endpoints of one deployment show, held against what was delivered to it. */
#ifndef MICA_ISSUE_LOOK_H
#define MICA_ISSUE_LOOK_H

#include "issue_private.h"

/* From the least to the most telling. */
enum look_fault {
	LOOK_GOOD,
	LOOK_GONE,   /* nobody there, or no answer */
	LOOK_CLOSED, /* the delivered certificate, and the deployment's own client is refused */
	LOOK_OPEN,   /* the delivered certificate, and somebody gets in who must not */
	LOOK_TRUST,  /* the delivered certificate, and the clients of another ca.pem */
	LOOK_OTHER,  /* another certificate */
};

struct client_files {
	struct buf certificate, key;
	bool found;
};

struct seen {
	enum look_fault fault;
	bool told_trust; /* it said whose clients it takes, and these are the right ones */
	char *text;      /* what is wrong; NULL: nothing */
	const char *rule, *hint;
};

struct look {
	struct issue *issue;
	const struct inv_deployment *deployment;
	const struct buf *certificate; /* DER of what was delivered */
	const struct buf *ca_pem;      /* of the server */
	struct client_files client;    /* whose key was delivered here */
	struct seen *endpoints;        /* one for each */
};

/* certificate: borrowed */
void look_begin(struct look *look, struct issue *issue, const struct inv_deployment *deployment,
    const struct buf *certificate);
void look_clear(struct look *look);

enum { LOOK_MS = 10000 }; /* at most, for one endpoint */

int64_t look_now(void); /* of the monotonic clock, in ms */

/* Looks at every endpoint that was not good yet; when the deadline is over, only at those that
 * were not looked at before. */
void look_again(struct look *look, int64_t deadline);
/* What was seen is of yesterday. */
void look_forget(struct look *look);

/* The worst of all endpoints. */
enum look_fault look_worst(const struct look *look);
/* All endpoints are good, and show that they have the ca.pem that was delivered. */
bool look_shows_trust(const struct look *look);

/* What is wrong goes to the findings. stale: the hint where the old files are served. */
void look_tell(const struct look *look, const char *stale);

#endif
