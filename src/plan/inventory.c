// SPDX-License-Identifier: Apache-2.0
#include <mica/inventory.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/buf.h>
#include <mica/file.h>
#include <mica/mem.h>

#include "judge.h"
#include "lookup.h"
#include "path.h"

static void free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

static void clear_ca(struct inv_ca *ca)
{
	for (size_t i = 0; i < ca->n_subject; i++)
		rdn_clear(&ca->subject[i]);
	free(ca->subject);
	free(ca->name);
	free(ca->module);
	free(ca->module_args);
	free(ca->key);
	free(ca->pin.path);
	free(ca->pin.credential);
	free(ca->certificate);
	free_texts(ca->parents, ca->n_parents);
	free(ca->parent_marks);
	free_texts(ca->permitted_dns, ca->n_permitted_dns);
	free(ca->permitted_dns_marks);
}

static void clear_certificate(struct inv_certificate *certificate)
{
	for (size_t i = 0; i < certificate->n_names; i++)
		name_clear(&certificate->names[i]);
	free(certificate->names);
	free(certificate->name_marks);
	free(certificate->name);
	free(certificate->common_name);
	free(certificate->csr);
}

static void clear_dependencies(struct inv_deployment *deployment)
{
	for (size_t i = 0; i < DEPENDENCY_COUNT; i++) {
		free(deployment->dependencies[i].ca);
		free(deployment->dependencies[i].cert);
		free(deployment->dependencies[i].key);
		free(deployment->dependencies[i].min_version);
	}
	for (size_t i = 0; i < deployment->n_cdc; i++) {
		free(deployment->cdc[i].id);
		free(deployment->cdc[i].ca);
		free(deployment->cdc[i].cert);
		free(deployment->cdc[i].key);
	}
	free(deployment->cdc);
}

static void clear_deployment(struct inv_deployment *deployment)
{
	free_texts(deployment->endpoints, deployment->n_endpoints);
	for (char **word = deployment->restart; word && *word; word++)
		free(*word);
	free(deployment->restart);
	free(deployment->name);
	free(deployment->version_text);
	free(deployment->out);
	free(deployment->clients);
	free(deployment->sni);
	free(deployment->mount);
	free(deployment->milvus_yaml);
	for (size_t i = 0; i < deployment->kubernetes.n_labels; i++) {
		free(deployment->kubernetes.labels[i].key);
		free(deployment->kubernetes.labels[i].value);
	}
	free(deployment->kubernetes.labels);
	free(deployment->kubernetes.namespace);
	free(deployment->kubernetes.release);
	free(deployment->kubernetes.service);
	clear_dependencies(deployment);
}

void inventory_free(struct inventory *inventory)
{
	if (!inventory)
		return;
	for (size_t i = 0; i < inventory->n_cas; i++)
		clear_ca(&inventory->cas[i]);
	for (size_t i = 0; i < inventory->n_certificates; i++)
		clear_certificate(&inventory->certificates[i]);
	for (size_t i = 0; i < inventory->n_deployments; i++)
		clear_deployment(&inventory->deployments[i]);
	free_texts(inventory->trust, inventory->n_trust);
	free(inventory->trust_marks);
	free(inventory->cas);
	free(inventory->certificates);
	free(inventory->certificates_by_name);
	free(inventory->deployments);
	free(inventory->deployments_by_name);
	free(inventory->file);
	free(inventory->dir);
	free(inventory->state_dir);
	free(inventory);
}

/* --- reading ---------------------------------------------------------------------------- */

static void judge_trust(struct judge *judge)
{
	const struct schema_value *list = &judge->keys->trust;
	struct inventory *inventory = judge->inventory;

	inventory->trust = mem_array(schema_count(list), sizeof(*inventory->trust));
	inventory->trust_marks = mem_array(schema_count(list), sizeof(*inventory->trust_marks));
	for (size_t i = 0; i < schema_count(list); i++) {
		const struct schema_value item = { .node = list->node->items[i] };

		if (!schema_item(list, i))
			continue;
		inventory->trust_marks[inventory->n_trust] = judge_mark(judge, item.node);
		inventory->trust[inventory->n_trust] = judge_path(judge, &item);
		inventory->n_trust += inventory->trust[inventory->n_trust] != NULL;
	}
}

