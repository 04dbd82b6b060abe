// SPDX-License-Identifier: Apache-2.0
/*
 * Files that lie outside the ledger: every CRL in them that one of the CA keys signed must be
 * anchored on the ledger's chain, every certificate must be a record.
 */
#include "audit_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <mica/chain.h>

static const char restore[] =
    "after a restore: mica audit --accept-restore (docs/backup.md); if there was "
    "none, somebody else signs with this key";

/* Files that are the same byte by byte, as most of what is delivered to many places is, are
 * judged once. */
struct seen {
	struct digest *digests;
	size_t n, cap;
};

static bool seen_before(struct seen *seen, const struct buf *bytes)
{
	const struct digest digest = digest_of(bytes->data, bytes->len);

	for (size_t i = 0; i < seen->n; i++) {
		if (memcmp(&seen->digests[i], &digest, sizeof(digest)) == 0)
			return true;
	}
	seen->digests =
	    mem_grow(seen->digests, &seen->cap, seen->n + 1, sizeof(*seen->digests));
	seen->digests[seen->n++] = digest;
	return false;
}

static void add_unknown(
    struct audit *audit, const struct audit_file *file, const struct audit_unknown *unknown)
{
	struct audit_result *result = audit->result;
	size_t cap = result->n_unknown;

	result->unknown =
	    mem_grow(result->unknown, &cap, result->n_unknown + 1, sizeof(*unknown));
	result->unknown[result->n_unknown] = *unknown;
	result->unknown[result->n_unknown++].file = (size_t)(file - audit->subject->files);
}

static bool holds(const struct buf *bytes, const char *label)
{
	return memmem(bytes->data, bytes->len, label, strlen(label)) != NULL;
}

/* --- CRLs --------------------------------------------------------------------------- */

/* Its place on the chain, or why it has none. */
static enum audit_fit fit_of(struct audit *audit, const struct audit_file *file,
    const struct crl *crl, enum audit_knowledge known, struct anchor *ret)
{
	struct err why = ERR_INIT;

	if (!crl_anchor(crl, ret)) {
		audit_tell(audit, FINDING_ERROR, "crl-anchor", file->path, NULL,
		    "this CRL has no anchor of the ledger that can be read");
		return AUDIT_BARE;
	}
	if (ledger_check_anchor(audit->subject->ledger, ret, &why) == 0) {
		if (known == AUDIT_IS_NONE)
			audit_tell(audit, FINDING_ERROR, "unknown-signature", file->path,
			    restore,
			    "CRL %" PRId64 " was signed by the CA key, and the ledger does not "
			    "know it",
			    crl_number(crl));
		return known == AUDIT_IS_NONE ? AUDIT_FOREIGN : AUDIT_FITS;
	}
	if (known == AUDIT_IS_ADOPTED)
		return AUDIT_KNOWN;
	audit_tell(audit, FINDING_ERROR, "anchor", file->path, why.hint[0] ? why.hint : NULL,
	    "%s", why.text);
	return AUDIT_FOREIGN;
}

static int judge_list(
    struct audit *audit, const struct audit_file *file, const struct crl *crl, struct err *err)
{
	const struct audit_issuer *issuer = audit_crl_signer(audit, crl);
	struct audit_result *result = audit->result;
	size_t cap = result->n_anchors;
	struct audit_anchor anchor = { .number = crl_number(crl) };
	enum audit_knowledge known = AUDIT_IS_NONE;

	if (!issuer) /* somebody else's */
		return 0;
	if (audit_crl_known(audit, crl, &known, err) < 0)
		return -1;
	anchor.fit = fit_of(audit, file, crl, known, &anchor.anchor);
	if (known == AUDIT_IS_NONE) {
		struct audit_unknown unknown = { .what = AUDIT_CRL, .since = crl_number(crl) };

		unknown.ca = mem_strdup(issuer->name);
		buf_add(&unknown.der, crl_der(crl)->data, crl_der(crl)->len);
		add_unknown(audit, file, &unknown);
	}
	anchor.file = mem_strdup(file->path);
	anchor.ca = mem_strdup(issuer->name);
	result->anchors =
	    mem_grow(result->anchors, &cap, result->n_anchors + 1, sizeof(anchor));
	result->anchors[result->n_anchors++] = anchor;
	return 0;
}

static int judge_lists(struct audit *audit, const struct audit_file *file, struct err *err)
{
	struct crl **lists = NULL;
	struct err why = ERR_INIT;
	size_t n = 0;
	int status = 0;

	if (crl_read(file->path, &file->bytes, &lists, &n, &why) < 0) {
		audit_tell(
		    audit, FINDING_ERROR, "file-unreadable", file->path, NULL, "%s", why.text);
		return 0;
	}
	for (size_t i = 0; status == 0 && i < n; i++)
		status = judge_list(audit, file, lists[i], err);
	crls_free(lists, n);
	return status;
}

/* --- certificates ------------------------------------------------------------------- */

struct whether {
	bool known; /* it is a record */
	bool fresh; /* of a leaf that is issued and, as the ledger has it, nowhere yet */
	bool taken; /* under its serial there is another */
};

