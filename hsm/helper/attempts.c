// SPDX-License-Identifier: Apache-2.0
/*
 * What must fail, tried on the sibling. Where something does not fail, what came of it is
 * destroyed or cleansed at once. A call that succeeds without doing what it was asked for has
 * refused it.
 */
#include "prove.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <mica/mem.h>

enum { LARGE = 8192, AES_OCTETS = 32, SECRET_OCTETS = 32 };

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* --- reading ------------------------------------------------------------------- */

struct answer attempt_read(struct bench *bench, CK_ULONG what)
{
	struct hsm *hsm = bench->hsm;
	BUF_AUTO bytes = BUF_INIT;
	CK_ATTRIBUTE attribute = { what, NULL, LARGE };
	CK_RV rv;

	hsm_step(hsm, STEP_ATTRIBUTES);
	buf_reserve(&bytes, LARGE);
	attribute.pValue = bytes.data;
	rv = hsm->ck->C_GetAttributeValue(
	    bench->session, bench->pair.private_key, &attribute, 1);
	if (rv == CKR_OK && attribute.ulValueLen > 0 && attribute.ulValueLen <= LARGE) {
		bytes.len = attribute.ulValueLen; /* to be cleansed */
		return (struct answer){ rv, NULL, TOKEN_ALLOWED };
	}
	return (struct answer){ rv, "nothing was shown", TOKEN_REFUSED };
}

/* --- wrapping ------------------------------------------------------------------ */

void bench_make_wrapping_key(struct bench *bench)
{
	struct hsm *hsm = bench->hsm;
	CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ULONG len = AES_OCTETS;
	CK_ATTRIBUTE template[] = {
		{ CKA_TOKEN, &no, sizeof(no) },
		{ CKA_WRAP, &yes, sizeof(yes) },
		{ CKA_VALUE_LEN, &len, sizeof(len) },
	};

	hsm_step(hsm, STEP_GENERATE_SECRET);
	bench->no_wrapping = hsm->ck->C_GenerateKey(
	    hsm->session, &mechanism, template, mem_count(template), &bench->wrapping);
	if (bench->no_wrapping != CKR_OK)
		bench->wrapping = CK_INVALID_HANDLE;
}

/* Without a key to wrap with it is tried all the same: some modules cannot wrap at all, and
 * say so. */
struct answer attempt_wrap(struct bench *bench, CK_ULONG what)
{
	struct hsm *hsm = bench->hsm;
	unsigned char iv[16] = { 0 };
	CK_MECHANISM mechanism = { what, NULL, 0 };
	BUF_AUTO wrapped = BUF_INIT;
	CK_ULONG len = LARGE;
	CK_RV rv;

	if (what == CKM_AES_CBC_PAD) {
		mechanism.pParameter = iv;
		mechanism.ulParameterLen = sizeof(iv);
	}
	hsm_step(hsm, STEP_WRAP);
	buf_reserve(&wrapped, LARGE);
	rv = hsm->ck->C_WrapKey(bench->session, &mechanism, bench->wrapping,
	    bench->pair.private_key, wrapped.data, &len);
	if (rv == CKR_OK)
		wrapped.len = len <= LARGE ? len : LARGE; /* to be cleansed */
	if (rv != CKR_OK && rv != CKR_FUNCTION_NOT_SUPPORTED &&
	    bench->wrapping == CK_INVALID_HANDLE)
		return (struct answer){ bench->no_wrapping,
			"C_GenerateKey made no AES key to wrap with", TOKEN_NOT_TRIED };
	return (struct answer){ rv, NULL, TOKEN_ALLOWED };
}

/* --- copying and setting ------------------------------------------------------- */

/* The value that would let a key leave. */
static CK_BBOOL *bad_value(CK_ULONG what)
{
	return what == CKA_EXTRACTABLE ? &yes : &no;
}

