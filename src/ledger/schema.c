// SPDX-License-Identifier: Apache-2.0
/*
 * The schema: what each version adds to the one before. A new ledger is made by all steps in
 * turn, so it is the same, to the letter, as one that came there by upgrades (upgrade.c). What
 * a step once said is never changed; a newer version is a step more. An older program refuses.
 *
 * A record's fields never change but for state and certificate, and neither records nor events
 * are ever deleted. delivery, outlet and meta hold what is so now; they are not part of the
 * chain.
 */
#include "ledger_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/file.h>

enum { APPLICATION_ID = 0x6d696361 /* "mica" */ };

#define NO_DIGEST "x'0000000000000000000000000000000000000000000000000000000000000000'"

static const char version_1[] =
    "CREATE TABLE record ("
    " seq INTEGER PRIMARY KEY,"
    " entry TEXT NOT NULL CHECK (entry <> ''),"
    " kind TEXT NOT NULL CHECK"
    "  (kind = 'ca' OR kind = 'server' OR kind = 'client' OR kind = 'crl'),"
    " ca TEXT NOT NULL CHECK (ca <> ''),"
    " serial BLOB NOT NULL CHECK (length(serial) = 20),"
    " state TEXT NOT NULL CHECK"
    "  (state = 'intended' OR state = 'issued' OR state = 'delivered' OR state = 'served'"
    "   OR state = 'superseded' OR state = 'revoked' OR state = 'abandoned'),"
    " tbs_sha256 BLOB NOT NULL CHECK (length(tbs_sha256) = 32),"
    " definition BLOB NOT NULL CHECK (length(definition) = 32),"
    " key_sha256 BLOB NOT NULL CHECK (length(key_sha256) = 32),"
    " created INTEGER NOT NULL,"
    " not_before INTEGER NOT NULL,"
    " not_after INTEGER NOT NULL CHECK (not_after >= not_before),"
    " UNIQUE (ca, serial)"
    ") STRICT;"
    /* one look-up each, however many records there are: tests/unit/test_ledger_plans.c */
    "CREATE INDEX record_active ON record (entry, kind)"
    " WHERE state = 'issued' OR state = 'delivered' OR state = 'served';"
    "CREATE INDEX record_leaf ON record (entry) WHERE kind = 'server' OR kind = 'client';"
    "CREATE INDEX record_state ON record (state);"

    /* The bytes stand apart, so that a change of state writes few pages; both tables only grow.
     */
    "CREATE TABLE tbs ("
    " record INTEGER PRIMARY KEY REFERENCES record (seq),"
    " bytes BLOB NOT NULL CHECK (length(bytes) > 0)"
    ") STRICT;"
    "CREATE TABLE certificate ("
    " record INTEGER PRIMARY KEY REFERENCES record (seq),"
    " bytes BLOB NOT NULL CHECK (length(bytes) > 0)"
    ") STRICT;"

    "CREATE TABLE event ("
    " seq INTEGER PRIMARY KEY,"
    " record INTEGER NOT NULL REFERENCES record (seq),"
    " at INTEGER NOT NULL,"
    " state TEXT NOT NULL,"
    " detail BLOB NOT NULL CHECK (length(detail) = 32),"
    " hash BLOB NOT NULL CHECK (length(hash) = 32)"
    ") STRICT;"

    "CREATE TABLE delivery ("
    " deployment TEXT NOT NULL,"
    " entry TEXT NOT NULL,"
    " record INTEGER NOT NULL REFERENCES record (seq),"
    " generation TEXT NOT NULL,"
    " key_file BLOB NOT NULL CHECK (length(key_file) = 32),"
    " ca_file BLOB NOT NULL CHECK (length(ca_file) = 32),"
    " at INTEGER NOT NULL,"
    " PRIMARY KEY (deployment, entry)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX delivery_record ON delivery (record);"

    "CREATE TABLE outlet ("
    " deployment TEXT NOT NULL,"
    " file TEXT NOT NULL,"
    " digest BLOB NOT NULL CHECK (length(digest) = 32),"
    " at INTEGER NOT NULL,"
    " PRIMARY KEY (deployment, file)"
    ") STRICT, WITHOUT ROWID;"

    /* names that begin with a dot are the ledger's own */
    "CREATE TABLE meta ("
    " name TEXT NOT NULL PRIMARY KEY,"
    " value BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;";

