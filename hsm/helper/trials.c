// SPDX-License-Identifier: Apache-2.0
/*
 * What must fail, tried on the sibling. Where it does not fail, what came of it is destroyed or
 * cleansed at once. A call that succeeds without doing what it was asked for has refused it.
 */
#include "prove.h"

#include <string.h>

#include <mica/mem.h>

#include "../wire/ckr.h"

enum { LARGE = 8192, AES_OCTETS = 32, SECRET_OCTETS = 32 };

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

enum keys { KEYS_ANY, KEYS_RSA, KEYS_EC };

struct answer {
	CK_RV rv;
	const char *reason;         /* a constant; NULL: the value says it all */
	enum token_verdict verdict; /* where rv is CKR_OK; else judge() finds it */
};

struct trial {
	const char *name;
	const char *call;
	const char *with;
	enum keys keys;
	struct answer (*run)(struct bench *bench, CK_ULONG what);
	CK_ULONG what;
};

/* --- reading ------------------------------------------------------------------- */

static struct answer read_part(struct bench *bench, CK_ULONG what)
{
	struct hsm *hsm = bench->hsm;
	BUF_AUTO bytes = BUF_INIT;
	CK_ATTRIBUTE attribute = { what, NULL, LARGE };
	CK_RV rv;

	hsm_step(hsm, STEP_ATTRIBUTES);
	buf_reserve(&bytes, LARGE);
	attribute.pValue = bytes.data;
	rv = hsm->ck->C_GetAttributeValue(hsm->session, bench->pair.private_key, &attribute, 1);
	if (rv == CKR_OK && attribute.ulValueLen > 0 && attribute.ulValueLen <= LARGE) {
		bytes.len = attribute.ulValueLen; /* to be cleansed */
		return (struct answer){ rv, NULL, TOKEN_ALLOWED };
	}
	return (struct answer){ rv, "nothing was shown", TOKEN_REFUSED };
}

/* --- wrapping ------------------------------------------------------------------ */

/* A session object: it is gone with the session at the latest. */
static void make_wrapping_key(struct bench *bench)
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

static struct answer wrap(struct bench *bench, CK_ULONG what)
{
	struct hsm *hsm = bench->hsm;
	unsigned char iv[16] = { 0 };
	CK_MECHANISM mechanism = { what, NULL, 0 };
	BUF_AUTO wrapped = BUF_INIT;
	CK_ULONG len = LARGE;
	CK_RV rv;

	if (bench->wrapping == CK_INVALID_HANDLE)
		return (struct answer){ bench->no_wrapping,
			"C_GenerateKey made no AES key to wrap with", TOKEN_NOT_TRIED };
	if (what == CKM_AES_CBC_PAD) {
		mechanism.pParameter = iv;
		mechanism.ulParameterLen = sizeof(iv);
	}
	hsm_step(hsm, STEP_WRAP);
	buf_reserve(&wrapped, LARGE);
	rv = hsm->ck->C_WrapKey(hsm->session, &mechanism, bench->wrapping,
	    bench->pair.private_key, wrapped.data, &len);
	if (rv == CKR_OK)
		wrapped.len = len <= LARGE ? len : LARGE; /* to be cleansed */
	return (struct answer){ rv, NULL, TOKEN_ALLOWED };
}

/* --- copying and setting ------------------------------------------------------- */

/* The value that would let a key leave, and whether an object has it now. */
static CK_BBOOL *bad_value(CK_ULONG what)
{
	return what == CKA_EXTRACTABLE ? &yes : &no;
}

static bool is_bad(const struct bench *bench, CK_OBJECT_HANDLE object, CK_ULONG what)
{
	CK_BBOOL value = CK_FALSE;
	CK_ATTRIBUTE attribute = { what, &value, sizeof(value) };
	CK_RV rv =
	    bench->hsm->ck->C_GetAttributeValue(bench->hsm->session, object, &attribute, 1);

	return rv != CKR_OK || !value == !*bad_value(what);
}

