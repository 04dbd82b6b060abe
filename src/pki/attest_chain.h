// SPDX-License-Identifier: Apache-2.0
/*
 * attest_chain: an attestation file taken apart, and its certificates followed up to a root
 * that the user names. What is common to every kind of device.
 */
#ifndef MICA_PKI_ATTEST_CHAIN_H
#define MICA_PKI_ATTEST_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include <mica/attest.h>
#include <mica/buf.h>

/* Every block but the certificates is kept as it came. */
struct attest_block {
	char *label;
	struct buf bytes;
};

enum { ATTEST_MAX_BLOCKS = 16 };

struct attest_file {
	STACK_OF(X509) *
	    certificates; /* in their order; the first one signs or is the statement */
	struct attest_block blocks[ATTEST_MAX_BLOCKS];
	size_t n_blocks;
};

#define ATTEST_FILE_INIT                                                                       \
	{                                                                                      \
		NULL, { { NULL, BUF_INIT } }, 0                                                \
	}
#define ATTEST_FILE_AUTO MICA_AUTO(attest_file_clear) struct attest_file

void attest_file_clear(struct attest_file *file);

/* ERR_FAILED when it is malformed, holds too many blocks or no certificate. ret is empty. */
int attest_file_read(const char *name, const struct buf *pem, struct attest_file *ret,
    struct err *err) MICA_CHECKED;

/* The bytes of the one block with this label; ERR_FAILED when there is none, or more than one.
 */
int attest_file_block(const struct attest_file *file, const char *label, const struct buf **ret,
    struct err *err) MICA_CHECKED;

/* The subject in one line (RFC 2253); free() it. */
char *attest_subject(const X509 *x509);

/* Whether it is the certificate of this key. */
bool attest_has_key(const X509 *x509, const EVP_PKEY *key);

/* A CA could vouch for itself: ERR_REFUSED when the CA's own key is that of a certificate of
 * the file, from this one on, or of a root. */
int attest_not_own(const struct attest_file *file, int from, const struct buf *root_pem,
    const EVP_PKEY *ca, struct err *err) MICA_CHECKED;

/* Verifies the first certificate up to a self-signed certificate in root_pem at the time `now`,
 * by the other certificates of the file. ERR_REFUSED when that cannot be. kind and device of
 * ret are left alone, the rest is filled in. */
int attest_chain_verify(const struct attest_file *file, const struct buf *root_pem, int64_t now,
    struct attest_result *ret, struct err *err) MICA_CHECKED;

#endif
