// SPDX-License-Identifier: Apache-2.0
#include "values.h"

#include <stdint.h>
#include <string.h>

#include <mica/inventory.h>
#include <mica/mem.h>
#include <mica/num.h>

#include "path.h"

static int fail(struct value_error *error, const char *text, const char *hint)
{
	*error = (struct value_error){ text, hint };
	return -1;
}

int value_version(const char *text, int *ret, int *ret_patch, struct value_error *error)
{
	const char *dot = strchr(text, '.');
	const char *second = dot ? strchr(dot + 1, '.') : NULL;
	MICA_FREE char *major_text = mem_dup(text, strcspn(text, "."));
	MICA_FREE char *minor_text = dot ? mem_dup(dot + 1, strcspn(dot + 1, ".")) : NULL;
	int64_t major, minor, patch = -1;

	if (text[0] == 'v')
		return fail(
		    error, "'version' must be a version of Milvus", "write it without the 'v'");
	if (!dot || num_parse(major_text, 0, 99, &major) < 0 ||
	    num_parse(minor_text, 0, 99, &minor) < 0 ||
	    (second && num_parse(second + 1, 0, 9999, &patch) < 0))
		return fail(error, "'version' must be a version of Milvus", "such as \"2.6\"");
	if (MILVUS_VERSION(major, minor) < MILVUS_VERSION(2, 3) ||
	    MILVUS_VERSION(major, minor) > MILVUS_VERSION(3, 0))
		return fail(error, "'version' must be from 2.3 to 3.0", NULL);
	*ret = (int)MILVUS_VERSION(major, minor);
	*ret_patch = (int)patch;
	return 0;
}

int value_key_mode(const char *text, mode_t *ret, struct value_error *error)
{
	static const char hint[] = "0600, 0400, 0640 or 0440";
	unsigned mode;

	if (num_parse_mode(text, &mode) < 0)
		return fail(error, "'key-mode' must be a file mode in octal", hint);
	if (mode & 0007)
		return fail(error, "'key-mode' must not let others use a private key", hint);
	if (!(mode & 0400))
		return fail(error, "'key-mode' must let the owner read the key", hint);
	if (mode & 0130)
		return fail(error, "'key-mode' is not fit for a private key", hint);
	*ret = (mode_t)mode;
	return 0;
}

int value_owner(const char *text, uid_t *ret_uid, gid_t *ret_gid, struct value_error *error)
{
	const char *colon = strchr(text, ':');
	MICA_FREE char *first = mem_dup(text, strcspn(text, ":"));
	int64_t uid, gid;

	if (!colon || num_parse(first, 0, UINT32_MAX - 1, &uid) < 0 ||
	    num_parse(colon + 1, 0, UINT32_MAX - 1, &gid) < 0)
		return fail(
		    error, "'owner' must be uid:gid in numbers", "such as \"1000:1000\"");
	*ret_uid = (uid_t)uid;
	*ret_gid = (gid_t)gid;
	return 0;
}

static int endpoint_fault(const char *text, struct err *err)
{
	err_set(err, ERR_FAILED, "'%s' is no endpoint", text);
	return err_hint(
	    err, "HOST:PORT, such as 127.0.0.1:19530, milvus.example.com:19530 or [::1]:19530");
}

static int endpoint_host(
    const char *text, const char *host, bool bracketed, struct name *ret, struct err *err)
{
	if (name_parse_ip(host, ret, err) == 0) {
		if (bracketed == (ret->ip_len == 16))
			return 0;
		name_clear(ret);
		return endpoint_fault(text, err);
	}
	if (bracketed || host[0] == '*')
		return endpoint_fault(text, err);
	return name_parse_dns(host, ret, err);
}

int value_endpoint(const char *text, char **ret, struct err *err)
{
	const char *colon = strrchr(text, ':');
	const bool bracketed = text[0] == '[' && colon && colon > text + 1 && colon[-1] == ']';
	MICA_FREE char *host = NULL;
	struct name name;
	int64_t port;

	if (!colon || num_parse(colon + 1, 1, 65535, &port) < 0)
		return endpoint_fault(text, err);
	host = mem_dup(text + bracketed, (size_t)(colon - text) - (bracketed ? 2 : 0));
	if (endpoint_host(text, host, bracketed, &name, err) < 0)
		return -1;
	*ret = mem_printf(bracketed ? "[%s]:%d" : "%s:%d", name.text, (int)port);
	name_clear(&name);
	return 0;
}

int value_mount(const char *text, char **ret, struct value_error *error)
{
	MICA_FREE char *straight = path_absolute("/", text);
	MICA_FREE char *tidy = path_tidy(text);

	if (text[0] != '/')
		return fail(error, "'mount' must be an absolute path", "such as /milvus/tls");
	if (strcmp(straight, tidy) != 0 || strcmp(tidy, "/") == 0)
		return fail(error, "'mount' must be a directory of its own, without '..'",
		    "such as /milvus/tls");
	*ret = mem_give(tidy);
	return 0;
}
