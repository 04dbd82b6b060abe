// SPDX-License-Identifier: Apache-2.0
/* crl_draft: a specification turned into a TBSCertList (RFC 5280 5.1). */
#ifndef MICA_PKI_CRL_DRAFT_H
#define MICA_PKI_CRL_DRAFT_H

#include <openssl/x509.h>

#include <mica/crl.h>

/* signature: the AlgorithmIdentifier of the signature to come. Appends DER; -1, with OpenSSL's
 * reasons in its queue, when libcrypto cannot encode what is asked. */
int crl_draft(const struct ca *ca, const struct crl_spec *spec, const X509_ALGOR *signature,
    struct buf *ret) MICA_CHECKED;

#endif
