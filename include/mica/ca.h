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
#include <mica/chain.h>
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

/* --- under others ----------------------------------------------------------------------- */

/* An intermediate takes its place below the chain, which was found good by chain_check(): the first
 * of it signed its certificate, which has all that is asked of those above as well. From then on
 * what ca issues is held against them too. The chain is the CA's then. ERR_REFUSED says what does
 * not fit; it does not look at the time. */
int ca_put_under(struct ca *ca, struct chain *chain, struct err *err) MICA_CHECKED;
const struct chain *ca_chain(const struct ca *ca); /* NULL: nothing stands above it */

/* When the first certificate from the CA up to its root ends: nothing below it is good for longer.
 * ret_subject: the subject of that one, when it is not the CA's own; NULL otherwise. */
int64_t ca_ends(const struct ca *ca, const char **ret_subject);

/* --- certified by another CA -----------------------------------------------------------------
 *
 * A cross-certificate (RFC 5280 3.2) names subject and key of a root, and another root's key signed it:
 * who trusts but the other one finds a path to what this one issues, if the leaf brings it along. It is
 * made by lint_approve() (draft_spec's `certified`) and read by ca_read() as any other CA certificate.
 */

/* ERR_REFUSED unless this CA may certify another one: it has a certificate, and neither that nor one
 * above it has a path length that leaves no room (RFC 5280 4.2.1.9). */
int ca_check_certifies(const struct ca *ca, struct err *err) MICA_CHECKED;

/* From now on cross is sent along (ca_add_sent()), and what stands above its signer. ERR_REFUSED unless
 * ca is a root, cross says its subject, key, key identifier and name constraints, and signer signed it;
 * it does not look at the time: one that has expired is not to be put here. cross is the CA's then;
 * signer is only looked at. */
int ca_put_cross(struct ca *ca, struct ca *cross, const struct ca *signer, struct err *err) MICA_CHECKED;
const struct ca *ca_cross(const struct ca *ca); /* NULL: none was put */

/* Appends PEM: what follows a leaf's certificate in a handshake: the CA and those above it without
 * the root; of a root its cross-certificate, or nothing. */
void ca_add_sent(const struct ca *ca, struct buf *ret);
/* Appends PEM: those above the CA, the root included. */
void ca_add_above(const struct ca *ca, struct buf *ret);

/* --- is it what the inventory says? ----------------------------------------------------- */

/* ERR_REFUSED shows both subjects when they differ (RFC 5280 7.1: case, white space and string
 * types do not count). */
int ca_check_subject(
    const struct ca *ca, const struct rdn *subject, size_t n, struct err *err) MICA_CHECKED;

/* ERR_REFUSED unless its name constraints are critical, permit these DNS domains and say nothing
 * else; n 0: whatever they are. */
int ca_check_permitted(
    const struct ca *ca, char *const *domains, size_t n, struct err *err) MICA_CHECKED;

/* ERR_REFUSED when it is not valid at this time, or may sign no CRLs. */
int ca_check_ready(const struct ca *ca, int64_t now, struct err *err) MICA_CHECKED;

/* What extra trust must be: every PEM certificate in bytes, re-written one after another without the
 * text between them. An error when there is none, or one that does not parse. */
int ca_read_bundle(const char *file, const struct buf *bytes, struct buf *ret_pem, struct err *err) MICA_CHECKED;

#endif
