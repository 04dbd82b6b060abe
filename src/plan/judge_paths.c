// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include <mica/file.h>
#include <mica/mem.h>

#include "path.h"
#include "values.h"

/* One deployment's directory, absolute. */
struct place {
	char *path;
	size_t index;
	const struct doc_node *node; /* what to blame */
};

static const struct milvus_keys *keys_of(const struct judge *judge, size_t i)
{
	return (const struct milvus_keys *)judge->keys->milvus.items + i;
}

/* A tree sorts right behind the directory that it lies in: '/' is less than any other
 * character. */
static int by_path(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;
	size_t i = 0;
	int l, r;

	while (left->path[i] != '\0' && left->path[i] == right->path[i])
		i++;
	l = left->path[i] == '/' ? 1 : (unsigned char)left->path[i];
	r = right->path[i] == '/' ? 1 : (unsigned char)right->path[i];
	if (l != r)
		return l - r;
	return (left->index > right->index) - (left->index < right->index);
}

static void nested_fault(struct judge *judge, const struct place *a, const struct place *b)
{
	const struct place *later = a->index > b->index ? a : b;
	const struct place *earlier = later == a ? b : a;
	const char *other = judge->inventory->deployments[earlier->index].name;

	doc_fault(judge->findings, "out", &later->node->mark,
	    "give each deployment a directory of its own",
	    "'out' is the same as that of the deployment '%s', or one lies in the other",
	    other ? other : "");
}

static void judge_nested(struct judge *judge, struct place *places, size_t n)
{
	const struct place *top = NULL;

	if (n > 1)
		qsort(places, n, sizeof(*places), by_path);
	for (size_t i = 0; i < n; i++) {
		if (top && path_within(places[i].path, top->path))
			nested_fault(judge, top, &places[i]);
		else
			top = &places[i];
	}
}

/* The state directory and what is delivered must not mix. */
static void judge_state(struct judge *judge, const struct place *place, const char *state)
{
	static const char *const mine[] = { "tls", "clients", "requests" };

	if (path_within(place->path, state)) {
		doc_fault(judge->findings, "out", &place->node->mark, NULL,
		    "'out' is the state directory, or lies in it");
		return;
	}
	for (size_t i = 0; i < mem_count(mine); i++) {
		MICA_FREE char *tree = path_absolute(place->path, mine[i]);

		if (path_within(state, tree))
			doc_fault(judge->findings, "out", &place->node->mark, NULL,
			    "the state directory lies in '%s' of this deployment", mine[i]);
	}
}

static void judge_milvus_yaml(struct judge *judge, const struct place *place)
{
	const struct schema_value *value = &keys_of(judge, place->index)->milvus_yaml;
	MICA_FREE char *from = NULL;
	MICA_FREE char *to = path_absolute(place->path, "milvus.yaml");

	if (!value->node)
		return;
	from = path_absolute(judge->absolute, value->node->text);
	if (strcmp(from, to) == 0)
		doc_fault(judge->findings, "milvus-yaml", &value->node->mark,
		    "name the original", "'milvus-yaml' is the file that is written: '%s'",
		    judge->inventory->deployments[place->index].milvus_yaml);
}

/* Left out, out is out/NAME. */
static char *out_path(struct judge *judge, const struct milvus_keys *keys,
    const struct inv_deployment *deployment)
{
	MICA_FREE char *text = NULL;

	if (keys->out.node || keys->out.faulty || !deployment->name)
		return judge_path(judge, &keys->out);
	text = mem_printf("out/%s", deployment->name);
	return file_join(judge->inventory->dir, text);
}

static void judge_mount(
    struct judge *judge, const struct place *place, struct inv_deployment *deployment)
{
	const struct schema_value *value = &keys_of(judge, place->index)->mount;
	struct value_error error = { 0 };

	if (value->node && value_mount(value->node->text, &deployment->mount, &error) < 0)
		doc_fault(
		    judge->findings, "mount", &value->node->mark, error.hint, "%s", error.text);
	else if (!value->node && deployment->kind == DEPLOY_FILES)
		deployment->mount = path_absolute(place->path, "tls");
	else if (!value->node)
		deployment->mount = mem_strdup("/milvus/tls");
}

static struct place make_place(struct judge *judge, size_t i)
{
	struct inv_deployment *deployment = &judge->inventory->deployments[i];
	const struct milvus_keys *keys = keys_of(judge, i);
	struct place place = { .index = i,
		.node = keys->out.node ? keys->out.node : keys->head.node };

	deployment->out = out_path(judge, keys, deployment);
	if (!deployment->out)
		return place;
	place.path =
	    path_absolute(judge->absolute, keys->out.node ? keys->out.node->text : "out");
	if (!keys->out.node) {
		MICA_FREE char *parent = place.path;

		place.path = path_absolute(parent, deployment->name);
	}
	return place;
}

void judge_paths(struct judge *judge)
{
	const struct inventory *inventory = judge->inventory;
	const char *state_text = schema_text(&judge->keys->state_dir);
	MICA_FREE char *state =
	    path_absolute(judge->absolute, state_text ? state_text : "state");
	MICA_FREE struct place *places = mem_array(inventory->n_deployments, sizeof(*places));
	size_t n = 0;

	for (size_t i = 0; i < inventory->n_deployments; i++) {
		const struct place place = make_place(judge, i);

		if (!place.path)
			continue;
		if (!judge->keys->state_dir.faulty)
			judge_state(judge, &place, state);
		judge_milvus_yaml(judge, &place);
		judge_mount(judge, &place, &inventory->deployments[i]);
		places[n++] = place;
	}
	judge_nested(judge, places, n);
	for (size_t i = 0; i < n; i++)
		free(places[i].path);
}
