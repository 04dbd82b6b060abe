// SPDX-License-Identifier: Apache-2.0
/* ca_private: the inside of an issuer, for draft, lint and approval. Constant once made. */
#ifndef MICA_PKI_CA_PRIVATE_H
#define MICA_PKI_CA_PRIVATE_H

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <mica/ca.h>

#include "chain_private.h"

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
	bool signs_crls;        /* keyUsage says cRLSign; false when there is no certificate */
	long path_length;       /* -1: none */
	struct digest identity; /* of subject and key: which issuer an approval was made for */
	X509_NAME *name;
	EVP_MD_CTX *verifying;         /* to copy from: pkey_verify() */
	NAME_CONSTRAINTS *constraints; /* NULL: none */
	bool constraints_critical;
	struct chain *chain;   /* above an intermediate; NULL: a root, or not known */
	struct ca *cross;      /* a cross-certificate for subject and key; NULL: none */
	struct buf cross_sent; /* that, and what stands above its signer: PEM */
};

/* For people: the most specific attribute first, UTF-8 as it is, control characters escaped.
 * NULL on failure; free() it. */
char *name_text(const X509_NAME *name);

/* UTF8String for all but C, which X.520 makes a PrintableString. NULL on failure. */
X509_NAME *name_of_rdns(const struct rdn *rdns, size_t n);

/* Whose own certificate a draft for a CA speaks of: the one that is certified, or the issuer.
 */
static inline const struct ca *ca_of_draft(const struct ca *issuer, const struct ca *certified)
{
	return certified ? certified : issuer;
}

/* Why the certificate may not issue, to stand behind "the certificate in 'FILE'"; NULL: it may.
 */
const char *issuing_fault(const struct parsed *parsed);

#endif
