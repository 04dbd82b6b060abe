// SPDX-License-Identifier: Apache-2.0
/*
 * evidence: where the CA key lives and what its token does with it, as a document that somebody
 * else can judge: docs/evidence.md says what each key of it means.
 *
 *     evidence_prove   the whole of `mica token --prove FILE`
 *     evidence_judge   findings, and the grade
 *     evidence_json    the document
 *     evidence_print   the same for people
 */
#ifndef MICA_CLI_EVIDENCE_H
#define MICA_CLI_EVIDENCE_H

#include <jansson.h>

#include <mica/attest.h>
#include <mica/ca.h>
#include <mica/inventory.h>
#include <mica/proof.h>

#include "run.h"

enum { EVIDENCE_VERSION = 1 };

enum evidence_grade {
	EVIDENCE_SOFTWARE, /* the key is, or may be, a file */
	EVIDENCE_CLAIMED,  /* the module says that a device holds it */
	EVIDENCE_ATTESTED, /* the device proves it, up to a root that the user names */
};

enum evidence_source { EVIDENCE_FROM_FILE, EVIDENCE_FROM_TOKEN };

struct evidence {
	const struct inv_ca *entry;  /* not owned */
	const struct ca *ca;         /* not owned */
	const struct token_key *key; /* not owned */
	int64_t now;
	struct token_proof proof;
	bool attested; /* attestation holds, attested_pem is what was verified */
	struct attest_result attestation;
	struct buf attested_pem;
	enum evidence_source source;
	enum evidence_grade grade;
	const char *reason; /* why that grade and no other; a constant */
};

/* ERR_USAGE where these options do not go together; of a run without --prove as well. */
int evidence_check_options(const struct options *options, struct err *err) MICA_CHECKED;

/* Logs in, gathers the evidence, writes it to options.prove and prints it; the exit status.
 * ERR_REFUSED, and nothing is written, when an attestation does not hold; ERR_REFUSED after it
 * was written when the evidence speaks against the key. */
int evidence_prove(struct run *run, const struct issue *issue, struct err *err) MICA_CHECKED;

/* Sets grade and reason. */
void evidence_judge(struct evidence *evidence, struct findings *findings);

const char *evidence_grade_name(enum evidence_grade grade);
const char *evidence_verdict_name(enum token_verdict verdict);

json_t *evidence_json(const struct evidence *evidence, const struct findings *findings);
void evidence_print(const struct evidence *evidence, const char *file);

#endif
