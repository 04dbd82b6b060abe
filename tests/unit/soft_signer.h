// SPDX-License-Identifier: Apache-2.0
/*
 * soft_signer: a signer on a key in memory, for tests: what a token does, without a token. It
 * can be told to misbehave.
 */
#ifndef MICA_TEST_SOFT_SIGNER_H
#define MICA_TEST_SOFT_SIGNER_H

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <mica/algorithm.h>
#include <mica/mem.h>
#include <mica/signer.h>

enum soft_fault {
	SOFT_GOOD,
	SOFT_FAILS,      /* sign returns ERR_LOST */
	SOFT_WRONG_BIT,  /* one bit of the last signature is another */
	SOFT_SHORT,      /* the last signature lacks its last octet */
	SOFT_LONG,       /* ... has one octet more */
	SOFT_EMPTY,      /* ... is empty */
	SOFT_OTHER_DATA, /* ... is of other bytes */
};

struct soft_signer {
	EVP_PKEY *pkey; /* borrowed */
	const char *digest;
	enum soft_fault fault;
	size_t calls;      /* of sign */
	size_t signatures; /* made */
};

static inline EVP_PKEY *soft_key(enum algorithm algorithm)
{
	const struct algorithm_info *info = algorithm_info(algorithm);

	return info->rsa ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)info->bits)
	                 : EVP_PKEY_Q_keygen(NULL, NULL, "EC", info->group);
}

static inline struct buf soft_spki(const EVP_PKEY *pkey)
{
	struct buf spki = BUF_INIT;
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);

	buf_add(&spki, der, len > 0 ? (size_t)len : 0);
	OPENSSL_free(der);
	return spki;
}

static inline int soft_sign_one(
    const struct soft_signer *soft, const uint8_t *bytes, size_t len, struct buf *ret)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t signature_len = sizeof(signature);
	int ok;

	ok = EVP_DigestSignInit_ex(context, NULL, soft->digest, NULL, NULL, soft->pkey, NULL) ==
	         1 &&
	     EVP_DigestSign(context, signature, &signature_len, bytes, len) == 1;
	EVP_MD_CTX_free(context);
	if (ok)
		buf_add(ret, signature, signature_len);
	return ok ? 0 : -1;
}

static inline void soft_spoil(const struct soft_signer *soft, struct sign_job *job)
{
	switch (soft->fault) {
	case SOFT_WRONG_BIT:
		job->signature.data[job->signature.len - 1] ^= 1;
		break;
	case SOFT_SHORT:
		buf_cut(&job->signature, job->signature.len - 1);
		break;
	case SOFT_LONG:
		buf_add(&job->signature, "", 1);
		break;
	case SOFT_EMPTY:
		buf_clear(&job->signature);
		break;
	case SOFT_OTHER_DATA:
		buf_clear(&job->signature);
		(void)!soft_sign_one(soft, job->tbs, job->tbs_len - 1, &job->signature);
		break;
	default:
		break;
	}
}

static inline int soft_sign(void *context, struct sign_job *jobs, size_t n,
    signer_progress *progress, void *progress_context, struct err *err)
{
	struct soft_signer *soft = context;

	soft->calls++;
	if (soft->fault == SOFT_FAILS)
		return err_set(err, ERR_LOST, "the soft token is gone");
	for (size_t i = 0; i < n; i++) {
		if (soft_sign_one(soft, jobs[i].tbs, jobs[i].tbs_len, &jobs[i].signature) < 0)
			return err_openssl(err, "the soft token cannot sign");
		soft->signatures++;
		if (i == n - 1)
			soft_spoil(soft, &jobs[i]);
		if (progress)
			progress(progress_context, i + 1, n);
	}
	return 0;
}

/* soft and pkey must outlive the signer. */
static inline struct signer *soft_signer_new(
    struct soft_signer *soft, EVP_PKEY *pkey, enum algorithm algorithm)
{
	static const struct signer_ops ops = { .sign = soft_sign };

	*soft =
	    (struct soft_signer){ .pkey = pkey, .digest = algorithm_info(algorithm)->digest };
	return signer_new(&ops, soft);
}

#endif
