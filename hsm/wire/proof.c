// SPDX-License-Identifier: Apache-2.0
#include "proof.h"

#include <stdlib.h>

#include <mica/mem.h>

static const size_t identity_texts[] = {
	offsetof(struct token_identity, label),
	offsetof(struct token_identity, serial),
	offsetof(struct token_identity, manufacturer),
	offsetof(struct token_identity, model),
	offsetof(struct token_identity, hardware_version),
	offsetof(struct token_identity, firmware_version),
	offsetof(struct token_identity, slot_description),
	offsetof(struct token_identity, slot_manufacturer),
	offsetof(struct token_identity, slot_hardware_version),
	offsetof(struct token_identity, slot_firmware_version),
	offsetof(struct token_identity, library_manufacturer),
	offsetof(struct token_identity, library_description),
	offsetof(struct token_identity, library_version),
	offsetof(struct token_identity, cryptoki_version),
	offsetof(struct token_identity, token_flags),
	offsetof(struct token_identity, slot_flags),
	offsetof(struct token_identity, module),
};

static char **identity_text(struct token_identity *identity, size_t i)
{
	return (char **)(void *)((char *)identity + identity_texts[i]);
}

/* --- clearing ------------------------------------------------------------------ */

static void attributes_clear(struct token_attributes *attributes)
{
	for (size_t i = 0; i < attributes->n; i++)
		free(attributes->items[i].name);
	free(attributes->items);
}

static void trials_clear(struct token_proof *proof)
{
	for (size_t i = 0; i < proof->n_trials; i++) {
		free(proof->trials[i].name);
		free(proof->trials[i].tried);
		free(proof->trials[i].answer);
		free(proof->trials[i].reason);
	}
	free(proof->trials);
}

void token_proof_clear(struct token_proof *proof)
{
	for (size_t i = 0; i < mem_count(identity_texts); i++)
		free(*identity_text(&proof->identity, i));
	attributes_clear(&proof->key);
	attributes_clear(&proof->sibling);
	for (size_t i = 0; i < proof->n_mechanisms; i++)
		free(proof->mechanisms[i]);
	free(proof->mechanisms);
	free(proof->no_sibling);
	trials_clear(proof);
	for (size_t i = 0; i < proof->n_certificates; i++)
		buf_clear(&proof->certificates[i]);
	free(proof->certificates);
	*proof = (struct token_proof){ 0 };
}

/* --- writing ------------------------------------------------------------------- */

static void put_identity(struct buf *out, const struct token_identity *identity)
{
	struct token_identity copy = *identity;

	for (size_t i = 0; i < mem_count(identity_texts); i++)
		wire_put_text(out, *identity_text(&copy, i));
	wire_put_u32(out, identity->hardware_slot);
}

static void put_attributes(struct buf *out, const struct token_attributes *attributes)
{
	wire_put_u32(out, (uint32_t)attributes->n);
	for (size_t i = 0; i < attributes->n; i++) {
		wire_put_text(out, attributes->items[i].name);
		wire_put_u32(out, (uint32_t)(attributes->items[i].value + 1));
	}
}

static void put_trials(struct buf *out, const struct token_proof *proof)
{
	wire_put_u32(out, (uint32_t)proof->n_trials);
	for (size_t i = 0; i < proof->n_trials; i++) {
		const struct token_trial *trial = &proof->trials[i];

		wire_put_text(out, trial->name);
		wire_put_text(out, trial->tried);
		wire_put_text(out, trial->answer);
		wire_put_text(out, trial->reason);
		wire_put_u32(out, trial->verdict);
		wire_put_u32(out, trial->aim);
	}
}

