// SPDX-License-Identifier: Apache-2.0
/* What is due, and why, on 22 November 2026 at noon. */
#include "plan_support.h"

#include <stdio.h>

#include <mica/clock.h>
#include <mica/plan.h>

enum { DAY = CLOCK_DAY, SERVER = 0, INGEST = 1, REMOTE = 2, QUERY = 3 };

static const int64_t now = INT64_C(1795348800);

static const char text[] =
    "version: 1\n"
    "ca:\n"
    "  - name: g1\n"
    "    module: softhsm2\n"
    "    key: \"pkcs11:token=t;object=ca\"\n"
    "    subject: { CN: Milvus CA }\n"
    "shared-trust: true\n"
    "certificates:\n"
    "  - { name: server, profile: server, dns: [localhost] }\n"
    "  - { name: ingest, profile: client, days: 30, renew-before: 20d }\n"
    "  - { name: remote, profile: client, csr: remote.csr }\n"
    "  - { name: query, profile: client, days: 10, backdate: 0s }\n"
    "milvus:\n"
    "  - { name: prod, kind: compose, server: server, clients: [ingest, remote] }\n"
    "  - { name: test, kind: files, server: server, clients: [query] }\n";

/* A world in which nothing is due, for a test to spoil. */
struct world {
	struct inventory *inventory;
	struct entry_fact entries[4];
	struct tree_fact trees[5];
	struct plan_facts facts;
	struct plan_options options;
	struct plan *plan;
	struct err err;
};

static int set_up(void **state)
{
	struct world *world = mem_zalloc(sizeof(*world));

	world->inventory = good_inventory(text);
	for (size_t i = 0; i < mem_count(world->entries); i++) {
		const struct inv_certificate *certificate = &world->inventory->certificates[i];

		world->entries[i] = (struct entry_fact){
			.exists = true,
			.seq = (int64_t)i + 1,
			.not_before = now - DAY,
			.not_after = now - DAY + certificate->days * DAY,
			.definition = inventory_definition(certificate),
		};
	}
	world->trees[0] = (struct tree_fact){ 0, SERVER, TREE_GOOD, true, "" };
	world->trees[1] = (struct tree_fact){ 0, INGEST, TREE_GOOD, true, "" };
	world->trees[2] = (struct tree_fact){ 0, REMOTE, TREE_GOOD, true, "" };
	world->trees[3] = (struct tree_fact){ 1, SERVER, TREE_GOOD, true, "" };
	world->trees[4] = (struct tree_fact){ 1, QUERY, TREE_GOOD, true, "" };
	world->facts = (struct plan_facts){
		.entries = world->entries, .trees = world->trees, .n_trees = 5
	};
	world->options = (struct plan_options){ .now = now, .ca_not_after = now + 3650 * DAY };
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	plan_free(world->plan);
	inventory_free(world->inventory);
	free(world);
	return 0;
}

static void make(struct world *world)
{
	plan_free(world->plan);
	world->plan = NULL;
	if (plan_make(world->inventory, &world->facts, &world->options, &world->plan,
	        &world->err) < 0)
		fail_msg("%s", world->err.text);
}

static void expect(
    const struct world *world, size_t i, enum plan_action action, const char *why)
{
	const struct plan_item *item = &world->plan->items[i];

	if (item->action != action || strcmp(item->why, why) != 0)
		fail_msg("%s: %s: %s", item->entry, plan_action_name(item->action), item->why);
}

/* that all entries but one are kept, and this one is to be done for this reason */
static void expect_alone(
    struct world *world, size_t i, enum plan_action action, const char *why)
{
	make(world);
	expect(world, i, action, why);
	assert_int_equal(world->plan->changes, 1);
	assert_int_equal(
	    world->plan->signatures, action == PLAN_ISSUE || action == PLAN_ROTATE);
	for (size_t k = 0; k < world->plan->n; k++)
		assert_true(k == i || world->plan->items[k].action == PLAN_KEEP);
}

