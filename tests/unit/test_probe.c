// SPDX-License-Identifier: Apache-2.0
/* probe: against a server of our own that behaves, or misbehaves, as told. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <mica/mem.h>
#include <mica/probe.h>

static const int64_t NOW = 1800000000;

/* --- certificates ---------------------------------------------------------------- */

struct identity {
	EVP_PKEY *key;
	X509 *cert;
	struct buf cert_pem, key_pem;
};

struct wish {
	const char *common_name, *san, *eku; /* NULL: no such extension */
};

static void add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = value ? X509V3_EXT_conf_nid(NULL, NULL, nid, value) : NULL;

	if (extension)
		assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	else
		assert_null(value);
	X509_EXTENSION_free(extension);
}

/* what was written to a memory BIO moves to a buffer */
static void take(BIO *bio, struct buf *ret)
{
	char *bytes;
	long len = BIO_get_mem_data(bio, &bytes);

	buf_add(ret, bytes, (size_t)len);
	(void)BIO_reset(bio);
}

static void pem_of(struct identity *identity)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_true(PEM_write_bio_X509(bio, identity->cert));
	take(bio, &identity->cert_pem);
	assert_true(
	    PEM_write_bio_PKCS8PrivateKey(bio, identity->key, NULL, NULL, 0, NULL, NULL));
	take(bio, &identity->key_pem);
	BIO_free(bio);
}

/* issuer NULL: a CA */
static void make(struct identity *ret, const struct identity *issuer, const struct wish *wish)
{
	static long serial;
	X509_NAME *name = X509_NAME_new();

	*ret = (struct identity){ .key = EVP_EC_gen("P-256"), .cert = X509_new() };
	X509_set_version(ret->cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(ret->cert), ++serial);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->common_name, -1, -1, 0);
	X509_set_subject_name(ret->cert, name);
	X509_set_issuer_name(ret->cert, issuer ? X509_get_subject_name(issuer->cert) : name);
	ASN1_TIME_set(X509_getm_notBefore(ret->cert), (time_t)(NOW - 1000));
	ASN1_TIME_set(X509_getm_notAfter(ret->cert), (time_t)(NOW + 1000));
	X509_set_pubkey(ret->cert, ret->key);
	add_extension(ret->cert, NID_basic_constraints, issuer ? NULL : "critical,CA:TRUE");
	add_extension(ret->cert, NID_subject_alt_name, wish->san);
	add_extension(ret->cert, NID_ext_key_usage, wish->eku);
	assert_true(X509_sign(ret->cert, issuer ? issuer->key : ret->key, EVP_sha256()) > 0);
	X509_NAME_free(name);
	pem_of(ret);
}

static void identity_clear(struct identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->cert);
	buf_clear(&identity->cert_pem);
	buf_clear(&identity->key_pem);
}

static struct identity ca, other_ca, server, no_san, client, stranger, server_only;

static int setup(void **state)
{
	(void)state;
	make(&ca, NULL, &(struct wish){ "Test CA", NULL, NULL });
	make(&other_ca, NULL, &(struct wish){ "Other CA", NULL, NULL });
	make(&server, &ca,
	    &(struct wish){ "localhost", "DNS:localhost,IP:127.0.0.1", "serverAuth" });
	make(&no_san, &ca, &(struct wish){ "localhost", NULL, "serverAuth" });
	make(&client, &ca, &(struct wish){ "client", NULL, "clientAuth" });
	make(&stranger, &other_ca, &(struct wish){ "client", NULL, "clientAuth" });
	make(&server_only, &ca, &(struct wish){ "client", NULL, "serverAuth" });
	return 0;
}

static int teardown(void **state)
{
	struct identity *all[] = { &ca, &other_ca, &server, &no_san, &client, &stranger,
		&server_only };

	(void)state;
	for (size_t i = 0; i < mem_count(all); i++)
		identity_clear(all[i]);
	return 0;
}

