// SPDX-License-Identifier: Apache-2.0
/* times: a Time (RFC 5280 4.1.2.5, 5.1.2.4): UTCTime or GeneralizedTime. */
#ifndef MICA_PKI_TIMES_H
#define MICA_PKI_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/asn1.h>

/* YYMMDDHHMMSSZ until 2049, YYYYMMDDHHMMSSZ after it */
bool time_is_well_formed(const ASN1_TIME *time);

/* false: it cannot be read */
bool time_read(const ASN1_TIME *time, int64_t *ret);

#endif
