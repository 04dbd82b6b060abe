// SPDX-License-Identifier: Apache-2.0
/*
 * client: clients.md, one file for each program that connects to Milvus. Each writes its
 * section for one client of the deployment; clients.c has the table of them, and what is common
 * to all.
 */
#ifndef MICA_MILVUS_CLIENT_H
#define MICA_MILVUS_CLIENT_H

#include "render.h"

/* Who connects, and with which files; all borrowed. */
struct client {
	const struct site *site;
	const char *dir;        /* its directory; NULL: it has none, and shows no certificate */
	const char *cert, *key; /* NULL: it shows none */
	const char *ca;         /* NULL: plaintext */
	const char *absent_key; /* what stands for the path of a key that mica never had */
};

struct client_kind {
	const char *title;
	const char *one_way, *two_way; /* what it is given, for a table in Markdown */
	void (*render)(const struct client *client, struct buf *ret);
};

extern const struct client_kind client_pymilvus, client_go, client_java, client_node,
    client_curl, client_attu, client_backup;

/* "https://host:port" */
void client_url(const struct site *site, const char *host, const char *port, struct buf *ret);

/* A literal of Java and JavaScript, whose escapes are those of UTF-16. */
void client_utf16(struct buf *ret, const char *text);

/* The name that is checked in the server's certificate, for what must always be told. */
const char *client_server_name(const struct site *site);

#endif
