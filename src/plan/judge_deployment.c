// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>
#include <mica/nearest.h>
#include <mica/num.h>

#include "lookup.h"
#include "values.h"

enum { DEFAULT_VERSION = MILVUS_VERSION(2, 6), INTERNAL_TLS_SINCE = MILVUS_VERSION(2, 5) };
enum { USER_YAML_SINCE = MILVUS_VERSION(2, 4), DEFAULT_KEY_MODE = 0600 };

/* Tells the fault that a value of this deployment is not what it must be. */
static void value_fault(struct judge *judge, const struct schema_value *value, const char *rule,
    const struct value_error *error)
{
	doc_fault(judge->findings, rule, &value->node->mark, error->hint, "%s", error->text);
}

/* --- what it refers to ------------------------------------------------------------------ */

static void unknown_reference(struct judge *judge, const struct doc_node *node)
{
	const struct inventory *inventory = judge->inventory;
	struct nearest nearest = NEAREST_INIT(node->text);
	MICA_FREE char *hint = NULL;

	judge->reference_fault = true;
	if (judge->keys->certificates.faulty)
		return;
	for (size_t i = 0; i < inventory->n_certificates; i++) {
		if (inventory->certificates[i].name)
			nearest_offer(&nearest, inventory->certificates[i].name);
	}
	hint = nearest_hint(&nearest);
	doc_fault(judge->findings, "unknown-certificate", &node->mark, hint,
	    "there is no certificate '%s'", node->text);
}

/* The certificate that a node names, for this profile; -1 and a fault when there is none. */
static int resolve(
    struct judge *judge, const struct doc_node *node, enum profile profile, size_t *ret)
{
	const struct certificate_keys *keys = judge->keys->certificates.items;
	struct inventory *inventory = judge->inventory;
	struct inv_certificate *certificate;

	if (lookup_certificate(inventory, node->text, ret) < 0) {
		unknown_reference(judge, node);
		return -1;
	}
	certificate = &inventory->certificates[*ret];
	certificate->used = true;
	if (certificate->profile == profile)
		return 0;
	judge->reference_fault = true;
	if (keys[*ret].profile.node) /* otherwise it has no profile, and that was told */
		doc_fault(judge->findings, "wrong-profile", &node->mark, NULL,
		    "the certificate '%s' has the profile '%s', a '%s' is needed here",
		    node->text, profile_name(certificate->profile), profile_name(profile));
	return -1;
}

static void judge_clients(struct judge *judge, const struct milvus_keys *keys, size_t *last_use,
    struct inv_deployment *out)
{
	const size_t n = schema_count(&keys->clients);
	const size_t mine = (size_t)(out - judge->inventory->deployments) + 1;

	judge->reference_fault |= keys->clients.faulty;
	out->clients = mem_array(n, sizeof(*out->clients));
	for (size_t i = 0; i < n; i++) {
		const struct doc_node *node = keys->clients.node->items[i];
		size_t index;

		if (!schema_item(&keys->clients, i) ||
		    resolve(judge, node, PROFILE_CLIENT, &index) < 0)
			continue;
		if (last_use[index] == mine) {
			doc_fault(judge->findings, "duplicate-client", &node->mark, NULL,
			    "the client '%s' is there twice", node->text);
			continue;
		}
		last_use[index] = mine;
		out->clients[out->n_clients++] = index;
	}
}

/* --- the name that the server is checked against ---------------------------------------- */

static bool server_has(const struct inv_certificate *server, const char *sni)
{
	const char *dot = strchr(sni, '.');

	for (size_t i = 0; i < server->n_names; i++) {
		const char *name = server->names[i].text;

		if (strcmp(name, sni) == 0 ||
		    (strncmp(name, "*.", 2) == 0 && dot && strcmp(name + 1, dot) == 0))
			return true;
	}
	return false;
}

/* The first DNS name, or else the first address; NULL when there are only wildcards. */
static const char *default_sni(const struct inv_certificate *server)
{
	for (size_t i = 0; i < server->n_names; i++) {
		if (server->names[i].text[0] != '*')
			return server->names[i].text;
	}
	return NULL;
}

static void judge_sni(struct judge *judge, const struct milvus_keys *keys,
    const struct inv_certificate *server, struct inv_deployment *out)
{
	struct err err = ERR_INIT;
	struct name name;

	if (keys->sni.faulty)
		return;
	if (!keys->sni.node) {
		out->sni = mem_strdup(default_sni(server));
		if (!out->sni && server->n_names > 0)
			doc_fault(judge->findings, "sni", &keys->head.node->mark,
			    "say with 'sni' which name is checked",
			    "the server '%s' has wildcard names alone", server->name);
		return;
	}
	if (name_parse_ip(keys->sni.node->text, &name, &err) < 0 &&
	    name_parse_dns(keys->sni.node->text, &name, &err) < 0) {
		judge_error(judge, keys->sni.node, "sni", &err);
		return;
	}
	out->sni = name.text;
	if (!server_has(server, out->sni))
		doc_fault(judge->findings, "sni", &keys->sni.node->mark,
		    "add it to the server's dns", "the server '%s' has no name '%s'",
		    server->name, out->sni);
}

