// SPDX-License-Identifier: Apache-2.0
#include "signer_private.h"

#include <stdlib.h>

#include <mica/mem.h>

struct signer *signer_new(const struct signer_ops *ops, void *context)
{
	struct signer *signer = mem_zalloc(sizeof(*signer));

	signer->ops = ops;
	signer->context = context;
	return signer;
}

void signer_free(struct signer *signer)
{
	if (!signer)
		return;
	if (signer->ops->close)
		signer->ops->close(signer->context);
	free(signer);
}
