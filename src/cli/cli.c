// SPDX-License-Identifier: Apache-2.0
/* From the command line to a verb and its exit status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>
#include <mica/nearest.h>
#include <mica/runs.h>
#include <mica/token.h>

#include "json.h"
#include "run.h"
#include "verbs.h"

static void run_clear(struct run *run)
{
	options_clear(&run->options);
	report_clear(&run->report);
	free(run->state_dir);
}

bool run_prints(const struct run *run)
{
	return !run->options.json && run->report.volume != REPORT_QUIET;
}

/* Needs no token, so it is told before anything else is looked at. */
static int check_key_uris(struct run *run, const struct inventory *inventory, struct err *err)
{
	size_t bad = 0;

	for (size_t i = 0; i < inventory->n_cas; i++) {
		const struct inv_ca *ca = &inventory->cas[i];
		struct err fault = ERR_INIT;

		if (token_uri_check(ca->key, &fault) == 0)
			continue;
		findings_add(&run->report.findings, FINDING_ERROR, "key-uri", &ca->key_mark,
		    fault.hint[0] != '\0' ? fault.hint : NULL, "%s", fault.text);
		bad++;
	}
	if (bad == 0)
		return 0;
	return err_set(
	    err, ERR_FAILED, "'%s' has %zu fault%s", inventory->file, bad, bad == 1 ? "" : "s");
}

static const char *inventory_file(const struct run *run)
{
	return run->options.file ? run->options.file : "mica.yaml";
}

static struct issue_params params_of(
    const struct run *run, enum ledger_mode mode, enum issue_state_dir state_dir)
{
	return (struct issue_params){
		.inventory = inventory_file(run),
		.mode = mode,
		.state_dir = state_dir,
		.ambient = run->ambient,
	};
}

static int open_by(
    struct run *run, const struct issue_params *params, struct issue **ret, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;

	if (issue_open(params, &run->report.findings, &issue, err) < 0)
		return -1;
	free(run->state_dir);
	run->state_dir = mem_strdup(issue_inventory(issue)->state_dir);
	if (check_key_uris(run, issue_inventory(issue), err) < 0)
		return -1;
	if (params->mode == LEDGER_WRITE)
		report_findings(&run->report);
	*ret = mem_give(issue);
	return 0;
}

int run_open(struct run *run, enum ledger_mode mode, enum issue_state_dir state_dir,
    struct issue **ret, struct err *err)
{
	const struct issue_params params = params_of(run, mode, state_dir);

	return open_by(run, &params, ret, err);
}

int run_open_told(struct run *run, enum ledger_mode mode, struct issue **ret, struct err *err)
{
	struct issue_params params = params_of(run, mode, ISSUE_STATE_NEEDED);

	params.anchor = ISSUE_ANCHOR_TOLD;
	return open_by(run, &params, ret, err);
}

int run_load(struct run *run, struct inventory **ret, struct err *err)
{
	MICA_AUTO(inventory_freep) struct inventory *inventory = NULL;

	if (inventory_load(inventory_file(run), &run->report.findings, &inventory, err) < 0 ||
	    check_key_uris(run, inventory, err) < 0)
		return -1;
	free(run->state_dir);
	run->state_dir = mem_strdup(inventory->state_dir);
	*ret = mem_give(inventory);
	return 0;
}

int run_ca(const struct run *run, const struct inventory *inventory, const struct inv_ca **ret,
    struct err *err)
{
	const char *name = run->options.n_words > 0 ? run->options.words[0] : "";
	struct nearest nearest = NEAREST_INIT(name);

	if (run->options.n_words > 1)
		return err_set(err, ERR_USAGE, "one CA at a time: '%s' is one too many",
		    run->options.words[1]);
	for (size_t i = 0; i < inventory->n_cas; i++) {
		const struct inv_ca *ca = &inventory->cas[i];

		if (strcmp(ca->name, name) == 0 || (!*name && i == inventory->issuing)) {
			*ret = ca;
			return 0;
		}
		nearest_offer(&nearest, ca->name);
	}
	if (nearest.best)
		return err_set(err, ERR_USAGE, "'%s' has no CA '%s'; did you mean '%s'?",
		    inventory->file, name, nearest.best);
	return err_set(err, ERR_USAGE, "'%s' has no CA '%s'", inventory->file, name);
}

