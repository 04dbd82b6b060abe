// SPDX-License-Identifier: Apache-2.0
/* The two structs of token.h on the wire. */
#include "wire.h"

#include <mica/mem.h>

static const size_t key_flags[] = {
	offsetof(struct token_key, sensitive),
	offsetof(struct token_key, always_sensitive),
	offsetof(struct token_key, extractable),
	offsetof(struct token_key, never_extractable),
	offsetof(struct token_key, local),
	offsetof(struct token_key, sign),
	offsetof(struct token_key, always_authenticate),
	offsetof(struct token_key, modifiable),
	offsetof(struct token_key, copyable),
	offsetof(struct token_key, wrap),
	offsetof(struct token_key, unwrap),
	offsetof(struct token_key, derive),
	offsetof(struct token_key, decrypt),
};

enum {
	INFO_INITIALIZED = 1,
	INFO_LOGIN = 2,
	INFO_PAD = 4,
	INFO_LOW = 8,
	INFO_FINAL = 16,
	INFO_LOCKED = 32,
	INFO_ALL = 63
};

void wire_put_info(struct buf *out, const struct token_info *info)
{
	uint32_t bits = 0;

	wire_put_text(out, info->label);
	wire_put_text(out, info->serial);
	wire_put_text(out, info->manufacturer);
	wire_put_text(out, info->model);
	wire_put_u64(out, info->flags);
	wire_put_u32(out, info->min_pin);
	wire_put_u32(out, info->max_pin);
	bits |= info->initialized ? INFO_INITIALIZED : 0;
	bits |= info->login_required ? INFO_LOGIN : 0;
	bits |= info->pad ? INFO_PAD : 0;
	bits |= info->count_low ? INFO_LOW : 0;
	bits |= info->final_try ? INFO_FINAL : 0;
	bits |= info->locked ? INFO_LOCKED : 0;
	wire_put_u32(out, bits);
}

/* A token's texts are never NULL to those who show them. */
static char *text_or_empty(struct wire_in *in)
{
	char *text = wire_get_text(in);

	return text ? text : mem_strdup("");
}

void wire_get_info(struct wire_in *in, struct token_info *ret)
{
	uint32_t bits;

	token_info_clear(ret);
	ret->label = text_or_empty(in);
	ret->serial = text_or_empty(in);
	ret->manufacturer = text_or_empty(in);
	ret->model = text_or_empty(in);
	ret->flags = wire_get_u64(in);
	ret->min_pin = wire_get_u32(in);
	ret->max_pin = wire_get_u32(in);
	bits = wire_get_u32(in);
	if (bits > INFO_ALL)
		in->bad = true;
	ret->initialized = bits & INFO_INITIALIZED;
	ret->login_required = bits & INFO_LOGIN;
	ret->pad = bits & INFO_PAD;
	ret->count_low = bits & INFO_LOW;
	ret->final_try = bits & INFO_FINAL;
	ret->locked = bits & INFO_LOCKED;
}

void wire_put_key(struct buf *out, const struct token_key *key)
{
	wire_put_buf(out, &key->spki);
	wire_put_u32(out, key->algorithm);
	wire_put_buf(out, &key->id);
	wire_put_text(out, key->label);
	for (size_t i = 0; i < mem_count(key_flags); i++) {
		const void *flag = (const char *)key + key_flags[i];

		wire_put_u32(out, (uint32_t)(*(const enum token_flag *)flag + 1));
	}
}

void wire_get_key(struct wire_in *in, struct token_key *ret)
{
	uint32_t algorithm;

	token_key_clear(ret);
	wire_get_buf(in, &ret->spki);
	algorithm = wire_get_u32(in);
	if (algorithm > ALG_RSA_4096)
		in->bad = true;
	else
		ret->algorithm = (enum algorithm)algorithm;
	wire_get_buf(in, &ret->id);
	ret->label = wire_get_text(in);
	for (size_t i = 0; i < mem_count(key_flags); i++) {
		void *flag = (char *)ret + key_flags[i];
		uint32_t value = wire_get_u32(in);

		if (value > 2)
			in->bad = true;
		else
			*(enum token_flag *)flag = (enum token_flag)((int)value - 1);
	}
}

void token_info_clear(struct token_info *info)
{
	mem_freep(&info->label);
	mem_freep(&info->serial);
	mem_freep(&info->manufacturer);
	mem_freep(&info->model);
	mem_freep(&info->module);
	*info = (struct token_info){ 0 };
}

void token_key_clear(struct token_key *key)
{
	buf_clear(&key->spki);
	buf_clear(&key->id);
	mem_freep(&key->label);
	*key = (struct token_key){ 0 };
}
