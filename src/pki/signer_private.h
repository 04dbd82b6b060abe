// SPDX-License-Identifier: Apache-2.0
/*
 * signer_private: the inside of a signer, for signer.c and approval.c alone. Whoever includes
 * this can sign, so nobody else does.
 */
#ifndef MICA_PKI_SIGNER_PRIVATE_H
#define MICA_PKI_SIGNER_PRIVATE_H

#include <mica/signer.h>

struct signer {
	const struct signer_ops *ops;
	void *context;
};

#endif
