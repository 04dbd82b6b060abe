// SPDX-License-Identifier: Apache-2.0
#include "lint_private.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "approval_private.h"
#include "constraints.h"
#include "draft.h"
#include "lint_rules.h"
#include "pkey.h"

struct lint {
	const struct ca *ca;
	EVP_MD_CTX *signing;  /* the throw-away key's, to copy from */
	struct buf algorithm; /* of its signatures, and of the CA's: DER AlgorithmIdentifier */
	X509_ALGOR *identifier; /* the same */
	struct curves curves;
};

/* --- judging --- */

void fault(const struct judged *judged, const char *fmt, ...)
{
	va_list args;
	MICA_FREE char *text = NULL;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	findings_add(judged->findings, judged->rule->level, judged->rule->name, &judged->where,
	    judged->rule->hint, "%s", text);
}

/* The common name as UTF-8, whatever string type it has; OPENSSL_free() it. */
static char *common_name(const X509_NAME *subject, size_t *ret_len)
{
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;
	int len;

	if (at < 0)
		return NULL;
	len = ASN1_STRING_to_UTF8(
	    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	*ret_len = len < 0 ? 0 : (size_t)len;
	return len < 0 ? NULL : (char *)text;
}

void lint_judge(
    const struct lint *lint, const struct lint_case *lint_case, struct findings *findings)
{
	const struct parsed *certificate = lint_case->certificate;
	struct judged judged = {
		.certificate = certificate,
		.issuer = lint->ca,
		.curves = &lint->curves,
		.profile = lint_case->profile,
		.certified = lint_case->certified,
		.now = lint_case->now,
		.findings = findings,
		.where = { .file = lint_case->entry },
	};

	const unsigned concerned = lint_case->certified ? FOR_CROSS : 1U << lint_case->profile;

	if (certificate->spki)
		judged.key = spki_facts(certificate->spki);
	judged.cn = common_name(certificate->tbs->subject, &judged.cn_len);
	for (size_t i = 0; i < lint_rules_count; i++) {
		judged.rule = &lint_rules[i];
		if (judged.rule->profiles & concerned)
			judged.rule->check(&judged);
	}
	OPENSSL_free(judged.cn);
	ERR_clear_error();
}

/* --- the throw-away key --- */

/* Nobody ever sees a signature of this key, so the smallest that makes the same kind of
 * signature will do: AlgorithmIdentifiers name neither the curve nor the modulus. 512 bits have
 * just room for a SHA-256 in PKCS#1 v1.5. */
static EVP_PKEY *throw_away_key(enum algorithm algorithm)
{
	EVP_PKEY *pkey;

	if (!algorithm_info(algorithm)->rsa)
		return pkey_generate_ec("P-256");
	pkey = pkey_generate_rsa(512);
	return pkey ? pkey : pkey_generate_rsa(2048);
}

static int take_algorithm(struct lint *lint)
{
	const unsigned char *at;

	if (pkey_signature_algorithm(lint->signing, &lint->algorithm) < 0)
		return -1;
	at = lint->algorithm.data;
	lint->identifier = d2i_X509_ALGOR(NULL, &at, (long)lint->algorithm.len);
	return lint->identifier ? 0 : -1;
}

int lint_new(const struct ca *ca, struct lint **ret, struct err *err)
{
	MICA_AUTO(lint_freep) struct lint *lint = mem_zalloc(sizeof(*lint));
	PKEY_AUTO *pkey = throw_away_key(ca->algorithm);

	lint->ca = ca;
	lint->signing = pkey ? pkey_signing(pkey, algorithm_info(ca->algorithm)->digest) : NULL;
	lint->curves.p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	lint->curves.p384 = EC_GROUP_new_by_curve_name(NID_secp384r1);
	if (!lint->signing || take_algorithm(lint) < 0 || !lint->curves.p256 ||
	    !lint->curves.p384)
		return err_openssl(err, "cannot prepare lint");
	*ret = mem_give(lint);
	return 0;
}

void lint_free(struct lint *lint)
{
	if (!lint)
		return;
	EVP_MD_CTX_free(lint->signing);
	buf_clear(&lint->algorithm);
	X509_ALGOR_free(lint->identifier);
	EC_GROUP_free(lint->curves.p256);
	EC_GROUP_free(lint->curves.p384);
	free(lint);
}

/* --- approving --- */

int lint_twin(const struct lint *lint, const struct buf *tbs, struct buf *ret)
{
	BUF_AUTO signature = BUF_INIT;

	if (pkey_sign(lint->signing, tbs, &signature) < 0)
		return -1;
	return envelope_seal(tbs, &lint->algorithm, &signature, ret);
}

/* The draft, signed by the throw-away key, as DER. */
static int make_twin(const struct lint *lint, const struct draft_spec *spec, struct buf *ret)
{
	BUF_AUTO tbs = BUF_INIT;

	return draft_make(lint->ca, spec, lint->identifier, &tbs) < 0
	           ? -1
	           : lint_twin(lint, &tbs, ret);
}

static bool says_serial(const ASN1_INTEGER *serial, const struct draft_spec *spec)
{
	size_t zeros = 0;

	while (zeros < SERIAL_LEN - 1 && spec->serial[zeros] == 0)
		zeros++;
	return (size_t)ASN1_STRING_length(serial) == SERIAL_LEN - zeros &&
	       memcmp(ASN1_STRING_get0_data(serial), spec->serial + zeros,
	           SERIAL_LEN - zeros) == 0;
}

static bool says_name(const GENERAL_NAME *said, const struct name *asked)
{
	const ASN1_STRING *value = said->d.ia5;
	const void *bytes = asked->kind == NAME_DNS ? (const void *)asked->text : asked->ip;
	size_t len = asked->kind == NAME_DNS ? strlen(asked->text) : asked->ip_len;

	return said->type == (asked->kind == NAME_DNS ? GEN_DNS : GEN_IPADD) &&
	       (size_t)ASN1_STRING_length(value) == len &&
	       memcmp(ASN1_STRING_get0_data(value), bytes, len) == 0;
}

static bool says_names(const struct parsed *twin, const struct draft_spec *spec)
{
	const GENERAL_NAMES *san = parsed_san(twin);
	size_t n = san ? (size_t)sk_GENERAL_NAME_num(san) : 0;

	if (spec->profile == PROFILE_CA)
		return n == 0;
	if (n != spec->n_names)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!says_name(sk_GENERAL_NAME_value(san, (int)i), &spec->names[i]))
			return false;
	}
	return true;
}

