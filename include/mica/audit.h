// SPDX-License-Identifier: Apache-2.0
/*
 * audit: everything that the CA keys ever signed, judged again: the ledger's hash chain; every
 * certificate's bytes, signature and profile against its record; the CRLs and the anchors in
 * them; and what lies outside against what the ledger knows.
 *
 * The same function judges the ledger in a state directory and one that was put together from
 * an evidence file (ledger_import.h): it is given a ledger and the files that lay outside.
 *
 * Whatever is wrong is a finding; ERR_FAILED only when it could not be judged.
 */
#ifndef MICA_AUDIT_H
#define MICA_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/anchor.h>
#include <mica/buf.h>
#include <mica/findings.h>
#include <mica/issue.h>
#include <mica/ledger.h>

/*
 * Whose signatures are verified. Those of CA certificates and CRLs in any case; of leaves, what is left
 * out was verified when it was recorded, and the chain covers its bytes, whose head the CA key signed in
 * the CRLs. Everything else is judged of every record.
 */
enum audit_depth {
	AUDIT_FULL,  /* of every certificate */
	AUDIT_VALID, /* of every certificate that has not expired */
	AUDIT_QUICK, /* of no leaf */
};

/* A file that holds PEM certificates and CRLs: what lies outside. */
struct audit_file {
	char *path;
	struct buf bytes;
	bool telling; /* set by audit_judge(): it holds what no record and no file before it
	                 does */
	size_t place; /* of an issue: where it was delivered to; AUDIT_NO_PLACE: nowhere */
	bool current; /* it lies there now, and is not of an older generation */
};

#define AUDIT_NO_PLACE ((size_t)-1)

void audit_files_free(struct audit_file *files, size_t n);

struct audit_subject {
	struct ledger *ledger;
	const char *where; /* the place in findings: the state directory, or the evidence */
	int64_t now;
	enum audit_depth depth;
	struct buf above; /* PEM: the certificates above intermediate CAs; may be empty */
	struct audit_file *files;
	size_t n_files;
};

/* How many records of a CA are of one kind in one state. */
struct audit_count {
	char *ca;
	enum record_kind kind;
	enum record_state state;
	size_t n, unexpired;
};

enum audit_fit {
	AUDIT_FITS,    /* its anchor lies on the ledger's chain */
	AUDIT_KNOWN,   /* it does not, but the list is a record: a restore was accepted */
	AUDIT_FOREIGN, /* neither: what is outside knows more than the ledger, or another
	                  history */
	AUDIT_BARE,    /* it has no anchor that can be read */
};

/* A CRL outside that one of the CA keys signed. */
struct audit_anchor {
	char *file, *ca;
	int64_t number;
	enum audit_fit fit;
	struct anchor anchor;
};

/* The newest CRL of a CA in the ledger. */
struct audit_list {
	char *ca;
	int64_t number, this_update, next_update;
	int64_t events; /* that its anchor covers; 0: none of this ledger */
	size_t revoked;
};

/* A certificate or a CRL outside that one of the CA keys signed, and that is no record, or a record that
 * was issued and delivered nowhere yet. */
struct audit_unknown {
	enum { AUDIT_CERTIFICATE, AUDIT_CRL } what;
	size_t file; /* of the subject's */
	char *ca;
	struct buf der;
	int64_t since; /* notBefore, or the list's number */
};

/* A CA certificate of the ledger; "g2:cross": one across. */
struct audit_issuer_fact {
	char *name, *subject;
	struct digest fingerprint; /* SHA-256 of der */
	struct digest key;
	struct buf der;
	int64_t not_after;
	bool current; /* the newest of its name that is in use: ledger_current() */
};

struct audit_result {
	struct anchor head;
	struct audit_issuer_fact *cas; /* in the order in which they came into the ledger */
	size_t n_cas;
	struct audit_unknown *unknown; /* in the order of the files */
	size_t n_unknown;
	struct audit_list *lists;
	size_t n_lists;
	struct audit_count *counts; /* by CA as they first signed, then by kind and state */
	size_t n_counts;
	struct audit_anchor *anchors;
	size_t n_anchors;
	size_t records, signatures; /* looked at; verified */
};

void audit_result_clear(struct audit_result *result);

int audit_judge(const struct audit_subject *subject, struct findings *findings,
    struct audit_result *ret, struct err *err) MICA_CHECKED;

/* Holds the CAs of an audit against certificates that somebody has from elsewhere (PEM): each
 * must be one of them, have a certificate for the same key among them, or be signed by one.
 * What is not is an ERROR. */
int audit_trust(const struct audit_result *result, const char *file, const struct buf *pem,
    struct findings *findings, struct err *err) MICA_CHECKED;

/* --- of an issue ------------------------------------------------------------------------ */

/* What there is to be judged: the ledger, the files of the state directory and of every place
 * of delivery, older generations too. It borrows from the issue; ERR_FAILED when there is no
 * ledger. */
int audit_subject_of(
    struct issue *issue, struct audit_subject *ret, struct err *err) MICA_CHECKED;
void audit_subject_clear(struct audit_subject *subject);

/* What was taken over of what is outside. */
struct audit_accepted {
	size_t certificates, crls, revocations;
	size_t unknown_serials; /* that a list revokes, and whose certificates nobody has any
	                           more */
	size_t republished;     /* CRLs written again from the ledger: none lay outside */
	bool host, clock; /* it was another host's, or had events later than now; by the caller,
	                     as opening it accepts them */
	int64_t lost; /* records that the newest anchor counts, and this ledger did not have */
};

/* After a restore that somebody looked into, on an issue opened with LEDGER_ACCEPT and
 * ISSUE_ANCHOR_TOLD: what audit_judge() found outside and unknown becomes records, so that it
 * can be revoked, and lists that were taken over let the ledger pass. What they revoke is
 * revoked here. A kill anywhere leaves what can be repeated: the lists, which are what a ledger
 * is refused by, come last. ERR_REFUSED, and nothing changed, when something is wrong that a
 * restore does not explain. */
int audit_accept(struct issue *issue, const struct audit_subject *subject,
    const struct audit_result *result, struct audit_accepted *ret,
    struct err *err) MICA_CHECKED;

/* ERR_REFUSED when a finding is none that a restore explains. */
int audit_acceptable(const struct findings *findings, struct err *err) MICA_CHECKED;

/* What is delivered against what the ledger says of it: a file that is missing, edited, or
 * readable for others. Where a certificate lies that the ledger does not know, while an anchor
 * says that it is behind, nobody need have changed anything. */
int audit_deliveries(struct issue *issue, const struct audit_subject *subject,
    const struct audit_result *result, struct findings *findings,
    struct err *err) MICA_CHECKED;

#endif
