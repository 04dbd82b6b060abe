// SPDX-License-Identifier: Apache-2.0
/*
 * One signature: the bytes are judged, then C_SignInit and C_Sign, on a session that the thread
 * has for itself: CKM_ECDSA or CKM_RSA_PKCS over the digest, or CKM_SHA256_RSA_PKCS over the
 * bytes where an RSA key is for nothing but signatures. Not by libp11's EVP_PKEY: from
 * 0.4.13 on that asks C_GetSessionInfo before each signature, and opens its sessions one after
 * another under one lock, which a token across a network pays for.
 */
#include "helper.h"

#include <openssl/ecdsa.h>

#include <mica/mem.h>

#include "../wire/ckr.h"
#include "../wire/tbs.h"

enum { MAX_SIGNATURE = 1024, MAX_WHOLE = 16 << 10 };

MICA_DEFINE_FREEP(ECDSA_SIG, ECDSA_SIG_free)

static int cannot_sign(struct hsm *hsm, CK_RV rv, const char *call, struct err *err)
{
	return ckr_fail(err, rv, call, "cannot sign with the key on %s", hsm->name);
}

/* --- in and out ---------------------------------------------------------------- */

/* What the mechanism is given: the digest, for RSA inside a DigestInfo (RFC 8017, 9.2). */
struct input {
	unsigned char bytes[19 + EVP_MAX_MD_SIZE];
	CK_ULONG len;
};

static int make_input(
    enum algorithm algorithm, struct wire_span tbs, struct input *ret, struct err *err)
{
	static const unsigned char sha256_info[19] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
		0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
	const EVP_MD *digest = algorithm == ALG_EC_P384 ? EVP_sha384() : EVP_sha256();
	size_t before = algorithm_info(algorithm)->rsa ? sizeof(sha256_info) : 0;
	unsigned len = 0;

	memcpy(ret->bytes, sha256_info, before);
	if (EVP_Digest(tbs.data, tbs.len, ret->bytes + before, &len, digest, NULL) != 1)
		return err_openssl(err, "cannot make a digest");
	ret->len = before + len;
	return 0;
}

/* PKCS#1 v1.5: as long as the modulus; ECDSA: r and s, each as long as the order. */
static CK_ULONG signature_len(enum algorithm algorithm)
{
	const struct algorithm_info *info = algorithm_info(algorithm);

	return (CK_ULONG)info->bits / 8 * (info->rsa ? 1 : 2);
}

static int wrong_length(struct hsm *hsm, CK_ULONG len, struct err *err)
{
	err_set(err, ERR_FAILED,
	    "cannot sign with the key on %s: C_Sign gave %lu bytes, and a signature of this "
	    "key "
	    "has %lu",
	    hsm->name, len, signature_len(hsm->key.algorithm));
	return err_hint(err, "the module or the token is faulty: nothing was signed with it");
}

/* r and s, each half of the bytes, to a DER ECDSA-Sig-Value (RFC 3279, 2.2.3) */
static int put_ecdsa(const unsigned char *raw, CK_ULONG len, struct buf *ret, struct err *err)
{
	MICA_AUTO(ECDSA_SIG_freep) ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, (int)(len / 2), NULL);
	BIGNUM *s = BN_bin2bn(raw + len / 2, (int)(len / 2), NULL);
	unsigned char der[MAX_SIGNATURE], *at = der;
	int der_len;

	if (!signature || !r || !s || ECDSA_SIG_set0(signature, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return err_openssl(err, "cannot read the token's signature");
	}
	der_len = i2d_ECDSA_SIG(signature, NULL);
	if (der_len <= 0 || der_len > MAX_SIGNATURE)
		return err_openssl(err, "cannot encode the token's signature");
	i2d_ECDSA_SIG(signature, &at);
	buf_add(ret, der, (size_t)der_len);
	return 0;
}

/* --- sessions ------------------------------------------------------------------ */

int hsm_signing_open(struct hsm *hsm, struct hsm_signing *signing, struct err *err)
{
	hsm_signing_step(hsm, signing, STEP_SESSION);
	if (hsm_open_session(hsm, &signing->session, err) < 0)
		return -1;
	signing->selected = hsm->selected;
	return 0;
}

/* One that was opened before another token was selected is gone. */
static int have_session(struct hsm *hsm, struct hsm_signing *signing, struct err *err)
{
	if (signing->own)
		return signing->selected == hsm->selected ? 0
		                                          : hsm_signing_open(hsm, signing, err);
	signing->session = hsm->session;
	return 0;
}

/* --- the signature ------------------------------------------------------------- */

/* Some modules have no better word for a card that is gone than one that says nothing: then the
 * slots tell. */
static CK_RV why(struct hsm *hsm, const struct hsm_signing *signing, CK_RV rv)
{
	if (rv != CKR_FUNCTION_FAILED && rv != CKR_GENERAL_ERROR)
		return rv;
	hsm_signing_step(hsm, signing, STEP_SLOTS);
	return hsm_is_gone(hsm) ? CKR_DEVICE_REMOVED : rv;
}

