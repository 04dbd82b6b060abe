// SPDX-License-Identifier: Apache-2.0
/*
 * What Milvus is told, key by key, for user.yaml and for a merged milvus.yaml alike.
 *
 * proxy.http.port is always set: with it empty, Milvus 2.5 and later does not start with TLS
 * on. The paths are set in mode 0 as well: what stands there otherwise are the image's own
 * files, whose private keys are public.
 */
#include "render.h"

#include <assert.h>
#include <stdlib.h>

#include <mica/mem.h>

static void add(struct keys *keys, const char *path, char *value)
{
	assert(keys->n < KEYS_MAX);
	keys->changes[keys->n] = (struct doc_change){ path, value };
	keys->owned[keys->n++] = value;
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

void keys_init(const struct inv_deployment *deployment, struct keys *ret)
{
	const char *mount = deployment->mount;

	*ret = (struct keys){ .n = 0 };
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

void keys_clear(struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		free(keys->owned[i]);
	*keys = (struct keys){ .n = 0 };
}
