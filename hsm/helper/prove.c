// SPDX-License-Identifier: Apache-2.0
#include "prove.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <mica/mem.h>

#include "../wire/ckr.h"

/* Some modules take the first octet of an id for the number of a slot in the device: no device
 * has one of this number. */
static const unsigned char sibling_id[] = "mica-prove";

static const struct hsm_wanted sibling_names = { TOKEN_SIBLING_LABEL,
	{ sibling_id, sizeof(sibling_id) - 1 } };

/* --- what is left of a sibling ------------------------------------------------- */

/* The label is read back: a module that does not search as it was told would show other
 * objects. */
static bool is_sibling(struct hsm *hsm, CK_OBJECT_HANDLE object)
{
	BUF_AUTO label = BUF_INIT;
	struct err ignored = ERR_INIT;

	return hsm_bytes(hsm, object, CKA_LABEL, &label, &ignored) == 0 &&
	       buf_same(&label, TOKEN_SIBLING_LABEL, strlen(TOKEN_SIBLING_LABEL));
}

static int find_siblings(struct hsm *hsm, struct hsm_found *ret, struct err *err)
{
	static const struct hsm_wanted wanted = { TOKEN_SIBLING_LABEL, { NULL, 0 } };
	struct hsm_found found;

	if (hsm_search(hsm, CK_UNAVAILABLE_INFORMATION, &wanted, &found, err) < 0)
		return -1;
	ret->n = 0;
	for (CK_ULONG i = 0; i < found.n; i++) {
		if (is_sibling(hsm, found.handles[i]))
			ret->handles[ret->n++] = found.handles[i];
	}
	return 0;
}

static int still_there(struct hsm *hsm, const char *why, struct err *err)
{
	err_set(err, ERR_FAILED, "a key that was made to be tried on is left on %s: %s said %s",
	    hsm->name, "C_DestroyObject", why);
	return err_hint(err,
	    "the next 'mica token --prove' tries again; or destroy what is labelled '%s' with "
	    "the token's own tool",
	    TOKEN_SIBLING_LABEL);
}

/* Destroys whatever has the sibling's label, twice if need be, and makes sure that it is gone.
 */
static int sweep(struct hsm *hsm, size_t *ret_n, struct err *err)
{
	MICA_FREE char *why = mem_strdup("CKR_OK");
	struct hsm_found found = { .n = 0 };
	size_t n = 0;

	for (size_t attempt = 0;; attempt++) {
		if (find_siblings(hsm, &found, err) < 0)
			return -1;
		if (found.n == 0)
			break;
		if (attempt == 2)
			return still_there(hsm, why, err);
		hsm_step(hsm, STEP_DESTROY);
		for (CK_ULONG i = 0; i < found.n; i++) {
			CK_RV rv = hsm->ck->C_DestroyObject(hsm->session, found.handles[i]);

			n += rv == CKR_OK;
			if (rv == CKR_OK)
				continue;
			free(why);
			why = ckr_text(rv);
		}
	}
	*ret_n = n;
	return 0;
}

/* --- the sibling --------------------------------------------------------------- */

static void bench_clear(struct bench *bench)
{
	buf_clear(&bench->point);
	buf_clear(&bench->message);
	buf_clear(&bench->spki);
}

static int make_sibling(struct bench *bench, struct token_proof *ret, struct err *err)
{
	const struct ckr *row;
	CK_RV rv;

	rv = hsm_make_pair(bench->hsm, bench->algorithm, &sibling_names, &bench->pair);
	if (rv == CKR_OK)
		return 1;
	if (bench_alive(bench, rv, "C_GenerateKeyPair", err) < 0)
		return -1;
	row = ckr_find(rv);
	mem_freep(&ret->no_sibling);
	MICA_FREE char *name = ckr_text(rv);
	ret->no_sibling =
	    mem_printf("no key can be made on this token with this login: C_GenerateKeyPair "
	               "said %s%s%s",
	        name, row ? ": " : "", row ? row->meaning : "");
	return 0;
}

