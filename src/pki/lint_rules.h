// SPDX-License-Identifier: Apache-2.0
/*
 * lint_rules: the table of rules, and what a rule sees. A rule looks at one thing and says
 * fault() for each place where it is wrong; name, level and hint are the table's.
 */
#ifndef MICA_PKI_LINT_RULES_H
#define MICA_PKI_LINT_RULES_H

#include <openssl/ec.h>

#include <mica/findings.h>
#include <mica/profile.h>

#include "ca_private.h"
#include "parsed.h"

struct rule;

/* Curves that points are checked on; made once, shared by all threads. */
struct curves {
	EC_GROUP *p256;
	EC_GROUP *p384;
};

struct judged {
	const struct parsed *certificate;
	const struct ca *issuer;
	const struct curves *curves;
	enum profile profile;
	const struct ca *certified; /* of a cross-certificate: the other CA; NULL: it is none */
	int64_t now;
	struct spki_facts key;
	char *cn; /* the subject's first common name as UTF-8; NULL: none */
	size_t cn_len;

	struct findings *findings;
	struct mark where;
	const struct rule *rule; /* the one being tried */
};

typedef void rule_check(const struct judged *judged);

enum {
	FOR_SERVER = 1 << PROFILE_SERVER,
	FOR_CLIENT = 1 << PROFILE_CLIENT,
	FOR_OWN = 1 << PROFILE_CA, /* a CA's certificate by its own key */
	FOR_CROSS = FOR_OWN << 1   /* a CA's certificate by another CA's */
};
enum {
	FOR_LEAF = FOR_SERVER | FOR_CLIENT,
	FOR_CA = FOR_OWN | FOR_CROSS,
	FOR_ALL = FOR_LEAF | FOR_CA
};

struct rule {
	const char *name;
	enum finding_level level;
	unsigned profiles;
	rule_check *check;
	const char *sentence;
	const char *hint; /* NULL: none */
};

extern const struct rule lint_rules[];
extern const size_t lint_rules_count;

void fault(const struct judged *judged, const char *fmt, ...) MICA_PRINTF(2, 3);

/* lint_form.c: encoding, serial, signature, issuer, times */
rule_check rule_der, rule_version, rule_unique_ids, rule_serial_positive, rule_serial_length,
    rule_serial_random, rule_signature_inner, rule_signature_algorithm, rule_issuer,
    rule_validity_form, rule_validity_order, rule_validity_now, rule_validity_ca,
    rule_validity_before_ca, rule_validity_long;

/* lint_names.c: subject and alternative names */
rule_check rule_subject_empty, rule_subject_issuer, rule_cn_one, rule_cn_length, rule_cn_text,
    rule_san_missing, rule_san_empty, rule_san_kind, rule_san_duplicate, rule_san_cn,
    rule_dns_form, rule_dns_case, rule_dns_alabel, rule_dns_ip, rule_dns_wildcard,
    rule_ip_length;

/* lint_constraints.c */
rule_check rule_constraints, rule_ca_constraints;

/* lint_extensions.c */
rule_check rule_extension_duplicate, rule_extension_unknown, rule_extension_form,
    rule_extension_critical, rule_leaf_constraints, rule_ca_flag, rule_ca_pathlen,
    rule_usage_missing, rule_usage_leaf, rule_usage_ca, rule_purpose_missing,
    rule_purpose_wrong, rule_purpose_both, rule_purpose_any, rule_purpose_ca,
    rule_authority_missing, rule_authority_form, rule_authority_match, rule_key_id_missing,
    rule_key_id_match;

/* lint_cross.c: a CA certified by another */
rule_check rule_cross_subject, rule_cross_key, rule_cross_other, rule_cross_room,
    rule_cross_pathlen, rule_cross_validity, rule_cross_constraints, rule_cross_within;

/* lint_key.c */
rule_check rule_key_kind, rule_key_encoding, rule_key_size, rule_key_exponent, rule_key_curve,
    rule_key_point, rule_key_ca;

#endif
