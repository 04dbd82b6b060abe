// SPDX-License-Identifier: Apache-2.0
/* The CA's name constraints (RFC 5280 4.2.1.10), for the two kinds of names that mica writes.
 */
#include "lint_rules.h"

#include <string.h>

#include <mica/domain.h>

#include "constraints.h"
#include "dns.h"

static struct dns_name dns_of(const ASN1_STRING *string)
{
	return (struct dns_name){ (const char *)ASN1_STRING_get0_data(string),
		(size_t)ASN1_STRING_length(string) };
}

static struct domain domain_of(const ASN1_STRING *string)
{
	const struct dns_name name = dns_of(string);

	return (struct domain){ name.text, name.len };
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
		return domain_within(domain_of(name->d.dNSName), domain_of(base->d.dNSName));
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

/* What a certificate says that constraints of DNS names may be held against. */
struct held {
	const GENERAL_NAMES *san;
	bool has_dns;
};

/* Without a DNS name beside it OpenSSL takes a common name that looks like one for it, and
 * GnuTLS that of every server. */
static bool counts_as_dns(const struct judged *judged, const struct held *held)
{
	const struct domain cn = { judged->cn, judged->cn_len };

	return judged->cn && !held->has_dns &&
	       (judged->profile == PROFILE_SERVER || domain_like(cn));
}

static void check_cn(const struct judged *judged, const NAME_CONSTRAINTS *constraints)
{
	ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_IA5STRING);
	GENERAL_NAME name = { .type = GEN_DNS };

	name.d.dNSName = value;
	if (value && ASN1_STRING_set(value, judged->cn, (int)judged->cn_len) == 1 &&
	    !is_allowed(&name, constraints))
		fault(judged,
		    "the common name '%s', which counts as a DNS name where there is no "
		    "other, is outside what the CA may issue for",
		    judged->cn);
	ASN1_STRING_free(value);
}

static void hold_against(
    const struct judged *judged, const struct held *held, const NAME_CONSTRAINTS *constraints)
{
	for (int i = 0; constraints && i < sk_GENERAL_NAME_num(held->san); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(held->san, i);

		if ((name->type == GEN_DNS || name->type == GEN_IPADD) &&
		    !is_allowed(name, constraints))
			fault(judged,
			    "alternative name %d is outside what the CA may issue for", i + 1);
	}
	if (constraints && counts_as_dns(judged, held))
		check_cn(judged, constraints);
}

/* Those of the CA, and of every one above it. */
void rule_constraints(const struct judged *judged)
{
	const struct chain *chain = judged->issuer->chain;
	struct held held = { .san = parsed_san(judged->certificate) };

	for (int i = 0; i < sk_GENERAL_NAME_num(held.san); i++)
		held.has_dns |= sk_GENERAL_NAME_value(held.san, i)->type == GEN_DNS;
	hold_against(judged, &held, judged->issuer->constraints);
	for (size_t i = 0; chain && i < chain->n; i++)
		hold_against(judged, &held,
		    chain->links[i].parsed->extensions[EXT_NAME_CONSTRAINTS].value);
}

/* What a CA's own certificate may say of constraints: DNS domains alone, see constraints.h. */
void rule_ca_constraints(const struct judged *judged)
{
	const NAME_CONSTRAINTS *constraints =
	    judged->certificate->extensions[EXT_NAME_CONSTRAINTS].value;

	if (!constraints || constraints_same(constraints, judged->issuer->constraints))
		return;
	if (constraints->excludedSubtrees ||
	    sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) <= 0)
		fault(judged, "the name constraints do more than permit");
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); i++) {
		const GENERAL_SUBTREE *tree =
		    sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i);
		struct dns_name name;

		if (tree->base->type != GEN_DNS || tree->minimum || tree->maximum) {
			fault(judged, "permitted subtree %d is no DNS domain", i + 1);
			continue;
		}
		name = dns_of(tree->base->d.dNSName);
		if (dns_form_fault(name) || memchr(name.text, '*', name.len))
			fault(judged, "permitted domain %d is malformed", i + 1);
	}
}
