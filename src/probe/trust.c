// SPDX-License-Identifier: Apache-2.0
/* Whose clients a server says it takes: Go and OpenSSL send the names of their CAs when they
 * ask for a client's certificate (certificate_authorities, RFC 8446 4.2.4; RFC 5246 7.4.4). */
#include <mica/probe.h>

#include <stdlib.h>

#include "credentials.h"

static bool is_among(const struct buf *name, const struct buf *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (buf_same(name, names[i].data, names[i].len))
			return true;
	}
	return false;
}

/* As sets: some servers send a name as often as they have a certificate of it, others once. */
static bool are_among(const struct buf *some, size_t n_some, const struct buf *names, size_t n)
{
	for (size_t i = 0; i < n_some; i++) {
		if (!is_among(&some[i], names, n))
			return false;
	}
	return true;
}

int probe_trust(const struct probe_result *result, const struct buf *ca_pem,
    enum probe_trust *ret, struct err *err)
{
	const struct buf *told = result->accepts;
	const size_t n_told = result->n_accepts;
	struct buf *given = NULL;
	size_t n_given = 0;

	if (credentials_subjects(ca_pem, &given, &n_given, err) < 0)
		return -1;
	if (n_told == 0)
		*ret = PROBE_TRUST_UNTOLD;
	else if (are_among(told, n_told, given, n_given) &&
	         are_among(given, n_given, told, n_told))
		*ret = PROBE_TRUST_SAME;
	else
		*ret = PROBE_TRUST_OTHER;
	for (size_t i = 0; i < n_given; i++)
		buf_clear(&given[i]);
	free(given);
	return 0;
}