static void nothing_due(void **state)
{
	struct world *world = *state;

	make(world);
	assert_int_equal(world->plan->n, 4);
	assert_int_equal(world->plan->changes, 0);
	assert_int_equal(world->plan->signatures, 0);
	expect(world, SERVER, PLAN_KEEP, "valid until 2027-02-19, renewed from 2027-01-20 on");
	expect(world, INGEST, PLAN_KEEP, "valid until 2026-12-21, renewed from 2026-12-01 on");
	assert_string_equal(world->plan->items[INGEST].entry, "ingest");
	assert_int_equal(world->plan->items[INGEST].certificate, INGEST);
	assert_true(world->plan->items[INGEST].not_after == now + 29 * DAY);
	assert_true(world->plan->items[INGEST].not_before == now - DAY);
	assert_true(world->plan->items[INGEST].due == now + 9 * DAY);
	assert_false(world->plan->items[INGEST].cut);
}

static void nothing_there(void **state)
{
	struct world *world = *state;
	const struct plan_item *item;

	memset(world->entries, 0, sizeof(world->entries));
	for (size_t i = 0; i < mem_count(world->trees); i++) {
		world->trees[i].state = TREE_NEVER;
		world->trees[i].key_good = false;
	}
	world->options.ca_not_after = 0;
	make(world);
	assert_int_equal(world->plan->changes, 4);
	assert_int_equal(world->plan->signatures, 4);
	for (size_t i = 0; i < 4; i++) {
		expect(world, i, PLAN_ISSUE, "there is none yet");
		assert_true(world->plan->items[i].due == 0);
	}
	item = &world->plan->items[SERVER];
	assert_true(item->not_before == now - 3600);
	assert_true(item->not_after == now + 90 * DAY);
	assert_true(world->plan->items[QUERY].not_before == now);
}

static void renewal(void **state)
{
	struct world *world = *state;
	struct entry_fact *server = &world->entries[SERVER];

	server->not_before = now - 60 * DAY;
	server->not_after = now + 30 * DAY + 1;
	make(world);
	assert_int_equal(world->plan->changes, 0);
	server->not_after = now + 30 * DAY; /* one third of 90 days is left */
	expect_alone(world, SERVER, PLAN_ROTATE, "expires in 30 days, renewed 30 days before");
	assert_true(world->plan->items[SERVER].due == now);
	assert_true(world->plan->items[SERVER].not_before == now - 3600);
	assert_true(world->plan->items[SERVER].not_after == now + 90 * DAY);
	server->not_after = now + 5;
	expect_alone(
	    world, SERVER, PLAN_ROTATE, "expires in 5 seconds, renewed 20 days before");
	server->not_after = now;
	expect_alone(world, SERVER, PLAN_ROTATE, "expired now");
	server->not_after = now - 3 * DAY;
	expect_alone(world, SERVER, PLAN_ROTATE, "expired 3 days ago");
}

static void from_a_clock_that_was_ahead(void **state)
{
	struct world *world = *state;
	struct entry_fact *server = &world->entries[SERVER];

	server->not_before = now + 1;
	server->not_after = now + 90 * DAY;
	expect_alone(world, SERVER, PLAN_ROTATE, "not valid before 2026-11-22");
	world->options.ca_not_before = now + 1; /* a new one would be no better */
	make(world);
	assert_int_equal(world->plan->changes, 0);
	world->options.ca_not_before = now;
	server->not_before = now;
	make(world);
	assert_int_equal(world->plan->changes, 0);
}

static void span_before_the_end(void **state)
{
	struct world *world = *state;
	struct entry_fact *ingest = &world->entries[INGEST];

	ingest->not_after = now + 20 * DAY;
	expect_alone(world, INGEST, PLAN_ROTATE, "expires in 20 days, renewed 20 days before");
	ingest->not_after++;
	make(world);
	assert_int_equal(world->plan->changes, 0);
}