static int encrypt_message(const struct buf *spki, struct buf *ret, struct err *err)
{
	static const unsigned char text[16] = "mica";
	const unsigned char *at = spki->data;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki->len);
	EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
	unsigned char out[1024];
	size_t len = sizeof(out);
	bool good = ctx && EVP_PKEY_encrypt_init(ctx) == 1 &&
	            EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	            EVP_PKEY_encrypt(ctx, out, &len, text, sizeof(text)) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	if (!good)
		return err_openssl(err, "cannot encrypt for a sibling of the key");
	buf_add(ret, out, len);
	return 0;
}

/* What attempts need of its public half. The last octets of an elliptic SubjectPublicKeyInfo
 * are the point. */
static int read_sibling(struct bench *bench, struct err *err)
{
	const struct algorithm_info *info = algorithm_info(bench->algorithm);
	const size_t len = 1 + 2 * (size_t)info->bits / 8;
	struct token_key key = { 0 };
	int result;

	result = hsm_read_public(
	    bench->hsm, bench->pair.private_key, bench->pair.public_key, &key, err);
	buf_add(&bench->spki, key.spki.data, key.spki.len);
	if (result == 0 && info->rsa)
		result = encrypt_message(&key.spki, &bench->message, err);
	if (result == 0 && !info->rsa && key.spki.len > len)
		buf_add(&bench->point, key.spki.data + key.spki.len - len, len);
	token_key_clear(&key);
	return result;
}

static int try_sibling(struct bench *bench, struct token_proof *ret, struct err *err)
{
	int made = make_sibling(bench, ret, err);

	if (made < 0)
		return -1;
	if (made == 0) {
		bench_try_none(bench);
		return 0;
	}
	if (hsm_read_attributes(bench->hsm, bench->pair.private_key, &ret->sibling, err) < 0 ||
	    read_sibling(bench, err) < 0)
		return -1;
	return bench_try_all(bench, err);
}

/* Whatever happens, nothing of the sibling stays, unless the token is gone. */
static int try_all(struct hsm *hsm, struct token_proof *ret, struct err *err)
{
	MICA_AUTO(bench_clear)
	struct bench bench = { .hsm = hsm,
		.algorithm = hsm->key.algorithm,
		.pair = { CK_INVALID_HANDLE, CK_INVALID_HANDLE },
		.wrapping = CK_INVALID_HANDLE };
	struct err while_sweeping = ERR_INIT;
	CK_SESSION_INFO info = { .state = 0 };
	size_t ignored = 0;
	CK_RV rv = hsm->ck->C_GetSessionInfo(hsm->session, &info);
	int result;

	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_GetSessionInfo",
		    "cannot ask for the session with %s", hsm->name);
	bench.state = info.state;
	result = try_sibling(&bench, ret, err);
	ret->trials = mem_array(bench.n, sizeof(*ret->trials));
	memcpy(ret->trials, bench.trials, bench.n * sizeof(*ret->trials));
	ret->n_trials = bench.n;
	if (sweep(hsm, &ignored, &while_sweeping) == 0)
		return result;
	if (result == 0)
		*err = while_sweeping;
	return -1;
}

/* --- the proof ----------------------------------------------------------------- */

static int check_label(struct hsm *hsm, struct err *err)
{
	if (!is_sibling(hsm, hsm->key.handle))
		return 0;
	err_set(err, ERR_REFUSED,
	    "the CA key on %s is labelled '%s', as only a key is that "
	    "this proof makes and destroys",
	    hsm->name, TOKEN_SIBLING_LABEL);
	return err_hint(err, "give the CA key another label");
}

int hsm_prove(struct hsm *hsm, struct wire_span spki, struct token_proof *ret, struct err *err)
{
	if (!hsm->key.there)
		return err_set(
		    err, ERR_FAILED, "cannot prove anything of a key before it was found");
	if (check_label(hsm, err) < 0 || hsm_read_identity(hsm, &ret->identity, err) < 0 ||
	    hsm_read_attributes(hsm, hsm->key.handle, &ret->key, err) < 0 ||
	    hsm_read_mechanisms(hsm, hsm->key.handle, ret, err) < 0 ||
	    hsm_read_chain(hsm, spki, ret, err) < 0)
		return -1;
	if (sweep(hsm, &ret->leftovers, err) < 0)
		return -1;
	return try_all(hsm, ret, err);
}