/* --- the server ------------------------------------------------------------------ */

enum manner {
	SPEAK_TLS,      /* h2: SETTINGS once it has read the preface */
	SPEAK_PLAIN,    /* answers every byte with HTTP */
	SPEAK_PLAIN_H2, /* answers every byte with an empty SETTINGS frame */
	WANT_HTTPS,     /* answers every byte as Go's HTTPS server does */
	SAY_NOTHING,    /* accepts and is silent */
	CLOSE_AT_ONCE,
	RESET_AT_ONCE,
	CLOSE_AFTER,  /* closes the socket after the handshake, without a word */
	SILENT_AFTER, /* h2, and never a SETTINGS */
};

struct host {
	enum manner manner;
	const struct identity *identity; /* NULL: server */
	int max_version;                 /* 0: the newest */
	int min_version;                 /* 0: the oldest */
	bool wants_client, tickets, no_alpn;
	const struct identity *names[2]; /* of the CAs that it says it takes */
	const struct identity *behind;   /* presented behind its certificate */
	/* set by host_start() */
	int listener;
	char endpoint[32];
	pthread_t thread;
	SSL_CTX *ctx;
	char sni[64];
	_Atomic bool stop;
};

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *len,
    const unsigned char *in, unsigned in_len, void *context)
{
	(void)ssl, (void)context;
	return SSL_select_next_proto((unsigned char **)out, len,
	           (const unsigned char *)"\x02h2", 3, in, in_len) == OPENSSL_NPN_NEGOTIATED
	           ? SSL_TLSEXT_ERR_OK
	           : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int verify_at_now(X509_STORE_CTX *store, void *context)
{
	(void)context;
	X509_STORE_CTX_set_time(store, 0, (time_t)NOW);
	return X509_verify_cert(store);
}

static void host_context(struct host *host)
{
	const struct identity *identity = host->identity ? host->identity : &server;

	host->ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(host->ctx, identity->cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(host->ctx, identity->key), 1);
	if (!host->no_alpn)
		SSL_CTX_set_alpn_select_cb(host->ctx, choose_h2, NULL);
	SSL_CTX_set_num_tickets(host->ctx, host->tickets ? 2 : 0);
	if (host->max_version)
		SSL_CTX_set_max_proto_version(host->ctx, host->max_version);
	if (host->min_version) {
		if (host->min_version < TLS1_2_VERSION)
			SSL_CTX_set_security_level(host->ctx, 0);
		SSL_CTX_set_min_proto_version(host->ctx, host->min_version);
	}
	if (host->behind)
		assert_int_equal(SSL_CTX_add1_chain_cert(host->ctx, host->behind->cert), 1);
	for (size_t i = 0; i < mem_count(host->names) && host->names[i]; i++)
		assert_int_equal(SSL_CTX_add_client_CA(host->ctx, host->names[i]->cert), 1);
	if (host->wants_client) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(host->ctx), ca.cert);
		SSL_CTX_set_verify(
		    host->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		SSL_CTX_set_cert_verify_callback(host->ctx, verify_at_now, NULL);
	}
}

static const char settings[] = "\0\0\0\x04\0\0\0\0";

static void wait_stopped(const struct host *host)
{
	while (!host->stop)
		usleep(5000);
}

static void serve_tls(struct host *host, int fd)
{
	SSL *ssl = SSL_new(host->ctx);
	char preface[33];
	size_t got;

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

		snprintf(host->sni, sizeof(host->sni), "%s", sni ? sni : "");
		if (host->manner == SPEAK_TLS && !host->no_alpn &&
		    SSL_read_ex(ssl, preface, 33, &got) &&
		    memcmp(preface, "PRI * HTTP/2.0", 14) == 0)
			(void)SSL_write(ssl, settings, sizeof(settings));
		if (host->manner != CLOSE_AFTER)
			wait_stopped(host);
	}
	SSL_free(ssl);
}

