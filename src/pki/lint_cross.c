// SPDX-License-Identifier: Apache-2.0
/* A cross-certificate: one CA certifies subject and key of another (RFC 5280 3.2). */
#include "lint_rules.h"

#include <mica/clock.h>

#include "constraints.h"

void rule_cross_subject(const struct judged *judged)
{
	const unsigned char *subject;
	size_t len;

	if (X509_NAME_get0_der(judged->certificate->tbs->subject, &subject, &len) != 1 ||
	    !buf_same(&judged->certified->subject, subject, len))
		fault(judged, "the subject is not that of the other CA, %s",
		    judged->certified->subject_text);
}

void rule_cross_key(const struct judged *judged)
{
	const ASN1_OCTET_STRING *id = parsed_key_id(judged->certificate);

	if (!any_same(judged->certificate->tbs->spki, &judged->certified->spki))
		fault(judged, "the key is not that of the other CA");
	if (!id || !buf_same(&judged->certified->key_id, ASN1_STRING_get0_data(id),
	               (size_t)ASN1_STRING_length(id)))
		fault(judged, "the subjectKeyIdentifier is not that of the other CA");
}

void rule_cross_other(const struct judged *judged)
{
	const struct ca *issuer = judged->issuer;
	const struct ca *other = judged->certified;

	if (!ca_is_root(other))
		fault(judged, "'%s' is no root", other->subject_text);
	if (buf_same(&issuer->subject, other->subject.data, other->subject.len))
		fault(judged, "both CAs are called '%s'", issuer->subject_text);
	if (buf_same(&issuer->spki, other->spki.data, other->spki.len))
		fault(judged, "both CAs have the same key");
}

void rule_cross_room(const struct judged *judged)
{
	struct err err = ERR_INIT;

	if (ca_check_certifies(judged->issuer, &err) < 0)
		fault(judged, "%s", err.text);
}

void rule_cross_pathlen(const struct judged *judged)
{
	const BASIC_CONSTRAINTS *basic = parsed_basic(judged->certificate);

	if (!basic || !basic->pathlen || ASN1_INTEGER_get(basic->pathlen) != 0)
		fault(
		    judged, "basicConstraints of a cross-certificate lack a path length of 0");
}

void rule_cross_validity(const struct judged *judged)
{
	const int64_t end = judged->certificate->not_after;
	char text[CLOCK_TEXT];
	char most[CLOCK_TEXT];
	const char *above;
	const int64_t own = ca_ends(judged->issuer, &above);

	clock_text(end, text);
	if (end > own)
		fault(judged, "notAfter %s is after the end of '%s', %s", text,
		    above ? above : judged->issuer->subject_text, clock_text(own, most));
	if (end > judged->certified->not_after)
		fault(judged, "notAfter %s is after the end of '%s', %s", text,
		    judged->certified->subject_text,
		    clock_text(judged->certified->not_after, most));
}

void rule_cross_constraints(const struct judged *judged)
{
	if (!constraints_same(judged->certificate->extensions[EXT_NAME_CONSTRAINTS].value,
	        judged->certified->constraints))
		fault(judged, "the name constraints are not those of the other CA");
}

static void hold_against(
    const struct judged *judged, const NAME_CONSTRAINTS *constraints, const char *subject)
{
	if (constraints && !constraints_same(constraints, judged->certified->constraints))
		fault(judged, "'%s' has name constraints that '%s' has not", subject,
		    judged->certified->subject_text);
}

void rule_cross_within(const struct judged *judged)
{
	const struct chain *chain = judged->issuer->chain;

	hold_against(judged, judged->issuer->constraints, judged->issuer->subject_text);
	for (size_t i = 0; chain && i < chain->n; i++)
		hold_against(judged,
		    chain->links[i].parsed->extensions[EXT_NAME_CONSTRAINTS].value,
		    chain->links[i].subject);
}
