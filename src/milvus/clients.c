// SPDX-License-Identifier: Apache-2.0
/*
 * clients.md: what a client of this deployment is told. Every block of code runs as it is
 * printed, but for a client whose key mica never had.
 */
#include "render.h"

#include <string.h>

#include <mica/mem.h>

/* The files of one client; key: where a key is that mica does not have. */
struct tree {
	const struct inv_certificate
	    *client; /* NULL: none, only ca.pem of the server's directory */
	char *cert, *key, *ca;
};

static void tree_clear(struct tree *tree)
{
	mem_freep(&tree->cert);
	mem_freep(&tree->key);
	mem_freep(&tree->ca);
}

/* Of a server's directory, what its clients are to trust: under an intermediate CA ca.pem is
 * what the server lets in, and does not reach up to the root. */
static const char *trust_file(const struct site *site)
{
	const struct inventory *inventory = site->inventory;

	return inventory->n_cas > 0 && inventory->cas[inventory->issuing].n_parents > 0
	           ? "trust.pem"
	           : "ca.pem";
}

static struct tree tree_of(const struct site *site, const struct inv_certificate *client)
{
	struct tree tree = { .client = client };

	if (!client) {
		tree.ca = mem_printf("%s/tls/%s", site->out, trust_file(site));
		return tree;
	}
	tree.cert = mem_printf("%s/clients/%s/client.pem", site->out, client->name);
	tree.ca = mem_printf("%s/clients/%s/ca.pem", site->out, client->name);
	tree.key = client->csr
	               ? mem_printf("PATH-OF-THE-KEY-OF-%s", client->name)
	               : mem_printf("%s/clients/%s/client.key", site->out, client->name);
	return tree;
}

/* --- code ------------------------------------------------------------------------ */

static void add_url(
    const struct site *site, const char *host, const char *port, struct buf *ret)
{
	buf_printf(ret, "http%s://", site->deployment->tls_mode > 0 ? "s" : "");
	render_host(ret, host);
	buf_printf(ret, ":%s", port);
}

static void add_argument(struct buf *ret, const char *name, const char *value)
{
	buf_printf(ret, "    %s=", name);
	doc_quote(ret, value); /* Python reads the same escapes */
	buf_addstr(ret, ",\n");
}

static void add_pymilvus(const struct site *site, const struct tree *tree, struct buf *ret)
{
	BUF_AUTO url = BUF_INIT;

	add_url(site, site->host, site->port, &url);
	buf_addstr(
	    ret, "```python\nfrom pymilvus import MilvusClient\n\nclient = MilvusClient(\n");
	add_argument(ret, "uri", buf_text(&url));
	if (site->deployment->tls_mode > 0 && tree->client) {
		add_argument(ret, "client_pem_path", tree->cert);
		add_argument(ret, "client_key_path", tree->key);
		add_argument(ret, "ca_pem_path", tree->ca);
	} else if (site->deployment->tls_mode > 0) {
		add_argument(ret, "server_pem_path", tree->ca);
	}
	if (site->deployment->tls_mode > 0 && site->name)
		add_argument(ret, "server_name", site->name);
	buf_addstr(ret, ")\nprint(client.list_collections())\nclient.close()\n```\n\n");
}

static void add_option(struct buf *ret, const char *option, const char *value)
{
	buf_printf(ret, " %s ", option);
	render_shell(ret, value);
	buf_addstr(ret, " \\\n   ");
}

/* The certificate's name goes into the URL, and the connection to where the server is. */
static void add_detour(const struct site *site, const char *port, struct buf *ret)
{
	BUF_AUTO detour = BUF_INIT;

	render_host(&detour, site->name);
	buf_printf(&detour, ":%s:", port);
	render_host(&detour, site->host);
	buf_printf(&detour, ":%s", port);
	add_option(ret, "--connect-to", buf_text(&detour));
}

static void add_curl(const struct site *site, const struct tree *tree, struct buf *ret)
{
	const struct inv_deployment *deployment = site->deployment;
	const bool tls = deployment->tls_mode > 0;
	const bool old = deployment->version < MILVUS_VERSION(2, 4);
	MICA_FREE char *port = mem_printf("%d", deployment->rest_port);
	BUF_AUTO url = BUF_INIT;

	if (deployment->rest_port == 0)
		return;
	add_url(site, tls && site->name ? site->name : site->host, port, &url);
	buf_addstr(&url, old ? "/v1/vector/collections" : "/v2/vectordb/collections/list");
	buf_addstr(ret, "```sh\ncurl -fsS");
	if (tls)
		add_option(ret, "--cacert", tree->ca);
	if (tls && tree->client) {
		add_option(ret, "--cert", tree->cert);
		add_option(ret, "--key", tree->key);
	}
	if (tls && site->name)
		add_detour(site, port, ret);
	if (!old)
		buf_addstr(ret, " -H 'Content-Type: application/json' -d '{}'");
	buf_addstr(ret, " ");
	render_shell(ret, buf_text(&url));
	buf_addstr(ret, "\n```\n\n");
}

/* --- words ----------------------------------------------------------------------- */

static const char NOTICE[] =
    "<!-- Written by mica; do not edit: change mica.yaml and run `mica apply`. -->\n\n";

