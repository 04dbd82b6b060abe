// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <mica/clock.h>
#include <mica/mem.h>
#include <mica/num.h>

enum { DEFAULT_DAYS = 90, DEFAULT_BACKDATE = 3600, MAX_PART = 1000 };

static int parse_renew_before(const char *text, struct renew_before *ret)
{
	const char *slash = strchr(text, '/');
	MICA_FREE char *numerator = NULL;
	struct renew_before renew = { 0 };

	if (!slash) {
		if (num_parse_duration(text, &renew.seconds) < 0 || renew.seconds == 0)
			return -1;
		*ret = renew;
		return 0;
	}
	numerator = mem_dup(text, (size_t)(slash - text));
	if (num_parse(numerator, 1, MAX_PART, &renew.num) < 0 ||
	    num_parse(slash + 1, 1, MAX_PART, &renew.den) < 0 || renew.num >= renew.den)
		return -1;
	*ret = renew;
	return 0;
}

/* 0 when value was left out or is good */
static int read_renew_before(
    struct judge *judge, const struct schema_value *value, struct renew_before *ret)
{
	const char *text = schema_text(value);

	if (!text || parse_renew_before(text, ret) == 0)
		return 0;
	doc_fault(judge->findings, "renew-before", &value->node->mark, "such as 1/3 or 20d",
	    "'renew-before' must be a fraction below 1 or a span of time");
	return -1;
}

static int read_backdate(struct judge *judge, const struct schema_value *value, int64_t *ret)
{
	const char *text = schema_text(value);

	if (!text || num_parse_duration(text, ret) == 0)
		return 0;
	doc_fault(judge->findings, "backdate", &value->node->mark, "such as 1h",
	    "'backdate' must be a span of time");
	return -1;
}

void judge_defaults(struct judge *judge)
{
	const struct life_keys *keys = &judge->keys->defaults.life;
	struct renew_before renew;
	int64_t backdate;

	(void)read_renew_before(judge, &keys->renew_before, &renew);
	(void)read_backdate(judge, &keys->backdate, &backdate);
}

/* The place that says a thing for this certificate: its own, or the defaults', where a fault is
 * told once; NULL when it was told. */
static const struct doc_node *blame(
    const struct doc_node *own, const struct doc_node *other, bool *told)
{
	if (own)
		return own;
	if (*told)
		return NULL;
	*told = true;
	return other;
}

static void judge_spans(
    struct judge *judge, const struct certificate_keys *keys, const struct inv_certificate *out)
{
	const struct life_keys *defaults = &judge->keys->defaults.life;
	const struct life_keys *own = &keys->life;
	const int64_t life = out->days * CLOCK_DAY;
	const struct doc_node *said =
	    own->renew_before.node ? own->renew_before.node : own->days.node;
	const struct doc_node *general =
	    defaults->renew_before.node ? defaults->renew_before.node : keys->head.node;
	const struct doc_node *place;

	if (out->renew_before.den == 0 && out->renew_before.seconds >= life) {
		place = blame(said, general, &judge->renew_told);
		if (place)
			doc_fault(judge->findings, "renew-before", &place->mark, NULL,
			    "'renew-before' is not shorter than the life of %" PRId64 " days",
			    out->days);
	}
	said = own->backdate.node ? own->backdate.node : own->days.node;
	general = defaults->backdate.node ? defaults->backdate.node : keys->head.node;
	if (out->backdate >= life) {
		place = blame(said, general, &judge->renew_told);
		if (place)
			doc_fault(judge->findings, "backdate", &place->mark, NULL,
			    "'backdate' is not shorter than the life of %" PRId64 " days",
			    out->days);
	}
}

/* An adopted certificate, or a parent's, ends when it ends: then the CA's days count only when
 * they are said.
 */
static void judge_beyond_ca(
    struct judge *judge, const struct certificate_keys *keys, const struct inv_certificate *out)
{
	const struct doc_node *general = judge->keys->defaults.life.days.node;
	const struct ca_keys *ca = judge->keys->cas.items;
	const struct doc_node *place;

	if (judge->keys->cas.n == 0)
		return;
	ca += judge->inventory->issuing;
	if (ca->days.faulty || ((ca->certificate.node || ca->parent.node) && !ca->days.node) ||
	    out->days <= ca->days.number)
		return;
	place = blame(keys->life.days.node,
	    general         ? general
	    : ca->days.node ? ca->days.node
	                    : keys->head.node,
	    &judge->beyond_told);
	if (place)
		doc_fault(judge->findings, "days", &place->mark, NULL,
		    "a certificate of %" PRId64 " days would outlive its CA of %" PRId64
		    " days",
		    out->days, ca->days.number);
}

static int64_t choose(
    const struct schema_value *own, const struct schema_value *general, int64_t fallback)
{
	if (own->number != KEYS_LEFT_OUT)
		return own->number;
	return general->number != KEYS_LEFT_OUT ? general->number : fallback;
}

void judge_life(
    struct judge *judge, const struct certificate_keys *keys, struct inv_certificate *out)
{
	const struct life_keys *defaults = &judge->keys->defaults.life;
	const struct life_keys *own = &keys->life;
	const char *text;
	bool good = !own->days.faulty && !defaults->days.faulty;

	out->algorithm =
	    (enum algorithm)choose(&own->algorithm, &defaults->algorithm, ALG_EC_P256);
	out->days = choose(&own->days, &defaults->days, DEFAULT_DAYS);
	out->renew_before = (struct renew_before){ .num = 1, .den = 3 };
	out->backdate = DEFAULT_BACKDATE;
	/* a fault of the defaults was told before, and leaves what is set here */
	text = schema_text(&defaults->renew_before);
	good &= !text || parse_renew_before(text, &out->renew_before) == 0;
	text = schema_text(&defaults->backdate);
	good &= !text || num_parse_duration(text, &out->backdate) == 0;
	good &= read_renew_before(judge, &own->renew_before, &out->renew_before) == 0;
	good &= read_backdate(judge, &own->backdate, &out->backdate) == 0;
	if (!good)
		return;
	judge_spans(judge, keys, out);
	judge_beyond_ca(judge, keys, out);
}