/* sizeof a literal counts its NUL: of SETTINGS that is the last byte of the frame */
static const struct {
	const char *bytes;
	size_t len;
} plain_answers[] = {
	[SPEAK_PLAIN] = { "HTTP/1.1 400 Bad Request\r\n\r\n", 28 },
	[SPEAK_PLAIN_H2] = { settings, sizeof(settings) },
	[WANT_HTTPS] = { "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an "
	                 "HTTPS server.\n",
	    77 },
};

static void serve(struct host *host, int fd)
{
	struct linger now = { 1, 0 };
	char bytes[64];

	switch (host->manner) {
	case SPEAK_PLAIN:
	case SPEAK_PLAIN_H2:
	case WANT_HTTPS:
		if (recv(fd, bytes, sizeof(bytes), 0) > 0)
			(void)!send(fd, plain_answers[host->manner].bytes,
			    plain_answers[host->manner].len, MSG_NOSIGNAL);
		wait_stopped(host);
		break;
	case SAY_NOTHING:
		wait_stopped(host);
		break;
	case RESET_AT_ONCE: /* once it is surely connected */
		(void)!recv(fd, bytes, 1, 0);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		break;
	case CLOSE_AT_ONCE:
		break;
	default:
		serve_tls(host, fd);
	}
}

static void *host_thread(void *context)
{
	struct host *host = context;
	struct timeval limit = { 10, 0 };
	sigset_t pipe;
	int fd;

	/* in this thread alone: the probe must need no such thing */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	fd = accept(host->listener, NULL, NULL);
	if (fd < 0)
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	serve(host, fd);
	close(fd);
	return NULL;
}

static void host_start(struct host *host)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	host->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(host->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(host->listener, 4), 0);
	assert_int_equal(getsockname(host->listener, (struct sockaddr *)&address, &len), 0);
	snprintf(
	    host->endpoint, sizeof(host->endpoint), "127.0.0.1:%u", ntohs(address.sin_port));
	host_context(host);
	assert_int_equal(pthread_create(&host->thread, NULL, host_thread, host), 0);
}

static void host_stop(struct host *host)
{
	host->stop = true;
	shutdown(host->listener, SHUT_RDWR);
	pthread_join(host->thread, NULL);
	close(host->listener);
	SSL_CTX_free(host->ctx);
}

/* --- one probe ------------------------------------------------------------------- */

struct attempt {
	struct host host;
	const char *name;               /* NULL: localhost */
	const struct identity *shown;   /* NULL: no client certificate */
	const struct identity *trusted; /* NULL: ca */
	int64_t now;                    /* 0: NOW */
	int timeout_ms;                 /* 0: 5000 */
	bool seen;                      /* of a failure: the server has shown its certificate */
	/* what came of it */
	struct probe_result result;
	struct err err;
	int64_t took_ms;
};

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int run(struct attempt *attempt)
{
	struct probe_params params = {
		.server_name = attempt->name ? attempt->name : "localhost",
		.ca_pem = attempt->trusted ? &attempt->trusted->cert_pem : &ca.cert_pem,
		.cert_pem = attempt->shown ? &attempt->shown->cert_pem : NULL,
		.key_pem = attempt->shown ? &attempt->shown->key_pem : NULL,
		.timeout_ms = attempt->timeout_ms ? attempt->timeout_ms : 5000,
		.now = attempt->now ? attempt->now : NOW,
	};
	int64_t began;
	int result;

	host_start(&attempt->host);
	params.endpoint = attempt->host.endpoint;
	began = clock_ms();
	result = probe_endpoint(&params, &attempt->result, &attempt->err);
	attempt->took_ms = clock_ms() - began;
	host_stop(&attempt->host);
	return result;
}

