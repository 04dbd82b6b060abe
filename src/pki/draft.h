// SPDX-License-Identifier: Apache-2.0
/*
 * draft: a specification turned into a TBSCertificate, by the rules of docs/DESIGN.md: every
 * name a typed value, every extension of mica's own choosing, the issuer's name byte by byte.
 */
#ifndef MICA_PKI_DRAFT_H
#define MICA_PKI_DRAFT_H

#include <openssl/x509.h>

#include <mica/ca.h>
#include <mica/lint.h>

/* signature: the AlgorithmIdentifier of the signature to come. Appends DER; -1, with OpenSSL's
 * reasons in its queue, when libcrypto cannot encode what is asked. */
int draft_make(const struct ca *ca, const struct draft_spec *spec, const X509_ALGOR *signature,
    struct buf *ret) MICA_CHECKED;

#endif
