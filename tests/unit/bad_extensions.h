// SPDX-License-Identifier: Apache-2.0
/* Bad in an extension */
#ifndef MICA_TEST_BAD_EXTENSIONS_H
#define MICA_TEST_BAD_EXTENSIONS_H

#include "bad.h"

static void two_key_usages(X509 *x509)
{
	static const uint8_t bytes[] = { 0x03, 0x02, 0x07, 0x80 };

	add_raw(x509, NID_key_usage, 1, bytes, sizeof(bytes));
}

static void unknown_extension(X509 *x509)
{
	static const uint8_t bytes[] = { 0x05, 0x00 };

	add_raw(x509, NID_netscape_comment, 0, bytes, sizeof(bytes));
}

static void leaf_with_name_constraints(X509 *x509)
{
	REPLACE(
	    x509, NID_name_constraints, 1, 0x30, 0x07, 0xa0, 0x05, 0x30, 0x03, 0x82, 0x01, 'a');
}

static void constraints_excluding(X509 *x509)
{
	REPLACE(
	    x509, NID_name_constraints, 1, 0x30, 0x07, 0xa1, 0x05, 0x30, 0x03, 0x82, 0x01, 'a');
}

static void constraints_of_nothing(X509 *x509)
{
	REPLACE(x509, NID_name_constraints, 1, 0x30, 0x00);
}

static void constraints_of_addresses(X509 *x509)
{
	REPLACE(x509, NID_name_constraints, 1, 0x30, 0x0e, 0xa0, 0x0c, 0x30, 0x0a, 0x87, 0x08,
	    10, 0, 0, 0, 255, 0, 0, 0);
}

static void constraints_of_a_wildcard(X509 *x509)
{
	REPLACE(x509, NID_name_constraints, 1, 0x30, 0x09, 0xa0, 0x07, 0x30, 0x05, 0x82, 0x03,
	    '*', '.', 'a');
}

static void constraints_not_critical(X509 *x509)
{
	REPLACE(
	    x509, NID_name_constraints, 0, 0x30, 0x07, 0xa0, 0x05, 0x30, 0x03, 0x82, 0x01, 'a');
}

/* CA:FALSE written out, which DER leaves to the default */
static void basic_false_aloud(X509 *x509)
{
	REPLACE(x509, NID_basic_constraints, 1, 0x30, 0x03, 0x01, 0x01, 0x00);
}

static void basic_with_rest(X509 *x509)
{
	REPLACE(x509, NID_basic_constraints, 1, 0x30, 0x00, 0x00);
}

/* digitalSignature with trailing zero bits */
static void usage_not_minimal(X509 *x509)
{
	REPLACE(x509, NID_key_usage, 1, 0x03, 0x02, 0x00, 0x80);
}

static void usage_not_critical(X509 *x509)
{
	REPLACE(x509, NID_key_usage, 0, 0x03, 0x02, 0x07, 0x80);
}

static void purpose_critical(X509 *x509)
{
	REPLACE(x509, NID_ext_key_usage, 1, 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05,
	    0x05, 0x07, 0x03, 0x01);
}

static void basic_missing(X509 *x509)
{
	drop(x509, NID_basic_constraints);
}

static void basic_true(X509 *x509)
{
	REPLACE(x509, NID_basic_constraints, 1, 0x30, 0x03, 0x01, 0x01, 0xff);
}

static void basic_empty(X509 *x509)
{
	REPLACE(x509, NID_basic_constraints, 1, 0x30, 0x00);
}

static void basic_pathlen(X509 *x509)
{
	REPLACE(x509, NID_basic_constraints, 1, 0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00);
}

static void leaf_pathlen(X509 *x509)
{
	REPLACE(x509, NID_basic_constraints, 1, 0x30, 0x03, 0x02, 0x01, 0x00);
}

static void usage_missing(X509 *x509)
{
	drop(x509, NID_key_usage);
}

static void usage_cert_sign(X509 *x509)
{
	REPLACE(x509, NID_key_usage, 1, 0x03, 0x02, 0x02, 0x84);
}

static void usage_encipherment(X509 *x509)
{
	REPLACE(x509, NID_key_usage, 1, 0x03, 0x02, 0x05, 0xa0);
}

static void usage_agreement(X509 *x509)
{
	REPLACE(x509, NID_key_usage, 1, 0x03, 0x02, 0x03, 0x88);
}

static void usage_repudiation(X509 *x509)
{
	REPLACE(x509, NID_key_usage, 1, 0x03, 0x02, 0x06, 0x40);
}

#define OID_PKIX_KP 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03

static void purpose_missing(X509 *x509)
{
	drop(x509, NID_ext_key_usage);
}

static void purpose_client(X509 *x509)
{
	REPLACE(x509, NID_ext_key_usage, 0, 0x30, 0x0a, OID_PKIX_KP, 0x02);
}

