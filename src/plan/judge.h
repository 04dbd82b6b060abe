// SPDX-License-Identifier: Apache-2.0
/*
 * judge: mica.yaml as it is written becomes the inventory, or faults.
 *
 * Each judge fills its part as far as it can and tells every fault; an inventory with faults is
 * never given out, so a part may be left empty. A value that the schema found faulty is judged
 * no further.
 */
#ifndef MICA_PLAN_JUDGE_H
#define MICA_PLAN_JUDGE_H

#include <mica/inventory.h>

#include "keys.h"

enum { JUDGE_MAX_NAMES = 250 }; /* of one certificate */

struct judge {
	const struct inventory_keys *keys;
	struct inventory *inventory;
	struct findings *findings;
	char *absolute;       /* the inventory's directory */
	bool reference_fault; /* some deployment names what is not there: who is used is not
	                         known */
	bool renew_told, beyond_told; /* a fault of the defaults, which is told once */
	size_t refusals;              /* findings that are policy's, not faults */
};

void judge_cas(struct judge *judge);
/* the CAs with each other; finds the one that issues */
void judge_generations(struct judge *judge);
/* parent and permitted-dns of one CA */
void judge_chain(struct judge *judge, const struct ca_keys *keys, struct inv_ca *ca);
void judge_certificates(struct judge *judge);
/* the names of one certificate, against permitted-dns of the CA that issues */
void judge_permitted_names(struct judge *judge, const struct certificate_keys *keys,
    const struct inv_certificate *certificate);
/* one name of a certificate; where: what to blame */
void judge_permitted_name(
    struct judge *judge, const struct name *name, const struct mark *where);
void judge_deployments(struct judge *judge);
/* what one deployment says of Kubernetes, and keys that its kind has no use for */
void judge_kubernetes(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out);
/* no release is there twice */
void judge_releases(struct judge *judge);
/* adds the names of its service to the certificate of its server, which is known */
void judge_service_names(struct judge *judge, const struct milvus_keys *keys,
    const struct inv_deployment *deployment);
/* TLS to what one deployment stands on, and to the targets of its CDC */
void judge_dependencies(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out);
/* what restarts one deployment, and how long that may take */
void judge_restart(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out);
void judge_paths(
    struct judge *judge); /* of the deployments and the state directory, to each other */
void judge_policy(struct judge *judge);

/* --- for all of them -------------------------------------------------------------------- */

/* What stands in a file, and where it stands, in words of the inventory's own. */
struct mark judge_mark(const struct judge *judge, const struct doc_node *node);

/* Tells an error of names.h at a node. */
void judge_error(
    struct judge *judge, const struct doc_node *node, const char *rule, const struct err *err);

/* A copy of the name of an entry when it is well formed, NULL and a fault otherwise. */
char *judge_name(struct judge *judge, const struct schema_value *value);

/* A path in the file, joined with the inventory's directory; NULL when it was left out or is
 * faulty. */
char *judge_path(struct judge *judge, const struct schema_value *value);

/* The indices of n items in the order of their names (NULL last); items with a name twice are
 * faults at the later one. free() it. */
struct named {
	const char *name;
	const struct doc_node *node; /* of the name */
};
size_t *judge_order(struct judge *judge, const struct named *named, size_t n);

/* What a certificate takes from its own keys or from the defaults. */
void judge_life(
    struct judge *judge, const struct certificate_keys *keys, struct inv_certificate *out);
/* The defaults themselves, once. */
void judge_defaults(struct judge *judge);

#endif
