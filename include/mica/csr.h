// SPDX-License-Identifier: Apache-2.0
/*
 * csr: certification requests (PKCS#10, RFC 2986). mica keeps one for every key it makes; of a
 * request from outside it takes the verified public key and nothing else.
 */
#ifndef MICA_CSR_H
#define MICA_CSR_H

#include <mica/key.h>
#include <mica/names.h>

/* A request for the key with these names, signed by the key and verified once made; PEM. */
int csr_make(const struct key *key, const char *common_name, const struct name *names,
    size_t n_names, struct buf *ret_pem, struct err *err) MICA_CHECKED;

/* Verifies the request's own signature and gives its public key (DER SubjectPublicKeyInfo) and the
 * algorithm. Refused: keys that algorithm.h does not list, trailing bytes, more than one request.
 * PEM or DER. file is for the message. */
int csr_read(const char *file, const struct buf *bytes, struct buf *ret_spki,
    enum algorithm *ret_algorithm, struct err *err) MICA_CHECKED;

/* One DER request as PEM (RFC 7468); appended to ret. */
void csr_pem(const struct buf *der, struct buf *ret);

#endif
