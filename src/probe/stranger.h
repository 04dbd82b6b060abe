// SPDX-License-Identifier: Apache-2.0
/* stranger: a client certificate of a CA that nobody knows: made in memory for one trial,
 * thrown away after it. */
#ifndef MICA_PROBE_STRANGER_H
#define MICA_PROBE_STRANGER_H

#include <stdint.h>

#include <mica/buf.h>

/* PEM: the leaf and its CA's certificate, valid around now; the leaf's key. Appended. */
int stranger_make(int64_t now, struct buf *ret_cert_pem, struct buf *ret_key_pem,
    struct err *err) MICA_CHECKED;

#endif