static bool says_constraints(
    const struct lint *lint, const struct parsed *twin, const struct draft_spec *spec)
{
	const NAME_CONSTRAINTS *said = twin->extensions[EXT_NAME_CONSTRAINTS].value;
	const struct ca *subject = ca_of_draft(lint->ca, spec->certified);

	if (spec->profile == PROFILE_CA && subject->der.len > 0)
		return constraints_same(said, subject->constraints);
	if (spec->n_permitted_dns == 0 || spec->profile != PROFILE_CA)
		return !said;
	return constraints_permit(said, spec->permitted_dns, spec->n_permitted_dns);
}

static bool says_subject(
    const struct lint *lint, const struct parsed *twin, const struct draft_spec *spec)
{
	const unsigned char *subject;
	size_t len;

	return spec->profile != PROFILE_CA ||
	       (X509_NAME_get0_der(twin->tbs->subject, &subject, &len) == 1 &&
	           buf_same(&ca_of_draft(lint->ca, spec->certified)->subject, subject, len));
}

/* A leaf's is judged by a rule. */
static bool says_key_id(
    const struct lint *lint, const struct parsed *twin, const struct draft_spec *spec)
{
	const ASN1_OCTET_STRING *said = parsed_key_id(twin);

	return spec->profile != PROFILE_CA ||
	       (said && buf_same(&ca_of_draft(lint->ca, spec->certified)->key_id,
	                    ASN1_STRING_get0_data(said), (size_t)ASN1_STRING_length(said)));
}

static bool says_common_name(const struct parsed *twin, const struct draft_spec *spec)
{
	size_t len = 0;
	char *said = common_name(twin->tbs->subject, &len);
	const char *asked = spec->common_name ? spec->common_name : "";
	bool same = spec->profile == PROFILE_CA ||
	            (len == strlen(asked) && (len == 0 || memcmp(said, asked, len) == 0));

	OPENSSL_free(said);
	return same;
}

