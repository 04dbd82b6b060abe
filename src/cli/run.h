// SPDX-License-Identifier: Apache-2.0
/* run: one run of mica: what a verb is given. */
#ifndef MICA_CLI_RUN_H
#define MICA_CLI_RUN_H

#include <mica/clock.h>
#include <mica/issue.h>

#include "opt.h"
#include "report.h"

struct run {
	const struct verb *verb;
	struct options options;
	struct ambient ambient;
	struct report report;
	bool began;      /* the verb was called: the command line was right */
	char *state_dir; /* of the inventory that was opened; NULL: none was yet */
};

/* The whole program but for what main() does to the process; returns the exit status. */
int cli_main(char *const *argv, struct ambient ambient);

/* Opens what the verb works on, and checks the keys' URIs. What an interrupted run left, and
 * WRITE mode completed, is printed. */
int run_open(struct run *run, enum ledger_mode mode, enum issue_state_dir state_dir,
    struct issue **ret, struct err *err) MICA_CHECKED;

/* The same of a ledger that others refuse: one that does not reach what lies outside of it; mode AUDIT or
 * ACCEPT. Nothing that an interrupted run left is completed. */
int run_open_told(struct run *run, enum ledger_mode mode, struct issue **ret,
    struct err *err) MICA_CHECKED;

/* The inventory alone, with the keys' URIs checked: for what needs nothing of the ledger. */
int run_load(struct run *run, struct inventory **ret, struct err *err) MICA_CHECKED;

/* Where the inventory says that the state lies, whether or not it could be opened; NULL: the
 * inventory cannot be read. free() it. */
char *run_state_dir(const struct run *run);

/* Whether a table is wanted on stdout: not with --json, not with --quiet. */
bool run_prints(const struct run *run);

/* The CA that the command line names, or the issuing one. ERR_USAGE: there is none called that, or two
 * are named. */
int run_ca(const struct run *run, const struct inventory *inventory, const struct inv_ca **ret,
    struct err *err) MICA_CHECKED;

#endif
