// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdint.h>

#include <mica/audit.h>
#include <mica/file.h>

#include "auditfile.h"
#include "auditview.h"
#include "verbs.h"

static const char program[] = "mica " MICA_VERSION;

static int check_options(const struct options *options, struct err *err)
{
	if (options->verify && (options->evidence || options->accept_restore || options->file))
		return err_set(err, ERR_USAGE, "--verify and --%s exclude each other",
		    options->evidence ? "evidence"
		    : options->file   ? "file"
		                      : "accept-restore");
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
	subject->depth = run->options.quick ? AUDIT_QUICK : AUDIT_FULL;
	if (audit_judge(subject, &run->report.findings, result, err) < 0)
		return -1;
	return audit_deliveries(issue, &run->report.findings, err);
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
	file.subject.depth = run->options.quick ? AUDIT_QUICK : AUDIT_FULL;
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
	return run->options.verify ? audit_evidence(run, err) : audit_ledger(run, err);
}
