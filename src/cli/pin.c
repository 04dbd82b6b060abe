// SPDX-License-Identifier: Apache-2.0
#include "pin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads up to one byte more than the longest PIN with its line end: the check sees what is too
 * long. */
static int read_all(int fd, struct buf *ret)
{
	unsigned char bytes[PIN_MAX + 3];
	ssize_t got = 1;
	size_t len = 0;

	while (got > 0 && len < sizeof(bytes)) {
		got = read(fd, bytes + len, sizeof(bytes) - len);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			len += (size_t)got;
	}
	if (got >= 0)
		buf_add(ret, bytes, len);
	explicit_bzero(bytes, sizeof(bytes));
	return got < 0 ? -1 : 0;
}

int pin_check(struct buf *read, const char *from, struct buf *ret, struct err *err)
{
	if (read->len > 0 && read->data[read->len - 1] == '\n')
		buf_cut(read, read->len - 1);
	if (read->len == 0)
		return err_set(err, ERR_FAILED, "%s holds no PIN", from);
	if (read->len > PIN_MAX)
		return err_set(
		    err, ERR_FAILED, "%s holds more than a PIN of %d bytes", from, PIN_MAX);
	for (size_t i = 0; i < read->len; i++) {
		if (read->data[i] >= 0x20 && read->data[i] != 0x7f)
			continue;
		err_set(err, ERR_FAILED,
		    "%s holds a control character, which is no part of a PIN", from);
		return err_hint(
		    err, "it must be one line; a line end of Windows is two characters");
	}
	buf_move(ret, read);
	return 0;
}

/* What a PIN is read from, in the words of messages. */
struct source {
	const char *what; /* "the PIN file" */
	const char *path;
	mode_t forbidden;   /* rights that nobody may have */
	const char *absent; /* a hint: where it is not there */
	const char *open;   /* and where it is open to others; NULL: chmod */
};

static int check_rights(int fd, const struct source *source, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(
		    err, errno, "cannot look at %s '%s'", source->what, source->path);
	if (!S_ISREG(st.st_mode)) {
		err_set(err, ERR_FAILED, "%s '%s' is not a regular file", source->what,
		    source->path);
		return err_hint(err, "for a pipe use 'pin: fd:N'");
	}
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, ERR_REFUSED, "%s '%s' belongs to another user",
		    source->what, source->path);
	if ((st.st_mode & source->forbidden) != 0) {
		err_set(err, ERR_REFUSED,
		    "%s '%s' has mode %04o: others than its owner can use it", source->what,
		    source->path, st.st_mode & 07777);
		return source->open ? err_hint(err, "%s", source->open)
		                    : err_hint(err, "chmod 600 %s", source->path);
	}
	return 0;
}

static int from_path(const struct source *source, struct buf *ret, struct err *err)
{
	MICA_CLOSE int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	BUF_AUTO read = BUF_INIT;
	BUF_AUTO from = BUF_INIT;

	if (fd < 0) {
		int saved = errno;

		err_errno(err, saved, "cannot open %s '%s'", source->what, source->path);
		return saved == ENOENT ? err_hint(err, "%s", source->absent) : -1;
	}
	if (check_rights(fd, source, err) < 0)
		return -1;
	if (read_all(fd, &read) < 0)
		return err_errno(err, errno, "cannot read %s '%s'", source->what, source->path);
	buf_printf(&from, "%s '%s'", source->what, source->path);
	return pin_check(&read, buf_text(&from), ret, err);
}

int pin_from_file(const char *path, struct buf *ret, struct err *err)
{
	const struct source source = { "the PIN file", path, 077,
		"put the token's PIN into it, mode 0600, or change 'pin'", NULL };

	return from_path(&source, ret, err);
}

/* systemd makes it 0400, or 0440 with an access list that names the unit's user: stat(2) shows
 * that entry's rights as the group's. The directory lets in nobody else. */
int pin_from_credential(
    const char *directory, const char *name, struct buf *ret, struct err *err)
{
	MICA_FREE char *path = NULL;
	struct source source = { "the credential", NULL, 037,
		"the unit needs LoadCredential=NAME:PATH, or LoadCredentialEncrypted=",
		"systemd makes credentials so that the unit alone can read them" };

	if (!directory || directory[0] != '/') {
		err_set(err, ERR_FAILED, "'pin: credential:%s': %s", name,
		    directory ? "$CREDENTIALS_DIRECTORY is no absolute path"
		              : "$CREDENTIALS_DIRECTORY is not set");
		return err_hint(err,
		    "systemd sets it in a unit with LoadCredential=%s:PATH; by hand: "
		    "systemd-run --pty -p LoadCredential=%s:PATH mica ...",
		    name, name);
	}
	path = mem_printf("%s/%s", directory, name);
	source.path = path;
	return from_path(&source, ret, err);
}

int pin_from_fd(int fd, struct buf *ret, struct err *err)
{
	BUF_AUTO read = BUF_INIT;
	BUF_AUTO from = BUF_INIT;
	int flags = fcntl(fd, F_GETFD);

	/* what mica opened itself closes on exec; what it was started with cannot */
	if (flags < 0 || (flags & FD_CLOEXEC)) {
		err_set(err, ERR_FAILED,
		    "'pin: fd:%d': mica was not started with a descriptor %d", fd, fd);
		return err_hint(err, "mica apply %d<PIN-FILE", fd);
	}
	if (isatty(fd)) {
		err_set(err, ERR_FAILED,
		    "'pin: fd:%d': descriptor %d is a terminal, which would show the PIN", fd,
		    fd);
		return err_hint(err, "use 'pin: prompt'");
	}
	if (read_all(fd, &read) < 0)
		return err_errno(err, errno, "cannot read the PIN from descriptor %d", fd);
	buf_printf(&from, "descriptor %d", fd);
	return pin_check(&read, buf_text(&from), ret, err);
}
