// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/file.h>

/* Where Milvus runs in its image; what relative paths are relative to. */
static const char HOME[] = "/milvus";
/* Files of the image, whose private keys are in git. */
static const char DEMO[] = "/milvus/configs/cert";

void named_clear(struct named *named)
{
	mem_freep(&named->path);
}

static void certificates_free(struct certificates *certificates)
{
	inspected_free(certificates->items, certificates->n);
	free(certificates->path);
	free(certificates);
}

void world_clear(struct world *world)
{
	for (size_t i = 0; i < world->n_certificates; i++)
		certificates_free(world->certificates[i]);
	for (size_t i = 0; i < world->n_keys; i++) {
		free(world->keys[i]->path);
		free(world->keys[i]);
	}
	free(world->certificates);
	free(world->keys);
	config_free(world->config);
}

/* --- paths of the container ------------------------------------------------------ */

static char *from_root(const char *path)
{
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	return path[0] == '/' ? mem_strdup(path) : mem_printf("%s/%s", HOME, path);
}

/* What is left of path below dir; NULL: it is not below. */
static const char *below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 0 && dir[len - 1] == '/')
		len--;
	if (strncmp(path, dir, len) != 0 || (path[len] != '/' && path[len] != '\0'))
		return NULL;
	path += len;
	while (*path == '/')
		path++;
	return path;
}

/* The longest mount wins, as in the container. */
static char *mounted(const struct world *world, const char *path)
{
	const struct check_target *target = world->target;
	char *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < target->n_mounts; i++) {
		MICA_FREE char *inside = from_root(target->mounts[i].inside);
		const char *rest = below(path, inside);

		if (!rest || strlen(inside) < longest)
			continue;
		longest = strlen(inside);
		free(found);
		found = rest[0] ? file_join(target->mounts[i].here, rest)
		                : mem_strdup(target->mounts[i].here);
	}
	return found;
}

static void tell_demo(struct world *world, const char *key, const struct setting *setting)
{
	const struct mark *where = setting ? &setting->mark : NULL;

	if (!setting)
		setting = config_find(world->config, "common.security.tlsMode");
	check_say(world->findings, CHECK_DEMO_KEY,
	    where ? where : (setting ? &setting->mark : NULL),
	    where ? "%s is '%s', a file of Milvus' image"
	          : "%s is not set: '%s', a file of Milvus' image, is used",
	    key, where ? setting->value : "configs/cert/...");
}

struct named world_setting(struct world *world, const char *key)
{
	const struct setting *setting = config_find(world->config, key);
	struct named named = { .what = key };
	MICA_FREE char *inside = NULL;

	if (setting)
		named.where = setting->mark;
	if (!setting && world->target->base == CHECK_BASE_IMAGE &&
	    strncmp(key, "tls.clusters.", 13) != 0 && strstr(key, "tls."))
		tell_demo(world, key, NULL);
	if (!setting || setting->value[0] == '\0')
		return named;
	inside = from_root(setting->value);
	named.path = mounted(world, inside);
	named.sure = named.path != NULL;
	if (!named.path && below(inside, DEMO))
		tell_demo(world, key, setting);
	else if (!named.path && !world->target->mounted_only)
		named.path = mem_give(inside);
	return named;
}

bool world_has(const struct world *world, const char *key)
{
	const char *value = config_text(world->config, key, "");
	MICA_FREE char *inside = value[0] ? from_root(value) : NULL;
	MICA_FREE char *here = inside ? mounted(world, inside) : NULL;

	return here != NULL;
}

struct named world_path(const struct world *world, const char *what, const char *path)
{
	(void)world;
	return (struct named){ .what = what, .path = mem_strdup(path), .sure = true };
}

/* --- reading --------------------------------------------------------------------- */

static void tell_missing(struct world *world, const struct named *named, const struct err *err)
{
	const struct mark own = { named->path, 0, 0 };
	const struct mark *where = named->where.file ? &named->where : &own;
	const struct check_how unsure = { FINDING_WARNING,
		"say where the container's files lie here: --mount INSIDE=HERE" };

	if (err->kind == ERR_NOT_FOUND && !named->sure)
		check_say_as(world->findings, CHECK_FILE_MISSING, unsure, where,
		    "%s names '%s', which is not here: it is not judged", named->what,
		    named->path);
	else if (err->kind == ERR_NOT_FOUND)
		check_say(world->findings, CHECK_FILE_MISSING, where,
		    "%s names '%s', which is not there", named->what, named->path);
	else
		check_say(world->findings, CHECK_FILE_UNREADABLE, where, "%s: %s", named->what,
		    err->text);
}

static bool read_named(struct world *world, const struct named *named, struct buf *ret)
{
	struct err err = ERR_INIT;

	if (!named->path)
		return false;
	if (file_read(AT_FDCWD, named->path, FILE_MAX_TEXT, ret, &err) == 0)
		return true;
	tell_missing(world, named, &err);
	return false;
}

const struct certificates *world_certificates(
    struct world *world, const struct named *named, enum role role)
{
	BUF_AUTO text = BUF_INIT;
	struct certificates *made;
	struct err err = ERR_INIT;

	for (size_t i = 0; named->path && i < world->n_certificates; i++) {
		struct certificates *known = world->certificates[i];

		if (strcmp(known->path, named->path) == 0 &&
		    (known->role == role || role == ROLE_TRUST))
			return known->items ? known : NULL;
	}
	if (!read_named(world, named, &text))
		return NULL;
	made = mem_zalloc(sizeof(*made));
	made->path = mem_strdup(named->path);
	made->role = role;
	world->certificates = mem_grow(world->certificates, &world->cap_certificates,
	    world->n_certificates + 1, sizeof(struct certificates *));
	world->certificates[world->n_certificates++] = made;
	world_judge_file_mode(world, made->path);
	if (inspect_certificates(made->path, &text, &made->items, &made->n, &err) < 0) {
		tell_missing(world, named, &err);
		return NULL;
	}
	world_judge_certificates(world, made);
	return made;
}

const struct private_key *world_key(
    struct world *world, const struct named *named, enum role role)
{
	BUF_AUTO text = BUF_INIT;
	struct private_key *made;
	struct err err = ERR_INIT;

	for (size_t i = 0; named->path && i < world->n_keys; i++) {
		if (strcmp(world->keys[i]->path, named->path) == 0)
			return world->keys[i];
	}
	if (!read_named(world, named, &text))
		return NULL;
	made = mem_zalloc(sizeof(*made));
	made->path = mem_strdup(named->path);
	world->keys = mem_grow(
	    world->keys, &world->cap_keys, world->n_keys + 1, sizeof(struct private_key *));
	world->keys[world->n_keys++] = made;
	if (inspect_private_key(made->path, &text, &made->spki, &made->form, &err) < 0) {
		err.kind = ERR_FAILED; /* the file is there */
		tell_missing(world, named, &err);
		return made;
	}
	made->usable = made->form != INSPECT_ENCRYPTED;
	world_judge_key_file(world, made, role);
	return made;
}
