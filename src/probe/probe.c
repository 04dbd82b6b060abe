// SPDX-License-Identifier: Apache-2.0
#include <mica/probe.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "credentials.h"
#include "reach.h"

enum {
	QUIET_MS = 1000, /* how long a server that need not speak first is listened to */
	NO_ALERT = -1,
};

struct probe {
	const struct probe_params *params;
	char *name; /* of the server */
	struct reach reach;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in,
	    *out; /* memory, owned by ssl: the socket is ours, so that SIGPIPE never comes */
	struct probe_result seen;
	int verify_error;
	int alert;   /* the fatal one that the server sent */
	bool ticket; /* the server sent a session ticket: it has judged us and is content */
};

static void free_bufs(struct buf *bufs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_clear(&bufs[i]);
	free(bufs);
}

void probe_result_clear(struct probe_result *result)
{
	buf_clear(&result->certificate);
	free_bufs(result->chain, result->n_chain);
	free_bufs(result->accepts, result->n_accepts);
	*result = (struct probe_result){ .certificate = BUF_INIT };
}

static void probe_clear(struct probe *probe)
{
	free(probe->name);
	SSL_free(probe->ssl);
	SSL_CTX_free(probe->ctx);
	reach_close(&probe->reach);
	probe_result_clear(&probe->seen);
}

/* --- what OpenSSL tells on the way ----------------------------------------------- */

static void add_certificate(X509 *from, struct buf *ret)
{
	unsigned char *der = NULL;
	int len = i2d_X509(from, &der);

	if (len > 0)
		buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
}

/* What the server presents: the leaf, then what follows it. */
static void note_chain(struct probe *probe, X509_STORE_CTX *store)
{
	STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(store);
	struct probe_result *seen = &probe->seen;
	int n = shown ? sk_X509_num(shown) : 0;

	probe_result_clear(seen);
	add_certificate(X509_STORE_CTX_get0_cert(store), &seen->certificate);
	seen->chain = mem_array(n > 1 ? (size_t)n - 1 : 0, sizeof(*seen->chain));
	for (int i = 1; i < n; i++)
		add_certificate(sk_X509_value(shown, i), &seen->chain[seen->n_chain++]);
	snprintf(
	    seen->tls_version, sizeof(seen->tls_version), "%s", SSL_get_version(probe->ssl));
}

/* Notes what is shown before it is judged. A certificate that does not verify ends the
 * handshake, so that our own is never shown to a stranger. */
static int on_certificate(X509_STORE_CTX *store, void *context)
{
	struct probe *probe = context;

	note_chain(probe, store);
	if (!probe->params->ca_pem || X509_verify_cert(store) == 1)
		return 1;
	probe->verify_error = X509_STORE_CTX_get_error(store);
	if (probe->verify_error == X509_V_OK)
		probe->verify_error = X509_V_ERR_UNSPECIFIED;
	return 0;
}

/* The server wants a client certificate, and may have said of whose CAs. */
static int on_asked(SSL *ssl, void *context)
{
	const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);
	struct probe *probe = context;
	struct probe_result *seen = &probe->seen;
	int n = names ? sk_X509_NAME_num(names) : 0;

	seen->asks_client = true;
	if (seen->accepts)
		return 1;
	seen->accepts = mem_array((size_t)(n > 0 ? n : 0), sizeof(*seen->accepts));
	for (int i = 0; i < n; i++)
		credentials_name(
		    sk_X509_NAME_value(names, i), &seen->accepts[seen->n_accepts++]);
	return 1; /* go on */
}

static void on_info(const SSL *ssl, int where, int value)
{
	struct probe *probe = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
		probe->alert = value;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct probe *probe = SSL_get_app_data(ssl);

	(void)session;
	probe->ticket = true;
	return 0; /* not kept */
}

/* --- setting up ------------------------------------------------------------------ */

/* What is too old to be offered by itself needs the lowest security level to be offered at all.
 */
static bool set_offer(SSL_CTX *ctx, enum probe_offer offer)
{
	static const struct {
		int least, most;
	} versions[] = {
		[PROBE_OFFER_USUAL] = { TLS1_2_VERSION, 0 },
		[PROBE_OFFER_1_2] = { TLS1_2_VERSION, TLS1_2_VERSION },
		[PROBE_OFFER_1_1] = { TLS1_1_VERSION, TLS1_1_VERSION },
	};

	if (offer == PROBE_OFFER_1_1)
		SSL_CTX_set_security_level(ctx, 0);
	return SSL_CTX_set_min_proto_version(ctx, versions[offer].least) &&
	       SSL_CTX_set_max_proto_version(ctx, versions[offer].most);
}

