// SPDX-License-Identifier: Apache-2.0
/*
 * The keys merged into a milvus.yaml that is given. doc_edit() compares keys as they are
 * written; Milvus does so in lower case and without "/", "_" and ".". A key of the file that is
 * another spelling of one that is set would be a second value, of which chance decides: it is
 * refused.
 */
#include "render.h"

#include <string.h>

#include <mica/config.h>
#include <mica/mem.h>

struct merging {
	const struct doc_node *root;
	const struct config *config;
	struct findings *findings;
};

/* The very place that doc_edit() writes to; NULL when it is not there yet. */
static const struct doc_node *place_of(const struct doc_node *root, const char *path)
{
	MICA_FREE char *rest = mem_strdup(path);
	const struct doc_node *node = root;
	char *at = rest;

	for (const char *key = strsep(&at, "."); key && node; key = strsep(&at, "."))
		node = doc_get(node, key);
	return node;
}

static bool is_there(const struct doc_node *node, const struct mark *mark)
{
	return node && node->mark.line == mark->line && node->mark.column == mark->column;
}

static void judge_spelling(const struct merging *merging, const char *path)
{
	const struct doc_node *place = place_of(merging->root, path);
	MICA_FREE char *key = config_key(path);
	MICA_FREE char *hint = mem_printf("write it as '%s', level by level", path);
	const struct setting *setting;

	for (size_t i = 0; (setting = config_at(merging->config, i)) != NULL; i++) {
		if (strcmp(setting->key, key) != 0 || is_there(place, &setting->mark))
			continue;
		findings_add(merging->findings, FINDING_ERROR, "ambiguous-key", &setting->mark,
		    hint, "to Milvus '%s' is the same key as '%s', which must be set",
		    setting->path, path);
	}
}

int merge_keys(const char *file, const struct buf *given, const struct keys *keys,
    struct findings *findings, struct buf *ret, struct err *err)
{
	const size_t before = findings->errors;
	FINDINGS_AUTO ignored = FINDINGS_INIT; /* doc_edit() tells what cannot be read */
	MICA_AUTO(config_freep) struct config *config = config_new();
	MICA_AUTO(doc_freep) struct doc *doc = NULL;
	BUF_AUTO merged = BUF_INIT;
	struct merging merging = { .config = config, .findings = findings };

	if (doc_edit(file, given, keys->changes, keys->n, findings, &merged, err) < 0)
		return -1;
	doc = doc_read_loose(file, given->data, given->len, &ignored);
	merging.root = doc ? doc_root(doc) : NULL;
	config_add_file(config, file, given, &ignored);
	for (size_t i = 0; merging.root && i < keys->n; i++)
		judge_spelling(&merging, keys->changes[i].path);
	if (findings->errors > before)
		return err_set(err, ERR_FAILED, "'%s' cannot be changed: %zu fault%s", file,
		    findings->errors - before, findings->errors - before == 1 ? "" : "s");
	buf_move(ret, &merged);
	return 0;
}
