// SPDX-License-Identifier: Apache-2.0
/* What only Kubernetes kinds have, and what they cannot have. */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Helm's own limit; with "-milvus" behind it, it is a label of DNS still */
enum { MAX_RELEASE = 53, MAX_LABEL = 63, MAX_PREFIX = 253 };

/* --- names of Kubernetes ---------------------------------------------------------------- */

struct form {
	const char *first, *rest, *last; /* characters */
	size_t max;
};

/* RFC 1035 labels, as Services have; RFC 1123 labels; names of labels, and their values */
static const struct form release_form = { LETTERS, LETTERS DIGITS "-", LETTERS DIGITS,
	MAX_RELEASE };
static const struct form namespace_form = { LETTERS DIGITS, LETTERS DIGITS "-", LETTERS DIGITS,
	MAX_LABEL };
static const struct form label_form = { LETTERS CAPITALS DIGITS, LETTERS CAPITALS DIGITS "-_.",
	LETTERS CAPITALS DIGITS, MAX_LABEL };
static const struct form prefix_form = { LETTERS DIGITS, LETTERS DIGITS "-.", LETTERS DIGITS,
	MAX_PREFIX };

static bool has_form(const char *text, const struct form *form)
{
	const size_t len = strlen(text);

	return len > 0 && len <= form->max && strchr(form->first, text[0]) &&
	       strspn(text, form->rest) == len && strchr(form->last, text[len - 1]);
}

/* --- keys at the wrong kind ------------------------------------------------------------- */

static void misplaced(struct judge *judge, const struct schema_value *value, const char *key,
    const char *kinds, const char *kind)
{
	if (value->node)
		doc_fault(judge->findings, "wrong-kind", &value->node->mark, kinds,
		    "'%s' has no meaning with 'kind: %s'", key, kind);
}

static void judge_kind(struct judge *judge, const struct milvus_keys *keys)
{
	static const char clusters[] = "it is for the kinds helm and operator";
	const enum deployment_kind kind = (enum deployment_kind)keys->kind.number;
	const char *word;

	if (!keys->kind.node)
		return;
	word = keys->kind.node->text;
	if (kind == DEPLOY_HELM || kind == DEPLOY_OPERATOR) {
		misplaced(judge, &keys->milvus_yaml, "milvus-yaml",
		    "Milvus is told through the outlets of this kind", word);
	} else {
		misplaced(judge, &keys->namespace, "namespace", clusters, word);
		misplaced(judge, &keys->release, "release", clusters, word);
		misplaced(judge, &keys->labels, "labels", clusters, word);
		misplaced(judge, &keys->secret_form, "secret-form", clusters, word);
	}
	if (kind != DEPLOY_OPERATOR)
		misplaced(judge, &keys->patch, "patch", "it is for the kind operator", word);
	if (kind == DEPLOY_FILES && keys->service_names.number)
		misplaced(judge, &keys->service_names, "service-names",
		    "name the server's names under its 'dns'", word);
}

/* --- single values ---------------------------------------------------------------------- */

static char *judge_namespace(struct judge *judge, const struct milvus_keys *keys)
{
	const char *text = keys->namespace.node ? keys->namespace.node->text : "default";

	if (keys->namespace.faulty)
		return NULL;
	if (has_form(text, &namespace_form))
		return mem_strdup(text);
	doc_fault(judge->findings, "namespace", &keys->namespace.node->mark,
	    "small letters, digits and '-', the ends a letter or digit, at most 63",
	    "'%s' cannot be a namespace", text);
	return NULL;
}

/* Left out, it is the deployment's name, which then has to be fit for it. */
static char *judge_release(
    struct judge *judge, const struct milvus_keys *keys, const struct inv_deployment *out)
{
	const struct doc_node *node = keys->release.node ? keys->release.node : keys->name.node;

	if (keys->release.faulty || !out->name)
		return NULL;
	if (has_form(node->text, &release_form))
		return mem_strdup(node->text);
	doc_fault(judge->findings, "release", &node->mark,
	    keys->release.node
	        ? "small letters, digits and '-', the first a letter, the last a "
	          "letter or digit, at most 53"
	        : "say with 'release' how it is called in Kubernetes",
	    "'%s' cannot be the name of a release", node->text);
	return NULL;
}

/* Helm: the chart's "milvus.fullname", which is the release's name when that holds the chart's.
 * The operator: always the resource's name and "-milvus". */
static char *service_of(enum deployment_kind kind, const char *release)
{
	if (!release)
		return NULL;
	if (kind == DEPLOY_HELM && strstr(release, "milvus"))
		return mem_strdup(release);
	return mem_printf("%s-milvus", release);
}

