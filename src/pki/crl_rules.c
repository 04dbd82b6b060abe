// SPDX-License-Identifier: Apache-2.0
#include "crl_rules.h"

#include <string.h>

#include <openssl/x509v3.h>

#include <mica/clock.h>
#include <mica/crl.h>

#include "times.h"

enum { MOST_NUMBER = 20 };

MICA_PRINTF(2, 3) static void fault(const struct judged_crl *judged, const char *fmt, ...)
{
	MICA_FREE char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	findings_add(judged->findings, judged->rule->level, judged->rule->name, &judged->where,
	    judged->rule->hint, "%s", text);
}

/* --- form and issuer --- */

static void rule_der(const struct judged_crl *judged)
{
	/* the entries were taken out of what would be encoded again: crl_parsed.c did it before
	 */
	if (!judged->list->der)
		fault(judged, "the list is not encoded in DER");
}

static void rule_version(const struct judged_crl *judged)
{
	const ASN1_INTEGER *version = judged->list->tbs->version;
	long number = version ? ASN1_INTEGER_get(version) : X509_CRL_VERSION_1;

	if (number != X509_CRL_VERSION_2)
		fault(judged, "the version is %ld, not 2", number + 1);
}

static void rule_inner(const struct judged_crl *judged)
{
	if (X509_ALGOR_cmp(judged->list->tbs->signature, judged->list->envelope->algorithm) !=
	    0)
		fault(judged, "the signature algorithm inside is not the one outside");
}

static void rule_algorithm(const struct judged_crl *judged)
{
	if (X509_ALGOR_cmp(judged->list->tbs->signature, judged->signature) != 0)
		fault(judged, "the signature algorithm is not the one of the CA's signatures");
}

static void rule_issuer(const struct judged_crl *judged)
{
	if (!any_same(judged->list->tbs->issuer, &judged->issuer->subject))
		fault(judged, "the issuer is not the CA's subject, %s",
		    judged->issuer->subject_text);
}

/* Before its first certificate a CA says nothing of what it may. */
static void rule_ca(const struct judged_crl *judged)
{
	if (judged->issuer->der.len > 0 && !judged->issuer->signs_crls)
		fault(judged, "keyUsage of '%s' does not say cRLSign",
		    judged->issuer->subject_text);
}

/* --- times --- */

static void rule_time_form(const struct judged_crl *judged)
{
	const struct crl_tbs *tbs = judged->list->tbs;

	if (!time_is_well_formed(tbs->this_update))
		fault(judged, "thisUpdate is not written as RFC 5280 5.1.2.4 wants it");
	if (tbs->next_update && !time_is_well_formed(tbs->next_update))
		fault(judged, "nextUpdate is not written as RFC 5280 5.1.2.5 wants it");
}

static void rule_this_update(const struct judged_crl *judged)
{
	char text[CLOCK_TEXT];

	if (judged->list->this_update > judged->now)
		fault(judged, "thisUpdate %s is not yet",
		    clock_text(judged->list->this_update, text));
}

static void rule_next_update(const struct judged_crl *judged)
{
	const struct crl_parsed *list = judged->list;
	char next[CLOCK_TEXT];
	char this[CLOCK_TEXT];

	if (list->next_update == 0) {
		fault(judged, "there is no nextUpdate");
		return;
	}
	clock_text(list->next_update, next);
	if (list->next_update <= list->this_update)
		fault(judged, "nextUpdate %s is not after thisUpdate %s", next,
		    clock_text(list->this_update, this));
	else if (list->next_update <= judged->now)
		fault(judged, "nextUpdate %s has passed", next);
}

static void rule_next_update_ca(const struct judged_crl *judged)
{
	char next[CLOCK_TEXT];
	char ca[CLOCK_TEXT];
	const char *above;
	int64_t end = ca_ends(judged->issuer, &above);

	if (judged->issuer->der.len == 0 || judged->list->next_update <= end)
		return;
	clock_text(judged->list->next_update, next);
	clock_text(end, ca);
	if (above)
		fault(judged, "nextUpdate %s is after the end of '%s', above the CA, %s", next,
		    above, ca);
	else
		fault(judged, "nextUpdate %s is after the CA's end, %s", next, ca);
}

/* --- entries --- */

static const char *serial_text(const struct revocation *revocation, struct buf *ret)
{
	size_t zeros = 0;

	while (zeros < SERIAL_LEN - 1 && revocation->serial[zeros] == 0)
		zeros++;
	buf_addhex(ret, revocation->serial + zeros, SERIAL_LEN - zeros);
	return buf_text(ret);
}

static void rule_no_list(const struct judged_crl *judged)
{
	if (judged->list->has_list && judged->list->n_revoked == 0)
		fault(judged, "there is an empty list of entries");
}

