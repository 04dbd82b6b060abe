// SPDX-License-Identifier: Apache-2.0
/* What is a CA's own: its certificates, those across, its requests; and the CRLs' signers. */
#include "audit_private.h"

#include <stdlib.h>
#include <string.h>

#include <mica/chain.h>
#include <mica/csr.h>

/* --- those above ------------------------------------------------------------------ */

int audit_read_above(struct audit *audit, struct err *err)
{
	const struct buf *pem = &audit->subject->above;
	struct buf *ders = NULL;
	size_t n = 0;
	int status = 0;

	if (pem->len == 0)
		return 0;
	if (chain_read_ders("the certificates above", pem, &ders, &n, err) < 0)
		return -1;
	audit->above = mem_array(n, sizeof(struct ca *));
	for (size_t i = 0; status == 0 && i < n; i++) {
		status = ca_read("one above", &ders[i], &audit->above[i], err);
		audit->n_above += status == 0;
	}
	chain_free_ders(ders, n);
	return status;
}

static bool signed_above(const struct audit *audit, const struct issued *issued)
{
	for (size_t i = 0; i < audit->n_above; i++) {
		if (issued_names(issued, audit->above[i]) &&
		    issued_signed_by(issued, audit->above[i]))
			return true;
	}
	for (size_t i = 0; i < audit->n_issuers; i++) {
		if (issued_names(issued, audit->issuers[i].ca) &&
		    issued_signed_by(issued, audit->issuers[i].ca))
			return true;
	}
	return false;
}

/* --- certificates ----------------------------------------------------------------- */

static void judge_signature(struct audit *audit, const struct record *record,
    const struct issued *issued, const struct ca *ca)
{
	if (issued_names(issued, ca)) {
		if (!issued_signed_by(issued, ca))
			audit_say(audit->findings, audit, "record-signature", record,
			    "its certificate says that it signed itself, and did not");
	} else if (!signed_above(audit, issued)) {
		audit_say(audit->findings, audit, "record-signature", record,
		    "nobody who is known to stand above it signed its certificate");
	}
	audit->result->signatures++;
}

static bool is_active(const struct record *record)
{
	return record->state == RECORD_ISSUED || record->state == RECORD_DELIVERED ||
	       record->state == RECORD_SERVED;
}

static void tell_issuer(
    struct audit_result *result, const struct record *record, const struct ca *ca)
{
	const char *name = record->entry;
	size_t cap = result->n_cas;
	struct audit_issuer_fact fact = {
		.name = mem_strdup(name),
		.subject = mem_strdup(ca_subject_text(ca)),
		.fingerprint = ca_fingerprint(ca),
		.key = digest_of(ca_spki(ca)->data, ca_spki(ca)->len),
		.not_after = ca_not_after(ca),
		.current = is_active(record),
	};

	for (size_t i = 0; fact.current && i < result->n_cas; i++)
		result->cas[i].current &= strcmp(result->cas[i].name, name) != 0;
	buf_add(&fact.der, ca_der(ca)->data, ca_der(ca)->len);
	result->cas = mem_grow(result->cas, &cap, result->n_cas + 1, sizeof(fact));
	result->cas[result->n_cas++] = fact;
}

static int add_issuer(struct audit *audit, const char *name, struct ca **ca, struct err *err)
{
	struct audit_issuer issuer = { .ca = *ca };

	if (lint_new(issuer.ca, &issuer.lint, err) < 0)
		return -1;
	issuer.name = mem_strdup(name);
	*ca = NULL;
	audit->issuers =
	    mem_grow(audit->issuers, &audit->cap_issuers, audit->n_issuers + 1, sizeof(issuer));
	audit->issuers[audit->n_issuers++] = issuer;
	return 0;
}

static int judge_own(struct audit *audit, const struct record *record, struct err *err)
{
	MICA_AUTO(issued_clear) struct issued issued = { .inside = NULL };
	MICA_AUTO(ca_freep) struct ca *ca = NULL;
	struct err why = ERR_INIT;

	if (issued_read(&record->certificate, &issued, &why) < 0 ||
	    ca_read(record->entry, &record->certificate, &ca, &why) < 0) {
		audit_say(audit->findings, audit, "record-unreadable", record, "%s", why.text);
		return 0;
	}
	audit_fields(audit, record, &issued, audit->findings);
	judge_signature(audit, record, &issued, ca);
	tell_issuer(audit->result, record, ca);
	return add_issuer(audit, record->entry, &ca, err);
}

/* The one that was certified, as it was before; NULL: none of that name has the key. */
static const struct ca *certified_by(
    const struct audit *audit, const struct record *record, const struct ca *cross)
{
	const size_t len = strcspn(record->entry, ":");
	const struct buf *key = ca_spki(cross);

	for (size_t i = audit->n_issuers; i > 0; i--) {
		const struct audit_issuer *one = &audit->issuers[i - 1];

		if (strlen(one->name) == len && strncmp(one->name, record->entry, len) == 0 &&
		    buf_same(ca_spki(one->ca), key->data, key->len))
			return one->ca;
	}
	return NULL;
}

static void judge_across_profile(struct audit *audit, const struct record *record,
    const struct issued *issued, const struct audit_issuer *issuer, const struct ca *certified)
{
	FINDINGS_AUTO said = FINDINGS_INIT;

	issued_lint_cross(issued, issuer->lint, certified, record->entry, &said);
	for (size_t i = 0; i < said.n; i++) {
		if (said.items[i].level == FINDING_ERROR)
			audit_say(audit->findings, audit, "record-profile", record,
			    "%s (rule %s)", said.items[i].text, said.items[i].rule);
	}
}

