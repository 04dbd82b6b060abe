// SPDX-License-Identifier: Apache-2.0
/* The CAs of the list with each other: one of them issues, and a new generation is new in its
 * name, its key and its subject. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mica/mem.h>

/* --- who issues ------------------------------------------------------------------------- */

static void tell_none(struct judge *judge)
{
	const struct schema_array *array = &judge->keys->cas;
	const struct ca_keys *keys = array->items;

	for (size_t i = 0; i < array->n; i++) {
		if (keys[i].state.faulty || keys[i].head.node->kind != DOC_MAP)
			return; /* it may be the one */
	}
	doc_fault(judge->findings, "ca", &array->node->mark,
	    "say 'state: issuing' for the one that is to sign", "no CA is issuing");
}

static void tell_second(struct judge *judge, size_t first, size_t second)
{
	const struct ca_keys *keys = &((const struct ca_keys *)judge->keys->cas.items)[second];
	const struct inv_ca *cas = judge->inventory->cas;
	const struct doc_node *node = keys->state.node ? keys->state.node : keys->head.node;

	doc_fault(judge->findings, "ca", &node->mark,
	    "one signs; the others say 'state: trusted', or 'state: retired'",
	    "two CAs are issuing, '%s' and '%s'", cas[first].name ? cas[first].name : "",
	    cas[second].name ? cas[second].name : "");
}

static void judge_issuing(struct judge *judge)
{
	const struct ca_keys *keys = judge->keys->cas.items;
	struct inventory *inventory = judge->inventory;
	bool found = false;

	for (size_t i = 0; i < inventory->n_cas; i++) {
		if (inventory->cas[i].state != CA_ISSUING || keys[i].state.faulty)
			continue;
		if (found)
			tell_second(judge, inventory->issuing, i);
		else
			inventory->issuing = i;
		found = true;
	}
	if (!found)
		tell_none(judge);
}

/* --- nothing twice ---------------------------------------------------------------------- */

static void judge_names(struct judge *judge)
{
	const struct ca_keys *keys = judge->keys->cas.items;
	const size_t n = judge->inventory->n_cas;
	MICA_FREE struct named *named = mem_array(n, sizeof(*named));
	MICA_FREE size_t *order = NULL;

	for (size_t i = 0; i < n; i++)
		named[i] = (struct named){ judge->inventory->cas[i].name, keys[i].name.node };
	order = judge_order(judge, named, n);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum { MOST_ATTRIBUTES = 32 };

/* The attributes of a URI's path stand in any order (RFC 7512, 2.3), and those of its query say
 * where the module is, not which key it is. free() it */
static char *sorted_uri(const char *uri)
{
	MICA_FREE char *path = mem_dup(uri, strcspn(uri, "?"));
	char *parts[MOST_ATTRIBUTES];
	char *rest = path;
	char *sorted = mem_strdup("");
	size_t n = 0;

	while (rest && n < mem_count(parts))
		parts[n++] = strsep(&rest, ";:");
	qsort(parts, n, sizeof(*parts), by_text);
	for (size_t i = 0; i < n; i++) {
		char *longer = mem_printf("%s;%s", sorted, parts[i]);

		free(sorted);
		sorted = longer;
	}
	return sorted;
}

static bool same_key(const struct inv_ca *a, const struct inv_ca *b)
{
	MICA_FREE char *left = a->key ? sorted_uri(a->key) : NULL;
	MICA_FREE char *right = b->key ? sorted_uri(b->key) : NULL;

	return left && right && a->module && b->module && strcmp(a->module, b->module) == 0 &&
	       strcmp(left, right) == 0;
}

/* RFC 5280, 7.1: case does not count */
static bool same_subject(const struct inv_ca *a, const struct inv_ca *b)
{
	if (a->n_subject != b->n_subject || a->n_subject == 0)
		return false;
	for (size_t i = 0; i < a->n_subject; i++) {
		const struct rdn *left = &a->subject[i];
		const struct rdn *right = &b->subject[i];

		if (strcmp(left->type, right->type) != 0 ||
		    strcasecmp(left->value, right->value) != 0)
			return false;
	}
	return true;
}

static void judge_pair(struct judge *judge, size_t first, size_t second)
{
	const struct ca_keys *keys = &((const struct ca_keys *)judge->keys->cas.items)[second];
	const struct inv_ca *a = &judge->inventory->cas[first];
	const struct inv_ca *b = &judge->inventory->cas[second];
	const char *name = a->name ? a->name : "";

	if (same_key(a, b))
		doc_fault(judge->findings, "key-uri", &b->key_mark,
		    "a new generation has a new key; to renew the certificate of the same key: "
		    "mica init --renew",
		    "CA '%s' has this key already", name);
	if (same_subject(a, b))
		doc_fault(judge->findings, "subject", &keys->subject.head.node->mark,
		    "such as another number at the end of its CN",
		    "CA '%s' has this subject already: a new generation has a new subject",
		    name);
}

/* --- cross-certificates ----------------------------------------------------------------- */

static void judge_cross(struct judge *judge, size_t i)
{
	const struct ca_keys *keys = &((const struct ca_keys *)judge->keys->cas.items)[i];
	const struct inv_ca *ca = &judge->inventory->cas[i];

	if (!ca->cross_sign)
		return;
	if (ca->state == CA_RETIRED)
		doc_fault(judge->findings, "cross-sign", &keys->cross_sign.node->mark,
		    "take the key out",
		    "'cross-sign' on a CA that is retired: nothing of it is used");
	if (ca->n_parents > 0)
		doc_fault(judge->findings, "cross-sign", &keys->cross_sign.node->mark,
		    "take the key out",
		    "'cross-sign' is for a root: an intermediate is trusted by way of its "
		    "'parent'");
}

void judge_generations(struct judge *judge)
{
	const size_t n = judge->inventory->n_cas;

	judge_issuing(judge);
	judge_names(judge);
	for (size_t i = 0; i < n; i++) {
		judge_cross(judge, i);
		for (size_t k = 0; k < i; k++)
			judge_pair(judge, k, i);
	}
}
