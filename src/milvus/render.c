// SPDX-License-Identifier: Apache-2.0
#include "render.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mica/file.h>
#include <mica/mem.h>

static const char MILVUS_PORT[] = "19530";

/* a wildcard stands for the whole left-most label (RFC 6125 6.4.3) */
static bool dns_holds(const char *pattern, const char *host)
{
	const char *dot;

	if (strncmp(pattern, "*.", 2) != 0)
		return strcasecmp(pattern, host) == 0;
	dot = strchr(host, '.');
	return dot && dot != host && strcasecmp(pattern + 1, dot) == 0;
}

static bool ip_holds(const struct name *name, const char *host)
{
	unsigned char bytes[16];

	return inet_pton(name->ip_len == 4 ? AF_INET : AF_INET6, host, bytes) == 1 &&
	       memcmp(bytes, name->ip, name->ip_len) == 0;
}

static bool certificate_holds(const struct inv_certificate *certificate, const char *host)
{
	for (size_t i = 0; i < certificate->n_names; i++) {
		const struct name *name = &certificate->names[i];

		if (name->kind == NAME_DNS ? dns_holds(name->text, host) : ip_holds(name, host))
			return true;
	}
	return false;
}

bool site_holds(const struct site *site, const char *host)
{
	return certificate_holds(site->server, host);
}

/* The first name that can be connected to; for a wildcard a name that it holds. */
static char *first_name(const struct inv_certificate *certificate)
{
	const char *text;

	for (size_t i = 0; i < certificate->n_names; i++) {
		if (strncmp(certificate->names[i].text, "*.", 2) != 0)
			return mem_strdup(certificate->names[i].text);
	}
	text = certificate->n_names > 0 ? certificate->names[0].text + 2 : "localhost";
	return certificate->n_names > 0 ? mem_printf("milvus.%s", text) : mem_strdup(text);
}

/* Where clients in the same cluster reach it, if the certificate holds that name. */
static char *in_cluster(
    const struct inv_deployment *deployment, const struct inv_certificate *certificate)
{
	const struct inv_kubernetes *kubernetes = &deployment->kubernetes;
	MICA_FREE char *name = NULL;

	if (!inventory_in_kubernetes(deployment))
		return NULL;
	name =
	    mem_printf("%s.%s.svc.cluster.local", kubernetes->service, kubernetes->namespace);
	return certificate_holds(certificate, name) ? mem_give(name) : NULL;
}

/* "host:port" or "[::1]:port" */
static void split_endpoint(const char *endpoint, struct site *ret)
{
	const char *colon = strrchr(endpoint, ':');
	size_t len = colon ? (size_t)(colon - endpoint) : strlen(endpoint);

	if (len >= 2 && endpoint[0] == '[' && endpoint[len - 1] == ']') {
		endpoint++;
		len -= 2;
	}
	ret->host = mem_dup(endpoint, len);
	ret->port = mem_strdup(colon ? colon + 1 : MILVUS_PORT);
}

/* It will stand in comments and in code, where a line must not end early. */
static int resolve_out(const char *out, char **ret, struct err *err)
{
	MICA_FREE char *path = NULL;

	if (file_absolute(out, &path, err) < 0)
		return -1;
	for (const char *at = path; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return err_set(
			    err, ERR_FAILED, "the path '%s' holds a control character", path);
	}
	*ret = mem_give(path);
	return 0;
}

int site_init(const struct inventory *inventory, const struct inv_deployment *deployment,
    const struct milvus_given *given, struct site *ret, struct err *err)
{
	struct site site = { .inventory = inventory, .deployment = deployment, .given = given };

	if (resolve_out(deployment->out, &site.out, err) < 0)
		return -1;
	site.server = &inventory->certificates[deployment->server];
	site.merged = given->milvus_yaml != NULL;
	if (inventory_in_kubernetes(deployment) && given->certificate)
		secret_generation(given, site.generation);
	if (deployment->n_endpoints > 0) {
		split_endpoint(deployment->endpoints[0], &site);
	} else {
		site.host = in_cluster(deployment, site.server);
		if (!site.host)
			site.host = first_name(site.server);
		site.port = mem_strdup(MILVUS_PORT);
	}
	if (!certificate_holds(site.server, site.host))
		site.name = first_name(site.server);
	*ret = site;
	return 0;
}

void site_clear(struct site *site)
{
	free(site->out);
	free(site->host);
	free(site->port);
	free(site->name);
	*site = (struct site){ .out = NULL };
}

void render_header(const struct site *site, struct buf *ret)
{
	buf_printf(ret,
	    "# Written by mica for the deployment \"%s\"; do not edit: change mica.yaml and "
	    "run "
	    "`mica apply`.\n",
	    site->deployment->name);
}

void render_shell(struct buf *ret, const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.:@%+=,-";

	if (text[0] != '\0' && strspn(text, plain) == strlen(text)) {
		buf_addstr(ret, text);
		return;
	}
	buf_addstr(ret, "'");
	for (; *text; text++) {
		if (*text == '\'')
			buf_addstr(ret, "'\\''");
		else
			buf_add(ret, text, 1);
	}
	buf_addstr(ret, "'");
}

void render_host(struct buf *ret, const char *host)
{
	buf_printf(ret, strchr(host, ':') ? "[%s]" : "%s", host);
}
