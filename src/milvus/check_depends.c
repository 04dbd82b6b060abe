// SPDX-License-Identifier: Apache-2.0
/* Rules on TLS towards what Milvus depends on (etcd, MinIO), and towards other clusters (CDC).
 */
#include "check_keys.h"

#include <stdlib.h>
#include <string.h>

#include <mica/inventory.h>
#include <mica/mem.h>

/* --- etcd ------------------------------------------------------------------------ */

static void check_etcd(const struct check_texts *texts)
{
	static const char *const paths[] = { "etcd.ssl.tlsCert", "etcd.ssl.tlsKey",
		"etcd.ssl.tlsCACert" };
	const struct setting *on = config_find(texts->config, "etcd.ssl.enabled");

	if (!config_bool(texts->config, "etcd.ssl.enabled", false))
		return;
	for (size_t i = 0; i < mem_count(paths); i++) {
		const struct setting *setting = config_find(texts->config, paths[i]);
		/* what the image's milvus.yaml has there is a place holder */
		const bool none = !setting || setting->value[0] == '\0' ||
		                  strncmp(setting->value, "/path/to/", 9) == 0;

		if (none)
			check_say(texts->findings, CHECK_ETCD_KEY_PAIR,
			    setting ? &setting->mark : &on->mark,
			    "etcd.ssl.enabled is true and %s is %s", paths[i],
			    !setting            ? "not set"
			    : setting->value[0] ? "a place holder"
			                        : "empty");
	}
}

/* --- the least version of TLS ---------------------------------------------------- */

static void check_version(const struct check_texts *texts, const char *path, bool used)
{
	static const char *const taken[] = { "1.0", "1.1", "1.2", "1.3" };
	const struct setting *setting = config_find(texts->config, path);
	const struct check_how old = { FINDING_WARNING, NULL };

	if (!setting || !used)
		return;
	if (strcmp(path, "minio.ssl.tlsMinVersion") == 0 &&
	    (setting->value[0] == '\0' || strcmp(setting->value, "default") == 0))
		return;
	for (size_t i = 0; i < mem_count(taken); i++) {
		if (strcmp(setting->value, taken[i]) != 0)
			continue;
		if (i < 2)
			check_say_as(texts->findings, CHECK_MIN_VERSION, old, &setting->mark,
			    "%s allows TLS %s", path, taken[i]);
		return;
	}
	check_say(texts->findings, CHECK_MIN_VERSION, &setting->mark,
	    "%s is '%s', which Milvus does not take", path, setting->value);
}

void check_depends(const struct check_texts *texts)
{
	check_etcd(texts);
	check_version(texts, "etcd.ssl.tlsMinVersion",
	    config_bool(texts->config, "etcd.ssl.enabled", false));
	check_version(texts, "minio.ssl.tlsMinVersion",
	    config_bool(texts->config, "minio.useSSL", false));
}

/* --- other clusters -------------------------------------------------------------- */

/* "tls.clusters.ID.caPemPath": the ID as it is written; NULL for another key */
static char *cluster_of(const struct setting *setting)
{
	static const char prefix[] = "tls.clusters.";
	const size_t len = sizeof(prefix) - 1;
	const char *dot = strrchr(setting->path, '.');

	if (strncasecmp(setting->path, prefix, len) != 0 || dot < setting->path + len)
		return NULL;
	return mem_dup(setting->path + len, (size_t)(dot - setting->path) - len);
}

static bool has(const struct check_texts *texts, const char *id, const char *part)
{
	MICA_FREE char *path = mem_printf("tls.clusters.%s.%s", id, part);

	return config_text(texts->config, path, "")[0] != '\0';
}

static void judge_cluster(
    const struct check_texts *texts, const char *id, const struct mark *where)
{
	static const char *const parts[] = { "caPemPath", "clientPemPath", "clientKeyPath" };

	for (size_t i = 0; i < mem_count(parts); i++) {
		if (!has(texts, id, parts[i])) {
			check_say(texts->findings, CHECK_CDC_INCOMPLETE, where,
			    "the target '%s' has no %s", id, parts[i]);
			return;
		}
	}
	if (texts->version < MILVUS_VERSION(2, 6))
		check_say_as(texts->findings, CHECK_CDC_INCOMPLETE,
		    (struct check_how){ FINDING_WARNING, "use Milvus 2.6.12 or later" }, where,
		    "the target '%s' is named, and Milvus before 2.6.12 does not read it", id);
}

/* The settings of one target come one after the other. */
void check_clusters(const struct check_texts *texts)
{
	MICA_FREE char *last = NULL;
	const struct setting *setting;

	for (size_t i = 0; (setting = config_at(texts->config, i)); i++) {
		MICA_FREE char *id = cluster_of(setting);

		if (!id || (last && strcmp(last, id) == 0))
			continue;
		judge_cluster(texts, id, &setting->mark);
		free(last);
		last = mem_give(id);
	}
}
