// SPDX-License-Identifier: Apache-2.0
/* Rules on keys and their files, and on what belongs together. */
#include "world.h"

#include <string.h>
#include <sys/stat.h>

#include <mica/inventory.h>

void world_judge_file_mode(struct world *world, const char *path)
{
	const struct mark where = { path, 0, 0 };
	struct stat st;

	if (stat(path, &st) == 0 && st.st_mode & S_IWOTH)
		check_say(world->findings, CHECK_FILE_WRITABLE, &where,
		    "its mode is %04o: anybody can write it", (unsigned)st.st_mode & 07777);
}

/* There the pods see the key in a volume, whose owner and mode are not those of the file here.
 */
static bool in_cluster(const struct check_target *target)
{
	return target->helm || target->operator;
}

static void judge_key_mode(struct world *world, const struct private_key *key, enum role role)
{
	const struct mark where = { key->path, 0, 0 };
	struct stat st;

	if (stat(key->path, &st) != 0)
		return;
	if (st.st_mode & (S_IROTH | S_IWOTH))
		check_say(world->findings, CHECK_KEY_EXPOSED, &where,
		    "its mode is %04o: anybody can read it", (unsigned)st.st_mode & 07777);
	else if (role == ROLE_SERVER && world->target->version >= MILVUS_VERSION(3, 0) &&
	         !in_cluster(world->target) && st.st_uid == 0 && !(st.st_mode & S_IRGRP))
		check_say(world->findings, CHECK_KEY_OWNER, &where,
		    "it is root's, and its mode is %04o", (unsigned)st.st_mode & 07777);
}

void world_judge_key_file(struct world *world, const struct private_key *key, enum role role)
{
	const struct mark where = { key->path, 0, 0 };

	judge_key_mode(world, key, role);
	if (key->form == INSPECT_ENCRYPTED)
		check_say_as(world->findings, CHECK_KEY_FORM,
		    (struct check_how){ FINDING_ERROR, NULL }, &where,
		    "the key is encrypted, and nobody will be asked for its password");
	else if (key->form == INSPECT_TRADITIONAL && role == ROLE_CLIENT)
		check_say_as(world->findings, CHECK_KEY_FORM,
		    (struct check_how){ FINDING_WARNING, NULL }, &where,
		    "the key is not PKCS#8 (BEGIN PRIVATE KEY)");
}

static bool same_key(const struct digest *one, const struct digest *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

struct pair world_pair(struct world *world, const struct named *certificate,
    const struct named *key, enum role role)
{
	const struct pair pair = { world_certificates(world, certificate, role),
		world_key(world, key, role) };

	if (pair.certificates && pair.key && pair.key->usable &&
	    !same_key(&pair.certificates->items[0].spki, &pair.key->spki)) {
		const struct mark where = { pair.key->path, 0, 0 };

		check_say(world->findings, CHECK_KEY_MISMATCH, &where,
		    "it is not the key of the first certificate in '%s'",
		    pair.certificates->path);
	}
	return pair;
}

void world_judge_path(struct world *world, const struct certificates *chain,
    const struct certificates *trusted, enum check_id id)
{
	struct err err = ERR_INIT;
	const struct mark where = { chain->path, 0, 0 };

	if (chain->items[0].self_named) /* told by a rule of its own */
		return;
	if (inspect_path(&chain->items[0],
	        (struct inspect_set){ chain->items + 1, chain->n - 1 },
	        (struct inspect_set){ trusted->items, trusted->n }, &err) == 0)
		return;
	check_say(world->findings, id, &where, "'%s' does not verify it: %s", trusted->path,
	    err.text);
}
