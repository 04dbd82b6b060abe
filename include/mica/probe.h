// SPDX-License-Identifier: Apache-2.0
/*
 * probe: one TLS handshake with a live endpoint: what is served there. The only room that uses libssl.
 *
 * With TLS 1.3 a client "succeeds" before the server has judged its certificate, so a probe reads
 * after the handshake, and an alert that comes then is a failure (RFC 8446 4.4.2.4).
 */
#ifndef MICA_PROBE_H
#define MICA_PROBE_H

#include <stdint.h>

#include <mica/buf.h>

struct probe_params {
	const char *endpoint;       /* "host:port", "[::1]:port" */
	const char *server_name;    /* SNI and the name that is checked (DNS or IP) */
	const struct buf *ca_pem;   /* trusted certificates */
	const struct buf *cert_pem; /* client certificate chain; NULL: none is shown */
	const struct buf *key_pem;
	int timeout_ms;             /* for all of it */
	int64_t now;                /* what certificates are judged at */
};

struct probe_result {
	struct buf certificate; /* DER of the leaf that was presented */
	char tls_version[16];   /* "TLSv1.3" */
};

void probe_result_clear(struct probe_result *result);

/* ERR_FAILED: no connection, no TLS, or the server refused the client; ERR_REFUSED: the certificate
 * does not verify; ERR_TIMEOUT. ret->certificate is filled in on failure too, once the server has shown
 * one: who has no client certificate to show can still see what is served. */
int probe_endpoint(const struct probe_params *params, struct probe_result *ret, struct err *err) MICA_CHECKED;

#endif
