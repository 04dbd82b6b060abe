// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

/* With mutual TLS whoever holds a client certificate of the CA is let in, whatever deployment
 * it was made for. */
static void judge_shared_trust(struct judge *judge)
{
	const struct milvus_keys *keys = judge->keys->milvus.items;
	const struct inventory *inventory = judge->inventory;
	const struct inv_deployment *first = NULL;

	if (judge->keys->shared_trust.faulty || judge->keys->shared_trust.number)
		return;
	for (size_t i = 0; i < inventory->n_deployments; i++) {
		const struct inv_deployment *deployment = &inventory->deployments[i];

		if (deployment->tls_mode != 2 || keys[i].tls_mode.faulty || !deployment->name)
			continue;
		if (!first) {
			first = deployment;
			continue;
		}
		doc_fault(judge->findings, "shared-trust", &keys[i].head.node->mark,
		    "say shared-trust: true when that is meant",
		    "the deployments '%s' and '%s' have one CA and 'tls-mode: 2', so each lets "
		    "in the "
		    "other's clients",
		    first->name, deployment->name);
		judge->refusals++;
	}
}

void judge_policy(struct judge *judge)
{
	judge_shared_trust(judge);
}
