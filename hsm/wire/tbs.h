// SPDX-License-Identifier: Apache-2.0
/*
 * tbs: what it is that the CA key is asked to sign, by a strict walk over the DER (X.690, 10
 * and 11): definite and shortest lengths, no leftover bytes, tags of one octet. About a
 * microsecond.
 *
 * The last wall before the token: it judges shape, issuer, algorithm and, where the subject
 * would be a CA, which one. What a good certificate says is lint's business (src/pki).
 */
#ifndef MICA_HSM_TBS_H
#define MICA_HSM_TBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/algorithm.h>
#include <mica/err.h>
#include <mica/token.h>

enum tbs_kind {
	TBS_LEAF, /* a TBSCertificate without cA, keyCertSign and cRLSign (RFC 5280, 4.1.2) */
	TBS_CA,   /* a TBSCertificate with any of them */
	TBS_CRL,  /* a TBSCertList (5.1.2) */
	TBS_REQUEST, /* a CertificationRequestInfo (RFC 2986, 4.1) */
};

struct tbs {
	enum tbs_kind kind;
	const uint8_t *issuer; /* the Name, whole; inside the bytes given; of a request: its
	                          subject */
	size_t issuer_len;
	const uint8_t *algorithm; /* the AlgorithmIdentifier, whole; a request has none */
	size_t algorithm_len;
	const uint8_t *subject; /* a certificate's Name, whole */
	size_t subject_len;
	const uint8_t *spki; /* SubjectPublicKeyInfo of a certificate or request, whole */
	size_t spki_len;
	bool ends; /* a certificate's basicConstraints have path length 0 */
};

int tbs_parse(const uint8_t *der, size_t len, struct tbs *ret, struct err *err) MICA_CHECKED;

struct tbs_rule {
	enum token_use use;
	enum algorithm algorithm; /* of the CA key */
	const uint8_t *issuer;
	size_t issuer_len;
	const uint8_t
	    *spki; /* of the CA key; NULL: INIT lets nothing through that has to be its own */
	size_t spki_len;
	const uint8_t
	    *certified; /* CROSS: of the other CA's key; NULL: none, and CROSS is ISSUE */
	size_t certified_len;
};

/* Parses and holds it against the rule: 0, or -1 with ERR_REFUSED. */
int tbs_judge(
    const uint8_t *der, size_t len, const struct tbs_rule *rule, struct err *err) MICA_CHECKED;

#endif
