// SPDX-License-Identifier: Apache-2.0
#include "judge.h"

#include <string.h>

#include <mica/mem.h>
#include <mica/num.h>

#include "path.h"

enum { MAX_FD = 1023, MAX_CREDENTIAL = 255 };

static const char pin_hint[] = "prompt, pad, none, file:PATH, fd:N or credential:NAME; the PIN "
                               "itself never stands in this file";

static void pin_fault(struct judge *judge, const struct doc_node *node)
{
	doc_fault(judge->findings, "pin", &node->mark, pin_hint,
	    "'pin' must say where the PIN comes from");
}

static void judge_pin_fd(struct judge *judge, const struct doc_node *node, struct pin_spec *pin)
{
	int64_t fd;

	if (num_parse(node->text + strlen("fd:"), 0, MAX_FD, &fd) < 0 || fd == 1 || fd == 2) {
		doc_fault(judge->findings, "pin", &node->mark, NULL,
		    "'pin: fd:N' needs the number of an open descriptor, 0 or from 3 to %d",
		    MAX_FD);
		return;
	}
	pin->source = PIN_FD;
	pin->fd = (int)fd;
}

/* As systemd takes them: one part of a path, printable, without a colon (systemd.exec(5)). */
static bool names_credential(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (name[i] < ' ' || name[i] > '~' || name[i] == '/' || name[i] == ':')
			return false;
	return len > 0 && len <= MAX_CREDENTIAL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static void judge_pin_credential(
    struct judge *judge, const struct doc_node *node, struct pin_spec *pin)
{
	const char *name = node->text + strlen("credential:");

	if (!names_credential(name)) {
		doc_fault(judge->findings, "pin", &node->mark,
		    "such as credential:ca-pin, for LoadCredential=ca-pin:PATH in the unit",
		    "'pin: credential:NAME' needs the name of a credential of systemd's");
		return;
	}
	pin->source = PIN_CREDENTIAL;
	pin->credential = mem_strdup(name);
}

/* The value is never repeated: it may be a PIN that strayed into the file. */
static void judge_pin(
    struct judge *judge, const struct schema_value *value, struct pin_spec *pin)
{
	const char *text = schema_text(value);

	pin->source = PIN_PROMPT;
	pin->fd = -1;
	if (!text)
		return;
	pin->mark = judge_mark(judge, value->node);
	if (strcmp(text, "none") == 0) {
		pin->source = PIN_NONE;
	} else if (strncmp(text, "file:", 5) == 0 && text[5] != '\0') {
		const struct doc_node path_node = { .text = text + 5,
			.mark = value->node->mark };
		const struct schema_value path = { .node = &path_node };

		pin->source = PIN_FILE;
		pin->path = judge_path(judge, &path);
	} else if (strncmp(text, "fd:", 3) == 0) {
		judge_pin_fd(judge, value->node, pin);
	} else if (strcmp(text, "pad") == 0) {
		pin->source = PIN_PAD;
	} else if (strncmp(text, "credential:", 11) == 0) {
		judge_pin_credential(judge, value->node, pin);
	} else if (strncmp(text, "env:", 4) == 0) {
		doc_fault(judge->findings, "pin", &pin->mark,
		    "under systemd credential:NAME, elsewhere file:PATH or fd:N",
		    "'pin' is not taken from the environment, which other programs can read");
	} else if (strcmp(text, "prompt") != 0) {
		pin_fault(judge, value->node);
	}
}

/* Only what must not be repeated in messages and what is no URI at all; the token's door judges
 * the rest. */
static void judge_key(struct judge *judge, const struct schema_value *value, struct inv_ca *ca)
{
	const char *uri = schema_text(value);

	if (!uri)
		return;
	ca->key_mark = judge_mark(judge, value->node);
	if (strcasestr(uri, "pin-value") || strcasestr(uri, "pin-source"))
		doc_fault(judge->findings, "key-uri", &ca->key_mark,
		    "say with 'pin' where the PIN comes from",
		    "the URI of the CA key must not hold a PIN");
	else if (strncmp(uri, "pkcs11:", 7) != 0)
		doc_fault(judge->findings, "key-uri", &ca->key_mark,
		    "such as \"pkcs11:token=milvus-ca;object=ca\"",
		    "'key' must be a PKCS#11 URI");
	else
		ca->key = mem_strdup(uri);
}

static void judge_module(struct judge *judge, const struct ca_keys *keys, struct inv_ca *ca)
{
	const char *module = schema_text(&keys->module);

	if (module && strchr(module, '/')) {
		MICA_FREE char *path = judge_path(judge, &keys->module);

		/* a path stays one: without a slash it would be looked up as a name */
		ca->module =
		    !path || strchr(path, '/') ? mem_strdup(path) : mem_printf("./%s", path);
	} else {
		ca->module = mem_strdup(module);
	}
	ca->module_args = mem_strdup(schema_text(&keys->module_args));
}

/* The attributes in the file's order, which is that of the certificate. */
static void judge_subject(
    struct judge *judge, const struct subject_keys *keys, struct inv_ca *ca)
{
	const struct doc_node *map = keys->head.node;

	if (!map || map->kind != DOC_MAP)
		return;
	ca->subject = mem_array(map->n, sizeof(*ca->subject));
	for (size_t i = 0; i < map->n; i++) {
		struct err err = ERR_INIT;
		struct rdn rdn = { 0 };
		bool good = false;

		for (size_t k = 0; k < mem_count(keys->attributes); k++)
			good |= keys->attributes[k].node == map->items[i];
		if (!good)
			continue; /* the schema told why */
		rdn.type = mem_strdup(map->keys[i]->text);
		rdn.value = mem_strdup(map->items[i]->text);
		if (rdn_check(&rdn, &err) < 0)
			judge_error(judge, map->items[i], "subject", &err);
		ca->subject[ca->n_subject++] = rdn;
	}
	if (map->n == 0)
		doc_fault(judge->findings, "subject", &map->mark,
		    "such as { O: Example, CN: Milvus CA g1 }",
		    "the subject of a CA must not be empty");
}

static void judge_ca(struct judge *judge, const struct ca_keys *keys, struct inv_ca *ca)
{
	ca->mark = judge_mark(judge, keys->head.node);
	ca->name = judge_name(judge, &keys->name);
	ca->state = (enum ca_state)keys->state.number;
	ca->algorithm = (enum algorithm)keys->algorithm.number;
	ca->days = keys->days.number;
	ca->crl_days = keys->crl_days.number;
	ca->certificate = judge_path(judge, &keys->certificate);
	if (ca->certificate)
		ca->certificate_mark = judge_mark(judge, keys->certificate.node);
	judge_chain(judge, keys, ca);
	judge_module(judge, keys, ca);
	judge_key(judge, &keys->key, ca);
	judge_pin(judge, &keys->pin, &ca->pin);
	ca->touch = keys->touch.number;
	ca->cross_sign = keys->cross_sign.number;
	judge_subject(judge, &keys->subject, ca);
	if (!keys->subject.head.node && !keys->certificate.node && !keys->certificate.faulty &&
	    keys->head.node->kind == DOC_MAP)
		doc_fault(judge->findings, "missing-key", &ca->mark,
		    "such as subject: { O: Example, CN: Milvus CA g1 }",
		    "a CA without 'certificate' needs the key 'subject'");
}

void judge_cas(struct judge *judge)
{
	const struct schema_array *array = &judge->keys->cas;
	const struct ca_keys *keys = array->items;
	struct inventory *inventory = judge->inventory;

	inventory->cas = mem_array(array->n, sizeof(*inventory->cas));
	inventory->n_cas = array->n;
	for (size_t i = 0; i < array->n; i++)
		judge_ca(judge, &keys[i], &inventory->cas[i]);
	if (array->node && array->n == 0)
		doc_fault(
		    judge->findings, "ca", &array->node->mark, NULL, "there must be one CA");
	else if (array->n > 0)
		judge_generations(judge);
}
