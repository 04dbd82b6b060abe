// SPDX-License-Identifier: Apache-2.0
/* What is owed, told. */
#include "owed.h"

#include <stdlib.h>
#include <string.h>

static void fill(struct restart_row *row, const struct inv_deployment *deployment,
    const struct owed *owed, unsigned planned)
{
	BUF_AUTO why = BUF_INIT;

	owed_why(owed->changes | planned, &why);
	*row = (struct restart_row){
		.deployment = mem_strdup(deployment->name),
		.argv = deployment->restart,
		.since = owed->since,
		.why = mem_strdup(buf_text(&why)),
		.kept = owed_is_kept(deployment),
		.rolls = inventory_in_kubernetes(deployment),
	};
}

int issue_restarts(
    struct issue *issue, enum restarts_when when, struct restarts *ret, struct err *err)
{
	const struct inventory *inventory = issue->inventory;
	MICA_AUTO(restarts_clear) struct restarts all = { NULL, 0 };

	all.rows = mem_array(inventory->n_deployments, sizeof(*all.rows));
	for (size_t i = 0; i < inventory->n_deployments; i++) {
		const struct inv_deployment *deployment = &inventory->deployments[i];
		unsigned planned = when == RESTARTS_PLANNED ? owed_planned(issue, i) : 0;
		struct owed owed;

		if (issue->only && strcmp(issue->only, deployment->name) != 0)
			continue;
		if (owed_read(issue, deployment, &owed, err) < 0)
			return -1;
		if (owed.since != 0 || planned != 0)
			fill(&all.rows[all.n++], deployment, &owed, planned);
	}
	*ret = all;
	all = (struct restarts){ NULL, 0 };
	return 0;
}

void restarts_clear(struct restarts *restarts)
{
	for (size_t i = 0; i < restarts->n; i++) {
		free(restarts->rows[i].deployment);
		free(restarts->rows[i].why);
	}
	free(restarts->rows);
	*restarts = (struct restarts){ NULL, 0 };
}

int issue_restarted(
    struct issue *issue, const char *deployment, bool *ret_owed, struct err *err)
{
	const struct inv_deployment *found = inventory_deployment(issue->inventory, deployment);
	struct owed owed;

	if (!found)
		return err_set(err, ERR_NOT_FOUND, "there is no deployment '%s'", deployment);
	if (!issue->ledger) {
		*ret_owed = false;
		return 0;
	}
	if (owed_read(issue, found, &owed, err) < 0)
		return -1;
	/* what completing an interrupted run has just changed came later */
	*ret_owed = owed.since != 0 && !issue->owed_now[found - issue->inventory->deployments];
	return *ret_owed ? owed_settle(issue, found, err) : 0;
}
