// SPDX-License-Identifier: Apache-2.0
/* One server's or client's certificate against its record. */
#include "audit_private.h"

#include <string.h>

static bool same(const struct digest *a, const struct digest *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void audit_fields(const struct audit *audit, const struct record *record,
    const struct issued *issued, struct findings *findings)
{
	if (!buf_same(&record->tbs, issued->tbs, issued->tbs_len))
		audit_say(findings, audit, "record-bytes", record,
		    "its certificate does not hold the bytes that were to be signed");
	if (memcmp(issued->serial, record->serial, sizeof(issued->serial)) != 0)
		audit_say(findings, audit, "record-serial", record,
		    "its certificate has another serial number");
	if (issued->not_before != record->not_before || issued->not_after != record->not_after)
		audit_say(
		    findings, audit, "record-dates", record, "its certificate has other dates");
	if (!same(&issued->key, &record->key))
		audit_say(findings, audit, "record-key", record,
		    "its certificate is for another key");
}

const struct audit_issuer *audit_signer(
    const struct audit *audit, const char *name, const struct issued *issued)
{
	for (size_t i = audit->n_issuers; i > 0; i--) {
		const struct audit_issuer *issuer = &audit->issuers[i - 1];

		if (strcmp(issuer->name, name) == 0 && issued_names(issued, issuer->ca) &&
		    issued_signed_by(issued, issuer->ca))
			return issuer;
	}
	return NULL;
}

static const struct audit_issuer *named(
    const struct audit *audit, const char *name, const struct issued *issued)
{
	for (size_t i = audit->n_issuers; i > 0; i--) {
		const struct audit_issuer *issuer = &audit->issuers[i - 1];

		if (strcmp(issuer->name, name) == 0 && issued_names(issued, issuer->ca))
			return issuer;
	}
	return NULL;
}

static void judge_profile(const struct audit *audit, const struct record *record,
    const struct issued *issued, const struct audit_issuer *issuer, struct findings *findings)
{
	const enum profile profile =
	    record->kind == RECORD_SERVER ? PROFILE_SERVER : PROFILE_CLIENT;
	FINDINGS_AUTO said = FINDINGS_INIT;

	issued_lint(issued, issuer->lint, profile, record->entry, &said);
	for (size_t i = 0; i < said.n; i++) {
		if (said.items[i].level ==
		    FINDING_ERROR) /* warnings were told when it was made */
			audit_say(findings, audit, "record-profile", record, "%s (rule %s)",
			    said.items[i].text, said.items[i].rule);
	}
}

static bool is_verified(const struct audit *audit, const struct record *record)
{
	switch (audit->subject->depth) {
	case AUDIT_FULL:
		return true;
	case AUDIT_VALID:
		return record->not_after > audit->subject->now;
	default:
		return false;
	}
}

size_t audit_leaf(
    const struct audit *audit, const struct record *record, struct findings *findings)
{
	const bool full = is_verified(audit, record);
	MICA_AUTO(issued_clear) struct issued issued = { .inside = NULL };
	const struct audit_issuer *issuer;
	struct err err = ERR_INIT;

	if (issued_read(&record->certificate, &issued, &err) < 0) {
		audit_say(findings, audit, "record-unreadable", record, "%s", err.text);
		return 0;
	}
	audit_fields(audit, record, &issued, findings);
	issuer =
	    full ? audit_signer(audit, record->ca, &issued) : named(audit, record->ca, &issued);
	if (issuer)
		judge_profile(audit, record, &issued, issuer, findings);
	else if (full && named(audit, record->ca, &issued))
		audit_say(findings, audit, "record-signature", record,
		    "the key of CA '%s' did not sign its certificate", record->ca);
	else
		audit_say(findings, audit, "record-issuer", record,
		    "no CA certificate of '%s' that was there before is its issuer",
		    record->ca);
	return issuer && full;
}
