// SPDX-License-Identifier: Apache-2.0
#include "helper.h"

#include <mica/mem.h>

/* A TPM's key that can do nothing but sign gives no signature by CKM_RSA_PKCS, which is made by
 * raw decryption there. A key that may decrypt is signed with as every token can. */
static bool takes_whole(struct hsm *hsm, const struct token_key *key)
{
	CK_MECHANISM_INFO info = { 0 };

	return algorithm_info(key->algorithm)->rsa && key->decrypt == TOKEN_FLAG_FALSE &&
	       hsm->ck->C_GetMechanismInfo(hsm->slot_id, CKM_SHA256_RSA_PKCS, &info) ==
	           CKR_OK &&
	       (info.flags & CKF_SIGN);
}

void hsm_take_key(struct hsm *hsm, CK_OBJECT_HANDLE handle, const struct token_key *key)
{
	hsm->key = (struct hsm_key){
		.there = true,
		.handle = handle,
		.algorithm = key->algorithm,
		.always_authenticate = key->always_authenticate == TOKEN_FLAG_TRUE,
		.whole = takes_whole(hsm, key),
	};
	buf_clear(&hsm->spki);
	buf_add(&hsm->spki, key->spki.data, key->spki.len);
	hsm->use_set = false;
	if (!hsm->key.always_authenticate)
		hsm_forget_pin(hsm);
}

/* --- the search ---------------------------------------------------------------- */

static char *describe_wanted(const struct hsm_wanted *wanted)
{
	BUF_AUTO text = BUF_INIT;

	if (wanted->label)
		buf_printf(&text, "with the label '%s'", wanted->label);
	if (wanted->id.len > 0) {
		buf_printf(&text, "%s id ", wanted->label ? " and the" : "with the");
		buf_addhex(&text, wanted->id.data, wanted->id.len);
	}
	return mem_strdup(buf_text(&text));
}

static void describe_all(struct hsm *hsm, const struct hsm_found *found, struct buf *list)
{
	for (CK_ULONG i = 0; i < found->n; i++)
		hsm_describe(hsm, found->handles[i], list);
}

static int not_found(struct hsm *hsm, const struct hsm_wanted *wanted, struct err *err)
{
	static const struct hsm_wanted any = { NULL, { NULL, 0 } };
	MICA_FREE char *what = describe_wanted(wanted);
	BUF_AUTO list = BUF_INIT;
	struct hsm_found found;

	if (hsm_search(hsm, CKO_PRIVATE_KEY, &any, &found, err) < 0)
		return -1;
	describe_all(hsm, &found, &list);
	err_set(err, ERR_NOT_FOUND, "no private key %s on %s", what, hsm->name);
	if (list.len == 0)
		return err_hint(err, "it holds no private key that this login can see");
	return err_hint(err, "its private keys: %s", buf_text(&list));
}

static int ambiguous(struct hsm *hsm, const struct hsm_wanted *wanted,
    const struct hsm_found *found, struct err *err)
{
	MICA_FREE char *what = describe_wanted(wanted);
	BUF_AUTO list = BUF_INIT;

	describe_all(hsm, found, &list);
	err_set(err, ERR_AMBIGUOUS, "%lu private keys %s on %s: %s", found->n, what, hsm->name,
	    buf_text(&list));
	return err_hint(err, "name one of them with object= and id= in the key's URI");
}

static int find_once(
    struct hsm *hsm, const struct hsm_wanted *wanted, struct token_key *ret, struct err *err)
{
	struct token_key key = { 0 };
	struct hsm_found found;
	int result;

	if (hsm_search(hsm, CKO_PRIVATE_KEY, wanted, &found, err) < 0)
		return -1;
	if (found.n == 0)
		return not_found(hsm, wanted, err);
	if (found.n > 1)
		return ambiguous(hsm, wanted, &found, err);
	result = hsm_read_key(hsm, found.handles[0], &key, err);
	if (result == 0)
		result = hsm_read_public(hsm, found.handles[0], CK_INVALID_HANDLE, &key, err);
	if (result < 0) {
		token_key_clear(&key);
		return -1;
	}
	hsm_take_key(hsm, found.handles[0], &key);
	token_key_clear(ret);
	*ret = key;
	return 0;
}

int hsm_find(
    struct hsm *hsm, const struct hsm_wanted *wanted, struct token_key *ret, struct err *err)
{
	int result = find_once(hsm, wanted, ret, err);

	for (size_t i = 0; result < 0 && hsm_pause(i); i++) {
		if (err->kind == ERR_AMBIGUOUS || err->kind == ERR_REFUSED ||
		    err->kind == ERR_PIN)
			break;
		result = find_once(hsm, wanted, ret, err);
	}
	return result;
}
