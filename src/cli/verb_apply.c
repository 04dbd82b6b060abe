// SPDX-License-Identifier: Apache-2.0
/* apply and rotate: the gate's doors in order (mica/issue.h). */
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "effort.h"
#include "json.h"
#include "login.h"
#include "progress.h"
#include "restartview.h"
#include "verbs.h"

/* What the doors were asked to do and what came of it. */
struct work {
	struct run *run;
	struct issue *issue;
	const struct plan *plan;
	struct effort effort;
	struct issue_done done;
	struct restarts restarts; /* before anything was done */
	struct issue_served served;
};

static int prepare(struct work *work, struct err *err)
{
	struct approvals_progress callback;
	struct progress progress;
	int status;

	progress_begin(&progress, "making keys", &work->run->report);
	callback = progress_callback(&progress);
	status = issue_prepare(work->issue, &callback, err);
	progress_end(&progress);
	return status;
}

static int sign(struct work *work, struct login *login, struct err *err)
{
	const struct ca *ca = issue_ca(work->issue);
	MICA_AUTO(signer_freep) struct signer *signer = NULL;
	const struct token_key *key = NULL;
	struct approvals_progress callback;
	struct progress progress;
	int status;

	if (login_enter(login, err) < 0 || login_key(login, ca_spki(ca), &key, err) < 0 ||
	    effort_settle(&work->effort, work->run, work->issue, key, err) < 0 ||
	    login_signer(login, TOKEN_USE_ISSUE, ca_subject(ca), &signer, err) < 0)
		return -1;
	progress_begin(&progress, "signing", &work->run->report);
	progress_ask(&progress, &work->effort, &work->run->report);
	callback = progress_callback(&progress);
	status = issue_sign(work->issue, signer, &callback, err);
	progress_end(&progress);
	return status;
}

/* Everything is made before the one login. The caller frees it: the token may take its time to
 * end while certificates are delivered. */
static int prepare_and_sign(struct work *work, struct login **ret, struct err *err)
{
	const struct inventory *inventory = issue_inventory(work->issue);
	const struct login_params params = { inventory_issuer(inventory), inventory->state_dir,
		work->run->ambient.now, &work->run->options, &work->run->report };
	BUF_AUTO what = BUF_INIT;

	if (work->plan->signatures == 0)
		return prepare(work, err) < 0 ? -1 : issue_sign(work->issue, NULL, NULL, err);
	if (effort_expect(work->issue, params.ca, work->plan->signatures, &work->effort, err) <
	        0 ||
	    effort_check(&work->effort, &work->run->options, err) < 0 ||
	    login_begin(&params, ret, err) < 0 || prepare(work, err) < 0)
		return -1;
	report_findings(&work->run->report);
	changes_signatures(work->plan, &what);
	report_talk(&work->run->report, "%s to sign, one login", buf_text(&what));
	effort_tell(&work->effort, &work->run->report);
	if (sign(work, *ret, err) < 0)
		return -1;
	login_leave(*ret);
	return 0;
}

/* --- the result ---------------------------------------------------------------------- */

enum { PLACES_NAMED = 4 };

static bool delivers(const struct plan_item *item)
{
	return item->action != PLAN_KEEP && item->action != PLAN_RETIRE;
}

static bool wrote_outlet(const struct work *work, const struct inv_deployment *deployment)
{
	const char *const *paths = NULL;
	size_t n = issue_outlet_changes(work->issue, &paths);
	size_t len = strlen(deployment->out);

	for (size_t i = 0; i < n; i++)
		if (strncmp(paths[i], deployment->out, len) == 0 && paths[i][len] == '/')
			return true;
	return false;
}

/* moved: for each certificate, whether it was delivered */
static bool touched(
    const struct work *work, const struct inv_deployment *deployment, const bool *moved)
{
	bool any = moved[deployment->server];

	for (size_t i = 0; i < deployment->n_clients; i++)
		any |= moved[deployment->clients[i]];
	return any || wrote_outlet(work, deployment);
}

/* "in out/prod, out/test", or how many there are: with --only, also those that share a
 * certificate with that one */
static void add_places(const struct work *work, struct buf *line)
{
	const struct inventory *inventory = issue_inventory(work->issue);
	MICA_FREE bool *moved = mem_array(inventory->n_certificates, sizeof(*moved));
	BUF_AUTO places = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < work->plan->n; i++)
		if (delivers(&work->plan->items[i]))
			moved[work->plan->items[i].certificate] = true;
	for (size_t i = 0; i < inventory->n_deployments; i++)
		if (touched(work, &inventory->deployments[i], moved))
			buf_printf(&places, "%s%s", n++ == 0 ? "" : ", ",
			    inventory->deployments[i].out);
	if (n > PLACES_NAMED)
		buf_printf(line, ", for %zu deployments", n);
	else if (n > 0)
		buf_printf(line, ", in %s", buf_text(&places));
}