static struct answer copy(struct bench *bench, CK_ULONG what)
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
	    hsm->session, bench->pair.private_key, template, mem_count(template), &made);
	if (answer.rv != CKR_OK)
		return answer;
	if (is_bad(bench, made, what))
		answer = (struct answer){ CKR_OK, NULL, TOKEN_ALLOWED };
	hsm_step(hsm, STEP_DESTROY);
	(void)hsm->ck->C_DestroyObject(hsm->session, made);
	return answer;
}

/* Some modules keep attributes beside the key, and let them be changed where the key does not
 * change with them. What counts is what can be had then. */
static bool leaves(struct bench *bench)
{
	static const CK_ULONG parts[] = { CKA_VALUE, CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
		CKA_PRIME_2, CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT };
	static const CK_ULONG wraps[] = { CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_PAD,
		CKM_AES_CBC_PAD };
	CK_MECHANISM any = { CKM_AES_KEY_WRAP, NULL, 0 };
	CK_ULONG len = 0;

	for (size_t i = 0; i < mem_count(parts); i++) {
		struct answer answer = read_part(bench, parts[i]);

		if (answer.rv == CKR_OK && answer.verdict == TOKEN_ALLOWED)
			return true;
	}
	if (bench->wrapping == CK_INVALID_HANDLE) /* then only a module that wraps nothing */
		return bench->hsm->ck->C_WrapKey(bench->hsm->session, &any, CK_INVALID_HANDLE,
		           bench->pair.private_key, NULL, &len) != CKR_FUNCTION_NOT_SUPPORTED;
	for (size_t i = 0; i < mem_count(wraps); i++) {
		if (wrap(bench, wraps[i]).rv == CKR_OK)
			return true;
	}
	return false;
}

static struct answer set(struct bench *bench, CK_ULONG what)
{
	struct hsm *hsm = bench->hsm;
	CK_ATTRIBUTE attribute = { what, bad_value(what), sizeof(CK_BBOOL) };
	struct answer answer = { CKR_OK, "the attribute is as it was", TOKEN_REFUSED };

	hsm_step(hsm, STEP_SET);
	answer.rv =
	    hsm->ck->C_SetAttributeValue(hsm->session, bench->pair.private_key, &attribute, 1);
	if (answer.rv != CKR_OK || !is_bad(bench, bench->pair.private_key, what))
		return answer;
	if (leaves(bench))
		return (struct answer){ CKR_OK, NULL, TOKEN_ALLOWED };
	answer.reason = "only the attribute changed: the key can be neither read nor wrapped";
	return answer;
}

/* --- other uses ---------------------------------------------------------------- */

/* Ends an operation that should not have begun. */
static void end_cipher(struct bench *bench,
    CK_RV (*call)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *))
{
	BUF_AUTO out = BUF_INIT;
	CK_BYTE in[512] = { 1 };
	CK_ULONG len = LARGE;

	buf_reserve(&out, LARGE);
	(void)call(bench->hsm->session, in,
	    (CK_ULONG)algorithm_info(bench->algorithm)->bits / 8, out.data, &len);
	out.len = len <= LARGE ? len : LARGE; /* to be cleansed */
}

static struct answer decrypt(struct bench *bench, CK_ULONG what)
{
	CK_FUNCTION_LIST *ck = bench->hsm->ck;
	CK_MECHANISM mechanism = { what, NULL, 0 };
	CK_RV rv;

	hsm_step(bench->hsm, STEP_DECRYPT);
	rv = ck->C_DecryptInit(bench->hsm->session, &mechanism, bench->pair.private_key);
	if (rv == CKR_OK)
		end_cipher(bench, ck->C_Decrypt);
	return (struct answer){ rv, NULL, TOKEN_ALLOWED };
}

static struct answer encrypt(struct bench *bench, CK_ULONG what)
{
	CK_FUNCTION_LIST *ck = bench->hsm->ck;
	CK_MECHANISM mechanism = { what, NULL, 0 };
	CK_RV rv;

