// SPDX-License-Identifier: Apache-2.0
/*
 * draft: a specification turned into a certificate that nobody has signed yet, by the rules of
 * docs/DESIGN.md: every name a typed value, every extension of mica's own choosing.
 */
#ifndef MICA_PKI_DRAFT_H
#define MICA_PKI_DRAFT_H

#include <openssl/x509.h>

#include <mica/ca.h>
#include <mica/lint.h>

/* NULL, with OpenSSL's reasons in its queue, when libcrypto cannot encode what is asked. */
X509 *draft_make(const struct ca *ca, const struct draft_spec *spec);

#endif
