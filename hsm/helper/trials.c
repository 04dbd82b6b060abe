// SPDX-License-Identifier: Apache-2.0
/*
 * Which attempts are made on a sibling, each in a session of its own, since some modules leave
 * an operation behind that began and failed; and what the answers mean.
 */
#include "prove.h"

#include <string.h>

#include <mica/mem.h>

#include "../wire/ckr.h"

enum sort { READ, WRAP, CHANGE, USE };

struct trial {
	const char *name;
	const char *call;
	const char *with;
	enum sort sort;
	attempt_fn *run;
	CK_ULONG what;
};

/* --- which --------------------------------------------------------------------- */

static const struct trial read_ec[] = {
	{ "read-value", "C_GetAttributeValue", "CKA_VALUE", READ, attempt_read, CKA_VALUE },
};

static const struct trial read_rsa[] = {
	{ "read-private-exponent", "C_GetAttributeValue", "CKA_PRIVATE_EXPONENT", READ,
	    attempt_read, CKA_PRIVATE_EXPONENT },
	{ "read-prime-1", "C_GetAttributeValue", "CKA_PRIME_1", READ, attempt_read,
	    CKA_PRIME_1 },
	{ "read-prime-2", "C_GetAttributeValue", "CKA_PRIME_2", READ, attempt_read,
	    CKA_PRIME_2 },
	{ "read-exponent-1", "C_GetAttributeValue", "CKA_EXPONENT_1", READ, attempt_read,
	    CKA_EXPONENT_1 },
	{ "read-exponent-2", "C_GetAttributeValue", "CKA_EXPONENT_2", READ, attempt_read,
	    CKA_EXPONENT_2 },
	{ "read-coefficient", "C_GetAttributeValue", "CKA_COEFFICIENT", READ, attempt_read,
	    CKA_COEFFICIENT },
};

static const struct trial take_away[] = {
	{ "wrap-aes-key-wrap", "C_WrapKey", "CKM_AES_KEY_WRAP", WRAP, attempt_wrap,
	    CKM_AES_KEY_WRAP },
	{ "wrap-aes-key-wrap-pad", "C_WrapKey", "CKM_AES_KEY_WRAP_PAD", WRAP, attempt_wrap,
	    CKM_AES_KEY_WRAP_PAD },
	{ "wrap-aes-cbc-pad", "C_WrapKey", "CKM_AES_CBC_PAD", WRAP, attempt_wrap,
	    CKM_AES_CBC_PAD },
	{ "copy-extractable", "C_CopyObject", "CKA_EXTRACTABLE true", CHANGE, attempt_copy,
	    CKA_EXTRACTABLE },
	{ "copy-not-sensitive", "C_CopyObject", "CKA_SENSITIVE false", CHANGE, attempt_copy,
	    CKA_SENSITIVE },
};

static const struct trial use_rsa[] = {
	{ "decrypt-pkcs", "C_DecryptInit", "CKM_RSA_PKCS", USE, attempt_decrypt, CKM_RSA_PKCS },
	{ "decrypt-raw", "C_DecryptInit", "CKM_RSA_X_509", USE, attempt_decrypt,
	    CKM_RSA_X_509 },
	{ "encrypt-pkcs", "C_EncryptInit", "CKM_RSA_PKCS", USE, attempt_encrypt, CKM_RSA_PKCS },
};

static const struct trial use_ec[] = {
	{ "derive-ecdh", "C_DeriveKey", "CKM_ECDH1_DERIVE", USE, attempt_derive,
	    CKM_ECDH1_DERIVE },
};

/* last: they would change the sibling */
static const struct trial change[] = {
	{ "set-extractable", "C_SetAttributeValue", "CKA_EXTRACTABLE true", CHANGE, attempt_set,
	    CKA_EXTRACTABLE },
	{ "set-not-sensitive", "C_SetAttributeValue", "CKA_SENSITIVE false", CHANGE,
	    attempt_set, CKA_SENSITIVE },
};

struct list {
	const struct trial *trials;
	size_t n;
};

#define LIST(table)                                                                            \
	{                                                                                      \
		table, mem_count(table)                                                        \
	}

static const struct list of_rsa[] = { LIST(read_rsa), LIST(take_away), LIST(use_rsa),
	LIST(change) };
static const struct list of_ec[] = { LIST(read_ec), LIST(take_away), LIST(use_ec),
	LIST(change) };

/* --- what an answer means ------------------------------------------------------ */

/* These say that the key is not for that, or that it cannot be done at all. Any other value
 * but CKR_OK is about something else: the token's health, a length, a parameter. */
