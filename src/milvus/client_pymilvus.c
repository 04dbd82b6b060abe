// SPDX-License-Identifier: Apache-2.0
#include "client.h"

static void add(struct buf *ret, const char *name, const char *value)
{
	buf_printf(ret, "    %s=", name);
	doc_quote(ret, value); /* Python reads the same escapes */
	buf_addstr(ret, ",\n");
}

static void add_files(const struct client *client, struct buf *ret)
{
	if (client->cert) {
		add(ret, "client_pem_path", client->cert);
		add(ret, "client_key_path", client->key);
		add(ret, "ca_pem_path", client->ca);
	} else if (client->ca) {
		add(ret, "server_pem_path", client->ca);
	}
	if (client->ca && client->site->name)
		add(ret, "server_name", client->site->name);
}

static void render(const struct client *client, struct buf *ret)
{
	const struct site *site = client->site;
	BUF_AUTO url = BUF_INIT;

	client_url(site, site->host, site->port, &url);
	buf_addstr(
	    ret, "```python\nfrom pymilvus import MilvusClient\n\nclient = MilvusClient(\n");
	add(ret, "uri", buf_text(&url));
	add_files(client, ret);
	buf_addstr(ret, ")\nprint(client.list_collections())\nclient.close()\n```\n");
}

const struct client_kind client_pymilvus = {
	.title = "pymilvus",
	.one_way = "`server_pem_path` = ca.pem",
	.two_way = "`client_pem_path`, `client_key_path`, `ca_pem_path`, no `server_pem_path`",
	.render = render,
};
