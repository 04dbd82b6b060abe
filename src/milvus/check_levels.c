// SPDX-License-Identifier: Apache-2.0
/* Rules on how the configuration is written: what Milvus passes over without a word. */
#include "check_keys.h"

#include <string.h>

#include <mica/mem.h>

static const char *const known[] = {
	"common.security.tlsMode",
	"common.security.internaltlsEnabled",
	"tls.serverPemPath",
	"tls.serverKeyPath",
	"tls.caPemPath",
	"internaltls.serverPemPath",
	"internaltls.serverKeyPath",
	"internaltls.caPemPath",
	"internaltls.sni",
	"proxy.http.enabled",
	"proxy.http.port",
	"proxy.port",
	"etcd.ssl.enabled",
	"etcd.ssl.tlsCert",
	"etcd.ssl.tlsKey",
	"etcd.ssl.tlsCACert",
	"etcd.ssl.tlsMinVersion",
	"minio.useSSL",
	"minio.ssl.tlsCACert",
	"minio.ssl.tlsMinVersion",
	"kafka.ssl.enabled",
	"kafka.ssl.tlsCert",
	"kafka.ssl.tlsKey",
	"kafka.ssl.tlsCaCert",
	"tikv.ssl.enabled",
	"tikv.ssl.tlsCert",
	"tikv.ssl.tlsKey",
	"tikv.ssl.tlsCACert",
};

const char *check_known_key(size_t i)
{
	return i < mem_count(known) ? known[i] : NULL;
}

static const char *known_by_key(const char *key)
{
	for (size_t i = 0; i < mem_count(known); i++) {
		MICA_FREE char *other = config_key(known[i]);

		if (strcmp(key, other) == 0)
			return known[i];
	}
	return NULL;
}

bool check_knows(const char *path)
{
	MICA_FREE char *key = config_key(path);

	return known_by_key(key) != NULL;
}

bool check_leads_to_known(const char *path)
{
	MICA_FREE char *key = config_key(path);

	for (size_t i = 0; i < mem_count(known); i++) {
		MICA_FREE char *other = config_key(known[i]);

		if (strncmp(key, other, strlen(key)) == 0)
			return true;
	}
	return strncmp(key, "tlsclusters", 11) == 0;
}

/* --- what config.c tells on the way ---------------------------------------------- */

void check_unreadable(struct findings *findings, const struct mark *where, const char *why)
{
	check_say(findings, CHECK_YAML_UNREADABLE, where, "cannot be read as YAML: %s", why);
}

void check_duplicate(
    struct findings *findings, const char *path, const struct mark *where, int first_line)
{
	const struct check_how how = {
		check_leads_to_known(path) ? FINDING_ERROR : FINDING_WARNING, NULL
	};

	check_say_as(findings, CHECK_DUPLICATE_KEY, how, where,
	    "a second '%s' replaces the first, on line %d, and all that stands under it", path,
	    first_line);
}

static bool is_cluster(const char *path)
{
	return strncasecmp(path, "tls.clusters.", 13) == 0;
}

void check_collision(
    struct findings *findings, const struct setting *one, const struct setting *other)
{
	const struct check_how how = { check_knows(one->path) ? FINDING_ERROR : FINDING_WARNING,
		NULL };

	if (is_cluster(one->path) && is_cluster(other->path))
		check_say(findings, CHECK_CDC_ID_COLLIDES, &other->mark,
		    "'%s' is the same key to Milvus as '%s', on line %d", other->path,
		    one->path, one->mark.line);
	else
		check_say_as(findings, CHECK_AMBIGUOUS_KEY, how, &other->mark,
		    "'%s' is the same key to Milvus as '%s', on line %d", other->path,
		    one->path, one->mark.line);
}

/* --- keys at the wrong place ----------------------------------------------------- */

static const char *last_part(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* Words that mean TLS wherever they stand, and where Milvus reads them. */
static const struct {
	const char *word;
	const char *place;
} words[] = {
	{ "tlsmode", "common.security.tlsMode" },
	{ "tlsenabled", "common.security.tlsMode" },
	{ "internaltlsenabled", "common.security.internaltlsEnabled" },
	{ "serverpempath", "tls.serverPemPath (or internaltls.serverPemPath)" },
	{ "serverkeypath", "tls.serverKeyPath (or internaltls.serverKeyPath)" },
	{ "capempath", "tls.caPemPath (or internaltls.caPemPath)" },
	{ "sni", "internaltls.sni" },
};

static void judge_level(const struct check_texts *texts, const struct setting *setting)
{
	MICA_FREE char *word = config_key(last_part(setting->path));
	MICA_FREE char *hint = NULL;
	const char *place = NULL;

	for (size_t i = 0; i < mem_count(words) && !place; i++)
		place = strcmp(word, words[i].word) == 0 ? words[i].place : NULL;
	if (!place || check_knows(setting->path) || is_cluster(setting->path) ||
	    config_find(texts->config, setting->path) != setting)
		return;
	if (strcmp(word, "tlsenabled") == 0) {
		check_say(texts->findings, CHECK_TLS_ENABLED_UNREAD, &setting->mark,
		    "'%s' is not read", setting->path);
		return;
	}
	hint = mem_printf("Milvus reads it at %s", place);
	check_say_as(texts->findings, CHECK_WRONG_LEVEL,
	    (struct check_how){ FINDING_ERROR, hint }, &setting->mark,
	    "'%s' is at a wrong level: it is not read", setting->path);
}

void check_levels(const struct check_texts *texts)
{
	const struct setting *setting;

	for (size_t i = 0; (setting = config_at(texts->config, i)); i++)
		judge_level(texts, setting);
}

/* --- variables ------------------------------------------------------------------- */

static void judge_variable(const struct check_texts *texts, const struct setting *setting)
{
	const char *path = known_by_key(setting->key);
	const struct setting *hidden = path ? config_find_in_files(texts->config, path) : NULL;

	if (hidden && hidden->value[0] != '\0')
		check_say(texts->findings, CHECK_EMPTY_VARIABLE, &setting->mark,
		    "it is set and empty, and hides %s: %s of %s, line %d", path, hidden->value,
		    hidden->mark.file, hidden->mark.line);
	else if (path)
		check_say_as(texts->findings, CHECK_EMPTY_VARIABLE,
		    (struct check_how){ FINDING_WARNING, NULL }, &setting->mark,
		    "it is set and empty: so is %s, whatever a file says", path);
}

void check_variables(const struct check_texts *texts)
{
	const struct setting *setting;

	for (size_t i = 0; (setting = config_at(texts->config, i)); i++) {
		if (setting->source == SETTING_VARIABLE && setting->value[0] == '\0')
			judge_variable(texts, setting);
	}
}