/* What the twin says otherwise than it was asked to: a bug here or in libcrypto, never a fault
 * of the inventory. NULL: nothing. */
static const char *differs(
    const struct lint *lint, const struct parsed *twin, const struct draft_spec *spec)
{
	const struct buf *key = spec->profile == PROFILE_CA
	                            ? &ca_of_draft(lint->ca, spec->certified)->spki
	                            : spec->spki;

	if (!any_same(twin->tbs->spki, key))
		return "public key";
	if (!says_subject(lint, twin, spec))
		return "subject";
	if (!says_key_id(lint, twin, spec))
		return "key identifier";
	if (!says_serial(twin->tbs->serial, spec))
		return "serial number";
	if (twin->not_before != spec->not_before || twin->not_after != spec->not_after)
		return "validity";
	if (!says_constraints(lint, twin, spec))
		return "set of name constraints";
	if (!says_common_name(twin, spec))
		return "common name";
	return says_names(twin, spec) ? NULL : "alternative names";
}

struct approval *lint_approval(
    const struct lint *lint, const struct envelope *twin, const char *entry)
{
	struct approval *approval = mem_zalloc(sizeof(*approval));
	size_t len;
	const unsigned char *tbs = envelope_tbs(twin, &len);

	buf_add(&approval->tbs, tbs, len);
	buf_add(&approval->algorithm, lint->algorithm.data, lint->algorithm.len);
	approval->issuer = lint->ca->identity;
	approval->noun = "certificate";
	approval->entry = mem_strdup(entry);
	return approval;
}

const struct ca *lint_issuer(const struct lint *lint)
{
	return lint->ca;
}

const X509_ALGOR *lint_identifier(const struct lint *lint)
{
	return lint->identifier;
}

const char *lint_first_error(const struct findings *findings, size_t from)
{
	for (size_t i = from; i < findings->n; i++) {
		if (findings->items[i].level == FINDING_ERROR)
			return findings->items[i].text;
	}
	return "";
}

int lint_approve(struct lint *lint, const struct draft_spec *spec, int64_t now,
    struct findings *findings, struct approval **ret, struct err *err)
{
	struct lint_case lint_case = {
		.profile = spec->profile,
		.certified = spec->certified,
		.entry = spec->entry,
		.now = now,
	};
	MICA_AUTO(parsed_freep) struct parsed *twin = NULL;
	BUF_AUTO der = BUF_INIT;
	size_t findings_before = findings->n;
	size_t errors_before = findings->errors;
	const char *difference;

	if (spec->certified && spec->profile != PROFILE_CA)
		return err_set(err, ERR_FAILED, "'%s' is no CA", spec->entry);
	if (make_twin(lint, spec, &der) < 0)
		return err_openssl(err, "cannot draft a certificate for '%s'", spec->entry);
	lint_case.certificate = twin = parsed_of(der.data, der.len);
	if (!twin)
		return err_openssl(err, "the draft for '%s' is not a certificate", spec->entry);
	lint_judge(lint, &lint_case, findings);
	if (findings->errors > errors_before)
		return err_set(err, ERR_REFUSED, "the certificate for '%s' is refused: %s",
		    spec->entry, lint_first_error(findings, findings_before));
	difference = differs(lint, twin, spec);
	if (difference)
		return err_set(err, ERR_FAILED,
		    "the draft for '%s' says another %s than it was asked to", spec->entry,
		    difference);
	*ret = lint_approval(lint, twin->envelope, spec->entry);
	return 0;
}

/* --- serial numbers --- */

/* 158 random bits: the first two make it positive and 20 octets long. */
int serial_make(int (*random)(void *, void *, size_t), void *context,
    uint8_t ret[static SERIAL_LEN], struct err *err)
{
	uint8_t serial[SERIAL_LEN];

	if (random(context, serial, sizeof(serial)) != 0)
		return err_openssl(err, "cannot get random bytes for a serial number");
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	memcpy(ret, serial, sizeof(serial));
	return 0;
}
