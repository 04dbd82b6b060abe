// SPDX-License-Identifier: Apache-2.0
/*
 * revocation: what a CRL says of one certificate (RFC 5280, 5.3).
 */
#ifndef MICA_REVOCATION_H
#define MICA_REVOCATION_H

#include <stdint.h>

#include <mica/err.h>

/* CRLReason (RFC 5280, 5.3.1). certificateHold and removeFromCRL are left out: nothing here is ever taken back. */
enum revocation_reason {
	REVOKED_UNSPECIFIED = 0, /* the entry then has no reasonCode at all */
	REVOKED_KEY_COMPROMISE = 1,
	REVOKED_CA_COMPROMISE = 2,
	REVOKED_AFFILIATION_CHANGED = 3,
	REVOKED_SUPERSEDED = 4,
	REVOKED_CESSATION = 5,
	REVOKED_PRIVILEGE_WITHDRAWN = 9,
	REVOKED_AA_COMPROMISE = 10,
};

struct revocation {
	uint8_t serial[20]; /* as in record */
	int64_t at;         /* revocationDate */
	enum revocation_reason reason;
};

/* "keyCompromise", as RFC 5280 spells it; NULL: no such reason */
const char *revocation_reason_name(enum revocation_reason reason);

/* ERR_USAGE names the nearest. "key-compromise" and any case are taken as well. */
int revocation_reason_read(const char *text, enum revocation_reason *ret, struct err *err) MICA_CHECKED;

#endif
