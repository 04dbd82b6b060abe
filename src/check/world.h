// SPDX-License-Identifier: Apache-2.0
/*
 * world: the files of one deployment, each read and judged once, however many keys name it.
 */
#ifndef MICA_CHECK_WORLD_H
#define MICA_CHECK_WORLD_H

#include <mica/check_rules.h>
#include <mica/inspect.h>

/* ROLE_TRUST: what a client trusts, which may be a leaf; ROLE_CA: what a server does, which may
 * not */
enum role { ROLE_SERVER, ROLE_CLIENT, ROLE_CA, ROLE_TRUST };

/* A file of certificates: a leaf with its chain, or what is trusted. */
struct certificates {
	char *path; /* here */
	enum role role;
	struct inspected *items; /* NULL: it cannot be used */
	size_t n;
};

struct private_key {
	char *path;
	struct digest spki;
	enum inspect_form form;
	bool usable; /* spki holds */
};

struct world {
	const struct check_target *target;
	struct config *config;
	struct findings *findings;
	struct certificates **certificates; /* owned, and stay where they are */
	size_t n_certificates, cap_certificates;
	const struct certificates *ca; /* what caPemPath names; NULL: none that can be used */
	struct private_key **keys;
	size_t n_keys, cap_keys;
};

/* Something that names a file: a setting, or a client's parameter. */
struct named {
	const char *what; /* "tls.serverPemPath" */
	char *path;       /* here; NULL: nowhere that is known */
	struct mark where;
	bool sure; /* the path is one of this machine, so what is not there is missing */
};

void named_clear(struct named *named);
#define NAMED_AUTO MICA_AUTO(named_clear) struct named

void world_clear(struct world *world);

/* What a key of the configuration names; path NULL when it is not set, or is the image's own,
 * which is told. */
struct named world_setting(struct world *world, const char *key);
/* Is it set, and mounted from this machine? */
bool world_has(const struct world *world, const char *key);
struct named world_path(const struct world *world, const char *what, const char *path);

/* Read and judged; NULL when there is none that can be used, which is told. */
const struct certificates *world_certificates(
    struct world *world, const struct named *named, enum role role);
const struct private_key *world_key(
    struct world *world, const struct named *named, enum role role);

/* certificates.c: what is wrong with the certificates of a file, each by itself and as a chain
 */
void world_judge_certificates(struct world *world, const struct certificates *certificates);

/* pairs.c */
void world_judge_file_mode(struct world *world, const char *path);
void world_judge_key_file(struct world *world, const struct private_key *key, enum role role);
struct pair {
	const struct certificates *certificates; /* each may be NULL */
	const struct private_key *key;
};
/* Reads both and says whether they belong together. */
struct pair world_pair(struct world *world, const struct named *certificate,
    const struct named *key, enum role role);
/* Does the way lead from the chain to what is trusted? */
void world_judge_path(struct world *world, const struct certificates *chain,
    const struct certificates *trusted, enum check_id id);

/* beside.c: a CA's key in one of the directories; one key for a server and a client */
void world_judge_beside(struct world *world);
void world_judge_shared_keys(struct world *world);

/* crls.c: the crl.pem beside each CA file */
void world_judge_crls(struct world *world);

/* clients.c */
void world_judge_client(
    struct world *world, const struct check_client *client, const struct certificates *server);

/* live.c */
void world_judge_endpoints(struct world *world, const struct certificates *server);

#endif
