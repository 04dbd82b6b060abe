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

static int check_rights(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot look at the PIN file '%s'", path);
	if (!S_ISREG(st.st_mode)) {
		err_set(err, ERR_FAILED, "the PIN file '%s' is not a regular file", path);
		return err_hint(err, "for a pipe use 'pin: fd:N'");
	}
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(
		    err, ERR_REFUSED, "the PIN file '%s' belongs to another user", path);
	if ((st.st_mode & 077) != 0) {
		err_set(err, ERR_REFUSED,
		    "the PIN file '%s' has mode %04o: others than its owner can use it", path,
		    st.st_mode & 07777);
		return err_hint(err, "chmod 600 %s", path);
	}
	return 0;
}

int pin_from_file(const char *path, struct buf *ret, struct err *err)
{
	MICA_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	BUF_AUTO read = BUF_INIT;
	BUF_AUTO from = BUF_INIT;

	if (fd < 0 && errno == ENOENT) {
		err_errno(err, errno, "cannot open the PIN file '%s'", path);
		return err_hint(err, "put the token's PIN into it, mode 0600, or change 'pin'");
	}
	if (fd < 0)
		return err_errno(err, errno, "cannot open the PIN file '%s'", path);
	if (check_rights(fd, path, err) < 0)
		return -1;
	if (read_all(fd, &read) < 0)
		return err_errno(err, errno, "cannot read the PIN file '%s'", path);
	buf_printf(&from, "the PIN file '%s'", path);
	return pin_check(&read, buf_text(&from), ret, err);
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
