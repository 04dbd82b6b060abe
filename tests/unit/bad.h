// SPDX-License-Identifier: Apache-2.0
/* bad: making certificates that are bad in one way: a good draft with one change, made with
 * libcrypto before it is encoded, or in the bytes after it. */
#ifndef MICA_TEST_BAD_H
#define MICA_TEST_BAD_H

#include <openssl/x509v3.h>

#include "../../src/pki/draft.h"
#include "../../src/pki/envelope.h"
#include "../../src/pki/pkey.h"
#include "../../src/pki/spki.h"
#include "pki_world.h"

struct bad {
	const char *rule;
	enum profile profile;
	void (*change)(X509 *x509);     /* before encoding; NULL: nothing */
	void (*patch)(struct buf *tbs); /* after it */
	int64_t later;                  /* seconds added to the clock */
	enum algorithm outer;           /* whose signature algorithm stands outside */
};

static const uint8_t ecdsa_sha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x04, 0x03, 0x02 };
static const uint8_t ecdsa_sha384[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x04, 0x03, 0x03 };

static struct buf tbs_of(X509 *x509, enum algorithm algorithm)
{
	PKEY_AUTO *pkey = soft_key(algorithm);
	struct buf tbs = BUF_INIT;
	unsigned char *der = NULL;
	EVP_MD *digest = EVP_MD_fetch(NULL, algorithm_info(algorithm)->digest, NULL);
	int len;

	assert_true(X509_sign(x509, pkey, digest) > 0);
	len = i2d_re_X509_tbs(x509, &der);
	assert_true(len > 0);
	buf_add(&tbs, der, (size_t)len);
	OPENSSL_free(der);
	EVP_MD_free(digest);
	return tbs;
}

static struct buf sealed(const struct buf *tbs, enum algorithm outer)
{
	BUF_AUTO algorithm = BUF_INIT;
	BUF_AUTO signature = BUF_INIT;
	struct buf der = BUF_INIT;

	if (outer == ALG_EC_P384)
		buf_add(&algorithm, ecdsa_sha384, sizeof(ecdsa_sha384));
	else
		buf_add(&algorithm, ecdsa_sha256, sizeof(ecdsa_sha256));
	buf_addstr(&signature, "nobody's");
	assert_int_equal(envelope_seal(tbs, &algorithm, &signature, &der), 0);
	return der;
}

/* As an X509, which is easier to change. */
static X509 *good_draft(struct world *world, const struct draft_spec *spec)
{
	const unsigned char *at = ecdsa_sha256;
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &at, sizeof(ecdsa_sha256));
	BUF_AUTO tbs = BUF_INIT;
	BUF_AUTO der = BUF_INIT;
	X509 *x509;

	assert_int_equal(draft_make(world->ca, spec, algorithm, &tbs), 0);
	der = sealed(&tbs, ALG_EC_P256);
	at = der.data;
	x509 = d2i_X509(NULL, &at, (long)der.len);
	assert_non_null(x509);
	X509_ALGOR_free(algorithm);
	return x509;
}

static struct buf make_bad(struct world *world, const struct bad *bad)
{
	MICA_AUTO(key_freep) struct key *key = NULL;
	struct err err = ERR_INIT;
	struct draft_spec spec;
	X509_AUTO *x509 = NULL;
	BUF_AUTO tbs = BUF_INIT;

	assert_int_equal(key_generate(ALG_EC_P256, &key, &err), 0);
	spec = world_spec(bad->profile, key_spki(key));
	x509 = good_draft(world, &spec);
	if (bad->change)
		bad->change(x509);
	tbs = tbs_of(x509, ALG_EC_P256);
	if (bad->patch)
		bad->patch(&tbs);
	return sealed(&tbs, bad->outer);
}

static void add_raw(X509 *x509, int nid, int critical, const void *bytes, size_t len)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	ASN1_OCTET_STRING_set(octets, bytes, (int)len);
	extension = X509_EXTENSION_create_by_NID(NULL, nid, critical, octets);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
}

static void drop(X509 *x509, int nid)
{
	int at = X509_get_ext_by_NID(x509, nid, -1);

	if (at >= 0)
		X509_EXTENSION_free(X509_delete_ext(x509, at));
}

static void replace_raw(X509 *x509, int nid, int critical, const void *bytes, size_t len)
{
	drop(x509, nid);
	add_raw(x509, nid, critical, bytes, len);
}

#define REPLACE(x509, nid, critical, ...)                                                      \
	do {                                                                                   \
		static const uint8_t bytes_[] = { __VA_ARGS__ };                               \
		replace_raw(x509, nid, critical, bytes_, sizeof(bytes_));                      \
	} while (0)

/* --- the bytes of a TBSCertificate --- */

/* Where the element at `at` ends. */
static size_t end_of(const struct buf *buf, size_t at)
{
	const unsigned char *p = buf->data + at;
	const unsigned char *start = p;
	long len = 0;
	int tag = 0;
	int class = 0;

	assert_int_equal(
	    ASN1_get_object(&p, &len, &tag, &class, (long)(buf->len - at)) & 0x80, 0);
	return at + (size_t)(p - start) + (size_t)len;
}

/* The content of the TBS from `from` on, in a new SEQUENCE, its first `drop_bytes` replaced. */
static void splice(struct buf *tbs, size_t at, size_t drop_bytes, const void *bytes, size_t len)
{
	BUF_AUTO content = BUF_INIT;
	const unsigned char *p = tbs->data;
	size_t header = 4; /* 30 82 xx xx */
	unsigned char start[4] = { 0x30, 0x82, 0, 0 };

	assert_int_equal(p[1], 0x82);
	buf_add(&content, p + header, at - header);
	buf_add(&content, bytes, len);
	buf_add(&content, p + at + drop_bytes, tbs->len - at - drop_bytes);
	start[2] = (unsigned char)(content.len >> 8);
	start[3] = (unsigned char)content.len;
	buf_clear(tbs);
	buf_add(tbs, start, sizeof(start));
	buf_add(tbs, content.data, content.len);
}

static size_t element(const struct buf *tbs, int n)
{
	size_t at = 4;

	while (n-- > 0)
		at = end_of(tbs, at);
	return at;
}

enum { TBS_SIGNATURE = 2, TBS_VALIDITY = 4, TBS_SPKI = 6, TBS_EXTENSIONS = 7 };

#endif
