// SPDX-License-Identifier: Apache-2.0
/*
 * A CA that is retired, or has left the list, is in no ca.pem. What it issued must be out of
 * use before: a server's certificate until its successor is served, a client's until its
 * successor is delivered, and either until it expires or is revoked. That of an entry that left
 * the inventory may be in use till its end.
 */
#include "generations.h"

#include <stdlib.h>
#include <string.h>

#include "owed.h"

/* One CA, and what still needs it. */
struct leaving {
	struct issue *issue;
	const char *name;
	const struct mark *mark; /* NULL: it is not in the inventory */
	size_t needs;
	bool *told; /* for each certificate of the inventory */
};

static void tell(struct leaving *leaving, const char *hint, char *text)
{
	findings_add(leaving->issue->findings, FINDING_ERROR, "ca-needed", leaving->mark, hint,
	    "CA '%s' is still needed: %s", leaving->name, text);
	leaving->needs++;
	free(text);
}

static char *describe(const struct record *record)
{
	BUF_AUTO serial = BUF_INIT;
	char date[CLOCK_TEXT];

	buf_addhex(&serial, record->serial, sizeof(record->serial));
	return mem_printf("%s '%s' has its certificate %s, until %s",
	    record_kind_name(record->kind), record->entry, buf_text(&serial),
	    clock_date(record->not_after, date));
}

static void tell_endpoints(
    struct leaving *leaving, const struct inv_deployment *deployment, const char *server)
{
	static const char hint[] = "restart it, then: mica apply";

	for (size_t i = 0; i < deployment->n_endpoints; i++)
		tell(leaving, hint,
		    mem_printf(
		        "the endpoint %s of '%s' was not seen with another certificate of "
		        "'%s'",
		        deployment->endpoints[i], deployment->name, server));
	if (deployment->n_endpoints == 0)
		tell(leaving, hint,
		    mem_printf("the Milvus of '%s' is owed a restart, and may serve another "
		               "certificate of '%s'",
		        deployment->name, server));
}

/* It has neither endpoints to be looked at nor a command that restarts it. */
static void warn_unseen(struct leaving *leaving, const struct inv_deployment *deployment)
{
	findings_add(leaving->issue->findings, FINDING_WARNING, "ca-unseen", leaving->mark,
	    "restart it before, if it was not: or name its 'endpoints'",
	    "CA '%s' leaves every ca.pem, and whether the Milvus of '%s' still serves what it "
	    "issued cannot be seen",
	    leaving->name, deployment->name);
}

/* The new one lies there, and the old one may still be served. */
static int check_served(struct leaving *leaving, size_t certificate, struct err *err)
{
	struct issue *issue = leaving->issue;
	const bool served = issue->current[certificate].state == RECORD_SERVED;

	for (size_t i = 0; i < issue->inventory->n_deployments; i++) {
		const struct inv_deployment *deployment = &issue->inventory->deployments[i];
		struct owed owed;

		if (deployment->server != certificate)
			continue;
		if (owed_read(issue, deployment, &owed, err) < 0)
			return -1;
		if (owed.since != 0 || (!served && deployment->n_endpoints > 0))
			tell_endpoints(leaving, deployment,
			    issue->inventory->certificates[certificate].name);
		else if (!owed_is_kept(deployment))
			warn_unseen(leaving, deployment);
	}
	return 0;
}

static bool is_in_use(const struct record *record)
{
	return record->state == RECORD_ISSUED || record->state == RECORD_DELIVERED ||
	       record->state == RECORD_SERVED;
}

/* An older one, of an entry of the inventory. */
static int check_succeeded(
    struct leaving *leaving, size_t certificate, const struct record *record, struct err *err)
{
	const struct issue *issue = leaving->issue;
	const struct record *current = &issue->current[certificate];

	if (!issue->entries[certificate].exists || strcmp(current->ca, leaving->name) == 0)
		return 0; /* revoked, and to be made anew; or told of itself */
	if (leaving->told[certificate] || record->kind != RECORD_SERVER)
		return 0;
	leaving->told[certificate] = true;
	return check_served(leaving, certificate, err);
}

