// SPDX-License-Identifier: Apache-2.0
/* plan's rehearsal: every certificate that would be issued is drafted and linted, with a
 * stand-in for the key that apply would make. */
#include "issue_private.h"

#include <mica/key.h>
#include <mica/parallel.h>

#include "cross.h"
#include "crl.h"

struct rehearsal {
	struct issue *issue;
	struct lint *lint;
	struct key *stand_in[ALG_RSA_4096 + 1];
};

static void free_rehearsal(struct rehearsal *rehearsal)
{
	for (size_t i = 0; i < mem_count(rehearsal->stand_in); i++)
		key_free(rehearsal->stand_in[i]);
	lint_free(rehearsal->lint);
}

/* One key for each algorithm, made before the threads start. */
static int give_keys(struct rehearsal *rehearsal, struct err *err)
{
	struct issue *issue = rehearsal->issue;

	for (size_t i = 0; i < issue->n_jobs; i++) {
		struct job *job = &issue->jobs[i];
		struct key **key = &rehearsal->stand_in[job->certificate->algorithm];
		const struct buf *spki = &issue->requests[job->index];

		if (!issue_takes_request(job->certificate)) {
			if (!*key && key_generate(job->certificate->algorithm, key, err) < 0)
				return -1;
			spki = key_spki(*key);
		}
		buf_add(&job->spki, spki->data, spki->len);
	}
	return 0;
}

static int rehearse(void *context, size_t i, struct err *err)
{
	struct rehearsal *rehearsal = context;
	struct job *job = &rehearsal->issue->jobs[i];

	return lint_approve(rehearsal->lint, &job->spec, job->spec.not_before, &job->findings,
	    &job->approval, err);
}

int issue_draft(struct issue *issue, struct err *err)
{
	MICA_AUTO(free_rehearsal) struct rehearsal rehearsal = { .issue = issue };
	int status;

	if (issue->plan->signatures == 0)
		return 0;
	if (crl_rehearse(issue, err) < 0 || cross_approve(issue, err) < 0 ||
	    issue_make_jobs(issue, err) < 0 || lint_new(issue->ca, &rehearsal.lint, err) < 0 ||
	    give_keys(&rehearsal, err) < 0)
		return -1;
	status = parallel_each(issue->n_jobs, rehearse, &rehearsal, err);
	issue_tell_lint(issue);
	issue_free_jobs(issue);
	return status;
}
