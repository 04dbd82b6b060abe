// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <mica/inventory.h>
#include <mica/mem.h>
#include <mica/nearest.h>

#include "run.h"
#include "verbs.h"

static const char *const kinds[] = { "compose", "helm", "operator", "files" };

static void list_kinds(struct buf *ret)
{
	for (size_t i = 0; i < mem_count(kinds); i++)
		buf_printf(ret, "%s%s",
		    i == 0                     ? ""
		    : i + 1 < mem_count(kinds) ? ", "
		                               : " or ",
		    kinds[i]);
}

int verb_example(struct run *run, struct err *err)
{
	const struct options *options = &run->options;
	BUF_AUTO list = BUF_INIT;
	struct nearest nearest = NEAREST_INIT(options->n_words > 0 ? options->words[0] : "");
	const char *text;

	list_kinds(&list);
	if (options->n_words == 0)
		return err_set(err, ERR_USAGE, "which kind of deployment? %s", buf_text(&list));
	if (options->n_words > 1)
		return err_set(
		    err, ERR_USAGE, "one kind of deployment, please: %s", buf_text(&list));
	text = inventory_example(options->words[0]);
	if (text) {
		fputs(text, stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < mem_count(kinds); i++)
		nearest_offer(&nearest, kinds[i]);
	if (nearest.best)
		return err_set(err, ERR_USAGE, "there is no example '%s'; did you mean '%s'?",
		    options->words[0], nearest.best);
	return err_set(
	    err, ERR_USAGE, "there is no example '%s': %s", options->words[0], buf_text(&list));
}
