// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of this room share. open.c makes a ledger; write.c, delivery.c and note.c
 * change it between db_begin() and db_end(); read.c and verify.c read; every statement comes
 * from the table in statements.c, prepared once and used again.
 */
#ifndef MICA_LEDGER_PRIVATE_H
#define MICA_LEDGER_PRIVATE_H

#include <mica/ledger.h>

#include <sqlite3.h>

#define LEDGER_FILE "ledger.db"
#define LEDGER_LOCK "lock"
#define LEDGER_HOST "host"

enum statement {
	SQL_BEGIN_WRITE,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_LAST_EVENT,
	SQL_EVENT_HASH,
	SQL_ADD_EVENT,
	SQL_ALL_EVENTS,
	SQL_ADD_RECORD,
	SQL_ADD_TBS,
	SQL_ADD_CERTIFICATE,
	SQL_STATE,
	SQL_SET_STATE,
	SQL_BY_SERIAL,
	SQL_NEXT_CA,
	SQL_LAST_RECORD,
	SQL_PENDING,
	SQL_ACTIVE,
	SQL_REVOCATIONS,
	SQL_REVOCATION,
	SQL_CURRENT,
	SQL_CURRENT_CRL,
	SQL_LATEST,
	SQL_IN_STATE,
	SQL_ALL_RECORDS,
	SQL_RECORD,
	SQL_INTENT,
	SQL_CERTIFICATE,
	SQL_ALL_NUMBERS,
	SQL_COUNT_RECORDS,
	SQL_COUNT_REVOKED,
	SQL_OUTDATED,
	SQL_OUTDATED_CRL,
	SQL_SET_DELIVERY,
	SQL_DELIVERY,
	SQL_SET_OUTLET,
	SQL_OUTLET,
	SQL_SET_META,
	SQL_DROP_META,
	SQL_META,
	SQL_CHECK_RECORDS,
	SQL_CHECK_DELIVERIES,
	SQL_CHECK_OUTLETS,
	SQL_CHECK_META,
	STATEMENTS,
};

const char *statement_text(enum statement which); /* statements.c */

/* The newest event: how many there are, and the hash that covers them all. */
struct head {
	int64_t seq;
	struct digest hash;
};

struct ledger {
	char *dir, *path;
	enum ledger_mode mode;
	int64_t now; /* the time of this run: every event's */
	int lock_fd; /* -1: reading */
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	struct head head; /* valid between db_begin() and db_end() */
	int64_t newest;   /* the last event's time when it was opened: no event is older */
	struct findings told;
	int64_t upgraded_from; /* schema version; 0: it was not */
	bool writing;
	/* what this run made; ledger_close() removes it again unless something was recorded */
	bool made_dir, made_lock, made;
	bool settled;
};

/* Was it opened in a mode that writes? */
bool ledger_writes(const struct ledger *ledger);

/* --- db.c: the edge to SQLite --- */

void db_close(struct ledger *ledger); /* statements and connection */

/* Gives the statement, reset and ready to be bound; a failure shows at the first db_step(). */
sqlite3_stmt *db_statement(struct ledger *ledger, enum statement which);
/* 1: a row; 0: no more; -1: err is set. But for a row, the statement is reset. */
int db_step(struct ledger *ledger, sqlite3_stmt *statement, struct err *err) MICA_CHECKED;
/* for a statement without rows */
int db_run(struct ledger *ledger, sqlite3_stmt *statement, struct err *err) MICA_CHECKED;
/* The words for what SQLite said last. Returns -1. */
int db_failed(struct ledger *ledger, struct err *err);
int db_failed_with(const char *path, const char *doing, sqlite3 *db, int code, struct err *err);

/* One transaction: db_end() commits when status is 0, with the head; otherwise rolls back.
 * Returns status, or -1 when the commit fails. */
int db_begin(struct ledger *ledger, struct err *err) MICA_CHECKED;
int db_end(struct ledger *ledger, int status, struct err *err) MICA_CHECKED;

void db_bind_text(sqlite3_stmt *statement, int at, const char *text);
void db_bind_blob(sqlite3_stmt *statement, int at, const void *bytes, size_t len);
void db_bind_digest(sqlite3_stmt *statement, int at, const struct digest *digest);
char *db_text(sqlite3_stmt *statement, int column); /* free() it */
/* false: not 32 bytes */
bool db_digest(sqlite3_stmt *statement, int column, struct digest *ret);
void db_resetp(sqlite3_stmt **statement);
#define DB_AUTO MICA_AUTO(db_resetp) sqlite3_stmt *

/* --- schema.c --- */

/* Makes dir/ledger.db, whole and durable, or nothing. */
int schema_create(const char *dir, const char *path, struct err *err) MICA_CHECKED;
/* The tables in a database of nobody's: import.c */
int schema_fill(sqlite3 *db, const char *path, struct err *err) MICA_CHECKED;
/* Is this database a ledger that this program knows, and of which version? */
int schema_check(struct ledger *ledger, int64_t *ret_version, struct err *err) MICA_CHECKED;
bool schema_is_old(int64_t version);
/* From that version to the newest, in one transaction. */
int schema_step_up(
    sqlite3 *db, int64_t version, const char *path, struct err *err) MICA_CHECKED;
