// SPDX-License-Identifier: Apache-2.0
#include "revokeview.h"

#include <inttypes.h>
#include <stdlib.h>

#include "changes.h"
#include "json.h"

struct facts {
	struct revoke_list list;
	enum revoke_reach *reach; /* one for each deployment; NULL: nothing was revoked */
};

static void facts_clear(struct facts *facts)
{
	free(facts->reach);
}

static void add_serial(struct buf *to, const uint8_t serial[20])
{
	buf_addhex(to, serial, 20);
}

/* --- for people ------------------------------------------------------------------------ */

static void print_list(const struct revokeview *view, const struct revoke_list *list)
{
	const char *state_dir = issue_inventory(view->issue)->state_dir;
	BUF_AUTO places = BUF_INIT;
	char revoked[64];
	char until[CLOCK_TEXT];

	count_add(&places, view->directories, "directory", "directories");
	printf("CRL %" PRId64 " of CA '%s': %s, good until %s; in %s/%s.crl%s%s\n",
	    list->number, view->ca->name,
	    count_of(list->revoked, "certificate", "certificates", revoked),
	    clock_date(list->next_update, until), state_dir, view->ca->name,
	    places.len > 0 ? " and " : "", buf_text(&places));
}

static void print_client(const struct revokeview *view, const enum revoke_reach *reach)
{
	const struct inventory *inventory = issue_inventory(view->issue);
	char until[CLOCK_TEXT];

	clock_date(view->found->record.not_after, until);
	for (size_t i = 0; i < inventory->n_deployments; i++) {
		const char *name = inventory->deployments[i].name;

		if (reach[i] == REVOKE_LETS_IN)
			printf("  %s lets this certificate in until %s\n", name, until);
		else if (reach[i] == REVOKE_KEEPS_OUT)
			printf("  %s does not let it in: its ca.pem does not hold CA '%s'\n",
			    name, view->ca->name);
		else
			printf("  %s asks for no certificate (tls-mode %d)\n", name,
			    inventory->deployments[i].tls_mode);
	}
	printf("  any other Milvus with CA '%s' in its ca.pem lets it in until then\n",
	    view->ca->name);
}

static void print_worth(const struct revokeview *view, const enum revoke_reach *reach)
{
	const struct record *record = &view->found->record;
	char until[CLOCK_TEXT];

	printf("Milvus reads no CRL, and neither do its clients:\n");
	if (record->kind == RECORD_CLIENT)
		print_client(view, reach);
	else
		printf(
		    "  whoever trusts CA '%s' accepts it until %s, from whoever has its key\n",
		    view->ca->name, clock_date(record->not_after, until));
	printf("to lock it out before: a new CA, and this one out of every ca.pem "
	       "(docs/generations.md)\n");
}

static void print_others(const struct revoke_found *found)
{
	for (size_t i = 0; i < found->n_others; i++) {
		const struct revoke_other *other = &found->others[i];
		BUF_AUTO serial = BUF_INIT;
		char until[CLOCK_TEXT];

		add_serial(&serial, other->serial);
		printf("not revoked: another certificate of '%s', %s, serial %s, until %s\n",
		    found->record.entry, record_state_name(other->state), buf_text(&serial),
		    clock_date(other->not_after, until));
	}
}

static void print_revoked(const struct revokeview *view)
{
	const struct revoke_found *found = view->found;
	BUF_AUTO serial = BUF_INIT;
	char issued[CLOCK_TEXT];
	char when[CLOCK_TEXT];

	add_serial(&serial, found->record.serial);
	clock_text(found->record.created, issued);
	if (found->revoked)
		printf("'%s', serial %s, issued %s, is revoked already, since %s, as %s\n",
		    found->record.entry, buf_text(&serial), issued,
		    clock_text(found->said.at, when),
		    revocation_reason_name(found->said.reason));
	else
		printf("revoked: '%s' (%s), serial %s, issued %s, as %s\n", found->record.entry,
		    record_kind_name(found->record.kind), buf_text(&serial), issued,
		    revocation_reason_name(view->reason));
}

