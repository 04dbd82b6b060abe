// SPDX-License-Identifier: Apache-2.0
/*
 * check: a deployment of Milvus judged as it is, whoever made it: its configuration, the files
 * that it names, its clients' parameters, and what its endpoints do.
 *
 * What is found are findings, by rules with stable names: the table below. The rules on texts
 * are in src/milvus/check_*.c, those on files and endpoints in src/check.
 */
#ifndef MICA_CHECK_H
#define MICA_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mica/buf.h>
#include <mica/config.h>
#include <mica/findings.h>

/* --- rules ------------------------------------------------------------------------------ */

struct check_rule {
	const char *name;
	enum finding_level level; /* the worst that it tells */
	const char *why;          /* why it matters; one sentence or two */
	const char *mend;         /* what to do; a finding may have a better hint of its own */
};

/* In the order of docs/check.md; NULL past the end. */
const struct check_rule *check_rule_at(size_t i);
/* NULL: none of check's */
const struct check_rule *check_rule_find(const char *name);

/* --- a deployment ------------------------------------------------------------------------ */

/* One text of configuration; file is its name in findings. */
struct check_text {
	const char *file;
	struct buf text;
};

/* What of the container's files lies where here: "/milvus/tls" in "out/prod/tls". A relative
 * path of the container is one under /milvus, where Milvus runs. */
struct check_mount {
	char *inside;
	char *here;
};

/* A client's parameters, by pymilvus' names; NULL: not given. Paths are of this machine. */
struct check_client {
	char *name; /* the place in findings: "client 1" */
	char *uri;
	char *secure;
	char *server_pem_path, *client_pem_path, *client_key_path, *ca_pem_path;
	char *server_name;
};

void check_client_clear(struct check_client *client);

/* "uri=https://host:19530,server_pem_path=ca.pem": ERR_USAGE for a name that is none of these.
 */
int check_client_parse(
    const char *text, const char *name, struct check_client *ret, struct err *err) MICA_CHECKED;

enum check_base {
	CHECK_BASE_IMAGE, /* beneath the texts lies the milvus.yaml of Milvus' image */
	CHECK_BASE_WHOLE, /* the first text is the milvus.yaml itself */
	CHECK_BASE_NONE,  /* there is no configuration to judge */
};

struct check_target {
	int version; /* MILVUS_VERSION() */
	enum check_base base;
	const struct check_text *texts; /* in the order that Milvus reads them */
	size_t n_texts;
	const struct check_text *user;            /* user.yaml, read last; NULL: none */
	const struct check_text *helm, *operator; /* values of the chart, the Milvus resource */
	char *const *variables;                   /* KEY=VALUE */
	size_t n_variables;
	const struct check_mount *mounts;
	size_t n_mounts;
	bool mounted_only; /* other paths are of a container that nothing here shows: not judged
	                    */
	const struct check_client *clients;
	size_t n_clients;
	const char *ca; /* path of what clients trust; NULL: the configuration's caPemPath */
	char *const *endpoints; /* gRPC */
	size_t n_endpoints;
	const char *rest;    /* host:port; NULL: not asked */
	bool rest_guessed;   /* it need not be there */
	const char *metrics; /* host:port; NULL: port 9091 where the endpoints are */
	const char *sni;     /* the name that endpoints are checked for; NULL: their host */
	const struct buf
	    *delivered; /* DER of what should be served; NULL: what serverPemPath names */
	int64_t now;
	int64_t ahead; /* what ends within so many seconds is told; 0: 30 days */
};

/* Says what is wrong. -1 only when it cannot be judged at all: a variable that is none. */
int check_target(
    const struct check_target *target, struct findings *findings, struct err *err) MICA_CHECKED;

/* --- texts (src/milvus) ------------------------------------------------------------------ */

/* What of a target is text: configuration merged, and judged. */
struct check_texts {
	const struct config *config;
	int version;
	enum check_base base;
	const char *file; /* where a setting that is missing would be */
	struct findings *findings;
};

void check_config(const struct check_texts *texts);

/* The configuration in Helm's values or in a Milvus resource, added to config; and what is
 * wrong with the way it stands there. */
void check_helm(
    const struct check_text *values, struct config *config, struct findings *findings);
void check_operator(
    const struct check_text *resource, struct config *config, struct findings *findings);

/* tls_mode: what the server is set to; -1: not known */
void check_client_texts(
    const struct check_client *client, int tls_mode, struct findings *findings);

#endif
