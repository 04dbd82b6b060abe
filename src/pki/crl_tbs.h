// SPDX-License-Identifier: Apache-2.0
/*
 * crl_tbs: a TBSCertList (RFC 5280 5.1), and what of it takes more than a template: the
 * entries, a hundred thousand of them if need be, and the anchor. As in tbs.h the issuer stays
 * the bytes it is.
 */
#ifndef MICA_PKI_CRL_TBS_H
#define MICA_PKI_CRL_TBS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include <mica/anchor.h>
#include <mica/buf.h>
#include <mica/lint.h>
#include <mica/revocation.h>

struct crl_tbs {
	ASN1_INTEGER *version; /* NULL: v1 */
	X509_ALGOR *signature;
	ASN1_TYPE *issuer; /* a SEQUENCE */
	ASN1_TIME *this_update;
	ASN1_TIME *next_update;                /* NULL: none */
	STACK_OF(X509_REVOKED) * revoked;      /* NULL: none */
	STACK_OF(X509_EXTENSION) * extensions; /* NULL: none */
};

struct crl_tbs *crl_tbs_new(
    void); /* all that is not optional is there and empty; NULL on failure */
void crl_tbs_free(struct crl_tbs *tbs);
MICA_DEFINE_FREEP(struct crl_tbs, crl_tbs_free)

/* NULL when these bytes are anything but one TBSCertList. */
struct crl_tbs *crl_tbs_decode(const void *der, size_t len);
/* Appends. */
int crl_tbs_encode(const struct crl_tbs *tbs, struct buf *ret) MICA_CHECKED;

/* An entry of a list (RFC 5280 5.1.2.6), to be pushed on `revoked`; NULL on failure. */
X509_REVOKED *crl_entry_make(const struct revocation *revocation);

/* What an entry says: -1 when its serial has no room in ret, its date cannot be read, or a
 * critical extension stands in it. ret_odd: what lint would not have in it, in words; NULL:
 * nothing. A reason that is none of revocation.h's reads as unspecified. */
int crl_entry_read(
    const X509_REVOKED *entry, struct revocation *ret, const char **ret_odd) MICA_CHECKED;

/* The value of the extension that carries the anchor: DER. */
int crl_anchor_encode(const struct anchor *anchor, struct buf *ret) MICA_CHECKED;
bool crl_anchor_decode(const void *der, size_t len, struct anchor *ret);

ASN1_OBJECT *crl_anchor_oid(void); /* NULL on failure; free it */

#endif
