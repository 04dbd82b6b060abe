// SPDX-License-Identifier: Apache-2.0
#include "lint_rules.h"

#include <mica/lint.h>

/* ERR, WARN: a rule of level error refuses the certificate, a warning is only told. */
#define ERR FINDING_ERROR
#define WARN FINDING_WARNING

// clang-format off
const struct rule lint_rules[] = {
	{ "der", ERR, FOR_ALL, rule_der,
	  "the certificate is DER: encoding it again gives the same bytes", NULL },
	{ "version", ERR, FOR_ALL, rule_version,
	  "the version is 3", NULL },
	{ "unique-ids", ERR, FOR_ALL, rule_unique_ids,
	  "there are no unique identifiers (RFC 5280 4.1.2.8)", NULL },
	{ "serial-positive", ERR, FOR_ALL, rule_serial_positive,
	  "the serial number is positive (RFC 5280 4.1.2.2)", NULL },
	{ "serial-length", ERR, FOR_ALL, rule_serial_length,
	  "the serial number has at most 20 octets (RFC 5280 4.1.2.2)", NULL },
	{ "serial-random", ERR, FOR_ALL, rule_serial_random,
	  "the serial number has room for 64 random bits", NULL },
	{ "signature-inner", ERR, FOR_ALL, rule_signature_inner,
	  "the signature algorithm is the same inside and outside (RFC 5280 4.1.1.2)", NULL },
	{ "signature-algorithm", ERR, FOR_ALL, rule_signature_algorithm,
	  "the signature algorithm is the one that goes with the CA's key", NULL },
	{ "issuer", ERR, FOR_ALL, rule_issuer,
	  "the issuer is the CA's subject, byte by byte (RFC 5280 4.1.2.4)", NULL },

	{ "validity-form", ERR, FOR_ALL, rule_validity_form,
	  "times are UTCTime until 2049 and GeneralizedTime after it, with seconds, in UTC", NULL },
	{ "validity-order", ERR, FOR_ALL, rule_validity_order,
	  "notBefore is before notAfter", "'days' must be more than nothing" },
	{ "validity-now", ERR, FOR_ALL, rule_validity_now,
	  "the certificate is valid now", "is the clock right?" },
	{ "validity-ca", ERR, FOR_LEAF, rule_validity_ca,
	  "a leaf does not outlive its CA, nor any above it", "lower 'days', or make the next CA generation" },
	{ "validity-before-ca", WARN, FOR_LEAF, rule_validity_before_ca,
	  "a leaf does not begin before its CA", "lower 'backdate'" },
	{ "validity-long", WARN, FOR_LEAF, rule_validity_long,
	  "a leaf lives at most 825 days: some TLS clients refuse more", "lower 'days'" },

	{ "subject-empty", ERR, FOR_ALL, rule_subject_empty,
	  "the subject is not empty", "set 'common-name'" },
	{ "subject-issuer", ERR, FOR_LEAF, rule_subject_issuer,
	  "a leaf's subject is not the CA's", "choose another 'common-name'" },
	{ "cn-one", ERR, FOR_LEAF, rule_cn_one,
	  "a leaf's subject has one common name", NULL },
	{ "cn-length", ERR, FOR_LEAF, rule_cn_length,
	  "the common name has 1 to 64 characters (RFC 5280 A.1)", "shorten 'common-name'; 'dns' may be longer" },
	{ "cn-text", ERR, FOR_LEAF, rule_cn_text,
	  "the common name is a UTF8String or PrintableString without control characters", NULL },

	{ "san-missing", ERR, FOR_SERVER, rule_san_missing,
	  "a server has a subjectAltName: Go and gRPC look nowhere else", "add 'dns' or 'ip'" },
	{ "san-empty", ERR, FOR_ALL, rule_san_empty,
	  "a subjectAltName holds a name (RFC 5280 4.2.1.6)", NULL },
	{ "san-kind", ERR, FOR_LEAF, rule_san_kind,
	  "alternative names are DNS names and IP addresses", NULL },
	{ "san-duplicate", ERR, FOR_LEAF, rule_san_duplicate,
	  "no alternative name stands twice", "take it out once" },
	{ "san-cn", ERR, FOR_SERVER, rule_san_cn,
	  "a server's common name is one of its alternative names", "add it to 'dns'" },
	{ "dns-form", ERR, FOR_LEAF, rule_dns_form,
	  "a DNS name is labels of letters, digits and hyphens, 63 octets each, 253 in all (RFC 1123 2.1)", NULL },
	{ "dns-case", ERR, FOR_LEAF, rule_dns_case,
	  "a DNS name is in lower case", NULL },
	{ "dns-alabel", ERR, FOR_LEAF, rule_dns_alabel,
	  "a label that begins with xn-- is an A-label (RFC 5890 2.3.2.1)", NULL },
	{ "dns-ip", ERR, FOR_LEAF, rule_dns_ip,
	  "an IP address is no DNS name", "move it to 'ip'" },
	{ "dns-wildcard", ERR, FOR_LEAF, rule_dns_wildcard,
	  "a wildcard is the whole left-most label, with two labels behind it (RFC 6125 6.4.3)", NULL },
	{ "ip-length", ERR, FOR_LEAF, rule_ip_length,
	  "an IP address has 4 or 16 octets (RFC 5280 4.2.1.6)", NULL },
	{ "name-constraints", ERR, FOR_LEAF, rule_constraints,
	  "names lie within the name constraints of the CA and of those above it (RFC 5280 4.2.1.10)",
	  "give it names within them, or take them out" },

	{ "ca-name-constraints", ERR, FOR_CA, rule_ca_constraints,
	  "a CA's name constraints permit DNS domains and nothing else (RFC 5280 4.2.1.10)", NULL },

	{ "extension-duplicate", ERR, FOR_ALL, rule_extension_duplicate,
	  "no extension stands twice (RFC 5280 4.2)", NULL },
	{ "extension-unknown", ERR, FOR_ALL, rule_extension_unknown,
	  "there are no extensions but mica's own", NULL },
	{ "extension-form", ERR, FOR_ALL, rule_extension_form,
	  "the value of each extension is DER of its type", NULL },
	{ "extension-critical", ERR, FOR_ALL, rule_extension_critical,
	  "extensions are critical where they should be, and only there", NULL },
	{ "leaf-constraints", ERR, FOR_LEAF, rule_leaf_constraints,
	  "a leaf's basicConstraints say CA:FALSE and no path length", NULL },
	{ "ca-flag", ERR, FOR_CA, rule_ca_flag,
	  "a CA's basicConstraints say CA:TRUE", NULL },
	{ "ca-pathlen", WARN, FOR_CA, rule_ca_pathlen,
	  "a root has no path length, so that it can cross-sign its successor", NULL },
	{ "usage-missing", ERR, FOR_ALL, rule_usage_missing,
	  "there is a keyUsage", NULL },
	{ "usage-leaf", ERR, FOR_LEAF, rule_usage_leaf,
	  "a leaf's keyUsage is digitalSignature, and for RSA keys keyEncipherment", NULL },
	{ "usage-ca", ERR, FOR_CA, rule_usage_ca,
	  "a CA's keyUsage is keyCertSign and cRLSign", NULL },
	{ "purpose-missing", ERR, FOR_LEAF, rule_purpose_missing,
	  "a leaf has an extendedKeyUsage", NULL },
	{ "purpose-wrong", ERR, FOR_LEAF, rule_purpose_wrong,
	  "extendedKeyUsage holds the profile's purpose and none but TLS's", NULL },
	{ "purpose-both", ERR, FOR_LEAF, rule_purpose_both,
	  "a leaf is a server's or a client's, not both", NULL },
	{ "purpose-any", ERR, FOR_ALL, rule_purpose_any,
	  "there is no anyExtendedKeyUsage", NULL },
	{ "purpose-ca", WARN, FOR_CA, rule_purpose_ca,
	  "a CA has no extendedKeyUsage", NULL },
	{ "authority-missing", ERR, FOR_ALL, rule_authority_missing,
	  "there is an authorityKeyIdentifier (RFC 5280 4.2.1.1)", NULL },
	{ "authority-form", ERR, FOR_ALL, rule_authority_form,
	  "the authorityKeyIdentifier is a key identifier alone", NULL },
	{ "authority-match", ERR, FOR_ALL, rule_authority_match,
	  "the authorityKeyIdentifier is the CA's subjectKeyIdentifier", NULL },
	{ "key-id-missing", ERR, FOR_ALL, rule_key_id_missing,
	  "there is a subjectKeyIdentifier (RFC 5280 4.2.1.2)", NULL },
	{ "key-id-match", ERR, FOR_ALL, rule_key_id_match,
	  "the subjectKeyIdentifier is the SHA-1 of the public key (RFC 5280 4.2.1.2, method 1)", NULL },

	{ "key-kind", ERR, FOR_ALL, rule_key_kind,
	  "the key is EC or RSA", NULL },
	{ "key-encoding", ERR, FOR_ALL, rule_key_encoding,
	  "the key is encoded as all peers read it: a named curve and an uncompressed point, or RSA with NULL parameters", NULL },
	{ "key-size", ERR, FOR_ALL, rule_key_size,
	  "an RSA key has 2048 bits or more", NULL },
	{ "key-exponent", ERR, FOR_ALL, rule_key_exponent,
	  "an RSA exponent is odd and at least 65537", NULL },
	{ "key-curve", ERR, FOR_ALL, rule_key_curve,
	  "an EC key is on P-256 or P-384", NULL },
	{ "key-point", ERR, FOR_ALL, rule_key_point,
	  "an EC key's point lies on its curve", NULL },
	{ "key-ca", ERR, FOR_LEAF, rule_key_ca,
	  "a leaf's key is not the CA's", NULL },
};
// clang-format on

const size_t lint_rules_count = mem_count(lint_rules);

const char *lint_rule(size_t i, const char **ret_sentence)
{
	if (i >= lint_rules_count)
		return NULL;
	if (ret_sentence)
		*ret_sentence = lint_rules[i].sentence;
	return lint_rules[i].name;
}
