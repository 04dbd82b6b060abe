// SPDX-License-Identifier: Apache-2.0
/* What a client is told, by pymilvus' parameters; the files that they name are judged in
 * src/check. */
#include "check_keys.h"

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>
#include <mica/nearest.h>

#define FIELD(name)                                                                            \
	{                                                                                      \
#name, offsetof(struct check_client, name)                                     \
	}

static const struct {
	const char *name;
	size_t where;
} fields[] = {
	FIELD(uri),
	FIELD(secure),
	FIELD(server_pem_path),
	FIELD(client_pem_path),
	FIELD(client_key_path),
	FIELD(ca_pem_path),
	FIELD(server_name),
};

static char **field(struct check_client *client, size_t i)
{
	return (char **)((char *)client + fields[i].where);
}

void check_client_clear(struct check_client *client)
{
	for (size_t i = 0; i < mem_count(fields); i++)
		mem_freep(field(client, i));
	mem_freep(&client->name);
}

static int unknown(const char *name, struct err *err)
{
	struct nearest nearest = NEAREST_INIT(name);

	for (size_t i = 0; i < mem_count(fields); i++)
		nearest_offer(&nearest, fields[i].name);
	err_set(err, ERR_USAGE, "a client has no parameter '%s'", name);
	if (nearest.best)
		return err_hint(err, "did you mean '%s'?", nearest.best);
	return err_hint(err,
	    "the parameters are those of pymilvus: uri, secure, server_pem_path, "
	    "client_pem_path, client_key_path, ca_pem_path, server_name");
}

static int take(struct check_client *client, const char *part, struct err *err)
{
	const char *equals = strchr(part, '=');
	MICA_FREE char *name = equals ? mem_dup(part, (size_t)(equals - part)) : NULL;

	if (!name)
		return err_set(err, ERR_USAGE, "'%s' is not NAME=VALUE", part);
	for (size_t i = 0; i < mem_count(fields); i++) {
		if (strcmp(fields[i].name, name) != 0)
			continue;
		if (*field(client, i))
			return err_set(err, ERR_USAGE, "a client's '%s' is given twice", name);
		*field(client, i) = mem_strdup(equals + 1);
		return 0;
	}
	return unknown(name, err);
}

int check_client_parse(
    const char *text, const char *name, struct check_client *ret, struct err *err)
{
	MICA_AUTO(check_client_clear) struct check_client client = { .name = mem_strdup(name) };
	MICA_FREE char *copy = mem_strdup(text);
	char *rest = copy;

	for (char *part = strsep(&rest, ","); part; part = strsep(&rest, ",")) {
		if (take(&client, part, err) < 0)
			return -1;
	}
	*ret = client;
	client = (struct check_client){ .name = NULL };
	return 0;
}

static bool given(const char *value)
{
	return value && value[0] != '\0';
}

static bool is_secure(const struct check_client *client)
{
	if (given(client->secure))
		return strcasecmp(client->secure, "true") == 0 ||
		       strcmp(client->secure, "1") == 0;
	return given(client->uri) && strncasecmp(client->uri, "https://", 8) == 0;
}

/* pymilvus uses client_pem_path, client_key_path and ca_pem_path together or not at all */
static void check_pair(const struct check_client *client, int tls_mode,
    const struct mark *where, struct findings *findings)
{
	const size_t n = given(client->client_pem_path) + given(client->client_key_path) +
	                 given(client->ca_pem_path);
	const bool pair = given(client->client_pem_path) || given(client->client_key_path);

	if (given(client->server_pem_path) && pair)
		check_say(findings, CHECK_CLIENT_CERTIFICATE_DROPPED, where,
		    "server_pem_path is given beside client_pem_path");
	else if (pair && n < 3)
		check_say(findings, CHECK_CLIENT_INCOMPLETE, where, "%s is not given",
		    !given(client->client_pem_path)   ? "client_pem_path"
		    : !given(client->client_key_path) ? "client_key_path"
		                                      : "ca_pem_path");
	else if (given(client->ca_pem_path) && !pair && !given(client->server_pem_path))
		check_say(
		    findings, CHECK_CLIENT_CA_IGNORED, where, "ca_pem_path is given alone");
	if (tls_mode == 2 && !pair)
		check_say(findings, CHECK_CLIENT_NO_CERTIFICATE, where,
		    "the server is in two-way mode, and the client has no certificate");
}

void check_client_texts(
    const struct check_client *client, int tls_mode, struct findings *findings)
{
	const struct mark where = { client->name, 0, 0 };

	if (tls_mode != 0 && given(client->uri) && !is_secure(client))
		check_say(findings, CHECK_CLIENT_PLAINTEXT, &where,
		    "its uri does not begin with https://, and secure is not set");
	check_pair(client, tls_mode, &where, findings);
}
