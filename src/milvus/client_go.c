// SPDX-License-Identifier: Apache-2.0
/*
 * Go's client/v2. BuildTLSConfig() came with 2.6.3. Before, the credentials are an option of
 * gRPC, which wins over those that the client makes itself; DialOptions replace its default
 * options, so those are given again.
 */
#include "client.h"

#define CHECK "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n"

static const char MAIN[] =
    "\nfunc main() {\n"
    "\tctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)\n"
    "\tdefer cancel()\n";

static const char REST[] =
    CHECK "\tdefer client.Close(ctx)\n"
          "\tnames, err := client.ListCollections(ctx, "
          "milvusclient.NewListCollectionOption())\n" CHECK "\tfmt.Println(names)\n}\n```\n";

static void add_call(const char *function, const char *const *arguments, struct buf *ret)
{
	buf_printf(ret, "%s(", function);
	for (size_t i = 0; arguments[i]; i++) {
		buf_addstr(ret, i ? ",\n\t\t" : "\n\t\t");
		doc_quote(ret, arguments[i]); /* Go reads the same escapes */
	}
	buf_addstr(ret, ")\n" CHECK);
}

static void add_server_name(const struct site *site, struct buf *ret)
{
	if (!site->name)
		return;
	buf_addstr(ret, "\tconfig.ServerName = ");
	doc_quote(ret, site->name);
	buf_addstr(ret, "\n");
}

static void add_address(const struct site *site, struct buf *ret)
{
	BUF_AUTO url = BUF_INIT;

	client_url(site, site->host, site->port, &url);
	doc_quote(ret, buf_text(&url));
}

static void add_plain(const struct client *client, struct buf *ret)
{
	buf_printf(ret,
	    "```go\npackage main\n\nimport "
	    "(\n\t\"context\"\n\t\"fmt\"\n\t\"log\"\n\t\"time\"\n\n"
	    "\t\"github.com/milvus-io/milvus/client/v2/milvusclient\"\n)\n%s"
	    "\tclient, err := milvusclient.New(ctx, &milvusclient.ClientConfig{\n"
	    "\t\tAddress: ",
	    MAIN);
	add_address(client->site, ret);
	buf_printf(ret, ",\n\t})\n%s", REST);
}

static void add_new(const struct client *client, struct buf *ret)
{
	const char *one_way[] = { client->ca, "", "", NULL };
	const char *two_way[] = { client->ca, client->cert, client->key, NULL };

	buf_printf(ret,
	    "```go\npackage main\n\nimport "
	    "(\n\t\"context\"\n\t\"fmt\"\n\t\"log\"\n\t\"time\"\n\n"
	    "\t\"github.com/milvus-io/milvus/client/v2/milvusclient\"\n)\n%s"
	    "\tconfig, err := ",
	    MAIN);
	add_call("milvusclient.BuildTLSConfig", client->cert ? two_way : one_way, ret);
	add_server_name(client->site, ret);
	buf_addstr(ret, "\tclient, err := milvusclient.New(ctx, (&milvusclient.ClientConfig{\n"
	                "\t\tAddress: ");
	add_address(client->site, ret);
	buf_printf(ret, ",\n\t}).WithTLSConfig(config))\n%s", REST);
}

/* --- to 2.6.2 --------------------------------------------------------------------------- */

static const char OLD_IMPORTS[] =
    "```go\npackage main\n\nimport (\n\t\"context\"\n\t\"crypto/tls\"\n\t\"crypto/x509\"\n"
    "\t\"fmt\"\n\t\"log\"\n\t\"os\"\n\t\"time\"\n\n"
    "\t\"github.com/milvus-io/milvus/client/v2/milvusclient\"\n"
    "\t\"google.golang.org/grpc\"\n\t\"google.golang.org/grpc/credentials\"\n)\n";

static void add_old(const struct client *client, struct buf *ret)
{
	const char *ca[] = { client->ca, NULL };
	const char *pair[] = { client->cert, client->key, NULL };

	buf_printf(ret, "%s%s\tca, err := ", OLD_IMPORTS, MAIN);
	add_call("os.ReadFile", ca, ret);
	buf_addstr(ret, "\tconfig := &tls.Config{RootCAs: x509.NewCertPool()}\n"
	                "\tconfig.RootCAs.AppendCertsFromPEM(ca)\n");
	if (client->cert) {
		buf_addstr(ret, "\tpair, err := ");
		add_call("tls.LoadX509KeyPair", pair, ret);
		buf_addstr(ret, "\tconfig.Certificates = []tls.Certificate{pair}\n");
	}
	add_server_name(client->site, ret);
	buf_addstr(ret, "\tclient, err := milvusclient.New(ctx, &milvusclient.ClientConfig{\n"
	                "\t\tAddress: ");
	add_address(client->site, ret);
	buf_printf(ret,
	    ",\n\t\tDialOptions: append(milvusclient.DefaultGrpcOpts,\n"
	    "\t\t\tgrpc.WithTransportCredentials(credentials.NewTLS(config))),\n\t})\n%s",
	    REST);
}

static void render(const struct client *client, struct buf *ret)
{
	if (!client->ca) {
		add_plain(client, ret);
		return;
	}
	buf_addstr(ret, "`github.com/milvus-io/milvus/client/v2`, from v2.6.3 on:\n\n");
	add_new(client, ret);
	buf_addstr(ret, "\nUp to v2.6.2:\n\n");
	add_old(client, ret);
}

const struct client_kind client_go = {
	.title = "Go",
	.one_way = "`BuildTLSConfig(ca, \"\", \"\")`",
	.two_way = "`BuildTLSConfig(ca, cert, key)`",
	.render = render,
};