void wire_put_proof(struct buf *out, const struct token_proof *proof)
{
	put_identity(out, &proof->identity);
	put_attributes(out, &proof->key);
	wire_put_u32(out, proof->mechanisms_told);
	wire_put_u32(out, (uint32_t)proof->n_mechanisms);
	for (size_t i = 0; i < proof->n_mechanisms; i++)
		wire_put_text(out, proof->mechanisms[i]);
	put_attributes(out, &proof->sibling);
	wire_put_text(out, proof->no_sibling);
	wire_put_u64(out, proof->leftovers);
	put_trials(out, proof);
	wire_put_u32(out, (uint32_t)proof->n_certificates);
	for (size_t i = 0; i < proof->n_certificates; i++)
		wire_put_buf(out, &proof->certificates[i]);
}

/* --- reading ------------------------------------------------------------------- */

static char *text_or_empty(struct wire_in *in)
{
	char *text = wire_get_text(in);

	return text ? text : mem_strdup("");
}

static bool get_bool(struct wire_in *in)
{
	uint32_t value = wire_get_u32(in);

	if (value > 1)
		in->bad = true;
	return value == 1;
}

/* How many items follow; 0 after a fault. */
static size_t get_count(struct wire_in *in)
{
	uint32_t n = wire_get_u32(in);

	if (n > PROOF_MAX_ITEMS)
		in->bad = true;
	return in->bad ? 0 : n;
}

static void get_identity(struct wire_in *in, struct token_identity *ret)
{
	for (size_t i = 0; i < mem_count(identity_texts); i++)
		*identity_text(ret, i) = text_or_empty(in);
	ret->hardware_slot = get_bool(in);
}

static void get_attributes(struct wire_in *in, struct token_attributes *ret)
{
	size_t n = get_count(in);

	ret->items = mem_array(n, sizeof(*ret->items));
	for (; ret->n < n; ret->n++) {
		struct token_attribute *item = &ret->items[ret->n];
		uint32_t value;

		item->name = text_or_empty(in);
		value = wire_get_u32(in);
		if (value > 2)
			in->bad = true;
		else
			item->value = (enum token_flag)((int)value - 1);
	}
}

static void get_trial(struct wire_in *in, struct token_trial *ret)
{
	uint32_t verdict, aim;

	ret->name = text_or_empty(in);
	ret->tried = text_or_empty(in);
	ret->answer = wire_get_text(in);
	ret->reason = wire_get_text(in);
	verdict = wire_get_u32(in);
	aim = wire_get_u32(in);
	if (verdict > TOKEN_NOT_TRIED || aim > TOKEN_USE) {
		in->bad = true;
		return;
	}
	ret->verdict = (enum token_verdict)verdict;
	ret->aim = (enum token_aim)aim;
}

static void get_mechanisms(struct wire_in *in, struct token_proof *ret)
{
	size_t n;

	ret->mechanisms_told = get_bool(in);
	n = get_count(in);
	ret->mechanisms = mem_array(n, sizeof(*ret->mechanisms));
	for (; ret->n_mechanisms < n; ret->n_mechanisms++)
		ret->mechanisms[ret->n_mechanisms] = text_or_empty(in);
}

static void get_certificates(struct wire_in *in, struct token_proof *ret)
{
	size_t n = get_count(in);

	ret->certificates = mem_array(n, sizeof(*ret->certificates));
	for (; ret->n_certificates < n; ret->n_certificates++)
		wire_get_buf(in, &ret->certificates[ret->n_certificates]);
}

void wire_get_proof(struct wire_in *in, struct token_proof *ret)
{
	size_t n;

	token_proof_clear(ret);
	get_identity(in, &ret->identity);
	get_attributes(in, &ret->key);
	get_mechanisms(in, ret);
	get_attributes(in, &ret->sibling);
	ret->no_sibling = wire_get_text(in);
	ret->leftovers = wire_get_u64(in);
	n = get_count(in);
	ret->trials = mem_array(n, sizeof(*ret->trials));
	for (; ret->n_trials < n; ret->n_trials++)
		get_trial(in, &ret->trials[ret->n_trials]);
	get_certificates(in, ret);
}
