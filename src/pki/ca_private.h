// SPDX-License-Identifier: Apache-2.0
/* ca_private: the inside of an issuer, for draft, lint and approval. Constant once made. */
#ifndef MICA_PKI_CA_PRIVATE_H
#define MICA_PKI_CA_PRIVATE_H

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <mica/ca.h>

struct ca {
	struct buf der; /* empty, and the times 0, when there is no certificate yet */
	struct buf pem;
	struct buf subject;
	char *subject_text;
	struct buf spki;
	struct buf key_id;
	enum algorithm algorithm;
	int64_t not_before;
	int64_t not_after;
	struct digest identity; /* of subject and key: which issuer an approval was made for */
	X509_NAME *name;
	EVP_MD_CTX *verifying;         /* to copy from: pkey_verify() */
	NAME_CONSTRAINTS *constraints; /* NULL: none */
};

#endif
