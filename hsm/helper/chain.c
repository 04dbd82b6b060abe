// SPDX-License-Identifier: Apache-2.0
/*
 * Some tokens show, as certificate objects, what they attest of a key, and the certificates
 * above it. Which those are is told by the public key and the issuers' names, not by labels.
 */
#include "prove.h"

#include <stdlib.h>

#include <openssl/x509.h>

#include <mica/mem.h>

struct pool {
	struct {
		X509 *x509;
		struct buf der;
		bool wanted;
	} items[HSM_MAX_FOUND];
	size_t n;
};

static void pool_clear(struct pool *pool)
{
	for (size_t i = 0; i < pool->n; i++) {
		X509_free(pool->items[i].x509);
		buf_clear(&pool->items[i].der);
	}
}

/* An object that cannot be read, or is no X.509 certificate, is passed over. */
static int fill(struct hsm *hsm, struct pool *pool, struct err *err)
{
	static const struct hsm_wanted any = { NULL, { NULL, 0 } };
	struct hsm_found found;

	if (hsm_search(hsm, CKO_CERTIFICATE, &any, &found, err) < 0)
		return -1;
	for (CK_ULONG i = 0; i < found.n; i++) {
		BUF_AUTO der = BUF_INIT;
		const unsigned char *at;
		X509 *x509;

		if (hsm_bytes(hsm, found.handles[i], CKA_VALUE, &der, err) < 0) {
			if (err->kind == ERR_LOST)
				return -1;
			continue;
		}
		at = der.data;
		x509 = der.len > 0 ? d2i_X509(NULL, &at, (long)der.len) : NULL;
		if (!x509)
			continue;
		pool->items[pool->n].x509 = x509;
		buf_move(&pool->items[pool->n].der, &der);
		pool->n++;
	}
	ERR_clear_error();
	return 0;
}

static bool has_key(const X509 *x509, struct wire_span spki)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
	bool same = len > 0 && (size_t)len == spki.len && memcmp(der, spki.data, spki.len) == 0;

	OPENSSL_free(der);
	return same;
}

static bool issued_a_wanted_one(const struct pool *pool, const X509 *x509)
{
	for (size_t i = 0; i < pool->n; i++) {
		if (pool->items[i].wanted &&
		    X509_NAME_cmp(X509_get_subject_name(x509),
		        X509_get_issuer_name(pool->items[i].x509)) == 0)
			return true;
	}
	return false;
}

static void choose(struct pool *pool, struct wire_span spki)
{
	bool more = true;

	for (size_t i = 0; i < pool->n; i++)
		pool->items[i].wanted = has_key(pool->items[i].x509, spki);
	while (more) {
		more = false;
		for (size_t i = 0; i < pool->n; i++) {
			if (pool->items[i].wanted ||
			    !issued_a_wanted_one(pool, pool->items[i].x509))
				continue;
			pool->items[i].wanted = more = true;
		}
	}
}

int hsm_read_chain(
    struct hsm *hsm, struct wire_span spki, struct token_proof *ret, struct err *err)
{
	MICA_AUTO(pool_clear) struct pool pool = { .n = 0 };
	size_t octets = 0;

	if (fill(hsm, &pool, err) < 0)
		return -1;
	choose(&pool, spki);
	ret->certificates = mem_array(pool.n, sizeof(*ret->certificates));
	for (size_t i = 0; i < pool.n; i++) {
		octets += pool.items[i].wanted ? pool.items[i].der.len : 0;
		if (!pool.items[i].wanted || octets > PROOF_MAX_CERTIFICATES)
			continue;
		buf_move(&ret->certificates[ret->n_certificates++], &pool.items[i].der);
	}
	return 0;
}
