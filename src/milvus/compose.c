// SPDX-License-Identifier: Apache-2.0
/*
 * docker-compose.override.yaml. Its paths are absolute: Compose takes relative ones from the
 * directory of the first -f file, wherever this one lies.
 */
#include "render.h"

#include <mica/mem.h>

/* Compose puts variables in for "$": "$$" is one dollar. */
static void add_path(struct buf *ret, const char *dir, const char *name)
{
	BUF_AUTO path = BUF_INIT;

	for (const char *from = dir; *from; from++)
		buf_printf(&path, *from == '$' ? "$%c" : "%c", *from);
	if (name)
		buf_printf(&path, "/%s", name);
	doc_quote(ret, buf_text(&path));
}

/* create_host_path: without it Docker makes an empty directory where a path is misspelt. */
static void add_bind(struct buf *ret, const char *out, const char *name, const char *target)
{
	buf_addstr(ret, "      - type: bind\n        source: ");
	add_path(ret, out, name);
	buf_addstr(ret, "\n        target: ");
	add_path(ret, target, NULL);
	buf_addstr(
	    ret, "\n        read_only: true\n        bind: { create_host_path: false }\n");
}

static const char USE[] =
    "#\n"
    "# Use it beside the docker-compose.yml of Milvus, in that file's directory:\n"
    "#   docker compose -f docker-compose.yml -f ";

/* %s: user.yaml or milvus.yaml */
static const char NOTES[] =
    " up -d\n"
    "# and again when this file changed. When certificates or %s changed:\n"
    "#   docker compose restart standalone\n"
    "# Milvus reads them at start only. tls/ is mounted as a directory, so that its links "
    "move\n"
    "# by themselves; %s is a single file that mica replaces by renaming, of which a running\n"
    "# container sees the old one. The paths are absolute because Compose takes relative ones\n"
    "# from the directory of the first file.\n";

static void add_comment(const struct site *site, const char *config, struct buf *ret)
{
	MICA_FREE char *file = mem_printf("%s/docker-compose.override.yaml", site->out);

	render_header(site, ret);
	buf_addstr(ret, USE);
	render_shell(ret, file);
	buf_printf(ret, NOTES, config, config);
}

void render_compose(const struct site *site, struct buf *ret)
{
	const char *config = site->merged ? "milvus.yaml" : "user.yaml";
	MICA_FREE char *target = mem_printf("/milvus/configs/%s", config);
	int port = site->deployment->rest_port;

	add_comment(site, config, ret);
	buf_addstr(ret, "services:\n  standalone:\n    volumes:\n");
	add_bind(ret, site->out, "tls", site->deployment->mount);
	add_bind(ret, site->out, config, target);
	if (port != 0)
		buf_printf(ret, "    ports:\n      - \"%d:%d\"\n", port, port);
}
