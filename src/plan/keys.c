// SPDX-License-Identifier: Apache-2.0
#include "keys.h"

#include <mica/inventory.h>
#include <mica/mem.h>

/* path and name of a key, e.g. PATH("ca[].", "pin") */
#define PATH(where, key) .path = where key, .name = key
#define AT(type, field) .offset = offsetof(struct type, field)
#define ALGORITHM                                                                              \
	{ "ec-p256", ALG_EC_P256, false }, { "ec-p384", ALG_EC_P384, false },                  \
	    { "rsa-2048", ALG_RSA_2048, false }, { "rsa-3072", ALG_RSA_3072, false },          \
	    { "rsa-4096", ALG_RSA_4096, false },                                               \
	{                                                                                      \
		0                                                                              \
	}

static const struct schema_word algorithms[] = { ALGORITHM };

static const struct schema_word states[] = {
	{ "issuing", CA_ISSUING, false },
	{ "trusted", CA_TRUSTED, false },
	{ "retired", CA_RETIRED, false },
	{ 0 },
};

static const struct schema_word profiles[] = {
	{ "server", PROFILE_SERVER, false },
	{ "client", PROFILE_CLIENT, false },
	{ 0 },
};

static const struct schema_word kinds[] = {
	{ "compose", DEPLOY_COMPOSE, false },
	{ "helm", DEPLOY_HELM, false },
	{ "operator", DEPLOY_OPERATOR, false },
	{ "files", DEPLOY_FILES, false },
	{ 0 },
};

static const struct schema_word secret_forms[] = {
	{ "data", SECRET_DATA, false },
	{ "stringData", SECRET_STRING_DATA, false },
	{ 0 },
};

#define ATTRIBUTE(i, key, words)                                                               \
	{                                                                                      \
		PATH("ca[].subject.", key), .summary = words, .type = SCHEMA_TEXT,             \
		                            .flags = SCHEMA_NUMERIC,                           \
		                            AT(subject_keys, attributes[i])                    \
	}

static const struct schema_key subject_table[] = {
	ATTRIBUTE(0, "C", "country, two capital letters"),
	ATTRIBUTE(1, "ST", "state or province"),
	ATTRIBUTE(2, "L", "locality"),
	ATTRIBUTE(3, "O", "organisation"),
	ATTRIBUTE(4, "OU", "organisational unit"),
	ATTRIBUTE(5, "CN", "common name"),
};

static const struct schema subject_schema = { "a subject", sizeof(struct subject_keys),
	subject_table, mem_count(subject_table) };

