// SPDX-License-Identifier: Apache-2.0
#include "issue_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <mica/csr.h>
#include <mica/file.h>

#include "anchor.h"
#include "cross.h"
#include "crl.h"

static void add_place(struct issue *issue, size_t deployment, size_t certificate)
{
	const struct inv_deployment *to = &issue->inventory->deployments[deployment];
	const struct inv_certificate *entry = &issue->inventory->certificates[certificate];
	struct place *place = &issue->places[issue->n_places];
	bool server = entry->profile == PROFILE_SERVER;

	*place = (struct place){
		.deployment = deployment,
		.certificate = certificate,
		.next = issue->first_place[certificate],
		.dir = server ? mem_printf("%s/tls", to->out)
		              : mem_printf("%s/clients/%s", to->out, entry->name),
		.cert_name = server ? "server.pem" : "client.pem",
		.key_name = server ? "server.key" : "client.key",
	};
	issue->first_place[certificate] = issue->n_places++;
}

static void add_places(struct issue *issue)
{
	const struct inventory *inventory = issue->inventory;
	size_t n = 0;

	for (size_t i = 0; i < inventory->n_deployments; i++)
		n += 1 + inventory->deployments[i].n_clients;
	issue->places = mem_array(n, sizeof(*issue->places));
	issue->owed_now = mem_array(inventory->n_deployments, sizeof(*issue->owed_now));
	issue->first_place = mem_array(inventory->n_certificates, sizeof(*issue->first_place));
	for (size_t i = 0; i < inventory->n_certificates; i++)
		issue->first_place[i] = NO_PLACE;
	for (size_t i = 0; i < inventory->n_deployments; i++) {
		const struct inv_deployment *deployment = &inventory->deployments[i];

		add_place(issue, i, deployment->server);
		for (size_t k = 0; k < deployment->n_clients; k++)
			add_place(issue, i, deployment->clients[k]);
	}
}

static void read_requests(struct issue *issue)
{
	const struct inventory *inventory = issue->inventory;

	issue->requests = mem_array(inventory->n_certificates, sizeof(*issue->requests));
	for (size_t i = 0; i < inventory->n_certificates; i++) {
		const struct inv_certificate *entry = &inventory->certificates[i];
		BUF_AUTO bytes = BUF_INIT;
		enum algorithm algorithm;
		struct err err = ERR_INIT;

		if (!entry->csr)
			continue;
		if (file_read(AT_FDCWD, entry->csr, FILE_MAX_TEXT, &bytes, &err) < 0 ||
		    csr_read(entry->csr, &bytes, &issue->requests[i], &algorithm, &err) < 0)
			issue_blame(issue, "csr", &entry->csr_mark, &err);
	}
}

static void read_trust(struct issue *issue)
{
	const struct inventory *inventory = issue->inventory;

	for (size_t i = 0; i < inventory->n_trust; i++) {
		BUF_AUTO bytes = BUF_INIT;
		struct err err = ERR_INIT;

		if (file_read(AT_FDCWD, inventory->trust[i], FILE_MAX_TEXT, &bytes, &err) < 0 ||
		    ca_read_bundle(inventory->trust[i], &bytes, &issue->trust, &err) < 0)
			issue_blame(issue, "trust", &inventory->trust_marks[i], &err);
	}
}

static int read_named_files(struct issue *issue, struct err *err)
{
	size_t errors = issue->findings->errors;

	issue_read_adopted(issue);
	issue_read_chain(issue);
	read_requests(issue);
	read_trust(issue);
	issue_fill_trust(issue);
	if (issue->findings->errors == errors)
		return 0;
	return err_set(
	    err, ERR_FAILED, "'%s' names files that cannot be used", issue->inventory->file);
}

static bool nothing_there(const char *dir)
{
	struct stat st;

	return stat(dir, &st) < 0 && errno == ENOENT;
}

/* There is no way back but a copy, so somebody has to hear of it. */
static void tell_upgrade(struct issue *issue)
{
	const struct mark where = { issue->inventory->state_dir, 0, 0 };
	const int64_t from = ledger_upgraded_from(issue->ledger);

	if (from == 0)
		return;
	findings_add(issue->findings, FINDING_NOTE, "ledger-upgraded", &where, NULL,
	    "the ledger was brought from schema %" PRId64 " to %" PRId64
	    ": a mica before this one cannot read it any more",
	    from, ledger_schema());
}

static int open_ledger(struct issue *issue, enum issue_state_dir state_dir, struct err *err)
{
	if (state_dir == ISSUE_STATE_NEEDED && nothing_there(issue->inventory->state_dir))
		return 0;
	if (ledger_open(issue->inventory->state_dir, issue->mode, issue->ambient.now,
	        &issue->ledger, err) == 0) {
		tell_upgrade(issue);
		return 0;
	}
	if (issue->mode == LEDGER_READ && err->kind == ERR_NOT_FOUND)
		return 0;
	return -1;
}

/* How often a reader looks again while somebody writes. */
enum { MOST_LOOKS = 50 };

/* The ledger as it is now, where somebody went on with it; *ret: whether that was so. */
static int look_again(struct issue *issue, bool *ret, struct err *err)
{
	MICA_AUTO(ledger_closep) struct ledger *newer = NULL;
	struct ledger *older = issue->ledger;
	struct anchor before, after;

	*ret = false;
	if (ledger_open(issue->inventory->state_dir, issue->mode, issue->ambient.now, &newer,
	        err) < 0 ||
	    ledger_anchor(older, &before, err) < 0 || ledger_anchor(newer, &after, err) < 0)
		return -1;
	*ret = after.events != before.events;
	issue->ledger = newer;
	newer = older;
	crlset_free(issue);
	anchor_free(issue);
	return 0;
}

