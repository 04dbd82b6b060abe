// SPDX-License-Identifier: Apache-2.0
/*
 * A revocation list is judged as a certificate is: a twin of it, signed by a throw-away key, is
 * taken apart, and the approval holds the twin's bytes.
 */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <mica/clock.h>

#include "approval_private.h"
#include "ca_private.h"
#include "crl_draft.h"
#include "crl_parsed.h"
#include "crl_private.h"
#include "times.h"

enum { MOST_NUMBER = 20 };

struct crl_rule;

struct judged_crl {
	const struct crl_parsed *list;
	const struct lint *lint;
	const struct ca *issuer;
	int64_t now;
	ASN1_OBJECT *anchor_oid;
	struct findings *findings;
	struct mark where;
	const struct crl_rule *rule; /* the one being tried */
};

typedef void crl_check(const struct judged_crl *judged);

struct crl_rule {
	const char *name;
	enum finding_level level;
	crl_check *check;
	const char *sentence;
	const char *hint; /* NULL: none */
};

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
	if (X509_ALGOR_cmp(judged->list->tbs->signature, lint_identifier(judged->lint)) != 0)
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
static const struct crl_rule rules[] = {
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

const char *lint_crl_rule(size_t i, const char **ret_sentence)
{
	if (i >= mem_count(rules))
		return NULL;
	if (ret_sentence)
		*ret_sentence = rules[i].sentence;
	return rules[i].name;
}

/* --- approving --- */

void lint_judge_crl(
    const struct lint *lint, const struct crl_case *crl_case, struct findings *findings)
{
	struct judged_crl judged = {
		.list = crl_case->list,
		.lint = lint,
		.issuer = lint_issuer(lint),
		.now = crl_case->now,
		.anchor_oid = crl_anchor_oid(),
		.findings = findings,
		.where = { .file = crl_case->entry },
	};

	for (size_t i = 0; i < mem_count(rules); i++) {
		judged.rule = &rules[i];
		judged.rule->check(&judged);
	}
	ASN1_OBJECT_free(judged.anchor_oid);
	ERR_clear_error();
}

static bool says_number(const struct crl_parsed *twin, const struct crl_spec *spec)
{
	ASN1_INTEGER *number = crl_parsed_number(twin);
	int64_t said = 0;
	bool same =
	    number && ASN1_INTEGER_get_int64(&said, number) == 1 && said == spec->number;

	ASN1_INTEGER_free(number);
	return same;
}

static bool says_entries(const struct crl_parsed *twin, const struct crl_spec *spec)
{
	if (twin->n_revoked != spec->n_revoked)
		return false;
	for (size_t i = 0; i < spec->n_revoked; i++) {
		const struct revocation *said = &twin->revoked[i];
		const struct revocation *asked = &spec->revoked[i];

		if (memcmp(said->serial, asked->serial, SERIAL_LEN) != 0 ||
		    said->at != asked->at || said->reason != asked->reason)
			return false;
	}
	return true;
}

static bool says_anchor(const struct crl_parsed *twin, const struct crl_spec *spec)
{
	struct anchor said;

	return crl_parsed_anchor(twin, &said) && said.events == spec->anchor.events &&
	       said.records == spec->anchor.records &&
	       memcmp(said.hash.bytes, spec->anchor.hash.bytes, DIGEST_LEN) == 0;
}

/* What the twin says otherwise than it was asked to: a bug here or in libcrypto. NULL: nothing.
 */
static const char *differs(const struct crl_parsed *twin, const struct crl_spec *spec)
{
	if (twin->this_update != spec->this_update || twin->next_update != spec->next_update)
		return "validity";
	if (!says_number(twin, spec))
		return "number";
	if (!says_anchor(twin, spec))
		return "anchor";
	return says_entries(twin, spec) ? NULL : "set of entries";
}

static int make_twin(const struct lint *lint, const struct crl_spec *spec, struct buf *ret)
{
	BUF_AUTO tbs = BUF_INIT;

	return crl_draft(lint_issuer(lint), spec, lint_identifier(lint), &tbs) < 0
	           ? -1
	           : lint_twin(lint, &tbs, ret);
}

int lint_approve_crl(struct lint *lint, const struct crl_spec *spec, int64_t now,
    struct findings *findings, struct approval **ret, struct err *err)
{
	struct crl_case crl_case = { .entry = spec->entry, .now = now };
	MICA_AUTO(crl_parsed_freep) struct crl_parsed *twin = NULL;
	BUF_AUTO der = BUF_INIT;
	const size_t findings_before = findings->n;
	const size_t errors_before = findings->errors;
	const char *difference;

	if (make_twin(lint, spec, &der) < 0)
		return err_openssl(err, "cannot draft a revocation list of '%s'", spec->entry);
	crl_case.list = twin = crl_parsed_of(der.data, der.len);
	if (!twin)
		return err_openssl(
		    err, "the draft of '%s' is not a revocation list", spec->entry);
	lint_judge_crl(lint, &crl_case, findings);
	if (findings->errors > errors_before)
		return err_set(err, ERR_REFUSED, "the revocation list of '%s' is refused: %s",
		    spec->entry, lint_first_error(findings, findings_before));
	difference = differs(twin, spec);
	if (difference)
		return err_set(err, ERR_FAILED,
		    "the draft of the revocation list of '%s' says another %s than it was "
		    "asked to",
		    spec->entry, difference);
	*ret = lint_approval(lint, twin->envelope, spec->entry);
	(*ret)->noun = "revocation list";
	return 0;
}
