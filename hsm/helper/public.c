// SPDX-License-Identifier: Apache-2.0
/*
 * The public half of a private key. An RSA private key object holds it. An elliptic one usually
 * does not: then it is that of the public key object with the same id, or of the certificate.
 * Ids are not always kept apart, so two different public keys that both might be meant are an
 * error, not a choice.
 */
#include "helper.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <mica/mem.h>

static const unsigned char oid_p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
	0x07 };
static const unsigned char oid_p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };

MICA_DEFINE_FREEP(EVP_PKEY, EVP_PKEY_free)
MICA_DEFINE_FREEP(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
MICA_DEFINE_FREEP(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
MICA_DEFINE_FREEP(OSSL_PARAM, OSSL_PARAM_free)
MICA_DEFINE_FREEP(BIGNUM, BN_free)
MICA_DEFINE_FREEP(EC_GROUP, EC_GROUP_free)
MICA_DEFINE_FREEP(X509, X509_free)
MICA_DEFINE_FREEP(X509_PUBKEY, X509_PUBKEY_free)

static int refuse_kind(struct err *err, const char *what)
{
	err_set(err, ERR_REFUSED, "the key is %s", what);
	return err_hint(err, "a CA key is ec-p256, ec-p384, rsa-2048, rsa-3072 or rsa-4096");
}

static int rsa_algorithm(int bits, enum algorithm *ret, struct err *err)
{
	static const enum algorithm known[] = { ALG_RSA_2048, ALG_RSA_3072, ALG_RSA_4096 };
	MICA_FREE char *what = NULL;

	for (size_t i = 0; i < mem_count(known); i++) {
		if (algorithm_info(known[i])->bits == bits) {
			*ret = known[i];
			return 0;
		}
	}
	what = mem_printf("an RSA key of %d bits", bits);
	return refuse_kind(err, what);
}

static int algorithm_of(EVP_PKEY *pkey, enum algorithm *ret, struct err *err)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(pkey, "RSA"))
		return rsa_algorithm(EVP_PKEY_get_bits(pkey), ret, err);
	if (!EVP_PKEY_is_a(pkey, "EC") ||
	    EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return refuse_kind(err, "neither an RSA nor a NIST elliptic key");
	if (strcmp(group, SN_X9_62_prime256v1) == 0)
		*ret = ALG_EC_P256;
	else if (strcmp(group, SN_secp384r1) == 0)
		*ret = ALG_EC_P384;
	else
		return refuse_kind(err, "on another curve than P-256 and P-384");
	return 0;
}

/* Sets spki and algorithm. */
static int put_public(EVP_PKEY *pkey, struct token_key *key, struct err *err)
{
	unsigned char *der = NULL;
	int len;

	if (algorithm_of(pkey, &key->algorithm, err) < 0)
		return -1;
	len = i2d_PUBKEY(pkey, &der);
	if (len <= 0)
		return err_openssl(err, "cannot encode the public key");
	buf_clear(&key->spki);
	buf_add(&key->spki, der, (size_t)len);
	OPENSSL_free(der);
	return 0;
}

/* Gives a key that OpenSSL has checked, for an elliptic one that the point is on the curve. */
static int build(const char *type, OSSL_PARAM_BLD *params, EVP_PKEY **ret, struct err *err)
{
	MICA_AUTO(EVP_PKEY_CTX_freep)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	MICA_AUTO(OSSL_PARAM_freep) OSSL_PARAM *list = OSSL_PARAM_BLD_to_param(params);
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;

	if (!ctx || !list || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, list) != 1)
		return err_openssl(err, "the public key on the token is no valid %s key", type);
	*ret = mem_give(pkey);
	return 0;
}

/* --- RSA ----------------------------------------------------------------------- */

