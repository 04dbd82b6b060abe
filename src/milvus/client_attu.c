// SPDX-License-Identifier: Apache-2.0
/*
 * Attu, in a container. It runs beside a Milvus of Compose, in the network that its
 * docker-compose.yml names, and reaches it by the service's name; elsewhere it has the network
 * of its host, since the addresses of this page are those of the host.
 *
 * Attu 3, which is for Milvus 2.5 and later, has other variables than Attu 2.
 */
#include "client.h"

#include <string.h>

#define NEXT " \\\n    "
#define CERTS "/etc/attu/certs"

/* what Attu reads, of one generation */
struct variables {
	const char *image, *address, *ca, *cert, *key, *name;
};

static const struct variables ATTU_2 = { "zilliz/attu:v2.4", "MILVUS_URL", "ROOT_CERT_PATH",
	"CERT_CHAIN_PATH", "PRIVATE_KEY_PATH", "SERVER_NAME" };
static const struct variables ATTU_3 = { "zilliz/attu:v3.0.0-beta.4", "MILVUS_ADDRESS",
	"MILVUS_TLS_ROOT_CERT_PATH", "MILVUS_TLS_CERT_CHAIN_PATH",
	"MILVUS_TLS_PRIVATE_KEY_PATH", "MILVUS_TLS_SERVER_NAME" };

static void add_variable(struct buf *ret, const char *name, const char *value)
{
	buf_printf(ret, NEXT "--env %s=", name);
	render_shell(ret, value);
}

/* Docker reads the fields as CSV. */
static void add_mount(struct buf *ret, const char *from, const char *to)
{
	const bool quoted = strpbrk(from, ",\"") != NULL;
	BUF_AUTO word = BUF_INIT;

	buf_printf(&word, "type=bind,%ssource=", quoted ? "\"" : "");
	for (const char *at = from; *at; at++)
		buf_printf(&word, *at == '"' ? "\"%c" : "%c", *at);
	buf_printf(&word, "%s,target=%s,readonly", quoted ? "\"" : "", to);
	buf_addstr(ret, NEXT "--mount ");
	render_shell(ret, buf_text(&word));
}

/* Of a client's directory, whose links move; of the server's only what its clients may see. */
static void add_mounts(const struct client *client, struct buf *ret)
{
	if (client->dir)
		add_mount(ret, client->dir, CERTS);
	else
		add_mount(ret, client->ca, CERTS "/ca.pem");
	if (client->absent_key)
		add_mount(ret, client->absent_key, "/etc/attu/client.key");
}

static void add_files(
    const struct client *client, const struct variables *names, struct buf *ret)
{
	if (names == &ATTU_3)
		add_variable(ret, "MILVUS_SSL", "true");
	add_variable(ret, names->ca, CERTS "/ca.pem");
	if (!client->cert)
		return;
	add_variable(ret, names->cert, CERTS "/client.pem");
	add_variable(
	    ret, names->key, client->absent_key ? "/etc/attu/client.key" : CERTS "/client.key");
}

static void render(const struct client *client, struct buf *ret)
{
	const struct site *site = client->site;
	const bool beside = site->deployment->kind == DEPLOY_COMPOSE;
	const struct variables *names =
	    site->deployment->version < MILVUS_VERSION(2, 5) ? &ATTU_2 : &ATTU_3;
	BUF_AUTO address = BUF_INIT;

	render_host(&address, beside ? "standalone" : site->host);
	buf_printf(&address, ":%s", beside ? "19530" : site->port);
	buf_printf(ret, "On <http://localhost:3000>, for whoever reaches that port%s:\n\n",
	    client->cert ? ", with the rights of this client" : "");
	buf_printf(ret, "```sh\ndocker run --rm --name attu%s", NEXT);
	buf_addstr(ret, beside ? "--network milvus" NEXT "--publish 127.0.0.1:3000:3000"
	                       : "--network host");
	if (client->ca)
		add_mounts(client, ret);
	add_variable(ret, names->address, buf_text(&address));
	if (client->ca) {
		add_files(client, names, ret);
		add_variable(ret, names->name,
		    beside && site_holds(site, "standalone") ? "standalone"
		                                             : client_server_name(site));
	}
	buf_printf(ret, NEXT "%s\n```\n", names->image);
}

const struct client_kind client_attu = {
	.title = "Attu",
	.one_way = "`..._ROOT_CERT_PATH`, `..._SERVER_NAME`",
	.two_way = "as well `..._CERT_CHAIN_PATH`, `..._PRIVATE_KEY_PATH`",
	.render = render,
};
