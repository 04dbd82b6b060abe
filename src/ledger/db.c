// SPDX-License-Identifier: Apache-2.0
#include "ledger_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int full(const char *path, struct err *err)
{
	err_set(err, ERR_FAILED, "cannot write the ledger '%s': the disk is full", path);
	return err_hint(err, "free some space, then repeat; nothing of this step was recorded");
}

static int no_access(const char *path, const char *doing, int errnum, struct err *err)
{
	/* sqlite tries again without writing: what it tells is why that cannot be */
	if (errnum == ENOENT)
		err_set(err, ERR_FAILED,
		    "cannot %s the ledger '%s': the files beside it, '-wal' and '-shm', cannot "
		    "be made",
		    doing, path);
	else if (errnum != 0)
		err_errno(err, errnum, "cannot %s the ledger '%s'", doing, path);
	else
		err_set(
		    err, ERR_FAILED, "cannot %s the ledger '%s': no permission", doing, path);
	return err_hint(err,
	    "the file, those beside it and their directory must be mica's own%s",
	    errnum == ENOENT ? ", and the disk must have room" : "");
}

static int io_error(const char *path, const char *doing, int errnum, struct err *err)
{
	if (errnum == ENOSPC || errnum == EDQUOT)
		return full(path, err);
	if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
		return no_access(path, doing, errnum, err);
	return err_errno(err, errnum ? errnum : EIO, "cannot %s the ledger '%s'", doing, path);
}

int db_failed_with(const char *path, const char *doing, sqlite3 *db, int code, struct err *err)
{
	int errnum = db ? sqlite3_system_errno(db) : 0;

	switch (code & 0xff) {
	case SQLITE_FULL:
		return full(path, err);
	case SQLITE_IOERR:
		return io_error(path, doing, errnum, err);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return no_access(path, doing, errnum, err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		err_set(err, ERR_BUSY, "another program holds the ledger '%s'", path);
		return err_hint(err, "end it (a backup, an sqlite3 shell), then repeat");
	case SQLITE_NOTADB:
		err_set(
		    err, ERR_REFUSED, "'%s' is not a ledger: the file is not a database", path);
		return err_hint(err, "restore it from a backup of the state directory");
	case SQLITE_CORRUPT:
		err_set(err, ERR_REFUSED, "the ledger '%s' is damaged: %s", path,
		    db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
		return err_hint(err, "restore it from a backup of the state directory");
	default:
		return err_set(err, ERR_FAILED, "cannot %s the ledger '%s': %s", doing, path,
		    db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
	}
}

int db_failed(struct ledger *ledger, struct err *err)
{
	return db_failed_with(ledger->path, ledger->writing ? "write" : "read", ledger->db,
	    sqlite3_extended_errcode(ledger->db), err);
}

sqlite3_stmt *db_statement(struct ledger *ledger, enum statement which)
{
	sqlite3_stmt **slot = &ledger->statements[which];

	if (!*slot)
		sqlite3_prepare_v3(ledger->db, statement_text(which), -1,
		    SQLITE_PREPARE_PERSISTENT, slot, NULL);
	return *slot;
}

int db_step(struct ledger *ledger, sqlite3_stmt *statement, struct err *err)
{
	int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		db_failed(ledger, err);
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : -1;
}

int db_run(struct ledger *ledger, sqlite3_stmt *statement, struct err *err)
{
	int row = db_step(ledger, statement, err);

	if (row > 0)
		sqlite3_reset(statement);
	return row < 0 ? -1 : 0;
}

void db_close(struct ledger *ledger)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(ledger->statements[i]);
		ledger->statements[i] = NULL;
	}
	sqlite3_close(ledger->db);
	ledger->db = NULL;
}

int db_begin(struct ledger *ledger, struct err *err)
{
	ledger->writing = true;
	if (db_run(ledger, db_statement(ledger, SQL_BEGIN_WRITE), err) < 0 ||
	    chain_read_head(ledger, &ledger->head, err) < 0) {
		ledger->writing = false;
		return -1;
	}
	return 0;
}

int db_end(struct ledger *ledger, int status, struct err *err)
{
	struct err ignored = ERR_INIT; /* the first failure is what is told */

	if (status == 0)
		status = clock_note(ledger, err);
	if (status == 0)
		status = chain_write_head(ledger, err);
	if (status == 0)
		status = db_run(ledger, db_statement(ledger, SQL_COMMIT), err);
	ledger->settled |= status == 0;
	if (status < 0 && !sqlite3_get_autocommit(ledger->db) &&
	    db_run(ledger, db_statement(ledger, SQL_ROLLBACK), &ignored) < 0)
		status = -1;
	ledger->writing = false;
	return status;
}

void db_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

void db_bind_blob(sqlite3_stmt *statement, int at, const void *bytes, size_t len)
{
	sqlite3_bind_blob64(statement, at, len ? bytes : "", len, SQLITE_STATIC);
}

void db_bind_digest(sqlite3_stmt *statement, int at, const struct digest *digest)
{
	db_bind_blob(statement, at, digest->bytes, sizeof(digest->bytes));
}

char *db_text(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return mem_strdup(text ? text : "");
}

bool db_digest(sqlite3_stmt *statement, int column, struct digest *ret)
{
	const void *bytes = sqlite3_column_blob(statement, column);

	if (!bytes || sqlite3_column_bytes(statement, column) != DIGEST_LEN)
		return false;
	memcpy(ret->bytes, bytes, DIGEST_LEN);
	return true;
}

void db_resetp(sqlite3_stmt **statement)
{
	sqlite3_reset(*statement);
}
