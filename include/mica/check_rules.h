// SPDX-License-Identifier: Apache-2.0
/*
 * check_rules: how a finding of check is told. For src/milvus and src/check; others read the
 * table by check.h.
 */
#ifndef MICA_CHECK_RULES_H
#define MICA_CHECK_RULES_H

#include <mica/check.h>
#include <mica/digest.h>

enum check_id {
	/* the text */
	CHECK_YAML_UNREADABLE,
	CHECK_DUPLICATE_KEY,
	CHECK_AMBIGUOUS_KEY,
	CHECK_WRONG_LEVEL,
	CHECK_USER_YAML_UNREAD,
	CHECK_EMPTY_VARIABLE,
	CHECK_BOOL_VALUE,
	CHECK_HELM_CUSTOM_CONFIGMAP,
	/* TLS of clients */
	CHECK_TLS_MODE,
	CHECK_TLS_ENABLED_UNREAD,
	CHECK_PLAINTEXT,
	CHECK_PATH_MISSING,
	CHECK_REST_SHARED_PORT,
	CHECK_REST_PLAINTEXT,
	/* TLS inside */
	CHECK_INTERNAL_UNSUPPORTED,
	CHECK_INTERNAL_FALLBACK,
	CHECK_SNI_EMPTY,
	CHECK_SNI_MISSING,
	/* what Milvus depends on */
	CHECK_ETCD_KEY_PAIR,
	CHECK_MIN_VERSION,
	CHECK_CDC_ID_COLLIDES,
	CHECK_CDC_INCOMPLETE,
	/* files */
	CHECK_FILE_MISSING,
	CHECK_FILE_UNREADABLE,
	CHECK_KEY_EXPOSED,
	CHECK_KEY_OWNER,
	CHECK_FILE_WRITABLE,
	CHECK_CA_KEY_BESIDE,
	/* certificates and keys */
	CHECK_DEMO_KEY,
	CHECK_KEY_MISMATCH,
	CHECK_SAME_KEY,
	CHECK_KEY_ALGORITHM,
	CHECK_SIGNATURE_WEAK,
	CHECK_KEY_FORM,
	CHECK_NAMES_MISSING,
	CHECK_PURPOSE_SERVER,
	CHECK_PURPOSE_CLIENT,
	CHECK_CHAIN_ORDER,
	CHECK_CHAIN_INCOMPLETE,
	CHECK_SUBJECT_ISSUER,
	CHECK_TRUST_NOT_ROOT,
	CHECK_CA_USAGE,
	CHECK_NOT_YET_VALID,
	CHECK_EXPIRED,
	CHECK_EXPIRES_SOON,
	CHECK_LONG_LIVED,
	CHECK_REVOKED,
	CHECK_CRL_STALE,
	CHECK_CRL_FOREIGN,
	/* clients */
	CHECK_CLIENT_CERTIFICATE_DROPPED,
	CHECK_CLIENT_CA_IGNORED,
	CHECK_CLIENT_INCOMPLETE,
	CHECK_CLIENT_PLAINTEXT,
	CHECK_CLIENT_NO_CERTIFICATE,
	CHECK_CLIENT_NAME,
	CHECK_CLIENT_TRUST,
	CHECK_CLIENT_LEAF,
	/* endpoints */
	CHECK_UNREACHABLE,
	CHECK_SERVED_PLAINTEXT,
	CHECK_SERVED_DIFFERS,
	CHECK_SERVED_UNVERIFIED,
	CHECK_SERVED_VERSION,
	CHECK_SERVED_OPEN,
	CHECK_CLIENT_REFUSED,
	CHECK_METRICS_OPEN,
	/* mica's own */
	CHECK_LEDGER,
	CHECK_NOT_DELIVERED,
	CHECK_OUTLET_DIFFERS,
	CHECK_RESTART_OWED,
	CHECK_CRL_DUE,
	CHECK_ID_COUNT,
};

/* At the rule's own level, with its own hint. */
void check_say(struct findings *findings, enum check_id id, const struct mark *where,
    const char *fmt, ...) MICA_PRINTF(4, 5);

struct check_how {
	enum finding_level level;
	const char *hint; /* NULL: the rule's own */
};

void check_say_as(struct findings *findings, enum check_id id, struct check_how how,
    const struct mark *where, const char *fmt, ...) MICA_PRINTF(5, 6);

/* --- what config.c tells on the way -------------------------------------------------------- */

void check_unreadable(struct findings *findings, const struct mark *where, const char *why);
void check_duplicate(
    struct findings *findings, const char *path, const struct mark *where, int first_line);
void check_collision(
    struct findings *findings, const struct setting *one, const struct setting *other);

/* Whether a public key (SHA-256 of its SubjectPublicKeyInfo) belongs to a private key that lies in
 * Milvus' repository and image, where everybody can read it. */
bool check_is_public(const struct digest *spki);

#endif
