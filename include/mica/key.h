// SPDX-License-Identifier: Apache-2.0
/*
 * key: a leaf's key pair, made here and written once. Its private part lives in OpenSSL's
 * secure heap; the PEM of it only in a `struct buf`.
 */
#ifndef MICA_KEY_H
#define MICA_KEY_H

#include <mica/algorithm.h>
#include <mica/buf.h>

struct key;

/* What keys of one kind share, worth making once when there are many keys: a third of the cost
 * of an EC key. Constant once made, for any number of threads. */
struct key_maker;
int key_maker_new(struct key_maker **ret, struct err *err) MICA_CHECKED;
void key_maker_free(struct key_maker *maker);
MICA_DEFINE_FREEP(struct key_maker, key_maker_free)

/* maker: NULL for a single key */
int key_make(const struct key_maker *maker, enum algorithm algorithm, struct key **ret,
    struct err *err) MICA_CHECKED;

/* key_make() without a maker */
int key_generate(enum algorithm algorithm, struct key **ret, struct err *err) MICA_CHECKED;
void key_free(struct key *key);
MICA_DEFINE_FREEP(struct key, key_free)

/* DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7); lives as long as the key */
const struct buf *key_spki(const struct key *key);
enum algorithm key_algorithm(const struct key *key);

/* Unencrypted PKCS#8 as PEM (RFC 5958, RFC 7468): what Milvus and every client of it reads. */
int key_write_pem(const struct key *key, struct buf *ret, struct err *err) MICA_CHECKED;

/* Reads an unencrypted PEM private key. name is for the message. */
int key_read_pem(
    const char *name, const struct buf *pem, struct key **ret, struct err *err) MICA_CHECKED;

#endif
