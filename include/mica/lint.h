// SPDX-License-Identifier: Apache-2.0
/*
 * lint: from a specification to an approval, the only way to one.
 *
 * lint_approve() drafts the certificate, has a twin of it signed by a throw-away key of the CA's
 * kind, parses the twin as any peer would, and judges it by a table of named rules: RFC 5280, and
 * what Go, gRPC and OpenSSL refuse. Only then is there an approval, and it holds the twin's
 * to-be-signed bytes themselves: what was judged is what is signed.
 */
#ifndef MICA_LINT_H
#define MICA_LINT_H

#include <stdint.h>

#include <mica/approval.h>
#include <mica/ca.h>
#include <mica/findings.h>
#include <mica/names.h>
#include <mica/profile.h>

enum { SERIAL_LEN = 20 };

/*
 * What a certificate is to say. Everything is borrowed.
 *
 * PROFILE_CA makes the issuer's own certificate: of ca_of_key()'s the first one; of one that has a
 * certificate the next one for the same key, with the subject, key identifier and name constraints
 * of the one there is, so that all that was issued verifies with either (permitted_dns is not looked
 * at then). With `certified` it makes a cross-certificate: subject, key, key identifier and name
 * constraints are those of the other CA's certificate, and the path length is 0: that CA cannot make
 * CAs by way of this one. It ends no later than either of them: the caller cuts it there.
 */
struct draft_spec {
	enum profile profile;
	const char *entry;         /* the inventory's name: the place in findings */
	const char *common_name;   /* a leaf's whole subject; unused for a CA, whose subject is the issuer's */
	const struct name *names;  /* subjectAltName */
	size_t n_names;
	char *const *permitted_dns; /* a CA's name constraints: DNS domains */
	size_t n_permitted_dns;     /* 0: none */
	const struct buf *spki;    /* the subject's public key; a CA's own is the issuer's */
	const struct ca *certified; /* PROFILE_CA: the other CA; NULL: the issuer itself */
	uint8_t serial[SERIAL_LEN]; /* see serial_make() */
	int64_t not_before;
	int64_t not_after;
};

struct lint; /* the throw-away key and the issuer, for one run; lint_approve may be called from many threads */

int lint_new(const struct ca *ca, struct lint **ret, struct err *err) MICA_CHECKED;
void lint_free(struct lint *lint);
MICA_DEFINE_FREEP(struct lint, lint_free)

/* The CA's own request for a certificate (PKCS#10, RFC 2986), whose subject and key are the
 * issuer's: basicConstraints CA:TRUE with path length 0, keyUsage keyCertSign and cRLSign, and the
 * name constraints, all critical. The same specification gives the same bytes. Everything is
 * borrowed. */
struct request_spec {
	const char *entry; /* the place in findings */
	char *const *permitted_dns;
	size_t n_permitted_dns; /* 0: no name constraints are asked for */
};

/* As lint_approve(), by rules of its own (lint_request_rule()). What approvals_sign() makes of it is
 * a DER CertificationRequest. */
int lint_approve_request(struct lint *lint, const struct request_spec *spec,
    struct findings *findings, struct approval **ret, struct err *err) MICA_CHECKED;
/* Rules in order; NULL past the end. */
const char *lint_request_rule(size_t i, const char **ret_sentence);

/* 20 octets from at least 128 random bits, positive, the first octet never zero (RFC 5280 4.1.2.2). */
int serial_make(int (*random)(void *, void *, size_t), void *context, uint8_t ret[static SERIAL_LEN],
    struct err *err) MICA_CHECKED;

/* ERR_REFUSED when a rule with level error fires; findings then say which. Warnings may be there on
 * success. now judges times (a certificate that is not yet or no longer valid). */
int lint_approve(struct lint *lint, const struct draft_spec *spec, int64_t now,
    struct findings *findings, struct approval **ret, struct err *err) MICA_CHECKED;

/* The table of rules, for documents and tests: name and sentence; NULL when i is past the end. */
const char *lint_rule(size_t i, const char **ret_sentence);

#endif