static int set_context(struct probe *probe, struct err *err)
{
	const struct probe_params *params = probe->params;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	probe->ctx = ctx;
	if (!ctx || !set_offer(ctx, params->offer))
		return err_openssl(err, "cannot set TLS up");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_certificate, probe);
	SSL_CTX_set_cert_cb(ctx, on_asked, probe);
	SSL_CTX_set_info_callback(ctx, on_info);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	if (params->ca_pem && credentials_trust(ctx, params->ca_pem, err) < 0)
		return -1;
	return params->cert_pem ? credentials_show(ctx, params->cert_pem, params->key_pem, err)
	                        : 0;
}

/* The name: an IP address is checked as one and never sent as SNI (RFC 6066 3); a CN never
 * counts. */
static int set_name(struct probe *probe)
{
	const char *name = probe->name;
	X509_VERIFY_PARAM *verify = SSL_get0_param(probe->ssl);
	unsigned char ip[16];

	X509_VERIFY_PARAM_set_time(verify, (time_t)probe->params->now);
	X509_VERIFY_PARAM_set_hostflags(
	    verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(verify, name);
	return SSL_set_tlsext_host_name(probe->ssl, name) == 1 &&
	       X509_VERIFY_PARAM_set1_host(verify, name, 0) == 1;
}

static int set_connection(struct probe *probe, struct err *err)
{
	/* gRPC servers refuse who does not offer h2 */
	static const unsigned char alpn[] = "\x02h2\x08http/1.1";

	probe->ssl = SSL_new(probe->ctx);
	probe->in = BIO_new(BIO_s_mem());
	probe->out = BIO_new(BIO_s_mem());
	if (!probe->ssl || !probe->in || !probe->out) {
		BIO_free(probe->in);
		BIO_free(probe->out);
		return err_openssl(err, "cannot set TLS up");
	}
	SSL_set_bio(probe->ssl, probe->in, probe->out);
	SSL_set_app_data(probe->ssl, probe);
	SSL_set_connect_state(probe->ssl);
	if (SSL_set_alpn_protos(probe->ssl, alpn, sizeof(alpn) - 1) != 0 ||
	    set_name(probe) != 1)
		return err_openssl(err, "cannot set TLS up for '%s'", probe->name);
	return 0;
}

/* --- speaking -------------------------------------------------------------------- */

static int flush(struct probe *probe, struct err *err)
{
	char *bytes;
	long len = BIO_get_mem_data(probe->out, &bytes);

	if (len > 0 && reach_send(&probe->reach, bytes, (size_t)len, err) < 0)
		return -1;
	(void)BIO_reset(probe->out);
	return 0;
}

/* 1: more bytes are there for OpenSSL; 0: the server closed the connection; -1 */
static int more(struct probe *probe, int wait_ms, struct err *err)
{
	char bytes[4096];
	int n = reach_receive(&probe->reach, bytes, sizeof(bytes), wait_ms, err);

	if (n > 0)
		(void)BIO_write(probe->in, bytes, n);
	return n > 0 ? 1 : n;
}

/* OpenSSL 3.0 has no words for the newer ones (RFC 8446 6.2, RFC 7301 3.2). */
static const char *alert_name(int alert)
{
	switch (alert & 0xff) {
	case SSL_AD_CERTIFICATE_REQUIRED:
		return "certificate required";
	case SSL_AD_NO_APPLICATION_PROTOCOL:
		return "no application protocol";
	default:
		return SSL_alert_desc_string_long(alert);
	}
}

static int explain(struct probe *probe, struct err *err)
{
	const char *endpoint = probe->params->endpoint;
	int reason = ERR_GET_REASON(ERR_peek_error());

	if (probe->verify_error != X509_V_OK) {
		ERR_clear_error();
		return err_set(err, ERR_REFUSED,
		    "the certificate of '%s' does not verify for '%s': %s", endpoint,
		    probe->name, X509_verify_cert_error_string(probe->verify_error));
	}
	if (probe->alert != NO_ALERT) {
		ERR_clear_error();
		probe->seen.turned_away = true;
		return err_set(err, ERR_FAILED,
		    "'%s' refused the connection with the alert '%s'", endpoint,
		    alert_name(probe->alert));
	}
	if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
	    reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_BAD_RECORD_TYPE) {
		ERR_clear_error();
		return err_set(err, ERR_FAILED, "'%s' does not speak TLS", endpoint);
	}
	return err_openssl(err, "the TLS handshake with '%s' failed", endpoint);
}

