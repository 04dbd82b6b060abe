// SPDX-License-Identifier: Apache-2.0
/*
 * issue: the gate. Every certificate passes it, whichever verb began: prepare, sign, deliver;
 * and after a crash, reconcile. docs/ISSUANCE.md is the page on it.
 *
 * A verb calls these doors in order and prints what comes back:
 *
 *     plan    issue_open(READ)  issue_plan  issue_draft
 *     apply   issue_open(WRITE) issue_plan  issue_prepare  [login]
 *             issue_sign  issue_deliver  issue_serve
 *             while anything was held: issue_look_again, and from issue_plan on
 *     init    issue_open(READ)  issue_init_begin  issue_init_settle  [login, find the key]
 *             issue_init_check
 *             issue_open(WRITE) issue_init_begin  issue_init_settle  [make the key]
 *             issue_init_finish, or issue_init_request
 *             [store the copy]  issue_init_stored
 *     status  issue_open(READ)  issue_status  [issue_stages]
 *
 * Nothing here hears of PKCS#11: the signer is an argument. What is worth telling on the way
 * (an interrupted run completed, a lifetime cut, a file left alone) goes to the findings that
 * the run was opened with, as notes and warnings; faults of the inventory go there as errors.
 */
#ifndef MICA_ISSUE_H
#define MICA_ISSUE_H

#include <stdbool.h>

#include <mica/approval.h>
#include <mica/ca.h>
#include <mica/clock.h>
#include <mica/crl.h>
#include <mica/findings.h>
#include <mica/inventory.h>
#include <mica/ledger.h>
#include <mica/plan.h>
#include <mica/signer.h>

struct issue;

enum issue_state_dir {
	ISSUE_STATE_MADE,   /* LEDGER_WRITE makes the state directory when it is not there */
	ISSUE_STATE_NEEDED, /* it does not: before init there is nothing to write */
};

enum issue_anchor {
	ISSUE_ANCHOR_HELD, /* a ledger that does not reach what lies outside of it is refused */
	ISSUE_ANCHOR_TOLD, /* it is opened all the same, as it is: nothing that an interrupted run left
	                      is completed; issue_outside_crls() tells how it stands */
};

struct issue_params {
	const char *inventory; /* path of mica.yaml */
	/* LEDGER_READ: changes nothing, takes no lock, makes no state directory */
	enum ledger_mode mode;
	enum issue_state_dir state_dir;
	enum issue_anchor anchor;
	struct ambient ambient;
};

/* Loads the inventory, opens the ledger, reads the CA certificates, checks the files that the
 * inventory names, holds the ledger against the CRLs that lie outside of it: ERR_REFUSED names both
 * heads and the file; in WRITE mode then completes or records what an interrupted run left.
 * findings is kept and written to until issue_close(). */
int issue_open(const struct issue_params *params, struct findings *findings, struct issue **ret,
    struct err *err) MICA_CHECKED;
/* What was staged and not delivered is removed. */
void issue_close(struct issue *issue);
MICA_DEFINE_FREEP(struct issue, issue_close)

const struct inventory *issue_inventory(const struct issue *issue);
const struct ca *issue_ca(
    const struct issue *issue); /* the issuing CA; NULL: init was not run */
/* that of any CA of the inventory; NULL: it has no certificate yet */
const struct ca *issue_ca_of(const struct issue *issue, const struct inv_ca *ca);

/* --- the CRLs that lie outside of the ledger ----------------------------------------------------
 *
 * state-dir/NAME.crl and the crl.pem of every place of delivery, as far as a CA of the inventory signed
 * them, each once. A ledger reaches one whose anchor lies on its chain. One that was taken over after a
 * restore is a record of kind RECORD_CRL with these very bytes, whose definition is all zero: no list of
 * this ledger's. It is let pass, and followed by a new one in the next run that signs.
 */

struct issue_outside_crl {
	char *path;              /* of a file that holds it */
	const struct inv_ca *ca; /* that signed it */
	struct crl *crl;
	bool known;    /* it is a record of the ledger */
	bool anchored; /* it says where the ledger stood */
	struct anchor anchor;
	bool fits;     /* the ledger reaches it, or took it over */
};

/* The array is the issue's. */
const struct issue_outside_crl *issue_outside_crls(const struct issue *issue, size_t *ret_n);

