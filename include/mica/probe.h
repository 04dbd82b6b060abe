// SPDX-License-Identifier: Apache-2.0
/*
 * probe: one TLS handshake with a live endpoint: what is served there, and what is refused. The only
 * room that uses libssl.
 *
 * With TLS 1.3 a client "succeeds" before the server has judged its certificate, so a probe reads
 * after the handshake, and an alert that comes then is a failure (RFC 8446 4.4.2.4).
 */
#ifndef MICA_PROBE_H
#define MICA_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/buf.h>

/* The newest version of TLS that is offered; older ones are never offered beside it. */
enum probe_offer {
	PROBE_OFFER_USUAL, /* TLS 1.2 and 1.3 */
	PROBE_OFFER_1_2,   /* TLS 1.2 alone, to see whether it is still taken */
	PROBE_OFFER_1_1,   /* TLS 1.1 alone, likewise */
};

struct probe_params {
	const char *endpoint;       /* "host:port", "[::1]:port" */
	const char *server_name;    /* SNI and the name that is checked (DNS or IP); NULL: the
	                               endpoint's host */
	const struct buf *ca_pem;   /* trusted certificates; NULL: any certificate is taken, unjudged */
	const struct buf *cert_pem; /* client certificate chain; NULL: none is shown */
	const struct buf *key_pem;
	int timeout_ms;             /* for all of it */
	int64_t now;                /* what certificates are judged at */
	enum probe_offer offer;
};

struct probe_result {
	struct buf certificate; /* DER of the leaf that was presented */
	struct buf *chain;      /* DER of what was presented behind it, in its order */
	size_t n_chain;
	char tls_version[16];   /* "TLSv1.3"; "" until the server has shown its certificate */
	char protocol[16];      /* by ALPN: "h2" for gRPC, "http/1.1" for REST; "": none */
	bool asks_client;       /* the server asked for a client certificate */
	struct buf *accepts;    /* DER names of the CAs whose clients the server says it takes */
	size_t n_accepts;       /* 0: it did not say (RFC 8446 4.2.4) */
	bool turned_away;       /* of a failure: the server ended it, by an alert or without a word */
};

void probe_result_clear(struct probe_result *result);

/* ERR_FAILED: no connection, no TLS, or the server refused the client; ERR_REFUSED: the certificate
 * does not verify; ERR_TIMEOUT. ret is filled in on failure too, with what was seen until then: who
 * has no client certificate to show can still see what is served. */
int probe_endpoint(const struct probe_params *params, struct probe_result *ret, struct err *err) MICA_CHECKED;

enum probe_trust {
	PROBE_TRUST_SAME,   /* the server takes clients of exactly the CAs of ca_pem */
	PROBE_TRUST_OTHER,  /* it takes those of others, or not those of all of them */
	PROBE_TRUST_UNTOLD, /* it did not say */
};

/* What the server said of whose clients it takes, held against the ca.pem that it was given: names
 * are all there is to compare. ERR_FAILED: ca_pem has no certificates. */
int probe_trust(const struct probe_result *result, const struct buf *ca_pem, enum probe_trust *ret,
    struct err *err) MICA_CHECKED;

/* Whether two ca.pem hold CAs of the same names, all of them. */
int probe_same_names(const struct buf *ca_pem, const struct buf *other_pem, bool *ret,
    struct err *err) MICA_CHECKED;

/* --- what must be refused ------------------------------------------------------------------- */

enum probe_intruder {
	PROBE_PLAINTEXT,      /* gRPC or HTTP without TLS */
	PROBE_NO_CERTIFICATE, /* TLS, without a client certificate */
	PROBE_OTHER_CA,       /* TLS, with a client certificate of a CA made up for this trial */
};

const char *probe_intruder_name(enum probe_intruder intruder); /* "a client without TLS" */

enum probe_verdict {
	PROBE_REFUSED, /* the endpoint ended it */
	PROBE_LET_IN,
	PROBE_UNCLEAR, /* no connection, no answer in time, or none that says anything */
};

/* Tries the endpoint as somebody who must be refused; who the server is, is not judged. Of params,
 * ca_pem, cert_pem, key_pem and server_name may be NULL and are not used but for server_name (SNI).
 * ret_said: what was seen, in words, appended ("answered with HTTP/2", "the alert 'unknown CA'").
 * -1 only when the trial cannot be made at all. */
int probe_intrude(const struct probe_params *params, enum probe_intruder intruder,
    enum probe_verdict *ret, struct buf *ret_said, struct err *err) MICA_CHECKED;

#endif
