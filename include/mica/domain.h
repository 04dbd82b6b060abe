// SPDX-License-Identifier: Apache-2.0
/*
 * domain: what name constraints (RFC 5280 4.2.1.10) are held against. The inventory is judged by
 * it before there is a token, and lint judges the certificate by it.
 */
#ifndef MICA_DOMAIN_H
#define MICA_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

/* A text that need not be NUL-terminated. */
struct domain {
	const char *text;
	size_t len;
};

/* Is name the same as base or below it, whatever the case? A base that begins with a dot means
 * below it only (as Go and OpenSSL read the RFC). */
bool domain_within(struct domain name, struct domain base);

/* Does OpenSSL take this common name for a DNS name, in a certificate that has no other: two
 * labels or more of letters, digits, '-' and '_'? 127.0.0.1 is one as well. GnuTLS takes every
 * common name of a TLS server for one. */
bool domain_like(struct domain common_name);

#endif
