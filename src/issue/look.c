// SPDX-License-Identifier: Apache-2.0
#include "look.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mica/probe.h>

enum { INTRUDER_MS = 3000, LEAST_MS = 1000 };

int64_t look_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In two-way mode a probe is a client: the first one whose key was delivered here. */
static void find_client(const struct issue *issue, size_t deployment, struct client_files *ret)
{
	for (size_t i = 0; !ret->found && i < issue->n_places; i++) {
		const struct place *place = &issue->places[i];
		struct err ignored = ERR_INIT; /* another client may do */

		if (place->deployment != deployment ||
		    strcmp(place->cert_name, "client.pem") != 0)
			continue;
		buf_reset(&ret->certificate);
		buf_reset(&ret->key);
		ret->found = outdir_read(place->dir, place->cert_name, &ret->certificate,
		                 &ignored) == 0 &&
		             outdir_read(place->dir, place->key_name, &ret->key, &ignored) == 0;
	}
}

void look_begin(struct look *look, struct issue *issue, const struct inv_deployment *deployment,
    const struct buf *certificate)
{
	const size_t index = (size_t)(deployment - issue->inventory->deployments);
	size_t place = issue->first_place[deployment->server];

	*look = (struct look){
		.issue = issue,
		.deployment = deployment,
		.certificate = certificate,
		.ca_pem = issue_ca_file(issue, &issue->places[place]),
		.endpoints = mem_array(deployment->n_endpoints, sizeof(*look->endpoints)),
	};
	look_forget(look);
	if (deployment->tls_mode == 2)
		find_client(issue, index, &look->client);
}

void look_clear(struct look *look)
{
	for (size_t i = 0; look->endpoints && i < look->deployment->n_endpoints; i++)
		free(look->endpoints[i].text);
	free(look->endpoints);
	buf_clear(&look->client.certificate);
	buf_clear(&look->client.key);
}

/* --- one endpoint ----------------------------------------------------------------------- */

static void blame(struct seen *seen, enum look_fault fault, const char *rule, const char *hint)
{
	seen->fault = fault;
	seen->rule = rule;
	seen->hint = hint;
}

static bool lets_in(struct look *look, const struct probe_params *params,
    enum probe_intruder intruder, struct seen *seen)
{
	struct probe_params trial = *params;
	enum probe_verdict verdict = PROBE_UNCLEAR;
	struct err ignored = ERR_INIT; /* no trial is no proof */
	BUF_AUTO said = BUF_INIT;

	if (trial.timeout_ms > INTRUDER_MS)
		trial.timeout_ms = INTRUDER_MS;
	if (probe_intrude(&trial, intruder, &verdict, &said, &ignored) < 0 ||
	    verdict != PROBE_LET_IN)
		return false;
	blame(seen, LOOK_OPEN, "lets-in",
	    "is it the Milvus with the delivered configuration? see tlsMode there");
	seen->text = mem_printf("lets in %s, which 'tls-mode: %d' forbids: it %s",
	    probe_intruder_name(intruder), look->deployment->tls_mode, buf_text(&said));
	return true;
}

/* Who presents the certificate may still let in others than those it should. */
static void judge_refusals(
    struct look *look, const struct probe_params *params, struct seen *seen)
{
	static const enum probe_intruder intruders[] = { PROBE_PLAINTEXT, PROBE_NO_CERTIFICATE,
		PROBE_OTHER_CA };
	const size_t n = look->deployment->tls_mode == 2 ? mem_count(intruders) : 1;

	for (size_t i = 0; i < n; i++) {
		if (lets_in(look, params, intruders[i], seen))
			return;
	}
	blame(seen, LOOK_GOOD, NULL, NULL);
}

/* Whether it has read the ca.pem that was delivered, where it says. */
static bool trust_is_good(
    const struct look *look, const struct probe_result *result, struct seen *seen)
{
	enum probe_trust trust = PROBE_TRUST_UNTOLD;
	struct err err = ERR_INIT;

	if (look->deployment->tls_mode != 2)
		return true;
	if (probe_trust(result, look->ca_pem, &trust, &err) == 0 &&
	    trust != PROBE_TRUST_OTHER) {
		seen->told_trust = trust == PROBE_TRUST_SAME;
		return true;
	}
	blame(seen, LOOK_TRUST, "not-served", NULL);
	seen->text =
	    mem_printf("lets in the clients of another ca.pem than the one delivered to '%s'",
	        look->deployment->name);
	return false;
}