static const struct schema_key ca_table[] = {
	{ PATH("ca[].", "name"), .summary = "name of the CA in messages and in the ledger",
	    .type = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, AT(ca_keys, name) },
	{ PATH("ca[].", "state"), .summary = "what the CA does: issuing, trusted or retired",
	    .type = SCHEMA_WORD, .words = states, .fallback = CA_ISSUING, AT(ca_keys, state) },
	{ PATH("ca[].", "module"),
	    .summary = "PKCS#11 module: a known name such as softhsm2, or a path",
	    .type = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, AT(ca_keys, module) },
	{ PATH("ca[].", "module-args"),
	    .summary = "text handed to the module when it starts (NSS)", .type = SCHEMA_TEXT,
	    AT(ca_keys, module_args) },
	{ PATH("ca[].", "key"), .summary = "PKCS#11 URI of the CA key, RFC 7512, without a PIN",
	    .type = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, AT(ca_keys, key) },
	{ PATH("ca[].", "pin"),
	    .summary = "where the PIN comes from: prompt, pad, none, file:PATH, fd:N or "
	               "credential:NAME",
	    .type = SCHEMA_TEXT, .flags = SCHEMA_NUMERIC, AT(ca_keys, pin) },
	{ PATH("ca[].", "algorithm"), .summary = "algorithm of the key that init makes",
	    .type = SCHEMA_WORD, .words = algorithms, .fallback = ALG_EC_P256,
	    AT(ca_keys, algorithm) },
	{ PATH("ca[].", "subject"), .summary = "distinguished name of the CA, in this order",
	    .type = SCHEMA_MAP, .sub = &subject_schema, AT(ca_keys, subject) },
	{ PATH("ca[].", "days"),
	    .summary = "life of the CA certificate that init makes, in days",
	    .type = SCHEMA_NUMBER, .least = 1, .most = 36500, .fallback = 3650,
	    AT(ca_keys, days) },
	{ PATH("ca[].", "crl-days"),
	    .summary = "how long a CRL of the CA says that it holds, in days",
	    .type = SCHEMA_NUMBER, .least = 1, .most = 3650, .fallback = 180,
	    AT(ca_keys, crl_days) },
	{ PATH("ca[].", "certificate"), .summary = "certificate of a key that is adopted",
	    .type = SCHEMA_TEXT, AT(ca_keys, certificate) },
	{ PATH("ca[].", "parent"),
	    .summary = "certificates above an intermediate CA, nearest first, the root last",
	    .type = SCHEMA_TEXTS, AT(ca_keys, parent) },
	{ PATH("ca[].", "permitted-dns"),
	    .summary = "DNS domains that the CA may issue for: its name constraints",
	    .type = SCHEMA_TEXTS, AT(ca_keys, permitted_dns) },
	{ PATH("ca[].", "touch"), .summary = "whether each signature waits for a touch",
	    .type = SCHEMA_BOOL, AT(ca_keys, touch) },
	{ PATH("ca[].", "cross-sign"),
	    .summary = "whether the CA that issues before it certifies its key",
	    .type = SCHEMA_BOOL, AT(ca_keys, cross_sign) },
};

static const struct schema ca_schema = { "a CA", sizeof(struct ca_keys), ca_table,
	mem_count(ca_table) };

#define LIFE(where, map)                                                                       \
	{ PATH(where, "algorithm"), .summary = "algorithm of a new key", .type = SCHEMA_WORD,  \
		.words = algorithms, .fallback = KEYS_LEFT_OUT, AT(map, life.algorithm) },     \
	    { PATH(where, "days"), .summary = "life of a certificate, in days",                \
		    .type = SCHEMA_NUMBER, .least = 1, .most = 36500,                          \
		    .fallback = KEYS_LEFT_OUT, AT(map, life.days) },                           \
	    { PATH(where, "renew-before"),                                                     \
		    .summary = "what is left of the life at renewal: a fraction or a span",    \
		    .type = SCHEMA_TEXT, .flags = SCHEMA_NUMERIC,                              \
		    AT(map, life.renew_before) },                                              \
	{                                                                                      \
		PATH(where, "backdate"), .summary = "span by which a life begins in the past", \
		                         .type = SCHEMA_TEXT, .flags = SCHEMA_NUMERIC,         \
		                         AT(map, life.backdate)                                \
	}

static const struct schema_key defaults_table[] = { LIFE("defaults.", defaults_keys) };

static const struct schema defaults_schema = { "'defaults'", sizeof(struct defaults_keys),
	defaults_table, mem_count(defaults_table) };

static const struct schema_key certificate_table[] = {
	{ PATH("certificates[].", "name"), .summary = "name of the entry", .type = SCHEMA_TEXT,
	    .flags = SCHEMA_REQUIRED, AT(certificate_keys, name) },
	{ PATH("certificates[].", "profile"), .summary = "server or client",
	    .type = SCHEMA_WORD, .flags = SCHEMA_REQUIRED, .words = profiles,
	    AT(certificate_keys, profile) },
	{ PATH("certificates[].", "common-name"), .summary = "CN of the subject",
	    .type = SCHEMA_TEXT, AT(certificate_keys, common_name) },
	{ PATH("certificates[].", "dns"), .summary = "DNS names", .type = SCHEMA_TEXTS,
	    AT(certificate_keys, dns) },
	{ PATH("certificates[].", "ip"), .summary = "IP addresses", .type = SCHEMA_TEXTS,
	    AT(certificate_keys, ip) },
	{ PATH("certificates[].", "csr"), .summary = "request whose public key is taken",
	    .type = SCHEMA_TEXT, AT(certificate_keys, csr) },
	LIFE("certificates[].", certificate_keys),
};

