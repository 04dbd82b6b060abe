// SPDX-License-Identifier: Apache-2.0
/*
 * milvus: what Milvus and its clients are told: text in, text out. One file of src/milvus for each
 * outlet. The keys are those of milvus.yaml, always at their right level, every string quoted.
 */
#ifndef MICA_MILVUS_H
#define MICA_MILVUS_H

#include <mica/buf.h>
#include <mica/findings.h>
#include <mica/inventory.h>

/* One rendered configuration of a deployment. */
struct outlet {
	const char *file; /* its name in the deployment's directory: "user.yaml" */
	struct buf text;
};

void outlets_free(struct outlet *outlets, size_t n);

/* Every outlet of the deployment. milvus_yaml: the bytes of the file that `milvus-yaml` names, or NULL;
 * then the outlet "milvus.yaml" is that text with the keys merged in and every other byte kept.
 * Faults of that text are ERR_FAILED and findings with their place. */
int milvus_outlets(const struct inventory *inventory, const struct inv_deployment *deployment,
    const struct buf *milvus_yaml, struct findings *findings, struct outlet **ret, size_t *ret_n,
    struct err *err) MICA_CHECKED;

#endif
