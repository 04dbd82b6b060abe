// SPDX-License-Identifier: Apache-2.0
#include "owed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mica/num.h>
#include <mica/probe.h>

bool owed_is_kept(const struct inv_deployment *deployment)
{
	return deployment->restart || deployment->n_endpoints > 0;
}

/* --- the note: "SINCE CHANGES SIGN", in numbers ------------------------------------------- */

enum { FIELDS = 3, MOST_CHANGES = 15 };

static char *note_name(const struct inv_deployment *deployment)
{
	return mem_printf("restart:%s", deployment->name);
}

static bool parse(const struct buf *note, struct owed *ret)
{
	MICA_FREE char *text = mem_strdup(buf_text(note));
	int64_t fields[FIELDS];
	char *rest = text;

	for (size_t i = 0; i < FIELDS; i++) {
		const char *word = strsep(&rest, " ");

		if (!word || num_parse(word, 0, INT64_MAX, &fields[i]) < 0)
			return false;
	}
	if (rest || fields[1] > MOST_CHANGES || fields[2] > OWED_SIGN_TRUST)
		return false;
	*ret = (struct owed){ fields[0], (unsigned)fields[1], (enum owed_sign)fields[2] };
	return true;
}

/* A note that cannot be read owes all the same. */
int owed_read(struct issue *issue, const struct inv_deployment *deployment, struct owed *ret,
    struct err *err)
{
	MICA_FREE char *name = note_name(deployment);
	BUF_AUTO note = BUF_INIT;
	bool found = false;

	*ret = (struct owed){ .since = 0 };
	if (!issue->ledger || !owed_is_kept(deployment))
		return 0;
	if (ledger_noted(issue->ledger, name, &note, &found, err) < 0)
		return -1;
	if (found && !parse(&note, ret))
		*ret = (struct owed){ issue->ambient.now, OWED_FILES, OWED_SIGN_NONE };
	return 0;
}

static int write_note(struct issue *issue, const struct inv_deployment *deployment,
    const struct owed *owed, struct err *err)
{
	MICA_FREE char *name = note_name(deployment);
	BUF_AUTO note = BUF_INIT;

	buf_printf(&note, "%" PRId64 " %u %d", owed->since, owed->changes, (int)owed->sign);
	return ledger_note(issue->ledger, name, &note, err);
}

int owed_settle(struct issue *issue, const struct inv_deployment *deployment, struct err *err)
{
	MICA_FREE char *name = note_name(deployment);

	return ledger_note(issue->ledger, name, NULL, err);
}

/* --- what changes ----------------------------------------------------------------------- */

/* What is for people, or was put beside a file of somebody else's, Milvus never sees. */
static bool milvus_reads(const struct outlet_change *change)
{
	static const char *const files[] = { "user.yaml", "milvus.yaml", "milvus.patch.yaml",
		"docker-compose.override.yaml", "values.yaml", "secret.yaml" };

	for (size_t i = 0; i < mem_count(files); i++) {
		if (strcmp(change->file, files[i]) == 0)
			return true;
	}
	return false;
}

/* In one-way mode Milvus has no use for ca.pem, unless its parts speak TLS with each other. */
static bool reads_trust(const struct inv_deployment *deployment)
{
	return deployment->tls_mode == 2 || deployment->internal_tls;
}

static unsigned place_change(
    const struct issue *issue, const struct place *place, const struct plan_item *item)
{
	const struct inv_deployment *deployment =
	    &issue->inventory->deployments[place->deployment];

	if (item->action == PLAN_ISSUE || item->action == PLAN_ROTATE)
		return OWED_CERTIFICATE;
	if (item->action != PLAN_DELIVER)
		return 0;
	switch (place->fact.state) {
	case TREE_GOOD:
	case TREE_CRL_CHANGED: /* Milvus reads no CRL */
		return 0;
	case TREE_CA_CHANGED:
		return reads_trust(deployment) ? OWED_TRUST : 0;
	case TREE_NEVER:
		return OWED_CERTIFICATE;
	default:
		return place->delivery.seq == issue->current[place->certificate].seq
		           ? OWED_FILES
		           : OWED_CERTIFICATE;
	}
}

