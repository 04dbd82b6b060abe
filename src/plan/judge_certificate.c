// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

typedef int parse_name(const char *text, struct name *ret, struct err *err);

static bool has_name(const struct inv_certificate *certificate, const char *text)
{
	for (size_t i = 0; i < certificate->n_names; i++) {
		if (strcmp(certificate->names[i].text, text) == 0)
			return true;
	}
	return false;
}

static int add_names(struct judge *judge, const struct schema_value *list, parse_name *parse,
    struct inv_certificate *out)
{
	int result = list->faulty ? -1 : 0;

	for (size_t i = 0; i < schema_count(list); i++) {
		const struct doc_node *node = list->node->items[i];
		const char *text = schema_item(list, i);
		struct err err = ERR_INIT;
		struct name name;

		if (!text)
			continue;
		if (parse(text, &name, &err) < 0) {
			judge_error(judge, node, "name", &err);
			result = -1;
		} else if (has_name(out, name.text)) {
			doc_fault(judge->findings, "name", &node->mark, NULL,
			    "the name '%s' is there twice", name.text);
			name_clear(&name);
		} else {
			out->name_marks[out->n_names] = judge_mark(judge, node);
			out->names[out->n_names++] = name;
		}
	}
	return result;
}

/* -1 when some name is not known for a fault */
static int judge_names(
    struct judge *judge, const struct certificate_keys *keys, struct inv_certificate *out)
{
	const size_t n = schema_count(&keys->dns) + schema_count(&keys->ip);
	int dns, ip;

	if (n > JUDGE_MAX_NAMES) {
		doc_fault(judge->findings, "name", &keys->head.node->mark, NULL,
		    "a certificate has at most %d names", JUDGE_MAX_NAMES);
		return -1;
	}
	out->names = mem_array(n, sizeof(*out->names));
	out->name_marks = mem_array(n, sizeof(*out->name_marks));
	dns = add_names(judge, &keys->dns, name_parse_dns, out);
	ip = add_names(judge, &keys->ip, name_parse_ip, out);
	return dns < 0 || ip < 0 ? -1 : 0;
}

/* A server's common name as its names are written: in A-labels, or as an address. */
static char *normal_name(const char *text)
{
	struct err err = ERR_INIT;
	struct name name;

	if (name_parse_dns(text, &name, &err) < 0 && name_parse_ip(text, &name, &err) < 0)
		return NULL;
	return name.text;
}

static void judge_server_name(
    struct judge *judge, const struct schema_value *value, struct inv_certificate *out)
{
	MICA_FREE char *normal = normal_name(out->common_name);

	if (normal && has_name(out, normal)) {
		free(out->common_name);
		out->common_name = mem_give(normal);
		return;
	}
	doc_fault(judge->findings, "cn-not-in-san", &value->node->mark, "add it to dns",
	    "the common name '%s' of a server must be one of its names", out->common_name);
}

static void check_common_name(
    struct judge *judge, const struct doc_node *node, char *common_name)
{
	const struct rdn rdn = { (char[]){ "CN" }, common_name };
	struct err err = ERR_INIT;

	if (rdn_check(&rdn, &err) < 0)
		judge_error(judge, node, "common-name", &err);
}

/* Left out, it is a server's first name, a client's entry name. */
static void judge_common_name(struct judge *judge, const struct certificate_keys *keys,
    bool names_known, struct inv_certificate *out)
{
	const struct schema_value *value = &keys->common_name;
	const bool server = out->profile == PROFILE_SERVER;

	if (value->faulty)
		return;
	out->common_name = mem_strdup(schema_text(value));
	if (!value->node && server && out->n_names > 0)
		out->common_name = mem_strdup(out->names[0].text);
	else if (!value->node && !server)
		out->common_name = mem_strdup(out->name);
	if (!out->common_name)
		return;
	if (value->node && server && names_known && out->n_names > 0)
		judge_server_name(judge, value, out);
	check_common_name(judge, value->node ? value->node : keys->head.node, out->common_name);
}

static void judge_csr(
    struct judge *judge, const struct certificate_keys *keys, struct inv_certificate *out)
{
	const struct schema_value *algorithm = &keys->life.algorithm;

	out->csr = judge_path(judge, &keys->csr);
	if (!out->csr)
		return;
	out->csr_mark = judge_mark(judge, keys->csr.node);
	if (algorithm->node)
		doc_fault(judge->findings, "csr", &algorithm->node->mark, NULL,
		    "'algorithm' has no meaning with 'csr': the key is there already");
}

static void judge_certificate(
    struct judge *judge, const struct certificate_keys *keys, struct inv_certificate *out)
{
	bool names_known;

	out->mark = judge_mark(judge, keys->head.node);
	out->name = judge_name(judge, &keys->name);
	out->profile = (enum profile)keys->profile.number;
	names_known = judge_names(judge, keys, out) == 0;
	if (!keys->profile.faulty && keys->profile.node) {
		if (out->profile == PROFILE_SERVER && names_known && out->n_names == 0)
			doc_fault(judge->findings, "san-missing", &keys->head.node->mark,
			    "clients look at these names alone, not at the common name",
			    "a server needs a name under dns or ip");
		judge_common_name(judge, keys, names_known, out);
	}
	judge_permitted_names(judge, keys, out);
	judge_csr(judge, keys, out);
	judge_life(judge, keys, out);
}

void judge_certificates(struct judge *judge)
{
	const struct schema_array *array = &judge->keys->certificates;
	const struct certificate_keys *keys = array->items;
	struct inventory *inventory = judge->inventory;
	MICA_FREE struct named *named = mem_array(array->n, sizeof(*named));

	judge_defaults(judge);
	inventory->certificates = mem_array(array->n, sizeof(*inventory->certificates));
	inventory->n_certificates = array->n;
	for (size_t i = 0; i < array->n; i++) {
		judge_certificate(judge, &keys[i], &inventory->certificates[i]);
		named[i] = (struct named){ inventory->certificates[i].name, keys[i].name.node };
	}
	inventory->certificates_by_name = judge_order(judge, named, array->n);
}