static int find_record(struct audit *audit, const struct issued *issued, const struct buf *der,
    struct whether *ret, struct err *err)
{
	for (size_t i = 0; i < audit->n_issuers && !ret->known; i++) {
		MICA_AUTO(record_clear) struct record record = { 0 };
		bool found = false;

		if (!issued_names(issued, audit->issuers[i].ca))
			continue;
		if (ledger_by_serial(audit->subject->ledger, audit->issuers[i].name,
		        issued->serial, &record, &found, err) < 0)
			return -1;
		ret->known = found && buf_same(&record.certificate, der->data, der->len);
		ret->fresh =
		    ret->known && record.state == RECORD_ISSUED && record.kind != RECORD_CA;
		ret->taken |= found;
	}
	return 0;
}

static const struct audit_issuer *signer(const struct audit *audit, const struct issued *issued)
{
	for (size_t i = 0; i < audit->n_issuers; i++) {
		if (issued_names(issued, audit->issuers[i].ca) &&
		    issued_signed_by(issued, audit->issuers[i].ca))
			return &audit->issuers[i];
	}
	return NULL;
}

static void note_unknown(struct audit *audit, const struct audit_file *file,
    const struct buf *der, const struct audit_issuer *issuer, int64_t since)
{
	struct audit_unknown unknown = { .what = AUDIT_CERTIFICATE, .since = since };

	unknown.ca = mem_strdup(issuer->name);
	buf_add(&unknown.der, der->data, der->len);
	add_unknown(audit, file, &unknown);
}

static int judge_certificate(
    struct audit *audit, struct audit_file *file, const struct buf *der, struct err *err)
{
	MICA_AUTO(issued_clear) struct issued issued = { .inside = NULL };
	const struct audit_issuer *issuer;
	struct err ignored = ERR_INIT; /* what mica cannot read it did not issue */
	BUF_AUTO serial = BUF_INIT;
	struct whether whether = { .known = false };

	if (issued_read(der, &issued, &ignored) < 0)
		return 0;
	if (find_record(audit, &issued, der, &whether, err) < 0)
		return -1;
	issuer = whether.known && !whether.fresh ? NULL : signer(audit, &issued);
	if (!issuer)
		return 0;
	if (whether.fresh) { /* an acceptance that was killed may have to go on with it */
		note_unknown(audit, file, der, issuer, issued.not_before);
		return 0;
	}
	buf_addhex(&serial, issued.serial, sizeof(issued.serial));
	file->telling = true;
	note_unknown(audit, file, der, issuer, issued.not_before);
	audit_tell(audit, FINDING_ERROR, "unknown-signature", file->path, restore,
	    "the key of CA '%s' signed a certificate with serial %s, and the ledger %s",
	    issuer->name, buf_text(&serial),
	    whether.taken ? "knows another one with this serial" : "does not know it");
	return 0;
}

static int judge_certificates(struct audit *audit, struct audit_file *file, struct err *err)
{
	struct buf *ders = NULL;
	struct err why = ERR_INIT;
	size_t n = 0;
	int status = 0;

	if (chain_read_ders(file->path, &file->bytes, &ders, &n, &why) < 0) {
		audit_tell(
		    audit, FINDING_ERROR, "file-unreadable", file->path, NULL, "%s", why.text);
		return 0;
	}
	for (size_t i = 0; status == 0 && i < n; i++)
		status = judge_certificate(audit, file, &ders[i], err);
	chain_free_ders(ders, n);
	return status;
}

/* --- all of them -------------------------------------------------------------------- */

static bool published(const struct audit_result *result)
{
	for (size_t i = 0; i < result->n_counts; i++) {
		const struct audit_count *count = &result->counts[i];

		if (count->kind == RECORD_CRL &&
		    (count->state == RECORD_DELIVERED || count->state == RECORD_SUPERSEDED))
			return true;
	}
	return false;
}

int audit_outside(struct audit *audit, struct err *err)
{
	const struct audit_subject *subject = audit->subject;
	struct seen seen = { NULL, 0, 0 };
	int status = 0;

	for (size_t i = 0; status == 0 && i < subject->n_files; i++) {
		struct audit_file *file = &subject->files[i];
		const size_t anchors = audit->result->n_anchors;

		if (holds(&file->bytes, "-----BEGIN X509 CRL-----") &&
		    !seen_before(&seen, &file->bytes))
			status = judge_lists(audit, file, err);
		file->telling = audit->result->n_anchors > anchors;
		if (status == 0 && holds(&file->bytes, "-----BEGIN CERTIFICATE-----"))
			status = judge_certificates(audit, file, err);
	}
	free(seen.digests);
	if (status == 0 && audit->result->n_anchors == 0 && published(audit->result))
		audit_tell(audit, FINDING_ERROR, "anchor-missing", subject->where,
		    "bring back one of the crl.pem that were delivered",
		    "the ledger knows of CRLs that lay outside, and none is there any more to "
		    "hold it against");
	return status;
}
