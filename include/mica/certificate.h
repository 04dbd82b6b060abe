// SPDX-License-Identifier: Apache-2.0
/* certificate: reading what was issued, for delivery, status and probe. */
#ifndef MICA_CERTIFICATE_H
#define MICA_CERTIFICATE_H

#include <stdint.h>

#include <mica/buf.h>
#include <mica/err.h>

/* One DER certificate as PEM (RFC 7468); appended to ret. Base64 only: nothing is parsed. */
void certificate_pem(const struct buf *der, struct buf *ret);

/* The DER SubjectPublicKeyInfo of a DER certificate. */
int certificate_spki(const struct buf *der, struct buf *ret, struct err *err) MICA_CHECKED;

/* The DER TBSCertificate of a DER certificate, and its serial number, filled up with zeros in front to
 * 20 octets. */
int certificate_parts(const struct buf *der, struct buf *ret_tbs, uint8_t ret_serial[static 20],
    struct err *err) MICA_CHECKED;

#endif