/* Has the CRL of a CA signed, alone: drafted and linted, intended, signed, recorded, published in
 * state-dir/NAME.crl. For init, and for whoever has just revoked something; the signer is of this CA. It
 * is in no place of delivery yet. */
int issue_sign_crl(struct issue *issue, const struct inv_ca *ca, struct signer *signer,
    struct err *err) MICA_CHECKED;

/* The newest crl.pem to every place that was delivered to and has another one; nothing else of them
 * changes, and no restart is owed. ret: how many directories. */
int issue_deliver_crl(struct issue *issue, size_t *ret, struct err *err) MICA_CHECKED;

/* --- plan, apply, rotate ---------------------------------------------------------------- */

struct issue_plan_options {
	int64_t at;               /* 0: now */
	int64_t ahead;            /* seconds */
	const char *only;         /* a deployment; NULL: all */
	const char *const *force; /* entries */
	size_t n_force;
	bool force_all;
};

/* The plan belongs to the issue. ERR_NOT_FOUND names a deployment or entry that is not in the
 * inventory; ERR_FAILED with a hint when the CA has no certificate yet. */
int issue_plan(struct issue *issue, const struct issue_plan_options *options,
    const struct plan **ret, struct err *err) MICA_CHECKED;

/* An outlet or a CSR directory that apply would write, beside the plan's items:
 * "out/prod/user.yaml". */
size_t issue_outlet_changes(const struct issue *issue, const char *const **ret_paths);

/* The commands, for a shell, that bring what was written to Kubernetes, for whoever carries it there;
 * free() each and the array. */
int issue_steps(const struct issue *issue, char ***ret, size_t *ret_n, struct err *err) MICA_CHECKED;

/* Drafts and lints every certificate of the plan with stand-in keys; changes nothing. */
int issue_draft(struct issue *issue, struct err *err) MICA_CHECKED;

/* Makes keys, requests and approvals for the plan, and stages the keys durably. */
int issue_prepare(struct issue *issue, const struct approvals_progress *progress,
    struct err *err) MICA_CHECKED;

/* Commits the intents, has them signed, verified and recorded. With no signature to make it
 * does nothing, and signer may be NULL. */
int issue_sign(struct issue *issue, struct signer *signer,
    const struct approvals_progress *progress, struct err *err) MICA_CHECKED;

/* The CA whose key the plan has the issuing one certify, which the token must be told; NULL: none. */
const struct ca *issue_certifies(const struct issue *issue);

struct issue_done {
	size_t issued, rotated, delivered, retired, certified;
	size_t trees;   /* directories swapped */
	size_t outlets; /* configuration files written */
	size_t crls;    /* CRLs published */
};

/* Completes the generations, swaps them, renders the outlets, records it. */
int issue_deliver(struct issue *issue, struct issue_done *ret, struct err *err) MICA_CHECKED;

/* What is held when a plan is made may be free once the plan was carried out and is served: after
 * issue_serve(), so that issue_plan() looks at the ledger and the disk again. The plan before is gone. */
void issue_look_again(struct issue *issue);

/* --- restarts: Milvus reads its files once, at start -----------------------------------------
 *
 * Before anything changes that a Milvus reads, the ledger notes that it is owed a restart, if the
 * deployment has `restart` or `endpoints`: without them nothing could come of it. The note goes
 * when the restart was seen to be done.
 */

struct restart_row {
	char *deployment;
	char *const *argv; /* of `restart`, the inventory's; NULL: by hand */
	int64_t since;     /* 0: not yet, the plan would owe it */
	char *why;         /* "its certificate and its configuration changed" */
	bool kept;         /* the ledger remembers it */
	bool rolls;        /* in Kubernetes, by what is brought there */
};

struct restarts {
	struct restart_row *rows; /* in the inventory's order */
	size_t n;
};

enum restarts_when {
	RESTARTS_OWED,    /* what is owed now */
	RESTARTS_PLANNED, /* and what the plan would owe, of the deployments it is for */
};

int issue_restarts(struct issue *issue, enum restarts_when when, struct restarts *ret,
    struct err *err) MICA_CHECKED;
void restarts_clear(struct restarts *restarts);

/* Somebody says that what was owed before this run was done. *ret_owed: whether there was any. */
int issue_restarted(
    struct issue *issue, const char *deployment, bool *ret_owed, struct err *err) MICA_CHECKED;

