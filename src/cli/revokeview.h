// SPDX-License-Identifier: Apache-2.0
/* revokeview: what was revoked, and who accepts it all the same, for people and for programs.
 */
#ifndef MICA_CLI_REVOKEVIEW_H
#define MICA_CLI_REVOKEVIEW_H

#include <mica/revoke.h>

#include "run.h"

struct revokeview {
	struct run *run;
	struct issue *issue;
	const struct inv_ca *ca;          /* whose CRL it is */
	const struct revoke_found *found; /* NULL: the CRL alone was signed */
	enum revocation_reason reason;
	bool nothing; /* was to be done: it is revoked, and the CRL says so */
	size_t directories;
};

int revokeview(const struct revokeview *view, struct err *err) MICA_CHECKED;

#endif