/* Revocations say why, CRLs are delivered, and an entry has no second certificate. */
static const char version_2[] =
    /* of a revocation: see revoke.c */
    "ALTER TABLE event ADD COLUMN note TEXT NOT NULL DEFAULT ''"
    " CHECK (note = '' OR state = 'revoked');"
    "CREATE INDEX event_revoked ON event (record) WHERE state = 'revoked';"
    "CREATE INDEX record_revoked ON record (ca, serial, not_after)"
    " WHERE state = 'revoked' AND kind <> 'crl';"
    "CREATE INDEX record_intended ON record (entry, kind) WHERE state = 'intended';"
    "ALTER TABLE delivery ADD COLUMN crl_file BLOB NOT NULL DEFAULT " NO_DIGEST
    " CHECK (length(crl_file) = 32);"
    "ALTER TABLE delivery ADD COLUMN crl_list BLOB NOT NULL DEFAULT " NO_DIGEST
    " CHECK (length(crl_list) = 32);"
    "ALTER TABLE delivery ADD COLUMN crl_due INTEGER NOT NULL DEFAULT 0;";

static const char *const versions[] = { version_1, version_2 };

enum { SCHEMA_VERSION = mem_count(versions) };

static void close_db(sqlite3 **db)
{
	sqlite3_close(*db);
}

static int run(sqlite3 *db, const char *path, const char *text, struct err *err)
{
	int code = sqlite3_exec(db, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : db_failed_with(path, "write", db, code, err);
}

/* Every step after `version`, and the mark of the newest. */
static int run_steps(sqlite3 *db, int64_t version, const char *path, struct err *err)
{
	MICA_FREE char *mark = mem_printf("PRAGMA user_version = %d;", SCHEMA_VERSION);

	for (size_t i = (size_t)version; i < mem_count(versions); i++) {
		if (run(db, path, versions[i], err) < 0)
			return -1;
	}
	return run(db, path, mark, err);
}

int schema_fill(sqlite3 *db, const char *path, struct err *err)
{
	return run_steps(db, 0, path, err);
}

int schema_step_up(sqlite3 *db, int64_t version, const char *path, struct err *err)
{
	if (run(db, path, "BEGIN IMMEDIATE", err) < 0 || run_steps(db, version, path, err) < 0)
		return -1; /* closing the connection rolls back */
	return run(db, path, "COMMIT", err);
}

/* No syncs here: the whole file is synced before it gets its name. */
static int write_schema(const char *temporary, const char *path, struct err *err)
{
	MICA_AUTO(close_db) sqlite3 *db = NULL;
	MICA_FREE char *mark = mem_printf("PRAGMA application_id = %d;", APPLICATION_ID);
	struct ledger made = { .path = (char *)path, .lock_fd = -1, .writing = true };
	int code = sqlite3_open_v2(temporary, &db, SQLITE_OPEN_READWRITE, NULL);
	int status;

	if (code != SQLITE_OK)
		return db_failed_with(path, "write", db, code, err);
	if (run(db, path, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN;", err) <
	        0 ||
	    run(db, path, mark, err) < 0 || run_steps(db, 0, path, err) < 0)
		return -1;
	made.db = db;
	made.head = chain_start();
	status = chain_write_head(&made, err);
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(made.statements[i]);
	return status < 0 ? -1 : run(db, path, "COMMIT;", err);
}

static int make_durable(
    int fd, int dirfd, const char *temporary, const char *path, struct err *err)
{
	if (fsync(fd) < 0 || rename(temporary, path) < 0 || fsync(dirfd) < 0)
		return err_errno(err, errno, "cannot write the ledger '%s'", path);
	return 0;
}

static void drop_temporary(const char *temporary)
{
	static const char *const ends[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < mem_count(ends); i++) {
		MICA_FREE char *name = mem_printf("%s%s", temporary, ends[i]);

		(void)unlink(name);
	}
}

int schema_create(const char *dir, const char *path, struct err *err)
{
	MICA_FREE char *temporary = file_join(dir, ".." LEDGER_FILE);
	MICA_CLOSE int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MICA_CLOSE int fd = -1;

	if (dirfd < 0)
		return err_errno(err, errno, "cannot open the state directory '%s'", dir);
	drop_temporary(temporary);
	fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, 0600) < 0) {
		err_errno(err, errno, "cannot make the ledger '%s'", path);
		return err_hint(err, "mica needs to write in '%s'", dir);
	}
	if (write_schema(temporary, path, err) < 0 ||
	    make_durable(fd, dirfd, temporary, path, err) < 0) {
		drop_temporary(temporary);
		return -1;
	}
	return 0;
}

