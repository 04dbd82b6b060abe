// SPDX-License-Identifier: Apache-2.0
/* service-names: what a server's certificate holds besides its own names. One that several
 * deployments show gets those of all. */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

static bool holds(const struct inv_certificate *certificate, const char *text)
{
	for (size_t i = 0; i < certificate->n_names; i++) {
		if (strcmp(certificate->names[i].text, text) == 0)
			return true;
	}
	return false;
}

static void add_name(struct judge *judge, const struct doc_node *node, const char *text,
    struct inv_certificate *certificate)
{
	const struct mark mark = judge_mark(judge, node);
	struct err err = ERR_INIT;
	size_t cap_names = certificate->n_names;
	size_t cap_marks = certificate->n_names;
	struct name name;

	if (holds(certificate, text))
		return;
	if (name_parse_ip(text, &name, &err) < 0 && name_parse_dns(text, &name, &err) < 0) {
		judge_error(judge, node, "service-names", &err);
		return;
	}
	judge_permitted_name(judge, &name, &mark);
	certificate->names =
	    mem_grow(certificate->names, &cap_names, certificate->n_names + 1, sizeof(name));
	certificate->name_marks = mem_grow(
	    certificate->name_marks, &cap_marks, certificate->n_names + 1, sizeof(mark));
	certificate->name_marks[certificate->n_names] = mark;
	certificate->names[certificate->n_names++] = name;
}

void judge_service_names(struct judge *judge, const struct milvus_keys *keys,
    const struct inv_deployment *deployment)
{
	struct inv_certificate *certificate =
	    &judge->inventory->certificates[deployment->server];
	size_t n = 0;
	char **names;

	if (inventory_in_kubernetes(deployment) &&
	    (!deployment->kubernetes.release || !deployment->kubernetes.namespace))
		return;
	names = inventory_service_names(deployment, &n);
	for (size_t i = 0; i < n; i++) {
		add_name(judge, keys->service_names.node, names[i], certificate);
		free(names[i]);
	}
	free(names);
	if (certificate->n_names > JUDGE_MAX_NAMES)
		doc_fault(judge->findings, "service-names", &keys->service_names.node->mark,
		    NULL, "with these the certificate '%s' has more than %d names",
		    certificate->name ? certificate->name : "", JUDGE_MAX_NAMES);
}
