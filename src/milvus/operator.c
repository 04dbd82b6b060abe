// SPDX-License-Identifier: Apache-2.0
/*
 * milvus.yaml for Milvus Operator: a resource of the kind Milvus, or a patch of one.
 *
 * What is not mica's is not in it: mode, images and dependencies stay as they are. REST is
 * named for standalone and proxy alike, of which the operator takes the one that its mode has.
 * The operator hands a pod no group (its securityContext is the container's), so where the
 * image runs as a user the files of the volume are readable for whoever is in the container.
 */
#include "render.h"

#include <stdlib.h>

#include <mica/mem.h>

static void add_head(const struct site *site, struct buf *ret)
{
	const struct inv_kubernetes *kubernetes = &site->deployment->kubernetes;

	render_header(site, ret);
	buf_addstr(ret, "# deploy.md has the commands. Each delivery has a Secret of its own, "
	                "and names it here:\n# so the pods are replaced.\n");
	if (kubernetes->patch)
		return;
	buf_addstr(
	    ret, "apiVersion: \"milvus.io/v1beta1\"\nkind: \"Milvus\"\nmetadata:\n  name: ");
	doc_quote(ret, kubernetes->release);
	buf_addstr(ret, "\n  namespace: ");
	doc_quote(ret, kubernetes->namespace);
	buf_addstr(ret, "\n");
}

static void add_components(const struct site *site, const char *config, struct buf *ret)
{
	const int port = site->deployment->rest_port;
	const mode_t mode = render_needs_group(site->deployment) ? 0444 : 0440;

	buf_addstr(ret, "spec:\n  components:\n    podAnnotations:\n");
	buf_printf(ret, "      mica-generation: \"%s\"\n      mica-config: \"%s\"\n",
	    site->generation, config);
	render_volumes(site, "    ", mode, ret);
	if (port != 0)
		buf_printf(ret,
		    "    standalone:\n      serviceRestfulPort: %d\n"
		    "    proxy:\n      serviceRestfulPort: %d\n",
		    port, port);
}

/* The same keys as in user.yaml, below spec.config. */
static void lower(struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		keys->changes[i].path = mem_printf("spec.config.%s", keys->changes[i].path);
}

static void free_paths(struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		free((void *)(uintptr_t)keys->changes[i].path);
}

/* A configuration that changes replaces no pod by itself: its digest among the annotations
 * does.
 */
static void name_config(const struct keys *keys, char ret[static 11])
{
	BUF_AUTO text = BUF_INIT;

	for (size_t i = 0; i < keys->n; i++)
		buf_printf(&text, "%s: %s\n", keys->changes[i].path, keys->changes[i].value);
	text_generation(&text, ret);
}

int render_operator(
    const struct site *site, struct findings *findings, struct buf *ret, struct err *err)
{
	BUF_AUTO text = BUF_INIT;
	KEYS_AUTO keys;
	char config[11];
	int status;

	keys_init(site->deployment, &keys);
	name_config(&keys, config);
	add_head(site, &text);
	add_components(site, config, &text);
	lower(&keys);
	status = doc_edit("milvus.yaml", &text, keys.changes, keys.n, findings, ret, err);
	free_paths(&keys);
	return status;
}
