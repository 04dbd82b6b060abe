// SPDX-License-Identifier: Apache-2.0
/*
 * render: what the outlets share. A site is one deployment with what is worth knowing of it
 * resolved once: absolute paths, and the address its clients are told.
 */
#ifndef MICA_MILVUS_RENDER_H
#define MICA_MILVUS_RENDER_H

#include <mica/doc.h>
#include <mica/milvus.h>

#include <sys/types.h>

struct site {
	const struct inventory *inventory;
	const struct inv_deployment *deployment;
	const struct inv_certificate *server;
	char *out;   /* the deployment's directory, absolute */
	char *host;  /* where clients find it: of the first endpoint, or a name of the
	                certificate */
	char *port;  /* gRPC */
	char *name;  /* the name in the certificate to check instead, when it does not hold
	                `host`; or NULL */
	bool merged; /* the configuration is a whole milvus.yaml, not a user.yaml */
	const struct milvus_given *given;
	char generation[11]; /* Kubernetes: of what is given; empty: not known yet */
};

int site_init(const struct inventory *inventory, const struct inv_deployment *deployment,
    const struct milvus_given *given, struct site *ret, struct err *err) MICA_CHECKED;
void site_clear(struct site *site);
#define SITE_AUTO MICA_AUTO(site_clear) struct site

/* Whether the server's certificate is good for this name or address. */
bool site_holds(const struct site *site, const char *host);

/* "# Written by mica for the deployment ...": the same for the same deployment, so without a
 * date. */
void render_header(const struct site *site, struct buf *ret);
/* One word of a POSIX shell, quoted when it must be. */
void render_shell(struct buf *ret, const char *text);
/* A host as it stands in a URL: IPv6 in brackets. */
void render_host(struct buf *ret, const char *host);

/* --- the keys of milvus.yaml (keys.c) -------------------------------------------- */

struct keys {
	struct doc_change *changes;
	size_t n, cap;
	char **owned; /* their paths and values */
	size_t n_owned, cap_owned;
};

void keys_init(const struct inv_deployment *deployment, struct keys *ret);
void keys_clear(struct keys *keys);
#define KEYS_AUTO MICA_AUTO(keys_clear) struct keys

/* A milvus.yaml with the keys in it and every other byte as it was. Faults of the text, and keys
 * that are one of these to Milvus but written otherwise, are ERR_FAILED with findings. */
int merge_keys(const char *file, const struct buf *given, const struct keys *keys,
    struct findings *findings, struct buf *ret, struct err *err) MICA_CHECKED;

/* --- the outlets ----------------------------------------------------------------- */

void render_compose(const struct site *site, struct buf *ret);
void render_clients(const struct site *site, struct buf *ret);

/* --- the outlets of Kubernetes ---------------------------------------------------------- */

/* how the volume of the Secret is called within a pod */
#define KUBERNETES_VOLUME "mica-tls"

/* a short digest of what the pods see: it names the Secret, and changes with it */
void secret_generation(const struct milvus_given *given, char ret[static 11]);
/* a name for a text that a change of it changes */
void text_generation(const struct buf *text, char ret[static 11]);
void render_secret_name(const struct site *site, struct buf *ret);
void render_secret(const struct site *site, struct buf *ret);

/* the volume and where it is mounted, each line indented so far; mode: of the files in it */
void render_volumes(const struct site *site, const char *indent, mode_t mode, struct buf *ret);
/* every line of a text indented */
void render_indented(const char *indent, const struct buf *text, struct buf *ret);
bool render_needs_group(const struct inv_deployment *deployment);

/* config: the keys of milvus.yaml, as for user.yaml */
void render_helm(const struct site *site, const struct buf *config, struct buf *ret);
int render_operator(
    const struct site *site, struct findings *findings, struct buf *ret, struct err *err);
void render_deploy(const struct site *site, struct buf *ret);

#endif
