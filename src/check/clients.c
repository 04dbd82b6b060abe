// SPDX-License-Identifier: Apache-2.0
/* Rules on the files that a client is given, held against the server's. */
#include "world.h"

#include <string.h>

/* The host of "https://host:port/...", "[::1]" without its brackets; NULL: none */
static char *host_of(const char *uri)
{
	const char *host = uri ? strstr(uri, "://") : NULL;
	const char *at;
	size_t len;

	if (!uri)
		return NULL;
	host = host ? host + 3 : uri;
	at = memchr(host, '@', strcspn(host, "/")); /* behind a name and a password */
	host = at ? at + 1 : host;
	if (host[0] == '[') {
		len = strcspn(host + 1, "]");
		return mem_dup(host + 1, len);
	}
	len = strcspn(host, ":/?");
	return len > 0 ? mem_dup(host, len) : NULL;
}

static bool holds_server(const struct certificates *trusted, const struct inspected *leaf)
{
	for (size_t i = 0; i < trusted->n; i++) {
		if (buf_same(&trusted->items[i].der, leaf->der.data, leaf->der.len))
			return true;
	}
	return false;
}

static bool has_ca(const struct certificates *trusted)
{
	for (size_t i = 0; i < trusted->n; i++) {
		if (trusted->items[i].ca)
			return true;
	}
	return false;
}

/* What the client trusts, and whether that verifies the server. */
static void judge_trust(struct world *world, const struct named *named,
    const struct certificates *server, const struct mark *where)
{
	const struct certificates *trusted = world_certificates(world, named, ROLE_TRUST);
	struct err err = ERR_INIT;

	if (!trusted)
		return;
	if (!has_ca(trusted)) {
		check_say(world->findings, CHECK_CLIENT_LEAF, where,
		    "it trusts '%s', which holds no CA's certificate%s", trusted->path,
		    server && holds_server(trusted, &server->items[0]) ? " but the server's"
		                                                       : "");
	}
	if (server && !server->items[0].self_named &&
	    inspect_path(&server->items[0],
	        (struct inspect_set){ server->items + 1, server->n - 1 },
	        (struct inspect_set){ trusted->items, trusted->n }, &err) < 0)
		check_say(world->findings, CHECK_CLIENT_TRUST, where,
		    "'%s' does not verify '%s': %s", trusted->path, server->path, err.text);
}

static void judge_name(struct world *world, const struct check_client *client,
    const struct certificates *server, const struct mark *where)
{
	MICA_FREE char *host = host_of(client->uri);
	const char *name = client->server_name ? client->server_name : host;

	/* that there are no names at all is a rule of its own */
	if (!server || !name || !server->items[0].named ||
	    inspected_holds(&server->items[0], name))
		return;
	check_say(world->findings, CHECK_CLIENT_NAME, where,
	    "it looks for '%s', which '%s' does not hold", name, server->path);
}

static void judge_own(struct world *world, const struct check_client *client)
{
	NAMED_AUTO certificate = world_path(world, "client_pem_path", client->client_pem_path);
	NAMED_AUTO key = world_path(world, "client_key_path", client->client_key_path);

	(void)world_pair(world, &certificate, &key, ROLE_CLIENT);
}

void world_judge_client(
    struct world *world, const struct check_client *client, const struct certificates *server)
{
	const struct mark where = { client->name, 0, 0 };
	NAMED_AUTO one_way = world_path(world, "server_pem_path", client->server_pem_path);
	NAMED_AUTO two_way = world_path(world, "ca_pem_path", client->ca_pem_path);

	judge_own(world, client);
	judge_trust(world, one_way.path ? &one_way : &two_way, server, &where);
	judge_name(world, client, server, &where);
}
