// SPDX-License-Identifier: Apache-2.0
#include "lookup.h"

#include <string.h>

static const char *certificate_name(const struct inventory *inventory, size_t i)
{
	return inventory->certificates[inventory->certificates_by_name[i]].name;
}

static const char *deployment_name(const struct inventory *inventory, size_t i)
{
	return inventory->deployments[inventory->deployments_by_name[i]].name;
}

/* The place of name among n in order, those without a name last. */
static int search(const struct inventory *inventory, const char *name, size_t n,
    const char *(*name_at)(const struct inventory *, size_t), size_t *ret)
{
	size_t from = 0;

	while (from < n) {
		const size_t middle = from + (n - from) / 2;
		const char *other = name_at(inventory, middle);
		const int order = other ? strcmp(name, other) : -1;

		if (order == 0) {
			*ret = middle;
			return 0;
		}
		if (order < 0)
			n = middle;
		else
			from = middle + 1;
	}
	return -1;
}

int lookup_certificate(const struct inventory *inventory, const char *name, size_t *ret)
{
	size_t place;

	if (search(inventory, name, inventory->n_certificates, certificate_name, &place) < 0)
		return -1;
	*ret = inventory->certificates_by_name[place];
	return 0;
}

int lookup_deployment(const struct inventory *inventory, const char *name, size_t *ret)
{
	size_t place;

	if (search(inventory, name, inventory->n_deployments, deployment_name, &place) < 0)
		return -1;
	*ret = inventory->deployments_by_name[place];
	return 0;
}
