// SPDX-License-Identifier: Apache-2.0
/* constraints: name constraints (RFC 5280 4.2.1.10) of DNS domains: made, compared, printed. */
#ifndef MICA_PKI_CONSTRAINTS_H
#define MICA_PKI_CONSTRAINTS_H

#include <openssl/x509v3.h>

#include <mica/buf.h>

/* These domains permitted, nothing else said. NULL on failure. */
NAME_CONSTRAINTS *constraints_make(char *const *domains, size_t n);

/* Do they permit these domains, in whatever order and case, and say nothing else? constraints
 * NULL: no. */
bool constraints_permit(const NAME_CONSTRAINTS *constraints, char *const *domains, size_t n);

/* Are they the same, octet by octet? NULL: none. */
bool constraints_same(const NAME_CONSTRAINTS *a, const NAME_CONSTRAINTS *b);

/* "permitted DNS:example.com, excluded IP:10.0.0.0/255.0.0.0"; appended. */
void constraints_text(const NAME_CONSTRAINTS *constraints, struct buf *ret);

#endif
