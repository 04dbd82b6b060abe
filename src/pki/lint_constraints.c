// SPDX-License-Identifier: Apache-2.0
/* The CA's name constraints (RFC 5280 4.2.1.10), for the two kinds of names that mica writes.
 */
#include "lint_rules.h"

#include <string.h>

#include "dns.h"

static struct dns_name dns_of(const ASN1_STRING *string)
{
	return (struct dns_name){ (const char *)ASN1_STRING_get0_data(string),
		(size_t)ASN1_STRING_length(string) };
}

/* The base is an address and a mask of the same length. */
static bool address_within(const ASN1_STRING *address, const ASN1_STRING *base)
{
	const unsigned char *bytes = ASN1_STRING_get0_data(address);
	const unsigned char *net = ASN1_STRING_get0_data(base);
	int len = ASN1_STRING_length(address);

	if (ASN1_STRING_length(base) != 2 * len)
		return false;
	for (int i = 0; i < len; i++) {
		if ((bytes[i] ^ net[i]) & net[len + i])
			return false;
	}
	return true;
}

static bool within(const GENERAL_NAME *name, const GENERAL_NAME *base)
{
	if (name->type == GEN_DNS)
		return dns_within(dns_of(name->d.dNSName), dns_of(base->d.dNSName));
	return address_within(name->d.iPAddress, base->d.iPAddress);
}

enum match { NO_SUCH_KIND, OUTSIDE, INSIDE };

static enum match match(const GENERAL_NAME *name, const STACK_OF(GENERAL_SUBTREE) * trees)
{
	enum match found = NO_SUCH_KIND;

	for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
		const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(trees, i)->base;

		if (base->type != name->type)
			continue;
		if (within(name, base))
			return INSIDE;
		found = OUTSIDE;
	}
	return found;
}

static bool is_allowed(const GENERAL_NAME *name, const NAME_CONSTRAINTS *constraints)
{
	return match(name, constraints->permittedSubtrees) != OUTSIDE &&
	       match(name, constraints->excludedSubtrees) != INSIDE;
}

/* OpenSSL takes a common name with a dot in it for a DNS name when there is no other. */
static bool looks_like_dns(const struct judged *judged, bool has_dns)
{
	struct dns_name cn = { judged->cn, judged->cn_len };

	return !has_dns && judged->cn && memchr(cn.text, '.', cn.len) && !dns_form_fault(cn) &&
	       !dns_is_address(cn);
}

static void check_cn(const struct judged *judged, const NAME_CONSTRAINTS *constraints)
{
	ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_IA5STRING);
	GENERAL_NAME name = { .type = GEN_DNS };

	name.d.dNSName = value;
	if (value && ASN1_STRING_set(value, judged->cn, (int)judged->cn_len) == 1 &&
	    !is_allowed(&name, constraints))
		fault(judged, "the common name '%s' is outside what the CA may issue for",
		    judged->cn);
	ASN1_STRING_free(value);
}

void rule_constraints(const struct judged *judged)
{
	const GENERAL_NAMES *san = parsed_san(judged->certificate);
	const NAME_CONSTRAINTS *constraints = judged->issuer->constraints;
	bool has_dns = false;

	if (!constraints)
		return;
	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(san, i);

		if (name->type != GEN_DNS && name->type != GEN_IPADD)
			continue;
		has_dns = has_dns || name->type == GEN_DNS;
		if (!is_allowed(name, constraints))
			fault(judged,
			    "alternative name %d is outside what the CA may issue for", i + 1);
	}
	if (looks_like_dns(judged, has_dns))
		check_cn(judged, constraints);
}
