// SPDX-License-Identifier: Apache-2.0
/* chain_private: the inside of a chain, and what is asked of every certificate of a path. */
#ifndef MICA_PKI_CHAIN_PRIVATE_H
#define MICA_PKI_CHAIN_PRIVATE_H

#include <openssl/x509v3.h>

#include <mica/chain.h>

#include "parsed.h"

struct link {
	struct buf der;
	X509 *x509;
	struct parsed *parsed;
	char *subject; /* for people */
	size_t file;
};

struct chain {
	struct link *links;
	size_t n, cap;
	size_t files;
};

/* Parses it: 0, or -1 when it is no certificate. Clear in any case. */
int link_read(struct link *link, const void *der, size_t len) MICA_CHECKED;
void link_clear(struct link *link);

/* Each says in words what is wrong, to stand behind "the certificate of 'CN=...'", or gives
 * NULL. Free what it gives. */

/* Its signature's algorithm, of a certificate that is not the root; its key; the extended key
 * usage of a CA; name constraints on the one kind of name that mica cannot keep within. */
char *link_weakness(const struct link *link);
char *link_key_fault(const struct link *link);
char *link_purpose_fault(const struct link *link);
char *link_constraints_fault(const struct link *link);

/* Did issuer sign it? */
char *link_issuer_fault(const struct link *link, const struct link *issuer);

/* Whether the link's key signed the link. */
bool link_is_root(const struct link *link);

/* Whether the issuer it names is this one. */
bool link_names(const struct link *link, const struct link *issuer);

#endif