static void due_is_exact(void **state)
{
	const struct inv_certificate third = { .renew_before = { 1, 3, 0 } };
	const struct inv_certificate most = { .renew_before = { 999, 1000, 0 } };
	const struct inv_certificate span = { .renew_before = { 0, 0, 100 } };
	const int64_t century = INT64_C(36500) * DAY;

	(void)state;
	assert_true(plan_due(&third, 0, 300) == 200);
	assert_true(plan_due(&third, 0, 301) == 201);
	assert_true(plan_due(&most, 1000, 1000 + century) == 1000 + century / 1000);
	assert_true(plan_due(&span, 0, 300) == 200);
}

static void ahead(void **state)
{
	struct world *world = *state;

	world->options.ahead = 9 * DAY - 1;
	expect_alone(
	    world, QUERY, PLAN_ROTATE, "expires in 9 days, due for renewal on 2026-11-28");
	world->options.ahead = 9 * DAY;
	make(world);
	assert_int_equal(world->plan->changes, 2);
	expect(world, INGEST, PLAN_ROTATE, "expires in 29 days, due for renewal on 2026-12-01");
}

static void certificate_will_not_do(void **state)
{
	struct world *world = *state;

	world->entries[SERVER].revoked = true;
	expect_alone(world, SERVER, PLAN_ROTATE, "it was revoked");
	world->entries[SERVER].exists = false;
	expect_alone(world, SERVER, PLAN_ISSUE, "the last one was revoked");
	set_up(state);
	tear_down((void *[]){ world });
	world = *state;
	world->entries[INGEST].other_ca = "g0";
	expect_alone(world, INGEST, PLAN_ROTATE, "issued by 'g0', and 'g1' issues now");
	world->entries[INGEST].other_ca = NULL;
	world->entries[INGEST].definition.bytes[31] ^= 1;
	expect_alone(world, INGEST, PLAN_ROTATE,
	    "its names, profile or algorithm changed in the inventory");
	world->entries[INGEST].definition.bytes[31] ^= 1;
	world->entries[INGEST].request_changed = true; /* mica's own key: no request */
	make(world);
	assert_int_equal(world->plan->changes, 0);
	world->entries[REMOTE].request_changed = true;
	expect_alone(world, REMOTE, PLAN_ROTATE, "the request holds another key");
}

static void expect_held(const struct world *world, size_t item, enum plan_action action)
{
	assert_int_equal(world->plan->held, 1);
	assert_true(world->plan->items[item].held);
	assert_int_equal(world->plan->items[item].action, action);
	assert_true(world->plan->items[item].not_before == now - DAY);
}

/* As long as the old one works, and will until somebody looks again. */
static void held(void **state)
{
	struct world *world = *state;
	struct entry_fact *ingest = &world->entries[INGEST];

	ingest->other_ca = "g0";
	ingest->held = "the Milvus of 'prod' is owed a restart";
	make(world);
	expect_held(world, INGEST, PLAN_HOLD);
	expect(world, INGEST, PLAN_HOLD,
	    "issued by 'g0', and 'g1' issues now; held: the Milvus of 'prod' is owed a "
	    "restart");
	assert_int_equal(world->plan->changes, 0);
	assert_int_equal(world->plan->signatures, 0);
	world->trees[1].state = TREE_CA_CHANGED;
	make(world);
	expect_held(world, INGEST, PLAN_DELIVER);
	expect(world, INGEST, PLAN_DELIVER,
	    "ca.pem must change in /etc/mica/out/prod/clients/ingest; then 'g1' issues it "
	    "anew");
	assert_int_equal(world->plan->changes, 1);
	world->trees[1].state = TREE_GOOD;
	world->options.force_mode = PLAN_FORCE_ALL;
	make(world);
	expect_held(world, INGEST, PLAN_HOLD);
	assert_int_equal(world->plan->signatures, 3);
}