/* Its entry goes on with another certificate. */
static bool is_due(const struct revokeview *view)
{
	return view->found &&
	       (view->found->record.state == RECORD_ISSUED ||
	           view->found->record.state == RECORD_DELIVERED ||
	           view->found->record.state == RECORD_SERVED) &&
	       inventory_certificate(issue_inventory(view->issue), view->found->record.entry) !=
	           NULL;
}

static void print(const struct revokeview *view, const struct facts *facts)
{
	if (view->found)
		print_revoked(view);
	print_list(view, &facts->list);
	if (view->found) {
		print_others(view->found);
		print_worth(view, facts->reach);
	}
	fflush(stdout);
	if (is_due(view))
		report_talk(&view->run->report, "next: mica apply, which issues '%s' anew",
		    view->found->record.entry);
}

/* --- for programs ---------------------------------------------------------------------- */

static json_t *json_of_reach(const struct revokeview *view, const enum revoke_reach *reach)
{
	static const char *const words[] = {
		[REVOKE_LETS_IN] = "accepts",
		[REVOKE_KEEPS_OUT] = "refuses",
		[REVOKE_ASKS_NOT] = "asks for none",
	};
	const struct inventory *inventory = issue_inventory(view->issue);
	const bool client = view->found->record.kind == RECORD_CLIENT;
	json_t *list = json_array();

	for (size_t i = 0; client && i < inventory->n_deployments; i++) {
		json_t *item = json_object();

		json_set_text(item, "deployment", inventory->deployments[i].name);
		json_set_text(item, "client", words[reach[i]]);
		json_set_time(item, "until",
		    reach[i] == REVOKE_LETS_IN ? view->found->record.not_after : 0);
		json_add(list, item);
	}
	return list;
}

static json_t *json_of_found(const struct revokeview *view)
{
	const struct revoke_found *found = view->found;
	json_t *item = json_object();
	json_t *others = json_array();

	for (size_t i = 0; i < found->n_others; i++) {
		json_t *other = json_object();

		json_set_hex(other, "serial", found->others[i].serial, SERIAL_LEN);
		json_set_text(other, "state", record_state_name(found->others[i].state));
		json_set_time(other, "not-after", found->others[i].not_after);
		json_add(others, other);
	}
	json_set_text(item, "entry", found->record.entry);
	json_set_text(item, "kind", record_kind_name(found->record.kind));
	json_set_text(item, "ca", found->record.ca);
	json_set_hex(item, "serial", found->record.serial, SERIAL_LEN);
	json_set_text(item, "reason", revocation_reason_name(view->reason));
	json_set_time(item, "since", found->revoked ? found->said.at : view->run->ambient.now);
	json_set_time(item, "created", found->record.created);
	json_set_time(item, "not-after", found->record.not_after);
	json_set_bool(item, "already", found->revoked);
	json_set(item, "others", others);
	return item;
}

static void print_json(const struct revokeview *view, const struct facts *facts)
{
	json_t *document = json_object();
	json_t *crl = json_object();

	json_set(document, "revoked", view->found ? json_of_found(view) : json_null());
	json_set_text(crl, "ca", view->ca->name);
	json_set_count(crl, "number", (uint64_t)facts->list.number);
	json_set_count(crl, "certificates", facts->list.revoked);
	json_set_time(crl, "next-update", facts->list.next_update);
	json_set_bool(crl, "signed", !view->nothing);
	json_set(document, "crl", crl);
	json_set_count(document, "directories", view->directories);
	json_set(document, "accepted",
	    view->found ? json_of_reach(view, facts->reach) : json_array());
	json_set(document, "findings", json_of_findings(&view->run->report.findings));
	json_print(stdout, document);
}

int revokeview(const struct revokeview *view, struct err *err)
{
	MICA_AUTO(facts_clear) struct facts facts = { .reach = NULL };

	if (issue_revoke_list(view->issue, view->ca, &facts.list, err) < 0)
		return -1;
	if (view->found)
		facts.reach = issue_revoke_reach(view->issue, view->found);
	if (view->run->options.json)
		print_json(view, &facts);
	if (run_prints(view->run))
		print(view, &facts);
	return 0;
}
