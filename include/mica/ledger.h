// SPDX-License-Identifier: Apache-2.0
/*
 * ledger: the durable record of every certificate the CA key ever signed, or was about to sign, and of
 * what was delivered where. state-dir/ledger.db, SQLite: WAL, synchronous=FULL, so every
 * function that writes is one transaction and is on disk when it returns. At rest nothing lies beside
 * the file: a copy of it, made while no mica works, is a backup.
 *
 * A certificate is a blob with a serial here; nothing is parsed, but for one rule: a certificate holds
 * the TBS bytes that were intended. Records are never deleted, and nothing of them changes but their
 * state (see record_state). Each change of a state appends an event, and the events form a chain:
 *
 *     hash(0) = SHA-256("mica ledger 1")
 *     hash(n) = SHA-256(hash(n-1) || seq record at state detail)      columns of the table event
 *     detail  = SHA-256(seq entry kind ca serial tbs_sha256 definition key_sha256
 *                       created not_before not_after)                 of the record: "intended"
 *             = SHA-256(certificate)                                  "issued"
 *             = SHA-256(note)                                         "revoked"
 *             = 32 zero bytes                                         every other state
 *
 * The note of a revocation is "keyCompromise 2026-11-22T08:37:00Z", its reason and its date (empty, with
 * 32 zero bytes, in an event that a program before schema version 2 wrote).
 *
 * Each column is encoded as its length, four bytes, then its bytes; an integer has eight; most
 * significant byte first. meta's ".head" is the newest seq, eight bytes, and its hash. Only this head is
 * checked at open; ledger_verify() walks it all. What is so now (deliveries, outlets, notes) is
 * not part of the chain.
 *
 * A state directory belongs to one host and one writer: opening for writing takes a lock (flock on
 * state-dir/lock), and ERR_BUSY names the holder. Readers need none, and see the ledger as it was
 * when they opened it. The host's identity (of /etc/machine-id) is noted in state-dir/host when the
 * ledger is made, and another host is refused.
 *
 * A ledger is for one thread at a time.
 */
#ifndef MICA_LEDGER_H
#define MICA_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/anchor.h>
#include <mica/buf.h>
#include <mica/digest.h>
#include <mica/err.h>
#include <mica/findings.h>
#include <mica/revocation.h>

struct ledger;

enum record_kind { RECORD_CA, RECORD_SERVER, RECORD_CLIENT, RECORD_CRL };

/*
 * The life of a record. What is active: intended, issued, delivered, served. Nothing leads back:
 *
 *     intended -> issued -> delivered -> served -> superseded -> revoked
 *
 * where any step may be left out once it is issued. Intended or issued may be abandoned, and every one of
 * them revoked. Any other change is ERR_FAILED, and its whole batch with it.
 */
enum record_state {
	RECORD_INTENDED,   /* committed before the token was asked */
	RECORD_ISSUED,     /* signed, verified; the certificate is here */
	RECORD_DELIVERED,  /* every deployment of its entry has it */
	RECORD_SERVED,     /* every endpoint presented it */
	RECORD_SUPERSEDED, /* a newer one was delivered, or its entry left the inventory */
	RECORD_REVOKED,
	RECORD_ABANDONED,  /* by a run that died: it may have been signed, it was never given out */
};

const char *record_kind_name(enum record_kind kind);   /* "ca", "server", "client", "crl" */
const char *record_state_name(enum record_state state); /* "intended", ... */

struct record {
	int64_t seq;              /* given by ledger_intend(), from 1 */
	char *entry;              /* name in the inventory: a certificate's, or a CA's for RECORD_CA; NAME:request
	                             for the PKCS#10 request that CA NAME made for its own certificate */
	enum record_kind kind;
	char *ca;                 /* name of the CA that signs */
	uint8_t serial[20];       /* unique for each CA */
	enum record_state state;
	struct digest definition; /* of what the inventory asked for: a change means it is due */
	struct digest key;        /* SHA-256 of the key's SubjectPublicKeyInfo */
	int64_t created, not_before, not_after;
	struct digest tbs_sha256; /* of tbs; set by the ledger */
	struct buf tbs;           /* the bytes to be signed, exactly */
	struct buf certificate;   /* DER; empty until issued */
};

void record_clear(struct record *record);
void records_free(struct record *records, size_t n); /* clears each, then frees the array */

/* One tree of files that was delivered for an entry of a deployment. */
struct delivery {
	char *deployment, *entry;
	int64_t seq;              /* of the record that is delivered there */
	char *generation;         /* name of the generation directory */
	struct digest key_file;   /* SHA-256 of the key's file (a key has 256 bits of entropy or more,
	                             so its digest gives nothing away); all zero: no key delivered */
	struct digest ca_file;    /* SHA-256 of the ca.pem that lies there */
	struct digest crl_file;   /* SHA-256 of the crl.pem that lies there; all zero: none was delivered */
	struct digest crl_list;   /* of what it revokes, and for which CAs: another one must be delivered */
	int64_t crl_due;          /* when a newer one is to be delivered in any case */
};

void delivery_clear(struct delivery *delivery);

