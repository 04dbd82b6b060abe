// SPDX-License-Identifier: Apache-2.0
#include "meeting.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <mica/probe.h>

enum { SHAKE_MS = 60000 };

static const char name[] = "milvus.example.com";

int meeting_shake(const struct meeting *meeting, struct err *err)
{
	const bool two_way = meeting->server->tls_mode == 2;
	MICA_AUTO(probe_result_clear) struct probe_result result = { .certificate = BUF_INIT };
	const struct probe_params params = {
		.endpoint = meeting->server->address,
		.server_name = name,
		.ca_pem = meeting->ca,
		.cert_pem = two_way ? meeting->certificate : NULL,
		.key_pem = two_way ? meeting->key : NULL,
		.timeout_ms = SHAKE_MS,
		.now = meeting->now,
	};

	if (probe_endpoint(&params, &result, err) < 0)
		return -1;
	if (!buf_same(&result.certificate, meeting->server->leaf, meeting->server->leaf_len))
		return err_set(
		    err, ERR_FAILED, "another certificate was presented than the server has");
	return 0;
}

/* --- without a connection -------------------------------------------------------------- */

static void free_stack(STACK_OF(X509) * *stack)
{
	sk_X509_pop_free(*stack, X509_free);
}
#define STACK_AUTO MICA_AUTO(free_stack) STACK_OF(X509) *

static STACK_OF(X509) * read_all(const char *pem, size_t len)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	BIO *from = BIO_new_mem_buf(pem, (int)len);

	for (X509 *x509; (x509 = PEM_read_bio_X509(from, NULL, NULL, NULL));)
		sk_X509_push(all, x509);
	BIO_free(from);
	ERR_clear_error();
	return all;
}

struct judged {
	STACK_OF(X509) * chain, *anchors;
	int purpose;
	const char *host;
	unsigned long flags;
};

static int verify(const struct judged *judged, int64_t at, const char *what, struct err *err)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	int code = X509_V_ERR_UNSPECIFIED;

	if (sk_X509_num(judged->chain) > 0 &&
	    X509_STORE_CTX_init(
	        context, NULL, sk_X509_value(judged->chain, 0), judged->chain) == 1) {
		X509_STORE_CTX_set0_trusted_stack(context, judged->anchors);
		X509_STORE_CTX_set_purpose(context, judged->purpose);
		param = X509_STORE_CTX_get0_param(context);
		X509_VERIFY_PARAM_set_time(param, (time_t)at);
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | judged->flags);
		if (judged->host)
			X509_VERIFY_PARAM_set1_host(param, judged->host, 0);
		(void)X509_verify_cert(context);
		code = X509_STORE_CTX_get_error(context);
	}
	X509_STORE_CTX_free(context);
	ERR_clear_error();
	return code == X509_V_OK ? 0
	                         : err_set(err, ERR_FAILED, "%s does not verify: %s", what,
	                               X509_verify_cert_error_string(code));
}

int meeting_verify(const struct meeting *meeting, int64_t at, struct err *err)
{
	STACK_AUTO served = read_all(meeting->server->chain, meeting->server->chain_len);
	STACK_AUTO let_in = read_all(meeting->server->ca, meeting->server->ca_len);
	STACK_AUTO shown = read_all(buf_text(meeting->certificate), meeting->certificate->len);
	STACK_AUTO trusted = read_all(buf_text(meeting->ca), meeting->ca->len);
	/* OpenSSL wants a root, Go takes any certificate of its file for an anchor */
	const struct judged server = { served, trusted, X509_PURPOSE_SSL_SERVER, name, 0 };
	const struct judged client = { shown, let_in, X509_PURPOSE_SSL_CLIENT, NULL,
		X509_V_FLAG_PARTIAL_CHAIN };

	if (verify(&server, at, "the server's certificate", err) < 0)
		return -1;
	return meeting->server->tls_mode == 2
	           ? verify(&client, at, "the client's certificate", err)
	           : 0;
}
