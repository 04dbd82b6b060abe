// SPDX-License-Identifier: Apache-2.0
#include "issue_private.h"

#include <stdlib.h>

int issue_specify(
    struct issue *issue, struct job *job, const struct plan_item *item, struct err *err)
{
	const struct inv_certificate *entry = job->certificate;

	job->spec = (struct draft_spec){
		.profile = entry->profile,
		.entry = entry->name,
		.common_name = entry->common_name,
		.names = entry->names,
		.n_names = entry->n_names,
		.spki = &job->spki,
		.not_before = item->not_before,
		.not_after = item->not_after,
	};
	return serial_make(
	    issue->ambient.random, issue->ambient.context, job->spec.serial, err);
}

int issue_make_jobs(struct issue *issue, struct err *err)
{
	issue_free_jobs(issue);
	issue->jobs = mem_array(issue->plan->signatures, sizeof(*issue->jobs));
	for (size_t i = 0; i < issue->plan->n; i++) {
		const struct plan_item *item = &issue->plan->items[i];
		struct job *job;

		if (item->action != PLAN_ISSUE && item->action != PLAN_ROTATE)
			continue;
		job = &issue->jobs[issue->n_jobs++];
		job->index = item->certificate;
		job->certificate = &issue->inventory->certificates[job->index];
		if (issue_specify(issue, job, item, err) < 0)
			return -1;
	}
	return 0;
}

void issue_free_jobs(struct issue *issue)
{
	for (size_t i = 0; i < issue->n_jobs; i++) {
		struct job *job = &issue->jobs[i];

		buf_clear(&job->spki);
		buf_clear(&job->key_pem);
		buf_clear(&job->csr_pem);
		buf_clear(&job->der);
		approval_free(job->approval);
		findings_clear(&job->findings);
	}
	free(issue->jobs);
	issue->jobs = NULL;
	issue->n_jobs = 0;
}

/* What lint said of each job, in the inventory's order. */
void issue_tell_lint(struct issue *issue)
{
	for (size_t i = 0; i < issue->n_jobs; i++) {
		const struct findings *from = &issue->jobs[i].findings;

		for (size_t k = 0; k < from->n; k++) {
			const struct finding *f = &from->items[k];
			const struct mark mark = issue->jobs[i].certificate->mark;

			findings_add(
			    issue->findings, f->level, f->rule, &mark, f->hint, "%s", f->text);
		}
	}
}
