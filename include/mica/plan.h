// SPDX-License-Identifier: Apache-2.0
/*
 * plan: the inventory held against what is: the ledger, the disk and the clock. Pure: facts in, a
 * plan out; it reads nothing itself.
 */
#ifndef MICA_PLAN_H
#define MICA_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/inventory.h>

/* What the ledger says of an entry. */
struct entry_fact {
	bool exists;             /* there is an active certificate */
	int64_t seq;
	int64_t not_before, not_after;
	struct digest definition;
	bool revoked;            /* its newest certificate was revoked */
	const char *other_ca;    /* the CA that issued it, when that is not the issuing one; NULL: it is */
	const char *held;        /* other_ca: why the issuing CA must not issue it yet, since somebody would
	                            not take what it issues; NULL: it may. It holds as long as the certificate
	                            that there is still works. */
	bool request_changed;    /* csr: another public key stands in the request now */
};

/* What lies at one place of delivery: the server's tls/ or a client's directory. */
enum tree_state {
	TREE_GOOD,        /* as the ledger says, ca.pem as it should be */
	TREE_NEVER,       /* nothing was ever delivered there */
	TREE_CA_CHANGED,  /* ca.pem must change (a CA came or went), the rest is good */
	TREE_OLD,         /* holds an older certificate of the entry, or certificate or ca.pem is edited or missing,
	                     or mode or owner are not what they should be;
	                     the key is good if it is that of the active certificate */
	TREE_KEY_LOST,    /* the key file is missing or is not what was delivered */
	TREE_CRL_CHANGED, /* crl.pem must change (something was revoked, it runs out, it is missing or edited, or no
	                     place that is left has the newest one), the rest is good: nothing that Milvus reads */
};

struct tree_fact {
	size_t deployment;  /* index into deployments */
	size_t certificate; /* index into certificates */
	enum tree_state state;
	bool key_good;      /* the key of the active certificate lies there, byte for byte */
	char detail[96];    /* "server.key is missing"; empty: none */
};

/* What the ledger says of the issuing CA's newest CRL. */
struct crl_fact {
	bool exists;
	bool list_changed; /* something was revoked that it does not say */
	int64_t this_update, next_update;
};

/* A CA whose key the issuing one is to certify, and the life of that certificate. */
struct cross_fact {
	const char *ca;
	int64_t not_before, not_after;
};

struct plan_facts {
	const struct entry_fact *entries; /* one for each certificate of the inventory, same order */
	const struct tree_fact *trees;
	size_t n_trees;
	char *const *gone;                /* active entries of the ledger that the inventory no longer has */
	size_t n_gone;
	const struct cross_fact *crosses;
	size_t n_crosses;
	const struct crl_fact *crl;       /* NULL: nothing signs CRLs */
};

enum plan_action {
	PLAN_KEEP,    /* nothing to do */
	PLAN_ISSUE,   /* there is none: new key, new certificate */
	PLAN_ROTATE,  /* due: new key, new certificate */
	PLAN_DELIVER, /* the certificate stays; files are delivered again */
	PLAN_RETIRE,  /* it left the inventory: nothing is issued any more; its files are left where they are */
	PLAN_HOLD,    /* due, and kept until everybody would take what the issuing CA issues */
	PLAN_CERTIFY, /* a CA of the list: the issuing one certifies its key */
};

/* "keep", "issue", "rotate", "deliver", "retire", "hold", "certify" */
const char *plan_action_name(enum plan_action action);

struct plan_item {
	enum plan_action action;
	char *entry;
	size_t certificate; /* index; (size_t)-1 for PLAN_RETIRE and PLAN_CERTIFY */
	char *why;          /* "expires in 20 days", "the key file is missing in out/prod/tls" */
	int64_t due;        /* when it is (or was) to be renewed; 0: not known yet */
	int64_t not_before, not_after; /* of the certificate that would be issued, or that is kept */
	bool cut;           /* not_after was cut to the CA's end */
	bool held;          /* PLAN_HOLD, or PLAN_DELIVER and then the same */
};

/* The issuing CA's CRL: every run that signs ends with one, and one that is due is signed alone. */
struct plan_crl {
	bool signs;          /* one is signed: it is due, or certificates are */
	bool is_due;         /* whatever else is signed */
	char *why;           /* it is due, or until when it is not; NULL: nothing signs CRLs */
	int64_t due;         /* when the one that there is must be followed by another; 0: there is none */
	int64_t next_update; /* of the one that would be signed, or of the one that there is */
};

struct plan {
	struct plan_item *items; /* in the inventory's order; then PLAN_CERTIFY, PLAN_RETIRE last */
	size_t n;
	size_t held;             /* items that are due, and wait */
	struct plan_crl crl;
	size_t changes;          /* items that are not PLAN_KEEP or PLAN_HOLD, and a CRL that is due */
	size_t signatures;       /* how many the token would make, that of the CRL included */
};

struct plan_options {
	int64_t now;          /* or --at */
	int64_t ahead;        /* seconds: also what becomes due within this span */
	int64_t ca_not_before; /* when the issuing CA begins */
	int64_t ca_not_after; /* when the issuing CA ends, or one above it before; 0: not made yet */
	const char *ca_ends_with; /* the subject of that one; NULL: the CA itself */
	const char *only;     /* a deployment's name; NULL: all */
	const char *const *force; /* entries to rotate in any case (mica rotate NAME ...) */
	size_t n_force;
	enum { PLAN_FORCE_NAMED, PLAN_FORCE_ALL } force_mode;
};

int plan_make(const struct inventory *inventory, const struct plan_facts *facts,
    const struct plan_options *options, struct plan **ret, struct err *err) MICA_CHECKED;
void plan_free(struct plan *plan);
MICA_DEFINE_FREEP(struct plan, plan_free)

/* When a CRL is followed by another, whatever is signed till then: a third of its life is left. */
int64_t plan_crl_due(int64_t this_update, int64_t next_update);

/* When a certificate with this life is renewed. */
int64_t plan_due(const struct inv_certificate *certificate, int64_t not_before, int64_t not_after);

#endif
