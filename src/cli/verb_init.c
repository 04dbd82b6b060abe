// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "copy.h"
#include "json.h"
#include "making.h"
#include "targets.h"
#include "verbs.h"

static int read_options(
    const struct options *options, struct issue_init_options *ret, struct err *err)
{
	if (options->csr && options->certificate)
		return err_set(err, ERR_USAGE,
		    "--csr and --certificate do not go together: the certificate comes later");
	if (options->renew && options->adopt)
		return err_set(err, ERR_USAGE, "--renew and --adopt exclude each other");
	*ret = (struct issue_init_options){
		.way = options->csr           ? ISSUE_INIT_REQUEST
		       : options->certificate ? ISSUE_INIT_CERTIFICATE
		                              : ISSUE_INIT_ITSELF,
		.file = options->csr ? options->csr : options->certificate,
		.turn = options->renew ? ISSUE_INIT_NEXT : ISSUE_INIT_FIRST,
	};
	return 0;
}

/* What can be refused of any of them is refused before one is made. */
static int settle_all(struct run *run, const struct issue_init_options *options,
    const struct targets *targets, struct err *err)
{
	for (size_t i = 0; targets->n > 1 && i < targets->n; i++) {
		if (making_settle(run, options, targets->names[i], err) < 0)
			return -1;
		report_clear(&run->report); /* each finds the same */
	}
	return 0;
}

static int init_all(struct run *run, const struct issue_init_options *options,
    const struct targets *targets, json_t *list, struct err *err)
{
	if (settle_all(run, options, targets, err) < 0)
		return -1;
	for (size_t i = 0; i < targets->n; i++) {
		if (making_do(run, options, targets->names[i], list, err) < 0)
			return targets->n > 1 ? err_prefix(err, "CA '%s'", targets->names[i])
			                      : -1;
	}
	return 0;
}

/* --- where nothing is to be made ------------------------------------------------------- */

static int finish_one(struct run *run, struct issue *issue, const struct inv_ca *ca,
    const struct issue_init_options *options, struct err *err)
{
	const struct ca *own = issue_ca_of(issue, ca);
	bool stored = false;
	char date[CLOCK_TEXT];

	if (issue_init_nothing(issue, ca, options, err) < 0 ||
	    copy_late(run, issue, ca, &stored, err) < 0)
		return -1;
	report_findings(&run->report);
	if (!run_prints(run))
		return 0;
	if (stored)
		printf("done: the token has its copy of the certificate of CA '%s' now\n",
		    ca->name);
	else
		printf("nothing to do: CA '%s' has its certificate, which expires on %s\n",
		    ca->name, clock_date(ca_not_after(own), date));
	return 0;
}

static int finish_all(struct run *run, const struct issue_init_options *options,
    const struct targets *targets, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;

	if (run_open(run, LEDGER_WRITE, ISSUE_STATE_MADE, &issue, err) < 0)
		return -1;
	for (size_t i = 0; i < targets->n; i++) {
		const struct inv_ca *ca =
		    inventory_ca(issue_inventory(issue), targets->names[i]);

		if (ca && finish_one(run, issue, ca, options, err) < 0)
			return -1;
	}
	return 0;
}

/* --- the verb ------------------------------------------------------------------------ */

static void free_json(json_t **value)
{
	json_decref(*value);
}

static void print_json(
    const struct run *run, const struct issue_init_options *options, const json_t *list)
{
	const bool requested = options->way == ISSUE_INIT_REQUEST;
	json_t *document = json_object();

	json_set(document, requested ? "requested" : "made", json_deep_copy(list));
	json_set(document, "findings", json_of_findings(&run->report.findings));
	json_print(stdout, document);
}

/* Before anything is made, and again for each of them: the world may change in between. */
static int choose(struct run *run, struct targets *ret, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;

	if (run_open(run, LEDGER_READ, ISSUE_STATE_MADE, &issue, err) < 0 ||
	    targets_choose(run, issue, ret, err) < 0)
		return -1;
	report_clear(&run->report);
	return 0;
}

static void tell_next(struct run *run, const struct issue_init_options *options)
{
	if (options->way == ISSUE_INIT_REQUEST)
		report_talk(&run->report,
		    "next: the CA above signs it, then: mica init %s--certificate FILE",
		    run->options.renew ? "--renew " : "");
	else
		report_talk(&run->report, "next: mica plan, then mica apply");
}

int verb_init(struct run *run, struct err *err)
{
	MICA_AUTO(targets_clear) struct targets targets = { 0 };
	MICA_AUTO(free_json) json_t *list = json_array();
	struct issue_init_options options;
	int status;

	if (read_options(&run->options, &options, err) < 0 || choose(run, &targets, err) < 0)
		return -1;
	status = targets.made ? finish_all(run, &options, &targets, err)
	                      : init_all(run, &options, &targets, list, err);
	if (run->options.json && status == 0)
		print_json(run, &options, list);
	fflush(stdout);
	if (status < 0)
		return -1;
	if (!targets.made)
		tell_next(run, &options);
	return EXIT_DONE;
}
