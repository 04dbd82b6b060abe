// SPDX-License-Identifier: Apache-2.0
/* key_private: the inside of a key, for key.c and csr.c, which signs with it. */
#ifndef MICA_PKI_KEY_PRIVATE_H
#define MICA_PKI_KEY_PRIVATE_H

#include <openssl/evp.h>

#include <mica/key.h>

struct key {
	EVP_PKEY *pkey;
	enum algorithm algorithm;
	struct buf spki;
};

#endif