/* every table and index is as schema_create() makes it: an index could be made to hide a record
 */
int schema_verify(struct ledger *ledger, struct err *err) MICA_CHECKED;

/* --- upgrade.c --- */

/* Brings the ledger to the newest schema, durably, or leaves it as it is. */
int upgrade_file(struct ledger *ledger, int64_t version, struct err *err) MICA_CHECKED;
/* The same for a reader: what it sees of the file goes to the ledger's own, empty database. */
int upgrade_snapshot(
    struct ledger *ledger, sqlite3 *file, int64_t version, struct err *err) MICA_CHECKED;
/* Removes what an upgrade that was killed left. */
void upgrade_tidy(const struct ledger *ledger);

/* --- chain.c --- */

struct event {
	int64_t seq, record, at;
	const char *state;
	struct digest detail; /* of what the event brings; all zero: nothing */
	const char *note;     /* "": none; not hashed itself, `detail` is its digest */
};

/* eight bytes, most significant first */
void number_put(uint8_t to[static 8], int64_t number);
int64_t number_get(const uint8_t from[static 8]);

struct head chain_start(void);
struct digest chain_next(const struct digest *before, const struct event *event);
/* Appends an event to the head and to the table; its seq and time are given here. */
int chain_append(struct ledger *ledger, const struct event *what, struct err *err) MICA_CHECKED;
/* Holds the head in meta against the last event. */
int chain_check_head(struct ledger *ledger, struct err *err) MICA_CHECKED;
/* The last event's time, INT64_MIN when there is none. */
int chain_newest(struct ledger *ledger, int64_t *ret, struct err *err) MICA_CHECKED;
int chain_read_head(struct ledger *ledger, struct head *ret, struct err *err) MICA_CHECKED;
int chain_write_head(struct ledger *ledger, struct err *err) MICA_CHECKED;
/* what the first event of a record covers */
struct digest chain_record_digest(const struct record *record);

/* --- record.c --- */

enum columns { WITHOUT_BYTES, WITH_BYTES };
/* Fills from a row of RECORD_COLUMNS; ERR_FAILED when a field is not as it must be. */
int record_load(
    sqlite3_stmt *row, enum columns columns, struct record *ret, struct err *err) MICA_CHECKED;
/* The same without its bytes, and without owning anything: until the next step. */
int record_borrow(sqlite3_stmt *row, struct record *ret, struct err *err) MICA_CHECKED;
/* Its row, without bytes: its seq is sqlite3_last_insert_rowid(). */
int record_add(struct ledger *ledger, const struct record *record, struct err *err) MICA_CHECKED;
int record_damaged(int64_t seq, struct err *err); /* returns -1 */
bool record_kind_read(const char *text, enum record_kind *ret);
bool record_state_read(const char *text, enum record_state *ret);
bool record_may_become(enum record_state from, enum record_state to);

/* --- write.c --- */

/* The state of a record; ERR_NOT_FOUND. */
int record_state_of(
    struct ledger *ledger, int64_t seq, enum record_state *ret, struct err *err) MICA_CHECKED;
int record_move(struct ledger *ledger, int64_t seq, enum record_state from,
    enum record_state to, struct err *err) MICA_CHECKED;
/* The column alone: an event must go with it. */
int record_set_state(
    struct ledger *ledger, int64_t seq, enum record_state state, struct err *err) MICA_CHECKED;
int record_cannot_become(
    int64_t seq, enum record_state from, enum record_state to, struct err *err);

/* --- delivery.c --- */

/* A few active records that are to be superseded, and in what state they are. */
struct outdated {
	int64_t seq[8];
	enum record_state state[8];
	size_t n;
};
/* As many rows of (seq, state) as fit; a caller asks again until there are none. */
int outdated_read(struct ledger *ledger, sqlite3_stmt *bound, struct outdated *ret,
    struct err *err) MICA_CHECKED;
int outdated_move(
    struct ledger *ledger, const struct outdated *outdated, struct err *err) MICA_CHECKED;

/* --- revoke.c --- */

/* Fills in time and reason from an event's note; false: it is none. */
bool revocation_note_read(const char *note, struct revocation *ret);

/* --- unique.c --- */

/* May this record be intended beside what is there of its entry? ERR_REFUSED names what is. */
int unique_check(
    struct ledger *ledger, const struct record *record, struct err *err) MICA_CHECKED;

/* --- lock.c, host.c --- */

/* *ret_made: there was no lock file */
int lock_take(
    const char *dir, int64_t now, int *ret_fd, bool *ret_made, struct err *err) MICA_CHECKED;
void lock_drop(int fd);

/* Is this the host that the state directory belongs to? A mode that writes notes it when
 * nothing is. */
int host_check(const char *dir, enum ledger_mode mode, struct err *err) MICA_CHECKED;
int host_take_over(const char *dir, struct err *err) MICA_CHECKED;

/* --- clock.c --- */

/* Did the clock go backwards? ERR_REFUSED, unless it was accepted before. */
int clock_check(struct ledger *ledger, struct err *err) MICA_CHECKED;
/* Within a transaction: notes the clock while it is behind the chain's times, which is what
 * makes clock_check() let it pass. */
int clock_note(struct ledger *ledger, struct err *err) MICA_CHECKED;

#endif
