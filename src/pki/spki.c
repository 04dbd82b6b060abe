// SPDX-License-Identifier: Apache-2.0
#include "spki.h"

#include <openssl/asn1t.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

typedef struct spki SPKI;

typedef struct {
	ASN1_INTEGER *n;
	ASN1_INTEGER *e;
} RSA_PUBLIC;

// clang-format off
ASN1_SEQUENCE(SPKI) = {
	ASN1_SIMPLE(SPKI, algorithm, X509_ALGOR),
	ASN1_SIMPLE(SPKI, key, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(SPKI)

ASN1_SEQUENCE(RSA_PUBLIC) = {
	ASN1_SIMPLE(RSA_PUBLIC, n, ASN1_INTEGER),
	ASN1_SIMPLE(RSA_PUBLIC, e, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END(RSA_PUBLIC)
// clang-format on

struct spki *spki_parse(const void *der, size_t len)
{
	const unsigned char *at = der;
	struct spki *spki;

	spki = (struct spki *)ASN1_item_d2i(NULL, &at, (long)len, ASN1_ITEM_rptr(SPKI));
	if (spki && at == (const unsigned char *)der + len)
		return spki;
	spki_free(spki);
	return NULL;
}

void spki_free(struct spki *spki)
{
	ASN1_item_free((ASN1_VALUE *)spki, ASN1_ITEM_rptr(SPKI));
}

static void see_ec(const struct spki *spki, struct spki_facts *facts)
{
	const ASN1_OBJECT *oid = NULL;
	const void *parameters = NULL;
	int type = 0;
	int coordinate;

	facts->kind = SPKI_EC;
	X509_ALGOR_get0(&oid, &type, &parameters, spki->algorithm);
	if (type != V_ASN1_OBJECT)
		return;
	facts->curve = OBJ_obj2nid(parameters);
	if (facts->curve != NID_X9_62_prime256v1 && facts->curve != NID_secp384r1)
		return;
	coordinate = facts->curve == NID_secp384r1 ? 48 : 32;
	facts->encoding = ASN1_STRING_length(spki->key) == 1 + 2 * coordinate &&
	                  ASN1_STRING_get0_data(spki->key)[0] == POINT_CONVERSION_UNCOMPRESSED;
}

int spki_rsa_numbers(const struct spki *spki, BIGNUM **ret_n, BIGNUM **ret_e)
{
	const unsigned char *at = ASN1_STRING_get0_data(spki->key);
	const unsigned char *end = at + ASN1_STRING_length(spki->key);
	RSA_PUBLIC *key;
	BIGNUM *n = NULL;
	BIGNUM *e = NULL;

	key = (RSA_PUBLIC *)ASN1_item_d2i(NULL, &at, end - at, ASN1_ITEM_rptr(RSA_PUBLIC));
	if (key && at == end) {
		n = ASN1_INTEGER_to_BN(key->n, NULL);
		e = ASN1_INTEGER_to_BN(key->e, NULL);
	}
	ASN1_item_free((ASN1_VALUE *)key, ASN1_ITEM_rptr(RSA_PUBLIC));
	if (n && e && !BN_is_negative(n) && !BN_is_negative(e)) {
		*ret_n = n;
		*ret_e = e;
		return 0;
	}
	BN_free(n);
	BN_free(e);
	return -1;
}

static void see_rsa(const struct spki *spki, struct spki_facts *facts)
{
	const ASN1_OBJECT *oid = NULL;
	int type = 0;
	BIGNUM *n;
	BIGNUM *e;

	facts->kind = SPKI_RSA;
	X509_ALGOR_get0(&oid, &type, NULL, spki->algorithm);
	if (spki_rsa_numbers(spki, &n, &e) < 0)
		return;
	facts->encoding = type == V_ASN1_NULL;
	facts->bits = BN_num_bits(n);
	facts->exponent = BN_is_odd(e) && BN_num_bits(e) > 16;
	BN_free(n);
	BN_free(e);
}

struct spki_facts spki_facts(const struct spki *spki)
{
	struct spki_facts facts = { .kind = SPKI_OTHER, .curve = NID_undef };
	const ASN1_OBJECT *oid = NULL;

	X509_ALGOR_get0(&oid, NULL, NULL, spki->algorithm);
	switch (OBJ_obj2nid(oid)) {
	case NID_X9_62_id_ecPublicKey:
		see_ec(spki, &facts);
		break;
	case NID_rsaEncryption:
		see_rsa(spki, &facts);
		break;
	default:
		break;
	}
	return facts;
}

int spki_algorithm(const struct spki *spki, enum algorithm *ret)
{
	struct spki_facts facts = spki_facts(spki);

	if (!facts.encoding)
		return -1;
	if (facts.kind == SPKI_EC) {
		*ret = facts.curve == NID_secp384r1 ? ALG_EC_P384 : ALG_EC_P256;
		return 0;
	}
	for (enum algorithm i = ALG_RSA_2048; i <= ALG_RSA_4096; i++) {
		if (algorithm_info(i)->bits == facts.bits) {
			*ret = i;
			return 0;
		}
	}
	return -1;
}

int spki_key_id(const struct spki *spki, unsigned char ret[static KEY_ID_LEN])
{
	unsigned int len = 0;

	if (EVP_Digest(ASN1_STRING_get0_data(spki->key), (size_t)ASN1_STRING_length(spki->key),
	        ret, &len, EVP_sha1(), NULL) != 1)
		return -1;
	return len == KEY_ID_LEN ? 0 : -1;
}

/* X509_PUBKEY_set0_param() takes over what it is given, but only on success. */
int spki_put(const struct spki *spki, X509_PUBKEY *ret)
{
	const ASN1_OBJECT *oid = NULL;
	const void *value = NULL;
	ASN1_OBJECT *curve = NULL;
	unsigned char *key;
	int type = 0;
	int len = ASN1_STRING_length(spki->key);

	X509_ALGOR_get0(&oid, &type, &value, spki->algorithm);
	if (type == V_ASN1_OBJECT)
		curve = OBJ_dup(value);
	else if (type != V_ASN1_NULL)
		return -1;
	key = OPENSSL_memdup(ASN1_STRING_get0_data(spki->key), (size_t)len);
	if (key && X509_PUBKEY_set0_param(ret, OBJ_dup(oid), type, curve, key, len) == 1)
		return 0;
	OPENSSL_free(key);
	ASN1_OBJECT_free(curve);
	return -1;
}

bool spki_on_curve(const struct spki *spki, const EC_GROUP *group)
{
	EC_POINT *point = EC_POINT_new(group);
	bool on_curve =
	    point && EC_POINT_oct2point(group, point, ASN1_STRING_get0_data(spki->key),
	                 (size_t)ASN1_STRING_length(spki->key), NULL) == 1;

	EC_POINT_free(point);
	return on_curve;
}
