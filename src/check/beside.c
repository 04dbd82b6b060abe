// SPDX-License-Identifier: Apache-2.0
/* Rules on what lies beside the files, and on keys that are used twice. */
#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/file.h>

enum {
	MOST_KEY = 64 << 10, /* bytes */
	MOST_FILES = 1000,   /* that are looked at in one directory */
};

static bool same(const struct digest *one, const struct digest *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

/* --- a CA's key ------------------------------------------------------------------ */

/* The CA whose key this is; NULL: none that the deployment has to do with. */
static const struct inspected *ca_of(const struct world *world, const struct digest *spki)
{
	for (size_t i = 0; i < world->n_certificates; i++) {
		const struct certificates *file = world->certificates[i];

		for (size_t k = 0; k < file->n; k++) {
			const struct inspected *one = &file->items[k];

			if ((one->ca || one->self_signed) && same(&one->spki, spki))
				return one;
		}
	}
	return NULL;
}

static void judge_neighbour(struct world *world, const char *path)
{
	BUF_AUTO text = BUF_INIT;
	struct err ignored = ERR_INIT;
	struct digest spki = { { 0 } };
	enum inspect_form form = INSPECT_ENCRYPTED;
	const struct mark where = { path, 0, 0 };
	const struct inspected *ca;

	if (file_read(AT_FDCWD, path, MOST_KEY, &text, &ignored) < 0 ||
	    inspect_private_key(path, &text, &spki, &form, &ignored) < 0 ||
	    form == INSPECT_ENCRYPTED)
		return;
	ca = ca_of(world, &spki);
	if (ca)
		check_say(world->findings, CHECK_CA_KEY_BESIDE, &where,
		    "this is the private key of the CA '%s'", ca->subject);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void judge_directory(struct world *world, const char *dir)
{
	DIR *open = opendir(dir);
	char **names = NULL;
	size_t n = 0, cap = 0;
	const struct dirent *entry;

	while (open && n < MOST_FILES && (entry = readdir(open))) {
		if (entry->d_name[0] == '.' || entry->d_type == DT_DIR)
			continue;
		names = mem_grow(names, &cap, n + 1, sizeof(*names));
		names[n++] = mem_printf("%s/%s", dir, entry->d_name);
	}
	if (open)
		closedir(open);
	if (n > 0)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		judge_neighbour(world, names[i]);
		free(names[i]);
	}
	free(names);
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? mem_dup(path, (size_t)(slash - path) + (slash == path))
	             : mem_strdup(".");
}

void world_judge_beside(struct world *world)
{
	char **seen = mem_array(world->n_certificates + 1, sizeof(*seen));
	size_t n = 0;

	for (size_t i = 0; i < world->n_certificates; i++) {
		MICA_FREE char *dir = directory_of(world->certificates[i]->path);
		bool known = false;

		for (size_t k = 0; k < n && !known; k++)
			known = strcmp(seen[k], dir) == 0;
		if (known)
			continue;
		judge_directory(world, dir);
		seen[n++] = mem_give(dir);
	}
	for (size_t i = 0; i < n; i++)
		free(seen[i]);
	free(seen);
}

/* --- one key for two ------------------------------------------------------------- */

static void judge_two(
    struct world *world, const struct certificates *server, const struct certificates *client)
{
	const struct mark where = { client->path, 0, 0 };

	if (server->role != ROLE_SERVER || client->role != ROLE_CLIENT || !server->items ||
	    !client->items || !same(&server->items[0].spki, &client->items[0].spki))
		return;
	check_say(world->findings, CHECK_SAME_KEY, &where,
	    "its key is that of the server's certificate, '%s'", server->path);
}

void world_judge_shared_keys(struct world *world)
{
	for (size_t i = 0; i < world->n_certificates; i++) {
		for (size_t k = 0; k < world->n_certificates; k++)
			judge_two(world, world->certificates[i], world->certificates[k]);
	}
}