static int check_record(struct leaving *leaving, const struct record *record, struct err *err)
{
	struct issue *issue = leaving->issue;
	const struct inv_certificate *entry =
	    inventory_certificate(issue->inventory, record->entry);

	if ((record->kind != RECORD_SERVER && record->kind != RECORD_CLIENT) ||
	    strcmp(record->ca, leaving->name) != 0 || record->not_after <= issue->ambient.now)
		return 0;
	if (is_in_use(record))
		tell(leaving,
		    "let another CA issue it first: 'state: trusted' for this one, then "
		    "mica apply",
		    describe(record));
	else if (!entry)
		tell(leaving, "nobody knows who still uses it: wait until then, or revoke it",
		    describe(record));
	else
		return check_succeeded(
		    leaving, (size_t)(entry - issue->inventory->certificates), record, err);
	return 0;
}

static int check_records(struct leaving *leaving, struct err *err)
{
	static const enum record_state states[] = { RECORD_ISSUED, RECORD_DELIVERED,
		RECORD_SERVED, RECORD_SUPERSEDED };
	int status = 0;

	for (size_t i = 0; status == 0 && i < mem_count(states); i++) {
		struct record *records = NULL;
		size_t n = 0;

		if (ledger_in_state(leaving->issue->ledger, states[i], &records, &n, err) < 0)
			return -1;
		for (size_t k = 0; status == 0 && k < n; k++)
			status = check_record(leaving, &records[k], err);
		records_free(records, n);
	}
	return status;
}

static int refuse(const struct leaving *leaving, struct err *err)
{
	err_set(err, ERR_REFUSED, "CA '%s' %s, and is still needed: see above", leaving->name,
	    leaving->mark ? "is retired" : "is no longer in the inventory");
	return err_hint(err, "%s 'state: trusted' until nothing needs it any more",
	    leaving->mark ? "say" : "put it back into the list, with");
}

/* --- each of them once ------------------------------------------------------------------ */

static char *note_name(const char *ca)
{
	return mem_printf("retired:%s", ca);
}

static int check_one(
    struct issue *issue, const char *name, const struct mark *mark, struct err *err)
{
	MICA_FREE char *note = note_name(name);
	MICA_FREE bool *told = mem_array(issue->inventory->n_certificates, sizeof(*told));
	struct leaving leaving = { issue, name, mark, 0, told };
	BUF_AUTO value = BUF_INIT;
	bool noted = false;

	if (ledger_noted(issue->ledger, note, &value, &noted, err) < 0)
		return -1;
	if (noted)
		return 0;
	if (check_records(&leaving, err) < 0)
		return -1;
	if (leaving.needs > 0)
		return refuse(&leaving, err);
	buf_addstr(&value, "nothing needs it");
	return issue->mode == LEDGER_WRITE ? ledger_note(issue->ledger, note, &value, err) : 0;
}

/* It is to be looked at anew when it retires again. */
static int forget(struct issue *issue, const char *name, struct err *err)
{
	MICA_FREE char *note = note_name(name);
	BUF_AUTO value = BUF_INIT;
	bool noted = false;

	if (issue->mode != LEDGER_WRITE)
		return 0;
	if (ledger_noted(issue->ledger, note, &value, &noted, err) < 0)
		return -1;
	return noted ? ledger_note(issue->ledger, note, NULL, err) : 0;
}

int generations_check_retired(struct issue *issue, struct err *err)
{
	const struct inventory *inventory = issue->inventory;

	if (!issue->ledger)
		return 0;
	for (size_t i = 0; i < inventory->n_cas; i++) {
		const struct inv_ca *ca = &inventory->cas[i];

		if (ca->state == CA_RETIRED ? check_one(issue, ca->name, &ca->mark, err) < 0
		                            : forget(issue, ca->name, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < issue->n_dropped; i++) {
		if (check_one(issue, issue->dropped[i], NULL, err) < 0)
			return -1;
	}
	return 0;
}
