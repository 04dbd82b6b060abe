// SPDX-License-Identifier: Apache-2.0
/*
 * names: what a certificate may be issued for, typed and normalised; never OpenSSL's extension
 * strings. DNS names are A-labels in lower case (RFC 5280 7.2, IDNA 2008 non-transitional);
 * a wildcard is the whole left-most label only (RFC 6125 6.4.3).
 */
#ifndef MICA_NAMES_H
#define MICA_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include <mica/err.h>

enum name_kind { NAME_DNS, NAME_IP };

struct name {
	enum name_kind kind;
	char *text;        /* normalised; owned: free() it */
	uint8_t ip[16];    /* NAME_IP: network order */
	size_t ip_len;     /* 4 or 16 */
};

/* One attribute of a subject, in the order of mica.yaml. type: "C", "ST", "L", "O", "OU", "CN". */
struct rdn {
	char *type;
	char *value; /* UTF-8 */
};

int name_parse_dns(const char *text, struct name *ret, struct err *err) MICA_CHECKED;
int name_parse_ip(const char *text, struct name *ret, struct err *err) MICA_CHECKED;
void name_clear(struct name *name);

/* the type is known, the value is UTF-8 without control characters, within RFC 5280's upper bounds;
 * C is two upper-case letters */
int rdn_check(const struct rdn *rdn, struct err *err) MICA_CHECKED;
void rdn_clear(struct rdn *rdn);

#endif