/* A key that wants its PIN each time: the one that C_Login took, or NULL for a pad. A wrong one
 * leaves the operation begun (CKR_OPERATION_ACTIVE): nothing more is signed then (serve.c). The
 * PIN was right at the login, so a card that is pulled out when it gets it did not refuse it.
 */
static CK_RV login_again(struct hsm *hsm, const struct hsm_signing *signing)
{
	CK_RV rv;

	if (!hsm->key.always_authenticate)
		return CKR_OK;
	hsm_signing_step(hsm, signing, STEP_LOGIN);
	rv = why(hsm, signing, hsm_call_login(hsm, signing->session, CKU_CONTEXT_SPECIFIC));
	if (rv == CKR_DEVICE_REMOVED || rv == CKR_DEVICE_ERROR)
		hsm_try_kept(hsm);
	return rv;
}

/* A touch that did not come in time looks like a lost login (CKR_USER_NOT_LOGGED_IN). Where the
 * key is known to want one, or the PIN was accepted a moment before, it is no reason to log in
 * anew: that would send the PIN again, and wait for the next touch. */
static int sign_failed(struct hsm *hsm, CK_RV rv, struct err *err)
{
	cannot_sign(hsm, rv, "C_Sign", err);
	if (rv != CKR_USER_NOT_LOGGED_IN || !(hsm->touch || hsm->key.always_authenticate))
		return -1;
	err_set(err, ERR_FAILED,
	    "cannot sign with the key on %s: the touch that it waits for did not come (C_Sign "
	    "said CKR_USER_NOT_LOGGED_IN)",
	    hsm->name);
	return err_hint(err, "run it again, and touch the token when it blinks%s",
	    hsm->touch ? "" : "; say 'touch: true' in the inventory");
}

/* What is signed, and how. */
struct job {
	CK_MECHANISM_TYPE mechanism;
	struct wire_span bytes;
};

static int sign(struct hsm *hsm, const struct hsm_signing *signing, const struct job *job,
    struct buf *ret, struct err *err)
{
	CK_MECHANISM mechanism = { job->mechanism, NULL, 0 };
	unsigned char signature[MAX_SIGNATURE];
	CK_ULONG len = sizeof(signature);
	CK_RV rv;

	hsm_signing_step(hsm, signing, STEP_SIGN_BEGIN);
	rv = hsm->ck->C_SignInit(signing->session, &mechanism, hsm->key.handle);
	if (rv != CKR_OK)
		return cannot_sign(hsm, why(hsm, signing, rv), "C_SignInit", err);
	rv = login_again(hsm, signing);
	if (rv != CKR_OK)
		return cannot_sign(hsm, rv, "C_Login", err);
	hsm_signing_step(hsm, signing, STEP_SIGN);
	rv = hsm->ck->C_Sign(
	    signing->session, (CK_BYTE *)job->bytes.data, job->bytes.len, signature, &len);
	if (rv != CKR_OK)
		return sign_failed(hsm, why(hsm, signing, rv), err);
	if (len != signature_len(hsm->key.algorithm))
		return wrong_length(hsm, len, err);
	if (!algorithm_info(hsm->key.algorithm)->rsa)
		return put_ecdsa(signature, len, ret, err);
	buf_add(ret, signature, len);
	return 0;
}

/* The bytes themselves where the token takes them and they are few, else their digest: a token
 * across a network is not sent a list of megabytes, but for a key that takes nothing else. */
static int sign_either(struct hsm *hsm, const struct hsm_signing *signing, struct wire_span tbs,
    struct buf *ret, struct err *err)
{
	const struct job whole = { CKM_SHA256_RSA_PKCS, tbs };
	struct input input;
	struct job digest = { CKM_RSA_PKCS, { input.bytes, 0 } };

	if (hsm->key.whole && tbs.len <= MAX_WHOLE)
		return sign(hsm, signing, &whole, ret, err);
	if (make_input(hsm->key.algorithm, tbs, &input, err) < 0)
		return -1;
	digest.bytes.len = input.len;
	if (!algorithm_info(hsm->key.algorithm)->rsa)
		digest.mechanism = CKM_ECDSA;
	if (sign(hsm, signing, &digest, ret, err) == 0)
		return 0;
	if (!hsm->key.whole || hsm->key.always_authenticate || hsm->touch)
		return -1;
	return sign(hsm, signing, &whole, ret, err);
}

int hsm_sign(struct hsm *hsm, struct hsm_signing *signing, struct wire_span tbs,
    struct buf *ret, struct err *err)
{
	const struct tbs_rule rule = { hsm->use, hsm->key.algorithm, hsm->issuer.data,
		hsm->issuer.len, hsm->spki.data, hsm->spki.len, hsm->certified.data,
		hsm->certified.len };

	if (!hsm->key.there || !hsm->use_set)
		return err_set(
		    err, ERR_FAILED, "cannot sign: no key was chosen, or not for what");
	if (tbs_judge(tbs.data, tbs.len, &rule, err) < 0 || have_session(hsm, signing, err) < 0)
		return -1;
	return sign_either(hsm, signing, tbs, ret, err);
}
