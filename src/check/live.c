// SPDX-License-Identifier: Apache-2.0
/* Rules on what endpoints do: what they serve, and whom they refuse. */
#include "world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/clock.h>
#include <mica/file.h>
#include <mica/probe.h>

enum { PROBE_MS = 5000 };

static const char METRICS_PORT[] = "9091";

struct live {
	struct world *world;
	const char *endpoint;
	struct mark where;
	int tls_mode;                       /* that it should have; -1: not known */
	const struct certificates *server;  /* NULL: not known */
	const struct certificates *trusted; /* NULL: nothing to verify by */
	struct buf certificate, key;        /* of a client, to be shown */
};

static void live_clear(struct live *live)
{
	buf_clear(&live->certificate);
	buf_clear(&live->key);
}

static char *host_of(const char *endpoint)
{
	const char *colon = strrchr(endpoint, ':');
	size_t len = colon ? (size_t)(colon - endpoint) : strlen(endpoint);

	if (len >= 2 && endpoint[0] == '[' && endpoint[len - 1] == ']')
		return mem_dup(endpoint + 1, len - 2);
	return mem_dup(endpoint, len);
}

static bool is_loopback(const char *host)
{
	unsigned char ip[16];

	if (inet_pton(AF_INET, host, ip) == 1)
		return ip[0] == 127;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

static struct probe_params params_of(const struct live *live, enum probe_offer offer)
{
	return (struct probe_params){
		.endpoint = live->endpoint,
		.server_name = live->world->target->sni,
		.cert_pem = live->certificate.len > 0 ? &live->certificate : NULL,
		.key_pem = live->certificate.len > 0 ? &live->key : NULL,
		.timeout_ms = PROBE_MS,
		.now = live->world->target->now,
		.offer = offer,
	};
}

/* --- what is served -------------------------------------------------------------- */

static void judge_differs(const struct live *live, const struct inspected *served)
{
	const struct buf *delivered = live->world->target->delivered;

	if (!delivered && live->server)
		delivered = &live->server->items[0].der;
	if (delivered && !buf_same(&served->der, delivered->data, delivered->len))
		check_say(live->world->findings, CHECK_SERVED_DIFFERS, &live->where,
		    "it serves another certificate than the one that lies there%s%s",
		    live->server ? ": " : "", live->server ? live->server->path : "");
}

static void judge_served_times(const struct live *live, const struct inspected *served)
{
	char date[CLOCK_TEXT];

	if (served->not_after <= live->world->target->now)
		check_say(live->world->findings, CHECK_EXPIRED, &live->where,
		    "the certificate that it serves expired on %s",
		    clock_date(served->not_after, date));
}

/* Whether clients would take it. chain: what came behind the leaf */
static void judge_verified(
    const struct live *live, const struct inspected *served, struct inspect_set chain)
{
	MICA_FREE char *host = host_of(live->endpoint);
	const char *name = live->world->target->sni ? live->world->target->sni : host;
	struct findings *findings = live->world->findings;
	struct err err = ERR_INIT;

	if (!live->trusted)
		return;
	if (inspect_path(served, chain,
	        (struct inspect_set){ live->trusted->items, live->trusted->n }, &err) < 0)
		check_say(findings, CHECK_SERVED_UNVERIFIED, &live->where,
		    "what it serves does not verify by '%s': %s", live->trusted->path,
		    err.text);
	if (!inspected_holds(served, name))
		check_say(findings, CHECK_SERVED_UNVERIFIED, &live->where,
		    "the certificate that it serves does not hold the name '%s'", name);
}

static void judge_served(const struct live *live, const struct probe_result *result)
{
	struct inspected *served = NULL;
	struct inspected *chain = mem_array(result->n_chain + 1, sizeof(*chain));
	struct err ignored = ERR_INIT; /* what OpenSSL took for a certificate is one */
	size_t n = 0;

	for (size_t i = 0; i < result->n_chain; i++) {
		struct inspected *one = NULL;

		if (inspect_der(&result->chain[i], &one, &ignored) < 0)
			continue;
		chain[n++] = *one;
		free(one);
	}
	if (inspect_der(&result->certificate, &served, &ignored) == 0) {
		judge_differs(live, served);
		judge_served_times(live, served);
		judge_verified(live, served, (struct inspect_set){ chain, n });
		inspected_free(served, 1);
	}
	inspected_free(chain, n);
}

/* --- who is let in --------------------------------------------------------------- */

static bool lets_in(const struct live *live, enum probe_intruder intruder, struct buf *ret_said)
{
	const struct probe_params params = params_of(live, PROBE_OFFER_USUAL);
	enum probe_verdict verdict = PROBE_UNCLEAR;
	struct err ignored = ERR_INIT;

	return probe_intrude(&params, intruder, &verdict, ret_said, &ignored) == 0 &&
	       verdict == PROBE_LET_IN;
}

static void judge_old_version(const struct live *live)
{
	MICA_AUTO(probe_result_clear) struct probe_result result = { .certificate = BUF_INIT };
	const struct probe_params params = params_of(live, PROBE_OFFER_1_1);
	struct err ignored = ERR_INIT;

	(void)!probe_endpoint(&params, &result, &ignored);
	if (result.certificate.len > 0)
		check_say(live->world->findings, CHECK_SERVED_VERSION, &live->where,
		    "it takes TLS 1.1");
}

static void judge_refusals(const struct live *live)
{
	static const enum probe_intruder intruders[] = { PROBE_NO_CERTIFICATE, PROBE_OTHER_CA };

	for (size_t i = 0; live->tls_mode == 2 && i < mem_count(intruders); i++) {
		BUF_AUTO said = BUF_INIT;

		if (lets_in(live, intruders[i], &said))
			check_say(live->world->findings, CHECK_SERVED_OPEN, &live->where,
			    "it lets in %s: it %s", probe_intruder_name(intruders[i]),
			    buf_text(&said));
	}
}

/* What the server says of whose clients it takes, held against the file that lies there. */
static void judge_accepted(const struct live *live, const struct probe_result *result)
{
	const struct certificates *ca = live->world->ca;
	enum probe_trust trust = PROBE_TRUST_UNTOLD;
	BUF_AUTO pem = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (live->tls_mode != 2 || !ca ||
	    file_read(AT_FDCWD, ca->path, FILE_MAX_TEXT, &pem, &ignored) < 0 ||
	    probe_trust(result, &pem, &trust, &ignored) < 0)
		return;
	if (trust == PROBE_TRUST_OTHER)
		check_say(live->world->findings, CHECK_SERVED_DIFFERS, &live->where,
		    "it takes clients of other CAs than '%s' holds", ca->path);
}

/* --- one endpoint ---------------------------------------------------------------- */

enum asked { ASKED_FOR, GUESSED }; /* a guessed endpoint need not be there */

static void judge_endpoint(const struct live *live, enum check_id plaintext, enum asked asked)
{
	MICA_AUTO(probe_result_clear) struct probe_result result = { .certificate = BUF_INIT };
	const struct probe_params params = params_of(live, PROBE_OFFER_USUAL);
	struct findings *findings = live->world->findings;
	BUF_AUTO said = BUF_INIT;
	struct err err = ERR_INIT;
	const bool good = probe_endpoint(&params, &result, &err) == 0;

	if (lets_in(live, PROBE_PLAINTEXT, &said)) {
		check_say(findings, plaintext, &live->where, "it talks without TLS: it %s",
		    buf_text(&said));
		return;
	}
	if (!good && result.certificate.len == 0) {
		if (asked == ASKED_FOR)
			check_say(findings, CHECK_UNREACHABLE, &live->where, "%s", err.text);
		return;
	}
	judge_served(live, &result);
	judge_accepted(live, &result);
	if (!good && result.turned_away && live->certificate.len > 0)
		check_say(findings, CHECK_CLIENT_REFUSED, &live->where, "%s", err.text);
	judge_old_version(live);
	judge_refusals(live);
}

static void judge_metrics(const struct live *live, const char *given)
{
	MICA_FREE char *host = host_of(given ? given : live->endpoint);
	MICA_FREE char *guess =
	    mem_printf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, METRICS_PORT);
	const char *endpoint = given ? given : guess;
	const struct live port = {
		.world = live->world, .endpoint = endpoint, .where = { endpoint, 0, 0 }
	};
	BUF_AUTO said = BUF_INIT;

	if (!is_loopback(host) && lets_in(&port, PROBE_PLAINTEXT, &said))
		check_say(live->world->findings, CHECK_METRICS_OPEN, &port.where,
		    "it answers here, where other machines reach it");
}