/* --- single values ---------------------------------------------------------------------- */

static void judge_version(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out)
{
	struct value_error error = { 0 };

	out->version = DEFAULT_VERSION;
	out->patch = -1;
	out->version_text = mem_strdup(keys->version.node ? keys->version.node->text : "2.6");
	if (!keys->version.node)
		return;
	if (value_version(keys->version.node->text, &out->version, &out->patch, &error) < 0) {
		value_fault(judge, &keys->version, "version", &error);
		return;
	}
	if (out->version < USER_YAML_SINCE && !inventory_in_kubernetes(out) &&
	    !keys->milvus_yaml.node && !keys->milvus_yaml.faulty)
		doc_fault(judge->findings, "milvus-yaml", &keys->version.node->mark,
		    "say with 'milvus-yaml' which milvus.yaml the keys are merged into",
		    "Milvus %s does not read user.yaml", out->version_text);
	if (out->version < INTERNAL_TLS_SINCE && keys->internal_tls.node &&
	    keys->internal_tls.number)
		doc_fault(judge->findings, "internal-tls", &keys->internal_tls.node->mark, NULL,
		    "Milvus %s has no internal TLS, which came with 2.5", out->version_text);
}

static void judge_rights(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out)
{
	struct value_error error = { 0 };

	out->key_mode = DEFAULT_KEY_MODE;
	if (keys->key_mode.node &&
	    value_key_mode(keys->key_mode.node->text, &out->key_mode, &error) < 0)
		value_fault(judge, &keys->key_mode, "key-mode", &error);
	out->owner_set = keys->owner.node != NULL;
	if (out->owner_set &&
	    value_owner(keys->owner.node->text, &out->uid, &out->gid, &error) < 0)
		value_fault(judge, &keys->owner, "owner", &error);
}

static void judge_rest_port(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out)
{
	out->rest_port = (int)keys->rest_port.number;
	if (out->rest_port == 19530 || out->rest_port == 19529 || out->rest_port == 9091)
		doc_fault(judge->findings, "rest-port", &keys->rest_port.node->mark,
		    "such as 8080", "the port %d is one of Milvus's own", out->rest_port);
}

static bool listed(const struct inv_deployment *deployment, const char *endpoint)
{
	for (size_t i = 0; i < deployment->n_endpoints; i++) {
		if (strcmp(deployment->endpoints[i], endpoint) == 0)
			return true;
	}
	return false;
}

static void judge_endpoints(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out)
{
	const size_t n = schema_count(&keys->endpoints);
	enum { MAX_ENDPOINTS = 250 };

	if (n > MAX_ENDPOINTS) {
		doc_fault(judge->findings, "endpoint", &keys->endpoints.node->mark, NULL,
		    "a deployment has at most %d endpoints", MAX_ENDPOINTS);
		return;
	}
	out->endpoints = mem_array(n, sizeof(*out->endpoints));
	for (size_t i = 0; i < n; i++) {
		const struct doc_node *node = keys->endpoints.node->items[i];
		MICA_FREE char *endpoint = NULL;
		struct err err = ERR_INIT;

		if (!schema_item(&keys->endpoints, i))
			continue;
		if (value_endpoint(node->text, &endpoint, &err) < 0)
			judge_error(judge, node, "endpoint", &err);
		else if (listed(out, endpoint))
			doc_fault(judge->findings, "endpoint", &node->mark, NULL,
			    "the endpoint '%s' is there twice", endpoint);
		else
			out->endpoints[out->n_endpoints++] = mem_give(endpoint);
	}
	if (n > 0 && out->tls_mode == 0 && !keys->tls_mode.faulty)
		doc_fault(judge->findings, "endpoint", &keys->endpoints.node->mark,
		    "take the endpoints out, or let tls-mode be 1 or 2",
		    "with 'tls-mode: 0' there is no certificate to probe for");
}

static void judge_warnings(
    struct judge *judge, const struct milvus_keys *keys, const struct inv_deployment *out)
{
	if (keys->tls_mode.faulty || keys->clients.faulty || keys->internal_tls.faulty)
		return;
	if (out->tls_mode == 2 && schema_count(&keys->clients) == 0)
		findings_add(judge->findings, FINDING_WARNING, "no-clients", &out->mark,
		    "name them under 'clients'",
		    "with 'tls-mode: 2' no client can use the deployment '%s': it has none",
		    out->name);
	if (out->tls_mode == 0 && !out->internal_tls)
		findings_add(judge->findings, FINDING_WARNING, "plaintext", &out->mark,
		    "let tls-mode be 1 or 2, or internal-tls true",
		    "nothing that the deployment '%s' sends is protected", out->name);
}