enum ledger_mode {
	LEDGER_READ,
	LEDGER_WRITE,
	LEDGER_ACCEPT, /* as WRITE, but this host and this clock are taken as they are */
	LEDGER_AUDIT,  /* as READ, of a ledger that READ would refuse: ledger_audit() says why */
};

/*
 * READ: ERR_NOT_FOUND when there is none. WRITE: made when there is none (the directory too, 0700), and
 * removed again by ledger_close() when nothing was recorded in it.
 * ERR_REFUSED: a file that is no ledger, or damaged; a schema newer than this program; another host; a
 * head that does not fit the chain; events later than now (a clock that went backwards);
 * a directory where anybody may write; and a ledger that is gone while other files of a state directory
 * are still there (a CA's *.pem, host, ledger.db-wal): a lost ledger stops, it never issues all anew.
 *
 * now: every event of this ledger has this time.
 *
 * WRITE brings a ledger of an older schema to this one, READ does so in a copy of its own (unlinked, in
 * TMPDIR when it is large). The upgrade is made and verified in a copy beside the ledger, "..ledger.db.new",
 * which then replaces what is in it by one transaction: so a kill, a crash or a full disk leaves the old
 * one or the new one, and readers go on with what they see. ERR_FAILED when it does not verify, or has no
 * room: the old one is untouched.
 *
 * ACCEPT is for a restore that somebody looked into. Another host's state directory becomes this one's,
 * durably, when it returns. A clock before the ledger's last event is taken: from then on events have the
 * time of that last event until the clock has come past it, so that times never go backwards in the chain,
 * and it is this clock, as of the last change, that may not go backwards any more. (What has a time of
 * its own, a record or a revocation, has the clock's.) ledger_told() says what was accepted. All else is
 * refused as ever.
 *
 * AUDIT: another host, a head that does not fit and a clock that went backwards are findings of
 * ledger_audit(); a file that is no ledger, damaged beyond reading, or newer than this program is refused.
 */
int ledger_open(const char *state_dir, enum ledger_mode mode, int64_t now, struct ledger **ret,
    struct err *err) MICA_CHECKED;
void ledger_close(struct ledger *ledger);
MICA_DEFINE_FREEP(struct ledger, ledger_close)

/* --- writing; each is one transaction ------------------------------------------------------- */

/*
 * Appends records in state INTENDED and sets their seq. ERR_EXISTS for a serial that this CA used.
 * ERR_REFUSED, naming the records: one of this entry and kind is intended already; or, for a server's or
 * client's, the entry has two active certificates of which one lies in no deployment. So a rotation's
 * overlap is what it needs, the old ones where they lie and the new one, and never a third on its way.
 */
int ledger_intend(struct ledger *ledger, struct record *records, size_t n, struct err *err) MICA_CHECKED;

/* INTENDED to ISSUED, with the certificates (DER), in the same order. ERR_FAILED when one does not hold
 * its record's TBS. */
int ledger_issued(struct ledger *ledger, const int64_t *seqs, const struct buf *certificates,
    size_t n, struct err *err) MICA_CHECKED;

/* Both at once, for a certificate or a CRL that was signed elsewhere, or by a ledger that is lost: a run
 * that dies leaves no intent behind, whose serial could not be used again. It is a fact, so the entry may
 * have any number of others. Sets the record's seq. */
int ledger_adopted(struct ledger *ledger, struct record *record, const struct buf *certificate,
    struct err *err) MICA_CHECKED;

/* Replaces the deliveries by (deployment, entry), moves every record they name to DELIVERED when it was
 * ISSUED, and older certificates of the same entry that were issued and that no delivery names any more
 * to SUPERSEDED. A record that was never issued cannot be delivered. */
int ledger_delivered(struct ledger *ledger, const struct delivery *deliveries, size_t n,
    struct err *err) MICA_CHECKED;

/* Any other change: SERVED, SUPERSEDED, ABANDONED. A record already in that state is left;
 * when all are, nothing is written. */
int ledger_move(struct ledger *ledger, const int64_t *seqs, size_t n, enum record_state state,
    struct err *err) MICA_CHECKED;

/* An outlet's file that mica wrote, by deployment and file name. */
struct outlet_note {
	const char *deployment, *file;
	struct digest digest;
};

int ledger_note_outlets(struct ledger *ledger, const struct outlet_note *notes, size_t n,
    struct err *err) MICA_CHECKED;

/* A small named value (meta data such as an interrupted init); value NULL deletes. A name that begins
 * with a dot is the ledger's own. */
int ledger_note(struct ledger *ledger, const char *name, const struct buf *value, struct err *err) MICA_CHECKED;

/* To REVOKED, with the reason, which the chain covers. ERR_EXISTS when one of them is revoked already. */
int ledger_revoke(struct ledger *ledger, const int64_t *seqs, size_t n, enum revocation_reason reason,
    struct err *err) MICA_CHECKED;

/* A CRL (RECORD_CRL, entry and ca the CA's name, serial its number, not_before thisUpdate, not_after
 * nextUpdate) lies outside now: ISSUED to DELIVERED, those of its CA with lower numbers to SUPERSEDED.
 * ERR_NOT_FOUND: no record of a CRL. */