static void judge_all(struct judge *judge)
{
	struct inventory *inventory = judge->inventory;

	inventory->state_dir = judge_path(judge, &judge->keys->state_dir);
	if (!judge->keys->state_dir.node)
		inventory->state_dir = file_join(inventory->dir, "state");
	judge_trust(judge);
	judge_cas(judge);
	judge_certificates(judge);
	judge_deployments(judge);
	judge_paths(judge);
	judge_policy(judge);
}

static void read_root(struct judge *judge, const struct doc_node *root)
{
	struct inventory_keys keys = { 0 };
	const struct mark start = { judge->inventory->file, 1, 1 };

	if (!root || (root->kind == DOC_SCALAR && !root->quoted && root->text[0] == '\0')) {
		doc_fault(judge->findings, "empty", &start, "mica example compose > mica.yaml",
		    "the inventory is empty");
		return;
	}
	schema_read(inventory_schema(), root, &keys, judge->findings);
	judge->keys = &keys;
	if (root->kind == DOC_MAP)
		judge_all(judge);
	schema_clear(inventory_schema(), &keys);
	judge->keys = NULL;
}

static int verdict(const struct judge *judge, size_t errors, struct err *err)
{
	const char *file = judge->inventory->file;

	if (errors == 0)
		return 0;
	if (errors == judge->refusals)
		return err_set(err, ERR_REFUSED, "policy forbids what '%s' says", file);
	if (errors > DOC_MAX_FAULTS)
		return err_set(
		    err, ERR_FAILED, "'%s' has more than %d faults", file, DOC_MAX_FAULTS);
	return err_set(
	    err, ERR_FAILED, "'%s' has %zu fault%s", file, errors, errors == 1 ? "" : "s");
}

int inventory_parse(const char *file, const char *dir, const void *bytes, size_t len,
    struct findings *findings, struct inventory **ret, struct err *err)
{
	const size_t errors = findings->errors;
	MICA_AUTO(inventory_freep) struct inventory *inventory = mem_zalloc(sizeof(*inventory));
	MICA_AUTO(doc_freep) struct doc *doc = NULL;
	MICA_FREE char *absolute = path_directory(dir);
	struct judge judge = {
		.inventory = inventory, .findings = findings, .absolute = absolute
	};

	inventory->file = mem_strdup(file);
	inventory->dir = mem_strdup(dir);
	doc = doc_read(file, bytes, len, findings);
	if (doc)
		read_root(&judge, doc_root(doc));
	findings_sort(findings);
	if (verdict(&judge, findings->errors - errors, err) < 0)
		return -1;
	*ret = mem_give(inventory);
	return 0;
}

int inventory_load(
    const char *path, struct findings *findings, struct inventory **ret, struct err *err)
{
	const char *slash = strrchr(path, '/');
	MICA_FREE char *dir = NULL;
	BUF_AUTO text = BUF_INIT;

	if (file_read(AT_FDCWD, path, FILE_MAX_TEXT, &text, err) < 0) {
		if (err->kind == ERR_NOT_FOUND)
			err_hint(err, "mica example compose > %s", path);
		return -1;
	}
	if (slash)
		dir = mem_dup(path, slash == path ? 1 : (size_t)(slash - path));
	else
		dir = mem_strdup(".");
	return inventory_parse(path, dir, text.data, text.len, findings, ret, err);
}

/* --- looking into it -------------------------------------------------------------------- */

const struct inv_ca *inventory_issuer(const struct inventory *inventory)
{
	return &inventory->cas[inventory->issuing];
}

const struct inv_ca *inventory_ca(const struct inventory *inventory, const char *name)
{
	for (size_t i = 0; i < inventory->n_cas; i++) {
		if (strcmp(inventory->cas[i].name, name) == 0)
			return &inventory->cas[i];
	}
	return NULL;
}

const struct inv_certificate *inventory_certificate(
    const struct inventory *inventory, const char *name)
{
	size_t index;

	return lookup_certificate(inventory, name, &index) < 0
	           ? NULL
	           : &inventory->certificates[index];
}

const struct inv_deployment *inventory_deployment(
    const struct inventory *inventory, const char *name)
{
	size_t index;

	return lookup_deployment(inventory, name, &index) < 0 ? NULL
	                                                      : &inventory->deployments[index];
}

const char *inventory_key(size_t i, const char **ret_summary)
{
	const struct schema_key *key = schema_walk(inventory_schema(), i);

	if (!key)
		return NULL;
	*ret_summary = key->summary;
	return key->path;
}
