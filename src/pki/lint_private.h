// SPDX-License-Identifier: Apache-2.0
/*
 * lint_private: judging a certificate that is there already. lint_approve() is one caller, with
 * the twin it has just made; a certificate read from a file can be judged in the same way.
 */
#ifndef MICA_PKI_LINT_PRIVATE_H
#define MICA_PKI_LINT_PRIVATE_H

#include <mica/lint.h>

#include "parsed.h"

/* The certificate and what it is held against. */
struct lint_case {
	const struct parsed *certificate;
	enum profile profile; /* what it is meant to be */
	const char *entry;    /* the place in findings */
	int64_t now;
};

/* Runs every rule that concerns the profile. Says nothing when all is well. May be called from
 * many threads. The signature itself is not verified here: a twin's is nobody's. */
void lint_judge(
    const struct lint *lint, const struct lint_case *lint_case, struct findings *findings);

#endif