/* A two-way server refuses a probe that has no client's key to show, and is seen all the same.
 */
static bool is_seen(
    const struct look *look, const struct probe_result *result, enum err_kind fault)
{
	const bool content = fault == ERR_NONE;
	const bool blind = look->deployment->tls_mode == 2 && !look->client.found;

	return content || (result->certificate.len > 0 && (fault == ERR_REFUSED || blind));
}

static void look_at(struct look *look, const char *endpoint, int timeout_ms, struct seen *seen)
{
	MICA_AUTO(probe_result_clear) struct probe_result result = { .certificate = BUF_INIT };
	struct err err = ERR_INIT;
	const struct probe_params params = {
		.endpoint = endpoint,
		.server_name = look->deployment->sni,
		.ca_pem = &look->issue->trusted,
		.cert_pem = look->client.found ? &look->client.certificate : NULL,
		.key_pem = look->client.found ? &look->client.key : NULL,
		.timeout_ms = timeout_ms,
		.now = look->issue->ambient.now,
	};

	(void)!probe_endpoint(&params, &result, &err);
	free(seen->text);
	*seen = (struct seen){ .text = NULL };
	if (result.certificate.len > 0 &&
	    !buf_same(&result.certificate, look->certificate->data, look->certificate->len)) {
		blame(seen, LOOK_OTHER, "not-served", NULL);
		seen->text =
		    mem_printf("presents another certificate than the one delivered to '%s'",
		        look->deployment->name);
	} else if (!is_seen(look, &result, err.kind)) {
		if (result.certificate.len > 0)
			blame(seen, LOOK_CLOSED, "not-served", NULL);
		else
			blame(seen, LOOK_GONE, "not-served", "is Milvus running there?");
		seen->text = mem_strdup(err.text);
	} else if (trust_is_good(look, &result, seen)) {
		judge_refusals(look, &params, seen);
	}
}

/* --- all of them ------------------------------------------------------------------------ */

static int time_for(int64_t deadline)
{
	int64_t left = deadline - look_now();

	if (left < LEAST_MS)
		return LEAST_MS;
	return left < LOOK_MS ? (int)left : LOOK_MS;
}

void look_again(struct look *look, int64_t deadline)
{
	for (size_t i = 0; i < look->deployment->n_endpoints; i++) {
		struct seen *seen = &look->endpoints[i];

		if (seen->fault == LOOK_GOOD || (seen->text && look_now() >= deadline))
			continue;
		look_at(look, look->deployment->endpoints[i], time_for(deadline), seen);
	}
}

void look_forget(struct look *look)
{
	for (size_t i = 0; i < look->deployment->n_endpoints; i++) {
		free(look->endpoints[i].text);
		look->endpoints[i] = (struct seen){ .fault = LOOK_GONE };
	}
}

enum look_fault look_worst(const struct look *look)
{
	enum look_fault worst = LOOK_GOOD;

	for (size_t i = 0; i < look->deployment->n_endpoints; i++) {
		if (look->endpoints[i].fault > worst)
			worst = look->endpoints[i].fault;
	}
	return worst;
}

bool look_shows_trust(const struct look *look)
{
	for (size_t i = 0; i < look->deployment->n_endpoints; i++) {
		if (look->endpoints[i].fault != LOOK_GOOD || !look->endpoints[i].told_trust)
			return false;
	}
	return true;
}

void look_tell(const struct look *look, const char *stale)
{
	for (size_t i = 0; i < look->deployment->n_endpoints; i++) {
		const struct seen *seen = &look->endpoints[i];
		const struct mark where = { look->deployment->endpoints[i], 0, 0 };

		if (seen->fault != LOOK_GOOD)
			findings_add(look->issue->findings, FINDING_WARNING, seen->rule, &where,
			    seen->hint ? seen->hint : stale, "%s", seen->text);
	}
}
