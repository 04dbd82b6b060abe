// SPDX-License-Identifier: Apache-2.0
/* Whose clients a server says it takes: Go and OpenSSL send the names of their CAs when they
 * ask for a client's certificate (certificate_authorities, RFC 8446 4.2.4; RFC 5246 7.4.4). */
#include <mica/probe.h>

#include <stdlib.h>

#include "credentials.h"

struct names {
	struct buf *items;
	size_t n;
};

static void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		buf_clear(&names->items[i]);
	free(names->items);
}

static bool is_among(const struct buf *name, const struct names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		if (buf_same(name, names->items[i].data, names->items[i].len))
			return true;
	}
	return false;
}

static bool are_among(const struct names *some, const struct names *names)
{
	for (size_t i = 0; i < some->n; i++) {
		if (!is_among(&some->items[i], names))
			return false;
	}
	return true;
}

/* As sets: some servers send a name as often as they have a certificate of it, others once. */
static bool same_sets(const struct names *some, const struct names *others)
{
	return are_among(some, others) && are_among(others, some);
}

int probe_same_names(
    const struct buf *ca_pem, const struct buf *other_pem, bool *ret, struct err *err)
{
	MICA_AUTO(names_clear) struct names some = { NULL, 0 };
	MICA_AUTO(names_clear) struct names others = { NULL, 0 };

	if (credentials_subjects(ca_pem, &some.items, &some.n, err) < 0 ||
	    credentials_subjects(other_pem, &others.items, &others.n, err) < 0)
		return -1;
	*ret = same_sets(&some, &others);
	return 0;
}

int probe_trust(const struct probe_result *result, const struct buf *ca_pem,
    enum probe_trust *ret, struct err *err)
{
	const struct names told = { result->accepts, result->n_accepts };
	MICA_AUTO(names_clear) struct names given = { NULL, 0 };

	if (credentials_subjects(ca_pem, &given.items, &given.n, err) < 0)
		return -1;
	if (told.n == 0)
		*ret = PROBE_TRUST_UNTOLD;
	else
		*ret = same_sets(&told, &given) ? PROBE_TRUST_SAME : PROBE_TRUST_OTHER;
	return 0;
}
