// SPDX-License-Identifier: Apache-2.0
#include "path.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mica/buf.h>
#include <mica/file.h>
#include <mica/mem.h>

enum path_parents { KEEP_PARENTS, TAKE_PARENTS };

/* Takes the last part away; the root is its own parent. */
static void cut_part(struct buf *path)
{
	while (path->len > 0 && path->data[path->len - 1] != '/')
		buf_cut(path, path->len - 1);
	if (path->len > 0)
		buf_cut(path, path->len - 1);
}

static char *rebuild(const char *path, enum path_parents parents)
{
	const bool rooted = path[0] == '/';
	BUF_AUTO out = BUF_INIT;

	for (const char *part = path; *part;) {
		const size_t len = strcspn(part, "/");

		if (parents == TAKE_PARENTS && len == 2 && memcmp(part, "..", 2) == 0) {
			cut_part(&out);
		} else if (len > 0 && !(len == 1 && part[0] == '.')) {
			if (out.len > 0 || rooted)
				buf_addstr(&out, "/");
			buf_add(&out, part, len);
		}
		part += len + (part[len] == '/');
	}
	if (out.len == 0)
		return mem_strdup(rooted ? "/" : ".");
	return mem_strdup(buf_text(&out));
}

char *path_tidy(const char *path)
{
	return rebuild(path, KEEP_PARENTS);
}

char *path_absolute(const char *base, const char *path)
{
	MICA_FREE char *joined = file_join(base, path);

	return rebuild(joined, TAKE_PARENTS);
}

bool path_within(const char *path, const char *dir)
{
	const size_t len = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return true;
	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

char *path_directory(const char *dir)
{
	MICA_FREE char *here = NULL;

	if (dir[0] == '/')
		return mem_strdup(dir);
	here = realpath(dir, NULL);
	if (here)
		return mem_give(here);
	here = getcwd(NULL, 0);
	return path_absolute(here ? here : "/", dir);
}