static bool reads(const struct issue *issue)
{
	return issue->ledger && (issue->mode == LEDGER_READ || issue->mode == LEDGER_AUDIT);
}

/* A reader sees the ledger as it was when it was opened, and the files as they are now: what a
 * run beside it has signed since lies outside, and that ledger does not reach it. */
static int check_anchors(struct issue *issue, struct err *err)
{
	for (int looks = 0;; looks++) {
		struct err again = ERR_INIT;
		bool newer = false;
		int status = anchor_check(issue, err);

		if (!reads(issue) || looks >= MOST_LOOKS || anchor_holds(issue))
			return status;
		if (look_again(issue, &newer, &again) < 0) {
			*err = again;
			return -1;
		}
		if (!newer)
			return anchor_check(issue, err);
	}
}

/* Who is only told goes on, and hears of it as of everything else that was found. */
static int check_orphans(struct issue *issue, struct err *err)
{
	struct err why = ERR_INIT;
	bool newer = false;

	if (orphans_check(issue, &why) == 0)
		return 0;
	if (reads(issue) &&
	    (look_again(issue, &newer, err) < 0 || check_anchors(issue, err) < 0))
		return -1;
	if (newer) /* a CA was made in a run beside this one */
		return orphans_check(issue, err);
	if (issue->anchor == ISSUE_ANCHOR_TOLD && why.kind == ERR_REFUSED) {
		issue_blame(issue, "anchor-unknown-ca", NULL, &why);
		return 0;
	}
	*err = why;
	return -1;
}

/* What an interrupted run left; nothing was written before the anchors were looked at. */
static int complete(struct issue *issue, struct err *err)
{
	if (issue->mode != LEDGER_WRITE || !issue->ledger || issue->anchor != ISSUE_ANCHOR_HELD)
		return 0;
	return issue_restore_cas(issue, err) < 0 || issue_reconcile(issue, err) < 0 ? -1 : 0;
}

int issue_open(const struct issue_params *params, struct findings *findings, struct issue **ret,
    struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = mem_zalloc(sizeof(*issue));

	issue->mode = params->mode;
	issue->anchor = params->anchor;
	issue->ambient = params->ambient;
	issue->findings = findings;
	if (inventory_load(params->inventory, findings, &issue->inventory, err) < 0 ||
	    open_ledger(issue, params->state_dir, err) < 0 || issue_read_cas(issue, err) < 0 ||
	    read_named_files(issue, err) < 0 || cross_read(issue, err) < 0)
		return -1;
	add_places(issue);
	if (check_anchors(issue, err) < 0 || check_orphans(issue, err) < 0 ||
	    complete(issue, err) < 0)
		return -1;
	*ret = mem_give(issue);
	return 0;
}

static void free_facts(struct issue *issue)
{
	size_t n = issue->inventory ? issue->inventory->n_certificates : 0;

	issue_forget_facts(issue);
	for (size_t i = 0; issue->requests && i < n; i++)
		buf_clear(&issue->requests[i]);
	for (size_t i = 0; i < issue->n_places; i++)
		free(issue->places[i].dir);
	free(issue->requests);
	free(issue->places);
	free(issue->owed_now);
	free(issue->first_place);
}

/* What the next plan does is told by what this run has done so far. */
void issue_look_again(struct issue *issue)
{
	issue_free_jobs(issue);
	cross_clear(&issue->cross);
	issue_free_outlets(issue);
	issue_forget_facts(issue);
	crlset_free(issue);
	outdir_batch_free(issue->batch);
	issue->batch = NULL;
	plan_free(issue->plan);
	issue->plan = NULL;
	for (size_t i = 0; i < issue->n_places; i++) {
		issue->places[i].tree = NULL;
		issue->places[i].key_file = (struct digest){ { 0 } };
	}
}

static void free_cas(struct issue *issue)
{
	for (size_t i = 0; issue->cas && i < issue->inventory->n_cas; i++) {
		chain_free(issue->cas[i].chain);
		ca_free(issue->cas[i].given);
		free(issue->cas[i].given_file);
		ca_free(issue->cas[i].ca);
	}
	free(issue->cas);
}

void issue_close(struct issue *issue)
{
	if (!issue)
		return;
	/* what was signed is not thrown away: the staged keys wait for the next run */
	if (issue->undelivered)
		outdir_batch_leave(issue->batch);
	else
		outdir_batch_free(issue->batch);
	issue_free_jobs(issue);
	cross_clear(&issue->cross);
	issue_free_outlets(issue);
	anchor_free(issue);
	crlset_free(issue);
	lint_free(issue->lint);
	free_facts(issue);
	plan_free(issue->plan);
	free(issue->item_of);
	free(issue->only);
	free(issue->generation);
	buf_clear(&issue->trust);
	buf_clear(&issue->let_in);
	buf_clear(&issue->trusted);
	free(issue->request_file);
	free_cas(issue);
	ledger_close(issue->ledger);
	inventory_free(issue->inventory);
	free(issue);
}

const struct inventory *issue_inventory(const struct issue *issue)
{
	return issue->inventory;
}

const struct ca *issue_ca(const struct issue *issue)
{
	return issue->ca;
}

const struct ca *issue_ca_of(const struct issue *issue, const struct inv_ca *ca)
{
	return issue_issuer_of(issue, ca)->ca;
}
