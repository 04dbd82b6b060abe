// SPDX-License-Identifier: Apache-2.0
/* exit: what mica's exit status means; one table for the program, its help and the man page. */
#ifndef MICA_CLI_EXIT_H
#define MICA_CLI_EXIT_H

#include <mica/err.h>

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,
	EXIT_PENDING = 4, /* plan and status with --exit-code */
	EXIT_UNSERVED = 5,
	EXIT_COUNT,
};

enum exit_status exit_status_of(enum err_kind kind);
const char *exit_status_text(enum exit_status status);

#endif
