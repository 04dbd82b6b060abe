// SPDX-License-Identifier: Apache-2.0
/* crl_private: judging a revocation list that is there already, be it a twin or read from a
 * file. */
#ifndef MICA_PKI_CRL_PRIVATE_H
#define MICA_PKI_CRL_PRIVATE_H

#include "crl_parsed.h"
#include "lint_private.h"

/* The list and what it is held against. */
struct crl_case {
	const struct crl_parsed *list;
	const char *entry; /* the place in findings */
	int64_t now;
};

/* Runs every rule. Says nothing when all is well. The signature itself is not verified here. */
void lint_judge_crl(
    const struct lint *lint, const struct crl_case *crl_case, struct findings *findings);

#endif
