// SPDX-License-Identifier: Apache-2.0
#include <mica/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* *ret_size: what it had when it was opened */
static int open_regular(
    int dirfd, const char *path, size_t max, size_t *ret_size, struct err *err)
{
	MICA_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int given;

	if (fd < 0) {
		int saved = errno;

		err_errno(err, saved, "cannot open '%s'", path);
		if (saved == ENOENT || saved == ENOTDIR)
			err->kind = ERR_NOT_FOUND;
		return -1;
	}
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, "'%s' is not a regular file", path);
	if ((uintmax_t)st.st_size > max)
		return err_set(err, ERR_FAILED, "'%s' has more than %zu bytes", path, max);
	*ret_size = (size_t)st.st_size;
	given = fd;
	fd = -1;
	return given;
}

int file_read(int dirfd, const char *path, size_t max, struct buf *ret, struct err *err)
{
	size_t size = 0;
	MICA_CLOSE int fd = open_regular(dirfd, path, max, &size, err);
	BUF_AUTO got = BUF_INIT;

	if (fd < 0)
		return -1;
	buf_reserve(&got, size + 1); /* room for the end of the file as well */
	for (;;) {
		ssize_t n;

		if (got.cap - got.len < 2)
			buf_reserve(&got, 4096);
		n = read(fd, got.data + got.len, got.cap - got.len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot read '%s'", path);
		if (n == 0)
			break;
		got.len += (size_t)n;
		got.data[got.len] = '\0';
		if (got.len > max)
			return err_set(
			    err, ERR_FAILED, "'%s' has more than %zu bytes", path, max);
	}
	buf_add(ret, got.data, got.len);
	return 0;
}

int file_write_all(int fd, const void *bytes, size_t len)
{
	const char *from = bytes;

	while (len > 0) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

static int sync_parent(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	MICA_FREE char *parent =
	    slash ? mem_dup(path, (size_t)(slash - path) + 1) : mem_strdup(".");
	MICA_CLOSE int fd = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t dir = slash ? (size_t)(slash - path) + 1 : 0;

	return mem_printf("%.*s..%s.%ld", (int)dir, path, path + dir, (long)getpid());
}

/* The bytes, or who writes them. */
struct content {
	const void *bytes;
	size_t len;
	file_writer *writer; /* NULL: the bytes */
	void *context;
};

static int write_by(int fd, const struct content *content)
{
	const int copy = dup(fd); /* fclose() closes it */
	FILE *to = copy < 0 ? NULL : fdopen(copy, "w");
	int status;

	if (!to) {
		if (copy >= 0)
			close(copy);
		return -1;
	}
	status = content->writer(content->context, to);
	if (ferror(to))
		status = -1;
	return fclose(to) != 0 ? -1 : status;
}

static int write_content(int fd, const struct content *content)
{
	return content->writer ? write_by(fd, content)
	                       : file_write_all(fd, content->bytes, content->len);
}

static int set_rights(int fd, const struct file_rights *rights)
{
	if ((rights->uid != (uid_t)-1 || rights->gid != (gid_t)-1) &&
	    fchown(fd, rights->uid, rights->gid) < 0)
		return -1;
	return fchmod(fd, rights->mode);
}

static int write_temporary(int dirfd, const char *path, const struct content *content,
    const struct file_rights *rights)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	(void)unlinkat(dirfd, path, 0);
	fd = openat(dirfd, path, flags, 0600);
	if (fd < 0)
		return -1;
	if (write_content(fd, content) < 0 || set_rights(fd, rights) < 0 || fsync(fd) < 0) {
		mem_closep(&fd);
		return -1;
	}
	return close(fd);
}

/* The rename would put a file in the place of a device, /dev/null among them, or of
 * /dev/stdout. */
static int refuse_other_than_file(int dirfd, const char *path, struct err *err)
{
	static const char proc[] = "/proc/";
	char target[sizeof(proc)] = "";
	struct stat st;

	if (readlinkat(dirfd, path, target, sizeof(proc) - 1) < 0 || strcmp(target, proc) != 0)
		if (fstatat(dirfd, path, &st, 0) < 0 || S_ISREG(st.st_mode))
			return 0;
	return err_set(err, ERR_REFUSED, "cannot write '%s': it is there, and no file", path);
}

static int replace(int dirfd, const char *path, const struct content *content,
    const struct file_rights *rights, struct err *err)
{
	MICA_FREE char *temporary = temporary_name(path);

	if (refuse_other_than_file(dirfd, path, err) < 0)
		return -1;
	if (write_temporary(dirfd, temporary, content, rights) < 0 ||
	    renameat(dirfd, temporary, dirfd, path) < 0) {
		err_errno(err, errno, "cannot write '%s'", path);
		(void)unlinkat(dirfd, temporary, 0);
		return -1;
	}
	if (sync_parent(dirfd, path) < 0)
		return err_errno(err, errno, "cannot make '%s' durable", path);
	return 0;
}

static bool is_temporary(const char *entry, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(entry, "..", 2) == 0 && strncmp(entry + 2, name, len) == 0 &&
	       entry[2 + len] == '.' && entry[3 + len] != '\0' &&
	       entry[3 + len + strspn(entry + 3 + len, "0123456789")] == '\0';
}

enum leftovers { OF_THE_DEAD, OF_ALL };

/* Its name ends in the number of its process. */
static bool is_leftover(const char *entry, enum leftovers which)
{
	pid_t pid = (pid_t)strtol(strrchr(entry, '.') + 1, NULL, 10);

	return which == OF_ALL || pid == getpid() || (kill(pid, 0) < 0 && errno == ESRCH);
}

/* Of a process that died before its rename. What cannot be removed is no reason not to write.
 */
static void remove_temporaries(int at, const char *path, enum leftovers which)
{
	const char *slash = strrchr(path, '/');
	MICA_FREE char *dir =
	    slash ? mem_dup(path, (size_t)(slash - path) + 1) : mem_strdup("./");
	int fd = openat(at, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *open = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (open && (entry = readdir(open))) {
		if (is_temporary(entry->d_name, slash ? slash + 1 : path) &&
		    is_leftover(entry->d_name, which))
			(void)unlinkat(fd, entry->d_name, 0);
	}
	if (open)
		closedir(open);
	else
		mem_closep(&fd);
}

int file_replace(
    int dirfd, const char *path, const void *bytes, size_t len, mode_t mode, struct err *err)
{
	const struct content content = { .bytes = bytes, .len = len };
	const struct file_rights rights = { (uid_t)-1, (gid_t)-1, mode };

	remove_temporaries(dirfd, path, OF_THE_DEAD);
	return replace(dirfd, path, &content, &rights, err);
}

int file_replace_by(
    const char *path, mode_t mode, file_writer *writer, void *context, struct err *err)
{
	const struct content content = { .writer = writer, .context = context };
	const struct file_rights rights = { (uid_t)-1, (gid_t)-1, mode };

	remove_temporaries(AT_FDCWD, path, OF_THE_DEAD);
	return replace(AT_FDCWD, path, &content, &rights, err);
}

int file_put(const char *path, const struct buf *bytes, const struct file_rights *rights,
    struct err *err)
{
	const struct content content = { .bytes = bytes->data, .len = bytes->len };

	remove_temporaries(AT_FDCWD, path, OF_ALL);
	return replace(AT_FDCWD, path, &content, rights, err);
}

bool file_has_rights(const char *path, const struct file_rights *rights)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & 07777) == rights->mode &&
	       (rights->uid == (uid_t)-1 || st.st_uid == rights->uid) &&
	       (rights->gid == (gid_t)-1 || st.st_gid == rights->gid);
}

