// SPDX-License-Identifier: Apache-2.0
/*
 * anchor: how far a ledger had come: what a CRL carries, signed by the CA key, so that a ledger that was
 * cut, edited, restored from a backup or used on a second host can be told by what lies outside of it.
 */
#ifndef MICA_ANCHOR_H
#define MICA_ANCHOR_H

#include <stdint.h>

#include <mica/digest.h>

struct anchor {
	int64_t events, records; /* how many there were; the newest event's seq is `events` */
	struct digest hash;      /* of the newest event: it covers all before it (ledger.h) */
};

#endif
