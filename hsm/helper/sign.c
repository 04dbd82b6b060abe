// SPDX-License-Identifier: Apache-2.0
/*
 * One signature: the bytes are judged, then libp11's EVP_PKEY signs them (C_SignInit, C_Sign).
 * Where libp11 does not show the key as it is (find.c), the same two calls are made here:
 * CKM_ECDSA and CKM_RSA_PKCS over the digest, as libp11 does it.
 */
#include "helper.h"

#include <openssl/ecdsa.h>

#include <mica/mem.h>

#include "../wire/ckr.h"
#include "../wire/tbs.h"

enum { MAX_SIGNATURE = 1024 };

MICA_DEFINE_FREEP(ECDSA_SIG, ECDSA_SIG_free)

static const EVP_MD *digest_of_key(enum algorithm algorithm)
{
	return algorithm == ALG_EC_P384 ? EVP_sha384() : EVP_sha256();
}

static int cannot_sign(struct hsm *hsm, CK_RV rv, const char *call, struct err *err)
{
	return ckr_fail(err, rv, call, "cannot sign with the key on %s", hsm->name);
}

/* --- by Cryptoki --------------------------------------------------------------- */

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
	size_t before = algorithm_info(algorithm)->rsa ? sizeof(sha256_info) : 0;
	unsigned len = 0;

	memcpy(ret->bytes, sha256_info, before);
	if (EVP_Digest(tbs.data, tbs.len, ret->bytes + before, &len, digest_of_key(algorithm),
	        NULL) != 1)
		return err_openssl(err, "cannot make a digest");
	ret->len = before + len;
	return 0;
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

static int open_own(struct hsm *hsm, struct hsm_signing *signing, struct err *err)
{
	CK_RV rv;

	if (signing->session != CK_INVALID_HANDLE)
		return 0;
	rv = hsm->ck->C_OpenSession(
	    hsm->slot_id, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &signing->session);
	if (rv == CKR_TOKEN_WRITE_PROTECTED)
		rv = hsm->ck->C_OpenSession(
		    hsm->slot_id, CKF_SERIAL_SESSION, NULL, NULL, &signing->session);
	if (rv == CKR_OK)
		return 0;
	signing->session = CK_INVALID_HANDLE;
	return ckr_fail(err, rv, "C_OpenSession", "cannot open a session with %s", hsm->name);
}

static CK_RV login_again(struct hsm *hsm, CK_SESSION_HANDLE session)
{
	if (!hsm->key.always_authenticate)
		return CKR_OK;
	return hsm->ck->C_Login(session, CKU_CONTEXT_SPECIFIC, (CK_UTF8CHAR *)hsm->pin,
	    hsm->pin ? strlen(hsm->pin) : 0);
}

static int sign_cryptoki(struct hsm *hsm, struct hsm_signing *signing, struct wire_span tbs,
    struct buf *ret, struct err *err)
{
	bool rsa = algorithm_info(hsm->key.algorithm)->rsa;
	CK_MECHANISM mechanism = { rsa ? CKM_RSA_PKCS : CKM_ECDSA, NULL, 0 };
	unsigned char signature[MAX_SIGNATURE];
	CK_ULONG len = sizeof(signature);
	struct input input;
	CK_RV rv;

	if (make_input(hsm->key.algorithm, tbs, &input, err) < 0 ||
	    open_own(hsm, signing, err) < 0)
		return -1;
	rv = hsm->ck->C_SignInit(signing->session, &mechanism, hsm->key.handle);
	if (rv != CKR_OK)
		return cannot_sign(hsm, rv, "C_SignInit", err);
	rv = login_again(hsm, signing->session);
	if (rv != CKR_OK)
		return cannot_sign(hsm, rv, "C_Login", err);
	rv = hsm->ck->C_Sign(signing->session, input.bytes, input.len, signature, &len);
	if (rv != CKR_OK)
		return cannot_sign(hsm, rv, "C_Sign", err);
	if (!rsa)
		return put_ecdsa(signature, len, ret, err);
	buf_add(ret, signature, len);
	return 0;
}

/* --- by libp11 ----------------------------------------------------------------- */

/* libp11 0.4.20 keeps the reason to itself. Then the same is asked of Cryptoki, which tells it
 * or signs; but not where that would be another try of the PIN. */
static int p11_failed(struct hsm *hsm, struct hsm_signing *signing, struct wire_span tbs,
    struct buf *ret, struct err *err)
{
	CK_RV rv = hsm_queued_ckr();

	if (rv != CKR_OK)
		return cannot_sign(hsm, rv, "C_Sign", err);
	if (hsm->key.always_authenticate)
		return hsm_p11_fail(
		    hsm, err, "C_Sign", "cannot sign with the key on %s", hsm->name);
	return sign_cryptoki(hsm, signing, tbs, ret, err);
}

static int sign_p11(struct hsm *hsm, struct hsm_signing *signing, struct wire_span tbs,
    struct buf *ret, struct err *err)
{
	unsigned char signature[MAX_SIGNATURE];
	size_t len = sizeof(signature);

	ERR_clear_error();
	if (!signing->digest)
		signing->digest = EVP_MD_CTX_new();
	if (!signing->digest ||
	    EVP_DigestSignInit(signing->digest, NULL, digest_of_key(hsm->key.algorithm), NULL,
	        hsm->key.pkey) != 1)
		return err_openssl(err, "cannot begin to sign");
	if (EVP_DigestSign(signing->digest, signature, &len, tbs.data, tbs.len) != 1)
		return p11_failed(hsm, signing, tbs, ret, err);
	buf_add(ret, signature, len);
	return 0;
}

/* --- either -------------------------------------------------------------------- */

int hsm_sign(struct hsm *hsm, struct hsm_signing *signing, struct wire_span tbs,
    struct buf *ret, struct err *err)
{
	const struct tbs_rule rule = { hsm->use, hsm->key.algorithm, hsm->issuer.data,
		hsm->issuer.len };

	if (!hsm->key.there || !hsm->use_set)
		return err_set(
		    err, ERR_FAILED, "cannot sign: no key was chosen, or not for what");
	if (tbs_judge(tbs.data, tbs.len, &rule, err) < 0)
		return -1;
	hsm_step(hsm, STEP_SIGN);
	return hsm->key.pkey ? sign_p11(hsm, signing, tbs, ret, err)
	                     : sign_cryptoki(hsm, signing, tbs, ret, err);
}

void hsm_signing_clear(struct hsm *hsm, struct hsm_signing *signing)
{
	EVP_MD_CTX_free(signing->digest);
	if (signing->session != CK_INVALID_HANDLE)
		(void)hsm->ck->C_CloseSession(signing->session);
	*signing = (struct hsm_signing){ NULL, CK_INVALID_HANDLE };
}
