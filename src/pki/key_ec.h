// SPDX-License-Identifier: Apache-2.0
/*
 * key_ec: the DER of EC keys by their fixed layout (RFC 5480, RFC 5915, RFC 5958): all lengths
 * are known, so the encoding is three constants around the private scalar and the public point.
 * This is on the path of every certificate, where OpenSSL's encoders cost more than the key
 * itself.
 */
#ifndef MICA_PKI_KEY_EC_H
#define MICA_PKI_KEY_EC_H

#include <openssl/evp.h>

#include <mica/algorithm.h>
#include <mica/buf.h>

/* algorithm: one of the EC ones. Appends; -1 when OpenSSL does not give the key's numbers. */
int key_ec_spki(const EVP_PKEY *pkey, enum algorithm algorithm, struct buf *ret) MICA_CHECKED;

/* spki: what key_ec_spki() gave */
int key_ec_pkcs8(const EVP_PKEY *pkey, enum algorithm algorithm, const struct buf *spki,
    struct buf *ret) MICA_CHECKED;

#endif
