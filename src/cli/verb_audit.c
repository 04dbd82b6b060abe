// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include <mica/audit.h>
#include <mica/file.h>

#include "auditfile.h"
#include "auditview.h"
#include "verbs.h"

static const char program[] = "mica " MICA_VERSION;

/* Evidence is for those who believe less. */
static enum audit_depth depth_of(const struct options *options)
{
	if (options->quick)
		return AUDIT_QUICK;
	return options->full || options->verify ? AUDIT_FULL : AUDIT_VALID;
}

static int check_options(const struct options *options, struct err *err)
{
	if (options->quick && options->full)
		return err_set(err, ERR_USAGE, "--quick and --full exclude each other");
	if (options->verify && (options->evidence || options->accept_restore || options->file))
		return err_set(err, ERR_USAGE, "--verify and --%s exclude each other",
		    options->evidence ? "evidence"
		    : options->file   ? "file"
		                      : "accept-restore");
	if (options->accept_restore && options->evidence)
		return err_set(
		    err, ERR_USAGE, "--accept-restore and --evidence exclude each other");
	if (options->ca && !options->verify)
		return err_set(err, ERR_USAGE, "--ca goes with --verify FILE");
	if (options->accept_restore && options->quick)
		return err_set(
		    err, ERR_USAGE, "--accept-restore and --quick exclude each other");
	return 0;
}

