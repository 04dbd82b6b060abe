// SPDX-License-Identifier: Apache-2.0
/*
 * crl: the CRLs of the CAs: the newest that the ledger has, the one that a run ends with, and
 * the crl.pem that lies beside ca.pem: the newest CRL of every CA of the inventory that has one
 * and is issuing or trusted, PEM, one after another.
 *
 * In the ledger a CRL is a record of kind RECORD_CRL whose entry and ca are the CA's name; its
 * serial is the CRL's number, 20 octets, most significant first; not_before and not_after are
 * thisUpdate and nextUpdate; key is the CA key's digest. Its definition is a digest of
 * everything that the ledger had revoked of this CA, whether it had ended or not, so that it
 * changes only when something is revoked; it is all zero for a CRL that came from outside
 * (anchor.h): such a one is followed at once.
 *
 * Milvus reads no CRL: a crl.pem that changes owes no restart.
 */
#ifndef MICA_ISSUE_CRL_H
#define MICA_ISSUE_CRL_H

#include <mica/crl.h>

#include "issue_private.h"

/* What is known of the CRLs of one CA of the inventory. */
struct ca_crl {
	struct record newest; /* issued, or published as well; seq 0: there is none */
	struct digest
	    revoked;     /* of all that the ledger has revoked: what its definition should be */
	bool file_good;  /* state-dir/NAME.crl is the newest */
	bool signed_now; /* in this run, and not yet published */
};

/* crl.pem as it is to be delivered. */
struct crl_bundle {
	struct buf pem;     /* empty: no CA has a CRL */
	struct digest file; /* of pem */
	struct digest list; /* of what it says, and for which CAs; see struct delivery */
	int64_t due;        /* when another one is to be delivered */
};

struct crls {
	struct ca_crl *of; /* for each CA of the inventory */
	struct crl_bundle bundle;
	struct digest wanted; /* the bundle's list once this run has signed what is due */
};

/* Reads them from the ledger; nothing when it was done before. */
int crlset_read(struct issue *issue, struct err *err) MICA_CHECKED;
void crlset_free(struct issue *issue);

/* Of the issuing CA, for the plan. */
struct crl_fact crlset_fact(const struct issue *issue);

/* Whether a certificate that is in use, of the CRL's CA, ends later than the CRL does. */
bool crlset_is_outlived(const struct issue *issue, const struct record *crl, int64_t now);

/* Warns of the CRLs of CAs that do not issue and so sign nothing by themselves, where one runs
 * out before a certificate of that CA that is in use. */
void crlset_warn(const struct issue *issue, int64_t now);

/* What is wrong with the crl.pem of a place: true, and a few words in its fact. */
bool crlset_judge(const struct issue *issue, struct place *place);

/* crl.pem into a tree, where there is one; what the delivery says of it. */
int crlset_put(
    const struct issue *issue, struct outdir_tree *tree, struct err *err) MICA_CHECKED;
void crlset_note(const struct issue *issue, struct delivery *delivery);

/* --- signing: sign.c has them signed ---------------------------------------------------- */

/* Drafts and lints the CRL of a CA as the ledger stands now, whose head is its anchor. record:
 * ready to be intended, but for its state. */
int crl_prepare(struct issue *issue, size_t ca, struct findings *findings,
    struct approval **ret, struct record *ret_record, struct err *err) MICA_CHECKED;

/* Drafts one and throws it away: what lint has to say is said before anybody logs in. */
int crl_rehearse(struct issue *issue, struct err *err) MICA_CHECKED;

/* It was signed and recorded: takes both. */
void crl_take_signed(struct issue *issue, size_t ca, struct record *record, struct buf *der);

/* --- publishing ------------------------------------------------------------------------- */

/* state-dir/NAME.crl of every CA that signed one in this run, durably. */
int crlset_write(struct issue *issue, struct err *err) MICA_CHECKED;
/* That is recorded. */
int crlset_published(struct issue *issue, size_t *ret_n, struct err *err) MICA_CHECKED;

/* After a crash: what was signed and not published is published now; a file that is gone is
 * written again from the ledger. */
int crlset_reconcile(struct issue *issue, struct err *err) MICA_CHECKED;

/* When all places are judged: one of them is to get the newest crl.pem if none has it any more, for
 * those that had it left the inventory. Else an older state directory would pass for the newest. */
void crlset_keep_outside(struct issue *issue);

char *crl_path(const struct issue *issue, size_t ca); /* state-dir/NAME.crl; free() it */
void crl_serial(int64_t number, uint8_t ret[static 20]);

#endif