static void rule_entry_form(const struct judged_crl *judged)
{
	BUF_AUTO serial = BUF_INIT;

	if (judged->list->odd)
		fault(judged, "the entry of %s %s",
		    serial_text(&judged->list->revoked[judged->list->odd_at], &serial),
		    judged->list->odd);
}

static void rule_entry_serial(const struct judged_crl *judged)
{
	static const uint8_t zero[SERIAL_LEN];

	for (size_t i = 0; i < judged->list->n_revoked; i++) {
		if (memcmp(judged->list->revoked[i].serial, zero, SERIAL_LEN) == 0) {
			fault(judged, "the serial number of an entry is zero");
			return;
		}
	}
}

static void rule_entry_order(const struct judged_crl *judged)
{
	const struct revocation *all = judged->list->revoked;
	BUF_AUTO serial = BUF_INIT;

	for (size_t i = 1; i < judged->list->n_revoked; i++) {
		int order = memcmp(all[i - 1].serial, all[i].serial, SERIAL_LEN);

		if (order < 0)
			continue;
		fault(judged, "the entry of %s %s", serial_text(&all[i], &serial),
		    order == 0 ? "stands twice" : "is not in order");
		return;
	}
}

/* A clock that was set back may have it so; what is revoked stays so. */
static void rule_entry_date(const struct judged_crl *judged)
{
	BUF_AUTO serial = BUF_INIT;
	char text[CLOCK_TEXT];

	for (size_t i = 0; i < judged->list->n_revoked; i++) {
		const struct revocation *one = &judged->list->revoked[i];

		if (one->at <= judged->list->this_update)
			continue;
		fault(judged, "the entry of %s is dated %s, after thisUpdate",
		    serial_text(one, &serial), clock_text(one->at, text));
		return;
	}
}

/* --- extensions --- */

static bool is_known(const struct judged_crl *judged, const ASN1_OBJECT *oid)
{
	int nid = OBJ_obj2nid(oid);

	return nid == NID_authority_key_identifier || nid == NID_crl_number ||
	       OBJ_cmp(oid, judged->anchor_oid) == 0;
}

static void rule_extension_unknown(const struct judged_crl *judged)
{
	const STACK_OF(X509_EXTENSION) *all = judged->list->tbs->extensions;
	char text[80];

	for (int i = 0; i < sk_X509_EXTENSION_num(all); i++) {
		const ASN1_OBJECT *oid =
		    X509_EXTENSION_get_object(sk_X509_EXTENSION_value(all, i));

		if (is_known(judged, oid))
			continue;
		OBJ_obj2txt(text, sizeof(text), oid, 0);
		fault(judged, "there is an extension that mica does not write, %s", text);
	}
}

static void rule_extension_critical(const struct judged_crl *judged)
{
	const STACK_OF(X509_EXTENSION) *all = judged->list->tbs->extensions;

	if (X509v3_get_ext_by_critical(all, 1, -1) >= 0)
		fault(judged, "there is a critical extension");
}

static void count_once(
    const struct judged_crl *judged, const ASN1_OBJECT *oid, const char *name)
{
	size_t count = 0;

	(void)crl_parsed_find(judged->list, oid, &count);
	if (count > 1)
		fault(judged, "%s stands %zu times", name, count);
}

static void rule_extension_duplicate(const struct judged_crl *judged)
{
	count_once(judged, OBJ_nid2obj(NID_authority_key_identifier), "authorityKeyIdentifier");
	count_once(judged, OBJ_nid2obj(NID_crl_number), "cRLNumber");
	count_once(judged, judged->anchor_oid, "the anchor");
}

static void rule_authority(const struct judged_crl *judged)
{
	X509_EXTENSION *extension =
	    crl_parsed_find(judged->list, OBJ_nid2obj(NID_authority_key_identifier), NULL);
	AUTHORITY_KEYID *authority = extension ? X509V3_EXT_d2i(extension) : NULL;

	if (!authority)
		fault(judged, "there is no authorityKeyIdentifier that can be read");
	else if (!authority->keyid || authority->issuer || authority->serial)
		fault(judged, "the authorityKeyIdentifier is not a key identifier alone");
	else if (!buf_same(&judged->issuer->key_id, ASN1_STRING_get0_data(authority->keyid),
	             (size_t)ASN1_STRING_length(authority->keyid)))
		fault(
		    judged, "the authorityKeyIdentifier is not the CA's subjectKeyIdentifier");
	AUTHORITY_KEYID_free(authority);
}

