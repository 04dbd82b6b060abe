// SPDX-License-Identifier: Apache-2.0
#include "uri.h"

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>

#define SCHEME "pkcs11:"

/* What may stand in the URI of a CA key. Module and PIN have keys of their own in the
 * inventory. */
static const struct {
	const char *name;
	bool token;
	bool object;
} attributes[] = {
	{ "token", true, false },
	{ "serial", true, false },
	{ "manufacturer", true, false },
	{ "model", true, false },
	{ "slot-id", true, false },
	{ "object", false, true },
	{ "id", false, true },
	{ "type", false, false },
};

enum { N_ATTRIBUTES = mem_count(attributes) };

struct seen {
	bool attribute[N_ATTRIBUTES];
	bool token, object;
};

static int refuse_attribute(const char *name, size_t len, struct err *err)
{
	if (len >= 4 && strncmp(name, "pin-", 4) == 0) {
		err_set(
		    err, ERR_REFUSED, "the key's URI must not have a '%.*s'", (int)len, name);
		return err_hint(err, "say where the PIN comes from with ca.pin, which never "
		                     "holds the PIN itself");
	}
	if (len >= 7 && strncmp(name, "module-", 7) == 0) {
		err_set(
		    err, ERR_REFUSED, "the key's URI must not have a '%.*s'", (int)len, name);
		return err_hint(err, "name the module with ca.module");
	}
	err_set(err, ERR_REFUSED,
	    "the key's URI has '%.*s', which does not name a key on a token", (int)len, name);
	return err_hint(
	    err, "token, serial, manufacturer, model, slot-id, object, id and type do");
}

static int see(const char *part, size_t len, struct seen *seen, struct err *err)
{
	const char *equals = memchr(part, '=', len);
	size_t name_len = equals ? (size_t)(equals - part) : len;

	for (size_t i = 0; i < N_ATTRIBUTES; i++) {
		if (strlen(attributes[i].name) != name_len ||
		    strncmp(part, attributes[i].name, name_len) != 0)
			continue;
		if (seen->attribute[i])
			return err_set(err, ERR_REFUSED, "the key's URI has '%s' twice",
			    attributes[i].name);
		if (!equals || name_len + 1 == len)
			return err_set(err, ERR_REFUSED,
			    "the key's URI has nothing behind '%s'", attributes[i].name);
		seen->attribute[i] = true;
		seen->token |= attributes[i].token;
		seen->object |= attributes[i].object;
		return 0;
	}
	return refuse_attribute(part, name_len, err);
}

static int check_characters(const char *text, struct err *err)
{
	for (const char *at = text; *at; at++) {
		if (*at <= ' ' || *at > '~') {
			err_set(err, ERR_REFUSED,
			    "the key's URI has a blank, a control or a non-ASCII character");
			return err_hint(err, "write it as %%XX; a blank is %%20");
		}
	}
	return 0;
}

/* p11-kit lets the last of two win, drops what it does not know, and takes "pkcs11:" for
 * everything. */
static int check_parts(const char *text, struct seen *seen, struct err *err)
{
	const char *query = strchr(text, '?');
	const char *at = text + strlen(SCHEME);
	size_t len;

	if (query && query[1])
		return refuse_attribute(query + 1, strcspn(query + 1, "=&"), err);
	if (query)
		return err_set(err, ERR_REFUSED, "the key's URI has nothing behind its '?'");
	for (;; at += len + 1) {
		len = strcspn(at, ";");
		if (len == 0)
			return err_set(err, ERR_REFUSED,
			    at == text + strlen(SCHEME) && !*at
			        ? "the key's URI '" SCHEME "' names nothing"
			        : "the key's URI has an empty part");
		if (see(at, len, seen, err) < 0)
			return -1;
		if (!at[len])
			return 0;
	}
}

static int check_shape(const char *text, struct err *err)
{
	struct seen seen = { 0 };

	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0) {
		err_set(err, ERR_REFUSED, "the key's URI does not begin with '" SCHEME "'");
		return err_hint(err, "for example pkcs11:token=milvus-ca;object=ca");
	}
	if (check_characters(text, err) < 0 || check_parts(text, &seen, err) < 0)
		return -1;
	if (seen.token && seen.object)
		return 0;
	err_set(
	    err, ERR_REFUSED, "the key's URI does not name a %s", seen.token ? "key" : "token");
	return err_hint(err,
	    seen.token ? "add object=LABEL or id=%%XX" : "add token=LABEL or serial=NUMBER");
}

static int check_type(P11KitUri *parsed, struct err *err)
{
	const CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(parsed, CKA_CLASS);
	CK_OBJECT_CLASS value;

	if (!class)
		return 0;
	memcpy(&value, class->pValue, sizeof(value));
	if (value == CKO_PRIVATE_KEY)
		return 0;
	return err_set(err, ERR_REFUSED, "the key's URI has a type other than 'private'");
}

static int read_object(struct uri *uri, struct err *err)
{
	const CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(uri->parsed, CKA_LABEL);
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(uri->parsed, CKA_ID);

	if (label && memchr(label->pValue, '\0', label->ulValueLen))
		return err_set(err, ERR_REFUSED, "the key's URI has a NUL in its 'object'");
	if (label)
		uri->label = mem_dup(label->pValue, label->ulValueLen);
	if (id)
		buf_add(&uri->id, id->pValue, id->ulValueLen);
	return check_type(uri->parsed, err);
}

int uri_parse(const char *text, struct uri *ret, struct err *err)
{
	URI_AUTO uri = URI_INIT;
	int result;

	if (check_shape(text, err) < 0)
		return -1;
	uri.text = mem_strdup(text);
	uri.parsed = p11_kit_uri_new();
	result = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri.parsed);
	if (result != P11_KIT_URI_OK)
		return err_set(err, ERR_REFUSED, "the key's URI is not a valid PKCS#11 URI: %s",
		    p11_kit_uri_message(result));
	if (p11_kit_uri_any_unrecognized(uri.parsed))
		return err_set(
		    err, ERR_REFUSED, "the key's URI has an attribute that is not known");
	if (read_object(&uri, err) < 0)
		return -1;
	uri_clear(ret);
	*ret = uri;
	uri = (struct uri)URI_INIT;
	return 0;
}

void uri_clear(struct uri *uri)
{
	mem_freep(&uri->text);
	mem_freep(&uri->label);
	buf_clear(&uri->id);
	if (uri->parsed)
		p11_kit_uri_free(uri->parsed);
	*uri = (struct uri)URI_INIT;
}

static void pad(unsigned char *to, size_t len, const char *text)
{
	size_t has = strnlen(text, len);

	memset(to, ' ', len);
	memcpy(to, text, has);
}

bool uri_means(const struct uri *uri, uint64_t slot, const struct token_info *info)
{
	CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri->parsed);

	return (wanted == (CK_SLOT_ID)-1 || wanted == slot) && uri_means_token(uri, info);
}

bool uri_means_token(const struct uri *uri, const struct token_info *info)
{
	CK_TOKEN_INFO raw = { .flags = info->flags };

	pad(raw.label, sizeof(raw.label), info->label);
	pad(raw.serialNumber, sizeof(raw.serialNumber), info->serial);
	pad(raw.manufacturerID, sizeof(raw.manufacturerID), info->manufacturer);
	pad(raw.model, sizeof(raw.model), info->model);
	return p11_kit_uri_match_token_info(uri->parsed, &raw) == 1;
}

int token_uri_check(const char *uri, struct err *err)
{
	URI_AUTO parsed = URI_INIT;

	return uri_parse(uri, &parsed, err);
}
