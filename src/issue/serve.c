// SPDX-License-Identifier: Apache-2.0
/* Step 8 of the gate: what the running Milvus presents is probed, never assumed. */
#include "issue_private.h"

#include <inttypes.h>
#include <stdlib.h>
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
		.ca_pem = &issue->trusted,
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

/* What was seen of a deployment is noted under its name: the record that all of its endpoints
 * presented, and which endpoints these were. A new record, another endpoint: probed again. */
static char *note_name(const struct inv_deployment *deployment)
{
	return mem_printf("served:%s", deployment->name);
}

static void note_text(
    const struct inv_deployment *deployment, const struct record *record, struct buf *ret)
{
	buf_printf(ret, "%" PRId64 "\n", record->seq);
	for (size_t i = 0; i < deployment->n_endpoints; i++)
		buf_printf(ret, "%s\n", deployment->endpoints[i]);
}

/* One deployment that has endpoints, and the record of its server that should be seen there. */
struct watched {
	const struct inv_deployment *deployment;
	struct record record;
	struct buf note;
	bool seen;
};

static void watched_free(struct watched *watched, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		record_clear(&watched[i].record);
		buf_clear(&watched[i].note);
	}
	free(watched);
}

static int watch(struct issue *issue, const struct inv_deployment *deployment,
    struct watched *ret, struct err *err)
{
	const char *server = issue->inventory->certificates[deployment->server].name;
	MICA_FREE char *name = note_name(deployment);
	BUF_AUTO noted = BUF_INIT;
	bool found = false;

	ret->deployment = deployment;
	if (ledger_current(issue->ledger, RECORD_SERVER, server, &ret->record, err) < 0 ||
	    ledger_noted(issue->ledger, name, &noted, &found, err) < 0)
		return -1;
	note_text(deployment, &ret->record, &ret->note);
	ret->seen = found && buf_same(&noted, ret->note.data, ret->note.len);
	return 0;
}

/* Those whose server has a certificate: with --only, another one may have none yet. */
static int watch_all(struct issue *issue, struct watched **ret, size_t *ret_n, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	struct watched *all = mem_array(inventory->n_deployments, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < inventory->n_deployments; i++) {
		if (inventory->deployments[i].n_endpoints == 0)
			continue;
		if (watch(issue, &inventory->deployments[i], &all[n], err) == 0) {
			n++;
		} else if (err->kind != ERR_NOT_FOUND) {
			watched_free(all, n + 1);
			return -1;
		}
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

static int probe_deployment(struct issue *issue, struct watched *watched, struct err *err)
{
	const struct inv_deployment *deployment = watched->deployment;
	MICA_AUTO(client_files_clear) struct client_files client = { 0 };
	MICA_FREE char *name = note_name(deployment);
	bool served = true;

	find_client(issue, (size_t)(deployment - issue->inventory->deployments), &client);
	for (size_t k = 0; k < deployment->n_endpoints; k++)
		served &= presents(issue, deployment, deployment->endpoints[k], &client,
		    &watched->record.certificate);
	watched->seen = served;
	return served ? ledger_note(issue->ledger, name, &watched->note, err) : 0;
}

/* Served is what every endpoint of every deployment that uses it presents. */
static bool seen_everywhere(const struct watched *all, size_t n, int64_t seq)
{
	for (size_t i = 0; i < n; i++) {
		if (all[i].record.seq == seq && !all[i].seen)
			return false;
	}
	return true;
}

static int record_served(
    struct issue *issue, const struct watched *all, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct record *record = &all[i].record;

		if (record->state == RECORD_SERVED || !seen_everywhere(all, n, record->seq))
			continue;
		if (ledger_move(issue->ledger, &record->seq, 1, RECORD_SERVED, err) < 0)
			return -1;
	}
	return 0;
}

static int probe_all(
    struct issue *issue, struct watched *all, size_t n, bool *ret_served, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = all[i].deployment->name;

		if (all[i].seen || (issue->only && strcmp(issue->only, name) != 0))
			continue;
		if (probe_deployment(issue, &all[i], err) < 0)
			return -1;
		*ret_served &= all[i].seen;
	}
	return record_served(issue, all, n, err);
}

int issue_probe(struct issue *issue, struct err *err)
{
	struct watched *all = NULL;
	bool served = true;
	size_t n = 0;
	int status;

	if (watch_all(issue, &all, &n, err) < 0)
		return -1;
	status = probe_all(issue, all, n, &served, err);
	watched_free(all, n);
	if (status < 0 || served)
		return status;
	err_set(err, ERR_UNSERVED, "delivered, but not yet served");
	return err_hint(err, "restart Milvus, then: mica apply");
}
