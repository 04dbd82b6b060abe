// SPDX-License-Identifier: Apache-2.0
/* What mica itself made, judged as anybody's deployment is; and held against the ledger. */
#include <mica/issue_check.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/check_rules.h>
#include <mica/file.h>

#include "issue_private.h"

/* One deployment's part of a check_target, and what it borrows. */
struct subject {
	struct issue *issue;
	const struct inv_deployment *deployment;
	struct check_target target;
	struct check_text text;
	char *file;
	struct check_mount mount;
	struct check_client *clients;
	size_t n_clients;
	char *ca, *rest;
};

static void subject_clear(struct subject *subject)
{
	for (size_t i = 0; i < subject->n_clients; i++)
		check_client_clear(&subject->clients[i]);
	free(subject->clients);
	buf_clear(&subject->text.text);
	free(subject->file);
	free(subject->mount.inside);
	free(subject->mount.here);
	free(subject->ca);
	free(subject->rest);
}

/* --- what lies there ------------------------------------------------------------- */

static const char *config_name(const struct inv_deployment *deployment)
{
	if (deployment->kind == DEPLOY_HELM)
		return "values.yaml";
	if (deployment->kind == DEPLOY_OPERATOR && deployment->kubernetes.patch)
		return "milvus.patch.yaml";
	if (deployment->kind == DEPLOY_OPERATOR || deployment->milvus_yaml)
		return "milvus.yaml";
	return "user.yaml";
}

static void add_config(struct subject *subject)
{
	const struct inv_deployment *deployment = subject->deployment;
	struct check_target *target = &subject->target;
	struct err ignored = ERR_INIT; /* that it is not there is told of the outlet */

	subject->file = file_join(deployment->out, config_name(deployment));
	subject->text.file = subject->file;
	if (file_read(AT_FDCWD, subject->file, FILE_MAX_TEXT, &subject->text.text, &ignored) <
	    0) {
		target->base = CHECK_BASE_NONE;
	} else if (deployment->kind == DEPLOY_HELM) {
		target->helm = &subject->text;
	} else if (deployment->kind == DEPLOY_OPERATOR) {
		target->operator= & subject->text;
	} else if (deployment->milvus_yaml) {
		target->base = CHECK_BASE_WHOLE;
		target->texts = &subject->text;
		target->n_texts = 1;
	} else {
		target->user = &subject->text;
	}
}

static void add_client(struct subject *subject, const struct inv_certificate *entry)
{
	const char *out = subject->deployment->out;
	struct check_client *client = &subject->clients[subject->n_clients];

	if (entry->csr) /* its key is not here: nothing to hold its certificate against */
		return;
	*client = (struct check_client){
		.name = mem_printf("%s/clients/%s", out, entry->name),
		.client_pem_path = mem_printf("%s/clients/%s/client.pem", out, entry->name),
		.client_key_path = mem_printf("%s/clients/%s/client.key", out, entry->name),
		.ca_pem_path = mem_printf("%s/clients/%s/ca.pem", out, entry->name),
		.server_name = mem_strdup(subject->deployment->sni),
	};
	subject->n_clients++;
}

static void add_clients(struct subject *subject)
{
	const struct inv_deployment *deployment = subject->deployment;

	subject->clients = mem_array(deployment->n_clients + 1, sizeof(*subject->clients));
	for (size_t i = 0; i < deployment->n_clients; i++)
		add_client(
		    subject, &subject->issue->inventory->certificates[deployment->clients[i]]);
	subject->target.clients = subject->clients;
	subject->target.n_clients = subject->n_clients;
}

static void add_endpoints(struct subject *subject)
{
	const struct inv_deployment *deployment = subject->deployment;
	struct check_target *target = &subject->target;
	const char *colon;

	target->endpoints = deployment->endpoints;
	target->n_endpoints = deployment->n_endpoints;
	target->sni = deployment->sni;
	if (deployment->n_endpoints == 0 || deployment->rest_port == 0)
		return;
	colon = strrchr(deployment->endpoints[0], ':');
	subject->rest = mem_printf("%.*s:%d", (int)(colon - deployment->endpoints[0]),
	    deployment->endpoints[0], deployment->rest_port);
	target->rest = subject->rest;
	target->rest_guessed = true;
}

