// SPDX-License-Identifier: Apache-2.0
#include "lint_rules.h"

#include <mica/clock.h>

#include "times.h"

enum { MOST_LEAF_DAYS = 825, MOST_SERIAL = 20, LEAST_SERIAL = 8 };

void rule_der(const struct judged *judged)
{
	if (!judged->certificate->der)
		fault(judged, "the certificate is not encoded in DER");
}

void rule_version(const struct judged *judged)
{
	const ASN1_INTEGER *version = judged->certificate->tbs->version;
	long number = version ? ASN1_INTEGER_get(version) : 0;

	if (number != X509_VERSION_3)
		fault(judged, "the version is %ld, not 3", number + 1);
}

void rule_unique_ids(const struct judged *judged)
{
	if (judged->certificate->tbs->issuer_uid || judged->certificate->tbs->subject_uid)
		fault(judged, "there is a unique identifier");
}

/* --- serial --- */

/* ASN1_INTEGER holds the magnitude; a first bit that is set costs one octet more in DER. */
static int serial_octets(const ASN1_INTEGER *serial)
{
	int len = ASN1_STRING_length(serial);

	return len > 0 && (ASN1_STRING_get0_data(serial)[0] & 0x80) ? len + 1 : len;
}

static bool serial_is_zero(const ASN1_INTEGER *serial)
{
	const unsigned char *data = ASN1_STRING_get0_data(serial);

	for (int i = 0; i < ASN1_STRING_length(serial); i++) {
		if (data[i] != 0)
			return false;
	}
	return true;
}

void rule_serial_positive(const struct judged *judged)
{
	const ASN1_INTEGER *serial = judged->certificate->tbs->serial;

	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		fault(judged, "the serial number is negative");
	else if (serial_is_zero(serial))
		fault(judged, "the serial number is zero");
}

void rule_serial_length(const struct judged *judged)
{
	int octets = serial_octets(judged->certificate->tbs->serial);

	if (octets > MOST_SERIAL)
		fault(judged, "the serial number has %d octets, more than %d", octets,
		    MOST_SERIAL);
}

void rule_serial_random(const struct judged *judged)
{
	int octets = ASN1_STRING_length(judged->certificate->tbs->serial);

	if (octets < LEAST_SERIAL)
		fault(judged, "the serial number has %d octets: too few to be random", octets);
}

/* --- signature and issuer --- */

void rule_signature_inner(const struct judged *judged)
{
	if (X509_ALGOR_cmp(judged->certificate->tbs->signature,
	        judged->certificate->envelope->algorithm) != 0)
		fault(judged, "the signature algorithm inside is not the one outside");
}

static int wanted_signature(enum algorithm algorithm, int *ret_parameters)
{
	*ret_parameters = algorithm_info(algorithm)->rsa ? V_ASN1_NULL : V_ASN1_UNDEF;
	if (algorithm_info(algorithm)->rsa)
		return NID_sha256WithRSAEncryption;
	return algorithm == ALG_EC_P384 ? NID_ecdsa_with_SHA384 : NID_ecdsa_with_SHA256;
}

void rule_signature_algorithm(const struct judged *judged)
{
	const ASN1_OBJECT *oid = NULL;
	int parameters = 0;
	int wanted_parameters = 0;
	int wanted = wanted_signature(judged->issuer->algorithm, &wanted_parameters);

	X509_ALGOR_get0(&oid, &parameters, NULL, judged->certificate->tbs->signature);
	if (OBJ_obj2nid(oid) != wanted)
		fault(judged, "the signature algorithm is %s, not %s",
		    OBJ_nid2ln(OBJ_obj2nid(oid)), OBJ_nid2ln(wanted));
	else if (parameters != wanted_parameters)
		fault(judged,
		    "the parameters of the signature algorithm are not as they should be");
}

void rule_issuer(const struct judged *judged)
{
	if (!any_same(judged->certificate->tbs->issuer, &judged->issuer->subject))
		fault(judged, "the issuer is not the CA's subject, %s",
		    judged->issuer->subject_text);
}

/* --- times --- */

void rule_validity_form(const struct judged *judged)
{
	const X509_VAL *validity = judged->certificate->tbs->validity;

	if (!judged->certificate->times || !time_is_well_formed(validity->notBefore))
		fault(judged, "notBefore is not written as RFC 5280 4.1.2.5 wants it");
	if (!judged->certificate->times || !time_is_well_formed(validity->notAfter))
		fault(judged, "notAfter is not written as RFC 5280 4.1.2.5 wants it");
}

void rule_validity_order(const struct judged *judged)
{
	char from[CLOCK_TEXT];
	char to[CLOCK_TEXT];

	if (judged->certificate->not_before >= judged->certificate->not_after)
		fault(judged, "notBefore %s is not before notAfter %s",
		    clock_text(judged->certificate->not_before, from),
		    clock_text(judged->certificate->not_after, to));
}

void rule_validity_now(const struct judged *judged)
{
	char text[CLOCK_TEXT];

	if (judged->now < judged->certificate->not_before)
		fault(judged, "the certificate is not valid before %s",
		    clock_text(judged->certificate->not_before, text));
	if (judged->now > judged->certificate->not_after)
		fault(judged, "the certificate expired at %s",
		    clock_text(judged->certificate->not_after, text));
}

void rule_validity_ca(const struct judged *judged)
{
	char leaf[CLOCK_TEXT];
	char ca[CLOCK_TEXT];
	const char *above;
	int64_t end = ca_ends(judged->issuer, &above);

	if (judged->issuer->der.len == 0 || judged->certificate->not_after <= end)
		return;
	clock_text(judged->certificate->not_after, leaf);
	clock_text(end, ca);
	if (above)
		fault(judged, "notAfter %s is after that of '%s', above the CA, %s", leaf,
		    above, ca);
	else
		fault(judged, "notAfter %s is after the CA's, %s", leaf, ca);
}

void rule_validity_before_ca(const struct judged *judged)
{
	char leaf[CLOCK_TEXT];
	char ca[CLOCK_TEXT];

	if (judged->issuer->der.len > 0 &&
	    judged->certificate->not_before < judged->issuer->not_before)
		fault(judged, "notBefore %s is before the CA's, %s",
		    clock_text(judged->certificate->not_before, leaf),
		    clock_text(judged->issuer->not_before, ca));
}

void rule_validity_long(const struct judged *judged)
{
	int64_t days =
	    (judged->certificate->not_after - judged->certificate->not_before) / CLOCK_DAY;

	if (days > MOST_LEAF_DAYS)
		fault(judged, "the certificate lives %lld days, more than %d", (long long)days,
		    MOST_LEAF_DAYS);
}
