// SPDX-License-Identifier: Apache-2.0
/* credentials: what a probe trusts and shows, from PEM in memory into an SSL_CTX. */
#ifndef MICA_PROBE_CREDENTIALS_H
#define MICA_PROBE_CREDENTIALS_H

#include <openssl/ssl.h>

#include <mica/buf.h>

int credentials_trust(SSL_CTX *ctx, const struct buf *ca_pem, struct err *err) MICA_CHECKED;
int credentials_show(SSL_CTX *ctx, const struct buf *cert_pem, const struct buf *key_pem,
    struct err *err) MICA_CHECKED;

#endif
