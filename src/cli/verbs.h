// SPDX-License-Identifier: Apache-2.0
/*
 * verbs: what mica can do, as one const table: the parser, the help, the completions and the
 * man page's test all read it.
 */
#ifndef MICA_CLI_VERBS_H
#define MICA_CLI_VERBS_H

#include <stdio.h>

#include "exit.h"
#include "opt.h"

struct run;

struct verb {
	const char *name;
	const char *operands; /* for the usage line: "NAME... | --all"; NULL: none */
	const char *summary;  /* one line */
	const char *text;     /* what --help says of it, lines broken */
	const char *example;  /* likewise */
	const char
	    *common; /* names of the common options it takes, blank between: "file json" */
	const struct opt *options;
	size_t n_options;
	unsigned statuses; /* 1 << EXIT_..., beside done, failed and usage */
	/* prints its result on stdout; the exit status, or -1 with err */
	int (*run)(struct run *run, struct err *err);
};

/* NULL past the end */
const struct verb *verb_at(size_t i);
const struct verb *verb_find(const char *name);
const char *verb_nearest(const char *name);

/* Its own options and the common ones it takes; verb NULL: those that may stand before the
 * verb. */
void verb_options(const struct verb *verb, struct opt_set *ret);

void verb_help(FILE *to, const struct verb *verb);
void verbs_help(FILE *to);

/* One file for each. */
int verb_example(struct run *run, struct err *err);
int verb_init(struct run *run, struct err *err);
int verb_plan(struct run *run, struct err *err);
int verb_apply(struct run *run, struct err *err);
int verb_rotate(struct run *run, struct err *err);
int verb_status(struct run *run, struct err *err);
int verb_check(struct run *run, struct err *err);
int verb_revoke(struct run *run, struct err *err);
int verb_audit(struct run *run, struct err *err);
int verb_token(struct run *run, struct err *err);

#endif