/* ASN1_INTEGER holds the magnitude; a first bit that is set costs one octet more in DER. */
static void rule_number(const struct judged_crl *judged)
{
	ASN1_INTEGER *number = crl_parsed_number(judged->list);
	const unsigned char *data = number ? ASN1_STRING_get0_data(number) : NULL;
	int len = number ? ASN1_STRING_length(number) : 0;

	if (!number)
		fault(judged, "there is no cRLNumber that can be read");
	else if (ASN1_STRING_type(number) != V_ASN1_INTEGER || len < 1 ||
	         (len == 1 && data[0] == 0))
		fault(judged, "the cRLNumber is not positive");
	else if (len + (data[0] >> 7) > MOST_NUMBER)
		fault(judged, "the cRLNumber has more than %d octets", MOST_NUMBER);
	ASN1_INTEGER_free(number);
}

static void rule_anchor(const struct judged_crl *judged)
{
	struct anchor anchor;

	if (!crl_parsed_anchor(judged->list, &anchor))
		fault(judged, "there is no anchor that can be read");
}

/* --- the table --- */

#define ERR FINDING_ERROR
#define WARN FINDING_WARNING

// clang-format off
const struct crl_rule crl_rules[] = {
	{ "crl-der", ERR, rule_der,
	  "a revocation list is DER: encoding it again gives the same bytes", NULL },
	{ "crl-version", ERR, rule_version,
	  "the version of a revocation list is 2 (RFC 5280 5.1.2.1)", NULL },
	{ "crl-signature-inner", ERR, rule_inner,
	  "the signature algorithm is the same inside and outside (RFC 5280 5.1.1.2)", NULL },
	{ "crl-signature-algorithm", ERR, rule_algorithm,
	  "the signature algorithm is the one that goes with the CA's key", NULL },
	{ "crl-issuer", ERR, rule_issuer,
	  "the issuer is the CA's subject, byte by byte (RFC 5280 5.1.2.3)", NULL },
	{ "crl-ca", ERR, rule_ca,
	  "the CA may sign revocation lists: its keyUsage says cRLSign (RFC 5280 4.2.1.3)", NULL },

	{ "crl-time-form", ERR, rule_time_form,
	  "times are UTCTime until 2049 and GeneralizedTime after it (RFC 5280 5.1.2.4)", NULL },
	{ "crl-this-update", ERR, rule_this_update,
	  "thisUpdate is not in the future", "is the clock right?" },
	{ "crl-next-update", ERR, rule_next_update,
	  "there is a nextUpdate, after thisUpdate and after now (RFC 5280 5.1.2.5)", NULL },
	{ "crl-next-update-ca", ERR, rule_next_update_ca,
	  "nextUpdate is not after the end of the CA, nor of any above it", NULL },

	{ "crl-empty", ERR, rule_no_list,
	  "where nothing is revoked there is no list of entries (RFC 5280 5.1.2.6)", NULL },
	{ "crl-entry-form", ERR, rule_entry_form,
	  "an entry has a date in the form of RFC 5280 5.1.2.4 and at most a reasonCode: ENUMERATED, not critical, "
	  "never unspecified nor certificateHold (RFC 5280 5.3.1)", NULL },
	{ "crl-entry-serial", ERR, rule_entry_serial,
	  "the serial number of an entry is positive, with at most 20 octets", NULL },
	{ "crl-entry-order", ERR, rule_entry_order,
	  "the entries are in the order of their serial numbers, none twice", NULL },
	{ "crl-entry-date", WARN, rule_entry_date,
	  "an entry is not dated after thisUpdate", "was the clock set back?" },

	{ "crl-extension-unknown", ERR, rule_extension_unknown,
	  "a revocation list has authorityKeyIdentifier, cRLNumber and the anchor, and nothing else", NULL },
	{ "crl-extension-critical", ERR, rule_extension_critical,
	  "none of them is critical (RFC 5280 5.2)", NULL },
	{ "crl-extension-duplicate", ERR, rule_extension_duplicate,
	  "none of them stands twice", NULL },
	{ "crl-authority", ERR, rule_authority,
	  "the authorityKeyIdentifier is the CA's subjectKeyIdentifier alone (RFC 5280 5.2.1)", NULL },
	{ "crl-number", ERR, rule_number,
	  "the cRLNumber is positive, with at most 20 octets (RFC 5280 5.2.3)", NULL },
	{ "crl-anchor", ERR, rule_anchor,
	  "the anchor of the ledger can be read", NULL },
};
// clang-format on

const size_t crl_rules_count = mem_count(crl_rules);

const char *lint_crl_rule(size_t i, const char **ret_sentence)
{
	if (i >= crl_rules_count)
		return NULL;
	if (ret_sentence)
		*ret_sentence = crl_rules[i].sentence;
	return crl_rules[i].name;
}
