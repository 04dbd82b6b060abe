// SPDX-License-Identifier: Apache-2.0
/* The requests of a deployment are a tree of their own: out/prod/requests/NAME.csr. */
#include "issue_private.h"

static size_t member(const struct inv_deployment *deployment, size_t i)
{
	return i == 0 ? deployment->server : deployment->clients[i - 1];
}

static bool any_new(const struct inv_deployment *deployment, const struct buf *const *fresh)
{
	for (size_t i = 0; i <= deployment->n_clients; i++) {
		const struct buf *csr = fresh[member(deployment, i)];

		if (csr && csr->len > 0)
			return true;
	}
	return false;
}

static int stage_one(struct outdir_tree *tree, const struct inv_certificate *entry,
    const struct buf *csr, struct err *err)
{
	MICA_FREE char *name = mem_printf("%s.csr", entry->name);

	if (csr && csr->len > 0)
		return outdir_put(tree, name, OUTDIR_PUBLIC, csr, err);
	if (outdir_carry(tree, name, OUTDIR_PUBLIC, err) < 0 && err->kind != ERR_NOT_FOUND)
		return -1;
	return 0;
}

int issue_stage_requests(
    struct issue *issue, size_t deployment, const struct buf *const *fresh, struct err *err)
{
	const struct inv_deployment *to = &issue->inventory->deployments[deployment];
	const struct outdir_rights rights = {
		.uid = (uid_t)-1, .gid = (gid_t)-1, .key_mode = 0600
	};
	MICA_FREE char *dir = issue_requests_dir(issue, deployment);
	struct outdir_tree *tree = NULL;

	if (!any_new(to, fresh))
		return 0;
	if (outdir_tree(issue->batch, dir, &rights, &tree, err) < 0)
		return -1;
	for (size_t i = 0; i <= to->n_clients; i++) {
		size_t certificate = member(to, i);
		const struct inv_certificate *entry =
		    &issue->inventory->certificates[certificate];

		if (!issue_takes_request(entry) &&
		    stage_one(tree, entry, fresh[certificate], err) < 0)
			return -1;
	}
	return 0;
}

char *issue_requests_dir(const struct issue *issue, size_t deployment)
{
	return mem_printf("%s/requests", issue->inventory->deployments[deployment].out);
}