static int make_dir(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) < 0) {
		if (errno == EEXIST)
			return 0;
		return err_errno(err, errno, "cannot make the directory '%s'", path);
	}
	if (sync_parent(AT_FDCWD, path) < 0)
		return err_errno(err, errno, "cannot make '%s' durable", path);
	return 0;
}

int file_make_dirs(const char *path, mode_t mode, struct err *err)
{
	MICA_FREE char *copy = mem_strdup(path);
	struct stat st;

	for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (make_dir(copy, mode, err) < 0)
			return -1;
		if (!slash)
			break;
		*slash = '/';
	}
	if (stat(path, &st) < 0)
		return err_errno(err, errno, "cannot read '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_FAILED, "'%s' is not a directory", path);
	return 0;
}

char *file_join(const char *base, const char *path)
{
	if (path[0] == '/' || strcmp(base, ".") == 0 || base[0] == '\0')
		return mem_strdup(path);
	return mem_printf("%s%s%s", base, base[strlen(base) - 1] == '/' ? "" : "/", path);
}

int file_absolute(const char *path, char **ret, struct err *err)
{
	MICA_FREE char *there = mem_strdup(path[0] ? path : ".");
	MICA_FREE char *real = NULL;
	const char *rest = "";

	for (;;) {
		char *slash;

		real = realpath(there, NULL);
		if (real)
			break;
		slash = strrchr(there, '/');
		if (errno != ENOENT || strcmp(there, ".") == 0)
			return err_errno(err, errno, "cannot resolve '%s'", path);
		/* path and there begin with the same bytes */
		rest = slash ? path + (slash - there) + 1 : path;
		if (slash)
			slash[slash == there] = '\0';
		else
			strcpy(there, ".");
	}
	while (*rest == '/')
		rest++;
	*ret = *rest ? mem_printf("%s%s%s", real, strcmp(real, "/") == 0 ? "" : "/", rest)
	             : mem_give(real);
	return 0;
}
