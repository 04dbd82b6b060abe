// SPDX-License-Identifier: Apache-2.0
#include "lint_rules.h"

static const struct extension_facts *facts_of(const struct judged *judged, enum extension which)
{
	return &judged->certificate->extensions[which];
}

static bool is_there(const struct judged *judged, enum extension which)
{
	return facts_of(judged, which)->count > 0;
}

void rule_extension_duplicate(const struct judged *judged)
{
	for (enum extension i = 0; i < EXT_COUNT; i++) {
		if (facts_of(judged, i)->count > 1)
			fault(judged, "%s stands %zu times", extension_name(i),
			    facts_of(judged, i)->count);
	}
}

void rule_extension_unknown(const struct judged *judged)
{
	char oid[80];

	if (judged->certificate->unknown) {
		OBJ_obj2txt(oid, sizeof(oid), judged->certificate->unknown, 0);
		fault(judged, "there is an extension that mica does not write, %s", oid);
	}
	if (judged->profile != PROFILE_CA && is_there(judged, EXT_NAME_CONSTRAINTS))
		fault(judged, "there are nameConstraints in a leaf");
}

void rule_extension_form(const struct judged *judged)
{
	for (enum extension i = 0; i < EXT_COUNT; i++) {
		if (is_there(judged, i) && !facts_of(judged, i)->der)
			fault(judged, "the value of %s is not DER of its type",
			    extension_name(i));
	}
}

static bool should_be_critical(const struct judged *judged, enum extension which)
{
	switch (which) {
	case EXT_BASIC_CONSTRAINTS:
	case EXT_KEY_USAGE:
	case EXT_NAME_CONSTRAINTS:
		return true;
	case EXT_SUBJECT_ALT_NAME: /* RFC 5280 4.2.1.6 */
		return X509_NAME_entry_count(judged->certificate->tbs->subject) == 0;
	default:
		return false;
	}
}

void rule_extension_critical(const struct judged *judged)
{
	for (enum extension i = 0; i < EXT_COUNT; i++) {
		bool wanted = should_be_critical(judged, i);

		if (is_there(judged, i) && facts_of(judged, i)->critical != wanted)
			fault(judged, "%s is %scritical", extension_name(i),
			    wanted ? "not " : "");
	}
}

/* --- basicConstraints --- */

void rule_leaf_constraints(const struct judged *judged)
{
	const BASIC_CONSTRAINTS *basic = parsed_basic(judged->certificate);

	if (!basic)
		fault(judged, "there are no basicConstraints");
	else if (basic->ca)
		fault(judged, "basicConstraints say CA:TRUE");
	else if (basic->pathlen)
		fault(judged, "basicConstraints of a leaf have a path length");
}

void rule_ca_flag(const struct judged *judged)
{
	const BASIC_CONSTRAINTS *basic = parsed_basic(judged->certificate);

	if (!basic || !basic->ca)
		fault(judged, "basicConstraints do not say CA:TRUE");
}

/* An intermediate's subject is not its issuer. */
void rule_ca_pathlen(const struct judged *judged)
{
	const BASIC_CONSTRAINTS *basic = parsed_basic(judged->certificate);
	const unsigned char *subject;
	size_t len;

	if (basic && basic->pathlen &&
	    X509_NAME_get0_der(judged->certificate->tbs->subject, &subject, &len) == 1 &&
	    buf_same(&judged->issuer->subject, subject, len))
		fault(judged, "basicConstraints of a root have a path length");
}

/* --- keyUsage and extendedKeyUsage --- */

/* Bits of RFC 5280 4.2.1.3 */
enum {
	BIT_DIGITAL_SIGNATURE = 0,
	BIT_KEY_ENCIPHERMENT = 2,
	BIT_KEY_CERT_SIGN = 5,
	BIT_CRL_SIGN = 6,
	BIT_COUNT = 9
};

#define BIT(n) (1U << (n))

static unsigned usage_bits(const ASN1_BIT_STRING *usage)
{
	unsigned bits = 0;

	for (int i = 0; i < BIT_COUNT; i++) {
		if (ASN1_BIT_STRING_get_bit(usage, i))
			bits |= BIT(i);
	}
	return bits;
}

void rule_usage_missing(const struct judged *judged)
{
	if (!is_there(judged, EXT_KEY_USAGE))
		fault(judged, "there is no keyUsage");
}

void rule_usage_leaf(const struct judged *judged)
{
	const ASN1_BIT_STRING *usage = parsed_usage(judged->certificate);
	unsigned bits = usage ? usage_bits(usage) : 0;

	if (!usage)
		return;
	if (!(bits & BIT(BIT_DIGITAL_SIGNATURE)))
		fault(judged, "keyUsage lacks digitalSignature: TLS 1.3 needs it");
	if (judged->key.kind != SPKI_RSA && (bits & BIT(BIT_KEY_ENCIPHERMENT)))
		fault(judged, "keyUsage says keyEncipherment, which only an RSA key can do");
	if (bits & (BIT(BIT_KEY_CERT_SIGN) | BIT(BIT_CRL_SIGN)))
		fault(judged, "keyUsage of a leaf lets it sign certificates or CRLs");
	if (bits & ~(BIT(BIT_DIGITAL_SIGNATURE) | BIT(BIT_KEY_ENCIPHERMENT) |
	               BIT(BIT_KEY_CERT_SIGN) | BIT(BIT_CRL_SIGN)))
		fault(judged, "keyUsage says more than digitalSignature and keyEncipherment");
}

