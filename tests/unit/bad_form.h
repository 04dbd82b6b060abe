// SPDX-License-Identifier: Apache-2.0
/* Bad in encoding, serial number, signature, issuer or times */
#ifndef MICA_TEST_BAD_FORM_H
#define MICA_TEST_BAD_FORM_H

#include "bad.h"

/* OpenSSL 3.5 makes it 3 again when it signs: [0] { INTEGER }, first of all */
static void version_2(struct buf *tbs)
{
	assert_int_equal(tbs->data[8], X509_VERSION_3);
	tbs->data[8] = X509_VERSION_2;
}

static void serial_zero(X509 *x509)
{
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 0);
}

static void serial_negative(X509 *x509)
{
	ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), -0x123456789abcdef);
}

static void serial_21_octets(X509 *x509)
{
	ASN1_INTEGER *serial = X509_get_serialNumber(x509);

	ASN1_STRING_set(serial,
	    "\x80"
	    "234567890123456789\x30",
	    20); /* needs a zero before it */
}

static void serial_small(X509 *x509)
{
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 4711);
}

static void other_issuer(X509 *x509)
{
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
}

/* the same name, but a PrintableString where the CA has a UTF8String */
static void issuer_in_other_bytes(X509 *x509)
{
	X509_NAME *name = X509_NAME_new();

	for (size_t i = 0; i < 3; i++)
		X509_NAME_add_entry_by_txt(name, world_subject[i].type, V_ASN1_PRINTABLESTRING,
		    (const unsigned char *)world_subject[i].value, -1, -1, 0);
	assert_int_equal(X509_NAME_cmp(name, X509_get_issuer_name(x509)), 0);
	X509_set_issuer_name(x509, name);
	X509_NAME_free(name);
}

static void generalized_before_2050(X509 *x509)
{
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(x509), "20261101000000Z"), 1);
	assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(x509)), V_ASN1_GENERALIZEDTIME);
}

static void times_swapped(X509 *x509)
{
	ASN1_TIME_set(X509_getm_notBefore(x509), WORLD_NOW + 60);
	ASN1_TIME_set(X509_getm_notAfter(x509), WORLD_NOW - 60);
}

static void outlives_ca(X509 *x509)
{
	ASN1_TIME_set(X509_getm_notAfter(x509), WORLD_NOW + 3650LL * CLOCK_DAY + 1);
}

static void begins_before_ca(X509 *x509)
{
	ASN1_TIME_set(X509_getm_notBefore(x509), WORLD_NOW - 3601);
}

static void lives_826_days(X509 *x509)
{
	ASN1_TIME_set(X509_getm_notAfter(x509), WORLD_NOW - 3600 + 826 * CLOCK_DAY);
}

/* [0] { 2 } with its length in two octets: BER, not DER */
static void length_in_long_form(struct buf *tbs)
{
	static const uint8_t version[] = { 0xa0, 0x81, 0x03, 0x02, 0x01, 0x02 };

	splice(tbs, 4, 5, version, sizeof(version));
}

static void issuer_unique_id(struct buf *tbs)
{
	static const uint8_t id[] = { 0x81, 0x02, 0x00, 0x01 };

	splice(tbs, element(tbs, TBS_EXTENSIONS), 0, id, sizeof(id));
}

static void inner_sha1(struct buf *tbs)
{
	static const uint8_t sha1[] = { 0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		0x04, 0x01 };
	size_t at = element(tbs, TBS_SIGNATURE);

	splice(tbs, at, end_of(tbs, at) - at, sha1, sizeof(sha1));
}

static void inner_null_parameters(struct buf *tbs)
{
	static const uint8_t null[] = { 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		0x04, 0x03, 0x02, 0x05, 0x00 };
	size_t at = element(tbs, TBS_SIGNATURE);

	splice(tbs, at, end_of(tbs, at) - at, null, sizeof(null));
}

/* Times with an offset rather than Z: UTC all the same, but not as RFC 5280 wants it written */
static void times_with_offset(struct buf *tbs)
{
	static const uint8_t validity[] = "\x30\x26\x17\x11"
	                                  "260920000000+0000"
	                                  "\x17\x11"
	                                  "261220000000+0000";
	size_t at = element(tbs, TBS_VALIDITY);

	splice(tbs, at, end_of(tbs, at) - at, validity, sizeof(validity) - 1);
}

static const struct bad bad_form[] = {
	{ "der", PROFILE_SERVER, .patch = length_in_long_form },
	{ "version", PROFILE_SERVER, .patch = version_2 },
	{ "unique-ids", PROFILE_SERVER, .patch = issuer_unique_id },
	{ "serial-positive", PROFILE_CLIENT, .change = serial_zero },
	{ "serial-positive", PROFILE_CLIENT, .change = serial_negative },
	{ "serial-length", PROFILE_CLIENT, .change = serial_21_octets },
	{ "serial-random", PROFILE_CLIENT, .change = serial_small },
	{ "signature-inner", PROFILE_CLIENT, .outer = ALG_EC_P384 },
	{ "signature-algorithm", PROFILE_CLIENT, .patch = inner_sha1 },
	{ "signature-algorithm", PROFILE_CLIENT, .patch = inner_null_parameters },
	{ "issuer", PROFILE_CLIENT, .change = other_issuer },
	{ "issuer", PROFILE_CLIENT, .change = issuer_in_other_bytes },
	{ "validity-form", PROFILE_CLIENT, .change = generalized_before_2050 },
	{ "validity-form", PROFILE_CLIENT, .patch = times_with_offset },
	{ "validity-order", PROFILE_CLIENT, .change = times_swapped },
	{ "validity-now", PROFILE_CLIENT, .later = -3601 },
	{ "validity-now", PROFILE_CLIENT, .later = 90 * CLOCK_DAY + 1 },
	{ "validity-ca", PROFILE_CLIENT, .change = outlives_ca },
	{ "validity-before-ca", PROFILE_CLIENT, .change = begins_before_ca },
	{ "validity-long", PROFILE_CLIENT, .change = lives_826_days },
};

#endif