static void purpose_server(X509 *x509)
{
	REPLACE(x509, NID_ext_key_usage, 0, 0x30, 0x0a, OID_PKIX_KP, 0x01);
}

static void purpose_code(X509 *x509)
{
	REPLACE(x509, NID_ext_key_usage, 0, 0x30, 0x14, OID_PKIX_KP, 0x01, OID_PKIX_KP, 0x03);
}

static void purpose_both(X509 *x509)
{
	REPLACE(x509, NID_ext_key_usage, 0, 0x30, 0x14, OID_PKIX_KP, 0x01, OID_PKIX_KP, 0x02);
}

static void purpose_any(X509 *x509)
{
	REPLACE(x509, NID_ext_key_usage, 0, 0x30, 0x10, OID_PKIX_KP, 0x01, 0x06, 0x04, 0x55,
	    0x1d, 0x25, 0x00);
}

static void authority_missing(X509 *x509)
{
	drop(x509, NID_authority_key_identifier);
}

static void authority_other(X509 *x509)
{
	REPLACE(x509, NID_authority_key_identifier, 0, 0x30, 0x04, 0x80, 0x02, 'x', 'y');
}

static void authority_serial(X509 *x509)
{
	REPLACE(x509, NID_authority_key_identifier, 0, 0x30, 0x03, 0x82, 0x01, 0x05);
}

static void key_id_missing(X509 *x509)
{
	drop(x509, NID_subject_key_identifier);
}

static void key_id_other(X509 *x509)
{
	REPLACE(x509, NID_subject_key_identifier, 0, 0x04, 0x02, 'x', 'y');
}

static const struct bad bad_extensions[] = {
	{ "extension-duplicate", PROFILE_CLIENT, .change = two_key_usages },
	{ "extension-unknown", PROFILE_CLIENT, .change = unknown_extension },
	{ "extension-unknown", PROFILE_CLIENT, .change = leaf_with_name_constraints },
	{ "extension-form", PROFILE_CLIENT, .change = basic_false_aloud },
	{ "extension-form", PROFILE_CLIENT, .change = basic_with_rest },
	{ "extension-form", PROFILE_CLIENT, .change = usage_not_minimal },
	{ "extension-critical", PROFILE_CLIENT, .change = usage_not_critical },
	{ "extension-critical", PROFILE_SERVER, .change = purpose_critical },
	{ "leaf-constraints", PROFILE_CLIENT, .change = basic_missing },
	{ "leaf-constraints", PROFILE_CLIENT, .change = basic_true },
	{ "leaf-constraints", PROFILE_CLIENT, .change = leaf_pathlen },
	{ "ca-name-constraints", PROFILE_CA, .change = constraints_excluding },
	{ "ca-name-constraints", PROFILE_CA, .change = constraints_of_nothing },
	{ "ca-name-constraints", PROFILE_CA, .change = constraints_of_addresses },
	{ "ca-name-constraints", PROFILE_CA, .change = constraints_of_a_wildcard },
	{ "extension-critical", PROFILE_CA, .change = constraints_not_critical },
	{ "ca-flag", PROFILE_CA, .change = basic_empty },
	{ "ca-pathlen", PROFILE_CA, .change = basic_pathlen },
	{ "usage-missing", PROFILE_CLIENT, .change = usage_missing },
	{ "usage-leaf", PROFILE_CLIENT, .change = usage_cert_sign },
	{ "usage-leaf", PROFILE_CLIENT, .change = usage_encipherment },
	{ "usage-leaf", PROFILE_CLIENT, .change = usage_agreement },
	{ "usage-leaf", PROFILE_CLIENT, .change = usage_repudiation },
	{ "usage-ca", PROFILE_CA, .change = usage_cert_sign },
	{ "purpose-missing", PROFILE_SERVER, .change = purpose_missing },
	{ "purpose-wrong", PROFILE_SERVER, .change = purpose_client },
	{ "purpose-wrong", PROFILE_CLIENT, .change = purpose_server },
	{ "purpose-wrong", PROFILE_SERVER, .change = purpose_code },
	{ "purpose-both", PROFILE_SERVER, .change = purpose_both },
	{ "purpose-both", PROFILE_CLIENT, .change = purpose_both },
	{ "purpose-any", PROFILE_SERVER, .change = purpose_any },
	{ "purpose-ca", PROFILE_CA, .change = purpose_server },
	{ "authority-missing", PROFILE_CLIENT, .change = authority_missing },
	{ "authority-form", PROFILE_CLIENT, .change = authority_serial },
	{ "authority-match", PROFILE_CLIENT, .change = authority_other },
	{ "key-id-missing", PROFILE_CLIENT, .change = key_id_missing },
	{ "key-id-match", PROFILE_CLIENT, .change = key_id_other },
};

#endif
