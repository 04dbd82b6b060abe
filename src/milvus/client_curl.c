// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include <mica/mem.h>

static void add(struct buf *ret, const char *option, const char *value)
{
	buf_printf(ret, " %s ", option);
	render_shell(ret, value);
	buf_addstr(ret, " \\\n   ");
}

/* To curl what follows a colon is the key's password, unless the colon is escaped. */
static void add_certificate(struct buf *ret, const char *path)
{
	BUF_AUTO escaped = BUF_INIT;

	for (; *path; path++)
		buf_printf(&escaped, *path == ':' || *path == '\\' ? "\\%c" : "%c", *path);
	add(ret, "--cert", buf_text(&escaped));
}

/* The certificate's name goes into the URL, and the connection to where the server is. */
static void add_detour(const struct site *site, const char *port, struct buf *ret)
{
	BUF_AUTO detour = BUF_INIT;

	render_host(&detour, site->name);
	buf_printf(&detour, ":%s:", port);
	render_host(&detour, site->host);
	buf_printf(&detour, ":%s", port);
	add(ret, "--connect-to", buf_text(&detour));
}

static void add_tls(const struct client *client, const char *port, struct buf *ret)
{
	add(ret, "--cacert", client->ca);
	if (client->cert) {
		add_certificate(ret, client->cert);
		add(ret, "--key", client->key);
	}
	if (client->site->name)
		add_detour(client->site, port, ret);
}

static void render(const struct client *client, struct buf *ret)
{
	const struct site *site = client->site;
	const bool old = site->deployment->version < MILVUS_VERSION(2, 4);
	MICA_FREE char *port = mem_printf("%d", site->deployment->rest_port);
	BUF_AUTO url = BUF_INIT;

	if (site->deployment->rest_port == 0) {
		buf_addstr(ret, "REST is off (`rest-port: 0`).\n");
		return;
	}
	client_url(site, client->ca && site->name ? site->name : site->host, port, &url);
	buf_addstr(&url, old ? "/v1/vector/collections" : "/v2/vectordb/collections/list");
	buf_addstr(ret, "```sh\ncurl -fsS");
	if (client->ca)
		add_tls(client, port, ret);
	if (!old)
		buf_addstr(ret, " -H 'Content-Type: application/json' -d '{}'");
	buf_addstr(ret, " ");
	render_shell(ret, buf_text(&url));
	buf_addstr(ret, "\n```\n");
}

const struct client_kind client_curl = {
	.title = "REST with curl",
	.one_way = "`--cacert`",
	.two_way = "`--cacert`, `--cert`, `--key`",
	.render = render,
};