static int pragma(struct ledger *ledger, const char *text, int64_t *ret, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int row;

	sqlite3_prepare_v2(ledger->db, text, -1, &statement, NULL);
	row = db_step(ledger, statement, err);
	if (row > 0)
		*ret = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return row < 0 ? -1 : 0;
}

int schema_check(struct ledger *ledger, int64_t *ret_version, struct err *err)
{
	int64_t version = 0;
	int64_t application = 0;

	if (pragma(ledger, "PRAGMA application_id", &application, err) < 0 ||
	    pragma(ledger, "PRAGMA user_version", &version, err) < 0)
		return -1;
	if (application != APPLICATION_ID) {
		err_set(err, ERR_REFUSED, "'%s' is a database, but not mica's ledger",
		    ledger->path);
		return err_hint(err, "restore it from a backup, or name another state-dir");
	}
	if (version > SCHEMA_VERSION || version < 1) {
		err_set(err, ERR_REFUSED,
		    "the ledger '%s' has schema version %" PRId64
		    "; this mica knows version %d",
		    ledger->path, version, SCHEMA_VERSION);
		return err_hint(err, "it was written by a newer mica: use that one");
	}
	*ret_version = version;
	return 0;
}

int64_t ledger_schema(void)
{
	return SCHEMA_VERSION;
}

bool schema_is_old(int64_t version)
{
	return version < SCHEMA_VERSION;
}

/* Every table and index as its CREATE says, in one text. */
static int read_schema(sqlite3 *db, const char *path, struct buf *ret, struct err *err)
{
	static const char all[] = "SELECT name || ' ' || coalesce(sql, '') FROM sqlite_schema"
	                          " WHERE name NOT LIKE 'sqlite%' ORDER BY name";
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, all, -1, &statement, NULL);

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(statement);
		if (code == SQLITE_ROW)
			buf_printf(
			    ret, "%s\n", (const char *)sqlite3_column_text(statement, 0));
	}
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : db_failed_with(path, "read", db, code, err);
}

int schema_verify(struct ledger *ledger, struct err *err)
{
	MICA_AUTO(close_db) sqlite3 *model = NULL;
	BUF_AUTO wanted = BUF_INIT;
	BUF_AUTO found = BUF_INIT;
	int code = sqlite3_open(":memory:", &model);

	if (code != SQLITE_OK)
		return db_failed_with(":memory:", "open", model, code, err);
	if (run_steps(model, 0, ":memory:", err) < 0 ||
	    read_schema(model, ":memory:", &wanted, err) < 0 ||
	    read_schema(ledger->db, ledger->path, &found, err) < 0)
		return -1;
	if (buf_same(&found, wanted.data, wanted.len))
		return 0;
	return err_set(err, ERR_FAILED,
	    "the ledger '%s' is damaged: its tables or indexes are not as mica made them",
	    ledger->path);
}
