// SPDX-License-Identifier: Apache-2.0
/* values: the small languages within mica.yaml's texts. */
#ifndef MICA_PLAN_VALUES_H
#define MICA_PLAN_VALUES_H

#include <sys/types.h>

#include <mica/err.h>

struct value_error {
	const char *text; /* constants */
	const char *hint;
};

/* "2.6", "2.3.5" as MILVUS_VERSION, and the third part; -1 when there is none */
int value_version(
    const char *text, int *ret, int *ret_patch, struct value_error *error) MICA_CHECKED;

/* "0600": the owner may read, others may do nothing, nobody may execute */
int value_key_mode(const char *text, mode_t *ret, struct value_error *error) MICA_CHECKED;

/* "1000:1000" */
int value_owner(
    const char *text, uid_t *ret_uid, gid_t *ret_gid, struct value_error *error) MICA_CHECKED;

/* "host:19530", "[::1]:19530", normalised; free() it */
int value_endpoint(const char *text, char **ret, struct err *err) MICA_CHECKED;

/* an absolute path of a container, without a final slash; free() it */
int value_mount(const char *text, char **ret, struct value_error *error) MICA_CHECKED;

#endif
