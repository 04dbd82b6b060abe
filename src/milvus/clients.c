// SPDX-License-Identifier: Apache-2.0
/*
 * clients.md: what a client of this deployment is told. Every block of code runs as it is
 * printed, but for a client whose key mica never had. One client's paths stand for all: the
 * others differ in their directory alone.
 */
#include "client.h"

#include <string.h>

#include <mica/mem.h>
#include <mica/utf8.h>

static const struct client_kind *const kinds[] = { &client_pymilvus, &client_go, &client_java,
	&client_node, &client_curl, &client_attu, &client_backup };

/* --- what the sections share ------------------------------------------------------------ */

void client_url(const struct site *site, const char *host, const char *port, struct buf *ret)
{
	buf_printf(ret, "http%s://", site->deployment->tls_mode > 0 ? "s" : "");
	render_host(ret, host);
	buf_printf(ret, ":%s", port);
}

static void add_unit(struct buf *ret, uint32_t c)
{
	if (c > 0xffff) {
		c -= 0x10000;
		buf_printf(ret, "\\u%04x\\u%04x", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
	} else if (c < ' ' || c > '~') {
		buf_printf(ret, "\\u%04x", c);
	} else {
		buf_printf(ret, c == '"' || c == '\\' ? "\\%c" : "%c", (int)c);
	}
}

void client_utf16(struct buf *ret, const char *text)
{
	size_t left = strlen(text);

	buf_addstr(ret, "\"");
	while (left > 0) {
		uint32_t c = 0xfffd;
		size_t len = utf8_next(text, left, &c);

		add_unit(ret, len > 0 ? c : 0xfffd);
		len += len == 0;
		text += len;
		left -= len;
	}
	buf_addstr(ret, "\"");
}

/* An IPv6 address is no name that every client takes. */
const char *client_server_name(const struct site *site)
{
	const char *name = site->name ? site->name : site->host;

	for (size_t i = 0; strchr(name, ':') && i < site->server->n_names; i++) {
		const struct name *other = &site->server->names[i];

		if (other->kind == NAME_DNS && other->text[0] != '*')
			return other->text;
	}
	return name;
}

/* --- the files of one client ------------------------------------------------------------ */

struct files {
	char *dir, *cert, *key, *ca;
};

static void files_clear(struct files *files)
{
	mem_freep(&files->dir);
	mem_freep(&files->cert);
	mem_freep(&files->key);
	mem_freep(&files->ca);
}

/* Of a server's directory, what its clients are to trust: under an intermediate CA ca.pem is
 * what the server lets in, and does not reach up to the root. */
static const char *trust_file(const struct site *site)
{
	const struct inventory *inventory = site->inventory;

	return inventory_has_trust_file(inventory) ? "trust.pem" : "ca.pem";
}

static char *dir_of(const struct site *site, const struct inv_certificate *client)
{
	return mem_printf("%s/clients/%s", site->out, client->name);
}

static struct files files_of(const struct site *site, const struct inv_certificate *client)
{
	char *dir = dir_of(site, client);

	return (struct files){
		.dir = dir,
		.cert = mem_printf("%s/client.pem", dir),
		.key = client->csr ? mem_printf("PATH-OF-THE-KEY-OF-%s", client->name)
		                   : mem_printf("%s/client.key", dir),
		.ca = mem_printf("%s/ca.pem", dir),
	};
}

/* --- words ------------------------------------------------------------------------------ */

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
    "Each client has a directory of its own. To take it elsewhere, follow the links\n"
    "(`cp -rL`, `rsync -rL`), and give it to that client alone: who holds the key in it is\n"
    "that client.\n\n"
    "| client | directory | its key |\n|---|---|---|\n";

static const char NO_CLIENTS[] =
    "No client is named in mica.yaml yet (`clients: [...]`), so none can connect.\n";

static const char WAYS[] =
    "## One-way and two-way\n\n"
    "With `tls-mode: 1` a client is given what stands under one-way, with `tls-mode: 2` what\n"
    "stands under two-way:\n\n"
    "| | one-way | two-way |\n|---|---|---|\n";

static const char PITFALL[] =
    "\nIn pymilvus and Java the path of the server's trust (`server_pem_path`, "
    "`serverPemPath`)\n"
    "wins: the client certificate is dropped without a word. In pymilvus `ca_pem_path` alone\n"
    "is ignored.\n";

/* --- the page --------------------------------------------------------------------------- */

static void add_head(const struct site *site, struct buf *ret)
{
	const struct inv_deployment *deployment = site->deployment;
	MICA_FREE char *rest_port = mem_printf("%d", deployment->rest_port);

	buf_printf(ret, "# Clients of the Milvus deployment %s\n\n", deployment->name);
	buf_printf(ret, "%s%s\n\n- gRPC (pymilvus and the other SDKs): `", NOTICE,
	    MODES[deployment->tls_mode]);
	client_url(site, site->host, site->port, ret);
	buf_addstr(ret, "`\n- REST: ");
	if (deployment->rest_port == 0) {
		buf_addstr(ret, "off (`rest-port: 0`)\n");
		return;
	}
	buf_addstr(ret, "`");
	client_url(site, site->host, rest_port, ret);
	buf_addstr(ret, "`\n");
}

static void add_names(const struct site *site, struct buf *ret)
{
	buf_addstr(ret, "\nThe server's certificate holds these names and no others:\n");
	for (size_t i = 0; i < site->server->n_names; i++)
		buf_printf(ret, "%s`%s`", i ? ", " : "", site->server->names[i].text);
	buf_addstr(ret, CHECKED);
	if (site->name)
		buf_printf(ret, ". `%s` is none of them,\nso `%s` is checked instead",
		    site->host, site->name);
	buf_addstr(ret, ".\n\n");
}

static void add_sections(const struct client *client, struct buf *ret)
{
	for (size_t i = 0; i < mem_count(kinds); i++) {
		buf_printf(ret, "\n## %s\n\n", kinds[i]->title);
		kinds[i]->render(client, ret);
	}
}

static void add_ways(struct buf *ret)
{
	buf_printf(ret, "\n%s", WAYS);
	for (size_t i = 0; i < mem_count(kinds); i++)
		buf_printf(ret, "| %s | %s | %s |\n", kinds[i]->title, kinds[i]->one_way,
		    kinds[i]->two_way);
	buf_addstr(ret, PITFALL);
}

static const struct inv_certificate *client_at(const struct site *site, size_t i)
{
	return &site->inventory->certificates[site->deployment->clients[i]];
}

/* The first one whose files are all here, or else the first. */
static const struct inv_certificate *spokesman(const struct site *site)
{
	for (size_t i = 0; i < site->deployment->n_clients; i++) {
		if (!client_at(site, i)->csr)
			return client_at(site, i);
	}
	return client_at(site, 0);
}

static void add_trees(
    const struct site *site, const struct inv_certificate *shown, struct buf *ret)
{
	buf_addstr(ret, TREES);
	for (size_t i = 0; i < site->deployment->n_clients; i++) {
		const struct inv_certificate *client = client_at(site, i);
		MICA_FREE char *dir = dir_of(site, client);

		buf_printf(ret, "| %s | `%s` | %s |\n", client->name, dir,
		    client->csr ? "was made elsewhere, mica never had it" : "`client.key`");
	}
	buf_printf(ret,
	    "\nBelow are the paths of `%s`; another client has its own directory in place of "
	    "them",
	    shown->name);
	buf_addstr(ret, shown->csr ? ".\nPut the path of its key in place of " : ".\n");
	if (shown->csr)
		buf_printf(ret, "`PATH-OF-THE-KEY-OF-%s`.\n", shown->name);
}

static void add_two_way(const struct site *site, struct buf *ret)
{
	const struct inv_certificate *shown;
	MICA_AUTO(files_clear) struct files files = { .dir = NULL };

	buf_printf(ret, TRUST, "ca.pem");
	if (site->deployment->n_clients == 0) {
		buf_addstr(ret, NO_CLIENTS);
		return;
	}
	shown = spokesman(site);
	files = files_of(site, shown);
	add_trees(site, shown, ret);
	add_sections(&(struct client){ .site = site,
	                 .dir = files.dir,
	                 .cert = files.cert,
	                 .key = files.key,
	                 .ca = files.ca,
	                 .absent_key = shown->csr ? files.key : NULL },
	    ret);
}

static void add_one_way(const struct site *site, struct buf *ret)
{
	MICA_FREE char *ca = mem_printf("%s/tls/%s", site->out, trust_file(site));

	buf_printf(ret, "All that a client needs is `tls/%s`.\n\n", trust_file(site));
	buf_printf(ret, TRUST, trust_file(site));
	buf_cut(ret, ret->len - 1); /* the sections begin with a blank line */
	add_sections(&(struct client){ .site = site, .ca = ca }, ret);
}

void render_clients(const struct site *site, struct buf *ret)
{
	add_head(site, ret);
	if (site->deployment->tls_mode == 0) {
		add_sections(&(struct client){ .site = site }, ret);
		return;
	}
	add_names(site, ret);
	if (site->deployment->tls_mode == 2)
		add_two_way(site, ret);
	else
		add_one_way(site, ret);
	add_ways(ret);
}