static void expect_served(struct attempt *attempt, const char *version)
{
	const struct identity *identity =
	    attempt->host.identity ? attempt->host.identity : &server;
	unsigned char *der = NULL;
	int len = i2d_X509(identity->cert, &der);
	int result = run(attempt);

	assert_string_equal(result == 0 ? "" : attempt->err.text, "");
	assert_true(buf_same(&attempt->result.certificate, der, (size_t)len));
	assert_string_equal(attempt->result.tls_version, version);
	OPENSSL_free(der);
	probe_result_clear(&attempt->result);
	assert_int_equal(attempt->result.certificate.len, 0);
}

static void expect_failure(struct attempt *attempt, enum err_kind kind, const char *words)
{
	assert_int_equal(run(attempt), -1);
	if (!strstr(attempt->err.text, words))
		fail_msg("'%s' does not say '%s'", attempt->err.text, words);
	assert_int_equal(attempt->err.kind, kind);
	/* the certificate is given once the server has shown it, whatever comes then */
	assert_int_equal(attempt->result.certificate.len > 0, attempt->seen);
	assert_int_equal(attempt->result.tls_version[0] != '\0', attempt->seen);
	probe_result_clear(&attempt->result);
}

/* --- served ---------------------------------------------------------------------- */

static void test_served(void **state)
{
	struct attempt answers = { .host = { .manner = SPEAK_TLS } };
	struct attempt tickets = { .host = { .manner = SILENT_AFTER, .tickets = true } };
	struct attempt old = { .host = { .manner = SPEAK_TLS, .max_version = TLS1_2_VERSION } };

	(void)state;
	expect_served(&answers, "TLSv1.3");
	assert_string_equal(answers.host.sni, "localhost");
	expect_served(&tickets, "TLSv1.3");
	expect_served(&old, "TLSv1.2");
}

/* a server that speaks second (HTTP/1.1) and gives no tickets gets its second of silence */
static void test_served_in_silence(void **state)
{
	struct attempt silent = { .host = { .manner = SILENT_AFTER, .no_alpn = true } };

	(void)state;
	expect_served(&silent, "TLSv1.3");
	assert_in_range(silent.took_ms, 900, 5000);
}

static void test_ip_name(void **state)
{
	struct attempt right = { .host = { .manner = SPEAK_TLS }, .name = "127.0.0.1" };
	struct attempt wrong = {
		.host = { .manner = SPEAK_TLS }, .name = "127.0.0.2", .seen = true
	};

	(void)state;
	expect_served(&right, "TLSv1.3");
	assert_string_equal(right.host.sni, "");
	expect_failure(
	    &wrong, ERR_REFUSED, "does not verify for '127.0.0.2': IP address mismatch");
}

static void test_client_certificate(void **state)
{
	struct attempt new = { .host = { .manner = SPEAK_TLS, .wants_client = true },
		.shown = &client };
	struct attempt old = { .host = { .manner = SPEAK_TLS,
		                   .wants_client = true,
		                   .max_version = TLS1_2_VERSION },
		.shown = &client };

	(void)state;
	expect_served(&new, "TLSv1.3");
	expect_served(&old, "TLSv1.2");
}

/* --- refused by us --------------------------------------------------------------- */

static void test_wrong_ca(void **state)
{
	struct attempt attempt = {
		.host = { .manner = SPEAK_TLS }, .trusted = &other_ca, .seen = true
	};

	(void)state;
	expect_failure(&attempt, ERR_REFUSED, "unable to get local issuer certificate");
}

static void test_wrong_name(void **state)
{
	struct attempt attempt = {
		.host = { .manner = SPEAK_TLS }, .name = "milvus.example.com", .seen = true
	};
	struct attempt cn = { .host = { .manner = SPEAK_TLS, .identity = &no_san },
		.seen = true };

	(void)state;
	expect_failure(&attempt, ERR_REFUSED,
	    "does not verify for 'milvus.example.com': hostname mismatch");
	expect_failure(&cn, ERR_REFUSED, "hostname mismatch");
}