	hsm_step(bench->hsm, STEP_ENCRYPT);
	rv = ck->C_EncryptInit(bench->hsm->session, &mechanism, bench->pair.private_key);
	if (rv == CKR_OK)
		end_cipher(bench, ck->C_Encrypt);
	return (struct answer){ rv, NULL, TOKEN_ALLOWED };
}

/* With its own public half: any point of the curve would do. */
static struct answer derive(struct bench *bench, CK_ULONG what)
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
	rv = hsm->ck->C_DeriveKey(hsm->session, &mechanism, bench->pair.private_key, template,
	    mem_count(template), &made);
	if (rv == CKR_OK)
		(void)hsm->ck->C_DestroyObject(hsm->session, made);
	return (struct answer){ rv, NULL, TOKEN_ALLOWED };
}

/* --- all of them --------------------------------------------------------------- */

/* Those that would change the sibling come last. */
static const struct trial trials[] = {
	{ "read-value", "C_GetAttributeValue", "CKA_VALUE", KEYS_EC, read_part, CKA_VALUE },
	{ "read-private-exponent", "C_GetAttributeValue", "CKA_PRIVATE_EXPONENT", KEYS_RSA,
	    read_part, CKA_PRIVATE_EXPONENT },
	{ "read-prime-1", "C_GetAttributeValue", "CKA_PRIME_1", KEYS_RSA, read_part,
	    CKA_PRIME_1 },
	{ "read-prime-2", "C_GetAttributeValue", "CKA_PRIME_2", KEYS_RSA, read_part,
	    CKA_PRIME_2 },
	{ "read-exponent-1", "C_GetAttributeValue", "CKA_EXPONENT_1", KEYS_RSA, read_part,
	    CKA_EXPONENT_1 },
	{ "read-exponent-2", "C_GetAttributeValue", "CKA_EXPONENT_2", KEYS_RSA, read_part,
	    CKA_EXPONENT_2 },
	{ "read-coefficient", "C_GetAttributeValue", "CKA_COEFFICIENT", KEYS_RSA, read_part,
	    CKA_COEFFICIENT },
	{ "wrap-aes-key-wrap", "C_WrapKey", "CKM_AES_KEY_WRAP", KEYS_ANY, wrap,
	    CKM_AES_KEY_WRAP },
	{ "wrap-aes-key-wrap-pad", "C_WrapKey", "CKM_AES_KEY_WRAP_PAD", KEYS_ANY, wrap,
	    CKM_AES_KEY_WRAP_PAD },
	{ "wrap-aes-cbc-pad", "C_WrapKey", "CKM_AES_CBC_PAD", KEYS_ANY, wrap, CKM_AES_CBC_PAD },
	{ "copy-extractable", "C_CopyObject", "CKA_EXTRACTABLE true", KEYS_ANY, copy,
	    CKA_EXTRACTABLE },
	{ "copy-not-sensitive", "C_CopyObject", "CKA_SENSITIVE false", KEYS_ANY, copy,
	    CKA_SENSITIVE },
	{ "decrypt-pkcs", "C_DecryptInit", "CKM_RSA_PKCS", KEYS_RSA, decrypt, CKM_RSA_PKCS },
	{ "decrypt-raw", "C_DecryptInit", "CKM_RSA_X_509", KEYS_RSA, decrypt, CKM_RSA_X_509 },
	{ "encrypt-pkcs", "C_EncryptInit", "CKM_RSA_PKCS", KEYS_RSA, encrypt, CKM_RSA_PKCS },
	{ "derive-ecdh", "C_DeriveKey", "CKM_ECDH1_DERIVE", KEYS_EC, derive, CKM_ECDH1_DERIVE },
	{ "set-extractable", "C_SetAttributeValue", "CKA_EXTRACTABLE true", KEYS_ANY, set,
	    CKA_EXTRACTABLE },
	{ "set-not-sensitive", "C_SetAttributeValue", "CKA_SENSITIVE false", KEYS_ANY, set,
	    CKA_SENSITIVE },
};

