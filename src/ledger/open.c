// SPDX-License-Identifier: Apache-2.0
#include "ledger_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/file.h>

/*
 * Pages of the WAL after which a commit also moves them into the database: above what a run of
 * a thousand certificates writes. So a run moves them once, when it closes the ledger, and at
 * rest ledger.db is whole by itself: nothing lies beside it, and a copy of it is a backup.
 */
enum { CHECKPOINT_PAGES = 4000, BUSY_MS = 5000 };

/* --- a ledger that is gone --- */

/* Does this file say that there was a ledger here? */
static bool is_remnant(const char *name)
{
	size_t len = strlen(name);

	return strcmp(name, LEDGER_HOST) == 0 || strcmp(name, LEDGER_FILE "-wal") == 0 ||
	       (len > 4 && strcmp(name + len - 4, ".pem") == 0);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* A lost ledger stops everything: without it, all would be issued anew, and serials forgotten.
 */
static int refuse_lost(const char *dir, struct err *err)
{
	MICA_AUTO(close_dir) DIR *stream = opendir(dir);
	struct dirent *entry;

	if (!stream && errno == ENOENT)
		return 0;
	if (!stream)
		return err_errno(err, errno, "cannot read the state directory '%s'", dir);
	while ((entry = readdir(stream)) != NULL) {
		if (!is_remnant(entry->d_name))
			continue;
		err_set(err, ERR_REFUSED,
		    "the ledger '%s/" LEDGER_FILE "' is gone, but '%s' is still there", dir,
		    entry->d_name);
		return err_hint(err,
		    "restore the whole state directory from a backup; to begin anew with "
		    "a new CA, move '%s' away",
		    dir);
	}
	return 0;
}

/* *ret_there: is there a ledger? ERR_REFUSED when there was one. */
static int find_ledger(const struct ledger *ledger, bool *ret_there, struct err *err)
{
	struct stat st;

	if (stat(ledger->path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return err_set(
			    err, ERR_REFUSED, "'%s' is not a regular file", ledger->path);
		*ret_there = true;
		return 0;
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return err_errno(err, errno, "cannot read the ledger '%s'", ledger->path);
	*ret_there = false;
	return errno == ENOTDIR ? 0 : refuse_lost(ledger->dir, err);
}

/* --- the connection --- */

static int settle(struct ledger *ledger, struct err *err)
{
	static const char settings[] =
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA cell_size_check = ON;"
	    "PRAGMA secure_delete = OFF;" /* nothing here is secret */
	    "PRAGMA cache_size = -65536;"
	    "PRAGMA temp_store = MEMORY;";

	if (sqlite3_exec(ledger->db, settings, NULL, NULL, NULL) != SQLITE_OK)
		return db_failed(ledger, err);
	return 0;
}

static int connect_db(struct ledger *ledger, const char *name, int flags, struct err *err)
{
	int code = sqlite3_open_v2(name, &ledger->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (code != SQLITE_OK)
		return db_failed(ledger, err);
	sqlite3_extended_result_codes(ledger->db, 1);
	sqlite3_busy_timeout(ledger->db, BUSY_MS);
	sqlite3_wal_autocheckpoint(ledger->db, CHECKPOINT_PAGES);
	sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	return 0;
}

/* The path as a URI: '%', '?' and '#' would be read as its syntax. */
static char *immutable_uri(const char *path)
{
	BUF_AUTO uri = BUF_INIT;

	buf_addstr(&uri, "file:");
	for (; *path; path++)
		buf_printf(&uri, strchr("%?#", *path) ? "%%%02X" : "%c", (unsigned char)*path);
	buf_addstr(&uri, "?immutable=1");
	return mem_strdup(buf_text(&uri));
}

static bool wal_is_empty(const char *path)
{
	MICA_FREE char *wal = mem_printf("%s-wal", path);
	struct stat st;

	return stat(wal, &st) < 0 ? errno == ENOENT : st.st_size == 0;
}

/* Did it fail because -wal and -shm are not there and cannot be made? */
static bool no_files_beside(sqlite3 *db)
{
	int code = sqlite3_errcode(db) & 0xff;

	return code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
}

/* Everything is read as of now; an older schema is upgraded in a database of the reader's own.
 */
static int take_snapshot(struct ledger *ledger, struct err *err)
{
	sqlite3 *file = ledger->db;
	int64_t version = 0;
	int status;

	if (settle(ledger, err) < 0)
		return -1;
	if (sqlite3_exec(ledger->db, "PRAGMA query_only = ON; BEGIN", NULL, NULL, NULL) !=
	    SQLITE_OK)
		return db_failed(ledger, err);
	if (schema_check(ledger, &version, err) < 0)
		return -1;
	if (!schema_is_old(version))
		return 0;
	ledger->db = NULL;
	status = connect_db(ledger, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	if (status == 0)
		status = upgrade_snapshot(ledger, file, version, err);
	sqlite3_close(file);
	return status < 0 ? -1 : settle(ledger, err);
}

/*
 * A reader sees the ledger as it was when it was opened, whatever a writer does meanwhile. It
 * opens for writing where it may, because SQLite then leaves no files of its own behind. Where
 * it may not write beside the ledger, either a writer's files are there, or nothing waits in
 * them and the ledger is read as a file that cannot change.
 */
static int start_reading(struct ledger *ledger, struct err *err)
{
	MICA_FREE char *uri = NULL;

	if (connect_db(ledger, ledger->path, SQLITE_OPEN_READWRITE, err) == 0 &&
	    take_snapshot(ledger, err) == 0)
		return 0;
	if (!no_files_beside(ledger->db) || !wal_is_empty(ledger->path))
		return -1;
	db_close(ledger);
	uri = immutable_uri(ledger->path);
	if (connect_db(ledger, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err) < 0)
		return -1;
	return take_snapshot(ledger, err);
}

/* --- what stands against it --- */

/* A refusal that this mode only tells of. */
static int tell(struct ledger *ledger, const char *rule, struct err *err)
{
	if (err->kind != ERR_REFUSED)
		return -1;
	findings_add(&ledger->told,
	    ledger->mode == LEDGER_AUDIT ? FINDING_ERROR : FINDING_WARNING, rule, NULL,
	    err->hint[0] ? err->hint : NULL, "%s", err->text);
	*err = (struct err)ERR_INIT;
	return 0;
}

static bool is_told(const struct ledger *ledger)
{
	return ledger->mode == LEDGER_AUDIT || ledger->mode == LEDGER_ACCEPT;
}

static int check_host(struct ledger *ledger, struct err *err)
{
	if (host_check(ledger->dir, ledger->mode, err) == 0)
		return 0;
	return is_told(ledger) ? tell(ledger, "ledger-host", err) : -1;
}

static int check_head(struct ledger *ledger, struct err *err)
{
	if (chain_check_head(ledger, err) < 0 &&
	    (ledger->mode != LEDGER_AUDIT || tell(ledger, "ledger-head", err) < 0))
		return -1;
	return chain_newest(ledger, &ledger->newest, err);
}

static int check_clock(struct ledger *ledger, struct err *err)
{
	if (clock_check(ledger, err) == 0)
		return 0;
	return is_told(ledger) ? tell(ledger, "ledger-clock", err) : -1;
}

static int check(struct ledger *ledger, struct err *err)
{
	return check_head(ledger, err) < 0 ? -1 : check_clock(ledger, err);
}

/* --- opening --- */

static int start_writing(struct ledger *ledger, int64_t *ret_version, struct err *err)
{
	bool there = false;

	upgrade_tidy(ledger);
	if (find_ledger(ledger, &there, err) < 0)
		return -1;
	ledger->made = !there;
	if (!there && schema_create(ledger->dir, ledger->path, err) < 0)
		return -1;
	if (check_host(ledger, err) < 0 ||
	    connect_db(ledger, ledger->path, SQLITE_OPEN_READWRITE, err) < 0 ||
	    settle(ledger, err) < 0)
		return -1;
	return schema_check(ledger, ret_version, err);
}

static int open_read(struct ledger *ledger, struct err *err)
{
	bool there = false;

	if (find_ledger(ledger, &there, err) < 0)
		return -1;
	if (!there)
		return err_set(err, ERR_NOT_FOUND, "there is no ledger '%s'", ledger->path);
	if (check_host(ledger, err) < 0 || start_reading(ledger, err) < 0)
		return -1;
	return check(ledger, err);
}

static int make_dir(const char *dir, bool *ret_made, struct err *err)
{
	struct stat st;
	bool absent = stat(dir, &st) < 0 && errno == ENOENT;

	if (file_make_dirs(dir, 0700, err) < 0)
		return -1;
	*ret_made = absent;
	if (stat(dir, &st) < 0)
		return err_errno(err, errno, "cannot read '%s'", dir);
	if (!(st.st_mode & S_IWOTH))
		return 0;
	err_set(err, ERR_REFUSED, "anybody may write in the state directory '%s'", dir);
	return err_hint(err, "chmod 700 '%s', after a look at what lies in it", dir);
}

/* Nothing is taken over before all else was found in order. The clock is noted by the end of a
 * transaction, as by every other. */
static int accept(struct ledger *ledger, struct err *err)
{
	for (size_t i = 0; i < ledger->told.n; i++) {
		if (strcmp(ledger->told.items[i].rule, "ledger-host") == 0 &&
		    host_take_over(ledger->dir, err) < 0)
			return -1;
	}
	if (ledger->told.n == 0)
		return 0;
	return db_begin(ledger, err) < 0 ? -1 : db_end(ledger, 0, err);
}

static int open_write(struct ledger *ledger, struct err *err)
{
	int64_t version = 0;

	if (make_dir(ledger->dir, &ledger->made_dir, err) < 0 ||
	    lock_take(ledger->dir, ledger->now, &ledger->lock_fd, &ledger->made_lock, err) <
	        0 ||
	    start_writing(ledger, &version, err) < 0 || check(ledger, err) < 0 ||
	    (schema_is_old(version) && upgrade_file(ledger, version, err) < 0) ||
	    accept(ledger, err) < 0)
		return -1;
	ledger->settled = !ledger->made;
	return 0;
}

bool ledger_writes(const struct ledger *ledger)
{
	return ledger->mode == LEDGER_WRITE || ledger->mode == LEDGER_ACCEPT;
}

void ledger_told(const struct ledger *ledger, struct findings *findings)
{
	for (size_t i = 0; i < ledger->told.n; i++) {
		const struct finding *told = &ledger->told.items[i];

		findings_add(
		    findings, told->level, told->rule, NULL, told->hint, "%s", told->text);
	}
}

int64_t ledger_upgraded_from(const struct ledger *ledger)
{
	return ledger->upgraded_from;
}

int ledger_open(const char *state_dir, enum ledger_mode mode, int64_t now, struct ledger **ret,
    struct err *err)
{
	MICA_AUTO(ledger_closep) struct ledger *ledger = mem_zalloc(sizeof(*ledger));

	ledger->dir = mem_strdup(state_dir);
	ledger->path = file_join(state_dir, LEDGER_FILE);
	ledger->mode = mode;
	ledger->now = now;
	ledger->newest = INT64_MIN;
	ledger->lock_fd = -1;
	if ((ledger_writes(ledger) ? open_write(ledger, err) : open_read(ledger, err)) < 0)
		return -1;
	*ret = mem_give(ledger);
	return 0;
}

/* The ledger goes after what would say without it that one was lost. */
static void unmake(const struct ledger *ledger)
{
	const struct {
		const char *name;
		bool made;
	} files[] = {
		{ LEDGER_HOST, ledger->made },
		{ LEDGER_FILE "-wal", ledger->made },
		{ LEDGER_FILE "-shm", ledger->made },
		{ LEDGER_FILE, ledger->made },
		{ LEDGER_LOCK, ledger->made_lock },
	};

	for (size_t i = 0; i < mem_count(files); i++) {
		MICA_FREE char *path = file_join(ledger->dir, files[i].name);

		if (files[i].made)
			(void)unlink(path);
	}
	if (ledger->made_dir)
		(void)rmdir(ledger->dir);
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	db_close(ledger);
	if (!ledger->settled)
		unmake(ledger);
	lock_drop(ledger->lock_fd);
	findings_clear(&ledger->told);
	free(ledger->path);
	free(ledger->dir);
	free(ledger);
}