static void test_wrong_time(void **state)
{
	struct attempt late = {
		.host = { .manner = SPEAK_TLS }, .now = NOW + 1001, .seen = true
	};
	struct attempt early = {
		.host = { .manner = SPEAK_TLS }, .now = NOW - 1001, .seen = true
	};

	(void)state;
	expect_failure(&late, ERR_REFUSED, "certificate has expired");
	expect_failure(&early, ERR_REFUSED, "certificate is not yet valid");
}

/* --- refused by the server ------------------------------------------------------- */

static void test_client_certificate_missing(void **state)
{
	struct attempt new = { .host = { .manner = SPEAK_TLS, .wants_client = true },
		.seen = true };
	struct attempt silent = {
		.host = { .manner = SPEAK_TLS, .wants_client = true, .no_alpn = true },
		.seen = true
	};
	struct attempt old = { .host = { .manner = SPEAK_TLS,
		                   .wants_client = true,
		                   .max_version = TLS1_2_VERSION },
		.seen = true };

	(void)state;
	expect_failure(
	    &new, ERR_FAILED, "refused the connection with the alert 'certificate required'");
	expect_failure(&silent, ERR_FAILED,
	    "refused the connection with the alert 'certificate required'");
	expect_failure(
	    &old, ERR_FAILED, "refused the connection with the alert 'handshake failure'");
}

static void test_client_certificate_wrong(void **state)
{
	struct attempt foreign = { .host = { .manner = SPEAK_TLS, .wants_client = true },
		.shown = &stranger,
		.seen = true };
	struct attempt usage = { .host = { .manner = SPEAK_TLS, .wants_client = true },
		.shown = &server_only,
		.seen = true };

	(void)state;
	expect_failure(
	    &foreign, ERR_FAILED, "refused the connection with the alert 'unknown CA'");
	expect_failure(&usage, ERR_FAILED,
	    "refused the connection with the alert 'unsupported certificate'");
}

/* --- no TLS, no server ----------------------------------------------------------- */

static void test_plaintext(void **state)
{
	struct attempt attempt = { .host = { .manner = SPEAK_PLAIN } };

	(void)state;
	expect_failure(&attempt, ERR_FAILED, "does not speak TLS");
}

static void test_closed(void **state)
{
	struct attempt at_once = { .host = { .manner = CLOSE_AT_ONCE } };
	struct attempt reset = { .host = { .manner = RESET_AT_ONCE } };
	struct attempt after = { .host = { .manner = CLOSE_AFTER }, .seen = true };

	(void)state;
	expect_failure(&at_once, ERR_FAILED, "closed the connection during the TLS handshake");
	assert_non_null(strstr(at_once.err.hint, "tlsMode"));
	expect_failure(&reset, ERR_FAILED, "closed the connection during the TLS handshake");
	expect_failure(
	    &after, ERR_FAILED, "closed the connection right after the TLS handshake");
}

static void test_deadline(void **state)
{
	struct attempt silent = { .host = { .manner = SAY_NOTHING }, .timeout_ms = 300 };
	struct attempt later = {
		.host = { .manner = SILENT_AFTER }, .timeout_ms = 400, .seen = true
	};

	(void)state;
	expect_failure(&silent, ERR_TIMEOUT, "did not answer within 300 ms");
	assert_in_range(silent.took_ms, 290, 5000);
	expect_failure(&later, ERR_TIMEOUT, "did not answer within 400 ms");
	assert_in_range(later.took_ms, 390, 5000);
}

static void expect_endpoint(const char *endpoint, const char *words)
{
	struct probe_params params = { .endpoint = endpoint,
		.server_name = "localhost",
		.ca_pem = &ca.cert_pem,
		.timeout_ms = 3000,
		.now = NOW };
	struct probe_result result = { .certificate = BUF_INIT };
	struct err err = ERR_INIT;

	assert_int_equal(probe_endpoint(&params, &result, &err), -1);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	probe_result_clear(&result);
}

