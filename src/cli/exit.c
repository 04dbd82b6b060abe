// SPDX-License-Identifier: Apache-2.0
#include "exit.h"

enum exit_status exit_status_of(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return EXIT_DONE;
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_REFUSED:
		return EXIT_REFUSED;
	case ERR_UNSERVED:
		return EXIT_UNSERVED;
	default:
		return EXIT_FAILED;
	}
}

const char *exit_status_text(enum exit_status status)
{
	static const char *const texts[EXIT_COUNT] = {
		[EXIT_DONE] = "done, or nothing to do",
		[EXIT_FAILED] = "failed",
		[EXIT_USAGE] = "the command line is wrong",
		[EXIT_REFUSED] = "refused by policy or lint",
		[EXIT_PENDING] = "changes are pending (with --exit-code)",
		[EXIT_UNSERVED] = "delivered, but not yet served",
	};

	return texts[status];
}