static const struct schema certificate_schema = { "a certificate",
	sizeof(struct certificate_keys), certificate_table, mem_count(certificate_table) };

static const struct schema_key milvus_table[] = {
	{ PATH("milvus[].", "name"), .summary = "name of the deployment", .type = SCHEMA_TEXT,
	    .flags = SCHEMA_REQUIRED, AT(milvus_keys, name) },
	{ PATH("milvus[].", "kind"), .summary = "compose, helm, operator or files",
	    .type = SCHEMA_WORD, .flags = SCHEMA_REQUIRED, .words = kinds,
	    AT(milvus_keys, kind) },
	{ PATH("milvus[].", "version"), .summary = "version of Milvus", .type = SCHEMA_TEXT,
	    .flags = SCHEMA_NUMERIC, AT(milvus_keys, version) },
	{ PATH("milvus[].", "out"), .summary = "directory of what is delivered",
	    .type = SCHEMA_TEXT, AT(milvus_keys, out) },
	{ PATH("milvus[].", "server"), .summary = "certificate that Milvus shows",
	    .type = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, AT(milvus_keys, server) },
	{ PATH("milvus[].", "clients"), .summary = "certificates that clients show",
	    .type = SCHEMA_TEXTS, AT(milvus_keys, clients) },
	{ PATH("milvus[].", "tls-mode"), .summary = "0 plaintext, 1 one-way, 2 mutual TLS",
	    .type = SCHEMA_NUMBER, .least = 0, .most = 2, .fallback = 2,
	    AT(milvus_keys, tls_mode) },
	{ PATH("milvus[].", "internal-tls"), .summary = "TLS between the parts of Milvus",
	    .type = SCHEMA_BOOL, AT(milvus_keys, internal_tls) },
	{ PATH("milvus[].", "sni"), .summary = "name that the server is checked against",
	    .type = SCHEMA_TEXT, AT(milvus_keys, sni) },
	{ PATH("milvus[].", "rest-port"), .summary = "port of REST, 0 for none",
	    .type = SCHEMA_NUMBER, .least = 0, .most = 65535, .fallback = 8080,
	    AT(milvus_keys, rest_port) },
	{ PATH("milvus[].", "mount"), .summary = "where Milvus sees the files",
	    .type = SCHEMA_TEXT, AT(milvus_keys, mount) },
	{ PATH("milvus[].", "owner"), .summary = "owner of the files: uid:gid, in numbers",
	    .type = SCHEMA_TEXT, .flags = SCHEMA_NULL | SCHEMA_NUMERIC,
	    AT(milvus_keys, owner) },
	{ PATH("milvus[].", "key-mode"), .summary = "mode of a key file", .type = SCHEMA_TEXT,
	    .flags = SCHEMA_NUMERIC, AT(milvus_keys, key_mode) },
	{ PATH("milvus[].", "keep"), .summary = "generations that are kept",
	    .type = SCHEMA_NUMBER, .least = 1, .most = 100, .fallback = 2,
	    AT(milvus_keys, keep) },
	{ PATH("milvus[].", "endpoints"), .summary = "HOST:PORT to probe after delivery",
	    .type = SCHEMA_TEXTS, AT(milvus_keys, endpoints) },
	{ PATH("milvus[].", "milvus-yaml"),
	    .summary = "the milvus.yaml that the keys are merged into", .type = SCHEMA_TEXT,
	    AT(milvus_keys, milvus_yaml) },
	{ PATH("milvus[].", "restart"), .summary = "what restarts Milvus: its words, no shell",
	    .type = SCHEMA_TEXTS, .flags = SCHEMA_NUMERIC, AT(milvus_keys, restart) },
	{ PATH("milvus[].", "deadline"),
	    .summary = "time for the restart, and again for the endpoints after it",
	    .type = SCHEMA_TEXT, AT(milvus_keys, deadline) },
	{ PATH("milvus[].", "service-names"),
	    .summary = "whether the server's certificate gets the names of its service",
	    .type = SCHEMA_BOOL, AT(milvus_keys, service_names) },
	{ PATH("milvus[].", "namespace"), .summary = "namespace in Kubernetes",
	    .type = SCHEMA_TEXT, AT(milvus_keys, namespace) },
	{ PATH("milvus[].", "release"),
	    .summary = "Helm's release, or the operator's Milvus resource", .type = SCHEMA_TEXT,
	    AT(milvus_keys, release) },
	{ PATH("milvus[].", "labels"), .summary = "labels of the Secret", .type = SCHEMA_TABLE,
	    AT(milvus_keys, labels) },
	{ PATH("milvus[].", "secret-form"), .summary = "how the Secret is written",
	    .type = SCHEMA_WORD, .words = secret_forms, .fallback = SECRET_DATA,
	    AT(milvus_keys, secret_form) },
	{ PATH("milvus[].", "patch"),
	    .summary = "whether a patch is written for a Milvus resource that is there",
	    .type = SCHEMA_BOOL, AT(milvus_keys, patch) },
	{ PATH("milvus[].", "dependencies"),
	    .summary = "what Milvus reaches by TLS, with the paths that Milvus sees",
	    .type = SCHEMA_MAP, .sub = &keys_dependencies, AT(milvus_keys, dependencies) },
	{ .path = "milvus[].cdc.ID",
	    .name = "cdc",
	    .summary = "clusters that CDC replicates to, by their ids",
	    .type = SCHEMA_NAMED,
	    .sub = &keys_cdc,
	    AT(milvus_keys, cdc) },
};

