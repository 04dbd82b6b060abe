// SPDX-License-Identifier: Apache-2.0
/*
 * ledger: the durable record of every certificate the CA key ever signed, or was about to sign, and of
 * what was delivered where. state-dir/ledger.db, SQLite: WAL, synchronous=FULL, so every
 * function that writes is one transaction and is on disk when it returns.
 *
 * A certificate is a blob with a serial here; nothing is parsed. Records are never deleted. Each
 * change of a record's state appends an event, and the events form a hash chain:
 * hash(n) = SHA-256(hash(n-1) || canonical encoding of event n), where the first event of a
 * record covers all its fields. Only the head is checked at open; ledger_verify() walks it all.
 *
 * A state directory belongs to one host and one writer: opening for writing takes a lock (flock), and
 * ERR_BUSY names the holder. Readers need none. The host's identity (/etc/machine-id) is noted
 * when the ledger is made, and another host is refused.
 */
#ifndef MICA_LEDGER_H
#define MICA_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/buf.h>
#include <mica/digest.h>
#include <mica/err.h>

struct ledger;

enum record_kind { RECORD_CA, RECORD_SERVER, RECORD_CLIENT, RECORD_CRL };

/* The life of a record. What is active: intended, issued, delivered, served. */
enum record_state {
	RECORD_INTENDED,   /* committed before the token was asked */
	RECORD_ISSUED,     /* signed, verified; the certificate is here */
	RECORD_DELIVERED,  /* every deployment of its entry has it */
	RECORD_SERVED,     /* every endpoint presented it */
	RECORD_SUPERSEDED, /* a newer one was delivered, or its entry left the inventory */
	RECORD_REVOKED,
	RECORD_ABANDONED,  /* intended by a run that died; it may have been signed, never given out */
};

const char *record_kind_name(enum record_kind kind);   /* "ca", "server", "client", "crl" */
const char *record_state_name(enum record_state state); /* "intended", ... */

struct record {
	int64_t seq;              /* given by ledger_intend(), from 1 */
	char *entry;              /* name in the inventory: a certificate's, or a CA's for RECORD_CA */
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
};

void delivery_clear(struct delivery *delivery);

enum ledger_mode { LEDGER_READ, LEDGER_WRITE };

/* READ: ERR_NOT_FOUND when there is none. WRITE: made when there is none (the directory too, 0700).
 * Refused: a schema newer than this program, another host, a head that does not fit the chain,
 * a newest record younger than now (a clock that went backwards). */
int ledger_open(const char *state_dir, enum ledger_mode mode, int64_t now, struct ledger **ret,
    struct err *err) MICA_CHECKED;
void ledger_close(struct ledger *ledger);
MICA_DEFINE_FREEP(struct ledger, ledger_close)

/* --- writing; each is one transaction ------------------------------------------------------- */

/* Appends records in state INTENDED and sets their seq. ERR_EXISTS for a serial that was used. */
int ledger_intend(struct ledger *ledger, struct record *records, size_t n, struct err *err) MICA_CHECKED;

/* INTENDED to ISSUED, with the certificates (DER), in the same order. */
int ledger_issued(struct ledger *ledger, const int64_t *seqs, const struct buf *certificates,
    size_t n, struct err *err) MICA_CHECKED;

/* Replaces the deliveries by (deployment, entry), moves every record they name to DELIVERED when it was
 * ISSUED, and older active records of the same entry to SUPERSEDED. */
int ledger_delivered(struct ledger *ledger, const struct delivery *deliveries, size_t n,
    struct err *err) MICA_CHECKED;

/* Any other change: SERVED, SUPERSEDED, REVOKED, ABANDONED. A record already in that state is left. */
int ledger_move(struct ledger *ledger, const int64_t *seqs, size_t n, enum record_state state,
    struct err *err) MICA_CHECKED;

/* Notes the digest of an outlet's file that mica wrote, by deployment and file name. */
int ledger_note_outlet(struct ledger *ledger, const char *deployment, const char *file,
    const struct digest *digest, struct err *err) MICA_CHECKED;

/* A small named value (meta data such as an interrupted init); value NULL deletes. */
int ledger_note(struct ledger *ledger, const char *name, const struct buf *value, struct err *err) MICA_CHECKED;

/* --- reading -------------------------------------------------------------------------------- */

/* The newest ISSUED, DELIVERED or SERVED record of an entry (kind RECORD_CA: of a CA); ERR_NOT_FOUND. */
int ledger_current(struct ledger *ledger, enum record_kind kind, const char *entry, struct record *ret,
    struct err *err) MICA_CHECKED;

/* The newest records of an entry whatever their state: *ret_found false when there is none. */
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

/* Walks the whole chain and every record. ERR_FAILED says which event or record does not fit. */
int ledger_verify(struct ledger *ledger, struct err *err) MICA_CHECKED;

#endif
