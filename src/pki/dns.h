// SPDX-License-Identifier: Apache-2.0
/*
 * dns: what is wrong with a DNS name in a certificate, seen from the bytes alone. The
 * inventory's names were made good before; this is the second pair of eyes, which trusts
 * nothing.
 */
#ifndef MICA_PKI_DNS_H
#define MICA_PKI_DNS_H

#include <stdbool.h>
#include <stddef.h>

struct dns_name {
	const char *text; /* not NUL-terminated */
	size_t len;
};

/* Each gives the words that go behind `the DNS name "x"`, or NULL when all is well. */
const char *dns_form_fault(struct dns_name name); /* a leading "*." is not looked at */
const char *dns_wildcard_fault(struct dns_name name);
const char *dns_alabel_fault(struct dns_name name);

bool dns_has_upper_case(struct dns_name name);
bool dns_is_address(struct dns_name name); /* an IPv4 or IPv6 address, or what ends like one */

#endif