static int shake(struct probe *probe, struct err *err)
{
	for (;;) {
		struct err ignored = ERR_INIT;
		int result, got;

		ERR_clear_error();
		result = SSL_connect(probe->ssl);
		if (result != 1 && SSL_get_error(probe->ssl, result) != SSL_ERROR_WANT_READ) {
			(void)!flush(probe, &ignored); /* the alert that says why */
			return explain(probe, err);
		}
		if (flush(probe, err) < 0)
			return -1;
		if (result == 1)
			return 0;
		got = more(probe, reach_left(&probe->reach), err);
		if (got < 0)
			return -1;
		if (got == 0) {
			probe->seen.turned_away = true;
			err_set(err, ERR_FAILED,
			    "'%s' closed the connection during the TLS handshake",
			    probe->params->endpoint);
			return err_hint(err, "does it speak TLS at all? (tlsMode)");
		}
	}
}

/* HTTP/2's preface with an empty SETTINGS frame (RFC 9113 3.4): what a gRPC server answers at
 * once. */
static bool speaks_http2(struct probe *probe)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0";
	const unsigned char *chosen;
	unsigned len;

	SSL_get0_alpn_selected(probe->ssl, &chosen, &len);
	if (len != 2 || memcmp(chosen, "h2", 2) != 0)
		return false;
	return SSL_write(probe->ssl, preface, sizeof(preface)) > 0;
}

/* In TLS 1.3 the server judges the client after the client is done: wait for a sign of content.
 */
static int confirm(struct probe *probe, struct err *err)
{
	const bool answers = speaks_http2(probe);
	char byte;

	if (flush(probe, err) < 0)
		return -1;
	for (;;) {
		int wait_ms = reach_left(&probe->reach);
		int result, got;

		ERR_clear_error();
		result = SSL_read(probe->ssl, &byte, 1);
		if (result > 0 || probe->ticket)
			return 0;
		if (SSL_get_error(probe->ssl, result) == SSL_ERROR_ZERO_RETURN)
			return 0;
		if (SSL_get_error(probe->ssl, result) != SSL_ERROR_WANT_READ)
			return explain(probe, err);
		if (!answers && wait_ms > QUIET_MS)
			wait_ms = QUIET_MS;
		got = more(probe, wait_ms, err);
		if (got < 0)
			return !answers && err->kind == ERR_TIMEOUT ? 0 : -1;
		if (got == 0) {
			probe->seen.turned_away = true;
			return err_set(err, ERR_FAILED,
			    "'%s' closed the connection right after the TLS handshake",
			    probe->params->endpoint);
		}
	}
}

static void note_protocol(struct probe *probe)
{
	const unsigned char *chosen;
	unsigned len;

	SSL_get0_alpn_selected(probe->ssl, &chosen, &len);
	if (len < sizeof(probe->seen.protocol))
		snprintf(probe->seen.protocol, sizeof(probe->seen.protocol), "%.*s", (int)len,
		    (const char *)chosen);
}

int probe_endpoint(const struct probe_params *params, struct probe_result *ret, struct err *err)
{
	MICA_AUTO(probe_clear)
	struct probe probe = { .params = params, .reach = { .fd = -1 }, .alert = NO_ALERT };
	struct err quiet = ERR_INIT;
	bool good;

	probe.name = params->server_name ? mem_strdup(params->server_name)
	                                 : reach_host(params->endpoint);
	if (set_context(&probe, err) < 0 || set_connection(&probe, err) < 0 ||
	    reach_open(params->endpoint, params->timeout_ms, &probe.reach, err) < 0)
		return -1;
	good = shake(&probe, err) == 0;
	if (good)
		note_protocol(&probe);
	good = good && (SSL_version(probe.ssl) < TLS1_3_VERSION || confirm(&probe, err) == 0);
	probe_result_clear(ret);
	*ret = probe.seen;
	probe.seen = (struct probe_result){ .certificate = BUF_INIT };
	if (!good)
		return -1;
	SSL_shutdown(probe.ssl);
	(void)!flush(&probe, &quiet);
	return 0;
}