void rule_usage_ca(const struct judged *judged)
{
	const ASN1_BIT_STRING *usage = parsed_usage(judged->certificate);

	if (usage && usage_bits(usage) != (BIT(BIT_KEY_CERT_SIGN) | BIT(BIT_CRL_SIGN)))
		fault(judged, "keyUsage is not keyCertSign and cRLSign alone");
}

static bool has_purpose(const struct judged *judged, int nid)
{
	const EXTENDED_KEY_USAGE *purposes = parsed_purposes(judged->certificate);

	for (int i = 0; i < sk_ASN1_OBJECT_num(purposes); i++) {
		if (OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, i)) == nid)
			return true;
	}
	return false;
}

void rule_purpose_missing(const struct judged *judged)
{
	if (!is_there(judged, EXT_EXTENDED_KEY_USAGE))
		fault(judged, "there is no extendedKeyUsage");
}

void rule_purpose_wrong(const struct judged *judged)
{
	const EXTENDED_KEY_USAGE *purposes = parsed_purposes(judged->certificate);
	int wanted = judged->profile == PROFILE_SERVER ? NID_server_auth : NID_client_auth;

	if (!purposes)
		return;
	if (!has_purpose(judged, wanted))
		fault(judged, "extendedKeyUsage lacks %s", OBJ_nid2sn(wanted));
	for (int i = 0; i < sk_ASN1_OBJECT_num(purposes); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, i));

		if (nid != NID_server_auth && nid != NID_client_auth &&
		    nid != NID_anyExtendedKeyUsage)
			fault(judged, "extendedKeyUsage says %s", OBJ_nid2ln(nid));
	}
}

void rule_purpose_both(const struct judged *judged)
{
	if (has_purpose(judged, NID_server_auth) && has_purpose(judged, NID_client_auth))
		fault(judged, "extendedKeyUsage says both serverAuth and clientAuth");
}

void rule_purpose_any(const struct judged *judged)
{
	if (has_purpose(judged, NID_anyExtendedKeyUsage))
		fault(judged, "extendedKeyUsage says anyExtendedKeyUsage");
}

void rule_purpose_ca(const struct judged *judged)
{
	if (is_there(judged, EXT_EXTENDED_KEY_USAGE))
		fault(judged, "a CA has an extendedKeyUsage");
}

/* --- key identifiers --- */

void rule_authority_missing(const struct judged *judged)
{
	if (!is_there(judged, EXT_AUTHORITY_KEY_ID))
		fault(judged, "there is no authorityKeyIdentifier");
}

void rule_authority_form(const struct judged *judged)
{
	const AUTHORITY_KEYID *authority = parsed_authority(judged->certificate);

	if (authority && (!authority->keyid || authority->issuer || authority->serial))
		fault(judged, "the authorityKeyIdentifier is not a key identifier alone");
}

void rule_authority_match(const struct judged *judged)
{
	const AUTHORITY_KEYID *authority = parsed_authority(judged->certificate);

	if (authority && authority->keyid &&
	    !buf_same(&judged->issuer->key_id, ASN1_STRING_get0_data(authority->keyid),
	        (size_t)ASN1_STRING_length(authority->keyid)))
		fault(
		    judged, "the authorityKeyIdentifier is not the CA's subjectKeyIdentifier");
}

void rule_key_id_missing(const struct judged *judged)
{
	if (!is_there(judged, EXT_SUBJECT_KEY_ID))
		fault(judged, "there is no subjectKeyIdentifier");
}

/* A CA that was made elsewhere may have another kind of identifier; it keeps that. */
static bool is_of_ca(const struct judged *judged, const ASN1_OCTET_STRING *id)
{
	const struct ca *ca = ca_of_draft(judged->issuer, judged->certified);

	return judged->profile == PROFILE_CA &&
	       any_same(judged->certificate->tbs->spki, &ca->spki) &&
	       buf_same(&ca->key_id, ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id));
}

void rule_key_id_match(const struct judged *judged)
{
	const ASN1_OCTET_STRING *id = parsed_key_id(judged->certificate);
	unsigned char own[KEY_ID_LEN];

	if (!id || !judged->certificate->spki ||
	    spki_key_id(judged->certificate->spki, own) < 0 || is_of_ca(judged, id))
		return;
	if (ASN1_STRING_length(id) != KEY_ID_LEN ||
	    memcmp(ASN1_STRING_get0_data(id), own, KEY_ID_LEN) != 0)
		fault(judged, "the subjectKeyIdentifier is not that of the key");
}