static const struct place *server_place(const struct issue *issue, size_t deployment)
{
	size_t i = issue->first_place[issue->inventory->deployments[deployment].server];

	while (i != NO_PLACE && issue->places[i].deployment != deployment)
		i = issue->places[i].next;
	return &issue->places[i]; /* every deployment has one */
}

unsigned owed_planned(const struct issue *issue, size_t deployment)
{
	const struct place *place = server_place(issue, deployment);
	const struct plan_item *item =
	    issue->item_of ? issue->item_of[place->certificate] : NULL;
	unsigned changes = item ? place_change(issue, place, item) : 0;

	for (size_t i = 0; i < issue->n_outlets; i++) {
		if (issue->outlets[i].deployment == deployment &&
		    milvus_reads(&issue->outlets[i]))
			changes |= OWED_CONFIGURATION;
	}
	return changes;
}

/* --- noted before it is made ------------------------------------------------------------ */

/* Names are all that an endpoint tells of its ca.pem: with the same ones it shows nothing. */
static bool trust_shows(const struct issue *issue, size_t deployment)
{
	const struct place *place = server_place(issue, deployment);
	struct err ignored = ERR_INIT; /* then nothing is known of the old one */
	BUF_AUTO old = BUF_INIT;
	bool same = true;

	return issue->inventory->deployments[deployment].tls_mode == 2 &&
	       outdir_read(place->dir, "ca.pem", &old, &ignored) == 0 &&
	       probe_same_names(&old, issue_ca_file(issue, place), &same, &ignored) == 0 &&
	       !same;
}

/* Of several changes the newest decides: what shows that Milvus has read it. To Kubernetes all
 * of them go at once, so there an older one does as well. */
static enum owed_sign sign_of(
    const struct issue *issue, size_t deployment, unsigned changes, enum owed_sign before)
{
	if (changes & OWED_CERTIFICATE)
		return OWED_SIGN_CERTIFICATE;
	if (inventory_in_kubernetes(&issue->inventory->deployments[deployment]) &&
	    before == OWED_SIGN_CERTIFICATE)
		return before;
	if (changes & OWED_TRUST && trust_shows(issue, deployment))
		return OWED_SIGN_TRUST;
	return OWED_SIGN_NONE;
}

static int note(struct issue *issue, size_t deployment, unsigned changes, struct err *err)
{
	const struct inv_deployment *to = &issue->inventory->deployments[deployment];
	struct owed owed;

	if (changes == 0)
		return 0;
	issue->owed_now[deployment] = true;
	if (!owed_is_kept(to))
		return 0;
	if (owed_read(issue, to, &owed, err) < 0)
		return -1;
	if (owed.since == 0)
		owed.since = issue->ambient.now;
	owed.sign = sign_of(issue, deployment, changes, owed.sign);
	owed.changes |= changes;
	return write_note(issue, to, &owed, err);
}

int owed_note_plan(struct issue *issue, struct err *err)
{
	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		if (note(issue, i, owed_planned(issue, i), err) < 0)
			return -1;
	}
	return 0;
}

int owed_note_certificate(struct issue *issue, size_t certificate, struct err *err)
{
	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		if (issue->inventory->deployments[i].server == certificate &&
		    note(issue, i, OWED_CERTIFICATE, err) < 0)
			return -1;
	}
	return 0;
}

/* --- in words ----------------------------------------------------------------------------- */

void owed_why(unsigned changes, struct buf *ret)
{
	static const struct {
		enum owed_change change;
		const char *text;
	} words[] = { { OWED_CERTIFICATE, "its certificate" }, { OWED_TRUST, "its ca.pem" },
		{ OWED_CONFIGURATION, "its configuration" } };
	size_t n = 0, left = 0;

	for (size_t i = 0; i < mem_count(words); i++)
		left += (changes & words[i].change) != 0;
	if (left == 0) {
		buf_addstr(ret, "its files were delivered again");
		return;
	}
	for (size_t i = 0; i < mem_count(words); i++) {
		if (!(changes & words[i].change))
			continue;
		buf_printf(ret, "%s%s",
		    n == 0          ? ""
		    : n + 1 == left ? " and "
		                    : ", ",
		    words[i].text);
		n++;
	}
	buf_addstr(ret, " changed");
}
