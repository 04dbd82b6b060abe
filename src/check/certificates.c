// SPDX-License-Identifier: Apache-2.0
/* Rules on certificates: each by itself, and in the order of its file. */
#include "world.h"

#include <string.h>

#include <mica/clock.h>

enum { AHEAD_DAYS = 30, LONG_DAYS = 825 };

struct judged {
	struct world *world;
	const struct inspected *certificate;
	enum role role; /* ROLE_CA for what follows a leaf */
	struct mark where;
};

static bool is_leaf(enum role role)
{
	return role == ROLE_SERVER || role == ROLE_CLIENT;
}

static void judge_demo(const struct judged *judged)
{
	if (check_is_public(&judged->certificate->spki))
		check_say(judged->world->findings, CHECK_DEMO_KEY, &judged->where,
		    "the key of '%s' is one of Milvus' own examples",
		    judged->certificate->subject);
}

static void judge_times(const struct judged *judged)
{
	const struct inspected *certificate = judged->certificate;
	const struct check_target *target = judged->world->target;
	struct findings *findings = judged->world->findings;
	const int64_t ahead = target->ahead ? target->ahead : AHEAD_DAYS * CLOCK_DAY;
	char date[CLOCK_TEXT];

	if (certificate->not_before > target->now)
		check_say(findings, CHECK_NOT_YET_VALID, &judged->where,
		    "the certificate of '%s' is not valid before %s", certificate->subject,
		    clock_text(certificate->not_before, date));
	if (certificate->not_after <= target->now)
		check_say(findings, CHECK_EXPIRED, &judged->where,
		    "the certificate of '%s' expired on %s", certificate->subject,
		    clock_date(certificate->not_after, date));
	else if (certificate->not_after - target->now <= ahead)
		check_say(findings, CHECK_EXPIRES_SOON, &judged->where,
		    "the certificate of '%s' expires on %s", certificate->subject,
		    clock_date(certificate->not_after, date));
	if (is_leaf(judged->role) &&
	    certificate->not_after - certificate->not_before > LONG_DAYS * (int64_t)CLOCK_DAY)
		check_say(findings, CHECK_LONG_LIVED, &judged->where,
		    "the certificate of '%s' is made for %d days", certificate->subject,
		    (int)((certificate->not_after - certificate->not_before) / CLOCK_DAY));
}

static void judge_algorithms(const struct judged *judged)
{
	const struct inspected *certificate = judged->certificate;
	struct findings *findings = judged->world->findings;

	if (certificate->key == INSPECT_KEY_WEAK)
		check_say(findings, CHECK_KEY_ALGORITHM, &judged->where,
		    "the key of '%s' is %s: too short", certificate->subject,
		    certificate->key_name);
	else if (certificate->key == INSPECT_KEY_FOREIGN)
		check_say(findings, CHECK_KEY_ALGORITHM, &judged->where,
		    "the key of '%s' is %s, which some clients do not have",
		    certificate->subject, certificate->key_name);
	if (certificate->weak_signature && !certificate->self_signed)
		check_say(findings, CHECK_SIGNATURE_WEAK, &judged->where,
		    "the certificate of '%s' is signed with %s", certificate->subject,
		    certificate->signature);
}

static void judge_leaf(const struct judged *judged)
{
	const struct inspected *certificate = judged->certificate;
	struct findings *findings = judged->world->findings;

	if (certificate->self_named)
		check_say_as(findings, CHECK_SUBJECT_ISSUER,
		    (struct check_how){
		        certificate->authority ? FINDING_WARNING : FINDING_ERROR, NULL },
		    &judged->where, "its subject, '%s', is that of its issuer",
		    certificate->subject);
	if (judged->role == ROLE_SERVER && !certificate->named)
		check_say(findings, CHECK_NAMES_MISSING, &judged->where,
		    "there is no subjectAltName, only the common name '%s'",
		    certificate->common_name ? certificate->common_name : "");
	if (judged->role == ROLE_SERVER && !certificate->for_server)
		check_say(findings, CHECK_PURPOSE_SERVER, &judged->where,
		    "its extendedKeyUsage lacks serverAuth");
	if (judged->role == ROLE_CLIENT && !certificate->for_client)
		check_say(findings, CHECK_PURPOSE_CLIENT, &judged->where,
		    "its extendedKeyUsage lacks clientAuth");
}

static void judge_ca(const struct judged *judged)
{
	const struct inspected *certificate = judged->certificate;
	struct findings *findings = judged->world->findings;

	if (!certificate->ca && judged->role == ROLE_TRUST)
		return;
	if (!certificate->ca)
		check_say(findings, CHECK_CA_USAGE, &judged->where,
		    "the certificate of '%s' is no CA's", certificate->subject);
	else if (!certificate->usage_signs)
		check_say(findings, CHECK_CA_USAGE, &judged->where,
		    "the CA certificate of '%s' %s", certificate->subject,
		    certificate->usage ? "has a keyUsage without keyCertSign"
		                       : "has no keyUsage");
}

static void judge_order(struct world *world, const struct certificates *certificates)
{
	const struct mark where = { certificates->path, 0, 0 };

	for (size_t i = 1; i < certificates->n; i++) {
		if (inspected_signed_by(&certificates->items[i - 1], &certificates->items[i]))
			continue;
		check_say(world->findings, CHECK_CHAIN_ORDER, &where,
		    "certificate %zu ('%s') did not sign the one before it", i + 1,
		    certificates->items[i].subject);
		return;
	}
}

static void judge_root(struct world *world, const struct certificates *trusted)
{
	const struct mark where = { trusted->path, 0, 0 };

	for (size_t i = 0; i < trusted->n; i++) {
		if (trusted->items[i].self_signed || !trusted->items[i].ca)
			return;
	}
	check_say(world->findings, CHECK_TRUST_NOT_ROOT, &where,
	    "no certificate in it is a root (signed by itself)");
}

void world_judge_certificates(struct world *world, const struct certificates *certificates)
{
	for (size_t i = 0; i < certificates->n; i++) {
		struct judged judged = {
			.world = world,
			.certificate = &certificates->items[i],
			.role = i == 0 || !is_leaf(certificates->role) ? certificates->role
			                                               : ROLE_CA,
			.where = { certificates->path, 0, 0 },
		};

		judge_demo(&judged);
		judge_times(&judged);
		judge_algorithms(&judged);
		if (is_leaf(judged.role))
			judge_leaf(&judged);
		else
			judge_ca(&judged);
	}
	if (is_leaf(certificates->role))
		judge_order(world, certificates);
	else
		judge_root(world, certificates);
}