static int judge_deployment(struct issue *issue, const struct inv_deployment *deployment,
    const struct issue_plan_options *options, struct findings *findings, struct err *err)
{
	const struct record *server = &issue->current[deployment->server];
	MICA_AUTO(subject_clear)
	struct subject subject = {
		.issue = issue,
		.deployment = deployment,
		.target = {
		    .version = deployment->version,
		    .base = CHECK_BASE_IMAGE,
		    .n_mounts = 1,
		    .delivered = server->certificate.len > 0 ? &server->certificate : NULL,
		    .now = options->at ? options->at : issue->ambient.now,
		    .ahead = options->ahead ? options->ahead : 1, /* the plan tells of the rest */
		},
	};

	add_config(&subject);
	subject.mount.inside = mem_strdup(deployment->mount);
	subject.mount.here = mem_printf("%s/tls", deployment->out);
	subject.target.mounts = &subject.mount;
	/* what else Milvus is told of, of etcd say, is not mica's, and lies in its container */
	subject.target.mounted_only = deployment->kind != DEPLOY_FILES;
	subject.ca = mem_printf("%s/tls/%s", deployment->out,
	    inventory_has_trust_file(issue->inventory) ? "trust.pem" : "ca.pem");
	subject.target.ca = subject.ca;
	add_clients(&subject);
	add_endpoints(&subject);
	return check_target(&subject.target, findings, err);
}

/* --- what the ledger says -------------------------------------------------------- */

static void judge_ledger(struct issue *issue, struct findings *findings)
{
	const struct mark where = { issue->inventory->state_dir, 0, 0 };
	struct err err = ERR_INIT;

	if (issue->ledger && ledger_verify(issue->ledger, &err) < 0)
		check_say(findings, CHECK_LEDGER, &where, "%s", err.text);
}

static void judge_plan(
    const struct issue *issue, const struct plan *plan, struct findings *findings)
{
	const char *const *paths = NULL;
	const size_t n = issue_outlet_changes(issue, &paths);

	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_item *item = &plan->items[i];
		const struct mark where = { item->entry, 0, 0 };

		if (item->action == PLAN_ROTATE)
			check_say(findings, CHECK_EXPIRES_SOON, &where, "%s", item->why);
		else if (item->action != PLAN_KEEP)
			check_say(findings, CHECK_NOT_DELIVERED, &where, "%s", item->why);
	}
	for (size_t i = 0; i < n; i++) {
		const struct mark where = { paths[i], 0, 0 };

		check_say(findings, CHECK_OUTLET_DIFFERS, &where,
		    "it is missing, or not what mica would write");
	}
}

static void judge_crl(
    const struct issue *issue, const struct plan *plan, struct findings *findings)
{
	MICA_FREE char *place = mem_printf(
	    "%s/%s.crl", issue->inventory->state_dir, inventory_issuer(issue->inventory)->name);
	const struct mark where = { place, 0, 0 };

	if (plan->crl.is_due)
		check_say(findings, CHECK_CRL_DUE, &where, "%s", plan->crl.why);
}

static int judge_restarts(
    struct issue *issue, const char *only, struct findings *findings, struct err *err)
{
	MICA_AUTO(restarts_clear) struct restarts restarts = { NULL, 0 };

	if (issue_restarts(issue, RESTARTS_OWED, &restarts, err) < 0)
		return -1;
	for (size_t i = 0; i < restarts.n; i++) {
		const struct restart_row *row = &restarts.rows[i];
		const struct mark where = { row->deployment, 0, 0 };
		char date[CLOCK_TEXT];

		if (!only || strcmp(only, row->deployment) == 0)
			check_say(findings, CHECK_RESTART_OWED, &where,
			    "a restart is owed since %s: %s", clock_date(row->since, date),
			    row->why);
	}
	return 0;
}

int issue_check(struct issue *issue, const struct issue_plan_options *options,
    struct findings *findings, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	const struct plan *plan = NULL;

	judge_ledger(issue, findings);
	if (issue_plan(issue, options, &plan, err) < 0)
		return -1;
	judge_plan(issue, plan, findings);
	judge_crl(issue, plan, findings);
	if (judge_restarts(issue, options->only, findings, err) < 0)
		return -1;
	for (size_t i = 0; i < inventory->n_deployments; i++) {
		const struct inv_deployment *deployment = &inventory->deployments[i];

		if (options->only && strcmp(options->only, deployment->name) != 0)
			continue;
		if (judge_deployment(issue, deployment, options, findings, err) < 0)
			return -1;
	}
	return 0;
}
