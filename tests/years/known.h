// SPDX-License-Identifier: Apache-2.0
/* known: what the ledger knows, held against what was signed and what is shown. */
#ifndef MICA_YEARS_KNOWN_H
#define MICA_YEARS_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/anchor.h>

struct digests {
	struct digest *items; /* sorted */
	size_t n;
};

struct known {
	struct digests tbs, certificates; /* of all records */
	size_t n_signed; /* signatures of the tokens that were found among them */
};

struct history;

/* Whether this is the certificate of a record that may be shown. */
bool known_certificate(struct history *history, const void *der, size_t len);
/* Nothing that a key signed is unknown, whoever was killed, and whatever came of it. */
void known_signatures(struct history *history);
/* The ledger's chain and every record. */
void known_ledger(struct history *history);
/* How far the ledger has come. */
void known_head(struct history *history, struct anchor *ret);
/* What the ledger lost is not looked for any more. */
void known_after_restore(struct history *history);
/* Calls each with every certificate of this CA that is revoked, and has not expired. */
void known_revoked(struct history *history, const char *ca,
    void (*each)(struct history *history, const uint8_t serial[20]));
void known_clear(struct known *known);

#endif
