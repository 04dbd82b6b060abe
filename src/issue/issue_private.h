// SPDX-License-Identifier: Apache-2.0
/*
 * What one run knows. open.c makes it, facts.c and planning.c fill in what is and what is due,
 * prepare.c, sign.c and deliver.c carry it out, in this order.
 */
#ifndef MICA_ISSUE_PRIVATE_H
#define MICA_ISSUE_PRIVATE_H

#include <mica/file.h>
#include <mica/issue.h>
#include <mica/lint.h>
#include <mica/milvus.h>
#include <mica/outdir.h>

#define NO_PLACE ((size_t)-1)

/* A file as it was read; when it is replaced, it has another one. */
struct file_id {
	bool there;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
	struct digest digest;
};

/* One directory of delivery: a deployment's tls/, or the directory of one of its clients. */
struct place {
	size_t deployment, certificate;
	size_t next; /* the certificate's next place, or NO_PLACE */
	char *dir;   /* "out/prod/tls" */
	const char *cert_name, *key_name;
	struct tree_fact fact;
	struct delivery delivery; /* what the ledger says lies there */
	bool delivered;           /* the ledger says something */
	struct outdir_tree *tree; /* staged in this run; the batch's */
	struct digest key_file;   /* of the key that was staged */
	struct file_id crl;       /* its crl.pem; see anchor.h */
};

/* One CA of the inventory. */
struct issuer {
	const struct inv_ca *inv;
	struct ca *ca;       /* NULL: it has no certificate yet */
	struct chain *chain; /* above it, until it has a certificate and takes it; NULL: none, or
	                        taken */
	struct ca *given;    /* a certificate that init is to adopt; NULL: none */
	char *given_file;
	bool renews;    /* init makes another certificate for the key that it has */
	bool had_cross; /* the ledger has a cross-certificate of it, be it over */
};

/* The CA whose key this run certifies; see cross.h. */
struct cross {
	struct issuer *of; /* NULL: none */
	int64_t not_before, not_after;
	uint8_t serial[SERIAL_LEN];
	struct approval *approval;
};

/* One certificate to be made. */
struct job {
	const struct inv_certificate *certificate;
	size_t index; /* of the certificate */
	struct draft_spec spec;
	struct buf spki, key_pem, csr_pem, der;
	struct approval *approval;
	struct findings findings; /* its own: jobs are prepared side by side */
	int64_t seq;
};

/* One configuration file that is not as it should be. */
struct outlet_change {
	size_t deployment;
	const char *outlet; /* whose it is: a name that milvus_outlets() gives */
	char
	    *file; /* its name in the directory; beside the usual one when that is not mica's */
	char *path;
	struct file_rights rights;
	bool of_delivery; /* it follows from what lies in tls/ */
	bool awaits;      /* which is made in this run: it has no text before it is delivered */
	struct buf text;
};

/* A record of an entry of the inventory that was active when the run began. */
struct older {
	size_t certificate;
	int64_t seq;
};

struct issue {
	struct inventory *inventory;
	struct ledger *ledger; /* NULL: READ mode and none there */
	enum ledger_mode mode;
	struct ambient ambient;
	struct findings *findings;

	struct issuer *cas;  /* in the inventory's order */
	const struct ca *ca; /* the issuing one's, borrowed; NULL: it has no certificate yet */
	char *request_file;  /* where init is to write the CA's request; NULL: nowhere */
	struct buf trust;    /* what `trust` names */
	struct buf let_in;   /* a server's ca.pem: whose clients it lets in */
	struct buf trusted;  /* a client's ca.pem: up to the root */

	enum issue_anchor anchor;
	struct outside *outside; /* see anchor.h */
	struct crls *crls;       /* see crl.h; NULL: not read yet, or there is no ledger */
	struct lint *lint;       /* for CRLs of lint_ca; NULL: not needed yet */
	const struct ca *lint_ca;

	struct buf *requests;   /* for each certificate: SPKI of its csr:, or empty */
	struct record *current; /* for each certificate: its active record, seq 0: none */
	struct entry_fact *entries;
	size_t *first_place; /* for each certificate, or NO_PLACE */
	struct place *places;
	size_t n_places;
	char **gone;
	int64_t *gone_seqs;
	size_t n_gone, cap_gone;
	struct older *older;
	size_t n_older, cap_older;
	char **held; /* why entries are held; the facts borrow it */
	size_t n_held, cap_held;
	bool *goes_on; /* for each certificate: held until this very run has delivered ca.pem */
	char **dropped; /* CAs of the ledger that have left the inventory */
	size_t n_dropped, cap_dropped;
	bool facts_known;
	int64_t at;      /* the time of the plan: --at; 0: now */
	int64_t horizon; /* what is due until then is planned for: --at, --ahead; 0: now */

	struct plan *plan;
	char *only; /* the deployment that was planned for; NULL: all */
	struct plan_item *
	    *item_of; /* for each certificate: its item, or NULL when not planned */
	struct outlet_change *outlets;
	char **outlet_paths;
	size_t n_outlets, cap_outlets;

	struct job *jobs;
	size_t n_jobs;
	struct cross cross;
	struct outdir_batch *batch;
	char *generation;
	bool undelivered; /* signed in this run, and not yet delivered */
	bool *owed_now;   /* for each deployment: this run changed what its Milvus reads */
};

/* facts.c: entries, places and gone, from the ledger and the disk */
int issue_gather_facts(struct issue *issue, struct err *err) MICA_CHECKED;
/* so that they are gathered again */
void issue_forget_facts(struct issue *issue);
/* the certificate file of a place as it should be: the leaf, then the chain of the CA that
 * issued it, by its name */
