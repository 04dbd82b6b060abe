// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <stdlib.h>

#include <mica/clock.h>
#include <mica/mem.h>

/* Text that is not UTF-8 (a path, a token's label) is shown with '?' for what is not ASCII. */
static json_t *text_value(const char *text)
{
	json_t *value = json_string(text);
	MICA_FREE char *ascii = NULL;

	if (value)
		return value;
	ascii = mem_strdup(text);
	for (char *at = ascii; *at; at++)
		if ((unsigned char)*at > 0x7e)
			*at = '?';
	return json_string(ascii);
}

void json_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		abort(); /* no memory */
}

void json_set_text(json_t *object, const char *key, const char *text)
{
	json_set(object, key, text ? text_value(text) : json_null());
}

void json_set_time(json_t *object, const char *key, int64_t when)
{
	char text[CLOCK_TEXT];

	json_set_text(object, key, when ? clock_text(when, text) : NULL);
}

void json_set_hex(json_t *object, const char *key, const void *bytes, size_t len)
{
	BUF_AUTO hex = BUF_INIT;

	buf_addhex(&hex, bytes, len);
	json_set_text(object, key, buf_text(&hex));
}

void json_set_count(json_t *object, const char *key, uint64_t count)
{
	json_set(object, key, json_integer((json_int_t)count));
}

void json_set_bool(json_t *object, const char *key, int truth)
{
	json_set(object, key, json_boolean(truth));
}

void json_set_flag(json_t *object, const char *key, enum token_flag flag)
{
	json_set(object, key,
	    flag == TOKEN_FLAG_ABSENT ? json_null() : json_boolean(flag == TOKEN_FLAG_TRUE));
}

void json_add(json_t *list, json_t *value)
{
	if (json_array_append_new(list, value) != 0)
		abort(); /* no memory */
}

void json_add_text(json_t *list, const char *text)
{
	json_add(list, text_value(text));
}

json_t *json_of_findings(const struct findings *findings)
{
	static const char *const levels[] = {
		[FINDING_NOTE] = "note",
		[FINDING_WARNING] = "warning",
		[FINDING_ERROR] = "error",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->items[i];
		json_t *item = json_object();

		json_set_text(item, "level", levels[finding->level]);
		json_set_text(item, "rule", finding->rule);
		json_set_text(item, "file", finding->file);
		json_set_count(item, "line", (uint64_t)finding->line);
		json_set_count(item, "column", (uint64_t)finding->column);
		json_set_text(item, "text", finding->text);
		json_set_text(item, "hint", finding->hint);
		json_add(list, item);
	}
	return list;
}

void json_print(FILE *to, json_t *document)
{
	json_dumpf(document, to, JSON_INDENT(2));
	fputc('\n', to);
	json_decref(document);
}
