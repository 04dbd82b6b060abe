// SPDX-License-Identifier: Apache-2.0
/* pems: delivered files as OpenSSL reads them, not as mica does. */
#ifndef MICA_YEARS_PEMS_H
#define MICA_YEARS_PEMS_H

#include <stdbool.h>
#include <stdint.h>

#include <mica/buf.h>

/* Whether the first certificate and the key are a pair; its DER and notAfter. */
bool pems_pair(const struct buf *certificate, const struct buf *key, struct buf *ret_der,
    int64_t *ret_ends);
/* notAfter of a DER certificate; 0: none */
int64_t pems_ends(const void *der, size_t len);
/* The first nextUpdate of the lists in a PEM text; 0: there is none. */
int64_t pems_crl_ends(const struct buf *pem);
/* Whether one of them has this serial number. */
bool pems_crl_has(const struct buf *pem, const uint8_t serial[20]);

#endif