char *run_state_dir(const struct run *run)
{
	MICA_AUTO(inventory_freep) struct inventory *inventory = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct err err = ERR_INIT;

	if (run->state_dir)
		return mem_strdup(run->state_dir);
	if (inventory_load(inventory_file(run), &findings, &inventory, &err) < 0)
		return NULL;
	return mem_strdup(inventory->state_dir);
}

/* --- what to do ---------------------------------------------------------------------- */

/* Where nothing better is known. verb NULL: before there is one */
static int usage(const struct verb *verb, struct err *err)
{
	if (err->hint[0] != '\0')
		return -1;
	if (verb)
		return err_hint(err, "try 'mica %s --help'", verb->name);
	return err_hint(err, "try 'mica --help'");
}

static int find_verb(const char *name, const struct verb **ret, struct err *err)
{
	BUF_AUTO names = BUF_INIT;
	const char *near;

	*ret = verb_find(name);
	if (*ret)
		return 0;
	near = verb_nearest(name);
	if (near) {
		err_set(err, ERR_USAGE, "unknown verb '%s'; did you mean '%s'?", name, near);
		return usage(NULL, err);
	}
	for (size_t i = 0; verb_at(i); i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", verb_at(i)->name);
	err_set(err, ERR_USAGE, "unknown verb '%s'; the verbs are %s", name, buf_text(&names));
	return usage(NULL, err);
}

/* what every verb takes, each name once */
static void all_options(struct opt_set *ret)
{
	for (size_t i = 0; verb_at(i); i++) {
		const struct verb *verb = verb_at(i);

		for (size_t k = 0; k < verb->n_options; k++)
			if (!opt_find(ret, verb->options[k].name))
				opt_add(ret, &verb->options[k]);
	}
}

/* Options up to the verb, the verb, and, unless it is help, the rest. */
static int parse(struct run *run, char *const *argv, struct err *err)
{
	struct opt_set later = { .n = 0 };
	struct opt_set set;
	char **rest;
	int parsed;

	all_options(&later);
	verb_options(NULL, &set);
	set.later = &later;
	if (opt_parse(&set, OPT_UNTIL_WORD, argv, &run->options, err) < 0)
		return usage(NULL, err);
	if (run->options.n_words == 0 || strcmp(run->options.words[0], "help") == 0)
		return 0;
	if (find_verb(run->options.words[0], &run->verb, err) < 0)
		return -1;
	rest = run->options.words;
	rest = mem_grow(
	    rest, &(size_t){ run->options.n_words }, run->options.n_words + 1, sizeof(char *));
	rest[run->options.n_words] = NULL;
	run->options.words = NULL;
	run->options.n_words = 0;
	verb_options(run->verb, &set);
	parsed = opt_parse(&set, OPT_MIXED, rest, &run->options, err);
	for (size_t i = 0; rest[i]; i++)
		free(rest[i]);
	free(rest);
	return parsed < 0 ? usage(run->verb, err) : 0;
}

/* The common options that stood before the verb hold only where the verb takes them. */
static int check_common(const struct run *run, struct err *err)
{
	const struct options *options = &run->options;
	const struct {
		const char *name;
		bool given;
	} given[] = {
		{ "file", options->file != NULL },
		{ "json", options->json },
		{ "quiet", options->quiet },
		{ "verbose", options->verbose },
	};
	struct opt_set set;

	verb_options(run->verb, &set);
	for (size_t i = 0; i < mem_count(given); i++) {
		if (!given[i].given || opt_find(&set, given[i].name))
			continue;
		err_set(err, ERR_USAGE, "'mica %s' has no option '--%s'", run->verb->name,
		    given[i].name);
		return usage(run->verb, err);
	}
	if (options->quiet && options->verbose) {
		err_set(err, ERR_USAGE, "--quiet and --verbose exclude each other");
		return usage(run->verb, err);
	}
	if (!run->verb->operands && options->n_words > 0) {
		err_set(err, ERR_USAGE, "'mica %s' does not take '%s'", run->verb->name,
		    options->words[0]);
		return usage(run->verb, err);
	}
	return 0;
}

static int help(const struct run *run, struct err *err)
{
	const struct verb *verb = NULL;

	if (run->options.n_words > 2) {
		err_set(err, ERR_USAGE, "'mica help' takes one verb");
		return usage(NULL, err);
	}
	if (run->options.n_words == 2 && strcmp(run->options.words[1], "help") != 0 &&
	    find_verb(run->options.words[1], &verb, err) < 0)
		return -1;
	if (verb)
		verb_help(stdout, verb);
	else
		verbs_help(stdout);
	return EXIT_DONE;
}

static int dispatch(struct run *run, char *const *argv, struct err *err)
{
	int status;

	if (parse(run, argv, err) < 0)
		return -1;
	if (run->options.version) {
		printf("mica %s\n", MICA_VERSION);
		return EXIT_DONE;
	}
	if (!run->verb) {
		if (run->options.n_words > 0 || run->options.help)
			return help(run, err);
		err_set(err, ERR_USAGE, "no verb is given");
		return usage(NULL, err);
	}
	if (run->options.help) {
		verb_help(stdout, run->verb);
		return EXIT_DONE;
	}
	if (check_common(run, err) < 0)
		return -1;
	if (run->options.quiet || run->options.verbose)
		run->report.volume = run->options.quiet ? REPORT_QUIET : REPORT_VERBOSE;
	run->began = true;
	status = run->verb->run(run, err);
	return status < 0 && err->kind == ERR_USAGE && err->hint[0] == '\0'
	           ? usage(run->verb, err)
	           : status;
}

/* For monitoring: when what changes something last ran, and how it ended. A run that another
 * one is in the way of was none. */
static void note_run(struct run *run, enum exit_status status, const struct err *err)
{
	static const char *const changing[] = { "init", "apply", "rotate", "revoke" };
	MICA_FREE char *state_dir = NULL;
	struct err why = ERR_INIT;
	bool notes = false;

	for (size_t i = 0; run->began && i < mem_count(changing); i++)
		notes |= strcmp(run->verb->name, changing[i]) == 0;
	if (!notes || status == EXIT_USAGE || err->kind == ERR_BUSY)
		return;
	state_dir = run_state_dir(run);
	if (state_dir &&
	    runs_note(state_dir, run->verb->name, run->ambient.now, (int)status, &why) < 0 &&
	    (status == EXIT_DONE || status == EXIT_UNSERVED)) /* else there is worse to tell */
		findings_add(&run->report.findings, FINDING_WARNING, "run-unnoted", NULL, NULL,
		    "it cannot be noted that mica ran: %s", why.text);
}

/* --json gives one document, whatever becomes of the run. One that is delivered and not served
 * has given its own. */
static void answer_failure(const struct run *run, const struct err *err)
{
	json_t *document;
	json_t *fault;

	if (!run->began || !run->options.json || err->kind == ERR_UNSERVED ||
	    err->kind == ERR_USAGE)
		return;
	document = json_object();
	fault = json_object();
	json_set_count(fault, "exit-status", exit_status_of(err->kind));
	json_set_text(fault, "text", err->text);
	json_set_text(fault, "hint", err->hint[0] != '\0' ? err->hint : NULL);
	json_set(document, "error", fault);
	json_set(document, "findings", json_of_findings(&run->report.findings));
	json_print(stdout, document);
}

int cli_main(char *const *argv, struct ambient ambient)
{
	MICA_AUTO(run_clear)
	struct run run = {
		.ambient = ambient,
		.report = { .to = stderr, .volume = REPORT_NORMAL },
	};
	struct err err = ERR_INIT;
	int status = dispatch(&run, argv, &err);

	if (status < 0) {
		status = (int)report_err(&run.report, &err);
		answer_failure(&run, &err);
	}
	note_run(&run, (enum exit_status)status, &err);
	report_findings(&run.report);
	if (report_flush(stdout, &err) < 0)
		status = (int)report_err(&run.report, &err);
	return status;
}