static bool is_bad(const struct bench *bench, CK_OBJECT_HANDLE object, CK_ULONG what)
{
	CK_BBOOL value = CK_FALSE;
	CK_ATTRIBUTE attribute = { what, &value, sizeof(value) };
	CK_RV rv = bench->hsm->ck->C_GetAttributeValue(bench->session, object, &attribute, 1);

	return rv != CKR_OK || !value == !*bad_value(what);
}

struct answer attempt_copy(struct bench *bench, CK_ULONG what)
{
	struct hsm *hsm = bench->hsm;
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	CK_ATTRIBUTE template[] = {
		{ CKA_TOKEN, &no, sizeof(no) },
		{ what, bad_value(what), sizeof(CK_BBOOL) },
	};
	struct answer answer = { CKR_OK, "the copy is as safe as the key", TOKEN_REFUSED };

	hsm_step(hsm, STEP_COPY);
	answer.rv = hsm->ck->C_CopyObject(
	    bench->session, bench->pair.private_key, template, mem_count(template), &made);
	if (answer.rv != CKR_OK)
		return answer;
	if (is_bad(bench, made, what))
		answer = (struct answer){ CKR_OK, NULL, TOKEN_ALLOWED };
	hsm_step(hsm, STEP_DESTROY);
	(void)hsm->ck->C_DestroyObject(bench->session, made);
	return answer;
}

static const CK_ATTRIBUTE_TYPE parts[] = { CKA_VALUE, CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
	CKA_PRIME_2, CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT };
static const CK_MECHANISM_TYPE wraps[] = { CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_PAD,
	CKM_AES_CBC_PAD };

static bool can_leave(struct bench *bench)
{
	for (size_t i = 0; i < mem_count(parts); i++) {
		struct answer answer = attempt_read(bench, parts[i]);

		if (answer.rv == CKR_OK && answer.verdict == TOKEN_ALLOWED)
			return true;
	}
	for (size_t i = 0; i < mem_count(wraps); i++) {
		if (attempt_wrap(bench, wraps[i]).rv == CKR_OK)
			return true;
	}
	return false;
}

/* An attribute that can be set may be no more than a note of the module's, while the device
 * behind it keeps the key: so it is tried what the attribute would allow. */
struct answer attempt_set(struct bench *bench, CK_ULONG what)
{
	struct hsm *hsm = bench->hsm;
	CK_ATTRIBUTE attribute = { what, bad_value(what), sizeof(CK_BBOOL) };
	struct answer answer = { CKR_OK, "the attribute is as it was", TOKEN_REFUSED };

	hsm_step(hsm, STEP_SET);
	answer.rv = hsm->ck->C_SetAttributeValue(
	    bench->session, bench->pair.private_key, &attribute, 1);
	if (answer.rv != CKR_OK || !is_bad(bench, bench->pair.private_key, what))
		return answer;
	if (can_leave(bench))
		return (struct answer){ CKR_OK, "and then the key could leave the token",
			TOKEN_ALLOWED };
	return (struct answer){ CKR_OK, "the key could be neither read nor wrapped after it",
		TOKEN_IN_NAME };
}

/* --- other uses ---------------------------------------------------------------- */

typedef CK_RV cipher(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);

typedef CK_RV final(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *);

/* What becomes of an operation that should not have begun. It is brought to an end, a good one
 * where that can be: some modules keep one that fails, and the key with it, until the last part
 * is asked for. */
static CK_RV go_on(
    struct bench *bench, cipher *call, final *end, struct wire_span in, struct buf *ret)
{
	CK_ULONG len = LARGE, rest = LARGE;
	CK_RV rv;

	buf_reserve(ret, LARGE);
	rv = call(bench->session, (CK_BYTE *)in.data, in.len, ret->data, &len);
	if (rv != CKR_OK)
		(void)end(bench->session, ret->data, &rest);
	ret->len = rv == CKR_OK && len <= LARGE ? len : LARGE; /* to be cleansed */
	return rv;
}