void issue_certificate_text(
    const struct issue *issue, const char *ca, const struct buf *der, struct buf *ret);
bool issue_takes_request(const struct inv_certificate *certificate);
enum record_kind issue_kind(const struct inv_certificate *certificate);

/* chain.c: what stands above the CAs, and what is trusted because of them */
void issue_blame(
    struct issue *issue, const char *rule, const struct mark *mark, const struct err *err);
/* faults go to the findings */
void issue_read_chain(struct issue *issue);
/* that of one CA; its certificate, when it has one, takes its place below the chain */
void issue_read_chain_of(struct issue *issue, struct issuer *issuer);
/* the chain alone, for another certificate of the same CA */
void issue_read_parents(struct issue *issue, struct issuer *issuer);
void issue_fill_trust(struct issue *issue);
/* the files of trust in a place, as they should be: ca.pem, and, beside a server whose CA is no
 * root, trust.pem, what a client without a directory of its own trusts; NULL: there is none */
const struct buf *issue_ca_file(const struct issue *issue, const struct place *place);
const struct buf *issue_trust_file(const struct issue *issue, const struct place *place);
/* of both, as deliveries record it */
struct digest issue_trust_digest(const struct buf *ca_file, const struct buf *trust_file);
int issue_put_trust(const struct issue *issue, const struct place *place,
    struct outdir_tree *tree, struct err *err) MICA_CHECKED;

/* job.c */
int issue_make_jobs(struct issue *issue, struct err *err) MICA_CHECKED;
void issue_free_jobs(struct issue *issue);
void issue_tell_lint(struct issue *issue);
/* the draft's names, times and serial; the caller has set spki */
int issue_specify(struct issue *issue, struct job *job, const struct plan_item *item,
    struct err *err) MICA_CHECKED;

/* carried.c: the files of a server's directory that outlets of Kubernetes carry */
struct carried {
	struct buf certificate, key, ca;
	bool known;
};
void carried_clear(struct carried *carried);
/* whether the server's certificate is made anew in this run */
bool issue_renews(const struct issue *issue, size_t deployment);
/* as they will be unless it is renewed; not known where the key lies nowhere */
void issue_expect_carried(const struct issue *issue, size_t deployment, struct carried *ret);
/* as they lie there */
int issue_read_carried(const struct issue *issue, size_t deployment, struct carried *ret,
    struct err *err) MICA_CHECKED;

/* outlets.c, outlets_write.c */
enum { ISSUE_MOST_OUTLET = 64 << 20 }; /* clients.md has half a kilobyte for each client */
int issue_render_outlets(struct issue *issue, const char *only, struct err *err) MICA_CHECKED;
/* renders what awaited the delivery */
int issue_complete_outlets(struct issue *issue, struct err *err) MICA_CHECKED;
int issue_write_outlets(struct issue *issue, size_t *ret_written, struct err *err) MICA_CHECKED;
void issue_free_outlets(struct issue *issue);

/* prepare.c: a batch with a generation name of its own */
int issue_begin_batch(struct issue *issue, struct err *err) MICA_CHECKED;
int issue_stage_place(struct issue *issue, struct place *place, struct err *err) MICA_CHECKED;
/* modes and owner of what is delivered there */
struct outdir_rights issue_rights(const struct issue *issue, const struct place *place);

/* deliver.c: whether two places may have one file between them */
bool issue_may_share(
    const struct issue *issue, const struct place *place, const struct place *other);
/* old generations of the places that this run swapped */
void issue_tidy(struct issue *issue);

/* requests.c. fresh: for each certificate, its new request as PEM, or NULL: it is carried over
 */
int issue_stage_requests(struct issue *issue, size_t deployment, const struct buf *const *fresh,
    struct err *err) MICA_CHECKED;
char *issue_requests_dir(const struct issue *issue, size_t deployment); /* free() it */

/* reconcile.c: what an interrupted run left */
int issue_reconcile(struct issue *issue, struct err *err) MICA_CHECKED;

/* init.c: the certificates of the CAs */
int issue_read_cas(struct issue *issue, struct err *err) MICA_CHECKED;
/* state-dir/NAME.pem of those that have one, where it is not as it should be */
int issue_restore_cas(struct issue *issue, struct err *err) MICA_CHECKED;
/* what a record of this CA's own has in common, ready for its bytes; see request.c */
void issue_fill_own(struct record *record, const struct issue *issue, const struct inv_ca *ca,
    const char *entry, const struct buf *spki);
/* of the inventory's CAs; NULL: none is called that */
struct issuer *issue_issuer(const struct issue *issue, const char *name);
/* the one of this inventory's CAs */
struct issuer *issue_issuer_of(const struct issue *issue, const struct inv_ca *ca);

/* adopt.c: certificates that somebody else signed */
void issue_read_adopted(struct issue *issue);

/* where a run that renewed a CA's certificate died: the older ones are history */
int issue_end_renewed(struct issue *issue, struct err *err) MICA_CHECKED;
/* every issued record of this entry of a CA's own but one; keep 0: that one as well */
int issue_supersede_own(
    struct issue *issue, const char *entry, int64_t keep, struct err *err) MICA_CHECKED;

/* request.c: the CAs' own certification requests: once its certificate is there it is history */
int issue_end_requests(struct issue *issue, struct err *err) MICA_CHECKED;
/* A file that is in the way must be a request; for this key, when spki is given. */
int issue_judge_request_file(
    const struct issue *issue, const struct buf *spki, struct err *err) MICA_CHECKED;

#endif
