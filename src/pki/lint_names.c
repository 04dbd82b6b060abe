// SPDX-License-Identifier: Apache-2.0
#include "lint_rules.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "dns.h"

enum { MOST_CN = 64 };

/* --- subject --- */

void rule_subject_empty(const struct judged *judged)
{
	if (X509_NAME_entry_count(judged->certificate->tbs->subject) == 0)
		fault(judged, "the subject is empty");
}

void rule_subject_issuer(const struct judged *judged)
{
	const unsigned char *subject;
	size_t len;

	if (X509_NAME_get0_der(judged->certificate->tbs->subject, &subject, &len) == 1 &&
	    buf_same(&judged->issuer->subject, subject, len))
		fault(judged, "the subject is the CA's own, %s", judged->issuer->subject_text);
}

void rule_cn_one(const struct judged *judged)
{
	const X509_NAME *subject = judged->certificate->tbs->subject;
	int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	if (X509_NAME_entry_count(subject) > 0 && first < 0)
		fault(judged, "the subject has no common name");
	else if (first >= 0 && X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0)
		fault(judged, "the subject has more than one common name");
}

/* Characters, not octets: every octet of UTF-8 but the continuing ones. */
static size_t count_characters(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

void rule_cn_length(const struct judged *judged)
{
	size_t n = judged->cn ? count_characters(judged->cn, judged->cn_len) : 1;

	if (n < 1 || n > MOST_CN)
		fault(judged, "the common name has %zu characters, not 1 to %d", n, MOST_CN);
}

void rule_cn_text(const struct judged *judged)
{
	const X509_NAME *subject = judged->certificate->tbs->subject;
	int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	int type;

	if (first < 0)
		return;
	type = ASN1_STRING_type(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
	if (type != V_ASN1_UTF8STRING && type != V_ASN1_PRINTABLESTRING)
		fault(judged, "the common name is a %s", ASN1_tag2str(type));
	if (!judged->cn)
		fault(judged, "the common name cannot be read");
	for (size_t i = 0; judged->cn && i < judged->cn_len; i++) {
		if ((unsigned char)judged->cn[i] < 0x20 || judged->cn[i] == 0x7f) {
			fault(judged, "the common name has a control character");
			return;
		}
	}
}

/* --- subjectAltName --- */

static int name_count(const struct judged *judged)
{
	int n = sk_GENERAL_NAME_num(parsed_san(judged->certificate));

	return n < 0 ? 0 : n;
}

static const GENERAL_NAME *name_at(const struct judged *judged, int i)
{
	return sk_GENERAL_NAME_value(parsed_san(judged->certificate), i);
}

/* The value of a DNS name; false when the name is of another kind. */
static bool dns_at(const struct judged *judged, int i, struct dns_name *ret)
{
	const GENERAL_NAME *name = name_at(judged, i);

	if (name->type != GEN_DNS)
		return false;
	ret->text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
	ret->len = (size_t)ASN1_STRING_length(name->d.dNSName);
	return true;
}

void rule_san_missing(const struct judged *judged)
{
	if (judged->certificate->extensions[EXT_SUBJECT_ALT_NAME].count == 0)
		fault(judged, "there is no subjectAltName");
}

void rule_san_empty(const struct judged *judged)
{
	if (parsed_san(judged->certificate) && name_count(judged) == 0)
		fault(judged, "the subjectAltName holds no name");
}

void rule_san_kind(const struct judged *judged)
{
	for (int i = 0; i < name_count(judged); i++) {
		if (name_at(judged, i)->type != GEN_DNS &&
		    name_at(judged, i)->type != GEN_IPADD)
			fault(judged,
			    "alternative name %d is neither a DNS name nor an IP address",
			    i + 1);
	}
}

void rule_san_duplicate(const struct judged *judged)
{
	for (int i = 1; i < name_count(judged); i++) {
		for (int j = 0; j < i; j++) {
			if (GENERAL_NAME_cmp((GENERAL_NAME *)name_at(judged, i),
			        (GENERAL_NAME *)name_at(judged, j)) != 0)
				continue;
			fault(judged, "alternative name %d is the same as %d", i + 1, j + 1);
			break;
		}
	}
}

static bool is_address(const GENERAL_NAME *name, const char *text)
{
	unsigned char address[16];
	size_t len = 0;

	if (name->type != GEN_IPADD)
		return false;
	if (inet_pton(AF_INET, text, address) == 1)
		len = 4;
	else if (inet_pton(AF_INET6, text, address) == 1)
		len = 16;
	return len > 0 && (size_t)ASN1_STRING_length(name->d.iPAddress) == len &&
	       memcmp(ASN1_STRING_get0_data(name->d.iPAddress), address, len) == 0;
}

void rule_san_cn(const struct judged *judged)
{
	struct dns_name dns;

	if (!judged->cn || !parsed_san(judged->certificate))
		return;
	for (int i = 0; i < name_count(judged); i++) {
		if (is_address(name_at(judged, i), judged->cn))
			return;
		if (dns_at(judged, i, &dns) && dns.len == judged->cn_len &&
		    strncasecmp(dns.text, judged->cn, dns.len) == 0)
			return;
	}
	fault(judged, "the common name '%s' is not among the alternative names", judged->cn);
}

/* --- DNS names and addresses --- */

static void check_dns(const struct judged *judged, const char *(*look)(struct dns_name))
{
	struct dns_name dns;

	for (int i = 0; i < name_count(judged); i++) {
		const char *words = dns_at(judged, i, &dns) ? look(dns) : NULL;

		if (words)
			fault(judged, "the DNS name '%.*s' %s", (int)dns.len, dns.text, words);
	}
}

static const char *case_fault(struct dns_name name)
{
	return dns_has_upper_case(name) ? "has upper-case letters" : NULL;
}

static const char *address_fault(struct dns_name name)
{
	return dns_is_address(name) ? "is an IP address or ends like one" : NULL;
}

void rule_dns_form(const struct judged *judged)
{
	check_dns(judged, dns_form_fault);
}

void rule_dns_case(const struct judged *judged)
{
	check_dns(judged, case_fault);
}

void rule_dns_alabel(const struct judged *judged)
{
	check_dns(judged, dns_alabel_fault);
}

void rule_dns_ip(const struct judged *judged)
{
	check_dns(judged, address_fault);
}

void rule_dns_wildcard(const struct judged *judged)
{
	check_dns(judged, dns_wildcard_fault);
}

void rule_ip_length(const struct judged *judged)
{
	for (int i = 0; i < name_count(judged); i++) {
		const GENERAL_NAME *name = name_at(judged, i);
		int len = name->type == GEN_IPADD ? ASN1_STRING_length(name->d.iPAddress) : 4;

		if (len != 4 && len != 16)
			fault(judged, "alternative name %d is an IP address of %d octets",
			    i + 1, len);
	}
}