static const struct schema milvus_schema = { "a deployment", sizeof(struct milvus_keys),
	milvus_table, mem_count(milvus_table) };

static const struct schema_key inventory_table[] = {
	{ .path = "version",
	    .name = "version",
	    .summary = "version of this format: 1",
	    .type = SCHEMA_NUMBER,
	    .flags = SCHEMA_REQUIRED,
	    .least = 1,
	    .most = 1,
	    AT(inventory_keys, version) },
	{ .path = "state-dir",
	    .name = "state-dir",
	    .summary = "directory of the ledger and the CA certificate",
	    .type = SCHEMA_TEXT,
	    AT(inventory_keys, state_dir) },
	{ .path = "ca[]",
	    .name = "ca",
	    .summary = "the CAs: exactly one of them is issuing",
	    .type = SCHEMA_MAPS,
	    .flags = SCHEMA_REQUIRED,
	    .sub = &ca_schema,
	    AT(inventory_keys, cas) },
	{ .path = "trust",
	    .name = "trust",
	    .summary = "PEM files that every ca.pem gets as well",
	    .type = SCHEMA_TEXTS,
	    AT(inventory_keys, trust) },
	{ .path = "shared-trust",
	    .name = "shared-trust",
	    .summary = "whether deployments may accept each other's clients",
	    .type = SCHEMA_BOOL,
	    AT(inventory_keys, shared_trust) },
	{ .path = "defaults",
	    .name = "defaults",
	    .summary = "for every certificate that says nothing else",
	    .type = SCHEMA_MAP,
	    .sub = &defaults_schema,
	    AT(inventory_keys, defaults) },
	{ .path = "certificates[]",
	    .name = "certificates",
	    .summary = "the certificates",
	    .type = SCHEMA_MAPS,
	    .sub = &certificate_schema,
	    AT(inventory_keys, certificates) },
	{ .path = "milvus[]",
	    .name = "milvus",
	    .summary = "the deployments",
	    .type = SCHEMA_MAPS,
	    .sub = &milvus_schema,
	    AT(inventory_keys, milvus) },
};

const struct schema *inventory_schema(void)
{
	static const struct schema schema = { "the inventory", sizeof(struct inventory_keys),
		inventory_table, mem_count(inventory_table) };

	return &schema;
}
