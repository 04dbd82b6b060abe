// SPDX-License-Identifier: Apache-2.0
/* revoke: everything is refused before the login; then record, CRL, delivery. */
#include <stdlib.h>
#include <string.h>

#include <mica/revoke.h>

#include "changes.h"
#include "effort.h"
#include "json.h"
#include "login.h"
#include "revokeview.h"
#include "verbs.h"

/* What is to be done, and what came of it. */
struct work {
	struct run *run;
	struct issue *issue;
	const struct inv_ca *ca;   /* whose CRL is signed */
	struct revoke_found found; /* without --crl */
	enum revocation_reason reason;
	struct effort effort;
	struct login *login;
	struct signer *signer;
};

static void work_clear(struct work *work)
{
	signer_free(work->signer);
	login_free(work->login);
	revoke_found_clear(&work->found);
	issue_close(work->issue);
}

/* --- before the login ------------------------------------------------------------------ */

static int check_options(const struct options *options, struct err *err)
{
	if (options->crl && options->reason)
		return err_set(err, ERR_USAGE,
		    "--crl signs the list anew and revokes nothing: it takes no --reason");
	if (options->crl)
		return 0;
	if (options->n_words == 0)
		return err_set(
		    err, ERR_USAGE, "revoke what? name an entry, or a serial number");
	if (options->n_words > 1)
		return err_set(
		    err, ERR_USAGE, "one at a time: '%s' is one too many", options->words[1]);
	if (options->reason)
		return 0;
	err_set(err, ERR_USAGE, "why is '%s' revoked?", options->words[0]);
	return err_hint(err, "--reason keyCompromise, or superseded, cessationOfOperation, "
	                     "affiliationChanged, privilegeWithdrawn, unspecified");
}

/* A certificate that is revoked already keeps its reason. */
static int judge_again(const struct work *work, struct err *err)
{
	char when[CLOCK_TEXT];

	if (!work->found.revoked || work->found.said.reason == work->reason)
		return 0;
	return err_set(err, ERR_REFUSED,
	    "the certificate of '%s' is revoked already, since %s, as %s: that stays",
	    work->found.record.entry, clock_text(work->found.said.at, when),
	    revocation_reason_name(work->found.said.reason));
}

static int find(struct work *work, struct err *err)
{
	struct run *run = work->run;

	if (run->options.crl)
		return run_ca(run, issue_inventory(work->issue), &work->ca, err);
	if (issue_revoke_find(work->issue, run->options.words[0], &work->found, err) < 0)
		return -1;
	work->ca = work->found.ca;
	return judge_again(work, err);
}

static int begin(struct work *work, struct err *err)
{
	struct run *run = work->run;

	if (run_open(run, LEDGER_WRITE, ISSUE_STATE_NEEDED, &work->issue, err) < 0)
		return -1;
	return find(work, err);
}

/* --- with the token -------------------------------------------------------------------- */

static int enter(struct work *work, struct err *err)
{
	struct run *run = work->run;
	const struct inventory *inventory = issue_inventory(work->issue);
	const struct login_params params = { work->ca, inventory->state_dir, run->ambient.now,
		&run->options, &run->report };
	const struct ca *ca = issue_ca_of(work->issue, work->ca);
	const struct token_key *key = NULL;

	if (!ca)
		return err_set(err, ERR_FAILED, "CA '%s' has no certificate yet: mica init",
		    work->ca->name);
	if (effort_expect(work->issue, work->ca, 1, &work->effort, err) < 0 ||
	    effort_check(&work->effort, &run->options, err) < 0 ||
	    login_begin(&params, &work->login, err) < 0)
		return -1;
	report_talk(&run->report, "a CRL to sign, one login");
	effort_tell(&work->effort, &run->report);
	if (login_enter(work->login, err) < 0 ||
	    login_key(work->login, ca_spki(ca), &key, err) < 0 ||
	    effort_settle(&work->effort, run, work->issue, key, err) < 0)
		return -1;
	return login_signer(work->login, TOKEN_USE_ISSUE, ca_subject(ca), &work->signer, err);
}

/* What is recorded stays so. */
static int sign(struct work *work, struct err *err)
{
	effort_ask(&work->effort, 1, &work->run->report);
	if (issue_sign_crl(work->issue, work->ca, work->signer, err) == 0)
		return 0;
	if (work->run->options.crl)
		return -1;
	err_prefix(err,
	    "the certificate of '%s' is revoked in the ledger; the CRL could not be made",
	    work->found.record.entry);
	return err->hint[0] ? -1
	                    : err_hint(err, "the next apply signs it, or mica revoke --crl");
}

/* Also where there was nothing to sign: a run before this one may have died before it did. */
static int deliver(struct work *work, size_t *ret_directories, struct err *err)
{
	if (issue_deliver_crl(work->issue, ret_directories, err) == 0)
		return 0;
	err_prefix(err, "the CRL is signed, and not delivered everywhere");
	return err->hint[0] ? -1 : err_hint(err, "the next apply delivers it");
}

static int carry_out(struct work *work, size_t *ret_directories, struct err *err)
{
	if (enter(work, err) < 0)
		return -1;
	if (!work->run->options.crl && !work->found.revoked &&
	    issue_revoke(work->issue, &work->found, work->reason, err) < 0)
		return -1;
	if (sign(work, err) < 0)
		return -1;
	login_leave(work->login);
	return deliver(work, ret_directories, err);
}

int verb_revoke(struct run *run, struct err *err)
{
	MICA_AUTO(work_clear) struct work work = { .run = run };
	struct revokeview view = { .run = run };

	if (check_options(&run->options, err) < 0 ||
	    (run->options.reason &&
	        revocation_reason_read(run->options.reason, &work.reason, err) < 0) ||
	    begin(&work, err) < 0)
		return -1;
	view.nothing = work.found.revoked && work.found.listed;
	if ((view.nothing ? deliver(&work, &view.directories, err)
	                  : carry_out(&work, &view.directories, err)) < 0)
		return -1;
	report_findings(&run->report);
	view.issue = work.issue;
	view.ca = work.ca;
	view.reason = work.reason;
	view.found = run->options.crl ? NULL : &work.found;
	return revokeview(&view, err) < 0 ? -1 : EXIT_DONE;
}
