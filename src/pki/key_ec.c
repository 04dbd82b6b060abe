// SPDX-License-Identifier: Apache-2.0
#include "key_ec.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

enum { MOST_SCALAR = 48, MOST_POINT = 1 + 2 * MOST_SCALAR };

struct layout {
	size_t scalar; /* bytes; the point has 1 + 2 * scalar */
	const uint8_t *spki, *pkcs8, *middle;
	size_t spki_len, pkcs8_len, middle_len;
};

/* SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { */
static const uint8_t p256_spki[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03,
	0x42, 0x00 };
/* SEQUENCE { 0, SEQUENCE { id-ecPublicKey, prime256v1 }, OCTET STRING { SEQUENCE { 1, OCTET
 * STRING { */
static const uint8_t p256_pkcs8[] = { 0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06,
	0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20 };
/* [1] { BIT STRING { */
static const uint8_t p256_middle[] = { 0xa1, 0x44, 0x03, 0x42, 0x00 };

/* the same with secp384r1 */
static const uint8_t p384_spki[] = { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00 };
static const uint8_t p384_pkcs8[] = { 0x30, 0x81, 0xb6, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06,
	0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
	0x22, 0x04, 0x81, 0x9e, 0x30, 0x81, 0x9b, 0x02, 0x01, 0x01, 0x04, 0x30 };
static const uint8_t p384_middle[] = { 0xa1, 0x64, 0x03, 0x62, 0x00 };

#define LAYOUT(scalar, curve)                                                                  \
	{                                                                                      \
		scalar, curve##_spki, curve##_pkcs8, curve##_middle, sizeof(curve##_spki),     \
		    sizeof(curve##_pkcs8), sizeof(curve##_middle)                              \
	}

static const struct layout layouts[] = {
	[ALG_EC_P256] = LAYOUT(32, p256),
	[ALG_EC_P384] = LAYOUT(48, p384),
};

static int add_point(const EVP_PKEY *pkey, const struct layout *layout, struct buf *ret)
{
	unsigned char point[MOST_POINT];
	size_t len = 0;

	if (EVP_PKEY_get_octet_string_param(
	        pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) != 1)
		return -1;
	if (len != 1 + 2 * layout->scalar || point[0] != 0x04)
		return -1;
	buf_add(ret, point, len);
	return 0;
}

/* The parameter is an integer in the machine's byte order, which is little-endian on all that
 * we know; the key wants it big-endian. */
static int add_scalar(const EVP_PKEY *pkey, const struct layout *layout, struct buf *ret)
{
	unsigned char native[MOST_SCALAR] = { 0 };
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, layout->scalar),
		OSSL_PARAM_construct_end(),
	};
	int ok =
	    EVP_PKEY_get_params(pkey, params) == 1 && params[0].return_size == layout->scalar;

	buf_reserve(ret, layout->scalar);
	for (size_t i = 0; ok && i < layout->scalar; i++)
		buf_add(ret,
		    &native[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? layout->scalar - 1 - i
		                                                      : i],
		    1);
	explicit_bzero(native, sizeof(native));
	return ok ? 0 : -1;
}

static const struct layout *layout_of(enum algorithm algorithm)
{
	assert((size_t)algorithm < mem_count(layouts));
	return &layouts[algorithm];
}

int key_ec_spki(const EVP_PKEY *pkey, enum algorithm algorithm, struct buf *ret)
{
	const struct layout *layout = layout_of(algorithm);

	buf_reserve(ret, layout->spki_len + MOST_POINT);
	buf_add(ret, layout->spki, layout->spki_len);
	return add_point(pkey, layout, ret);
}

int key_ec_pkcs8(
    const EVP_PKEY *pkey, enum algorithm algorithm, const struct buf *spki, struct buf *ret)
{
	const struct layout *layout = layout_of(algorithm);
	size_t point = 1 + 2 * layout->scalar;

	assert(spki->len == layout->spki_len + point);
	buf_reserve(ret, layout->pkcs8_len + layout->scalar + layout->middle_len + point);
	buf_add(ret, layout->pkcs8, layout->pkcs8_len);
	if (add_scalar(pkey, layout, ret) < 0)
		return -1;
	buf_add(ret, layout->middle, layout->middle_len);
	buf_add(ret, spki->data + layout->spki_len, point);
	return 0;
}