/* Where the key itself was asked and did not do it. What is wrong with a length or a parameter
 * is no such thing. */
static bool key_refused(CK_RV rv)
{
	return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED ||
	       rv == CKR_KEY_FUNCTION_NOT_PERMITTED || rv == CKR_KEY_TYPE_INCONSISTENT;
}

struct answer attempt_decrypt(struct bench *bench, CK_ULONG what)
{
	CK_FUNCTION_LIST *ck = bench->hsm->ck;
	CK_MECHANISM mechanism = { what, NULL, 0 };
	BUF_AUTO out = BUF_INIT;
	CK_RV rv, then;

	hsm_step(bench->hsm, STEP_DECRYPT);
	rv = ck->C_DecryptInit(bench->session, &mechanism, bench->pair.private_key);
	if (rv != CKR_OK)
		return (struct answer){ rv, NULL, TOKEN_REFUSED };
	then = go_on(bench, ck->C_Decrypt, ck->C_DecryptFinal,
	    (struct wire_span){ bench->message.data, bench->message.len }, &out);
	return (struct answer){ key_refused(then) ? then : CKR_OK, NULL, TOKEN_ALLOWED };
}

/* What a private key encrypts the public one brings back. Some modules take the public half of
 * the pair instead, which anybody has. */
static bool by_private(const struct bench *bench, struct wire_span text, const struct buf *made)
{
	const unsigned char *at = bench->spki.data;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)bench->spki.len);
	EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
	unsigned char out[LARGE];
	size_t len = sizeof(out);
	bool same = ctx && EVP_PKEY_verify_recover_init(ctx) == 1 &&
	            EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	            EVP_PKEY_verify_recover(ctx, out, &len, made->data, made->len) == 1 &&
	            len == text.len && memcmp(out, text.data, len) == 0;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return same;
}

struct answer attempt_encrypt(struct bench *bench, CK_ULONG what)
{
	static const CK_BYTE bytes[16] = { 0 };
	const struct wire_span text = { bytes, sizeof(bytes) };
	CK_FUNCTION_LIST *ck = bench->hsm->ck;
	CK_MECHANISM mechanism = { what, NULL, 0 };
	BUF_AUTO out = BUF_INIT;
	CK_RV rv, then;

	hsm_step(bench->hsm, STEP_ENCRYPT);
	rv = ck->C_EncryptInit(bench->session, &mechanism, bench->pair.private_key);
	if (rv != CKR_OK)
		return (struct answer){ rv, NULL, TOKEN_REFUSED };
	then = go_on(bench, ck->C_Encrypt, ck->C_EncryptFinal, text, &out);
	if (then == CKR_OK && !by_private(bench, text, &out))
		return (struct answer){ rv, "it was done with the public key", TOKEN_REFUSED };
	return (struct answer){ key_refused(then) ? then : CKR_OK, NULL, TOKEN_ALLOWED };
}

/* With its own public half: any point of the curve would do. */
struct answer attempt_derive(struct bench *bench, CK_ULONG what)
{
	struct hsm *hsm = bench->hsm;
	CK_ECDH1_DERIVE_PARAMS params = { CKD_NULL, 0, NULL, bench->point.len,
		bench->point.data };
	CK_MECHANISM mechanism = { what, &params, sizeof(params) };
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG len = SECRET_OCTETS;
	CK_ATTRIBUTE template[] = {
		{ CKA_TOKEN, &no, sizeof(no) },
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_VALUE_LEN, &len, sizeof(len) },
	};
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	CK_RV rv;

	hsm_step(hsm, STEP_DERIVE);
	rv = hsm->ck->C_DeriveKey(bench->session, &mechanism, bench->pair.private_key, template,
	    mem_count(template), &made);
	if (rv == CKR_OK)
		(void)hsm->ck->C_DestroyObject(bench->session, made);
	return (struct answer){ rv, NULL, TOKEN_ALLOWED };
}
