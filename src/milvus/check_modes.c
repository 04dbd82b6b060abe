// SPDX-License-Identifier: Apache-2.0
/* Rules on the modes of TLS: of clients (gRPC and REST) and between Milvus' own nodes. */
#include "check_keys.h"

#include <string.h>

#include <mica/inventory.h>
#include <mica/mem.h>

/* Where to look: at a setting, or, when it is missing, at the one that asks for it, or else at
 * the file where it should be. */
static struct mark mark_or(const struct check_texts *texts, const char *path, const char *other)
{
	const struct setting *setting = config_find(texts->config, path);

	if (!setting)
		setting = config_find(texts->config, other);
	return setting ? setting->mark : (struct mark){ texts->file, 0, 0 };
}

/* Empty in the image's milvus.yaml, of every version. */
static const char *rest_port(const struct check_texts *texts)
{
	return config_text(texts->config, "proxy.http.port", "");
}

/* --- switches -------------------------------------------------------------------- */

static void check_switches(const struct check_texts *texts)
{
	static const char *const switches[] = {
		"common.security.internaltlsEnabled",
		"proxy.http.enabled",
		"etcd.ssl.enabled",
		"minio.useSSL",
		"kafka.ssl.enabled",
		"tikv.ssl.enabled",
	};

	for (size_t i = 0; i < mem_count(switches); i++) {
		const struct setting *setting = config_find(texts->config, switches[i]);

		if (setting && setting->value[0] != '\0' && !config_is_bool(setting->value))
			check_say(texts->findings, CHECK_BOOL_VALUE, &setting->mark,
			    "'%s' is no truth value to Milvus: %s is false", setting->value,
			    switches[i]);
	}
}

/* --- clients --------------------------------------------------------------------- */

static void check_mode(const struct check_texts *texts)
{
	const struct setting *setting = config_find(texts->config, "common.security.tlsMode");
	const struct mark where =
	    mark_or(texts, "common.security.tlsMode", "tls.serverPemPath");
	int64_t mode = config_number(texts->config, "common.security.tlsMode", 0);

	if (setting && setting->value[0] != '\0' && !config_is_number(setting->value))
		check_say(texts->findings, CHECK_TLS_MODE, &setting->mark,
		    "the tlsMode '%s' is no number: it counts as 0, plaintext", setting->value);
	else if (mode < 0 || mode > 2)
		check_say(texts->findings, CHECK_TLS_MODE, &setting->mark, "the tlsMode is %s",
		    setting->value);
	else if (mode == 0)
		check_say(texts->findings, CHECK_PLAINTEXT, &where,
		    "common.security.tlsMode is %s", setting ? "0" : "not set, which is 0");
}

static void check_paths(const struct check_texts *texts)
{
	static const char *const paths[] = { "tls.serverPemPath", "tls.serverKeyPath",
		"tls.caPemPath" };
	const int64_t mode = config_number(texts->config, "common.security.tlsMode", 0);

	for (size_t i = 0; i < (mode == 2 ? 3 : 2); i++) {
		const struct setting *setting = config_find(texts->config, paths[i]);
		const struct mark where = mark_or(texts, paths[i], "common.security.tlsMode");

		if ((setting && setting->value[0] != '\0') ||
		    (!setting && texts->base == CHECK_BASE_IMAGE))
			continue;
		check_say(texts->findings, CHECK_PATH_MISSING, &where,
		    "tlsMode is %d and %s is %s", (int)mode, paths[i],
		    setting ? "empty" : "not set");
	}
}

static bool shares_port(const struct check_texts *texts)
{
	const char *port = rest_port(texts);
	const int64_t grpc = config_number(texts->config, "proxy.port", 19530);

	return port[0] == '\0' ||
	       config_number(texts->config, "proxy.http.port", 0) == (grpc ? grpc : 19530);
}

static void check_rest(const struct check_texts *texts, bool tls)
{
	const struct check_how early = { FINDING_WARNING, NULL };
	const struct mark where = mark_or(texts, "proxy.http.port", "common.security.tlsMode");

	if (!config_bool(texts->config, "proxy.http.enabled", true))
		return;
	if (!tls) {
		if (rest_port(texts)[0] != '\0')
			check_say_as(texts->findings, CHECK_REST_PLAINTEXT, early, &where,
			    "REST is on, on port %s, and tlsMode is 0", rest_port(texts));
		return;
	}
	if (!shares_port(texts))
		return;
	if (texts->version >= MILVUS_VERSION(2, 5))
		check_say(texts->findings, CHECK_REST_SHARED_PORT, &where,
		    "proxy.http.port is %s: REST shares gRPC's port, and tlsMode is not 0",
		    rest_port(texts)[0] ? rest_port(texts) : "empty");
	else
		check_say_as(texts->findings, CHECK_REST_SHARED_PORT, early, &where,
		    "proxy.http.port is %s: REST shares gRPC's port and does not answer",
		    rest_port(texts)[0] ? rest_port(texts) : "empty");
}

void check_modes(const struct check_texts *texts)
{
	const int64_t mode = config_number(texts->config, "common.security.tlsMode", 0);

	check_switches(texts);
	check_mode(texts);
	check_rest(texts, mode != 0);
	if (mode == 1 || mode == 2)
		check_paths(texts);
}

/* --- nodes ----------------------------------------------------------------------- */

void check_internal(const struct check_texts *texts)
{
	static const char *const paths[] = { "internaltls.serverPemPath",
		"internaltls.serverKeyPath", "internaltls.caPemPath" };
	static const char on[] = "common.security.internaltlsEnabled";
	const struct setting *sni = config_find(texts->config, "internaltls.sni");
	const struct mark where = mark_or(texts, on, on);

	if (!config_bool(texts->config, on, false))
		return;
	if (texts->version < MILVUS_VERSION(2, 5)) {
		check_say(texts->findings, CHECK_INTERNAL_UNSUPPORTED, &where,
		    "internal TLS is switched on, for a Milvus that has none");
		return;
	}
	for (size_t i = 0; i < mem_count(paths); i++) {
		const struct setting *setting = config_find(texts->config, paths[i]);
		const struct mark place = mark_or(texts, paths[i], on);

		if ((setting && setting->value[0] != '\0') ||
		    (!setting && texts->base == CHECK_BASE_IMAGE))
			continue;
		check_say(texts->findings, CHECK_INTERNAL_FALLBACK, &place,
		    "internal TLS is on and %s is %s", paths[i], setting ? "empty" : "not set");
	}
	if (sni && sni->value[0] == '\0')
		check_say(
		    texts->findings, CHECK_SNI_EMPTY, &sni->mark, "internaltls.sni is empty");
}

void check_config(const struct check_texts *texts)
{
	check_levels(texts);
	check_variables(texts);
	check_modes(texts);
	check_internal(texts);
	check_depends(texts);
	check_clusters(texts);
}
