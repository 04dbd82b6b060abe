// SPDX-License-Identifier: Apache-2.0
/* targets: the CAs of the inventory that a run of init is about. */
#ifndef MICA_CLI_TARGETS_H
#define MICA_CLI_TARGETS_H

#include "run.h"

struct targets {
	char **names;
	size_t n;
	bool made; /* they have their certificates already: there is nothing to make */
};

/* The one that the command line names; or every CA that has no certificate yet (with --renew: that has one)
 * and is not retired; or, where none is left, all that have one, as `made`. ERR_USAGE where options are
 * about one CA and it is not clear which; ERR_REFUSED where none has a certificate to renew. */
int targets_choose(const struct run *run, const struct issue *issue, struct targets *ret,
    struct err *err) MICA_CHECKED;
void targets_clear(struct targets *targets);

#endif
