// SPDX-License-Identifier: Apache-2.0
/* approval_private: how lint makes an approval, and what approvals_sign() finds in it. */
#ifndef MICA_PKI_APPROVAL_PRIVATE_H
#define MICA_PKI_APPROVAL_PRIVATE_H

#include <mica/approval.h>

struct approval {
	struct buf tbs;       /* what was judged, byte by byte */
	struct buf algorithm; /* DER AlgorithmIdentifier of the signature to come */
	struct digest issuer; /* the one it was judged for: struct ca's identity */
	const char *noun;     /* "certificate" or "request"; for messages, like entry */
	char *entry;
};

#endif