static void test_endpoints(void **state)
{
	static const char *const bad[] = { "", "localhost", "localhost:", ":19530",
		"localhost:0", "localhost:65536", "localhost:19530x", "::1:19530", "[::1]",
		"[]:19530" };

	(void)state;
	for (size_t i = 0; i < mem_count(bad); i++)
		expect_endpoint(bad[i], "is not an endpoint");
	expect_endpoint("127.0.0.1:1", "cannot connect to '127.0.0.1:1': Connection refused");
	expect_endpoint("localhost:1", "cannot connect to 'localhost:1': Connection refused");
	expect_endpoint("[::1]:1", "cannot connect to '[::1]:1': ");
	expect_endpoint("no-such-host.invalid:1", "cannot find 'no-such-host.invalid': ");
}

/* --- what is given to it --------------------------------------------------------- */

static void expect_credentials(
    const struct buf *trust, const struct buf *cert, const struct buf *key, const char *words)
{
	struct probe_params params = { .endpoint = "127.0.0.1:1",
		.server_name = "localhost",
		.ca_pem = trust,
		.cert_pem = cert,
		.key_pem = key,
		.timeout_ms = 1000,
		.now = NOW };
	struct probe_result result = { .certificate = BUF_INIT };
	struct err err = ERR_INIT;

	assert_int_equal(probe_endpoint(&params, &result, &err), -1);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	probe_result_clear(&result);
}

