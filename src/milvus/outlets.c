// SPDX-License-Identifier: Apache-2.0
#include <mica/milvus.h>

#include <stdlib.h>

#include <mica/mem.h>

#include "render.h"

enum { OUTLETS_MAX = 4 };

void outlets_free(struct outlet *outlets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_clear(&outlets[i].text);
	free(outlets);
}

/* user.yaml is what doc_edit() makes of a comment: one list of keys serves both files. */
static int render_user(const struct inv_deployment *deployment, const struct buf *header,
    struct findings *findings, struct buf *ret, struct err *err)
{
	KEYS_AUTO keys;

	keys_init(deployment, &keys);
	return doc_edit("user.yaml", header, keys.changes, keys.n, findings, ret, err);
}

static int render_config(
    const struct site *site, struct findings *findings, struct buf *ret, struct err *err)
{
	const struct inv_deployment *deployment = site->deployment;
	const char *file = deployment->milvus_yaml ? deployment->milvus_yaml : "milvus.yaml";
	BUF_AUTO header = BUF_INIT;
	KEYS_AUTO keys;

	keys_init(deployment, &keys);
	if (site->merged)
		return merge_keys(file, site->given->milvus_yaml, &keys, findings, ret, err);
	if (deployment->version < MILVUS_VERSION(2, 4)) {
		err_set(err, ERR_FAILED, "Milvus %s does not read user.yaml",
		    deployment->version_text);
		return err_hint(err,
		    "let milvus-yaml name its milvus.yaml: mica merges the keys into a copy");
	}
	render_header(site, &header);
	buf_addstr(
	    &header, "# Milvus reads it as configs/user.yaml, over what milvus.yaml says.\n");
	return render_user(deployment, &header, findings, ret, err);
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

/* --- all of them ----------------------------------------------------------------- */

struct outlets {
	struct outlet *items;
	size_t n;
};

static struct outlet *add(struct outlets *outlets, const char *file)
{
	struct outlet *outlet = &outlets->items[outlets->n++];

	outlet->file = file;
	return outlet;
}

/* of Kubernetes, where all but clients.md follows from the generation */
static struct outlet *add_of_delivery(struct outlets *outlets, const char *file)
{
	struct outlet *outlet = add(outlets, file);

	outlet->of_delivery = true;
	return outlet;
}

static bool is_known(const struct site *site)
{
	return site->generation[0] != '\0';
}

static int add_helm(const struct site *site, struct findings *findings, struct outlets *outlets,
    struct err *err)
{
	struct outlet *outlet = add_of_delivery(outlets, "values.yaml");
	BUF_AUTO header = BUF_INIT;
	BUF_AUTO config = BUF_INIT;

	buf_addstr(&header, "# over what default.yaml and the image's milvus.yaml say\n");
	if (render_user(site->deployment, &header, findings, &config, err) < 0)
		return -1;
	if (is_known(site))
		render_helm(site, &config, &outlet->text);
	return 0;
}

static int add_operator(const struct site *site, struct findings *findings,
    struct outlets *outlets, struct err *err)
{
	struct outlet *outlet = add_of_delivery(
	    outlets, site->deployment->kubernetes.patch ? "milvus.patch.yaml" : "milvus.yaml");

	return is_known(site) ? render_operator(site, findings, &outlet->text, err) : 0;
}

static int add_kubernetes(const struct site *site, struct findings *findings,
    struct outlets *outlets, struct err *err)
{
	struct outlet *secret = add_of_delivery(outlets, "secret.yaml");
	struct outlet *deploy;

	secret->kind = OUTLET_SECRET;
	if (is_known(site))
		render_secret(site, &secret->text);
	if (site->deployment->kind == DEPLOY_HELM
	        ? add_helm(site, findings, outlets, err) < 0
	        : add_operator(site, findings, outlets, err) < 0)
		return -1;
	deploy = add_of_delivery(outlets, "deploy.md");
	if (is_known(site))
		render_deploy(site, &deploy->text);
	return 0;
}

static int add_files(const struct site *site, struct findings *findings,
    struct outlets *outlets, struct err *err)
{
	struct outlet *config = add(outlets, site->merged ? "milvus.yaml" : "user.yaml");

	if (render_config(site, findings, &config->text, err) < 0)
		return -1;
	judge_owner(site->deployment, findings);
	if (site->deployment->kind == DEPLOY_COMPOSE)
		render_compose(site, &add(outlets, "docker-compose.override.yaml")->text);
	return 0;
}

int milvus_outlets(const struct inventory *inventory, const struct inv_deployment *deployment,
    const struct milvus_given *given, struct findings *findings, struct outlet **ret,
    size_t *ret_n, struct err *err)
{
	SITE_AUTO site = { .out = NULL };
	struct outlets outlets = { 0 };

	if (site_init(inventory, deployment, given, &site, err) < 0)
		return -1;
	outlets.items = mem_array(OUTLETS_MAX, sizeof(*outlets.items));
	if (inventory_in_kubernetes(deployment)
	        ? add_kubernetes(&site, findings, &outlets, err) < 0
	        : add_files(&site, findings, &outlets, err) < 0) {
		outlets_free(outlets.items, outlets.n);
		return -1;
	}
	render_clients(&site, &add(&outlets, "clients.md")->text);
	*ret = outlets.items;
	*ret_n = outlets.n;
	return 0;
}
