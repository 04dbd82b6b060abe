// SPDX-License-Identifier: Apache-2.0
/* verify: one signature over some bytes, by a public key. */
#ifndef MICA_VERIFY_H
#define MICA_VERIFY_H

#include <mica/buf.h>

/* spki: DER SubjectPublicKeyInfo of a key that algorithm.h lists, which also tells the digest.
 * signature: as in signer.h. ERR_FAILED when it does not verify. */
int verify_signature(const struct buf *spki, const void *bytes, size_t len,
    const struct buf *signature, struct err *err) MICA_CHECKED;

#endif