int ledger_published(struct ledger *ledger, int64_t seq, struct err *err) MICA_CHECKED;

/* --- the anchor ----------------------------------------------------------------------------- */

/* Where the ledger is now, what is committed. */
int ledger_anchor(struct ledger *ledger, struct anchor *ret, struct err *err) MICA_CHECKED;

/* Whether this anchor lies on the chain. ERR_REFUSED names both heads (events, records, the first half of
 * the hash): the ledger was cut, edited, restored from a backup, or goes on from a copy that another host
 * went on from as well. */
int ledger_check_anchor(struct ledger *ledger, const struct anchor *anchor, struct err *err) MICA_CHECKED;
/* The same refusal for a CRL that the ledger has no record of: a ledger that was cut right behind the anchor
 * reaches it. Never 0. */
int ledger_refuse_unknown(struct ledger *ledger, const struct anchor *anchor, struct err *err) MICA_CHECKED;

/* --- reading -------------------------------------------------------------------------------- */

/* By CA and serial; ca NULL: of any CA (ERR_AMBIGUOUS). *ret_found false when there is none. */
int ledger_by_serial(struct ledger *ledger, const char *ca, const uint8_t serial[20], struct record *ret,
    bool *ret_found, struct err *err) MICA_CHECKED;

/* By its number; *ret_found false when there is none. */
int ledger_record(struct ledger *ledger, int64_t seq, struct record *ret, bool *ret_found,
    struct err *err) MICA_CHECKED;

/* The record of these very bytes of a CRL with this number, of whatever CA: one that was renamed in the
 * inventory left its records under the old name. *ret_found false when there is none. */
int ledger_find_crl(struct ledger *ledger, const uint8_t number[20], const struct buf *der, struct record *ret,
    bool *ret_found, struct err *err) MICA_CHECKED;

/* What a CRL of this CA has to say: every certificate that was revoked and ends after `since`, in the order
 * of serials; free() the array. */
int ledger_revocations(struct ledger *ledger, const char *ca, int64_t since, struct revocation **ret,
    size_t *ret_n, struct err *err) MICA_CHECKED;

/* Of one revoked record; ERR_NOT_FOUND when it is not. */
int ledger_revocation(struct ledger *ledger, int64_t seq, struct revocation *ret, struct err *err) MICA_CHECKED;

/* The newest ISSUED, DELIVERED or SERVED record of an entry (kind RECORD_CA: of a CA; RECORD_CRL: of a CA
 * the one with the highest number, which need not be recorded last); ERR_NOT_FOUND. */
int ledger_current(struct ledger *ledger, enum record_kind kind, const char *entry, struct record *ret,
    struct err *err) MICA_CHECKED;
/* The same where none is no failure: *ret is empty then, its seq 0. */
int ledger_find_current(struct ledger *ledger, enum record_kind kind, const char *entry, struct record *ret,
    struct err *err) MICA_CHECKED;

/* The newest server or client record of an entry whatever its state: *ret_found false when there is
 * none. */
int ledger_latest(struct ledger *ledger, const char *entry, struct record *ret, bool *ret_found,
    struct err *err) MICA_CHECKED;

/* All records in one state, oldest first, without their TBS and certificate bytes. */
int ledger_in_state(struct ledger *ledger, enum record_state state, struct record **ret, size_t *ret_n,
    struct err *err) MICA_CHECKED;

/* Calls each for every record, oldest first, bytes included; stops when it returns non-zero. */
int ledger_each(struct ledger *ledger, int (*each)(void *context, const struct record *record),
    void *context, struct err *err) MICA_CHECKED;

int ledger_delivery(struct ledger *ledger, const char *deployment, const char *entry,
    struct delivery *ret, bool *ret_found, struct err *err) MICA_CHECKED;
int ledger_outlet(struct ledger *ledger, const char *deployment, const char *file, struct digest *ret,
    bool *ret_found, struct err *err) MICA_CHECKED;
int ledger_noted(struct ledger *ledger, const char *name, struct buf *ret, bool *ret_found,
    struct err *err) MICA_CHECKED;

/* Walks the whole chain and every record, and checks the database's own tables and indexes: linear. ERR_FAILED
 * says which event or record does not fit. */
int ledger_verify(struct ledger *ledger, struct err *err) MICA_CHECKED;

/* The same, but each misfit is a finding (ERROR), and the walk goes on behind it, to a few hundred of them;
 * and what ledger_told() tells. -1 only when the database cannot be read on. */
int ledger_audit(struct ledger *ledger, struct findings *findings, struct err *err) MICA_CHECKED;

/* What an opening in mode ACCEPT (WARNING) or AUDIT (ERROR) passed over: another host, a clock that went
 * backwards, a head that does not fit; nothing in other modes. */
void ledger_told(const struct ledger *ledger, struct findings *findings);

/* The schema version that this opening, WRITE or ACCEPT, brought the file from: a program that knows no
 * newer one refuses it from now on. 0: it was not changed. */
int64_t ledger_upgraded_from(const struct ledger *ledger);
/* that of this program */
int64_t ledger_schema(void);

#endif