static void not_held(void **state)
{
	struct world *world = *state;
	struct entry_fact *ingest = &world->entries[INGEST];

	ingest->other_ca = "g0";
	ingest->held = "the Milvus of 'prod' is owed a restart";
	ingest->not_after = now + DAY + 1; /* due since long */
	make(world);
	expect_held(world, INGEST, PLAN_HOLD);
	ingest->not_after = now + DAY;
	expect_alone(world, INGEST, PLAN_ROTATE, "issued by 'g0', and 'g1' issues now");
	assert_int_equal(world->plan->held, 0);
	ingest->not_after = now + 29 * DAY;
	ingest->revoked = true;
	expect_alone(world, INGEST, PLAN_ROTATE, "it was revoked");
	ingest->revoked = false;
	world->trees[1].state = TREE_KEY_LOST;
	world->trees[1].key_good = false;
	expect_alone(world, INGEST, PLAN_ROTATE, "issued by 'g0', and 'g1' issues now");
	ingest->exists = false;
	expect_alone(world, INGEST, PLAN_ISSUE, "there is none yet");
	assert_int_equal(world->plan->held, 0);
}

static void certified(void **state)
{
	struct world *world = *state;
	const struct cross_fact cross = { "g2", now, now + 7 * DAY };

	world->facts.crosses = &cross;
	world->facts.n_crosses = 1;
	make(world);
	assert_int_equal(world->plan->n, 5);
	expect(world, 4, PLAN_CERTIFY,
	    "'g1' certifies its key, for clients that trust 'g1' alone");
	assert_string_equal(world->plan->items[4].entry, "g2");
	assert_true(world->plan->items[4].not_after == now + 7 * DAY);
	assert_int_equal(world->plan->changes, 1);
	assert_int_equal(world->plan->signatures, 1);
	world->options.only = "prod";
	make(world);
	assert_int_equal(world->plan->signatures, 0);
}

static void key_lost(void **state)
{
	struct world *world = *state;
	struct tree_fact *tree = &world->trees[0];

	tree->state = TREE_KEY_LOST;
	tree->key_good = false;
	strcpy(tree->detail, "server.key is missing");
	/* though the other tree has it still: an edited or missing key is due */
	expect_alone(world, SERVER, PLAN_ROTATE,
	    "the key is lost in /etc/mica/out/prod/tls: server.key is missing");
	tree->state = TREE_GOOD;
	tree = &world->trees[1];
	tree->state = TREE_KEY_LOST;
	tree->key_good = false;
	expect_alone(
	    world, INGEST, PLAN_ROTATE, "the key is lost in /etc/mica/out/prod/clients/ingest");
	tree->state = TREE_GOOD;
	world->trees[2].state = TREE_KEY_LOST; /* a request's key was never here */
	make(world);
	assert_int_equal(world->plan->signatures, 0);
}

static void delivered_again(void **state)
{
	struct world *world = *state;
	struct tree_fact *tree = &world->trees[3];

	tree->state = TREE_OLD;
	strcpy(tree->detail, "server.pem was changed");
	expect_alone(world, SERVER, PLAN_DELIVER,
	    "files are out of date in /etc/mica/out/test/tls: server.pem was changed");
	assert_true(world->plan->items[SERVER].not_before == now - DAY);
	tree->key_good = false; /* but the other tree has the key */
	expect_alone(world, SERVER, PLAN_DELIVER,
	    "files are out of date in /etc/mica/out/test/tls: server.pem was changed");
	tree->state = TREE_CA_CHANGED;
	tree->detail[0] = '\0';
	expect_alone(
	    world, SERVER, PLAN_DELIVER, "ca.pem must change in /etc/mica/out/test/tls");
	tree->state = TREE_NEVER;
	expect_alone(
	    world, SERVER, PLAN_DELIVER, "was never delivered to /etc/mica/out/test/tls");
	world->trees[0].key_good = false;
	expect_alone(world, SERVER, PLAN_ROTATE,
	    "its key is nowhere to be found; it is missing in /etc/mica/out/test/tls");
	tree->state = TREE_GOOD;
	world->trees[2].state = TREE_NEVER; /* a request needs no key */
	world->trees[2].key_good = false;
	expect_alone(world, REMOTE, PLAN_DELIVER,
	    "was never delivered to /etc/mica/out/prod/clients/remote");
}