static int rsa_spki(const struct buf *modulus, const struct buf *exponent,
    struct token_key *key, struct err *err)
{
	MICA_AUTO(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *params = OSSL_PARAM_BLD_new();
	MICA_AUTO(BN_freep) BIGNUM *n = BN_bin2bn(modulus->data, (int)modulus->len, NULL);
	MICA_AUTO(BN_freep) BIGNUM *e = BN_bin2bn(exponent->data, (int)exponent->len, NULL);
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;

	if (!params || !n || !e ||
	    OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		return err_openssl(err, "cannot read the RSA key");
	return build("RSA", params, &pkey, err) < 0 ? -1 : put_public(pkey, key, err);
}

/* --- elliptic ------------------------------------------------------------------ */

/* ykcs11 2.2.0 spells the curve of an imported key out. Every parameter must be that of the
 * named curve (CVE-2020-0601); in what mica writes it is named. */
static int spelt_curve(const struct buf *params)
{
	const unsigned char *at = params->data;
	MICA_AUTO(EC_GROUP_freep)
	EC_GROUP *group = d2i_ECPKParameters(NULL, &at, (long)params->len);

	if (!group || at != params->data + params->len)
		return NID_undef;
	return EC_GROUP_check_named_curve(group, 0, NULL);
}

static int ec_algorithm(const struct buf *params, enum algorithm *ret, struct err *err)
{
	const bool p256 = buf_same(params, oid_p256, sizeof(oid_p256));
	const bool p384 = buf_same(params, oid_p384, sizeof(oid_p384));
	const int spelt = p256 || p384 ? NID_undef : spelt_curve(params);

	if (p256 || spelt == NID_X9_62_prime256v1)
		*ret = ALG_EC_P256;
	else if (p384 || spelt == NID_secp384r1)
		*ret = ALG_EC_P384;
	else
		return refuse_kind(err, "on another curve than P-256 and P-384");
	return 0;
}

/* A point is a DER OCTET STRING; some tokens give it bare. Cuts it to the point: 0x04, x, y. */
static bool unwrap_point(struct buf *point, enum algorithm algorithm)
{
	size_t len = 1 + 2 * (size_t)algorithm_info(algorithm)->bits / 8;
	BUF_AUTO bare = BUF_INIT;

	if (point->len == len + 2 && point->data[0] == 0x04 && point->data[1] == len) {
		buf_add(&bare, point->data + 2, len);
		buf_move(point, &bare);
	}
	return point->len == len && point->data[0] == 0x04;
}

/* RFC 5480. Not by i2d_PUBKEY(): making OpenSSL's encoders ready is a quarter of the time of a
 * search for the key. */
static int put_point(const struct buf *point, struct token_key *key, struct err *err)
{
	const int curve = EC_curve_nist2nid(algorithm_info(key->algorithm)->group);
	MICA_AUTO(X509_PUBKEY_freep) X509_PUBKEY *encoded = X509_PUBKEY_new();
	unsigned char *copy = OPENSSL_memdup(point->data, point->len);
	unsigned char *der = NULL;
	int len;

	if (!encoded || !copy ||
	    X509_PUBKEY_set0_param(encoded, OBJ_nid2obj(NID_X9_62_id_ecPublicKey),
	        V_ASN1_OBJECT, OBJ_nid2obj(curve), copy, (int)point->len) != 1) {
		OPENSSL_free(copy);
		return err_openssl(err, "cannot encode the public key");
	}
	len = i2d_X509_PUBKEY(encoded, &der);
	if (len <= 0)
		return err_openssl(err, "cannot encode the public key");
	buf_clear(&key->spki);
	buf_add(&key->spki, der, (size_t)len);
	OPENSSL_free(der);
	return 0;
}

static int ec_spki(const struct buf *point, struct token_key *key, struct err *err)
{
	MICA_AUTO(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *params = OSSL_PARAM_BLD_new();
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	const char *group = algorithm_info(key->algorithm)->group;

	if (!params ||
	    OSSL_PARAM_BLD_push_utf8_string(params, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) !=
	        1 ||
	    OSSL_PARAM_BLD_push_octet_string(
	        params, OSSL_PKEY_PARAM_PUB_KEY, point->data, point->len) != 1)
		return err_openssl(err, "cannot read the elliptic key");
	return build("EC", params, &pkey, err) < 0 ? -1 : put_point(point, key, err);
}

/* --- objects that may hold it -------------------------------------------------- */

static int spki_of_public(
    struct hsm *hsm, CK_OBJECT_HANDLE object, bool rsa, struct token_key *key, struct err *err)
{
	BUF_AUTO first = BUF_INIT;
	BUF_AUTO second = BUF_INIT;

	if (hsm_bytes(hsm, object, rsa ? CKA_MODULUS : CKA_EC_POINT, &first, err) < 0 ||
	    hsm_bytes(hsm, object, rsa ? CKA_PUBLIC_EXPONENT : CKA_EC_PARAMS, &second, err) < 0)
		return -1;
	if (first.len == 0 || second.len == 0)
		return err_set(err, ERR_NOT_FOUND, "the object does not hold a public key");
	if (rsa)
		return rsa_spki(&first, &second, key, err);
	if (ec_algorithm(&second, &key->algorithm, err) < 0)
		return -1;
	if (!unwrap_point(&first, key->algorithm))
		return err_set(
		    err, ERR_FAILED, "the token's point of the key is not one of its curve");
	return ec_spki(&first, key, err);
}

static int spki_of_certificate(
    struct hsm *hsm, CK_OBJECT_HANDLE object, struct token_key *key, struct err *err)
{
	BUF_AUTO der = BUF_INIT;
	MICA_AUTO(X509_freep) X509 *certificate = NULL;
	const unsigned char *at;

	if (hsm_bytes(hsm, object, CKA_VALUE, &der, err) < 0)
		return -1;
	at = der.data;
	certificate = der.len > 0 ? d2i_X509(NULL, &at, (long)der.len) : NULL;
	if (!certificate || !X509_get0_pubkey(certificate))
		return err_openssl(err, "the certificate object cannot be read");
	return put_public(X509_get0_pubkey(certificate), key, err);
}

struct candidates {
	struct buf spki;
	enum algorithm algorithm;
	size_t n; /* different ones */
};

static void consider(struct candidates *candidates, const struct token_key *one)
{
	if (candidates->n > 0 && buf_same(&candidates->spki, one->spki.data, one->spki.len))
		return;
	candidates->n++;
	buf_clear(&candidates->spki);
	buf_add(&candidates->spki, one->spki.data, one->spki.len);
	candidates->algorithm = one->algorithm;
}

/* Every object of the class that matches; one that cannot be read as such a key is not it. */
static int gather(struct hsm *hsm, CK_OBJECT_CLASS class, bool rsa,
    const struct hsm_wanted *wanted, struct candidates *ret, struct err *err)
{
	struct hsm_found found;

	*ret = (struct candidates){ 0 };
	if (hsm_search(hsm, class, wanted, &found, err) < 0)
		return -1;
	for (CK_ULONG i = 0; i < found.n; i++) {
		struct token_key one = { 0 };
		struct err why = ERR_INIT;
		int result;

		if (class == CKO_CERTIFICATE)
			result = spki_of_certificate(hsm, found.handles[i], &one, &why);
		else
			result = spki_of_public(hsm, found.handles[i], rsa, &one, &why);
		if (result == 0)
			consider(ret, &one);
		token_key_clear(&one);
		if (result < 0 && why.kind == ERR_LOST) {
			*err = why;
			return -1;
		}
	}
	return 0;
}

/* By id; where that is shared, or empty, by id and label. */
static int search_public(struct hsm *hsm, CK_OBJECT_CLASS class, bool rsa,
    struct token_key *key, struct candidates *ret, struct err *err)
{
	struct hsm_wanted wanted = { NULL, { key->id.data, key->id.len } };

	if (key->id.len == 0)
		wanted.label = key->label;
	if (!wanted.label && key->id.len == 0)
		return 0;
	if (gather(hsm, class, rsa, &wanted, ret, err) < 0)
		return -1;
	if (ret->n < 2 || wanted.label || !key->label)
		return 0;
	buf_clear(&ret->spki);
	wanted.label = key->label;
	return gather(hsm, class, rsa, &wanted, ret, err);
}

static int search_all(
    struct hsm *hsm, bool rsa, struct token_key *key, struct candidates *ret, struct err *err)
{
	if (search_public(hsm, CKO_PUBLIC_KEY, rsa, key, ret, err) < 0)
		return -1;
	if (ret->n == 0 && search_public(hsm, CKO_CERTIFICATE, rsa, key, ret, err) < 0)
		return -1;
	if (ret->n == 1)
		return 0;
	if (ret->n == 0) {
		err_set(err, ERR_NOT_FOUND,
		    "the key has no public half on %s: neither a public key nor a certificate "
		    "has its id",
		    hsm->name);
		return err_hint(
		    err, "store its public key or certificate beside it, under the same id");
	}
	err_set(err, ERR_AMBIGUOUS, "different public keys on %s share the id of the key",
	    hsm->name);
	return err_hint(err, "give every key pair an id of its own");
}

/* Before any search: a curve that mica cannot use should be said to be that. */
static int check_curve(struct hsm *hsm, CK_OBJECT_HANDLE private_key, struct err *err)
{
	BUF_AUTO params = BUF_INIT;
	enum algorithm ignored;

	if (hsm_bytes(hsm, private_key, CKA_EC_PARAMS, &params, err) < 0)
		return -1;
	return params.len == 0 ? 0 : ec_algorithm(&params, &ignored, err);
}

static int check_type(
    struct hsm *hsm, CK_OBJECT_HANDLE private_key, bool *ret_rsa, struct err *err)
{
	MICA_FREE char *what = NULL;
	CK_ULONG type;

	if (hsm_number(hsm, private_key, CKA_KEY_TYPE, &type, err) < 0)
		return -1;
	*ret_rsa = type == CKK_RSA;
	if (type == CKK_RSA)
		return 0;
	if (type == CKK_EC)
		return check_curve(hsm, private_key, err);
	what = mem_printf("neither an RSA nor a NIST elliptic key (CKA_KEY_TYPE 0x%lx)", type);
	return refuse_kind(err, what);
}

int hsm_read_public(struct hsm *hsm, CK_OBJECT_HANDLE private_key, CK_OBJECT_HANDLE public_key,
    struct token_key *key, struct err *err)
{
	struct candidates found = { 0 };
	bool rsa = false;
	int result;

	if (check_type(hsm, private_key, &rsa, err) < 0)
		return -1;
	if (public_key != CK_INVALID_HANDLE)
		return spki_of_public(hsm, public_key, rsa, key, err);
	if (spki_of_public(hsm, private_key, rsa, key, err) == 0)
		return 0;
	if (err->kind != ERR_NOT_FOUND)
		return -1;
	result = search_all(hsm, rsa, key, &found, err);
	if (result == 0) {
		key->algorithm = found.algorithm;
		buf_move(&key->spki, &found.spki);
	}
	buf_clear(&found.spki);
	return result;
}