static const struct {
	CK_RV rv;
	unsigned sorts; /* 1 << enum sort */
	const char *reason;
} refusals[] = {
	{ CKR_ATTRIBUTE_SENSITIVE, 1 << READ, NULL },
	{ CKR_ATTRIBUTE_TYPE_INVALID, 1 << READ, "the token has no such attribute" },
	{ CKR_ATTRIBUTE_TYPE_INVALID, 1 << CHANGE, NULL },
	{ CKR_ATTRIBUTE_READ_ONLY, 1 << CHANGE, NULL },
	{ CKR_ATTRIBUTE_VALUE_INVALID, 1 << CHANGE, NULL },
	{ CKR_TEMPLATE_INCONSISTENT, 1 << CHANGE, NULL },
	{ CKR_TOKEN_WRITE_PROTECTED, 1 << CHANGE, NULL },
	{ CKR_SESSION_READ_ONLY, 1 << CHANGE, NULL },
	{ CKR_KEY_UNEXTRACTABLE, 1 << WRAP, NULL },
	{ CKR_KEY_NOT_WRAPPABLE, 1 << WRAP, NULL },
	{ CKR_KEY_FUNCTION_NOT_PERMITTED, 1 << WRAP | 1 << USE, NULL },
	{ CKR_KEY_TYPE_INCONSISTENT, 1 << USE, NULL },
	{ CKR_ACTION_PROHIBITED, 1 << READ | 1 << WRAP | 1 << CHANGE | 1 << USE, NULL },
	{ CKR_FUNCTION_REJECTED, 1 << READ | 1 << WRAP | 1 << CHANGE | 1 << USE, NULL },
	{ CKR_FUNCTION_NOT_SUPPORTED, 1 << READ | 1 << WRAP | 1 << CHANGE | 1 << USE,
	    "the module cannot do this at all" },
};

static void judge(const struct trial *trial, struct answer *answer)
{
	if (answer->rv == CKR_OK || answer->verdict == TOKEN_NOT_TRIED)
		return;
	answer->verdict = TOKEN_REFUSED;
	for (size_t i = 0; i < mem_count(refusals); i++) {
		answer->reason = refusals[i].reason;
		if (refusals[i].rv == answer->rv && refusals[i].sorts & 1U << trial->sort)
			return;
	}
	answer->verdict = TOKEN_UNCLEAR;
	answer->reason = "this answer proves nothing";
	if (answer->rv == CKR_MECHANISM_INVALID) {
		answer->verdict = TOKEN_NOT_TRIED;
		answer->reason = "the module has no such mechanism, or not for this key";
	}
}

/* Values that a token gives also while it is well are not asked about. */
int bench_alive(const struct bench *bench, CK_RV rv, const char *call, struct err *err)
{
	const struct ckr *row = ckr_find(rv);
	CK_SESSION_INFO info;
	CK_RV now;

	if (rv == CKR_OK || (row && row->kind == ERR_REFUSED))
		return 0;
	now = bench->hsm->ck->C_GetSessionInfo(bench->hsm->session, &info);
	if (now == CKR_OK && info.state == bench->state)
		return 0;
	if (now == CKR_OK)
		now = CKR_USER_NOT_LOGGED_IN;
	return ckr_fail(err, row && row->kind == ERR_LOST ? rv : now, call,
	    "%s was lost while things were tried on a sibling of the key", bench->hsm->name);
}

/* --- all of them --------------------------------------------------------------- */

static struct answer in_own_session(struct bench *bench, const struct trial *trial)
{
	CK_FUNCTION_LIST *ck = bench->hsm->ck;
	const CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
	struct answer answer = { CKR_OK, NULL, TOKEN_NOT_TRIED };

	answer.rv = ck->C_OpenSession(bench->hsm->slot_id, flags, NULL, NULL, &bench->session);
	if (answer.rv != CKR_OK) {
		answer.reason = "C_OpenSession gave no session to try it in";
		return answer;
	}
	answer = trial->run(bench, trial->what);
	(void)ck->C_CloseSession(bench->session);
	return answer;
}

static void record(struct bench *bench, const struct trial *trial, const struct answer *answer)
{
	bench->trials[bench->n++] = (struct token_trial){
		.name = mem_strdup(trial->name),
		.tried = mem_printf("%s with %s", trial->call, trial->with),
		.answer = answer ? ckr_text(answer->rv) : NULL,
		.reason =
		    mem_strdup(answer ? answer->reason : "there is no sibling to try it on"),
		.verdict = answer ? answer->verdict : TOKEN_NOT_TRIED,
		.aim = trial->sort == USE ? TOKEN_USE : TOKEN_EXPORT,
	};
}

static int try_list(struct bench *bench, const struct list *list, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct trial *trial = &list->trials[i];
		struct answer answer = in_own_session(bench, trial);

		if (bench_alive(bench, answer.rv, trial->call, err) < 0)
			return -1;
		judge(trial, &answer);
		record(bench, trial, &answer);
	}
	return 0;
}

static const struct list *lists_of(const struct bench *bench, size_t *ret_n)
{
	const bool rsa = algorithm_info(bench->algorithm)->rsa;

	*ret_n = rsa ? mem_count(of_rsa) : mem_count(of_ec);
	return rsa ? of_rsa : of_ec;
}

int bench_try_all(struct bench *bench, struct err *err)
{
	size_t n = 0;
	const struct list *lists = lists_of(bench, &n);
	int result = 0;

	bench_make_wrapping_key(bench);
	for (size_t i = 0; result == 0 && i < n; i++)
		result = try_list(bench, &lists[i], err);
	if (bench->wrapping != CK_INVALID_HANDLE)
		(void)bench->hsm->ck->C_DestroyObject(bench->hsm->session, bench->wrapping);
	return result;
}

void bench_try_none(struct bench *bench)
{
	size_t n = 0;
	const struct list *lists = lists_of(bench, &n);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < lists[i].n; k++)
			record(bench, &lists[i].trials[k], NULL);
	}
}
