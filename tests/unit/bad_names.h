// SPDX-License-Identifier: Apache-2.0
/* Bad in subject or alternative names */
#ifndef MICA_TEST_BAD_NAMES_H
#define MICA_TEST_BAD_NAMES_H

#include "bad.h"

static void set_san_kind(X509 *x509, const char *const *texts, int kind)
{
	GENERAL_NAMES *san = GENERAL_NAMES_new();

	for (; *texts; texts++) {
		GENERAL_NAME *name = GENERAL_NAME_new();
		ASN1_STRING *value = ASN1_STRING_type_new(
		    kind == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

		ASN1_STRING_set(value, *texts, -1);
		GENERAL_NAME_set0_value(name, kind, value);
		sk_GENERAL_NAME_push(san, name);
	}
	drop(x509, NID_subject_alt_name);
	assert_int_equal(
	    X509_add1_ext_i2d(x509, NID_subject_alt_name, san, 0, X509V3_ADD_APPEND), 1);
	GENERAL_NAMES_free(san);
}

/* "localhost", the common name, first */
static void set_dns(X509 *x509, const char *text)
{
	const char *const texts[] = { "localhost", text, NULL };

	set_san_kind(x509, texts, GEN_DNS);
}

static void set_cn(X509 *x509, int type, const void *text, int len)
{
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_NID(name, NID_commonName, type, text, len, -1, 0);
	X509_set_subject_name(x509, name);
	X509_NAME_free(name);
}

static void empty_subject(X509 *x509)
{
	X509_NAME *name = X509_NAME_new();

	X509_set_subject_name(x509, name);
	X509_NAME_free(name);
}

static void subject_of_ca(X509 *x509)
{
	X509_set_subject_name(x509, X509_get_issuer_name(x509));
}

static void two_cns(X509 *x509)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(x509));

	X509_NAME_add_entry_by_NID(
	    name, NID_commonName, V_ASN1_UTF8STRING, (const unsigned char *)"b", 1, -1, 0);
	X509_set_subject_name(x509, name);
	X509_NAME_free(name);
}

static void no_cn(X509 *x509)
{
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_NID(name, NID_organizationName, V_ASN1_UTF8STRING,
	    (const unsigned char *)"b", 1, -1, 0);
	X509_set_subject_name(x509, name);
	X509_NAME_free(name);
}

/* libcrypto would not write 65 characters; the value is replaced behind its back. */
static void long_cn(X509 *x509)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(x509));
	X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, 0);
	char text[65];

	memset(text, 'a', sizeof(text));
	X509_NAME_ENTRY_set_data(
	    entry, V_ASN1_UTF8STRING, (const unsigned char *)text, sizeof(text));
	X509_NAME_add_entry(name, entry, -1, 0); /* marks the name as changed */
	X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, 1));
	X509_set_subject_name(x509, name);
	X509_NAME_free(name);
}

static void cn_with_nul(X509 *x509)
{
	set_cn(x509, V_ASN1_UTF8STRING, "localhost\0.evil", 15);
}

static void cn_teletex(X509 *x509)
{
	set_cn(x509, V_ASN1_T61STRING, "localhost", -1);
}

static void no_san(X509 *x509)
{
	drop(x509, NID_subject_alt_name);
}

static void empty_san(X509 *x509)
{
	REPLACE(x509, NID_subject_alt_name, 0, 0x30, 0x00);
}

static void san_mail(X509 *x509)
{
	static const char *const texts[] = { "root@localhost", NULL };

	set_san_kind(x509, texts, GEN_EMAIL);
}

static void san_twice(X509 *x509)
{
	set_dns(x509, "localhost");
}

static void san_without_cn(X509 *x509)
{
	static const char *const texts[] = { "a.example.com", NULL };

	set_san_kind(x509, texts, GEN_DNS);
}

static void dns_underscore(X509 *x509)
{
	set_dns(x509, "my_host.example.com");
}

static void dns_trailing_dot(X509 *x509)
{
	set_dns(x509, "host.example.com.");
}

static void dns_with_newline(X509 *x509)
{
	set_dns(x509, "host.example.com\nDNS:evil");
}

static void dns_upper(X509 *x509)
{
	set_dns(x509, "Host.example.com");
}

static void dns_fake_alabel(X509 *x509)
{
	set_dns(x509, "xn--a-.example.com");
}

static void dns_of_ip(X509 *x509)
{
	set_dns(x509, "10.0.0.1");
}

static void dns_of_ipv6(X509 *x509)
{
	set_dns(x509, "fe80::1");
}

static void wildcard_of_top(X509 *x509)
{
	set_dns(x509, "*.com");
}

static void wildcard_in_part(X509 *x509)
{
	set_dns(x509, "db*.example.com");
}

static void ip_of_5(X509 *x509)
{
	static const char *const texts[] = { "12345", NULL };

	set_san_kind(x509, texts, GEN_IPADD);
}

static const struct bad bad_names[] = {
	{ "subject-empty", PROFILE_CLIENT, .change = empty_subject },
	{ "subject-issuer", PROFILE_CLIENT, .change = subject_of_ca },
	{ "cn-one", PROFILE_CLIENT, .change = two_cns },
	{ "cn-one", PROFILE_CLIENT, .change = no_cn },
	{ "cn-length", PROFILE_CLIENT, .change = long_cn },
	{ "cn-text", PROFILE_CLIENT, .change = cn_with_nul },
	{ "cn-text", PROFILE_CLIENT, .change = cn_teletex },
	{ "san-missing", PROFILE_SERVER, .change = no_san },
	{ "san-empty", PROFILE_SERVER, .change = empty_san },
	{ "san-kind", PROFILE_CLIENT, .change = san_mail },
	{ "san-duplicate", PROFILE_SERVER, .change = san_twice },
	{ "san-cn", PROFILE_SERVER, .change = san_without_cn },
	{ "dns-form", PROFILE_SERVER, .change = dns_underscore },
	{ "dns-form", PROFILE_SERVER, .change = dns_trailing_dot },
	{ "dns-form", PROFILE_SERVER, .change = dns_with_newline },
	{ "dns-case", PROFILE_SERVER, .change = dns_upper },
	{ "dns-alabel", PROFILE_SERVER, .change = dns_fake_alabel },
	{ "dns-ip", PROFILE_SERVER, .change = dns_of_ip },
	{ "dns-ip", PROFILE_SERVER, .change = dns_of_ipv6 },
	{ "dns-wildcard", PROFILE_SERVER, .change = wildcard_of_top },
	{ "dns-wildcard", PROFILE_SERVER, .change = wildcard_in_part },
	{ "ip-length", PROFILE_CLIENT, .change = ip_of_5 },
};

#endif