static void forced(void **state)
{
	struct world *world = *state;
	const char *const names[] = { "ingest" };

	world->options.force = names;
	world->options.n_force = 1;
	expect_alone(world, INGEST, PLAN_ROTATE, "asked for");
	world->entries[QUERY].not_after = now + 1; /* what is due anyway is done as well */
	make(world);
	assert_int_equal(world->plan->changes, 2);
	world->options.force_mode = PLAN_FORCE_ALL;
	make(world);
	assert_int_equal(world->plan->signatures, 4);
}

static void one_deployment(void **state)
{
	struct world *world = *state;
	const char *const names[] = { "ingest" };

	world->options.only = "test";
	for (size_t i = 0; i < mem_count(world->trees); i++)
		world->trees[i].state = TREE_CA_CHANGED;
	make(world);
	assert_int_equal(world->plan->n, 2);
	assert_int_equal(world->plan->items[0].certificate, SERVER);
	assert_int_equal(world->plan->items[1].certificate, QUERY);
	expect(world, 0, PLAN_DELIVER, "ca.pem must change in /etc/mica/out/test/tls");
	world->trees[3].state = TREE_GOOD;
	make(world);
	assert_int_equal(world->plan->items[0].action, PLAN_KEEP);
	world->options.force_mode = PLAN_FORCE_ALL;
	make(world);
	assert_int_equal(world->plan->signatures, 2);
	world->options.force = names;
	world->options.n_force = 1;
	assert_int_equal(plan_make(world->inventory, &world->facts, &world->options,
	                     &world->plan, &world->err),
	    -1);
	assert_int_equal(world->err.kind, ERR_USAGE);
	assert_string_equal(
	    world->err.text, "the deployment 'test' does not use the certificate 'ingest'");
}

static void unknown_names(void **state)
{
	struct world *world = *state;
	const char *const names[] = { "qurey" };
	struct plan *plan = NULL;

	world->options.only = "prd";
	assert_int_equal(
	    plan_make(world->inventory, &world->facts, &world->options, &plan, &world->err),
	    -1);
	assert_int_equal(world->err.kind, ERR_NOT_FOUND);
	assert_string_equal(world->err.text, "the inventory has no deployment 'prd'");
	assert_string_equal(world->err.hint, "did you mean 'prod'?");
	world->options.only = NULL;
	world->options.force = names;
	world->options.n_force = 1;
	assert_int_equal(
	    plan_make(world->inventory, &world->facts, &world->options, &plan, &world->err),
	    -1);
	assert_string_equal(world->err.text, "the inventory has no certificate 'qurey'");
	assert_string_equal(world->err.hint, "did you mean 'query'?");
	assert_null(plan);
}

static void gone(void **state)
{
	struct world *world = *state;
	char *names[] = { (char[]){ "old-a" }, (char[]){ "old-b" } };

	world->facts.gone = names;
	world->facts.n_gone = 2;
	make(world);
	assert_int_equal(world->plan->n, 6);
	assert_int_equal(world->plan->changes, 2);
	assert_int_equal(world->plan->signatures, 0);
	expect(world, 5, PLAN_RETIRE,
	    "is no longer in the inventory; its files are left where they are");
	assert_string_equal(world->plan->items[5].entry, "old-b");
	assert_true(world->plan->items[5].certificate == (size_t)-1);
	world->options.only = "prod";
	make(world);
	assert_int_equal(world->plan->changes, 0);
}

