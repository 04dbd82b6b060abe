// SPDX-License-Identifier: Apache-2.0
/* The SDK for Java, whose one-way mode fails without a serverName (a null authority). */
#include "client.h"

static void add(struct buf *ret, const char *method, const char *value)
{
	buf_printf(ret, "                .%s(", method);
	client_utf16(ret, value);
	buf_addstr(ret, ")\n");
}

static void add_files(const struct client *client, struct buf *ret)
{
	if (client->cert) {
		add(ret, "caPemPath", client->ca);
		add(ret, "clientPemPath", client->cert);
		add(ret, "clientKeyPath", client->key);
	} else {
		add(ret, "serverPemPath", client->ca);
	}
	add(ret, "serverName", client_server_name(client->site));
	buf_addstr(ret, "                .secure(true)\n");
}

static void render(const struct client *client, struct buf *ret)
{
	const struct site *site = client->site;
	BUF_AUTO url = BUF_INIT;

	client_url(site, site->host, site->port, &url);
	buf_addstr(ret,
	    "`io.milvus:milvus-sdk-java`, and an SLF4J of yours. Without `serverName` its "
	    "one-way\n"
	    "mode fails.\n\n"
	    "```java\n"
	    "import io.milvus.v2.client.ConnectConfig;\n"
	    "import io.milvus.v2.client.MilvusClientV2;\n\n"
	    "public class Demo {\n"
	    "    public static void main(String[] args) throws Exception {\n"
	    "        MilvusClientV2 client = new MilvusClientV2(ConnectConfig.builder()\n");
	add(ret, "uri", buf_text(&url));
	if (client->ca)
		add_files(client, ret);
	buf_addstr(ret,
	    "                .build());\n"
	    "        System.out.println(client.listCollections().getCollectionNames());\n"
	    "        client.close();\n"
	    "    }\n"
	    "}\n```\n");
}

const struct client_kind client_java = {
	.title = "Java",
	.one_way = "`serverPemPath` = ca.pem, `serverName`",
	.two_way =
	    "`caPemPath`, `clientPemPath`, `clientKeyPath`, `serverName`, no `serverPemPath`",
	.render = render,
};
