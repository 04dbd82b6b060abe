// SPDX-License-Identifier: Apache-2.0
/* credentials: what a probe trusts and shows, from PEM in memory into an SSL_CTX. */
#ifndef MICA_PROBE_CREDENTIALS_H
#define MICA_PROBE_CREDENTIALS_H

#include <openssl/ssl.h>

#include <mica/buf.h>

int credentials_trust(SSL_CTX *ctx, const struct buf *ca_pem, struct err *err) MICA_CHECKED;
int credentials_show(SSL_CTX *ctx, const struct buf *cert_pem, const struct buf *key_pem,
    struct err *err) MICA_CHECKED;

/* The DER of a name, as it was encoded by whoever sent or signed it. */
void credentials_name(const X509_NAME *name, struct buf *ret);

/* The DER names of the subjects of PEM certificates, n of them; free each and the array. */
int credentials_subjects(
    const struct buf *pem, struct buf **ret, size_t *ret_n, struct err *err) MICA_CHECKED;

#endif