/* --- all of it -------------------------------------------------------------------------- */

/* The Secret of a Kubernetes deployment holds the server's key. */
static void judge_server_key(
    struct judge *judge, const struct milvus_keys *keys, const struct inv_deployment *out)
{
	const struct inv_certificate *server = &judge->inventory->certificates[out->server];

	if (inventory_in_kubernetes(out) && server->csr)
		doc_fault(judge->findings, "csr", &keys->server.node->mark,
		    "let mica make this key, or deliver with 'kind: files'",
		    "the key of '%s' is not here, and the Secret needs it",
		    keys->server.node->text);
}

/* true when it is known */
static bool judge_server(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out)
{
	judge->reference_fault |= keys->server.faulty;
	if (!keys->server.node ||
	    resolve(judge, keys->server.node, PROFILE_SERVER, &out->server) < 0)
		return false;
	judge_server_key(judge, keys, out);
	return true;
}

/* true when its server is known */
static bool judge_deployment(struct judge *judge, const struct milvus_keys *keys,
    size_t *last_use, struct inv_deployment *out)
{
	bool served;

	out->mark = judge_mark(judge, keys->head.node);
	out->name = judge_name(judge, &keys->name);
	if (keys->head.node->kind != DOC_MAP) {
		judge->reference_fault = true;
		return false;
	}
	out->kind = (enum deployment_kind)keys->kind.number;
	out->tls_mode = (int)keys->tls_mode.number;
	out->internal_tls = keys->internal_tls.number != 0;
	out->keep = (unsigned)keys->keep.number;
	out->milvus_yaml = judge_path(judge, &keys->milvus_yaml);
	if (out->milvus_yaml)
		out->milvus_yaml_mark = judge_mark(judge, keys->milvus_yaml.node);
	out->service_names = keys->service_names.number != 0;
	judge_version(judge, keys, out);
	judge_kubernetes(judge, keys, out);
	served = judge_server(judge, keys, out);
	judge_clients(judge, keys, last_use, out);
	judge_rights(judge, keys, out);
	judge_rest_port(judge, keys, out);
	judge_endpoints(judge, keys, out);
	judge_restart(judge, keys, out);
	judge_dependencies(judge, keys, out);
	if (out->name)
		judge_warnings(judge, keys, out);
	return served;
}

/* When it is known which names each server has. */
static void judge_names_of_servers(struct judge *judge, const bool *served)
{
	const struct milvus_keys *keys = judge->keys->milvus.items;
	struct inventory *inventory = judge->inventory;

	for (size_t i = 0; i < inventory->n_deployments; i++) {
		if (served[i] && inventory->deployments[i].service_names)
			judge_service_names(judge, &keys[i], &inventory->deployments[i]);
	}
	for (size_t i = 0; i < inventory->n_deployments; i++) {
		struct inv_deployment *out = &inventory->deployments[i];

		if (served[i])
			judge_sni(judge, &keys[i], &inventory->certificates[out->server], out);
	}
}

/* Not told when a name was mistyped: then it is not known who is used. */
static void judge_unused(struct judge *judge)
{
	const struct certificate_keys *keys = judge->keys->certificates.items;
	const struct inventory *inventory = judge->inventory;

	for (size_t i = 0; i < inventory->n_certificates && !judge->reference_fault; i++) {
		const struct inv_certificate *certificate = &inventory->certificates[i];

		if (certificate->name && !certificate->used)
			doc_fault(judge->findings, "unused-certificate",
			    &keys[i].name.node->mark,
			    "name it under 'server' or 'clients' of a deployment, or take it "
			    "out",
			    "no deployment uses the certificate '%s'", certificate->name);
	}
}

void judge_deployments(struct judge *judge)
{
	const struct schema_array *array = &judge->keys->milvus;
	const struct milvus_keys *keys = array->items;
	struct inventory *inventory = judge->inventory;
	MICA_FREE size_t *last_use = mem_array(inventory->n_certificates, sizeof(*last_use));
	MICA_FREE struct named *named = mem_array(array->n, sizeof(*named));
	MICA_FREE bool *served = mem_array(array->n, sizeof(*served));

	judge->reference_fault = array->faulty;
	inventory->deployments = mem_array(array->n, sizeof(*inventory->deployments));
	inventory->n_deployments = array->n;
	for (size_t i = 0; i < array->n; i++) {
		served[i] =
		    judge_deployment(judge, &keys[i], last_use, &inventory->deployments[i]);
		named[i] = (struct named){ inventory->deployments[i].name, keys[i].name.node };
	}
	inventory->deployments_by_name = judge_order(judge, named, array->n);
	judge_names_of_servers(judge, served);
	judge_releases(judge);
	judge_unused(judge);
}
