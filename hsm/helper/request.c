// SPDX-License-Identifier: Apache-2.0
/* Requests taken apart: what each of them holds is in wire.h. */
#include "helper.h"

#include <string.h>

#include <mica/mem.h>

#include "prove.h"

int hsm_malformed(struct err *err)
{
	return err_set(err, ERR_FAILED, "mica-token did not understand a request");
}

static int do_open(struct hsm *hsm, struct wire_in *in, struct err *err)
{
	MICA_FREE char *version = wire_get_text(in);
	MICA_FREE char *path = wire_get_text(in);
	MICA_FREE char *args = wire_get_text(in);

	if (!wire_end(in) || !version || !path)
		return hsm_malformed(err);
	if (strcmp(version, MICA_VERSION) != 0) {
		err_set(err, ERR_FAILED, "mica is version %s, but its mica-token is version %s",
		    version, MICA_VERSION);
		return err_hint(err, "install both from one build");
	}
	return hsm_open(hsm, path, args, err);
}

static int do_select(struct hsm *hsm, struct wire_in *in, struct err *err)
{
	uint64_t slot = wire_get_u64(in);
	MICA_FREE char *label = wire_get_text(in);
	MICA_FREE char *serial = wire_get_text(in);

	if (!wire_end(in) || !label || !serial)
		return hsm_malformed(err);
	return hsm_select(hsm, slot, label, serial, err);
}

static int do_login(struct hsm *hsm, struct wire_in *in, struct err *err)
{
	struct wire_span pin = wire_get_span(in);
	uint32_t care = wire_get_u32(in);
	char *text;
	int result;

	if (!wire_end(in) || care > TOKEN_PIN_LAST_TRY)
		return hsm_malformed(err);
	if (!pin.data)
		return hsm_login(hsm, NULL, (enum token_pin_care)care, err);
	text = OPENSSL_secure_zalloc(pin.len + 1);
	if (!text)
		return err_set(err, ERR_FAILED, "cannot log in: no secure memory left");
	memcpy(text, pin.data, pin.len);
	result = hsm_login(hsm, text, (enum token_pin_care)care, err);
	OPENSSL_secure_clear_free(text, pin.len + 1);
	return result;
}

static int put_key(struct token_key *key, int result, struct buf *reply)
{
	if (result == 0)
		wire_put_key(reply, key);
	token_key_clear(key);
	return result;
}

static int do_find(struct hsm *hsm, struct wire_in *in, struct buf *reply, struct err *err)
{
	MICA_FREE char *label = wire_get_text(in);
	struct hsm_wanted wanted = { label, wire_get_span(in) };
	struct token_key key = { 0 };

	if (!wire_end(in))
		return hsm_malformed(err);
	return put_key(&key, hsm_find(hsm, &wanted, &key, err), reply);
}

static int do_generate(struct hsm *hsm, struct wire_in *in, struct buf *reply, struct err *err)
{
	uint32_t algorithm = wire_get_u32(in);
	MICA_FREE char *label = wire_get_text(in);
	struct hsm_wanted wanted = { label, wire_get_span(in) };
	struct token_key key = { 0 };

	if (!wire_end(in) || algorithm > ALG_RSA_4096)
		return hsm_malformed(err);
	return put_key(
	    &key, hsm_generate(hsm, (enum algorithm)algorithm, &wanted, &key, err), reply);
}

static int do_store(struct hsm *hsm, struct wire_in *in, struct err *err)
{
	MICA_FREE char *label = wire_get_text(in);
	struct hsm_wanted wanted = { label, wire_get_span(in) };
	struct wire_span der = wire_get_span(in);

	return wire_end(in) ? hsm_store(hsm, &wanted, der, err) : hsm_malformed(err);
}

static int do_use(struct hsm *hsm, struct wire_in *in, struct err *err)
{
	uint32_t use = wire_get_u32(in);
	uint32_t touch = wire_get_u32(in);
	struct wire_span issuer = wire_get_span(in);
	struct wire_span certified = wire_get_span(in);

	if (!wire_end(in) || use > TOKEN_USE_CROSS || touch > 1 || issuer.len == 0 ||
	    (use == TOKEN_USE_CROSS) != (certified.len > 0))
		return hsm_malformed(err);
	if (certified.len > 0 && buf_same(&hsm->spki, certified.data, certified.len))
		return err_set(err, ERR_REFUSED,
		    "a cross-certificate is for the key of another CA, not for the one that "
		    "signs");
	buf_clear(&hsm->issuer);
	buf_add(&hsm->issuer, issuer.data, issuer.len);
	buf_clear(&hsm->certified);
	buf_add(&hsm->certified, certified.data, certified.len);
	hsm->use = (enum token_use)use;
	hsm->use_set = true;
	hsm->touch = touch == 1;
	return 0;
}

static int do_prove(struct hsm *hsm, struct wire_in *in, struct buf *reply, struct err *err)
{
	struct wire_span spki = wire_get_span(in);
	struct token_proof proof = { 0 };
	int result;

	if (!wire_end(in) || spki.len == 0)
		return hsm_malformed(err);
	result = hsm_prove(hsm, spki, &proof, err);
	if (result == 0)
		wire_put_proof(reply, &proof);
	token_proof_clear(&proof);
	return result;
}

int hsm_request(struct hsm *hsm, enum wire_type type, struct wire_in *in, struct buf *reply,
    struct err *err)
{
	switch (type) {
	case WIRE_OPEN:
		return do_open(hsm, in, err);
	case WIRE_LIST:
		return hsm_list(hsm, reply, err);
	case WIRE_SELECT:
		return do_select(hsm, in, err);
	case WIRE_LOGIN:
		return do_login(hsm, in, err);
	case WIRE_FIND:
		return do_find(hsm, in, reply, err);
	case WIRE_GENERATE:
		return do_generate(hsm, in, reply, err);
	case WIRE_STORE:
		return do_store(hsm, in, err);
	case WIRE_USE:
		return do_use(hsm, in, err);
	case WIRE_PROVE:
		return do_prove(hsm, in, reply, err);
	case WIRE_WIDEN:
	case WIRE_SIGN:
		break;
	}
	return hsm_malformed(err);
}
