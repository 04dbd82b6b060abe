// SPDX-License-Identifier: Apache-2.0
/*
 * milvus: what Milvus and its clients are told: text in, text out. One file of src/milvus for each
 * outlet. The keys are those of milvus.yaml, always at their right level, every string quoted.
 */
#ifndef MICA_MILVUS_H
#define MICA_MILVUS_H

#include <stdbool.h>

#include <mica/buf.h>
#include <mica/findings.h>
#include <mica/inventory.h>

/* One rendered configuration of a deployment. */
struct outlet {
	const char *file; /* its name in the deployment's directory: "user.yaml" */
	enum { OUTLET_PUBLIC, OUTLET_SECRET } kind; /* a secret one holds a private key */
	bool of_delivery; /* it follows from what lies in tls/: no text while that is not known */
	struct buf text;
};

void outlets_free(struct outlet *outlets, size_t n);

/* What outlets are made of besides the inventory; all borrowed. */
struct milvus_given {
	const struct buf *milvus_yaml; /* the bytes of the file that `milvus-yaml` names; NULL: none */
	/* What lies in tls/, for the kinds that carry it elsewhere; NULL: not known yet. */
	const struct buf *certificate, *key, *ca;
};

/* Every outlet of the deployment. With given->milvus_yaml the outlet "milvus.yaml" is that text with the
 * keys merged in and every other byte kept. Faults of that text are ERR_FAILED and findings with their
 * place. Of the Kubernetes kinds, what names or holds the Secret needs the certificate, the key and ca. */
int milvus_outlets(const struct inventory *inventory, const struct inv_deployment *deployment,
    const struct milvus_given *given, struct findings *findings, struct outlet **ret, size_t *ret_n,
    struct err *err) MICA_CHECKED;

/* The commands, for a shell, that bring the outlets of a Kubernetes deployment to the cluster, one an
 * item; none for other kinds. free() each and the array. */
int milvus_steps(const struct inv_deployment *deployment, char ***ret, size_t *ret_n,
    struct err *err) MICA_CHECKED;

#endif
