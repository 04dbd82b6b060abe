// SPDX-License-Identifier: Apache-2.0
/*
 * ca: an issuer: a CA certificate parsed once, or, for init, a subject and a key that have no
 * certificate yet. Issuer name and authority key identifier of everything it issues are copied from
 * here, byte by byte (RFC 5280 4.1.2.4, 4.2.1.1).
 */
#ifndef MICA_CA_H
#define MICA_CA_H

#include <stdbool.h>
#include <stdint.h>

#include <mica/algorithm.h>
#include <mica/buf.h>
#include <mica/digest.h>
#include <mica/names.h>

struct ca;

/* One certificate, PEM or DER, that may issue: CA:TRUE, keyCertSign, a subject key identifier, a key
 * that algorithm.h lists. file is for the message. */
int ca_read(const char *file, const struct buf *bytes, struct ca **ret, struct err *err) MICA_CHECKED;

/* The issuer of its own, not yet made certificate. */
int ca_of_key(const struct rdn *subject, size_t n_subject, const struct buf *spki, struct ca **ret,
    struct err *err) MICA_CHECKED;

void ca_free(struct ca *ca);
MICA_DEFINE_FREEP(struct ca, ca_free)

const struct buf *ca_der(const struct ca *ca);     /* empty when there is no certificate yet */
const struct buf *ca_pem(const struct ca *ca);     /* likewise */
const struct buf *ca_subject(const struct ca *ca); /* DER Name */
const char *ca_subject_text(const struct ca *ca);  /* RFC 2253 order as printed, for people */
const struct buf *ca_spki(const struct ca *ca);
const struct buf *ca_key_id(const struct ca *ca);  /* subject key identifier */
enum algorithm ca_algorithm(const struct ca *ca);
int64_t ca_not_before(const struct ca *ca);
int64_t ca_not_after(const struct ca *ca);
bool ca_is_root(const struct ca *ca); /* has a certificate, and its own key signed that */
struct digest ca_fingerprint(const struct ca *ca); /* SHA-256 of the DER */

/* What extra trust must be: every PEM certificate in bytes, re-written one after another without the
 * text between them. An error when there is none, or one that does not parse. */
int ca_read_bundle(const char *file, const struct buf *bytes, struct buf *ret_pem, struct err *err) MICA_CHECKED;

#endif
