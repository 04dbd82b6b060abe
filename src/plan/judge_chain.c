// SPDX-License-Identifier: Apache-2.0
/* What stands above a CA, and what it may issue for. */
#include "judge.h"

#include <string.h>

#include <mica/domain.h>
#include <mica/mem.h>

static bool is_there(char *const *texts, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(texts[i], text) == 0)
			return true;
	}
	return false;
}

/* A list that is there and empty would be read in two ways: it must name something. */
static void judge_filled(struct judge *judge, const struct schema_value *list, const char *key)
{
	if (list->node && schema_count(list) == 0)
		doc_fault(judge->findings, key, &list->node->mark,
		    "take the key out when there is none", "'%s' must name one or more", key);
}

static void judge_parents(
    struct judge *judge, const struct schema_value *list, struct inv_ca *ca)
{
	const size_t n = schema_count(list);

	judge_filled(judge, list, "parent");
	ca->parents = mem_array(n, sizeof(*ca->parents));
	ca->parent_marks = mem_array(n, sizeof(*ca->parent_marks));
	for (size_t i = 0; i < n; i++) {
		const struct schema_value item = { .node = list->node->items[i] };
		MICA_FREE char *path = schema_item(list, i) ? judge_path(judge, &item) : NULL;

		if (!path)
			continue;
		if (is_there(ca->parents, ca->n_parents, path)) {
			doc_fault(judge->findings, "parent", &item.node->mark, NULL,
			    "the file '%s' is there twice", path);
			continue;
		}
		ca->parent_marks[ca->n_parents] = judge_mark(judge, item.node);
		ca->parents[ca->n_parents++] = mem_give(path);
	}
}

/* RFC 5280 4.2.1.10: a domain stands for itself and for everything below it. */
static void judge_domain(struct judge *judge, const struct doc_node *node, struct inv_ca *ca)
{
	struct err err = ERR_INIT;
	struct name name;

	if (node->text[0] == '.' || strncmp(node->text, "*.", 2) == 0) {
		doc_fault(judge->findings, "permitted-dns", &node->mark,
		    "example.com permits itself and every name below it",
		    "'%s' is not a domain alone", node->text);
		return;
	}
	if (name_parse_dns(node->text, &name, &err) < 0) {
		doc_fault(judge->findings, "permitted-dns", &node->mark,
		    "a domain, such as example.com", "%s", err.text);
		return;
	}
	if (is_there(ca->permitted_dns, ca->n_permitted_dns, name.text)) {
		doc_fault(judge->findings, "permitted-dns", &node->mark, NULL,
		    "the domain '%s' is there twice", name.text);
	} else {
		ca->permitted_dns_marks[ca->n_permitted_dns] = judge_mark(judge, node);
		ca->permitted_dns[ca->n_permitted_dns++] = mem_strdup(name.text);
	}
	name_clear(&name);
}

static void judge_permitted(
    struct judge *judge, const struct schema_value *list, struct inv_ca *ca)
{
	const size_t n = schema_count(list);

	judge_filled(judge, list, "permitted-dns");
	ca->permitted_dns = mem_array(n, sizeof(*ca->permitted_dns));
	ca->permitted_dns_marks = mem_array(n, sizeof(*ca->permitted_dns_marks));
	for (size_t i = 0; i < n; i++) {
		if (schema_item(list, i))
			judge_domain(judge, list->node->items[i], ca);
	}
}

void judge_chain(struct judge *judge, const struct ca_keys *keys, struct inv_ca *ca)
{
	judge_parents(judge, &keys->parent, ca);
	judge_permitted(judge, &keys->permitted_dns, ca);
}

/* --- what is issued under it ------------------------------------------------------------ */

static bool permits(const struct inv_ca *ca, const char *name)
{
	const struct domain it = { name, strlen(name) };

	for (size_t i = 0; i < ca->n_permitted_dns; i++) {
		const char *base = ca->permitted_dns[i];

		if (domain_within(it, (struct domain){ base, strlen(base) }))
			return true;
	}
	return false;
}

/* Without a DNS name beside it OpenSSL takes a common name that looks like one for it, and
 * GnuTLS that of every server, be it an address. */
static void judge_permitted_cn(struct judge *judge, const struct certificate_keys *keys,
    const struct inv_ca *ca, const struct inv_certificate *certificate)
{
	const char *cn = certificate->common_name;
	const struct doc_node *node =
	    keys->common_name.node ? keys->common_name.node : keys->head.node;

	if (!cn || permits(ca, cn))
		return;
	if (certificate->profile == PROFILE_SERVER)
		doc_fault(judge->findings, "permitted-dns", &node->mark,
		    "give it a DNS name within 'permitted-dns' as well",
		    "a server without a DNS name: clients take its common name '%s' for one, "
		    "which is not within 'permitted-dns'",
		    cn);
	else if (domain_like((struct domain){ cn, strlen(cn) }))
		doc_fault(judge->findings, "permitted-dns", &node->mark,
		    "a common name of one word, or with a blank in it, is not taken for one",
		    "OpenSSL takes the common name '%s' for a DNS name, which is not within "
		    "'permitted-dns'",
		    cn);
}

/* NULL when nothing is said of it, or what is permitted is not known for a fault */
static const struct inv_ca *who_permits(const struct judge *judge)
{
	const size_t issuing = judge->inventory->issuing;
	const struct inv_ca *ca =
	    judge->inventory->n_cas > 0 ? &judge->inventory->cas[issuing] : NULL;
	const struct ca_keys *keys = judge->keys->cas.items;

	if (!ca || ca->n_permitted_dns == 0 ||
	    schema_count(&keys[issuing].permitted_dns) != ca->n_permitted_dns)
		return NULL;
	return ca;
}

void judge_permitted_name(
    struct judge *judge, const struct name *name, const struct mark *where)
{
	const struct inv_ca *ca = who_permits(judge);

	if (ca && name->kind == NAME_DNS && !permits(ca, name->text))
		doc_fault(judge->findings, "permitted-dns", where,
		    "add its domain there, before the CA is made, or take it out",
		    "the name '%s' is not within 'permitted-dns' of CA '%s'", name->text,
		    ca->name ? ca->name : "");
}

void judge_permitted_names(struct judge *judge, const struct certificate_keys *keys,
    const struct inv_certificate *certificate)
{
	const struct inv_ca *ca = who_permits(judge);
	bool has_dns = false;

	if (!ca || keys->dns.faulty || keys->profile.faulty)
		return;
	for (size_t i = 0; i < certificate->n_names; i++) {
		has_dns |= certificate->names[i].kind == NAME_DNS;
		judge_permitted_name(
		    judge, &certificate->names[i], &certificate->name_marks[i]);
	}
	if (!has_dns)
		judge_permitted_cn(judge, keys, ca, certificate);
}
