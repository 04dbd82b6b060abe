// SPDX-License-Identifier: Apache-2.0
/* The tables of `dependencies` and `cdc`. */
#include "keys.h"

#include <mica/inventory.h>
#include <mica/mem.h>

#define AT(type, field) .offset = offsetof(struct type, field)

static const struct schema_word versions[] = { { "1.2", 0, false }, { "1.3", 0, false },
	{ 0 } };

#define CA(where, must)                                                                        \
	{                                                                                      \
		.path = where ".ca", .name = "ca",                                             \
		.summary = "the CA that it is verified with", .type = SCHEMA_TEXT,             \
		.flags = (must), AT(dependency_keys, ca)                                       \
	}
#define PAIR(where, must)                                                                      \
	{ .path = where ".cert",                                                               \
		.name = "cert",                                                                \
		.summary = "the certificate that Milvus shows it",                             \
		.type = SCHEMA_TEXT,                                                           \
		.flags = (must),                                                               \
		AT(dependency_keys, cert) },                                                   \
	{                                                                                      \
		.path = where ".key", .name = "key", .summary = "the key of that certificate", \
		.type = SCHEMA_TEXT, .flags = (must), AT(dependency_keys, key)                 \
	}
#define MIN_VERSION(where)                                                                     \
	{                                                                                      \
		.path = where ".min-version", .name = "min-version",                           \
		.summary = "the least version of TLS", .type = SCHEMA_WORD, .words = versions, \
		AT(dependency_keys, min_version)                                               \
	}

#define ETCD "milvus[].dependencies.etcd"
#define MINIO "milvus[].dependencies.minio"
#define KAFKA "milvus[].dependencies.kafka"
#define TIKV "milvus[].dependencies.tikv"

static const struct schema_key etcd_table[] = { CA(ETCD, SCHEMA_REQUIRED),
	PAIR(ETCD, SCHEMA_REQUIRED), MIN_VERSION(ETCD) };
static const struct schema_key minio_table[] = { CA(MINIO, 0), MIN_VERSION(MINIO) };
static const struct schema_key kafka_table[] = {
	CA(KAFKA, SCHEMA_REQUIRED),
	PAIR(KAFKA, 0),
	{ .path = KAFKA ".sasl",
	    .name = "sasl",
	    .summary = "whether Milvus logs in with a user's name as well",
	    .type = SCHEMA_BOOL,
	    AT(dependency_keys, sasl) },
};
static const struct schema_key tikv_table[] = { CA(TIKV, SCHEMA_REQUIRED), PAIR(TIKV, 0) };

#define SCHEMA(word, table)                                                                    \
	{                                                                                      \
		"'" word "'", sizeof(struct dependency_keys), table, mem_count(table)          \
	}

static const struct schema etcd = SCHEMA("etcd", etcd_table);
static const struct schema minio = SCHEMA("minio", minio_table);
static const struct schema kafka = SCHEMA("kafka", kafka_table);
static const struct schema tikv = SCHEMA("tikv", tikv_table);

#define DEPENDENCY(where, word, kind, said)                                                    \
	{                                                                                      \
		.path = (where), .name = #word, .summary = (said), .type = SCHEMA_MAP,         \
		.sub = &(word), .offset = offsetof(struct dependencies_keys, of[kind])         \
	}

static const struct schema_key dependencies_table[] = {
	DEPENDENCY(ETCD, etcd, DEPENDENCY_ETCD, "etcd by TLS"),
	DEPENDENCY(MINIO, minio, DEPENDENCY_MINIO, "MinIO, or another S3, by TLS"),
	DEPENDENCY(KAFKA, kafka, DEPENDENCY_KAFKA, "Kafka by TLS"),
	DEPENDENCY(TIKV, tikv, DEPENDENCY_TIKV, "TiKV by TLS"),
};

const struct schema keys_dependencies = { "'dependencies'", sizeof(struct dependencies_keys),
	dependencies_table, mem_count(dependencies_table) };

#define CDC(key, said)                                                                         \
	{                                                                                      \
		.path = "milvus[].cdc.ID." #key, .name = #key, .summary = (said),              \
		.type = SCHEMA_TEXT, .flags = SCHEMA_REQUIRED, AT(cdc_keys, key)               \
	}

static const struct schema_key cdc_table[] = {
	CDC(ca, "the CA that the cluster is verified with"),
	CDC(cert, "the certificate that Milvus shows it"),
	CDC(key, "the key of that certificate"),
};

const struct schema keys_cdc = { "a target of CDC", sizeof(struct cdc_keys), cdc_table,
	mem_count(cdc_table) };
