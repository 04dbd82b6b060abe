// SPDX-License-Identifier: Apache-2.0
#include "targets.h"

#include <stdlib.h>

#include <mica/mem.h>

static void add(struct targets *targets, const struct inv_ca *ca)
{
	targets->names[targets->n++] = mem_strdup(ca->name);
}

/* Those with a certificate, or those without. */
static void gather(const struct issue *issue, bool with, struct targets *ret)
{
	const struct inventory *inventory = issue_inventory(issue);

	for (size_t i = 0; i < inventory->n_cas; i++) {
		const struct inv_ca *ca = &inventory->cas[i];

		if (ca->state != CA_RETIRED && (issue_ca_of(issue, ca) != NULL) == with)
			add(ret, ca);
	}
}

static const char *what_is_said(const struct options *options)
{
	if (options->renew)
		return "--renew";
	if (options->csr)
		return "--csr";
	if (options->certificate)
		return "--certificate";
	return options->adopt ? "--adopt" : NULL;
}

static int check_clear(
    const struct options *options, const struct targets *targets, struct err *err)
{
	const char *option = what_is_said(options);
	BUF_AUTO names = BUF_INIT;

	if (!option || targets->n < 2)
		return 0;
	for (size_t i = 0; i < targets->n; i++)
		buf_printf(&names, "%s'%s'", i > 0 ? ", " : "", targets->names[i]);
	err_set(
	    err, ERR_USAGE, "%s is about one CA, and there are %s", option, buf_text(&names));
	return err_hint(err, "name it: mica init %s %s", targets->names[0], option);
}

static int choose_named(
    const struct run *run, const struct issue *issue, struct targets *targets, struct err *err)
{
	const struct inv_ca *ca;

	if (run_ca(run, issue_inventory(issue), &ca, err) < 0)
		return -1;
	targets->made = issue_ca_of(issue, ca) != NULL;
	add(targets, ca);
	return 0;
}

int targets_choose(
    const struct run *run, const struct issue *issue, struct targets *ret, struct err *err)
{
	const struct options *options = &run->options;
	MICA_AUTO(targets_clear) struct targets targets = { 0 };

	targets.names = mem_array(issue_inventory(issue)->n_cas, sizeof(*targets.names));
	if (options->n_words > 0) {
		if (choose_named(run, issue, &targets, err) < 0)
			return -1;
	} else {
		gather(issue, options->renew, &targets);
		if (targets.n == 0 && !options->renew) {
			targets.made = true;
			gather(issue, true, &targets);
		}
	}
	if (targets.n == 0) {
		err_set(err, ERR_REFUSED, "no CA has a certificate to renew");
		return err_hint(err, "mica init makes the first one");
	}
	if (options->renew)
		targets.made = false;
	if (check_clear(options, &targets, err) < 0)
		return -1;
	*ret = targets;
	targets = (struct targets){ 0 };
	return 0;
}

void targets_clear(struct targets *targets)
{
	for (size_t i = 0; i < targets->n; i++)
		free(targets->names[i]);
	free(targets->names);
	*targets = (struct targets){ 0 };
}
