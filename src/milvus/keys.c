// SPDX-License-Identifier: Apache-2.0
/*
 * What Milvus is told, key by key, for user.yaml and for a merged milvus.yaml alike.
 *
 * proxy.http.port is always set: with it empty, Milvus 2.5 and later does not start with TLS
 * on. The paths are set in mode 0 as well: what stands there otherwise are the image's own
 * files, whose private keys are public.
 */
#include "render.h"

#include <stdlib.h>

#include <mica/mem.h>

static char *own(struct keys *keys, char *text)
{
	keys->owned =
	    mem_grow(keys->owned, &keys->cap_owned, keys->n_owned + 1, sizeof(*keys->owned));
	return keys->owned[keys->n_owned++] = text;
}

/* path: a constant, or owned */
static void add(struct keys *keys, const char *path, char *value)
{
	keys->changes =
	    mem_grow(keys->changes, &keys->cap, keys->n + 1, sizeof(*keys->changes));
	keys->changes[keys->n++] = (struct doc_change){ path, own(keys, value) };
}

static void add_bool(struct keys *keys, const char *path, bool value)
{
	add(keys, path, mem_strdup(value ? "true" : "false"));
}

static void add_text(struct keys *keys, const char *path, const char *text)
{
	BUF_AUTO quoted = BUF_INIT;

	doc_quote(&quoted, text);
	add(keys, path, mem_strdup(buf_text(&quoted)));
}

static void add_file(struct keys *keys, const char *path, const char *mount, const char *name)
{
	MICA_FREE char *file = mem_printf("%s/%s", mount, name);

	add_text(keys, path, file);
}

/* --- what Milvus stands on -------------------------------------------------------------- */

/* What is said of one dependency; NULL where Milvus has no such key. Kafka's CA is spelled
 * otherwise. */
struct dependency_names {
	const char *enabled, *ca, *cert, *key, *min_version;
};

static const struct dependency_names names[DEPENDENCY_COUNT] = {
	[DEPENDENCY_ETCD] = { "etcd.ssl.enabled", "etcd.ssl.tlsCACert", "etcd.ssl.tlsCert",
	    "etcd.ssl.tlsKey", "etcd.ssl.tlsMinVersion" },
	[DEPENDENCY_MINIO] = { "minio.useSSL", "minio.ssl.tlsCACert", NULL, NULL,
	    "minio.ssl.tlsMinVersion" },
	[DEPENDENCY_KAFKA] = { "kafka.ssl.enabled", "kafka.ssl.tlsCaCert", "kafka.ssl.tlsCert",
	    "kafka.ssl.tlsKey", NULL },
	[DEPENDENCY_TIKV] = { "tikv.ssl.enabled", "tikv.ssl.tlsCACert", "tikv.ssl.tlsCert",
	    "tikv.ssl.tlsKey", NULL },
};

static void add_given(struct keys *keys, const char *path, const char *text)
{
	if (path && text)
		add_text(keys, path, text);
}

/* kafka.ssl is what its clients know; that they use it at all, securityProtocol says. */
static void add_dependency(
    const struct inv_deployment *deployment, enum dependency_kind kind, struct keys *keys)
{
	const struct inv_dependency *dependency = &deployment->dependencies[kind];

	if (!dependency->tls)
		return;
	if (kind == DEPENDENCY_KAFKA)
		add_text(keys, "kafka.securityProtocol", dependency->sasl ? "SASL_SSL" : "SSL");
	add_bool(keys, names[kind].enabled, true);
	add_given(keys, names[kind].cert, dependency->cert);
	add_given(keys, names[kind].key, dependency->key);
	add_given(keys, names[kind].ca, dependency->ca);
	add_given(keys, names[kind].min_version, dependency->min_version);
}

static void add_cdc(const struct inv_cdc *cdc, struct keys *keys)
{
	const struct {
		const char *name, *file;
	} files[] = { { "caPemPath", cdc->ca }, { "clientPemPath", cdc->cert },
		{ "clientKeyPath", cdc->key } };

	for (size_t i = 0; i < mem_count(files); i++)
		add_text(keys,
		    own(keys, mem_printf("tls.clusters.%s.%s", cdc->id, files[i].name)),
		    files[i].file);
}

/* --- all of it -------------------------------------------------------------------------- */

static void add_own(const struct inv_deployment *deployment, struct keys *ret)
{
	const char *mount = deployment->mount;

	add_bool(ret, "proxy.http.enabled", deployment->rest_port != 0);
	if (deployment->rest_port != 0)
		add(ret, "proxy.http.port", mem_printf("%d", deployment->rest_port));
	add_file(ret, "tls.serverPemPath", mount, "server.pem");
	add_file(ret, "tls.serverKeyPath", mount, "server.key");
	add_file(ret, "tls.caPemPath", mount, "ca.pem");
	if (deployment->internal_tls) {
		add_file(ret, "internaltls.serverPemPath", mount, "server.pem");
		add_file(ret, "internaltls.serverKeyPath", mount, "server.key");
		add_file(ret, "internaltls.caPemPath", mount, "ca.pem");
		add_text(ret, "internaltls.sni", deployment->sni);
	}
	add(ret, "common.security.tlsMode", mem_printf("%d", deployment->tls_mode));
	if (deployment->version >= MILVUS_VERSION(2, 5))
		add_bool(ret, "common.security.internaltlsEnabled", deployment->internal_tls);
}

void keys_init(const struct inv_deployment *deployment, struct keys *ret)
{
	*ret = (struct keys){ .n = 0 };
	add_own(deployment, ret);
	for (size_t i = 0; i < deployment->n_cdc; i++)
		add_cdc(&deployment->cdc[i], ret);
	for (size_t i = 0; i < DEPENDENCY_COUNT; i++)
		add_dependency(deployment, (enum dependency_kind)i, ret);
}

void keys_clear(struct keys *keys)
{
	for (size_t i = 0; i < keys->n_owned; i++)
		free(keys->owned[i]);
	free(keys->owned);
	free(keys->changes);
	*keys = (struct keys){ .n = 0 };
}
