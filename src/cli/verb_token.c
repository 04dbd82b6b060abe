// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "evidence.h"
#include "json.h"
#include "keyview.h"
#include "latchview.h"
#include "login.h"
#include "run.h"
#include "table.h"
#include "verbs.h"

struct tokens {
	struct token_info *items;
	size_t n;
};

static void tokens_clear(struct tokens *tokens)
{
	for (size_t i = 0; i < tokens->n; i++)
		token_info_clear(&tokens->items[i]);
	free(tokens->items);
}

/* The helper ends before a login begins one of its own. */
static int list_tokens(const struct token_params *params, struct tokens *ret, struct err *err)
{
	MICA_AUTO(token_closep) struct token *token = NULL;

	if (token_open(params, &token, err) < 0)
		return -1;
	return token_list(token, &ret->items, &ret->n, err);
}

static void print_tokens(const struct run *run, const struct tokens *tokens)
{
	static const struct table_column columns[] = {
		{ "TOKEN", TABLE_WHOLE },
		{ "SERIAL", TABLE_WHOLE },
		{ "MODEL", TABLE_WHOLE },
		{ "PIN", TABLE_WHOLE },
		{ "MODULE", TABLE_WHOLE },
	};
	MICA_AUTO(table_freep)
	struct table *table = table_new(TABLE_HEADED, columns, mem_count(columns));
	size_t shown = 0;

	for (size_t i = 0; i < tokens->n; i++) {
		const struct token_info *info = &tokens->items[i];
		const char *const cells[] = { info->label, info->serial, info->model,
			keyview_pin(info), info->module };

		if (!info->initialized && !run->options.verbose)
			continue;
		table_row(table, cells);
		shown++;
	}
	table_print(table, stdout);
	if (shown == 0)
		printf("no token with a label is there%s\n",
		    tokens->n > 0 ? "; blank ones are shown with --verbose" : "");
}

static void print_key(const struct token_key *key, const char *certificate)
{
	static const struct table_column columns[] = { { "", TABLE_WHOLE },
		{ "", TABLE_WHOLE } };
	MICA_AUTO(table_freep)
	struct table *table = table_new(TABLE_BARE, columns, mem_count(columns));

	printf("\n");
	keyview_rows(table, key);
	keyview_row(table, "certificate", certificate);
	table_print(table, stdout);
}

/* key and latches are taken over */
static void print_json(
    const struct run *run, const struct tokens *tokens, json_t *key, json_t *latches)
{
	json_t *document = json_object();
	json_t *list = json_array();

	for (size_t i = 0; i < tokens->n; i++)
		json_add(list, keyview_token_json(&tokens->items[i]));
	json_set(document, "tokens", list);
	json_set(document, "key", key);
	json_set(document, "latches", latches);
	json_set(document, "findings", json_of_findings(&run->report.findings));
	json_print(stdout, document);
}

static int token_of_module(struct run *run, struct err *err)
{
	const struct token_params params = { .module = run->options.module };
	MICA_AUTO(tokens_clear) struct tokens tokens = { 0 };

	if (list_tokens(&params, &tokens, err) < 0)
		return -1;
	if (run->options.json)
		print_json(run, &tokens, json_null(), json_array());
	if (run_prints(run))
		print_tokens(run, &tokens);
	return EXIT_DONE;
}

/* Before init there is no key: that is a note, not a fault. */
static int find_key(struct run *run, const struct issue *issue, struct login *login,
    const struct token_key **ret, struct err *err)
{
	const struct ca *ca = issue_ca_of(issue, login_ca(login));

	if (login_key(login, ca ? ca_spki(ca) : NULL, ret, err) == 0)
		return 0;
	if (err->kind != ERR_NOT_FOUND || ca)
		return -1;
	findings_add(&run->report.findings, FINDING_NOTE, "no-key", NULL, NULL,
	    "the key is not there yet: mica init makes it");
	report_findings(&run->report);
	return 0;
}

static int find_latches(struct run *run, const struct inventory *inventory,
    const struct inv_ca *ca, struct token_latches *ret, struct err *err)
{
	if (latchview_find(inventory, ca, ret, err) < 0)
		return -1;
	latchview_tell_all(&run->report.findings, ret);
	return 0;
}

static int list_ca_tokens(const struct inv_ca *ca, struct tokens *ret, struct err *err)
{
	const struct token_params params = { .module = ca->module,
		.module_args = ca->module_args };

	return list_tokens(&params, ret, err);
}

