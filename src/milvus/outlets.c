// SPDX-License-Identifier: Apache-2.0
#include <mica/milvus.h>

#include <stdlib.h>

#include <mica/mem.h>

#include "render.h"

enum { OUTLETS_MAX = 3 };

void outlets_free(struct outlet *outlets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_clear(&outlets[i].text);
	free(outlets);
}

/* user.yaml is what doc_edit() makes of a comment: one list of keys serves both files. */
static int render_config(const struct site *site, const struct buf *milvus_yaml,
    struct findings *findings, struct buf *ret, struct err *err)
{
	const struct inv_deployment *deployment = site->deployment;
	BUF_AUTO header = BUF_INIT;
	KEYS_AUTO keys;

	keys_init(deployment, &keys);
	if (milvus_yaml)
		return doc_edit(
		    deployment->milvus_yaml ? deployment->milvus_yaml : "milvus.yaml",
		    milvus_yaml, keys.changes, keys.n, findings, ret, err);
	if (deployment->version < MILVUS_VERSION(2, 4)) {
		err_set(err, ERR_FAILED, "Milvus %s does not read user.yaml",
		    deployment->version_text);
		return err_hint(err,
		    "let milvus-yaml name its milvus.yaml: mica merges the keys into a copy");
	}
	render_header(site, &header);
	buf_addstr(
	    &header, "# Milvus reads it as configs/user.yaml, over what milvus.yaml says.\n");
	return doc_edit("user.yaml", &header, keys.changes, keys.n, findings, ret, err);
}

/* From 3.0 on the image runs Milvus as a user of its own, which cannot read root's 0600 files.
 */
static void judge_owner(const struct inv_deployment *deployment, struct findings *findings)
{
	if (deployment->kind != DEPLOY_COMPOSE || deployment->version < MILVUS_VERSION(3, 0) ||
	    deployment->owner_set || (deployment->key_mode & 0004))
		return;
	findings_add(findings, FINDING_WARNING, "owner-unset", &deployment->mark,
	    "set owner to the uid:gid that the container runs as",
	    "Milvus %s runs as a user of its own in its container, and may not be able to read "
	    "server.key "
	    "in deployment '%s'",
	    deployment->version_text, deployment->name);
}

int milvus_outlets(const struct inventory *inventory, const struct inv_deployment *deployment,
    const struct buf *milvus_yaml, struct findings *findings, struct outlet **ret,
    size_t *ret_n, struct err *err)
{
	SITE_AUTO site = { .out = NULL };
	BUF_AUTO config = BUF_INIT;
	struct outlet *outlets;
	size_t n = 0;

	if (site_init(inventory, deployment, milvus_yaml, &site, err) < 0 ||
	    render_config(&site, milvus_yaml, findings, &config, err) < 0)
		return -1;
	judge_owner(deployment, findings);
	outlets = mem_array(OUTLETS_MAX, sizeof(*outlets));
	outlets[n].file = site.merged ? "milvus.yaml" : "user.yaml";
	buf_move(&outlets[n++].text, &config);
	if (deployment->kind == DEPLOY_COMPOSE) {
		outlets[n].file = "docker-compose.override.yaml";
		render_compose(&site, &outlets[n++].text);
	}
	outlets[n].file = "clients.md";
	render_clients(&site, &outlets[n++].text);
	*ret = outlets;
	*ret_n = n;
	return 0;
}
