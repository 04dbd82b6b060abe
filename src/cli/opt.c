// SPDX-License-Identifier: Apache-2.0
#include "opt.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <popt.h>

#include <mica/clock.h>
#include <mica/mem.h>
#include <mica/nearest.h>
#include <mica/num.h>

static void list_clear(struct opt_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
}

void options_clear(struct options *options)
{
	list_clear(&options->configs);
	list_clear(&options->variables);
	list_clear(&options->mounts);
	list_clear(&options->endpoints);
	list_clear(&options->clients);
	free(options->user);
	free(options->helm);
	free(options->operator);
	free(options->milvus);
	free(options->ca);
	free(options->rest);
	free(options->metrics);
	free(options->file);
	free(options->only);
	free(options->restarted);
	free(options->module);
	free(options->prove);
	free(options->attestation);
	free(options->root);
	free(options->csr);
	free(options->certificate);
	free(options->evidence);
	free(options->verify);
	free(options->reason);
	free(options->prometheus);
	free(options->at);
	free(options->ahead);
	for (size_t i = 0; i < options->n_words; i++)
		free(options->words[i]);
	free(options->words);
	*options = (struct options){ 0 };
}

void opt_add(struct opt_set *set, const struct opt *opt)
{
	assert(set->n < OPT_MAX);
	set->items[set->n++] = opt;
}

const struct opt *opt_find(const struct opt_set *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->items[i]->name, name) == 0)
			return set->items[i];
	return NULL;
}

/* --- parsing ------------------------------------------------------------------------- */

static void free_context(poptContext *context)
{
	poptFreeContext(*context);
}

/* popt's name for entry i of the set is i + 1 */
static void to_popt(const struct opt_set *set, struct poptOption ret[static OPT_MAX + 1])
{
	memset(ret, 0, (OPT_MAX + 1) * sizeof(ret[0]));
	for (size_t i = 0; i < set->n; i++) {
		ret[i].longName = set->items[i]->name;
		ret[i].shortName = set->items[i]->letter;
		ret[i].argInfo =
		    set->items[i]->kind == OPT_SWITCH ? POPT_ARG_NONE : POPT_ARG_STRING;
		ret[i].val = (int)i + 1;
	}
}

static int check_value(
    const struct opt *opt, const char *value, struct options *options, struct err *err)
{
	if (opt->kind == OPT_DATE && clock_parse(value, &options->at_time) < 0)
		return err_set(err, ERR_USAGE,
		    "'--%s %s' is not a date such as 2026-11-22 or 2026-11-22T08:37:00Z",
		    opt->name, value);
	if (opt->kind == OPT_SPAN && num_parse_duration(value, &options->ahead_seconds) < 0)
		return err_set(err, ERR_USAGE,
		    "'--%s %s' is not a time span such as 60d, 12h or 30m", opt->name, value);
	if (value[0] == '\0')
		return err_set(
		    err, ERR_USAGE, "option '--%s' needs a %s", opt->name, opt->argument);
	return 0;
}

