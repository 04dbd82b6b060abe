// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/file.h>
#include <mica/inventory.h>
#include <mica/issue_check.h>
#include <mica/num.h>

#include "changes.h"
#include "checkview.h"
#include "verbs.h"

/* What the command line names, read. */
struct given {
	struct check_text *texts, *user, *helm, *operator;
	size_t n_texts;
	struct check_mount *mounts;
	size_t n_mounts;
	struct check_client *clients;
	size_t n_clients;
};

static void free_texts(struct check_text *texts, size_t n)
{
	for (size_t i = 0; texts && i < n; i++)
		buf_clear(&texts[i].text);
	free(texts);
}

static void given_clear(struct given *given)
{
	free_texts(given->texts, given->n_texts);
	free_texts(given->user, 1);
	free_texts(given->helm, 1);
	free_texts(given->operator, 1);
	for (size_t i = 0; i < given->n_mounts; i++) {
		free(given->mounts[i].inside);
		free(given->mounts[i].here);
	}
	for (size_t i = 0; i < given->n_clients; i++)
		check_client_clear(&given->clients[i]);
	free(given->mounts);
	free(given->clients);
}

/* --- reading the command line ---------------------------------------------------- */

static int read_text(const char *path, struct check_text *ret, struct err *err)
{
	ret->file = path;
	return file_read(AT_FDCWD, path, FILE_MAX_TEXT, &ret->text, err);
}

static int read_one(const char *path, struct check_text **ret, struct err *err)
{
	if (!path)
		return 0;
	*ret = mem_zalloc(sizeof(**ret));
	return read_text(path, *ret, err);
}

static int read_texts(const struct options *options, struct given *given, struct err *err)
{
	given->texts = mem_array(options->configs.n + 1, sizeof(*given->texts));
	for (size_t i = 0; i < options->configs.n; i++) {
		given->n_texts++;
		if (read_text(options->configs.items[i], &given->texts[i], err) < 0)
			return -1;
	}
	if (read_one(options->user, &given->user, err) < 0 ||
	    read_one(options->helm, &given->helm, err) < 0)
		return -1;
	return read_one(options->operator, & given->operator, err);
}

static int read_mounts(const struct options *options, struct given *given, struct err *err)
{
	given->mounts = mem_array(options->mounts.n + 1, sizeof(*given->mounts));
	for (size_t i = 0; i < options->mounts.n; i++) {
		const char *text = options->mounts.items[i];
		const char *equals = strchr(text, '=');

		if (!equals || equals == text || equals[1] == '\0')
			return err_set(err, ERR_USAGE, "'--mount %s' is not INSIDE=HERE", text);
		given->mounts[given->n_mounts++] =
		    (struct check_mount){ mem_dup(text, (size_t)(equals - text)),
			    mem_strdup(equals + 1) };
	}
	return 0;
}

static int read_clients(const struct options *options, struct given *given, struct err *err)
{
	given->clients = mem_array(options->clients.n + 1, sizeof(*given->clients));
	for (size_t i = 0; i < options->clients.n; i++) {
		MICA_FREE char *name = mem_printf("client %zu", i + 1);

		if (check_client_parse(
		        options->clients.items[i], name, &given->clients[i], err) < 0)
			return err_prefix(err, "--client");
		given->n_clients++;
	}
	return 0;
}

/* "2.6", "2.6.12" */
static int read_version(const char *text, int *ret, struct err *err)
{
	const char *dot = text ? strchr(text, '.') : NULL;
	MICA_FREE char *major = dot ? mem_dup(text, (size_t)(dot - text)) : NULL;
	MICA_FREE char *minor = dot ? mem_dup(dot + 1, strcspn(dot + 1, ".")) : NULL;
	int64_t high, low;

	*ret = MILVUS_VERSION(2, 6);
	if (!text)
		return 0;
	if (!dot || num_parse(major, 2, 9, &high) < 0 || num_parse(minor, 0, 99, &low) < 0)
		return err_set(
		    err, ERR_USAGE, "'--milvus %s' is not a version such as 2.6", text);
	*ret = MILVUS_VERSION((int)high, (int)low);
	return 0;
}

/* --- judging --------------------------------------------------------------------- */

static bool by_hand(const struct options *options)
{
	return options->configs.n > 0 || options->user || options->helm ||
	       options->operator|| options->clients.n> 0 || options->endpoints.n> 0 ||
	       options->rest || options->metrics || options->variables.n> 0 ||
	       options->mounts.n> 0 || options->ca || options->milvus;
}

static enum check_base base_of(const struct options *options)
{
	if (options->configs.n > 0)
		return CHECK_BASE_WHOLE;
	return options->user || options->helm || options->operator|| options->variables.n> 0
	           ? CHECK_BASE_IMAGE
	           : CHECK_BASE_NONE;
}

static int check_by_hand(const struct run *run, struct findings *findings, struct err *err)
{
	const struct options *options = &run->options;
	MICA_AUTO(given_clear) struct given given = { .texts = NULL };
	struct check_target target = { .base = base_of(options) };

	if (options->file || options->only)
		return err_set(err, ERR_USAGE,
		    "'--%s' names an inventory's, and other options a deployment without one",
		    options->file ? "file" : "only");
	if (read_version(options->milvus, &target.version, err) < 0 ||
	    read_mounts(options, &given, err) < 0 || read_clients(options, &given, err) < 0 ||
	    read_texts(options, &given, err) < 0)
		return -1;
	target.texts = given.texts;
	target.n_texts = given.n_texts;
	target.user = given.user;
	target.helm = given.helm;
	target.operator= given.operator;
	target.mounts = given.mounts;
	target.n_mounts = given.n_mounts;
	target.clients = given.clients;
	target.n_clients = given.n_clients;
	target.variables = options->variables.items;
	target.n_variables = options->variables.n;
	target.endpoints = options->endpoints.items;
	target.n_endpoints = options->endpoints.n;
	target.ca = options->ca;
	target.rest = options->rest;
	target.metrics = options->metrics;
	target.now = options->at ? options->at_time : run->ambient.now;
	target.ahead = options->ahead_seconds;
	return check_target(&target, findings, err);
}

static int check_inventory(struct run *run, struct findings *findings, struct err *err)
{
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	struct issue_plan_options options;

	if (run_open(run, LEDGER_READ, ISSUE_STATE_NEEDED, &issue, err) < 0 ||
	    changes_options(run, issue_inventory(issue), &options, err) < 0)
		return -1;
	return issue_check(issue, &options, findings, err);
}

int verb_check(struct run *run, struct err *err)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	const int judged = by_hand(&run->options) ? check_by_hand(run, &findings, err)
	                                          : check_inventory(run, &findings, err);

	if (judged < 0)
		return -1;
	report_findings(&run->report);
	findings_sort(&findings);
	if (run->options.json)
		checkview_json(run, &findings);
	else
		checkview_print(run, &findings);
	return findings.errors > 0 ? EXIT_REFUSED : EXIT_DONE;
}