/* What takes its time, told as it begins; each may be NULL. */
struct issue_telling {
	void (*restarting)(void *context, const struct inv_deployment *deployment);
	void (*waiting)(void *context, const struct inv_deployment *deployment);
	void *context;
};

struct issue_served {
	size_t restarted; /* Milvuses */
};

/* Restarts every planned deployment that is owed it and says how, waits until its endpoints serve
 * what was delivered, and probes those of the others that were not yet seen to. A deployment whose
 * endpoints show that it was restarted meanwhile is not restarted again. Seen is an endpoint that
 * presents the certificate, lets the deployment's client in, and refuses whom the mode refuses.
 * ERR_UNSERVED when anything is left to do (the findings say what). Recorded as served is what all
 * deployments that use it serve. telling: may be NULL. ret is filled in with ERR_UNSERVED too. */
int issue_serve(struct issue *issue, const struct issue_telling *telling,
    struct issue_served *ret, struct err *err) MICA_CHECKED;

/* --- init ------------------------------------------------------------------------------- */

enum issue_init_key {
	ISSUE_INIT_NEW,     /* make a key with the id given; it must not exist */
	ISSUE_INIT_RESUMED, /* an interrupted init made, or was about to make, a key with this
	                       id */
};

/* The first CA without a certificate that is not retired, and the CKA_ID for its key; *ret_ca NULL:
 * nothing to do. On a READ issue it tells what init would meet: all can be refused before anything
 * is made. */
int issue_init_begin(struct issue *issue, const struct inv_ca **ret_ca, struct buf *ret_id,
    enum issue_init_key *ret_key, struct err *err) MICA_CHECKED;
/* The same of this CA, which has no certificate. */
int issue_init_begin_with(struct issue *issue, const struct inv_ca *ca, struct buf *ret_id,
    enum issue_init_key *ret_key, struct err *err) MICA_CHECKED;

/* Where the CA's certificate comes from. */
enum issue_init_way {
	ISSUE_INIT_ITSELF,      /* a root signs it itself, or `certificate:` names it */
	ISSUE_INIT_REQUEST,     /* a request for it is made, for the first of `parent:` to sign */
	ISSUE_INIT_CERTIFICATE, /* that one signed it: it is in a file */
};

/* Which of the CA's certificates. */
enum issue_init_turn {
	ISSUE_INIT_FIRST, /* it has none */
	ISSUE_INIT_NEXT,  /* another one for the same key, with the same subject: the one that there is nears
	                     its end. What was issued is good under either. */
};

struct issue_init_options {
	enum issue_init_way way;
	const char *file; /* of the request, to be written; of the certificate: PEM, its chain may
	                     follow; NULL for ISSUE_INIT_ITSELF */
	enum issue_init_turn turn;
};

/* When the CA has its certificate and there is nothing to do: ERR_REFUSED where the one that is
 * brought is another. */
int issue_init_nothing(struct issue *issue, const struct inv_ca *ca,
    const struct issue_init_options *options, struct err *err) MICA_CHECKED;

/* Judges what was begun in this way as far as it can be judged without a token: a certificate that
 * is adopted is held against the inventory and verified up to its root. ERR_REFUSED says what does
 * not fit. On a READ issue and again on a WRITE issue. */
int issue_init_settle(struct issue *issue, const struct inv_ca *ca,
    const struct issue_init_options *options, struct err *err) MICA_CHECKED;

/* Whether a key that is there can be this CA's: the certificate that is adopted must be the
 * key's. */
int issue_init_check(const struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct err *err) MICA_CHECKED;

/* Notes durably that a key with this id is about to be made, so that a crash right after it can
 * be taken up again. Call just before making the key, after seeing that there is none. */
int issue_init_note(struct issue *issue, const struct inv_ca *ca, const struct buf *id,
    struct err *err) MICA_CHECKED;

/* The issuer's DER name, which the token's signer must be told. */
int issue_init_subject(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct buf *ret, struct err *err) MICA_CHECKED;

/* Whether a request for a certificate of this key was made before. */
int issue_init_requested(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    bool *ret_requested, struct err *err) MICA_CHECKED;

struct issue_request {
	struct buf der; /* PKCS#10 CertificationRequest */
	bool again;     /* made by an earlier run: nothing was signed now */
};

/* Passes a request for the CA's certificate through the gate, records it and writes the file that
 * issue_init_settle() was told, PEM. What the inventory and the key have asked for before is given
 * again, byte by byte. Of a file that is there it replaces only a request for the same key. */