/* The first client that has a certificate is the one that the probes are. */
static void find_client(struct live *live)
{
	const struct check_target *target = live->world->target;

	for (size_t i = 0; i < target->n_clients && live->certificate.len == 0; i++) {
		const struct check_client *client = &target->clients[i];
		struct err ignored = ERR_INIT; /* told where the client is judged */

		if (!client->client_pem_path || !client->client_key_path)
			continue;
		if (file_read(AT_FDCWD, client->client_pem_path, FILE_MAX_TEXT,
		        &live->certificate, &ignored) < 0 ||
		    file_read(AT_FDCWD, client->client_key_path, FILE_MAX_TEXT, &live->key,
		        &ignored) < 0)
			buf_reset(&live->certificate);
	}
}

/* What clients trust: --ca, or what the configuration has. */
static const struct certificates *find_trust(struct world *world)
{
	NAMED_AUTO named = { .what = "--ca", .sure = true };

	if (!world->target->ca)
		return world->ca;
	named.path = mem_strdup(world->target->ca);
	return world_certificates(world, &named, ROLE_TRUST);
}

void world_judge_endpoints(struct world *world, const struct certificates *server)
{
	const struct check_target *target = world->target;
	MICA_AUTO(live_clear)
	struct live live = { .world = world, .server = server, .trusted = find_trust(world) };

	live.tls_mode = target->base == CHECK_BASE_NONE
	                    ? -1
	                    : (int)config_number(world->config, "common.security.tlsMode", 0);
	find_client(&live);
	for (size_t i = 0; live.tls_mode != 0 && i < target->n_endpoints; i++) {
		live.endpoint = target->endpoints[i];
		live.where = (struct mark){ live.endpoint, 0, 0 };
		judge_endpoint(&live, CHECK_SERVED_PLAINTEXT, ASKED_FOR);
		if (!target->metrics)
			judge_metrics(&live, NULL);
	}
	if (target->metrics)
		judge_metrics(&live, target->metrics);
	if (live.tls_mode == 0 || !target->rest)
		return;
	live.endpoint = target->rest;
	live.where = (struct mark){ live.endpoint, 0, 0 };
	judge_endpoint(&live, CHECK_REST_PLAINTEXT, target->rest_guessed ? GUESSED : ASKED_FOR);
}
