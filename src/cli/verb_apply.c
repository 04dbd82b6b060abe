// SPDX-License-Identifier: Apache-2.0
/* apply and rotate: the gate's doors in order (mica/issue.h). */
#include <stdlib.h>
#include <string.h>

#include "applyview.h"
#include "changes.h"
#include "effort.h"
#include "json.h"
#include "login.h"
#include "progress.h"
#include "restartview.h"
#include "verbs.h"

static void work_clear(struct work *work)
{
	restarts_clear(&work->restarts);
	login_free(work->login);
	json_decref(work->json);
	issue_close(work->issue);
}

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

static int make_signer(struct work *work, struct signer **ret, struct err *err)
{
	const struct ca *ca = issue_ca(work->issue);
	const struct ca *certified = issue_certifies(work->issue);

	if (certified)
		return login_signer_cross(
		    work->login, ca_subject(ca), ca_spki(certified), ret, err);
	return login_signer(work->login, TOKEN_USE_ISSUE, ca_subject(ca), ret, err);
}

/* The one login. */
static int enter(struct work *work, struct err *err)
{
	if (!work->entered && login_enter(work->login, err) < 0)
		return -1;
	work->entered = true;
	return 0;
}

static int sign(struct work *work, struct err *err)
{
	const struct ca *ca = issue_ca(work->issue);
	MICA_AUTO(signer_freep) struct signer *signer = NULL;
	const struct token_key *key = NULL;
	struct approvals_progress callback;
	struct progress progress;
	int status;

	if (enter(work, err) < 0 || login_key(work->login, ca_spki(ca), &key, err) < 0 ||
	    effort_settle(&work->effort, work->run, work->issue, key, err) < 0 ||
	    make_signer(work, &signer, err) < 0)
		return -1;
	progress_begin(&progress, "signing", &work->run->report);
	progress_ask(&progress, &work->effort, &work->run->report);
	callback = progress_callback(&progress);
	status = issue_sign(work->issue, signer, &callback, err);
	progress_end(&progress);
	return status;
}

/* Where the PIN comes from is settled before anything changes, be it for a later turn. */
static int begin_login(struct work *work, struct err *err)
{
	const struct inventory *inventory = issue_inventory(work->issue);
	const struct login_params params = { inventory_issuer(inventory), inventory->state_dir,
		work->run->ambient.now, &work->run->options, &work->run->report };
	const size_t signatures = work->plan->signatures + work->plan->held;

	if (signatures == 0)
		return 0;
	if (effort_expect(work->issue, params.ca, signatures, &work->effort, err) < 0 ||
	    effort_check(&work->effort, &work->run->options, err) < 0)
		return -1;
	return work->login ? 0 : login_begin(&params, &work->login, err);
}

/* Everything is made before the one login. It is left while certificates are delivered: the
 * token may take its time to end. */
static int prepare_and_sign(struct work *work, struct err *err)
{
	BUF_AUTO what = BUF_INIT;

	if (begin_login(work, err) < 0 || prepare(work, err) < 0)
		return -1;
	if (work->plan->signatures == 0)
		return issue_sign(work->issue, NULL, NULL, err);
	work->effort.signatures = work->plan->signatures;
	report_findings(&work->run->report);
	changes_signatures(work->plan, &what);
	report_talk(&work->run->report, "%s to sign, one login", buf_text(&what));
	effort_tell(&work->effort, &work->run->report);
	if (sign(work, err) < 0)
		return -1;
	if (work->plan->held == 0)
		login_leave(work->login);
	return 0;
}

/* --- what is left to do -------------------------------------------------------------- */

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

/* --- the verbs ----------------------------------------------------------------------- */

static int carry_out(struct work *work, struct err *err)
{
	work->done = (struct issue_done){ 0 };
	work->served = (struct issue_served){ 0 };
	if (changes_count(work->issue, work->plan) == 0)
		return 0;
	if (prepare_and_sign(work, err) < 0 || issue_deliver(work->issue, &work->done, err) < 0)
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

static int plan_turn(
    struct work *work, const struct issue_plan_options *options, struct err *err)
{
	restarts_clear(&work->restarts);
	if (issue_plan(work->issue, options, &work->plan, err) < 0 ||
	    issue_restarts(work->issue, RESTARTS_PLANNED, &work->restarts, err) < 0)
		return -1;
	report_findings(&work->run->report);
	return 0;
}

static int plan(struct work *work, struct issue_plan_options *ret, struct err *err)
{
	struct run *run = work->run;

	return changes_options(run, issue_inventory(work->issue), ret, err) < 0 ||
	               tell_restarted(run, work->issue, err) < 0 ||
	               plan_turn(work, ret, err) < 0
	           ? -1
	           : 0;
}

/* What was held, now that it may be free. What was asked for by name is done. */
static int plan_again(struct work *work, struct issue_plan_options *options, struct err *err)
{
	work->held = work->plan->held;
	work->turns++;
	options->n_force = 0;
	options->force_all = false;
	issue_look_again(work->issue);
	if (plan_turn(work, options, err) < 0)
		return -1;
	if (work->plan->held < work->held)
		report_talk(&work->run->report,
		    "'%s' is trusted where it must be: it issues now",
		    inventory_issuer(issue_inventory(work->issue))->name);
	return 0;
}

static int tell_held(const struct work *work, struct err *err)
{
	const size_t n = work->plan->held;

	err_set(err, ERR_UNSERVED, "%zu certificate%s '%s' yet, which issues now", n,
	    n == 1 ? " is not issued by" : "s are not issued by",
	    inventory_issuer(issue_inventory(work->issue))->name);
	return err_hint(err, "see above what each waits for; then: mica apply");
}

/* One turn: it is carried out and served. What is left to do is told whatever became of the
 * rest. */
static int turn(struct work *work, struct err *err)
{
	const struct issue_telling telling = restartview_telling(work->run);
	struct err ignored = ERR_INIT; /* the other one is to be told */
	json_t *document;
	int served;

	if (carry_out(work, err) < 0)
		return -1;
	served = issue_serve(work->issue, &telling, &work->served, err);
	if (served < 0 && err->kind != ERR_UNSERVED)
		return -1;
	report_findings(&work->run->report);
	document = applyview_json(work, served == 0 && work->plan->held == 0);
	json_decref(work->json);
	work->json = document;
	applyview_print(work);
	fflush(stdout);
	restartview_next(work->run, &work->restarts);
	if (served == 0)
		return tell_steps(work, err);
	(void)!tell_steps(work, &ignored);
	return -1;
}

/* As long as something that was held is free. */
static int all_turns(struct work *work, struct err *err)
{
	struct issue_plan_options options;

	if (plan(work, &options, err) < 0)
		return -1;
	for (;;) {
		if (turn(work, err) < 0)
			return -1;
		if (work->plan->held == 0)
			return 0;
		if (work->turns > 0 && work->plan->held >= work->held)
			return tell_held(work, err);
		if (plan_again(work, &options, err) < 0)
			return -1;
	}
}

int verb_apply(struct run *run, struct err *err)
{
	MICA_AUTO(work_clear) struct work work = { .run = run };
	int status;

	if (run_open(run, LEDGER_WRITE, ISSUE_STATE_NEEDED, &work.issue, err) < 0)
		return -1;
	status = all_turns(&work, err);
	if (run->options.json && work.json && (status == 0 || err->kind == ERR_UNSERVED))
		json_print(stdout, mem_give(work.json));
	return status < 0 ? -1 : EXIT_DONE;
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
