// SPDX-License-Identifier: Apache-2.0
#include "outdir_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/file.h>

static int wanted(const struct dirent *entry)
{
	return generation_name_ok(entry->d_name);
}

static int newest_first(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*b)->d_name, (*a)->d_name);
}

/* Names of generations sort by their time; the current one and its elders were swapped once. */
static bool was_swapped(const char *generation, const char *current)
{
	return current && strcmp(generation, current) <= 0;
}

int outdir_read_staged(const char *dir, const char *name, struct buf *ret, struct err *err)
{
	MICA_FREE char *current = NULL;
	struct dirent **entries = NULL;
	struct err ignored = ERR_INIT; /* none is current: everything there is staged */
	int n = scandir(dir, &entries, wanted, newest_first);
	bool found = false;

	(void)!outdir_current(dir, &current, &ignored);
	for (int i = 0; i < n; i++) {
		MICA_FREE char *path = mem_printf("%s/%s/%s", dir, entries[i]->d_name, name);

		if (!found && !was_swapped(entries[i]->d_name, current))
			found = file_read(AT_FDCWD, path, FILE_MAX_TEXT, ret, &ignored) == 0;
		free(entries[i]);
	}
	free(entries);
	if (found)
		return 0;
	return err_set(err, ERR_NOT_FOUND, "no '%s' is staged in '%s'", name, dir);
}
