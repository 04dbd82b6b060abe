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
	enum profile profile;       /* what it is meant to be */
	const struct ca *certified; /* of a cross-certificate: the other CA; NULL: it is none */
	const char *entry;          /* the place in findings */
	int64_t now;
};

/* Runs every rule that concerns the profile. Says nothing when all is well. May be called from
 * many threads. The signature itself is not verified here: a twin's is nobody's. */
void lint_judge(
    const struct lint *lint, const struct lint_case *lint_case, struct findings *findings);

/* The same for a certification request: -1 when der is none. */
int lint_judge_request(const struct lint *lint, const struct request_spec *spec,
    const struct buf *der, struct findings *findings) MICA_CHECKED;

/* What certificates and requests have in common: the twin of these bytes, signed by the
 * throw-away key (-1, with OpenSSL's reasons in its queue), and the approval of what was found
 * good in it. */
int lint_twin(const struct lint *lint, const struct buf *tbs, struct buf *ret) MICA_CHECKED;
struct approval *lint_approval(
    const struct lint *lint, const struct envelope *twin, const char *entry);
/* The text of the first error among the findings from this one on; "" when there is none. */
const char *lint_first_error(const struct findings *findings, size_t from);
const struct ca *lint_issuer(const struct lint *lint);
const X509_ALGOR *lint_identifier(const struct lint *lint); /* of the CA's signatures */

#endif
