// SPDX-License-Identifier: Apache-2.0
/* reason: what is to be done for one entry, and why, in words for people. */
#ifndef MICA_PLAN_REASON_H
#define MICA_PLAN_REASON_H

#include <stdbool.h>

#include <mica/plan.h>

/* What lies at all places of one entry. The facts are borrowed; NULL: none is like that. */
struct reason_trees {
	const struct tree_fact *lost;     /* its key is gone: make a new one */
	const struct tree_fact *outdated; /* files must be delivered (again) */
	bool key_somewhere;               /* the active key lies in one of them */
};

/* One for each certificate, in one pass. Only the trees of `only` count as lost or outdated;
 * NULL: all. free() it. */
struct reason_trees *reason_trees(
    const struct inventory *inventory, const struct plan_facts *facts, const char *only);

struct reason_input {
	const struct inventory *inventory;
	const struct inv_certificate *certificate;
	const struct entry_fact *fact;
	const struct reason_trees *trees;
	const struct plan_options *options;
	bool forced;
};

/* item has due and the life of a certificate made now; gets action and held. free() the answer */
char *reason_why(const struct reason_input *in, struct plan_item *item);

/* Why a CRL is due, or until when it is not. crl has due, and the end of one that were signed now;
 * free() the answer. */
char *reason_crl(const struct crl_fact *fact, const struct plan_options *options,
    const struct plan_crl *crl, bool *ret_is_due);

#endif
