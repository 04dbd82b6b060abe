// SPDX-License-Identifier: Apache-2.0
#include "crash.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>

/* glibc's wrappers, SQLite and OpenSSL use these; newer machines have the ...at calls alone. */
static const struct kind kinds[] = {
	{ SYS_write, "write", .fd = 1, .bytes = 2, .count = 3, .space = true },
	{ SYS_pwrite64, "pwrite64", .fd = 1, .bytes = 2, .count = 3, .offset = 4,
	    .space = true },
	{ SYS_writev, "writev", .fd = 1, .space = true },
	{ SYS_pwritev, "pwritev", .fd = 1, .space = true },
	{ SYS_pwritev2, "pwritev2", .fd = 1, .space = true },
	{ SYS_copy_file_range, "copy_file_range", .fd = 3, .space = true },
	{ SYS_sendfile, "sendfile", .fd = 1, .space = true },
	{ SYS_fallocate, "fallocate", .fd = 1, .space = true },
	{ SYS_ftruncate, "ftruncate", .fd = 1, .value = 2 },
	{ SYS_truncate, "truncate", .path = 1, .value = 2 },
	{ SYS_fsync, "fsync", .fd = 1 },
	{ SYS_fdatasync, "fdatasync", .fd = 1 },
	{ SYS_syncfs, "syncfs", .fd = 1 },
	{ SYS_openat, "openat", .dir = 1, .path = 2, .value = 3, .value2 = 4 },
	{ SYS_renameat, "renameat", .dir = 1, .path = 2, .dir2 = 3, .path2 = 4 },
	{ SYS_renameat2, "renameat2", .dir = 1, .path = 2, .dir2 = 3, .path2 = 4, .value = 5 },
	{ SYS_linkat, "linkat", .dir = 1, .path = 2, .dir2 = 3, .path2 = 4, .space = true },
	{ SYS_symlinkat, "symlinkat", .text = 1, .dir = 2, .path = 3, .space = true },
	{ SYS_unlinkat, "unlinkat", .dir = 1, .path = 2, .value = 3 },
	{ SYS_mkdirat, "mkdirat", .dir = 1, .path = 2, .value = 3, .space = true },
	{ SYS_mknodat, "mknodat", .dir = 1, .path = 2, .space = true },
	{ SYS_fchmod, "fchmod", .fd = 1, .value = 2 },
	{ SYS_fchmodat, "fchmodat", .dir = 1, .path = 2, .value = 3 },
	{ SYS_fchown, "fchown", .fd = 1, .value = 2, .value2 = 3 },
	{ SYS_fchownat, "fchownat", .dir = 1, .path = 2, .value = 3, .value2 = 4 },
	{ SYS_sendmsg, "sendmsg", .fd = 1, .told = true },
	{ SYS_sendto, "sendto", .fd = 1, .told = true },
	{ SYS_clone, "clone", .told = true },
	{ SYS_clone3, "clone3", .told = true },
	{ SYS_waitid, "waitid", .told = true },
	{ SYS_wait4, "wait4", .told = true },
#ifdef SYS_open
	{ SYS_vfork, "vfork", .told = true },
	{ SYS_open, "open", .path = 1, .value = 2, .value2 = 3 },
	{ SYS_creat, "creat", .path = 1, .value2 = 2 },
	{ SYS_rename, "rename", .path = 1, .path2 = 2 },
	{ SYS_link, "link", .path = 1, .path2 = 2, .space = true },
	{ SYS_symlink, "symlink", .text = 1, .path = 2, .space = true },
	{ SYS_unlink, "unlink", .path = 1 },
	{ SYS_rmdir, "rmdir", .path = 1 },
	{ SYS_mkdir, "mkdir", .path = 1, .value = 2, .space = true },
	{ SYS_chmod, "chmod", .path = 1, .value = 2 },
	{ SYS_chown, "chown", .path = 1, .value = 2, .value2 = 3 },
	{ SYS_lchown, "lchown", .path = 1, .value = 2, .value2 = 3 },
#endif
};

static bool is_open(const struct kind *kind)
{
#ifdef SYS_open
	if (kind->nr == SYS_open)
		return true;
#endif
	return kind->nr == SYS_openat;
}

const struct kind *kind_of(uint64_t nr, const uint64_t args[6])
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *kind = &kinds[i];

		if ((uint64_t)kind->nr != nr)
			continue;
		return is_open(kind) && !(args[kind->value - 1] & (O_CREAT | O_TRUNC)) ? NULL
		                                                                       : kind;
	}
	return NULL;
}

const struct kind *kind_at(size_t n)
{
	return n < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[n] : NULL;
}
