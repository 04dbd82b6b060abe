// SPDX-License-Identifier: Apache-2.0
#include <mica/probe.h>

#include <string.h>

#include "reach.h"
#include "stranger.h"

/* What came of a trial, in words. */
struct said {
	enum probe_verdict verdict;
	struct buf text;
};

static void said_clear(struct said *said)
{
	buf_clear(&said->text);
}

const char *probe_intruder_name(enum probe_intruder intruder)
{
	static const char *const names[] = {
		[PROBE_PLAINTEXT] = "a client without TLS",
		[PROBE_NO_CERTIFICATE] = "a client without a certificate",
		[PROBE_OTHER_CA] = "a client of another CA",
	};

	return names[intruder];
}

static void say(struct said *said, enum probe_verdict verdict, const char *text)
{
	said->verdict = verdict;
	buf_addstr(&said->text, text);
}

/* --- without TLS ----------------------------------------------------------------- */

/* HTTP/2's preface with an empty SETTINGS frame (RFC 9113 3.4): a gRPC server without TLS
 * answers with its own, a REST server with an error of HTTP/1.1, a TLS server with an alert, or
 * not at all. */
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0";

enum { FRAME_HEADER = 9, FRAME_SETTINGS = 4, TLS_ALERT = 21, MOST_ANSWER = 512 };
enum { PAUSE_MS = 500 }; /* in an answer that has begun */

static bool is_settings(const struct buf *answer)
{
	return answer->len >= FRAME_HEADER && answer->data[0] == 0 &&
	       answer->data[3] == FRAME_SETTINGS && memcmp(answer->data + 5, "\0\0\0", 4) == 0;
}

static void judge_plaintext(const struct buf *answer, struct said *said)
{
	if (answer->len == 0)
		say(said, PROBE_REFUSED, "closed the connection");
	else if (answer->data[0] == TLS_ALERT)
		say(said, PROBE_REFUSED, "answered with an alert of TLS");
	else if (is_settings(answer))
		say(said, PROBE_LET_IN, "answered with HTTP/2");
	else if (strncmp(buf_text(answer), "HTTP/", 5) != 0)
		say(said, PROBE_UNCLEAR, "answered with something else than HTTP");
	/* as Go and nginx say it, in plaintext, at a port for TLS */
	else if (strncmp(buf_text(answer) + 8, " 400", 4) == 0 &&
	         strstr(buf_text(answer), "HTTPS"))
		say(said, PROBE_REFUSED, "answered that it wants HTTPS");
	else
		say(said, PROBE_LET_IN, "answered with HTTP");
}

/* Until the connection is closed, there is enough to judge, or nothing more comes. */
static int read_answer(struct reach *reach, struct buf *answer, struct err *err)
{
	char bytes[MOST_ANSWER];

	while (answer->len < MOST_ANSWER && !is_settings(answer)) {
		int left = reach_left(reach);
		int wait_ms = answer->len > 0 && left > PAUSE_MS ? PAUSE_MS : left;
		int n = reach_receive(reach, bytes, sizeof(bytes), wait_ms, err);

		if (n < 0 && answer->len > 0 && err->kind == ERR_TIMEOUT)
			return 0;
		if (n <= 0)
			return n;
		buf_add(answer, bytes, (size_t)n);
	}
	return 0;
}

static void without_tls(const struct probe_params *params, struct said *said)
{
	REACH_AUTO reach = { .fd = -1 };
	BUF_AUTO answer = BUF_INIT;
	struct err err = ERR_INIT;

	if (reach_open(params->endpoint, params->timeout_ms, &reach, &err) < 0 ||
	    reach_send(&reach, preface, sizeof(preface), &err) < 0 ||
	    read_answer(&reach, &answer, &err) < 0)
		say(said, PROBE_UNCLEAR, err.text);
	else
		judge_plaintext(&answer, said);
}

/* --- with TLS -------------------------------------------------------------------- */

static void with_tls(const struct probe_params *params, struct said *said)
{
	MICA_AUTO(probe_result_clear) struct probe_result result = { .certificate = BUF_INIT };
	struct err err = ERR_INIT;

	if (probe_endpoint(params, &result, &err) == 0)
		say(said, PROBE_LET_IN, "was content");
	else
		say(said, result.turned_away ? PROBE_REFUSED : PROBE_UNCLEAR, err.text);
}

static int as_stranger(struct probe_params params, struct said *said, struct err *err)
{
	BUF_AUTO cert_pem = BUF_INIT;
	BUF_AUTO key_pem = BUF_INIT;

	if (stranger_make(params.now, &cert_pem, &key_pem, err) < 0)
		return -1;
	params.cert_pem = &cert_pem;
	params.key_pem = &key_pem;
	with_tls(&params, said);
	return 0;
}

int probe_intrude(const struct probe_params *params, enum probe_intruder intruder,
    enum probe_verdict *ret, struct buf *ret_said, struct err *err)
{
	MICA_AUTO(said_clear) struct said said = { PROBE_UNCLEAR, BUF_INIT };
	const struct probe_params bare = {
		.endpoint = params->endpoint,
		.server_name = params->server_name,
		.timeout_ms = params->timeout_ms,
		.now = params->now,
	};

	switch (intruder) {
	case PROBE_PLAINTEXT:
		without_tls(&bare, &said);
		break;
	case PROBE_NO_CERTIFICATE:
		with_tls(&bare, &said);
		break;
	case PROBE_OTHER_CA:
		if (as_stranger(bare, &said, err) < 0)
			return -1;
		break;
	}
	*ret = said.verdict;
	buf_add(ret_said, said.text.data, said.text.len);
	return 0;
}
