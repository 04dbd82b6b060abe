// SPDX-License-Identifier: Apache-2.0
/*
 * What one audit knows. audit.c walks the ledger; audit_certificate.c judges leaves, on all
 * processors; audit_ca.c and audit_crl.c judge what the CAs have of their own, in turn, since
 * what comes later is held against it; audit_outside.c judges files.
 */
#ifndef MICA_ISSUE_AUDIT_PRIVATE_H
#define MICA_ISSUE_AUDIT_PRIVATE_H

#include <mica/audit.h>
#include <mica/ca.h>
#include <mica/crl.h>
#include <mica/issued.h>
#include <mica/lint.h>

/* A CA certificate of the ledger; a name may have many: renewed, or certified anew. */
struct audit_issuer {
	char *name;
	struct ca *ca;
	struct lint *lint;
};

/* A revocation: what its event says, and, once the walk has come to it, its record. */
struct audit_revoked {
	int64_t record, event;
	bool known; /* the rest is filled in */
	struct revocation said;
	char *ca;
	int64_t not_after;
};

struct audit {
	const struct audit_subject *subject;
	struct findings *findings;
	struct audit_result *result;
	struct audit_issuer *issuers;
	size_t n_issuers, cap_issuers;
	struct ca **above;
	size_t n_above;
	struct audit_revoked *revoked; /* in the order of their records */
	size_t n_revoked, cap_revoked;
	size_t leaf_findings; /* more than were told */
};

/* "record 12 ('server', serial 4f01...): " and what is wrong with it; rule: a string constant
 */
void audit_say(struct findings *findings, const struct audit *audit, const char *rule,
    const struct record *record, const char *fmt, ...) MICA_PRINTF(5, 6);
/* about the whole of it */
void audit_tell(struct audit *audit, enum finding_level level, const char *rule,
    const char *file, const char *hint, const char *fmt, ...) MICA_PRINTF(6, 7);

/* --- audit_certificate.c --- */

/* A server's or a client's certificate. Many threads may, as long as nothing is added. Returns
 * how many signatures were verified. */
size_t audit_leaf(
    const struct audit *audit, const struct record *record, struct findings *findings);
/* The CA of this name whose key signed it, the newest first; NULL: none */
const struct audit_issuer *audit_signer(
    const struct audit *audit, const char *name, const struct issued *issued);
/* serial, dates, key and bytes against the record */
void audit_fields(const struct audit *audit, const struct record *record,
    const struct issued *issued, struct findings *findings);

/* --- audit_ca.c, audit_crl.c --- */

/* A CA's certificate, a certificate across, or the CA's own request. */
int audit_ca(struct audit *audit, const struct record *record, struct err *err) MICA_CHECKED;
int audit_read_above(struct audit *audit, struct err *err) MICA_CHECKED;
int audit_crl(struct audit *audit, const struct record *record, struct err *err) MICA_CHECKED;
/* The issuer that signed a list; NULL: none of them */
const struct audit_issuer *audit_crl_signer(const struct audit *audit, const struct crl *crl);
enum audit_knowledge {
	AUDIT_IS_NONE,    /* no record is this very list */
	AUDIT_IS_OWN,     /* it was signed with this ledger */
	AUDIT_IS_ADOPTED, /* it was taken over after a restore: its definition is all zero */
};
int audit_crl_known(struct audit *audit, const struct crl *crl, enum audit_knowledge *ret,
    struct err *err) MICA_CHECKED;
/* What was revoked and stands on no list yet. */
void audit_unlisted(struct audit *audit);

/* --- audit_outside.c --- */

int audit_outside(struct audit *audit, struct err *err) MICA_CHECKED;

#endif