/* "g2:cross": a certificate for g2's key, signed by the CA that the record names */
static void judge_across(struct audit *audit, const struct record *record)
{
	MICA_AUTO(issued_clear) struct issued issued = { .inside = NULL };
	MICA_AUTO(ca_freep) struct ca *ca = NULL;
	const struct audit_issuer *issuer;
	const struct ca *certified;
	struct err err = ERR_INIT;

	if (issued_read(&record->certificate, &issued, &err) < 0 ||
	    ca_read(record->entry, &record->certificate, &ca, &err) < 0) {
		audit_say(audit->findings, audit, "record-unreadable", record, "%s", err.text);
		return;
	}
	audit_fields(audit, record, &issued, audit->findings);
	tell_issuer(audit->result, record, ca);
	issuer = audit_signer(audit, record->ca, &issued);
	certified = certified_by(audit, record, ca);
	if (!issuer)
		audit_say(audit->findings, audit, "record-signature", record,
		    "the key of CA '%s' did not sign its certificate", record->ca);
	if (!certified)
		audit_say(audit->findings, audit, "record-key", record,
		    "its certificate is for a key that no CA of that name had before");
	if (issuer && certified)
		judge_across_profile(audit, record, &issued, issuer, certified);
	audit->result->signatures++;
}

/* "g1:request": PKCS#10, signed by the key that it is for */
static void judge_request(struct audit *audit, const struct record *record)
{
	BUF_AUTO spki = BUF_INIT;
	struct digest key;
	enum algorithm algorithm;
	struct err err = ERR_INIT;

	if (csr_read(record->entry, &record->certificate, &spki, &algorithm, &err) < 0) {
		audit_say(audit->findings, audit, "record-signature", record, "%s", err.text);
		return;
	}
	key = digest_of(spki.data, spki.len);
	if (memcmp(&key, &record->key, sizeof(key)) != 0)
		audit_say(audit->findings, audit, "record-key", record,
		    "its request is for another key");
	if (!memmem(record->certificate.data, record->certificate.len, record->tbs.data,
	        record->tbs.len))
		audit_say(audit->findings, audit, "record-bytes", record,
		    "its request does not hold the bytes that were to be signed");
	audit->result->signatures++;
}

int audit_ca(struct audit *audit, const struct record *record, struct err *err)
{
	const char *colon = strchr(record->entry, ':');

	if (!colon)
		return judge_own(audit, record, err);
	if (strcmp(colon, ":request") == 0)
		judge_request(audit, record);
	else
		judge_across(audit, record);
	return 0;
}

/* --- from elsewhere ---------------------------------------------------------------- */

static bool vouches(const struct ca *given, const struct ca *ca, const struct issued *issued)
{
	const struct buf *key = ca_spki(given);

	return buf_same(ca_spki(ca), key->data, key->len) ||
	       (issued_names(issued, given) && issued_signed_by(issued, given));
}

struct given {
	struct ca **cas;
	size_t n;
};

static int judge_trust(
    const struct audit_issuer_fact *fact, const struct given *given, bool *ret, struct err *err)
{
	MICA_AUTO(issued_clear) struct issued issued = { .inside = NULL };
	MICA_AUTO(ca_freep) struct ca *ca = NULL;

	if (issued_read(&fact->der, &issued, err) < 0 ||
	    ca_read(fact->name, &fact->der, &ca, err) < 0)
		return -1;
	for (size_t i = 0; i < given->n; i++)
		*ret |= vouches(given->cas[i], ca, &issued);
	return 0;
}

/* By any certificate for its key: its own, or one across. */
static int judge_key(const struct audit_result *result, const struct audit_issuer_fact *fact,
    const struct given *given, bool *ret, struct err *err)
{
	*ret = false;
	for (size_t i = 0; i < result->n_cas; i++) {
		if (memcmp(&result->cas[i].key, &fact->key, sizeof(fact->key)) == 0 &&
		    judge_trust(&result->cas[i], given, ret, err) < 0)
			return -1;
	}
	return 0;
}

static int judge_all(const struct audit_result *result, const char *file,
    const struct given *given, struct findings *findings, struct err *err)
{
	const struct mark where = { file, 0, 0 };

	for (size_t i = 0; i < result->n_cas; i++) {
		const struct audit_issuer_fact *fact = &result->cas[i];
		bool good = false;

		if (judge_key(result, fact, given, &good, err) < 0)
			return -1;
		if (!good)
			findings_add(findings, FINDING_ERROR, "ca-unknown", &where, NULL,
			    "CA '%s' (%s) is none of these, and none of these signed it",
			    fact->name, fact->subject);
	}
	return 0;
}

int audit_trust(const struct audit_result *result, const char *file, const struct buf *pem,
    struct findings *findings, struct err *err)
{
	struct given given = { NULL, 0 };
	struct buf *ders = NULL;
	size_t n = 0;
	int status = 0;

	if (chain_read_ders(file, pem, &ders, &n, err) < 0)
		return -1;
	given.cas = mem_array(n, sizeof(struct ca *));
	for (size_t i = 0; status == 0 && i < n; i++) {
		status = ca_read(file, &ders[i], &given.cas[i], err);
		given.n += status == 0;
	}
	if (status == 0)
		status = judge_all(result, file, &given, findings, err);
	for (size_t i = 0; i < given.n; i++)
		ca_free(given.cas[i]);
	free(given.cas);
	chain_free_ders(ders, n);
	return status;
}
