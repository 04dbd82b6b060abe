// SPDX-License-Identifier: Apache-2.0
/*
 * signer: the seam to whatever holds a private key: jobs in, signatures out.
 *
 * A signer is made by its implementor (the token in hsm/, a soft key in tests) from a table of
 * operations, and handed on as an opaque value. There is no function here to sign with: the one
 * caller of `sign` is approvals_sign() (approval.h), and it takes approvals, which only lint makes.
 * Batching hides all concurrency: an implementor may sign the jobs of one call in any order and
 * as many at once as it likes.
 */
#ifndef MICA_SIGNER_H
#define MICA_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include <mica/algorithm.h>
#include <mica/buf.h>

struct signer;

struct sign_job {
	const uint8_t *tbs; /* DER of a TBSCertificate (RFC 5280, 4.1.2) or TBSCertList (5.1.2) */
	size_t tbs_len;
	struct buf signature; /* out: the BIT STRING's content: PKCS#1 v1.5, or a DER ECDSA-Sig-Value */
};

/* Called as jobs are finished, from the thread that called sign; may be NULL. The signature of a
 * finished job is there, and is not touched again. */
typedef void signer_progress(void *context, size_t done, size_t total);

struct signer_ops {
	/* Signs every job or fails; on failure signatures already there are worthless.
	 * The digest is that of the key's algorithm (algorithm.h). */
	int (*sign)(void *context, struct sign_job *jobs, size_t n, signer_progress *progress,
	    void *progress_context, struct err *err);
	void (*close)(void *context); /* may be NULL */
};

/* ops must outlive the signer; context is handed to ops and released by ops->close */
struct signer *signer_new(const struct signer_ops *ops, void *context);
void signer_free(struct signer *signer);
MICA_DEFINE_FREEP(struct signer, signer_free)

#endif
