// SPDX-License-Identifier: Apache-2.0
#include "helper.h"

#include <assert.h>

#include <mica/mem.h>

#include "../wire/ckr.h"

enum { MAX_TEMPLATE = 16 };

struct template
{
	CK_ATTRIBUTE items[MAX_TEMPLATE];
	CK_ULONG n;
};

static const CK_BBOOL yes = CK_TRUE;
static const CK_BBOOL no = CK_FALSE;

static void add(
    struct template *template, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	assert(template->n < MAX_TEMPLATE);
	template->items[template->n++] = (CK_ATTRIBUTE){ type, (void *)value, len };
}

static void add_bool(struct template *template, CK_ATTRIBUTE_TYPE type, const CK_BBOOL *value)
{
	add(template, type, value, sizeof(*value));
}

static void add_names(struct template *template, const struct hsm_wanted *wanted)
{
	if (wanted->label)
		add(template, CKA_LABEL, wanted->label, strlen(wanted->label));
	if (wanted->id.len > 0)
		add(template, CKA_ID, wanted->id.data, wanted->id.len);
}

/* What each algorithm is made with */
struct recipe {
	CK_MECHANISM mechanism;
	const unsigned char *curve; /* CKA_EC_PARAMS: the OID of RFC 5480 */
	size_t curve_len;
	CK_ULONG bits;
};

static struct recipe recipe_of(enum algorithm algorithm)
{
	static const unsigned char p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
		0x01, 0x07 };
	static const unsigned char p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
	const struct algorithm_info *info = algorithm_info(algorithm);
	struct recipe recipe = { .bits = (CK_ULONG)info->bits };

	recipe.mechanism.mechanism =
	    info->rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
	if (!info->rsa) {
		recipe.curve = algorithm == ALG_EC_P256 ? p256 : p384;
		recipe.curve_len = algorithm == ALG_EC_P256 ? sizeof(p256) : sizeof(p384);
	}
	return recipe;
}

/* Not told to verify: no signature is verified by a token, and a TPM has one bit for CKA_VERIFY
 * and CKA_DECRYPT. */
static void public_template(
    struct template *template, const struct recipe *recipe, const struct hsm_wanted *wanted)
{
	static const unsigned char exponent[] = { 1, 0, 1 };

	add_bool(template, CKA_TOKEN, &yes);
	add_names(template, wanted);
	if (recipe->curve) {
		add(template, CKA_EC_PARAMS, recipe->curve, recipe->curve_len);
	} else {
		add(template, CKA_MODULUS_BITS, &recipe->bits, sizeof(recipe->bits));
		add(template, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
	}
}

/* What the key is told not to do, and how many of these are said at each try. Some tokens make
 * keys that can do everything unless told not to; others refuse to hear of what they do not
 * know: CKA_COPYABLE is of PKCS#11 2.40. */
static const CK_ATTRIBUTE_TYPE forbidden[] = { CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE,
	CKA_SIGN_RECOVER, CKA_MODIFIABLE, CKA_COPYABLE };
static const size_t tries[] = { 6, 5, 3, 0 };

static void private_template(
    struct template *template, size_t n_forbidden, const struct hsm_wanted *wanted)
{
	add_bool(template, CKA_TOKEN, &yes);
	add_bool(template, CKA_PRIVATE, &yes);
	add_bool(template, CKA_SENSITIVE, &yes);
	add_bool(template, CKA_EXTRACTABLE, &no);
	add_bool(template, CKA_SIGN, &yes);
	add_names(template, wanted);
	for (size_t i = 0; i < n_forbidden; i++)
		add_bool(template, forbidden[i], &no);
}

static bool template_refused(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
	       rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_TEMPLATE_INCONSISTENT ||
	       rv == CKR_TEMPLATE_INCOMPLETE;
}

/* What some modules say of a template whose parts contradict each other in their eyes */
static bool unexplained(CK_RV rv)
{
	return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED;
}

static bool nothing_made(struct hsm *hsm, const struct hsm_wanted *wanted)
{
	struct hsm_found found;
	struct err ignored = ERR_INIT;

	return hsm_search(hsm, CK_UNAVAILABLE_INFORMATION, wanted, &found, &ignored) == 0 &&
	       found.n == 0;
}

static CK_RV make_as(struct hsm *hsm, enum algorithm algorithm, const struct hsm_wanted *wanted,
    size_t n_forbidden, struct hsm_pair *ret)
{
	struct recipe recipe = recipe_of(algorithm);
	struct template public_part = { .n = 0 };
	struct template private_part = { .n = 0 };

	public_template(&public_part, &recipe, wanted);
	private_template(&private_part, n_forbidden, wanted);
	hsm_step(hsm, STEP_GENERATE);
	return hsm->ck->C_GenerateKeyPair(hsm->session, &recipe.mechanism, public_part.items,
	    public_part.n, private_part.items, private_part.n, &ret->public_key,
	    &ret->private_key);
}

CK_RV hsm_make_pair(struct hsm *hsm, enum algorithm algorithm, const struct hsm_wanted *wanted,
    struct hsm_pair *ret)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < mem_count(tries); i++) {
		rv = make_as(hsm, algorithm, wanted, tries[i], ret);
		if (!template_refused(rv) && !(unexplained(rv) && nothing_made(hsm, wanted)))
			break;
	}
	return rv;
}

