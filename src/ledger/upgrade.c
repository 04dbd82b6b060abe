// SPDX-License-Identifier: Apache-2.0
/*
 * A ledger of an older schema becomes one of this program's. A writer copies it to a file
 * beside it, upgrades the copy in one transaction and walks it as ledger_verify() does; only
 * then the copy's pages replace those of the ledger, in one transaction of SQLite's. The file
 * is not renamed over the ledger: a reader that has the old file open would take the new one's
 * WAL for its own, by its name, and remove it when it closes.
 */
#include "ledger_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/file.h>

static void remove_copy(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < mem_count(ends); i++) {
		MICA_FREE char *name = mem_printf("%s%s", path, ends[i]);

		(void)unlink(name);
	}
}

static char *copy_path(const struct ledger *ledger)
{
	return file_join(ledger->dir, ".." LEDGER_FILE ".new");
}

void upgrade_tidy(const struct ledger *ledger)
{
	MICA_FREE char *path = copy_path(ledger);

	if (access(path, F_OK) == 0)
		remove_copy(path);
}

/* All that is in `from` replaces all that is in `to`, in one transaction. */
static int replace(const struct ledger *ledger, sqlite3 *from, sqlite3 *to, struct err *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int code;

	if (!backup)
		return db_failed_with(ledger->path, "upgrade", to, sqlite3_errcode(to), err);
	(void)sqlite3_backup_step(backup, -1);
	code = sqlite3_backup_finish(backup);
	return code == SQLITE_OK ? 0 : db_failed_with(ledger->path, "upgrade", to, code, err);
}

static int make_file(const char *path, struct err *err)
{
	MICA_CLOSE int fd =
	    open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || fchmod(fd, 0600) < 0)
		return err_errno(err, errno, "cannot make the copy '%s'", path);
	return 0;
}

/* A crash forgets the copy, so it is not synced. */
static int open_copy(struct ledger *copy, const char *path, struct err *err)
{
	static const char settings[] = "PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;";
	int code;

	if (make_file(path, err) < 0)
		return -1;
	code =
	    sqlite3_open_v2(path, &copy->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(copy->db, settings, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return db_failed_with(copy->path, "upgrade", copy->db, code, err);
	sqlite3_extended_result_codes(copy->db, 1);
	return 0;
}

static int upgrade_copy(struct ledger *ledger, struct ledger *copy, const char *path,
    int64_t version, struct err *err)
{
	if (open_copy(copy, path, err) < 0 || replace(ledger, ledger->db, copy->db, err) < 0 ||
	    schema_step_up(copy->db, version, ledger->path, err) < 0 ||
	    ledger_verify(copy, err) < 0)
		return -1;
	return replace(ledger, copy->db, ledger->db, err);
}

int upgrade_file(struct ledger *ledger, int64_t version, struct err *err)
{
	MICA_FREE char *path = copy_path(ledger);
	struct ledger copy = { .path = ledger->path, .lock_fd = -1, .now = ledger->now };
	int status;

	remove_copy(path);
	status = upgrade_copy(ledger, &copy, path, version, err);
	db_close(&copy);
	remove_copy(path);
	if (status < 0) {
		err_prefix(err, "no upgrade from schema version %lld", (long long)version);
		if (!err->hint[0])
			err_hint(err, "it is as it was; mica audit tells all that is wrong");
		return -1;
	}
	ledger->upgraded_from = version;
	/* so that what was moved does not wait in the WAL; a reader may be in the way */
	(void)sqlite3_wal_checkpoint_v2(
	    ledger->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return 0;
}

int upgrade_snapshot(struct ledger *ledger, sqlite3 *file, int64_t version, struct err *err)
{
	if (replace(ledger, file, ledger->db, err) < 0)
		return -1;
	return schema_step_up(ledger->db, version, ledger->path, err);
}