static int show(struct run *run, const struct auditview *view, struct err *err)
{
	report_findings(&run->report);
	if (run->options.json && auditview_json(run, view, err) < 0)
		return -1;
	if (run_prints(run) && auditview_print(run, view, err) < 0)
		return -1;
	return run->report.findings.errors > 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* --- the ledger ------------------------------------------------------------------------ */

static int judge(struct run *run, struct issue *issue, struct audit_subject *subject,
    struct audit_result *result, struct err *err)
{
	if (audit_subject_of(issue, subject, err) < 0)
		return -1;
	subject->depth = depth_of(&run->options);
	if (audit_judge(subject, &run->report.findings, result, err) < 0)
		return -1;
	return audit_deliveries(issue, subject, result, &run->report.findings, err);
}

static int audit_ledger(struct run *run, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	MICA_AUTO(audit_subject_clear) struct audit_subject subject = { .ledger = NULL };
	MICA_AUTO(audit_result_clear) struct audit_result result = { .records = 0 };
	const struct auditview view = { &subject, &result, NULL };

	if (run_open_told(run, LEDGER_AUDIT, &issue, err) < 0 ||
	    judge(run, issue, &subject, &result, err) < 0)
		return -1;
	if (run->options.evidence && auditfile_write(run->options.evidence, &subject,
	                                 &run->report.findings, program, err) < 0)
		return -1;
	return show(run, &view, err);
}

/* --- after a restore ------------------------------------------------------------------- */

static bool has_rule(const struct findings *findings, const char *rule)
{
	for (size_t i = 0; i < findings->n; i++)
		if (strcmp(findings->items[i].rule, rule) == 0)
			return true;
	return false;
}

static bool is_restored(const struct findings *findings, const struct audit_result *result)
{
	return result->n_unknown > 0 || has_rule(findings, "ledger-host") ||
	       has_rule(findings, "ledger-clock") || has_rule(findings, "anchor-missing");
}

/* Everything is shown before anything is done. */
static int review(struct run *run, bool *ret_restored, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	MICA_AUTO(audit_subject_clear) struct audit_subject subject = { .ledger = NULL };
	MICA_AUTO(audit_result_clear) struct audit_result result = { .records = 0 };

	if (run_open_told(run, LEDGER_AUDIT, &issue, err) < 0 ||
	    judge(run, issue, &subject, &result, err) < 0)
		return -1;
	report_findings(&run->report);
	*ret_restored = is_restored(&run->report.findings, &result);
	return audit_acceptable(&run->report.findings, err);
}

static bool is_among(const struct findings *findings, const struct finding *finding)
{
	for (size_t i = 0; i < findings->n; i++) {
		if (strcmp(findings->items[i].rule, finding->rule) == 0 &&
		    strcmp(findings->items[i].text, finding->text) == 0)
			return true;
	}
	return false;
}

/* What an opening finds again was shown before; what it did itself was not. */
static int open_again(struct run *run, struct issue **ret, struct err *err)
{
	struct report *report = &run->report;
	struct findings all = report->findings;
	int status;

	report->findings = (struct findings)FINDINGS_INIT;
	status = run_open_told(run, LEDGER_ACCEPT, ret, err);
	for (size_t i = 0; i < report->findings.n; i++) {
		const struct finding *finding = &report->findings.items[i];
		const struct mark where = { finding->file, finding->line, finding->column };

		if (!is_among(&all, finding))
			findings_add(&all, finding->level, finding->rule, &where, finding->hint,
			    "%s", finding->text);
	}
	findings_clear(&report->findings);
	report->findings = all;
	return status;
}

static int take_over(struct run *run, struct audit_accepted *ret, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	MICA_AUTO(audit_subject_clear) struct audit_subject subject = { .ledger = NULL };
	MICA_AUTO(audit_result_clear) struct audit_result result = { .records = 0 };
	FINDINGS_AUTO again = FINDINGS_INIT; /* they were shown */

	if (open_again(run, &issue, err) < 0 || audit_subject_of(issue, &subject, err) < 0 ||
	    audit_judge(&subject, &again, &result, err) < 0 ||
	    audit_acceptable(&again, err) < 0)
		return -1;
	if (audit_accept(issue, &subject, &result, ret, err) < 0)
		return -1;
	ret->host = has_rule(&again, "ledger-host");
	ret->clock = has_rule(&again, "ledger-clock");
	return 0;
}

static int accept_restore(struct run *run, struct err *err)
{
	struct audit_accepted accepted = { .lost = 0 };
	bool restored = false;

	if (review(run, &restored, err) < 0)
		return -1;
	if (restored && take_over(run, &accepted, err) < 0)
		return -1;
	report_findings(&run->report);
	if (run->options.json)
		auditview_accepted_json(run, &accepted);
	if (run_prints(run))
		auditview_accepted(run, &accepted);
	return EXIT_DONE;
}

/* --- evidence of it -------------------------------------------------------------------- */

/* The count of records is in no hash of its own. */
static void judge_head(
    struct run *run, const struct auditfile *file, const struct audit_result *result)
{
	const struct mark where = { file->subject.where, 0, 0 };

	if (file->head.records != result->head.records)
		findings_add(&run->report.findings, FINDING_ERROR, "head", &where, NULL,
		    "it says that there are %lld records, and holds %lld",
		    (long long)file->head.records, (long long)result->head.records);
}

static int judge_trust(struct run *run, const struct audit_result *result, struct err *err)
{
	BUF_AUTO pem = BUF_INIT;
	const struct mark where = { run->options.verify, 0, 0 };

	if (!run->options.ca) {
		findings_add(&run->report.findings, FINDING_NOTE, "ca-unknown", &where,
		    "--ca FILE names its certificate, from where one trusts it",
		    "whose CA this is, nobody but the evidence says");
		return 0;
	}
	if (file_read(AT_FDCWD, run->options.ca, FILE_MAX_TEXT, &pem, err) < 0)
		return -1;
	return audit_trust(result, run->options.ca, &pem, &run->report.findings, err);
}

static int audit_evidence(struct run *run, struct err *err)
{
	const char *name = run->options.verify;
	MICA_AUTO(auditfile_clear) struct auditfile file = { .program = NULL };
	MICA_AUTO(audit_result_clear) struct audit_result result = { .records = 0 };
	const struct auditview view = { &file.subject, &result, &file };
	BUF_AUTO text = BUF_INIT;

	if (file_read(AT_FDCWD, name, SIZE_MAX / 2, &text, err) < 0 ||
	    auditfile_read(name, &text, &file, err) < 0)
		return -1;
	buf_clear(&text);
	file.subject.now = run->ambient.now;
	file.subject.depth = depth_of(&run->options);
	if (audit_judge(&file.subject, &run->report.findings, &result, err) < 0 ||
	    judge_trust(run, &result, err) < 0)
		return -1;
	judge_head(run, &file, &result);
	return show(run, &view, err);
}

int verb_audit(struct run *run, struct err *err)
{
	if (check_options(&run->options, err) < 0)
		return -1;
	if (run->options.accept_restore)
		return accept_restore(run, err);
	return run->options.verify ? audit_evidence(run, err) : audit_ledger(run, err);
}