static void list_add(struct opt_list *list, char *value)
{
	size_t cap = list->n;

	list->items = mem_grow(list->items, &cap, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = value;
}

static int take(const struct opt *opt, char *value, struct options *options, struct err *err)
{
	void *field = (char *)options + opt->where;
	MICA_FREE char *owned = value;

	if (opt->kind == OPT_SWITCH) {
		*(bool *)field = true;
		return 0;
	}
	if (opt->kind == OPT_TEXTS) {
		if (check_value(opt, value, options, err) < 0)
			return -1;
		list_add(field, mem_give(owned));
		return 0;
	}
	if (*(char **)field)
		return err_set(err, ERR_USAGE, "option '--%s' is given twice", opt->name);
	if (check_value(opt, value, options, err) < 0)
		return -1;
	*(char **)field = mem_give(owned);
	return 0;
}

static const char *nearest_option(const struct opt_set *set, const char *word)
{
	struct nearest nearest = NEAREST_INIT(word);

	for (size_t i = 0; i < set->n; i++)
		nearest_offer(&nearest, set->items[i]->name);
	return nearest.best;
}

/* The option without what was put to it, which may be a PIN. */
static char *bare_option(const char *word)
{
	if (strncmp(word, "--", 2) == 0)
		return mem_dup(word, strcspn(word, "="));
	return strlen(word) > 2 ? mem_printf("%.2s...", word) : mem_strdup(word);
}

/* "--pin", "--user-pin", "--pin-value" */
static bool means_pin(const char *word)
{
	size_t len = strlen(word);

	return strcmp(word, "--pin") == 0 || strncmp(word, "--pin-", 6) == 0 ||
	       (len > 6 && strcmp(word + len - 4, "-pin") == 0);
}

static int refuse_pin(const char *word, struct err *err)
{
	err_set(err, ERR_USAGE,
	    "'%s': no PIN is taken from a command line, which other programs can read", word);
	return err_hint(err,
	    "'pin' in the inventory says where it comes from; change a PIN that stood here");
}

static int unknown(const struct opt_set *set, const char *given, struct err *err)
{
	MICA_FREE char *word = bare_option(given);
	const char *near = NULL;

	if (means_pin(word))
		return refuse_pin(word, err);
	if (strncmp(word, "--", 2) == 0 && set->later && opt_find(set->later, word + 2))
		return err_set(err, ERR_USAGE, "option '%s' belongs behind the verb", word);
	if (strncmp(word, "--", 2) == 0)
		near = nearest_option(set, word + 2);
	if (near)
		return err_set(
		    err, ERR_USAGE, "unknown option '%s'; did you mean '--%s'?", word, near);
	return err_set(err, ERR_USAGE, "unknown option '%s'", word);
}

static int fault(const struct opt_set *set, poptContext context, int code, struct err *err)
{
	const char *word = poptBadOption(context, POPT_BADOPTION_NOALIAS);

	switch (code) {
	case POPT_ERROR_BADOPT:
		return unknown(set, word, err);
	case POPT_ERROR_NOARG:
		return err_set(err, ERR_USAGE, "option '%s' needs a value", word);
	case POPT_ERROR_UNWANTEDARG:
		return err_set(err, ERR_USAGE, "option '%.*s' takes no value",
		    (int)strcspn(word, "="), word);
	default:
		return err_set(err, ERR_USAGE, "option '%s': %s", word, poptStrerror(code));
	}
}

static void take_words(poptContext context, struct options *options)
{
	size_t cap = options->n_words;
	const char **words = poptGetArgs(context);

	for (size_t i = 0; words && words[i]; i++) {
		options->words =
		    mem_grow(options->words, &cap, options->n_words + 1, sizeof(char *));
		options->words[options->n_words++] = mem_strdup(words[i]);
	}
}

int opt_parse(const struct opt_set *set, enum opt_order order, char *const *argv,
    struct options *options, struct err *err)
{
	struct poptOption table[OPT_MAX + 1];
	MICA_AUTO(free_context) poptContext context = NULL;
	int argc = 0;
	int code;

	while (argv[argc])
		argc++;
	to_popt(set, table);
	context = poptGetContext("mica", argc, (const char **)argv, table,
	    POPT_CONTEXT_NO_EXEC | (order == OPT_UNTIL_WORD ? POPT_CONTEXT_POSIXMEHARDER : 0));
	while ((code = poptGetNextOpt(context)) > 0)
		if (take(set->items[code - 1], poptGetOptArg(context), options, err) < 0)
			return -1;
	if (code < -1)
		return fault(set, context, code, err);
	take_words(context, options);
	return 0;
}

/* --- help ---------------------------------------------------------------------------- */

static int left_column(const struct opt *opt, char *text, size_t size)
{
	char letter[] = "    ";

	if (opt->letter)
		snprintf(letter, sizeof(letter), "-%c, ", opt->letter);
	return snprintf(text, size, "%s--%s%s%s", letter, opt->name, opt->argument ? " " : "",
	    opt->argument ? opt->argument : "");
}

void opt_print(FILE *to, const struct opt_set *set)
{
	char left[64];
	int width = 0;

	for (size_t i = 0; i < set->n; i++) {
		int len = left_column(set->items[i], left, sizeof(left));

		if (len > width)
			width = len;
	}
	for (size_t i = 0; i < set->n; i++) {
		left_column(set->items[i], left, sizeof(left));
		fprintf(to, "  %-*s  %s\n", width, left, set->items[i]->help);
	}
}
