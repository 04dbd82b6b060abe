// SPDX-License-Identifier: Apache-2.0
/* check_keys: the keys of Milvus that check knows, all about TLS, and what is judged by them.
 */
#ifndef MICA_MILVUS_CHECK_KEYS_H
#define MICA_MILVUS_CHECK_KEYS_H

#include <mica/check_rules.h>

/* "common.security.tlsMode", ...; NULL past the end */
const char *check_known_key(size_t i);
/* Is path such a key, whatever its spelling? */
bool check_knows(const char *path);
/* Does one stand at or below this path? */
bool check_leads_to_known(const char *path);

/* Groups of rules; each looks at the merged configuration. */
void check_levels(const struct check_texts *texts);    /* check_levels.c */
void check_variables(const struct check_texts *texts); /* check_levels.c */
void check_modes(const struct check_texts *texts);     /* check_modes.c */
void check_internal(const struct check_texts *texts);  /* check_modes.c */
void check_depends(const struct check_texts *texts);   /* check_depends.c */
void check_clusters(const struct check_texts *texts);  /* check_depends.c */

#endif
