// SPDX-License-Identifier: Apache-2.0
/*
 * config: what Milvus makes of its configuration: files in their order, then the environment, merged
 * key by key as Milvus merges them, each value with the place it comes from.
 *
 * Milvus compares keys in lower case and without "/", "_" and ".", so that
 * COMMON_SECURITY_TLSMODE, common.security.tlsMode and a top-level commonSecurityTlsMode are the
 * same key. Its reader of YAML is not strict: of a key that stands twice in a map the last one
 * counts, whole. A variable that is set but empty is a value as any other.
 */
#ifndef MICA_CONFIG_H
#define MICA_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/buf.h>
#include <mica/doc.h>
#include <mica/findings.h>
#include <mica/mem.h>

enum setting_source { SETTING_FILE, SETTING_VARIABLE };

struct setting {
	char *key;   /* as Milvus compares it: "commonsecuritytlsmode" */
	char *path;  /* as it is written: "common.security.tlsMode", "COMMON_SECURITY_TLSMODE" */
	char *value; /* as Milvus reads it: `yes` without quotes is "true", 1.0 is "1", nothing is "" */
	enum setting_source source;
	struct mark mark; /* of the value; a variable has a name and no line */
};

struct config;

struct config *config_new(void);
void config_free(struct config *config);
MICA_DEFINE_FREEP(struct config, config_free)

/* Adds a file's text; what is added later wins. Findings tell what its reader passes over
 * without a word (rules of check.h). A text that cannot be read adds nothing, as in Milvus. */
void config_add_file(
    struct config *config, const char *file, const struct buf *text, struct findings *findings);

/* The same of a node of a loose doc; findings name its marks, whose file is copied. */
void config_add_node(
    struct config *config, const struct doc_node *node, struct findings *findings);

/* KEY=VALUE. ERR_USAGE when there is no "=" or no name. Call after all files. */
int config_add_variable(struct config *config, const char *text, struct err *err) MICA_CHECKED;

/* The setting that counts for a key ("common.security.tlsMode"), or NULL. */
const struct setting *config_find(const struct config *config, const char *path);

/* The one of the files alone: what a variable hides. */
const struct setting *config_find_in_files(const struct config *config, const char *path);

/* As Milvus reads them: what is no number is 0, what Go's ParseBool does not know is false. */
const char *config_text(const struct config *config, const char *path, const char *fallback);
int64_t config_number(const struct config *config, const char *path, int64_t fallback);
bool config_bool(const struct config *config, const char *path, bool fallback);
bool config_is_number(const char *value);
bool config_is_bool(const char *value);

/* Every setting in the order it was added; some do not count any more. NULL past the end. */
const struct setting *config_at(const struct config *config, size_t i);

/* A key as Milvus compares it; free() it. */
char *config_key(const char *path);

/* What a scalar is as a text to Milvus (yaml.v2, then cast.ToString); free() it. */
char *config_value(const struct doc_node *scalar);

#endif
