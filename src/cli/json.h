// SPDX-License-Identifier: Apache-2.0
/* json: the one document of --json: keys in the order they are set, two columns of indentation,
 * times as text in UTC, what is not known as null. */
#ifndef MICA_CLI_JSON_H
#define MICA_CLI_JSON_H

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include <mica/buf.h>
#include <mica/findings.h>
#include <mica/token.h>

/* Each sets one key of object. */
void json_set_text(json_t *object, const char *key, const char *text); /* NULL: null */
void json_set_time(json_t *object, const char *key, int64_t when);     /* 0: null */
void json_set_hex(json_t *object, const char *key, const void *bytes, size_t len);
void json_set_count(json_t *object, const char *key, uint64_t count);
void json_set_bool(json_t *object, const char *key, int truth);
void json_set_flag(json_t *object, const char *key, enum token_flag flag); /* absent: null */
/* takes value over */
void json_set(json_t *object, const char *key, json_t *value);

/* Each appends to list. */
void json_add(json_t *list, json_t *value); /* takes value over */
void json_add_text(json_t *list, const char *text);

json_t *json_of_findings(const struct findings *findings);

/* Prints the document with a final newline and frees it. */
void json_print(FILE *to, json_t *document);

#endif
