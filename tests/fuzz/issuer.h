// SPDX-License-Identifier: Apache-2.0
/* issuer: a CA whose key nobody has any more, and the lint of what it would sign. */
#ifndef MICA_FUZZ_ISSUER_H
#define MICA_FUZZ_ISSUER_H

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <mica/ca.h>
#include <mica/lint.h>

static inline void issuer_make(struct ca **ret_ca, struct lint **ret_lint)
{
	static const struct rdn subject[] = { { (char *)"CN", (char *)"Milvus CA" } };
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	BUF_AUTO spki = BUF_INIT;
	struct err err = ERR_INIT;
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);

	buf_add(&spki, der, (size_t)len);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	if (ca_of_key(subject, 1, &spki, ret_ca, &err) < 0 ||
	    lint_new(*ret_ca, ret_lint, &err) < 0)
		abort();
}

#endif
