// SPDX-License-Identifier: Apache-2.0
/*
 * chain: the certificates above an intermediate CA, the one that signs it first, the root last.
 *
 * They come from files that the inventory names, so whatever is wrong with them is told before
 * there is a token. What verifies a path is RFC 5280 6.1; who else verifies it (Go, gRPC, OpenSSL,
 * GnuTLS) refuses no less.
 */
#ifndef MICA_CHAIN_H
#define MICA_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include <mica/buf.h>
#include <mica/mem.h>

struct chain;

struct chain *chain_new(void);
void chain_free(struct chain *chain);
MICA_DEFINE_FREEP(struct chain, chain_free)

/* Appends every certificate of a file, PEM, one or more. */
int chain_add(
    struct chain *chain, const char *file, const struct buf *pem, struct err *err) MICA_CHECKED;

size_t chain_count(const struct chain *chain);
const struct buf *chain_der(const struct chain *chain, size_t at);
const char *chain_subject(const struct chain *chain, size_t at); /* for people */
/* Which of the calls of chain_add() brought it, from 0 */
size_t chain_file(const struct chain *chain, size_t at);

/* Is it a path to a root that a CA may stand below: each is a CA's that may sign certificates and
 * lets one more CA stand below it, is signed by the next, with nothing weak, and the last one by
 * itself; extended key usages leave room for TLS servers and clients. Says nothing of the time.
 * ERR_FAILED, and *ret_at is the one that is to blame. */
int chain_check(const struct chain *chain, size_t *ret_at, struct err *err) MICA_CHECKED;

/* Is each of them valid now? ERR_FAILED, and *ret_at is the one that is not. */
int chain_check_times(
    const struct chain *chain, int64_t now, size_t *ret_at, struct err *err) MICA_CHECKED;

/* The certificates of a file, each as DER: PEM, one or more, or one in DER. Free with
 * chain_free_ders(). */
int chain_read_ders(const char *file, const struct buf *bytes, struct buf **ret, size_t *ret_n,
    struct err *err) MICA_CHECKED;
void chain_free_ders(struct buf *ders, size_t n);

#endif
