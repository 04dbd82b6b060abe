// SPDX-License-Identifier: Apache-2.0
/*
 * approval: the proof that these to-be-signed bytes passed lint. Made by lint_approve(),
 * lint_approve_request() and lint_approve_crl() alone, consumed by approvals_sign().
 */
#ifndef MICA_APPROVAL_H
#define MICA_APPROVAL_H

#include <stddef.h>
#include <stdint.h>

#include <mica/buf.h>
#include <mica/ca.h>
#include <mica/signer.h>

struct approval;

/* DER TBSCertificate, TBSCertList or CertificationRequestInfo */
const struct buf *approval_tbs(const struct approval *approval);
void approval_free(struct approval *approval);
MICA_DEFINE_FREEP(struct approval, approval_free)

struct approvals_progress {
	signer_progress *call; /* NULL: none */
	void *context;
};

/*
 * Has the signer sign every approval (certificates, lists and requests in one batch), puts what they are
 * for together from exactly the approved bytes, verifies each with the issuer's public key and compares
 * it with its approval. All approvals are consumed: freed, and NULL in the array, whatever happens.
 * ret_der: n empty buffers, filled only when all is well. A signature that does not verify is
 * ERR_FAILED "... does not verify": wrong key or a fault, never tried again.
 */
int approvals_sign(struct signer *signer, const struct ca *issuer, struct approval **approvals,
    size_t n, const struct approvals_progress *progress, struct buf *ret_der, struct err *err) MICA_CHECKED;

#endif