int issue_init_request(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct signer *signer, struct issue_request *ret, struct err *err) MICA_CHECKED;

/* Passes the CA's own certificate through the gate, or takes the one that is adopted
 * when it belongs to this key (then signer is not used); records it; writes state-dir/NAME.pem.
 */
int issue_init_finish(struct issue *issue, const struct inv_ca *ca, const struct buf *spki,
    struct signer *signer, struct buf *ret_der, struct err *err) MICA_CHECKED;

/* --- the key and people ----------------------------------------------------------------- */

enum issue_key_pin {
	ISSUE_KEY_PIN_ONCE, /* one login is enough for a run, or no run has seen the key yet */
	ISSUE_KEY_PIN_EACH, /* CKA_ALWAYS_AUTHENTICATE: the PIN for each signature */
};

/* What the runs before have seen of a CA's key, which a token shows to nobody who is not logged in. */
int issue_key_pin(struct issue *issue, const struct inv_ca *ca, enum issue_key_pin *ret,
    struct err *err) MICA_CHECKED;
/* Notes durably what this run sees. WRITE mode. */
int issue_key_pin_note(struct issue *issue, const struct inv_ca *ca, enum issue_key_pin seen,
    struct err *err) MICA_CHECKED;

/* Whether the token may be without its copy of the CA's certificate, since init has not come to
 * issue_init_stored(): it died, or the token was lost. The CA has its certificate. */
int issue_init_unstored(
    struct issue *issue, const struct inv_ca *ca, bool *ret, struct err *err) MICA_CHECKED;
/* It has one, or cannot have one. */
int issue_init_stored(struct issue *issue, const struct inv_ca *ca, struct err *err) MICA_CHECKED;

/* --- status ----------------------------------------------------------------------------- */

struct status_row {
	char *entry;
	enum record_kind kind;
	bool exists; /* false: not issued yet; then only entry, kind and why hold */
	uint8_t serial[20];
	enum record_state state; /* issued, delivered, served */
	int64_t not_before, not_after, due;
	enum plan_action action; /* what apply would do now */
	char *why;
	const char *ca_state; /* "issuing", "trusted", "retired"; NULL: it is no CA's */
	char **where; /* directories it is delivered to; NULL-terminated */
	bool awaited; /* delivered, and some endpoint has not presented it yet */
	bool owed;    /* some Milvus that serves it is owed a restart */
	bool revoked; /* its newest certificate was, so there is none */
};

/* One CA, beside its row. */
struct status_ca {
	const struct inv_ca *inv;
	int64_t ends; /* its certificate, or one above it before; 0: it has none yet */
	bool has_crl; /* the newest that the ledger knows: */
	int64_t this_update, next_update;
	int64_t crl_due; /* a third of its life is left */
	bool crl_needed; /* the CA issues, or a certificate of it that is in use ends later than the CRL */
};

struct status {
	struct status_row *rows; /* the CAs first, then the inventory's order */
	size_t n;
	struct status_ca *cas; /* in the inventory's order */
	size_t n_cas;
	char **retired; /* entries that left the inventory, and that apply would retire */
	size_t n_retired;
	size_t due;    /* all that apply, or init, would do now: of these rows, retirements, a CRL,
	                  configuration files */
	bool ca_ends;  /* something is due and is not renewed, because the CA ends when it does */
	char *crl_why; /* why a CRL is to be signed now; NULL: it is not */
	struct restarts restarts; /* that are owed */
	int64_t first_outage; /* without the token from now on; 0: none known */
	char *first_outage_entry;
	char *first_outage_deployment;
};

int issue_status(struct issue *issue, struct status *ret, struct err *err) MICA_CHECKED;
void status_clear(struct status *status);

/* How far a certificate has come at one place, for whoever watches when it ends. */
struct stage {
	const char *entry, *deployment; /* the inventory's; deployment "": no deployment uses it */
	enum record_kind kind;
	enum record_state state; /* ISSUED: the newest there is; DELIVERED: what lies there; SERVED: what
	                            every endpoint presented last */
	char *ca;                /* that signed it */
	int64_t not_after;
};

/* In the inventory's order of deployments, then those without one; three for each at most. After
 * issue_status(). */
int issue_stages(
    struct issue *issue, struct stage **ret, size_t *ret_n, struct err *err) MICA_CHECKED;
void stages_free(struct stage *stages, size_t n);

#endif
