// SPDX-License-Identifier: Apache-2.0
/* Step 8 of the gate: what the running Milvus presents is probed, never assumed. */
#include "issue_private.h"

#include <stdio.h>
#include <string.h>

#include <mica/certificate.h>
#include <mica/probe.h>

enum { PROBE_MS = 10000 };

struct client_files {
	struct buf certificate, key;
	bool found;
};

static void client_files_clear(struct client_files *files)
{
	buf_clear(&files->certificate);
	buf_clear(&files->key);
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

static bool presents(struct issue *issue, const struct inv_deployment *deployment,
    const char *endpoint, const struct client_files *client, const struct buf *der)
{
	MICA_AUTO(probe_result_clear) struct probe_result result = { 0 };
	struct err err = ERR_INIT;
	struct probe_params params = {
		.endpoint = endpoint,
		.server_name = deployment->sni,
		.ca_pem = &issue->ca_bundle,
		.cert_pem = client->found ? &client->certificate : NULL,
		.key_pem = client->found ? &client->key : NULL,
		.timeout_ms = PROBE_MS,
		.now = issue->ambient.now,
	};
	struct mark where = { endpoint, 0, 0 };

	/* a two-way server refuses a probe that has no client's key to show, and is seen */
	if (probe_endpoint(&params, &result, &err) < 0 &&
	    (result.certificate.len == 0 || (client->found && err.kind != ERR_REFUSED))) {
		findings_add(issue->findings, FINDING_WARNING, "not-served", &where, NULL, "%s",
		    err.text);
		return false;
	}
	if (buf_same(&result.certificate, der->data, der->len))
		return true;
	findings_add(issue->findings, FINDING_WARNING, "not-served", &where,
	    "Milvus reads its files once, at start: restart it",
	    "presents another certificate than the one delivered to '%s'", deployment->name);
	return false;
}

static int probe_deployment(struct issue *issue, size_t i, bool *ret_served, struct err *err)
{
	const struct inv_deployment *deployment = &issue->inventory->deployments[i];
	const struct inv_certificate *server =
	    &issue->inventory->certificates[deployment->server];
	MICA_AUTO(record_clear) struct record record = { 0 };
	MICA_AUTO(client_files_clear) struct client_files client = { 0 };
	bool served = true;

	if (deployment->n_endpoints == 0)
		return 0;
	if (ledger_current(issue->ledger, RECORD_SERVER, server->name, &record, err) < 0)
		return -1;
	if (record.state == RECORD_SERVED)
		return 0;
	find_client(issue, i, &client);
	for (size_t k = 0; k < deployment->n_endpoints; k++)
		served &= presents(
		    issue, deployment, deployment->endpoints[k], &client, &record.certificate);
	if (!served) {
		*ret_served = false;
		return 0;
	}
	return ledger_move(issue->ledger, &record.seq, 1, RECORD_SERVED, err);
}

int issue_probe(struct issue *issue, struct err *err)
{
	bool served = true;

	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		if (probe_deployment(issue, i, &served, err) < 0)
			return -1;
	}
	if (served)
		return 0;
	err_set(err, ERR_UNSERVED, "delivered, but not yet served");
	return err_hint(err, "restart Milvus, then: mica apply");
}