static const char *const MODES[] = {
	"`tls-mode: 0`, plaintext: whoever can listen on the network reads along.",
	"`tls-mode: 1`, one-way: Milvus shows its certificate, clients show none.",
	"`tls-mode: 2`, two-way: Milvus and every client show a certificate. TLS 1.3 only.",
};

static const char CHECKED[] =
    ".\nA client checks that it reached one of them: put the one by which it reaches Milvus\n"
    "into the addresses below";

#define TRUST                                                                                  \
	"Trust `%s`, never `server.pem`: the server's certificate is replaced at every\n"      \
	"rotation.\n\n"

static const char TREES[] =
    "Each client has a directory of its own, `clients/NAME`. To take it elsewhere, follow\n"
    "the links (`cp -rL`, `rsync -rL`), and give it to that client alone: who holds the key\n"
    "in it is that client.\n\n";

static const char NO_CLIENTS[] =
    "No client is named in mica.yaml yet (`clients: [...]`), so none can connect.\n\n";

static const char ONE_WAY[] =
    "## One-way\n\n"
    "With `tls-mode: 1` a client would give pymilvus `server_pem_path` (the path of\n"
    "`ca.pem`) in place of the three paths. Here it is refused. Give one or the other: with\n"
    "`server_pem_path` set, pymilvus silently drops the client certificate, and with\n"
    "`ca_pem_path` alone it ignores it.\n";

static const char TWO_WAY[] =
    "## Two-way\n\n"
    "With `tls-mode: 2` a client would give pymilvus `client_pem_path`, `client_key_path`\n"
    "and `ca_pem_path`, all from its directory `clients/NAME`, and no `server_pem_path`,\n"
    "which would make pymilvus silently drop the client certificate; and it would give curl\n"
    "`--cert` and `--key` beside `--cacert`.\n";

static void add_head(const struct site *site, struct buf *ret)
{
	const struct inv_deployment *deployment = site->deployment;
	MICA_FREE char *rest_port = mem_printf("%d", deployment->rest_port);

	buf_printf(ret, "# Clients of the Milvus deployment %s\n\n", deployment->name);
	buf_printf(ret, "%s%s\n\n- gRPC (pymilvus and the other SDKs): `", NOTICE,
	    MODES[deployment->tls_mode]);
	add_url(site, site->host, site->port, ret);
	buf_addstr(ret, "`\n- REST: ");
	if (deployment->rest_port == 0) {
		buf_addstr(ret, "off (`rest-port: 0`)\n\n");
		return;
	}
	buf_addstr(ret, "`");
	add_url(site, site->host, rest_port, ret);
	buf_addstr(ret, "`\n\n");
}

static void add_names(const struct site *site, struct buf *ret)
{
	buf_addstr(ret, "The server's certificate holds these names and no others:\n");
	for (size_t i = 0; i < site->server->n_names; i++)
		buf_printf(ret, "%s`%s`", i ? ", " : "", site->server->names[i].text);
	buf_addstr(ret, CHECKED);
	if (site->name)
		buf_printf(ret, ". `%s` is none of them,\nso `%s` is checked instead",
		    site->host, site->name);
	buf_addstr(ret, ".\n\n");
}

static void add_code(const struct site *site, const struct tree *tree, struct buf *ret)
{
	add_pymilvus(site, tree, ret);
	add_curl(site, tree, ret);
}

static void add_client(
    const struct site *site, const struct inv_certificate *client, struct buf *ret)
{
	MICA_AUTO(tree_clear) struct tree tree = tree_of(site, client);

	buf_printf(ret, "## Client %s\n\n", client->name);
	if (client->csr)
		buf_printf(ret,
		    "Its key was made elsewhere and is not here: put its path in place "
		    "of\n`%s`.\n\n",
		    tree.key);
	add_code(site, &tree, ret);
}

static void add_two_way(const struct site *site, struct buf *ret)
{
	const struct inv_deployment *deployment = site->deployment;

	buf_addstr(ret, TREES);
	buf_printf(ret, TRUST, "ca.pem");
	if (deployment->n_clients == 0)
		buf_addstr(ret, NO_CLIENTS);
	for (size_t i = 0; i < deployment->n_clients; i++)
		add_client(site, &site->inventory->certificates[deployment->clients[i]], ret);
	buf_addstr(ret, ONE_WAY);
}

static void add_one_way(const struct site *site, struct buf *ret)
{
	MICA_AUTO(tree_clear) struct tree tree = tree_of(site, NULL);

	buf_printf(ret, "All that a client needs is `tls/%s`.\n\n", trust_file(site));
	buf_printf(ret, TRUST, trust_file(site));
	buf_addstr(ret, "## Every client\n\n");
	add_code(site, &tree, ret);
	buf_addstr(ret, TWO_WAY);
}

void render_clients(const struct site *site, struct buf *ret)
{
	static const struct tree none;

	add_head(site, ret);
	if (site->deployment->tls_mode == 0) {
		add_code(site, &none, ret);
		buf_cut(ret, ret->len - 1); /* the blank line after the last block */
		return;
	}
	add_names(site, ret);
	if (site->deployment->tls_mode == 2)
		add_two_way(site, ret);
	else
		add_one_way(site, ret);
}
