// SPDX-License-Identifier: Apache-2.0
/*
 * algorithm: the key algorithms that Milvus, its Go server and its clients all take, and the
 * signature each makes: ECDSA with SHA-256 or SHA-384 (RFC 5758), RSA PKCS#1 v1.5 with SHA-256
 * (RFC 8017; PSS is refused by older peers).
 */
#ifndef MICA_ALGORITHM_H
#define MICA_ALGORITHM_H

#include <stdbool.h>

#include <mica/err.h>

enum algorithm { ALG_EC_P256, ALG_EC_P384, ALG_RSA_2048, ALG_RSA_3072, ALG_RSA_4096 };

struct algorithm_info {
	const char *name;   /* as in mica.yaml: "ec-p256" */
	bool rsa;
	int bits;           /* of the curve or the modulus */
	const char *group;  /* OpenSSL's name of the curve; NULL for RSA */
	const char *digest; /* "SHA256", "SHA384": what a CA key of this kind signs with */
};

const struct algorithm_info *algorithm_info(enum algorithm algorithm);
int algorithm_parse(const char *name, enum algorithm *ret) MICA_CHECKED;

#endif
