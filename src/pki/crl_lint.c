// SPDX-License-Identifier: Apache-2.0
/*
 * A revocation list is judged as a certificate is: a twin of it, signed by a throw-away key, is
 * taken apart, and the approval holds the twin's bytes.
 */
#include <string.h>

#include <openssl/err.h>

#include "approval_private.h"
#include "crl_draft.h"
#include "crl_private.h"
#include "crl_rules.h"

/* --- judging --- */

void lint_judge_crl(
    const struct lint *lint, const struct crl_case *crl_case, struct findings *findings)
{
	struct judged_crl judged = {
		.list = crl_case->list,
		.issuer = lint_issuer(lint),
		.signature = lint_identifier(lint),
		.now = crl_case->now,
		.anchor_oid = crl_anchor_oid(),
		.findings = findings,
		.where = { .file = crl_case->entry },
	};

	for (size_t i = 0; i < crl_rules_count; i++) {
		judged.rule = &crl_rules[i];
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
