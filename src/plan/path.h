// SPDX-License-Identifier: Apache-2.0
/* path: paths as text; nothing is looked up, so a link counts as what it is called. */
#ifndef MICA_PLAN_PATH_H
#define MICA_PLAN_PATH_H

#include <stdbool.h>

/* Without "//", "/./" and a final "/"; ".." stays. free() it. */
char *path_tidy(const char *path);

/* base and path joined, tidied, and ".." taken with what stands before it. base must be
 * absolute. */
char *path_absolute(const char *base, const char *path);

/* whether path is dir or lies in it, both from path_absolute() */
bool path_within(const char *path, const char *dir);

/* Where "." is for the process, or dir when it is absolute; free() it. */
char *path_directory(const char *dir);

#endif
