// SPDX-License-Identifier: Apache-2.0
#include "client.h"

static void add(struct buf *ret, const char *name, const char *value)
{
	buf_printf(ret, "    %s: ", name);
	client_utf16(ret, value);
	buf_addstr(ret, ",\n");
}

static void add_files(const struct client *client, struct buf *ret)
{
	buf_addstr(ret, "  tls: {\n");
	add(ret, "rootCertPath", client->ca);
	if (client->cert) {
		add(ret, "privateKeyPath", client->key);
		add(ret, "certChainPath", client->cert);
	}
	if (client->site->name)
		add(ret, "serverName", client->site->name);
	buf_addstr(ret, "  },\n");
}

static void render(const struct client *client, struct buf *ret)
{
	const struct site *site = client->site;
	BUF_AUTO url = BUF_INIT;

	client_url(site, site->host, site->port, &url);
	buf_addstr(ret, "`@zilliz/milvus2-sdk-node`, as a file with the ending `.mjs`:\n\n"
	                "```js\nimport { MilvusClient } from \"@zilliz/milvus2-sdk-node\";\n\n"
	                "const client = new MilvusClient({\n  address: ");
	client_utf16(ret, buf_text(&url));
	buf_addstr(ret, ",\n");
	if (client->ca)
		add_files(client, ret);
	buf_addstr(ret, "});\n"
	                "console.log((await client.listCollections()).data);\n"
	                "await client.closeConnection();\n```\n");
}

const struct client_kind client_node = {
	.title = "Node",
	.one_way = "`rootCertPath`",
	.two_way = "`rootCertPath`, `privateKeyPath`, `certChainPath`",
	.render = render,
};
