// SPDX-License-Identifier: Apache-2.0
/*
 * anchor: the ledger held against the CRLs that lie outside of it: state-dir/NAME.crl and every
 * crl.pem that was delivered.
 *
 * The CA key signed them, and each says how far the ledger had come (mica/anchor.h). So a
 * ledger that was cut, edited, restored from a backup or used on a second host is told by any
 * one of them.
 */
#ifndef MICA_ISSUE_ANCHOR_H
#define MICA_ISSUE_ANCHOR_H

#include "issue_private.h"

enum { ANCHOR_MOST_BYTES = 256 << 20 }; /* of a file of CRLs: some million entries */

/* What was looked at: many places hold the same files, and a CRL may be long. */
struct digests {
	struct digest *items;
	size_t n, cap;
};

/* false: it is there already */
bool digests_add(struct digests *digests, const struct digest *digest);
void digests_clear(struct digests *digests);

/* Reads them all. ERR_REFUSED names both heads and the file, unless the run was opened to be
 * told (ISSUE_ANCHOR_TOLD): then issue_outside_crls() has them. Changes nothing. */
int anchor_check(struct issue *issue, struct err *err) MICA_CHECKED;
/* orphans.c: the same for CAs of the inventory that the ledger has no certificate of, and none
 * is to be adopted: by the certificates that lie beside the CRLs. */
int orphans_check(struct issue *issue, struct err *err) MICA_CHECKED;
/* Whether the ledger reaches all that was found. */
bool anchor_holds(const struct issue *issue);
void anchor_free(struct issue *issue);

/* The greatest number of a CRL of this CA that lies outside; 0: none. */
int64_t anchor_number(const struct issue *issue, size_t ca);

/* The digest of a place's crl.pem; false: none can be read. Read again only when it was
 * replaced. */
bool anchor_crl_file(struct place *place, struct digest *ret);

#endif