/* The Secret is called after the deployment, and labelled with its name. */
static void judge_secret_name(
    struct judge *judge, const struct milvus_keys *keys, const struct inv_deployment *out)
{
	if (out->name && !has_form(out->name, &namespace_form))
		doc_fault(judge->findings, "entry-name", &keys->name.node->mark,
		    "small letters, digits and '-', the ends a letter or digit",
		    "'%s' cannot be part of the name of a Secret", out->name);
}

static bool is_reserved(const char *key)
{
	return strcmp(key, "app.kubernetes.io/managed-by") == 0 ||
	       strcmp(key, "app.kubernetes.io/instance") == 0 ||
	       strcmp(key, "mica-deployment") == 0 || strcmp(key, "mica-generation") == 0;
}

static void judge_label(
    struct judge *judge, const struct doc_node *key, const struct doc_node *value)
{
	const char *slash = strchr(key->text, '/');
	MICA_FREE char *prefix = slash ? mem_dup(key->text, (size_t)(slash - key->text)) : NULL;

	if (is_reserved(key->text))
		doc_fault(judge->findings, "label", &key->mark, NULL,
		    "the label '%s' is mica's own", key->text);
	else if (!has_form(slash ? slash + 1 : key->text, &label_form) ||
	         (prefix && !has_form(prefix, &prefix_form)))
		doc_fault(judge->findings, "label", &key->mark, "such as example.com/team",
		    "'%s' cannot be a label", key->text);
	if (!has_form(value->text, &label_form))
		doc_fault(judge->findings, "label", &value->mark,
		    "letters, digits, '.', '_' and '-', the ends a letter or digit, at most 63",
		    "'%s' cannot be the value of a label", value->text);
}

static int by_key(const void *a, const void *b)
{
	const struct inv_label *left = a;
	const struct inv_label *right = b;

	return strcmp(left->key, right->key);
}

static void judge_labels(
    struct judge *judge, const struct milvus_keys *keys, struct inv_kubernetes *out)
{
	const struct doc_node *map = keys->labels.node;
	const size_t n = schema_count(&keys->labels);

	out->labels = mem_array(n, sizeof(*out->labels));
	for (size_t i = 0; i < n; i++) {
		judge_label(judge, map->keys[i], map->items[i]);
		out->labels[out->n_labels++] =
		    (struct inv_label){ mem_strdup(map->keys[i]->text),
			    mem_strdup(map->items[i]->text) };
	}
	if (n > 1)
		qsort(out->labels, n, sizeof(*out->labels), by_key);
}

/* --- all of it -------------------------------------------------------------------------- */

void judge_kubernetes(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out)
{
	judge_kind(judge, keys);
	if (!keys->kind.node || !inventory_in_kubernetes(out))
		return;
	out->kubernetes.namespace = judge_namespace(judge, keys);
	out->kubernetes.release = judge_release(judge, keys, out);
	out->kubernetes.service = service_of(out->kind, out->kubernetes.release);
	out->kubernetes.form = (enum secret_form)keys->secret_form.number;
	out->kubernetes.patch = keys->patch.number != 0;
	judge_secret_name(judge, keys, out);
	judge_labels(judge, keys, &out->kubernetes);
}

static int by_release(const void *a, const void *b, void *context)
{
	const struct inv_deployment *deployments = context;
	const struct inv_deployment *left = &deployments[*(const size_t *)a];
	const struct inv_deployment *right = &deployments[*(const size_t *)b];
	int order = (left->kind > right->kind) - (left->kind < right->kind);

	if (order == 0)
		order = strcmp(left->kubernetes.namespace, right->kubernetes.namespace);
	return order != 0 ? order : strcmp(left->kubernetes.release, right->kubernetes.release);
}

static void tell_release(struct judge *judge, size_t a, size_t b)
{
	const struct milvus_keys *keys = judge->keys->milvus.items;
	const size_t later = a > b ? a : b;
	const struct inv_kubernetes *it = &judge->inventory->deployments[later].kubernetes;

	doc_fault(judge->findings, "release", &keys[later].head.node->mark, NULL,
	    "it is the release '%s' of the namespace '%s', as another deployment is",
	    it->release, it->namespace);
}

void judge_releases(struct judge *judge)
{
	struct inventory *inventory = judge->inventory;
	MICA_FREE size_t *known = mem_array(inventory->n_deployments, sizeof(*known));
	size_t n = 0;

	for (size_t i = 0; i < inventory->n_deployments; i++) {
		const struct inv_kubernetes *it = &inventory->deployments[i].kubernetes;

		if (it->release && it->namespace)
			known[n++] = i;
	}
	if (n > 1)
		qsort_r(known, n, sizeof(*known), by_release, inventory->deployments);
	for (size_t i = 1; i < n; i++) {
		if (by_release(&known[i - 1], &known[i], inventory->deployments) == 0)
			tell_release(judge, known[i - 1], known[i]);
	}
}
