// SPDX-License-Identifier: Apache-2.0
#include "keyview.h"

#include "json.h"

struct attribute {
	const char *name;
	size_t where;
};

#define ATTRIBUTE(text, field)                                                                 \
	{                                                                                      \
		text, offsetof(struct token_key, field)                                        \
	}

static const struct attribute attributes[] = {
	ATTRIBUTE("sensitive", sensitive),
	ATTRIBUTE("always-sensitive", always_sensitive),
	ATTRIBUTE("extractable", extractable),
	ATTRIBUTE("never-extractable", never_extractable),
	ATTRIBUTE("made-on-token", local),
	ATTRIBUTE("sign", sign),
	ATTRIBUTE("decrypt", decrypt),
	ATTRIBUTE("wrap", wrap),
	ATTRIBUTE("unwrap", unwrap),
	ATTRIBUTE("derive", derive),
	ATTRIBUTE("always-authenticate", always_authenticate),
	ATTRIBUTE("modifiable", modifiable),
	ATTRIBUTE("copyable", copyable),
};

static enum token_flag flag_of(const struct token_key *key, const struct attribute *attribute)
{
	return *(const enum token_flag *)((const char *)key + attribute->where);
}

static const char *flag_text(enum token_flag flag)
{
	if (flag == TOKEN_FLAG_ABSENT)
		return "not told";
	return flag == TOKEN_FLAG_TRUE ? "yes" : "no";
}

void keyview_row(struct table *table, const char *name, const char *value)
{
	const char *const cells[] = { name, value };

	table_row(table, cells);
}

void keyview_rows(struct table *table, const struct token_key *key)
{
	BUF_AUTO id = BUF_INIT;

	buf_addhex(&id, key->id.data, key->id.len);
	keyview_row(table, "key", key->label);
	keyview_row(table, "id", buf_text(&id));
	keyview_row(table, "algorithm", algorithm_info(key->algorithm)->name);
	for (size_t i = 0; i < mem_count(attributes); i++)
		keyview_row(table, attributes[i].name, flag_text(flag_of(key, &attributes[i])));
}

static void add_words(struct buf *line, enum token_flag flag, const char *yes, const char *no)
{
	const char *words = flag == TOKEN_FLAG_TRUE ? yes : no;

	if (flag != TOKEN_FLAG_ABSENT && words)
		buf_printf(line, "%s%s", line->len > 0 ? ", " : "", words);
}

void keyview_summary(struct table *table, const struct token_key *key)
{
	BUF_AUTO what = BUF_INIT;
	BUF_AUTO may = BUF_INIT;

	buf_printf(&what, "%s, %s, id ", key->label ? key->label : "without a label",
	    algorithm_info(key->algorithm)->name);
	buf_addhex(&what, key->id.data, key->id.len);
	add_words(&may, key->sensitive, "sensitive", "not sensitive");
	add_words(&may, key->extractable, "extractable", "not extractable");
	add_words(&may, key->local, "made on the token", "imported to the token");
	add_words(&may, key->sign, "signs", "does not sign");
	add_words(&may, key->decrypt, "decrypts", NULL);
	add_words(&may, key->wrap, "wraps", NULL);
	add_words(&may, key->unwrap, "unwraps", NULL);
	add_words(&may, key->derive, "derives", NULL);
	keyview_row(table, "key", buf_text(&what));
	keyview_row(table, "", buf_text(&may));
}

json_t *keyview_json(const struct token_key *key)
{
	json_t *object = json_object();

	json_set_text(object, "label", key->label);
	json_set_hex(object, "id", key->id.data, key->id.len);
	json_set_text(object, "algorithm", algorithm_info(key->algorithm)->name);
	for (size_t i = 0; i < mem_count(attributes); i++)
		json_set_flag(object, attributes[i].name, flag_of(key, &attributes[i]));
	return object;
}

const char *keyview_pin(const struct token_info *info)
{
	if (!info->initialized)
		return "token is blank";
	if (info->locked)
		return "locked";
	if (info->final_try)
		return "one try left";
	if (info->count_low)
		return "a wrong one was tried";
	if (info->pad)
		return "on a pad";
	return info->login_required ? "needed" : "not needed";
}

json_t *keyview_token_json(const struct token_info *info)
{
	json_t *object = json_object();

	json_set_text(object, "label", info->label);
	json_set_text(object, "serial", info->serial);
	json_set_text(object, "model", info->model);
	json_set_text(object, "manufacturer", info->manufacturer);
	json_set_text(object, "module", info->module);
	json_set_bool(object, "initialized", info->initialized);
	json_set_text(object, "pin", keyview_pin(info));
	return object;
}
