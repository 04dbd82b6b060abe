// SPDX-License-Identifier: Apache-2.0
/*
 * A state directory belongs to one host: a copy on a second one would sign under a ledger that
 * the first does not know. state/host says which: a digest of /etc/machine-id (machine-id(5)
 * asks not to show it itself), or the host's name where there is no machine-id, as in some
 * containers.
 */
#include "ledger_private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <mica/file.h>

static bool is_machine_id(const char *text)
{
	return strspn(text, "0123456789abcdef") == 32 && (text[32] == '\n' || text[32] == '\0');
}

static void this_host(struct buf *ret)
{
	static const char *const files[] = { "/etc/machine-id", "/var/lib/dbus/machine-id" };
	char name[256] = "";

	for (size_t i = 0; i < mem_count(files); i++) {
		BUF_AUTO id = BUF_INIT;
		struct err ignored = ERR_INIT; /* the next is tried */
		struct digest digest;

		buf_addstr(&id, "mica host ");
		if (file_read(AT_FDCWD, files[i], 256, &id, &ignored) < 0 ||
		    !is_machine_id(buf_text(&id) + strlen("mica host ")))
			continue;
		digest = digest_of(id.data, strlen("mica host ") + 32);
		buf_addstr(ret, "machine ");
		buf_addhex(ret, digest.bytes, sizeof(digest.bytes));
		buf_addstr(ret, "\n");
		return;
	}
	(void)gethostname(name, sizeof(name) - 1);
	buf_printf(ret, "name %s\n", name);
}

static int other_host(
    const char *dir, const char *path, const char *noted, const char *here, struct err *err)
{
	err_set(err, ERR_REFUSED, "the state directory '%s' belongs to another host", dir);
	if (strncmp(noted, "machine ", 8) == 0 && strncmp(here, "name ", 5) == 0)
		return err_hint(err,
		    "this host has no /etc/machine-id to be known by: in a container, "
		    "mount that of the host");
	return err_hint(err,
	    "work on that host, so that no two keep a ledger; if the directory was "
	    "moved here for good: mica audit --accept-restore, or remove '%s'",
	    path);
}

int host_check(const char *dir, enum ledger_mode mode, struct err *err)
{
	MICA_FREE char *path = file_join(dir, LEDGER_HOST);
	BUF_AUTO here = BUF_INIT;
	BUF_AUTO noted = BUF_INIT;

	this_host(&here);
	if (file_read(AT_FDCWD, path, 4096, &noted, err) < 0) {
		if (err->kind != ERR_NOT_FOUND)
			return -1;
		if (mode == LEDGER_READ || mode == LEDGER_AUDIT)
			return 0;
		return host_take_over(dir, err);
	}
	if (buf_same(&noted, here.data, here.len))
		return 0;
	return other_host(dir, path, buf_text(&noted), buf_text(&here), err);
}

int host_take_over(const char *dir, struct err *err)
{
	MICA_FREE char *path = file_join(dir, LEDGER_HOST);
	BUF_AUTO here = BUF_INIT;

	this_host(&here);
	return file_replace(AT_FDCWD, path, here.data, here.len, 0600, err);
}