static void near_the_end_of_the_ca(void **state)
{
	struct world *world = *state;
	struct entry_fact *server = &world->entries[SERVER];

	world->options.ca_not_after = now + 40 * DAY;
	server->not_before = now - 80 * DAY;
	server->not_after = now + 10 * DAY;
	expect_alone(world, SERVER, PLAN_ROTATE, "expires in 10 days, renewed 30 days before");
	assert_true(world->plan->items[SERVER].cut);
	assert_true(world->plan->items[SERVER].not_after == now + 40 * DAY);
	/* the certificate that was cut ends with the CA: another one would last no longer */
	server->not_before = now - DAY;
	server->not_after = now + 40 * DAY;
	world->options.now = now + 35 * DAY;
	world->entries[INGEST].not_after = world->entries[REMOTE].not_after =
	    world->entries[QUERY].not_after = now + 40 * DAY;
	make(world);
	assert_int_equal(world->plan->changes, 0);
	expect(world, SERVER, PLAN_KEEP, "valid until 2027-01-01, when its CA ends");
	assert_false(world->plan->items[SERVER].cut);
	assert_true(world->plan->items[SERVER].due <= world->options.now);
}

static void after_the_end_of_the_ca(void **state)
{
	struct world *world = *state;
	struct plan *plan = NULL;

	world->options.ca_not_after = now;
	make(world); /* nothing to sign: no harm */
	world->entries[SERVER].not_after = now;
	assert_int_equal(
	    plan_make(world->inventory, &world->facts, &world->options, &plan, &world->err),
	    -1);
	assert_null(plan);
	assert_int_equal(world->err.kind, ERR_FAILED);
	assert_string_equal(world->err.text,
	    "the CA certificate expired on 2026-11-22, so nothing can be issued");
	assert_string_equal(world->err.hint, "make a new CA and let it issue");
	world->options.ca_ends_with = "CN=Root";
	assert_int_equal(
	    plan_make(world->inventory, &world->facts, &world->options, &plan, &world->err),
	    -1);
	assert_null(plan);
	assert_string_equal(world->err.text,
	    "the certificate of 'CN=Root', above the CA, expired on 2026-11-22, so nothing can "
	    "be issued");
	assert_non_null(strstr(world->err.hint, "renewed with the same key"));
}

/* --- the CRL ---------------------------------------------------------------------------- */

static void expect_crl(const struct world *world, bool is_due, bool signs, const char *why)
{
	const struct plan_crl *crl = &world->plan->crl;

	if (crl->is_due != is_due || crl->signs != signs || strcmp(crl->why, why) != 0)
		fail_msg("due %d, signs %d: %s", crl->is_due, crl->signs, crl->why);
}

static void without_crls(void **state)
{
	struct world *world = *state;

	make(world);
	assert_false(world->plan->crl.signs);
	assert_null(world->plan->crl.why);
	assert_int_equal(world->plan->crl.next_update, 0);
}

static void crl_that_is_not_due(void **state)
{
	struct world *world = *state;
	const struct crl_fact crl = { true, false, now - DAY, now + 179 * DAY };

	world->facts.crl = &crl;
	make(world);
	assert_int_equal(world->plan->signatures, 0);
	assert_int_equal(world->plan->changes, 0);
	expect_crl(
	    world, false, false, "valid until 2027-05-20, signed again from 2027-03-21 on");
	assert_true(world->plan->crl.due == now + 119 * DAY);
	assert_true(world->plan->crl.next_update == now + 179 * DAY);
}

/* Whatever is signed, a CRL is signed with it: no change of its own. */
static void crl_of_a_run_that_signs(void **state)
{
	struct world *world = *state;
	const struct crl_fact crl = { true, false, now - DAY, now + 179 * DAY };

	world->facts.crl = &crl;
	world->entries[SERVER].exists = false;
	make(world);
	assert_int_equal(world->plan->signatures, 2);
	assert_int_equal(world->plan->changes, 1);
	expect_crl(
	    world, false, true, "valid until 2027-05-20, signed again from 2027-03-21 on");
	assert_true(world->plan->crl.next_update == now + 180 * DAY);
}

