// SPDX-License-Identifier: Apache-2.0
/*
 * What the outlets of Kubernetes carry: the files of a server's directory, as they lie there
 * or, where they are to be delivered again, as they will. A certificate that is made anew in
 * this run is not known before its delivery: what follows from it is rendered behind the swap.
 */
#include "issue_private.h"

static const struct place *place_of(const struct issue *issue, size_t deployment)
{
	size_t server = issue->inventory->deployments[deployment].server;
	size_t i = issue->first_place[server];

	while (i != NO_PLACE && issue->places[i].deployment != deployment)
		i = issue->places[i].next;
	return &issue->places[i]; /* every deployment has a place of its server */
}

bool issue_renews(const struct issue *issue, size_t deployment)
{
	const struct plan_item *item =
	    issue->item_of[issue->inventory->deployments[deployment].server];

	return item && (item->action == PLAN_ISSUE || item->action == PLAN_ROTATE);
}

void carried_clear(struct carried *carried)
{
	buf_clear(&carried->certificate);
	buf_clear(&carried->key);
	buf_clear(&carried->ca);
}

/* Wherever the active certificate's key lies byte for byte. */
static bool read_key(const struct issue *issue, size_t certificate, struct buf *ret)
{
	for (size_t i = issue->first_place[certificate]; i != NO_PLACE;
	     i = issue->places[i].next) {
		const struct place *place = &issue->places[i];
		struct err ignored = ERR_INIT; /* another place may do */

		if (place->fact.key_good &&
		    outdir_read(place->dir, place->key_name, ret, &ignored) == 0)
			return true;
	}
	return false;
}

void issue_expect_carried(const struct issue *issue, size_t deployment, struct carried *ret)
{
	size_t server = issue->inventory->deployments[deployment].server;
	const struct place *place = place_of(issue, deployment);
	const struct buf *ca = issue_ca_file(issue, place);

	if (!issue->entries[server].exists || !read_key(issue, server, &ret->key))
		return;
	issue_certificate_text(issue, issue->current[server].ca,
	    &issue->current[server].certificate, &ret->certificate);
	buf_add(&ret->ca, ca->data, ca->len);
	ret->known = true;
}

int issue_read_carried(
    const struct issue *issue, size_t deployment, struct carried *ret, struct err *err)
{
	const struct place *place = place_of(issue, deployment);

	if (outdir_read(place->dir, place->cert_name, &ret->certificate, err) < 0 ||
	    outdir_read(place->dir, place->key_name, &ret->key, err) < 0 ||
	    outdir_read(place->dir, "ca.pem", &ret->ca, err) < 0)
		return -1;
	ret->known = true;
	return 0;
}
