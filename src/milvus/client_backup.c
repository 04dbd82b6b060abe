// SPDX-License-Identifier: Apache-2.0
/*
 * milvus-backup: what its backup.yaml says of Milvus. The second form of that file came after
 * 0.5; newer versions read the first one still, which cannot tell REST's own port.
 *
 * Its REST calls (segments of a backup, imports of a restore) have no settings of TLS at all:
 * Go's defaults, which are the system's CAs and no client certificate.
 */
#include "client.h"

#include <mica/mem.h>

static void add(struct buf *ret, const char *indent, const char *name, const char *value)
{
	buf_printf(ret, "%s%s: ", indent, name);
	doc_quote(ret, value);
	buf_addstr(ret, "\n");
}

static void add_files(const struct client *client, const char *indent, struct buf *ret)
{
	if (!client->ca)
		return;
	add(ret, indent, "caCertPath", client->ca);
	add(ret, indent, "serverName", client_server_name(client->site));
	if (!client->cert)
		return;
	add(ret, indent, "mtlsCertPath", client->cert);
	add(ret, indent, "mtlsKeyPath", client->key);
}

static void add_second_form(const struct client *client, struct buf *ret)
{
	static const char *const modes[] = { "disabled", "server", "mutual" };
	const struct site *site = client->site;
	MICA_FREE char *port = mem_printf("%d", site->deployment->rest_port);
	BUF_AUTO url = BUF_INIT;

	buf_addstr(ret, "```yaml\nconfigVersion: \"v2\"\nmilvus:\n  grpc:\n");
	add(ret, "    ", "address", site->host);
	buf_printf(ret, "    port: %s\n", site->port);
	add(ret, "    ", "tlsMode", modes[site->deployment->tls_mode]);
	add_files(client, "    ", ret);
	if (site->deployment->rest_port != 0) {
		client_url(site, site->host, port, &url);
		buf_addstr(ret, "  rest:\n");
		add(ret, "    ", "endpoint", buf_text(&url));
	}
	buf_addstr(ret, "```\n");
}

static void add_first_form(const struct client *client, struct buf *ret)
{
	const struct site *site = client->site;

	buf_addstr(ret, "```yaml\nmilvus:\n");
	add(ret, "  ", "address", site->host);
	buf_printf(ret, "  port: %s\n  tlsMode: %d\n", site->port, site->deployment->tls_mode);
	add_files(client, "  ", ret);
	buf_addstr(ret, "```\n");
}

static void add_rest(const struct client *client, struct buf *ret)
{
	if (!client->ca || client->site->deployment->rest_port == 0)
		return;
	buf_addstr(ret,
	    client->cert
	        ? "\nIts REST calls read none of this, and show no client certificate: with\n"
	          "`tls-mode: 2` what needs REST (the imports of a restore) is refused.\n"
	        : "\nIts REST calls read none of this: let `SSL_CERT_FILE` in its environment\n"
	          "name that file.\n");
}

static void render(const struct client *client, struct buf *ret)
{
	buf_addstr(ret, "In its backup.yaml:\n\n");
	add_second_form(client, ret);
	buf_addstr(ret, "\nUp to v0.5, which take REST to be on the port of gRPC:\n\n");
	add_first_form(client, ret);
	add_rest(client, ret);
}

const struct client_kind client_backup = {
	.title = "milvus-backup",
	.one_way = "`tlsMode: server` (1), `caCertPath`",
	.two_way = "`tlsMode: mutual` (2), `caCertPath`, `mtlsCertPath`, `mtlsKeyPath`",
	.render = render,
};
