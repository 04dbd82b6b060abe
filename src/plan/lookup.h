// SPDX-License-Identifier: Apache-2.0
/* lookup: the index of an entry by its name. Names need not be valid yet: NULL is no name. */
#ifndef MICA_PLAN_LOOKUP_H
#define MICA_PLAN_LOOKUP_H

#include <mica/inventory.h>

int lookup_certificate(
    const struct inventory *inventory, const char *name, size_t *ret) MICA_CHECKED;
int lookup_deployment(
    const struct inventory *inventory, const char *name, size_t *ret) MICA_CHECKED;

#endif