static void crl_that_is_due(void **state)
{
	struct world *world = *state;
	struct crl_fact crl = { 0 };

	world->facts.crl = &crl;
	make(world);
	assert_int_equal(world->plan->signatures, 1);
	assert_int_equal(world->plan->changes, 1);
	expect_crl(world, true, true, "there is none yet");
	crl = (struct crl_fact){ true, true, now - DAY, now + 179 * DAY };
	make(world);
	assert_int_equal(world->plan->signatures, 1);
	expect_crl(world, true, true, "it does not say all that was revoked");
	crl = (struct crl_fact){ true, false, now - 120 * DAY + 1, now + 60 * DAY + 1 };
	make(world);
	assert_int_equal(world->plan->signatures, 0);
	world->options.ahead = 1;
	make(world);
	assert_int_equal(world->plan->signatures, 1);
	expect_crl(world, true, true, "runs out in 60 days");
	world->options.ahead = 0;
	crl = (struct crl_fact){ true, false, now - 190 * DAY, now - 10 * DAY };
	make(world);
	expect_crl(world, true, true, "ran out 10 days ago");
	crl = (struct crl_fact){ true, false, now - 30 * DAY, now + 10 * DAY };
	world->options.ca_not_after = now + 10 * DAY + 1; /* a new one holds a second longer */
	make(world);
	assert_true(world->plan->crl.next_update == now + 10 * DAY + 1);
	expect_crl(world, true, true, "runs out in 10 days");
	world->options.ca_not_after = now + 10 * DAY;
	make(world);
	expect_crl(world, false, false, "valid until 2026-12-02, when its CA ends");
	world->options.ca_not_after = now; /* a CA that is over signs nothing */
	make(world);
	assert_int_equal(world->plan->signatures, 0);
	assert_false(world->plan->crl.is_due);
}

static void crl_delivered(void **state)
{
	struct world *world = *state;

	world->trees[2] = (struct tree_fact){ 0, REMOTE, TREE_CRL_CHANGED, true, "" };
	expect_alone(world, REMOTE, PLAN_DELIVER,
	    "crl.pem must change in /etc/mica/out/prod/clients/remote");
	world->trees[0] =
	    (struct tree_fact){ 0, SERVER, TREE_CRL_CHANGED, true, "crl.pem is missing" };
	world->trees[2].state = TREE_GOOD;
	expect_alone(
	    world, SERVER, PLAN_DELIVER, "crl.pem is missing in /etc/mica/out/prod/tls");
	world->trees[3] =
	    (struct tree_fact){ 1, SERVER, TREE_OLD, true, "server.pem was changed" };
	expect_alone(world, SERVER, PLAN_DELIVER,
	    "files are out of date in /etc/mica/out/test/tls: server.pem was changed");
}

static void action_names(void **state)
{
	(void)state;
	assert_string_equal(plan_action_name(PLAN_KEEP), "keep");
	assert_string_equal(plan_action_name(PLAN_ISSUE), "issue");
	assert_string_equal(plan_action_name(PLAN_ROTATE), "rotate");
	assert_string_equal(plan_action_name(PLAN_DELIVER), "deliver");
	assert_string_equal(plan_action_name(PLAN_RETIRE), "retire");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_due),
		TEST(nothing_there),
		TEST(renewal),
		TEST(from_a_clock_that_was_ahead),
		TEST(span_before_the_end),
		TEST(due_is_exact),
		TEST(ahead),
		TEST(certificate_will_not_do),
		TEST(held),
		TEST(not_held),
		TEST(certified),
		TEST(key_lost),
		TEST(delivered_again),
		TEST(forced),
		TEST(one_deployment),
		TEST(unknown_names),
		TEST(gone),
		TEST(near_the_end_of_the_ca),
		TEST(after_the_end_of_the_ca),
		TEST(without_crls),
		TEST(crl_that_is_not_due),
		TEST(crl_of_a_run_that_signs),
		TEST(crl_that_is_due),
		TEST(crl_delivered),
		TEST(action_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