static void test_credentials(void **state)
{
	BUF_AUTO junk = BUF_INIT;
	BUF_AUTO broken = BUF_INIT;
	BUF_AUTO encrypted = BUF_INIT;
	BIO *bio = BIO_new(BIO_s_mem());

	(void)state;
	buf_addstr(&junk, "no certificate\n");
	buf_add(&broken, ca.cert_pem.data, ca.cert_pem.len);
	buf_addstr(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	PEM_write_bio_PKCS8PrivateKey(
	    bio, client.key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL);
	take(bio, &encrypted);
	BIO_free(bio);
	expect_credentials(&junk, NULL, NULL, "cannot read the trusted CA certificates");
	expect_credentials(&broken, NULL, NULL, "cannot read the trusted CA certificates");
	expect_credentials(
	    &ca.cert_pem, &junk, &client.key_pem, "cannot read the client certificate");
	expect_credentials(
	    &ca.cert_pem, &client.cert_pem, &junk, "cannot read the client's key");
	expect_credentials(
	    &ca.cert_pem, &client.cert_pem, &encrypted, "cannot read the client's key");
	expect_credentials(&ca.cert_pem, &client.cert_pem, &server.key_pem,
	    "cannot use the client certificate with its key");
}

/* --- what the server says of itself ---------------------------------------------- */

static void expect_trust(
    struct host host, const struct buf *ca_pem, enum probe_trust wanted, bool asks)
{
	struct attempt attempt = { .host = host, .shown = &client };
	enum probe_trust trust = PROBE_TRUST_UNTOLD;
	struct err err = ERR_INIT;

	assert_int_equal(run(&attempt), 0);
	assert_int_equal(attempt.result.asks_client, asks);
	assert_int_equal(probe_trust(&attempt.result, ca_pem, &trust, &err), 0);
	assert_int_equal(trust, wanted);
	probe_result_clear(&attempt.result);
}

/* in both versions of TLS */
static void test_trust(void **state)
{
	static const int versions[] = { 0, TLS1_2_VERSION };
	BUF_AUTO both = BUF_INIT;

	(void)state;
	buf_add(&both, ca.cert_pem.data, ca.cert_pem.len);
	buf_add(&both, other_ca.cert_pem.data, other_ca.cert_pem.len);
	for (size_t i = 0; i < mem_count(versions); i++) {
		struct host none = { .max_version = versions[i] };
		struct host untold = { .max_version = versions[i], .wants_client = true };
		struct host one = untold, two = untold;

		one.names[0] = two.names[0] = &ca;
		two.names[1] = &other_ca;
		expect_trust(none, &ca.cert_pem, PROBE_TRUST_UNTOLD, false);
		expect_trust(untold, &ca.cert_pem, PROBE_TRUST_UNTOLD, true);
		expect_trust(one, &ca.cert_pem, PROBE_TRUST_SAME, true);
		expect_trust(two, &both, PROBE_TRUST_SAME, true);
		expect_trust(one, &both, PROBE_TRUST_OTHER, true);
		expect_trust(two, &ca.cert_pem, PROBE_TRUST_OTHER, true);
		expect_trust(one, &other_ca.cert_pem, PROBE_TRUST_OTHER, true);
	}
}

static void test_trust_of_nothing(void **state)
{
	const struct probe_result result = { .certificate = BUF_INIT };
	const struct buf empty = BUF_INIT;
	enum probe_trust trust = PROBE_TRUST_SAME;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(probe_trust(&result, &empty, &trust, &err), -1);
	assert_int_equal(trust, PROBE_TRUST_SAME);
}

static void test_what_is_seen(void **state)
{
	struct attempt grpc = { .host = { .manner = SPEAK_TLS, .behind = &ca } };
	struct attempt plain = {
		.host = { .manner = SILENT_AFTER, .tickets = true, .no_alpn = true }
	};
	unsigned char *der = NULL;
	int len = i2d_X509(ca.cert, &der);

	(void)state;
	assert_int_equal(run(&grpc), 0);
	assert_string_equal(grpc.result.protocol, "h2");
	assert_int_equal(grpc.result.n_chain, 1);
	assert_true(buf_same(&grpc.result.chain[0], der, (size_t)len));
	probe_result_clear(&grpc.result);
	assert_int_equal(run(&plain), 0);
	assert_string_equal(plain.result.protocol, "");
	assert_int_equal(plain.result.n_chain, 0);
	probe_result_clear(&plain.result);
	OPENSSL_free(der);
}

/* without a CA to trust nothing is judged: neither the issuer, nor the name, nor the time */
static void test_unjudged(void **state)
{
	struct host host = { .manner = SPEAK_TLS, .identity = &stranger };
	struct probe_params params = { .timeout_ms = 5000, .now = NOW + 5000 };
	struct probe_result result = { .certificate = BUF_INIT };
	struct err err = ERR_INIT;

	(void)state;
	host_start(&host);
	params.endpoint = host.endpoint;
	assert_int_equal(probe_endpoint(&params, &result, &err), 0);
	assert_true(result.certificate.len > 0);
	host_stop(&host);
	probe_result_clear(&result);
}

static void expect_offer(struct host host, enum probe_offer offer, const char *version)
{
	struct probe_params params = {
		.server_name = "localhost", .timeout_ms = 5000, .now = NOW, .offer = offer
	};
	struct probe_result result = { .certificate = BUF_INIT };
	struct err err = ERR_INIT;
	int status;

	host_start(&host);
	params.endpoint = host.endpoint;
	status = probe_endpoint(&params, &result, &err);
	host_stop(&host);
	assert_int_equal(status, version ? 0 : -1);
	assert_string_equal(result.tls_version, version ? version : "");
	assert_int_equal(result.turned_away, !version);
	probe_result_clear(&result);
}

static void test_offers(void **state)
{
	struct host usual = { .manner = SPEAK_TLS };
	struct host newest = { .manner = SPEAK_TLS, .min_version = TLS1_3_VERSION };
	struct host oldest = { .manner = SPEAK_TLS, .min_version = TLS1_1_VERSION };

	(void)state;
	expect_offer(usual, PROBE_OFFER_USUAL, "TLSv1.3");
	expect_offer(usual, PROBE_OFFER_1_2, "TLSv1.2");
	expect_offer(newest, PROBE_OFFER_1_2, NULL);
	expect_offer(newest, PROBE_OFFER_1_1, NULL);
	expect_offer(oldest, PROBE_OFFER_1_1, "TLSv1.1");
}

/* --- what must be refused -------------------------------------------------------- */

static void expect_verdict(struct host host, enum probe_intruder intruder,
    enum probe_verdict wanted, const char *words)
{
	struct probe_params params = {
		.server_name = "localhost", .timeout_ms = 1500, .now = NOW
	};
	enum probe_verdict verdict = PROBE_UNCLEAR;
	struct err err = ERR_INIT;
	BUF_AUTO said = BUF_INIT;

	host_start(&host);
	params.endpoint = host.endpoint;
	assert_int_equal(probe_intrude(&params, intruder, &verdict, &said, &err), 0);
	host_stop(&host);
	if (verdict != wanted || !strstr(buf_text(&said), words))
		fail_msg("%s: %d, '%s', and not %d, '%s'", probe_intruder_name(intruder),
		    (int)verdict, buf_text(&said), (int)wanted, words);
}

static void test_intruders_refused(void **state)
{
	struct host two_way = { .manner = SPEAK_TLS, .wants_client = true };
	struct host https = { .manner = WANT_HTTPS };
	struct host closing = { .manner = CLOSE_AT_ONCE };

	(void)state;
	for (int i = 0; i < 2; i++) {
		two_way.max_version = i == 0 ? 0 : TLS1_2_VERSION;
		expect_verdict(two_way, PROBE_PLAINTEXT, PROBE_REFUSED, "");
		expect_verdict(
		    two_way, PROBE_OTHER_CA, PROBE_REFUSED, "the alert 'unknown CA'");
	}
	two_way.max_version = 0;
	expect_verdict(
	    two_way, PROBE_NO_CERTIFICATE, PROBE_REFUSED, "the alert 'certificate required'");
	expect_verdict(https, PROBE_PLAINTEXT, PROBE_REFUSED, "wants HTTPS");
	expect_verdict(closing, PROBE_PLAINTEXT, PROBE_REFUSED, "closed the connection");
}

static void test_intruders_let_in(void **state)
{
	struct host one_way = { .manner = SPEAK_TLS };
	struct host rest = { .manner = SPEAK_PLAIN };
	struct host grpc = { .manner = SPEAK_PLAIN_H2 };

	(void)state;
	expect_verdict(one_way, PROBE_NO_CERTIFICATE, PROBE_LET_IN, "content");
	expect_verdict(one_way, PROBE_OTHER_CA, PROBE_LET_IN, "content");
	expect_verdict(rest, PROBE_PLAINTEXT, PROBE_LET_IN, "answered with HTTP");
	expect_verdict(grpc, PROBE_PLAINTEXT, PROBE_LET_IN, "answered with HTTP/2");
}

static void test_intruders_unclear(void **state)
{
	struct host silent = { .manner = SAY_NOTHING };
	struct host rest = { .manner = SPEAK_PLAIN };

	(void)state;
	expect_verdict(silent, PROBE_PLAINTEXT, PROBE_UNCLEAR, "did not answer");
	expect_verdict(silent, PROBE_OTHER_CA, PROBE_UNCLEAR, "did not answer");
	expect_verdict(rest, PROBE_NO_CERTIFICATE, PROBE_UNCLEAR, "does not speak TLS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_served),
		cmocka_unit_test(test_served_in_silence),
		cmocka_unit_test(test_ip_name),
		cmocka_unit_test(test_client_certificate),
		cmocka_unit_test(test_wrong_ca),
		cmocka_unit_test(test_wrong_name),
		cmocka_unit_test(test_wrong_time),
		cmocka_unit_test(test_client_certificate_missing),
		cmocka_unit_test(test_client_certificate_wrong),
		cmocka_unit_test(test_plaintext),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_trust_of_nothing),
		cmocka_unit_test(test_what_is_seen),
		cmocka_unit_test(test_unjudged),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_intruders_refused),
		cmocka_unit_test(test_intruders_let_in),
		cmocka_unit_test(test_intruders_unclear),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
