// SPDX-License-Identifier: Apache-2.0
/*
 * revoke: from what somebody types to the record that is meant, and what its revocation is
 * worth.
 *
 *     revoke   issue_open(WRITE)  issue_revoke_find  [login]
 *              issue_revoke  issue_sign_crl  issue_deliver_crl
 */
#ifndef MICA_REVOKE_H
#define MICA_REVOKE_H

#include <stdbool.h>

#include <mica/issue.h>
#include <mica/revocation.h>

/* Another certificate of the same entry that has not ended and is not revoked. */
struct revoke_other {
	uint8_t serial[20];
	enum record_state state;
	int64_t not_after;
};

struct revoke_found {
	struct record record;
	const struct inv_ca *ca; /* that signed it, and will sign the CRL; the inventory's */
	bool revoked;            /* already, and said how */
	struct revocation said;
	bool listed; /* and the newest CRL says so */
	struct revoke_other *others;
	size_t n_others;
};

/*
 * what: an entry's name, for its active certificate; "g2:cross", for a certificate across; or a
 * serial number in hex, in any case, with or without colons and leading zeros.
 *
 * ERR_NOT_FOUND tells what is near; ERR_AMBIGUOUS what it could be. ERR_REFUSED: a certificate
 * that has expired, a CA's own, what is no certificate, and one whose CA the inventory does not
 * have.
 */
int issue_revoke_find(struct issue *issue, const char *what, struct revoke_found *ret,
    struct err *err) MICA_CHECKED;
void revoke_found_clear(struct revoke_found *found);

/* Records it, durably. The CRL is due then, whatever becomes of this run. */
int issue_revoke(struct issue *issue, const struct revoke_found *found,
    enum revocation_reason reason, struct err *err) MICA_CHECKED;

/* The newest CRL of a CA. */
struct revoke_list {
	int64_t number, next_update;
	size_t revoked;
};
int issue_revoke_list(struct issue *issue, const struct inv_ca *ca, struct revoke_list *ret,
    struct err *err) MICA_CHECKED;

/* Milvus reads no CRL: how a deployment stands to a client of this CA. */
enum revoke_reach {
	REVOKE_LETS_IN,   /* its ca.pem, as it lies there, holds the CA: until the certificate
	                     ends */
	REVOKE_KEEPS_OUT, /* it does not */
	REVOKE_ASKS_NOT,  /* it asks for no certificate (tls-mode 0 or 1) */
};

/* One for each deployment of the inventory, in its order; free() the array. */
enum revoke_reach *issue_revoke_reach(
    const struct issue *issue, const struct revoke_found *found);

#endif