/* CKR_OK: both are gone. */
static CK_RV destroy_pair(struct hsm *hsm, const struct hsm_pair *pair)
{
	CK_RV rv;

	hsm_step(hsm, STEP_DESTROY);
	rv = hsm->ck->C_DestroyObject(hsm->session, pair->private_key);
	(void)hsm->ck->C_DestroyObject(hsm->session, pair->public_key);
	return rv;
}

/* --- names in use -------------------------------------------------------------- */

static int check_unused(
    struct hsm *hsm, const struct hsm_wanted *wanted, const char *what, struct err *err)
{
	BUF_AUTO list = BUF_INIT;
	struct hsm_found found;

	if (hsm_search(hsm, CK_UNAVAILABLE_INFORMATION, wanted, &found, err) < 0)
		return -1;
	if (found.n == 0)
		return 0;
	hsm_describe(hsm, found.handles[0], &list);
	err_set(err, ERR_EXISTS, "%s holds an object with this %s already: %s", hsm->name, what,
	    buf_text(&list));
	return err_hint(err,
	    "choose another object= and id= for the new key, or adopt the one that is there");
}

static int check_names(struct hsm *hsm, const struct hsm_wanted *wanted, struct err *err)
{
	struct hsm_wanted label = { wanted->label, { NULL, 0 } };
	struct hsm_wanted id = { NULL, wanted->id };

	if (wanted->label && check_unused(hsm, &label, "label", err) < 0)
		return -1;
	return wanted->id.len > 0 ? check_unused(hsm, &id, "id", err) : 0;
}

/* --- the pair ------------------------------------------------------------------ */

static int check_made(struct hsm *hsm, const struct token_key *key, struct err *err)
{
	if (key->sensitive == TOKEN_FLAG_TRUE && key->extractable == TOKEN_FLAG_FALSE)
		return 0;
	err_set(err, ERR_REFUSED, "%s made a key that %s, though it was told not to", hsm->name,
	    key->extractable == TOKEN_FLAG_FALSE ? "is not sensitive" : "can be extracted");
	return err_hint(err, "this token cannot keep a CA key; use another");
}

static int read_pair(
    struct hsm *hsm, const struct hsm_pair *pair, struct token_key *ret, struct err *err)
{
	if (hsm_read_key(hsm, pair->private_key, ret, err) < 0)
		return -1;
	if (check_made(hsm, ret, err) < 0)
		return -1;
	return hsm_read_public(hsm, pair->private_key, pair->public_key, ret, err);
}

/* Few modules say why: so what the token tells of its sizes is told with it. */
static int cannot_make(struct hsm *hsm, enum algorithm algorithm, CK_RV rv, struct err *err)
{
	const struct algorithm_info *what = algorithm_info(algorithm);
	CK_MECHANISM_TYPE type = recipe_of(algorithm).mechanism.mechanism;
	CK_MECHANISM_INFO info = { 0 };
	CK_ULONG bits = (CK_ULONG)what->bits;

	(void)ckr_fail(
	    err, rv, "C_GenerateKeyPair", "cannot make an %s key on %s", what->name, hsm->name);
	if (hsm->ck->C_GetMechanismInfo(hsm->slot_id, type, &info) != CKR_OK ||
	    info.ulMaxKeySize == 0 || (bits >= info.ulMinKeySize && bits <= info.ulMaxKeySize))
		return err_hint(err, "where only the token's own tool makes keys, make it with "
		                     "that, then: mica init --adopt");
	return err_hint(err,
	    "this token makes %s keys of %lu to %lu bits: choose another algorithm",
	    what->rsa ? "RSA" : "EC", info.ulMinKeySize, info.ulMaxKeySize);
}

/* What is not good enough does not stay; says what became of it behind the reason in err. */
static int undo(struct hsm *hsm, const struct hsm_pair *pair, struct err *err)
{
	struct err why = *err;
	CK_RV rv;

	if (why.kind == ERR_LOST)
		return -1;
	rv = destroy_pair(hsm, pair);
	if (rv == CKR_OK) {
		err_set(err, why.kind, "%s: the key was destroyed again", why.text);
		return err_hint(err, "%s", why.hint);
	}
	(void)ckr_fail(
	    err, rv, "C_DestroyObject", "%s; and the key cannot be destroyed again", why.text);
	err->kind = why.kind;
	return err_hint(err, "destroy it with the token's own tool");
}

int hsm_generate(struct hsm *hsm, enum algorithm algorithm, const struct hsm_wanted *wanted,
    struct token_key *ret, struct err *err)
{
	struct token_key key = { 0 };
	struct hsm_pair pair = { CK_INVALID_HANDLE, CK_INVALID_HANDLE };
	CK_RV rv;

	if (check_names(hsm, wanted, err) < 0)
		return -1;
	rv = hsm_make_pair(hsm, algorithm, wanted, &pair);
	if (rv != CKR_OK)
		return cannot_make(hsm, algorithm, rv, err);
	if (read_pair(hsm, &pair, &key, err) < 0) {
		token_key_clear(&key);
		return undo(hsm, &pair, err);
	}
	hsm_take_key(hsm, pair.private_key, &key);
	token_key_clear(ret);
	*ret = key;
	return 0;
}