/* Values that tell of the token's health, or of nothing, rather than of the key. */
static bool proves_nothing(CK_RV rv)
{
	const struct ckr *row = ckr_find(rv);

	return !row || row->kind == ERR_LOST || rv == CKR_HOST_MEMORY ||
	       rv == CKR_DEVICE_MEMORY || rv == CKR_FUNCTION_FAILED ||
	       rv == CKR_ARGUMENTS_BAD || rv == CKR_BUFFER_TOO_SMALL;
}

int bench_alive(const struct bench *bench, CK_RV rv, const char *call, struct err *err)
{
	const struct ckr *row = ckr_find(rv);
	CK_SESSION_INFO info;
	CK_RV now;

	if (rv == CKR_OK || !proves_nothing(rv))
		return 0;
	now = bench->hsm->ck->C_GetSessionInfo(bench->hsm->session, &info);
	if (now == CKR_OK && info.state == bench->state)
		return 0;
	if (now == CKR_OK)
		now = CKR_USER_NOT_LOGGED_IN;
	return ckr_fail(err, row && row->kind == ERR_LOST ? rv : now, call,
	    "%s was lost while things were tried on a sibling of the key", bench->hsm->name);
}

static void judge(struct answer *answer)
{
	if (answer->rv == CKR_OK || answer->verdict == TOKEN_NOT_TRIED)
		return;
	answer->verdict = TOKEN_REFUSED;
	answer->reason = NULL;
	if (answer->rv == CKR_FUNCTION_NOT_SUPPORTED)
		answer->reason = "the module cannot do this at all";
	if (answer->rv == CKR_MECHANISM_INVALID || proves_nothing(answer->rv)) {
		answer->verdict = TOKEN_NOT_TRIED;
		answer->reason = answer->rv == CKR_MECHANISM_INVALID
		                     ? "the token has no such mechanism for this key"
		                     : "this answer proves nothing";
	}
}

static int try_one(struct bench *bench, const struct trial *trial, struct err *err)
{
	struct answer answer = trial->run(bench, trial->what);

	if (bench_alive(bench, answer.rv, trial->call, err) < 0)
		return -1;
	judge(&answer);
	bench->trials[bench->n++] = (struct token_trial){
		.name = mem_strdup(trial->name),
		.tried = mem_printf("%s with %s", trial->call, trial->with),
		.answer = ckr_text(answer.rv),
		.reason = mem_strdup(answer.reason),
		.verdict = answer.verdict,
	};
	return 0;
}

int bench_try_all(struct bench *bench, struct err *err)
{
	enum keys keys = algorithm_info(bench->algorithm)->rsa ? KEYS_RSA : KEYS_EC;
	int result = 0;

	make_wrapping_key(bench);
	for (size_t i = 0; result == 0 && i < mem_count(trials); i++) {
		if (trials[i].keys == KEYS_ANY || trials[i].keys == keys)
			result = try_one(bench, &trials[i], err);
	}
	if (bench->wrapping != CK_INVALID_HANDLE)
		(void)bench->hsm->ck->C_DestroyObject(bench->hsm->session, bench->wrapping);
	return result;
}

/* What is said of each where there is no sibling. */
void bench_try_none(struct bench *bench)
{
	enum keys keys = algorithm_info(bench->algorithm)->rsa ? KEYS_RSA : KEYS_EC;

	for (size_t i = 0; i < mem_count(trials); i++) {
		const struct trial *trial = &trials[i];

		if (trial->keys != KEYS_ANY && trial->keys != keys)
			continue;
		bench->trials[bench->n++] = (struct token_trial){
			.name = mem_strdup(trial->name),
			.tried = mem_printf("%s with %s", trial->call, trial->with),
			.reason = mem_strdup("there is no sibling to try it on"),
			.verdict = TOKEN_NOT_TRIED,
		};
	}
}