static int show(
    struct run *run, const struct issue *issue, const struct inv_ca *ca, struct err *err)
{
	const struct inventory *inventory = issue_inventory(issue);
	const struct login_params login_params = { ca, inventory->state_dir, run->ambient.now,
		&run->options, &run->report };
	MICA_AUTO(login_freep) struct login *login = NULL;
	MICA_AUTO(token_latches_clear) struct token_latches latches = { NULL, 0 };
	MICA_AUTO(tokens_clear) struct tokens tokens = { 0 };
	const struct token_key *key = NULL;

	if (list_ca_tokens(ca, &tokens, err) < 0)
		return -1;
	if (run_prints(run))
		print_tokens(run, &tokens);
	/* a login tells of a latch itself, and removes it when it succeeds */
	if (login_begin(&login_params, &login, err) < 0 || login_enter(login, err) < 0 ||
	    find_key(run, issue, login, &key, err) < 0 ||
	    find_latches(run, inventory, ca, &latches, err) < 0)
		return -1;
	if (run->options.json)
		print_json(run, &tokens, key ? keyview_json(key) : json_null(),
		    latchview_json(&latches));
	if (run_prints(run) && key)
		print_key(key, issue_ca_of(issue, ca) ? ca->name : "none yet");
	return EXIT_DONE;
}

static int list(struct run *run, const struct inventory *inventory, const struct inv_ca *ca,
    struct err *err)
{
	MICA_AUTO(token_latches_clear) struct token_latches latches = { NULL, 0 };
	MICA_AUTO(tokens_clear) struct tokens tokens = { 0 };

	if (list_ca_tokens(ca, &tokens, err) < 0)
		return -1;
	if (run_prints(run))
		print_tokens(run, &tokens);
	if (find_latches(run, inventory, ca, &latches, err) < 0)
		return -1;
	if (run->options.json)
		print_json(run, &tokens, json_null(), latchview_json(&latches));
	return EXIT_DONE;
}

/* Nothing is asked of the token: it may be the one that hangs. */
static int clear_latches(struct run *run, const struct inventory *inventory,
    const struct inv_ca *ca, struct err *err)
{
	MICA_AUTO(token_latches_clear) struct token_latches latches = { NULL, 0 };

	if (latchview_find(inventory, ca, &latches, err) < 0)
		return -1;
	for (size_t i = 0; i < latches.n; i++) {
		BUF_AUTO name = BUF_INIT;

		if (token_unlatch(&latches.items[i], err) < 0)
			return -1;
		latchview_name(&latches.items[i], &name);
		if (run_prints(run))
			printf("cleared: the latch of %s\n", buf_text(&name));
	}
	if (run_prints(run) && latches.n == 0)
		printf("nothing to clear: no login is known to have failed\n");
	if (run->options.json) {
		json_t *document = json_object();

		json_set(document, "cleared", latchview_json(&latches));
		json_set(document, "findings", json_of_findings(&run->report.findings));
		json_print(stdout, document);
	}
	return EXIT_DONE;
}

static int check_options(const struct options *options, struct err *err)
{
	if (options->module && options->file)
		return err_set(err, ERR_USAGE, "--module and --file exclude each other");
	if (options->module && options->n_words > 0)
		return err_set(err, ERR_USAGE, "--module reads no inventory, which '%s' is of",
		    options->words[0]);
	if (options->clear_latch && (options->module || options->list))
		return err_set(err, ERR_USAGE, "--clear-latch and --%s exclude each other",
		    options->module ? "module" : "list");
	return evidence_check_options(options, err);
}

/* The inventory is all that these need, and a ledger that others refuse is no reason not to see
 * the tokens. */
static int without_ledger(struct run *run, struct err *err)
{
	MICA_AUTO(inventory_freep) struct inventory *inventory = NULL;
	const struct inv_ca *ca;

	if (run_load(run, &inventory, err) < 0 || run_ca(run, inventory, &ca, err) < 0)
		return -1;
	if (run->options.list)
		return list(run, inventory, ca, err);
	return clear_latches(run, inventory, run->options.n_words > 0 ? ca : NULL, err);
}

int verb_token(struct run *run, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	const struct inv_ca *ca;

	if (check_options(&run->options, err) < 0)
		return -1;
	if (run->options.module)
		return token_of_module(run, err);
	if (run->options.list || run->options.clear_latch)
		return without_ledger(run, err);
	if (run_open(run, LEDGER_READ, ISSUE_STATE_NEEDED, &issue, err) < 0 ||
	    run_ca(run, issue_inventory(issue), &ca, err) < 0)
		return -1;
	if (run->options.prove)
		return evidence_prove(run, issue, err);
	return show(run, issue, ca, err);
}
