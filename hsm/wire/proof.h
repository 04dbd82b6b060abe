// SPDX-License-Identifier: Apache-2.0
/* proof: a token_proof on the wire (wire.h), but for the module's path and digest, which mica
 * adds. */
#ifndef MICA_HSM_PROOF_H
#define MICA_HSM_PROOF_H

#include <mica/proof.h>

#include "wire.h"

enum {
	PROOF_MAX_ITEMS = 64,              /* of any of its lists */
	PROOF_MAX_CERTIFICATES = 40 << 10, /* octets of all of them: a reply is one datagram */
};

void wire_put_proof(struct buf *out, const struct token_proof *proof);
void wire_get_proof(struct wire_in *in, struct token_proof *ret); /* ret is cleared first */

#endif
