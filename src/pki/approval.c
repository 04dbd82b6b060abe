// SPDX-License-Identifier: Apache-2.0
#include "approval_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include <mica/parallel.h>

#include "ca_private.h"
#include "envelope.h"
#include "pkey.h"
#include "signer_private.h"

const struct buf *approval_tbs(const struct approval *approval)
{
	return &approval->tbs;
}

void approval_free(struct approval *approval)
{
	if (!approval)
		return;
	buf_clear(&approval->tbs);
	buf_clear(&approval->algorithm);
	free(approval->entry);
	free(approval);
}

/* One call of approvals_sign() */
struct batch {
	const struct ca *issuer;
	struct approval **approvals;
	struct sign_job *jobs;
	struct buf *certificates;
	size_t n;
};

static void batch_clear(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		buf_clear(&batch->jobs[i].signature);
		buf_clear(&batch->certificates[i]);
		approval_free(mem_give(batch->approvals[i]));
	}
	free(batch->jobs);
	free(batch->certificates);
}

/* An approval is for one issuer's key and name. */
static int check_issuer(const struct batch *batch, struct err *err)
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct approval *approval = batch->approvals[i];

		if (memcmp(&approval->issuer, &batch->issuer->identity,
		        sizeof(approval->issuer)) != 0)
			return err_set(err, ERR_REFUSED,
			    "the %s for '%s' was approved for another "
			    "CA than '%s'",
			    approval->noun, approval->entry, batch->issuer->subject_text);
	}
	return 0;
}

/* What was put together, taken apart as a peer would: are these the approved bytes, and does
 * the signature over them verify? */
static int verify(
    const struct ca *issuer, const struct approval *approval, const struct buf *der)
{
	MICA_AUTO(envelope_freep)
	struct envelope *envelope = envelope_open(der->data, der->len);
	const unsigned char *tbs;
	size_t len;

	if (!envelope)
		return -1;
	tbs = envelope_tbs(envelope, &len);
	if (!buf_same(&approval->tbs, tbs, len))
		return -1;
	return pkey_verify(issuer->verifying, ASN1_STRING_get0_data(envelope->signature),
	    (size_t)ASN1_STRING_length(envelope->signature), tbs, len);
}

static int put_together(void *context, size_t item, struct err *err)
{
	struct batch *batch = context;
	const struct approval *approval = batch->approvals[item];
	struct buf *der = &batch->certificates[item];

	if (envelope_seal(
	        &approval->tbs, &approval->algorithm, &batch->jobs[item].signature, der) < 0)
		return err_openssl(err, "cannot put together the %s for '%s'", approval->noun,
		    approval->entry);
	if (verify(batch->issuer, approval, der) == 0)
		return 0;
	err_set(err, ERR_FAILED,
	    "the signature of the %s for '%s' does not verify with the key "
	    "of '%s'",
	    approval->noun, approval->entry, batch->issuer->subject_text);
	return err_hint(
	    err, "the token signed with another key, or it is faulty; nothing was delivered");
}

/* The token signs, and what is signed is put together and verified meanwhile: each takes about
 * as long as the other. */
struct signing {
	struct batch *batch;
	struct parallel *finishing;
	const struct approvals_progress *progress;
	size_t signed_up_to; /* jobs below have their signature */
};

static void on_progress(void *context, size_t done, size_t total)
{
	struct signing *signing = context;
	const struct batch *batch = signing->batch;

	while (signing->signed_up_to < batch->n &&
	       batch->jobs[signing->signed_up_to].signature.len > 0)
		signing->signed_up_to++;
	parallel_ready(signing->finishing, signing->signed_up_to);
	if (signing->progress && signing->progress->call)
		signing->progress->call(signing->progress->context, done, total);
}

static int sign_and_finish(struct batch *batch, struct signer *signer,
    const struct approvals_progress *progress, struct err *err)
{
	struct signing signing = { .batch = batch, .progress = progress };
	struct err ignored = ERR_INIT; /* the signer's is the one to tell */
	int status;

	for (size_t i = 0; i < batch->n; i++) {
		batch->jobs[i].tbs = batch->approvals[i]->tbs.data;
		batch->jobs[i].tbs_len = batch->approvals[i]->tbs.len;
	}
	signing.finishing = parallel_begin(batch->n, put_together, batch);
	status = signer->ops->sign(
	    signer->context, batch->jobs, batch->n, on_progress, &signing, err);
	if (status == 0)
		return parallel_end(signing.finishing, PARALLEL_FINISH, err);
	(void)!parallel_end(signing.finishing, PARALLEL_CANCEL, &ignored);
	return -1;
}

int approvals_sign(struct signer *signer, const struct ca *issuer, struct approval **approvals,
    size_t n, const struct approvals_progress *progress, struct buf *ret_der, struct err *err)
{
	MICA_AUTO(batch_clear)
	struct batch batch = {
		.issuer = issuer,
		.approvals = approvals,
		.jobs = mem_array(n, sizeof(*batch.jobs)),
		.certificates = mem_array(n, sizeof(*batch.certificates)),
		.n = n,
	};

	if (n == 0)
		return 0;
	if (check_issuer(&batch, err) < 0 || sign_and_finish(&batch, signer, progress, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		buf_move(&ret_der[i], &batch.certificates[i]);
	return 0;
}
