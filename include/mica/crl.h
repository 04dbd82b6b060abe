// SPDX-License-Identifier: Apache-2.0
/*
 * crl: certificate revocation lists, version 2 (RFC 5280, 5), and the anchor of the ledger in them.
 *
 * A list is approved as a certificate is (lint.h): drafted, signed by a throw-away key, parsed and judged,
 * and approvals_sign() makes of it the DER of a CertificateList, in one batch with certificates if need
 * be. It says: issuer and signature algorithm of the CA; thisUpdate, nextUpdate; its entries in the order
 * of their serials, each with a reasonCode unless unspecified (5.3.1); authorityKeyIdentifier, cRLNumber
 * (5.2.3), and the anchor; no list of entries where nothing is revoked (5.1.2.6):
 *
 *     id-mica-anchor OBJECT IDENTIFIER ::= { 1 2 840 113556 1 8000 2554 31129 25732 47932 18203 36874 14646281 15259375 }
 *     Anchor ::= SEQUENCE { version INTEGER (1), events INTEGER, records INTEGER, hash OCTET STRING (SIZE (32)) }
 *
 * a private extension, not critical (RFC 5280, 5.2): whoever does not know it can leave it. (The arc is
 * one that anybody may derive from a UUID; its parts are small enough for parsers with 31 bits.)
 */
#ifndef MICA_CRL_H
#define MICA_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/anchor.h>
#include <mica/approval.h>
#include <mica/buf.h>
#include <mica/ca.h>
#include <mica/err.h>
#include <mica/findings.h>
#include <mica/lint.h>
#include <mica/revocation.h>

#define CRL_ANCHOR_OID "1.2.840.113556.1.8000.2554.31129.25732.47932.18203.36874.14646281.15259375"

/* What a list is to say. Everything is borrowed. */
struct crl_spec {
	const char *entry; /* the CA's name: the place in findings */
	int64_t number;    /* cRLNumber: greater than that of every list of this CA before */
	int64_t this_update; /* at most now */
	int64_t next_update; /* after both, and not after ca_ends(): the caller cuts it there */
	const struct revocation *revoked; /* in the order of serials, none twice */
	size_t n_revoked;
	struct anchor anchor;
};

/* As lint_approve(), by rules of its own (lint_crl_rule()). A CA without a certificate yet (ca_of_key())
 * may sign one in the same batch as that certificate: what the certificate would say is not judged then.
 */
int lint_approve_crl(struct lint *lint, const struct crl_spec *spec, int64_t now, struct findings *findings,
    struct approval **ret, struct err *err) MICA_CHECKED;
/* Rules in order; NULL past the end. */
const char *lint_crl_rule(size_t i, const char **ret_sentence);

/* --- reading ------------------------------------------------------------------------------- */

struct crl;

/* Every list in bytes, PEM ("X509 CRL", RFC 7468) one after another, or one DER. An error when there is
 * none or one cannot be read: it does not parse, it has a critical extension (5.2: whoever does not know
 * it must not go by the list), or a serial that is negative or has more than 20 octets. Lists of others are
 * read as well: crl_is_from() tells. file is for the message. The array is crls_free()'s. */
int crl_read(const char *file, const struct buf *bytes, struct crl ***ret, size_t *ret_n, struct err *err) MICA_CHECKED;
void crl_free(struct crl *crl);
void crls_free(struct crl **crls, size_t n);
MICA_DEFINE_FREEP(struct crl, crl_free)

const struct buf *crl_der(const struct crl *crl);
/* Its issuer is the CA's subject, byte by byte, and the CA key's signature, by the digest that goes with
 * that key (algorithm.h), verifies. */
bool crl_is_from(const struct crl *crl, const struct ca *ca);
int64_t crl_number(const struct crl *crl);                    /* -1: none, or above INT64_MAX */
int64_t crl_this_update(const struct crl *crl);
int64_t crl_next_update(const struct crl *crl);               /* 0: none */
bool crl_anchor(const struct crl *crl, struct anchor *ret);   /* false: it has none that can be read */
size_t crl_count(const struct crl *crl);
/* All of them, in the order of their serials; the list's. */
const struct revocation *crl_revoked(const struct crl *crl);
/* Whether it revokes this serial; ret may be NULL. */
bool crl_has(const struct crl *crl, const uint8_t serial[static SERIAL_LEN], struct revocation *ret);

/* The TBSCertList of a list, DER. */
int crl_tbs(const struct buf *der, struct buf *ret, struct err *err) MICA_CHECKED;
/* Appends PEM. */
void crl_pem(const struct buf *der, struct buf *ret);

#endif
