// SPDX-License-Identifier: Apache-2.0
/*
 * TLS to what Milvus stands on. The files are others', and Milvus alone sees them: nothing is
 * known of them but their paths.
 */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

#include "path.h"

#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

enum { MAX_ID = 63 };

/* --- since when Milvus has it ----------------------------------------------------------- */

struct since {
	int version, patch;
	const char *text;
};

static const struct since KAFKA_TLS = { MILVUS_VERSION(2, 3), 11, "2.3.11" };
static const struct since MINIO_CA = { MILVUS_VERSION(2, 3), 12, "2.3.12" };
static const struct since MINIO_VERSION = { MILVUS_VERSION(2, 6), 12, "2.6.12" };
static const struct since CDC_TLS = { MILVUS_VERSION(2, 6), 12, "2.6.12" };

static bool has(const struct inv_deployment *out, const struct since *since)
{
	return out->version > since->version ||
	       (out->version == since->version && out->patch >= since->patch);
}

static void judge_since(struct judge *judge, const struct inv_deployment *out,
    const struct since *since, const struct doc_node *node, const char *what)
{
	MICA_FREE char *hint = NULL;

	if (has(out, since) || !out->version_text)
		return;
	if (out->version == since->version && out->patch < 0)
		hint = mem_printf("say the whole version, such as \"%s\"", since->text);
	doc_fault(judge->findings, "version", &node->mark, hint,
	    "%s came with Milvus %s, and 'version' is %s", what, since->text,
	    out->version_text);
}

/* --- paths ------------------------------------------------------------------------------ */

/* NULL when it was left out, or is a fault; free() it */
static char *judge_seen(struct judge *judge, const struct schema_value *value, const char *name)
{
	MICA_FREE char *straight = NULL;
	MICA_FREE char *tidy = NULL;

	if (!value->node)
		return NULL;
	straight = path_absolute("/", value->node->text);
	tidy = path_tidy(value->node->text);
	if (value->node->text[0] == '/' && strcmp(straight, tidy) == 0)
		return mem_give(tidy);
	doc_fault(judge->findings, "dependency-path", &value->node->mark,
	    "such as /milvus/certs/ca.pem",
	    "'%s' must be the absolute path of a file, as Milvus sees it", name);
	return NULL;
}

static void judge_pair(struct judge *judge, const struct dependency_keys *keys)
{
	const struct schema_value *there = keys->cert.node ? &keys->cert : &keys->key;
	const struct schema_value *other = keys->cert.node ? &keys->key : &keys->cert;

	if (there->node && !other->node && !other->faulty)
		doc_fault(judge->findings, "dependency-pair", &there->node->mark,
		    "give both or neither", "'%s' alone is no use",
		    there == &keys->cert ? "cert" : "key");
}

/* --- dependencies ----------------------------------------------------------------------- */

static void judge_versions(struct judge *judge, enum dependency_kind kind,
    const struct dependency_keys *keys, const struct inv_deployment *out)
{
	if (kind == DEPENDENCY_KAFKA)
		judge_since(judge, out, &KAFKA_TLS, keys->head.node, "TLS to Kafka");
	if (kind == DEPENDENCY_MINIO && keys->ca.node)
		judge_since(judge, out, &MINIO_CA, keys->ca.node, "a CA for MinIO");
	if (kind == DEPENDENCY_MINIO && keys->min_version.node)
		judge_since(judge, out, &MINIO_VERSION, keys->min_version.node,
		    "'min-version' for MinIO");
}

static void judge_dependency(struct judge *judge, enum dependency_kind kind,
    const struct dependency_keys *keys, struct inv_deployment *out)
{
	struct inv_dependency *dependency = &out->dependencies[kind];

	if (!keys->head.node || keys->head.node->kind != DOC_MAP)
		return;
	if (kind != DEPENDENCY_ETCD) /* which needs all three, as the table says */
		judge_pair(judge, keys);
	judge_versions(judge, kind, keys, out);
	*dependency = (struct inv_dependency){
		.tls = true,
		.ca = judge_seen(judge, &keys->ca, "ca"),
		.cert = judge_seen(judge, &keys->cert, "cert"),
		.key = judge_seen(judge, &keys->key, "key"),
		.min_version =
		    keys->min_version.node ? mem_strdup(keys->min_version.node->text) : NULL,
		.sasl = keys->sasl.number != 0,
	};
}

/* --- CDC -------------------------------------------------------------------------------- */

/* What Milvus makes of an id when it compares keys. */
static char *as_compared(const char *id)
{
	char *text = mem_strdup(id);
	size_t n = 0;

	for (size_t i = 0; id[i]; i++) {
		if (id[i] != '_')
			text[n++] =
			    (char)(id[i] >= 'A' && id[i] <= 'Z' ? id[i] + ('a' - 'A') : id[i]);
	}
	text[n] = '\0';
	return text;
}

static bool judge_id(struct judge *judge, const struct doc_node *key)
{
	const size_t len = strlen(key->text);
	MICA_FREE char *compared = as_compared(key->text);

	if (len <= MAX_ID && compared[0] != '\0' && strspn(key->text, ID_CHARACTERS) == len)
		return true;
	doc_fault(judge->findings, "cdc-id", &key->mark, NULL,
	    "the id of a target of CDC has letters, digits, '-' and '_' alone, at most %d",
	    MAX_ID);
	return false;
}

static void judge_collision(
    struct judge *judge, const struct doc_node *key, const struct inv_deployment *out)
{
	MICA_FREE char *mine = as_compared(key->text);

	for (size_t i = 0; i < out->n_cdc; i++) {
		MICA_FREE char *other = as_compared(out->cdc[i].id);

		if (strcmp(mine, other) != 0)
			continue;
		doc_fault(judge->findings, "cdc-id-collides", &key->mark,
		    "Milvus compares keys without case and '_'",
		    "to Milvus '%s' is the same id as '%s'", key->text, out->cdc[i].id);
		return;
	}
}

static void judge_cdc(
    struct judge *judge, const struct schema_array *array, struct inv_deployment *out)
{
	const struct cdc_keys *keys = array->items;

	out->cdc = mem_array(array->n, sizeof(*out->cdc));
	if (array->n > 0)
		judge_since(
		    judge, out, &CDC_TLS, array->node->keys[0], "TLS to targets of CDC");
	for (size_t i = 0; i < array->n; i++) {
		const struct doc_node *key = array->node->keys[i];

		if (!keys[i].head.node || !judge_id(judge, key))
			continue;
		judge_collision(judge, key, out);
		out->cdc[out->n_cdc++] = (struct inv_cdc){
			.id = mem_strdup(key->text),
			.ca = judge_seen(judge, &keys[i].ca, "ca"),
			.cert = judge_seen(judge, &keys[i].cert, "cert"),
			.key = judge_seen(judge, &keys[i].key, "key"),
		};
	}
}

void judge_dependencies(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out)
{
	for (size_t i = 0; i < DEPENDENCY_COUNT; i++)
		judge_dependency(
		    judge, (enum dependency_kind)i, &keys->dependencies.of[i], out);
	judge_cdc(judge, &keys->cdc, out);
}
