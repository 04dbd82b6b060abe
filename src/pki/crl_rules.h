// SPDX-License-Identifier: Apache-2.0
/* crl_rules: the table of rules for revocation lists, and what a rule sees; as lint_rules.h. */
#ifndef MICA_PKI_CRL_RULES_H
#define MICA_PKI_CRL_RULES_H

#include <mica/findings.h>

#include "ca_private.h"
#include "crl_parsed.h"

struct crl_rule;

struct judged_crl {
	const struct crl_parsed *list;
	const struct ca *issuer;
	const X509_ALGOR *signature; /* the AlgorithmIdentifier of the issuer's signatures */
	int64_t now;
	ASN1_OBJECT *anchor_oid;
	struct findings *findings;
	struct mark where;
	const struct crl_rule *rule; /* the one being tried */
};

typedef void crl_check(const struct judged_crl *judged);

struct crl_rule {
	const char *name;
	enum finding_level level;
	crl_check *check;
	const char *sentence;
	const char *hint; /* NULL: none */
};

extern const struct crl_rule crl_rules[];
extern const size_t crl_rules_count;

#endif