static void print_done(const struct work *work)
{
	const struct issue_done *done = &work->done;
	BUF_AUTO line = BUF_INIT;

	count_add(&line, done->issued, "issued", "issued");
	count_add(&line, done->rotated, "rotated", "rotated");
	count_add(&line, done->delivered, "delivered again", "delivered again");
	count_add(&line, done->retired, "retired", "retired");
	count_add(&line, done->crls, "CRL", "CRLs");
	count_add(&line, done->trees, "directory", "directories");
	count_add(&line, done->outlets, "configuration file", "configuration files");
	count_add(&line, work->served.restarted, "Milvus restarted", "Milvus restarted");
	if (done->trees > 0 || done->outlets > 0)
		add_places(work, &line);
	printf("done: %s\n", buf_text(&line));
}

static bool any_endpoint(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_deployments; i++)
		if (inventory->deployments[i].n_endpoints > 0)
			return true;
	return false;
}

static void print_json(const struct work *work, bool served)
{
	json_t *document = json_object();
	bool probed = any_endpoint(issue_inventory(work->issue));

	json_set_count(document, "issued", work->done.issued);
	json_set_count(document, "rotated", work->done.rotated);
	json_set_count(document, "delivered", work->done.delivered);
	json_set_count(document, "retired", work->done.retired);
	json_set_count(document, "crls", work->done.crls);
	json_set_count(document, "directories", work->done.trees);
	json_set_count(document, "configuration-files", work->done.outlets);
	json_set_count(document, "restarted", work->served.restarted);
	json_set(document, "served", probed ? json_boolean(served) : json_null());
	changes_json(document, work->issue, work->plan);
	json_set(document, "findings", json_of_findings(&work->run->report.findings));
	json_print(stdout, document);
}

static int tell_steps(const struct work *work, struct err *err)
{
	char **steps = NULL;
	size_t n = 0;

	if (issue_steps(work->issue, &steps, &n, err) < 0)
		return -1;
	if (n > 0)
		report_talk(
		    &work->run->report, "next: bring it to Kubernetes (deploy.md says more)");
	for (size_t i = 0; i < n; i++) {
		report_talk(&work->run->report, "  %s", steps[i]);
		free(steps[i]);
	}
	free(steps);
	return 0;
}

static void print_result(const struct work *work, bool served)
{
	if (work->run->options.json)
		print_json(work, served);
	if (!run_prints(work->run))
		return;
	changes_table(work->run, work->issue, work->plan);
	if (changes_count(work->issue, work->plan) > 0 || work->served.restarted > 0)
		print_done(work);
	else
		changes_none(work->issue, work->plan);
}

/* --- the verbs ----------------------------------------------------------------------- */

static int carry_out(struct work *work, struct err *err)
{
	MICA_AUTO(login_freep) struct login *login = NULL;

	if (changes_count(work->issue, work->plan) == 0)
		return 0;
	if (prepare_and_sign(work, &login, err) < 0 ||
	    issue_deliver(work->issue, &work->done, err) < 0)
		return -1;
	report_findings(&work->run->report);
	return 0;
}

static int tell_restarted(struct run *run, struct issue *issue, struct err *err)
{
	const char *name = run->options.restarted;
	bool owed = false;

	if (!name)
		return 0;
	if (issue_restarted(issue, name, &owed, err) < 0)
		return -1;
	if (!owed)
		report_talk(&run->report, "'%s' was owed no restart", name);
	return 0;
}

static int plan(struct work *work, struct err *err)
{
	struct run *run = work->run;
	struct issue_plan_options options;

	if (changes_options(run, issue_inventory(work->issue), &options, err) < 0 ||
	    tell_restarted(run, work->issue, err) < 0 ||
	    issue_plan(work->issue, &options, &work->plan, err) < 0 ||
	    issue_restarts(work->issue, RESTARTS_PLANNED, &work->restarts, err) < 0)
		return -1;
	report_findings(&run->report);
	return 0;
}

/* What is left to do is told whatever became of the rest. */
static int end(struct work *work, struct err *err)
{
	const struct issue_telling telling = restartview_telling(work->run);
	struct err ignored = ERR_INIT; /* the other one is to be told */
	int served = issue_serve(work->issue, &telling, &work->served, err);

	if (served < 0 && err->kind != ERR_UNSERVED)
		return -1;
	report_findings(&work->run->report);
	print_result(work, served == 0);
	fflush(stdout);
	restartview_next(work->run, &work->restarts);
	if (served == 0)
		return tell_steps(work, err) < 0 ? -1 : EXIT_DONE;
	(void)!tell_steps(work, &ignored);
	return -1;
}

int verb_apply(struct run *run, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	struct work work = { .run = run };
	int status = -1;

	if (run_open(run, LEDGER_WRITE, ISSUE_STATE_NEEDED, &issue, err) < 0)
		return -1;
	work.issue = issue;
	if (plan(&work, err) == 0 && carry_out(&work, err) == 0)
		status = end(&work, err);
	restarts_clear(&work.restarts);
	return status;
}

int verb_rotate(struct run *run, struct err *err)
{
	if (run->options.n_words == 0 && !run->options.all)
		return err_set(err, ERR_USAGE, "rotate what? name certificates, or say --all");
	if (run->options.n_words > 0 && run->options.all)
		return err_set(
		    err, ERR_USAGE, "--all and '%s' exclude each other", run->options.words[0]);
	return verb_apply(run, err);
}
