// SPDX-License-Identifier: Apache-2.0
/* issue: the whole gate with a soft key for the token, and what a run that stops half-way
 * leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/file.h>
#include <mica/issue.h>
#include <mica/outdir.h>

#include "soft_signer.h"

static const char inventory_text[] =
    "version: 1\n"
    "state-dir: state\n"
    "ca:\n"
    "  - name: g1\n"
    "    state: issuing\n"
    "    module: softhsm2\n"
    "    key: \"pkcs11:token=milvus-ca;object=ca\"\n"
    "    pin: none\n"
    "    subject: { C: US, O: Example, CN: Milvus CA g1 }\n"
    "    days: 3650\n"
    "certificates:\n"
    "  - { name: server, profile: server, common-name: localhost, dns: [localhost] }\n"
    "  - { name: ingest, profile: client, common-name: ingest }\n"
    "milvus:\n"
    "  - name: prod\n"
    "    kind: files\n"
    "    out: out/prod\n"
    "    server: server\n"
    "    clients: [ingest]\n"
    "    tls-mode: 2\n";

enum { START = 1790000000 }; /* 2026-09-21 */

struct world {
	char dir[64];
	char *inventory;
	EVP_PKEY *key; /* the CA's */
	struct soft_signer soft;
	struct ambient ambient;
	struct findings findings;
	uint32_t seed;
};

/* Reproducible, and different at every call: serial numbers must not repeat. */
static int seeded(void *context, void *bytes, size_t len)
{
	struct world *world = context;
	uint8_t *to = bytes;

	for (size_t i = 0; i < len; i++) {
		world->seed = world->seed * 1664525 + 1013904223;
		to[i] = (uint8_t)(world->seed >> 24);
	}
	return 0;
}

static void write_inventory(struct world *world, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(
	    file_replace(AT_FDCWD, world->inventory, text, strlen(text), 0600, &err), 0);
}

static int setup(void **state)
{
	struct world *world = mem_zalloc(sizeof(*world));

	strcpy(world->dir, "/tmp/mica-gate-XXXXXX");
	world->key = soft_key(ALG_EC_P256);
	if (!mkdtemp(world->dir) || !world->key)
		return -1;
	world->inventory = mem_printf("%s/mica.yaml", world->dir);
	world->seed = 1;
	world->ambient = (struct ambient){ .now = START, .random = seeded, .context = world };
	write_inventory(world, inventory_text);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	MICA_FREE char *command = mem_printf("rm -rf '%s'", world->dir);
	int status = system(command); /* NOLINT(cert-env33-c) */

	findings_clear(&world->findings);
	EVP_PKEY_free(world->key);
	free(world->inventory);
	free(world);
	return status;
}

static struct issue *open_issue(struct world *world, enum ledger_mode mode)
{
	struct issue_params params = {
		.inventory = world->inventory, .mode = mode, .ambient = world->ambient
	};
	struct issue *issue = NULL;
	struct err err = ERR_INIT;

	findings_clear(&world->findings);
	if (issue_open(&params, &world->findings, &issue, &err) < 0)
		fail_msg("issue_open: %s", err.text);
	return issue;
}

static void init(struct world *world)
{
	MICA_AUTO(issue_closep) struct issue *issue = open_issue(world, LEDGER_WRITE);
	MICA_AUTO(signer_freep)
	struct signer *signer = soft_signer_new(&world->soft, world->key, ALG_EC_P256);
	const struct inv_ca *ca = NULL;
	enum issue_init_key key = ISSUE_INIT_RESUMED;
	BUF_AUTO id = BUF_INIT;
	BUF_AUTO der = BUF_INIT;
	BUF_AUTO spki = soft_spki(world->key);
	struct err err = ERR_INIT;

	assert_int_equal(issue_init_begin(issue, &ca, &id, &key, &err), 0);
	assert_non_null(ca);
	assert_int_equal(key, ISSUE_INIT_NEW);
	assert_int_equal(issue_init_note(issue, ca, &id, &err), 0);
	if (issue_init_finish(issue, ca, &spki, signer, &der, &err) < 0)
		fail_msg("issue_init_finish: %s", err.text);
	assert_true(der.len > 0);
	assert_non_null(issue_ca(issue));
	if (issue_sign_crl(issue, ca, signer, &err) < 0)
		fail_msg("issue_sign_crl: %s", err.text);
}

enum how_far { PREPARED, SIGNED, DELIVERED };

/* One apply, left at a point. Closing without delivery is what an error does; a crash is
 * `leave`. */
static struct issue_done apply(struct world *world, enum how_far how_far, const char *force)
{
	MICA_AUTO(issue_closep) struct issue *issue = open_issue(world, LEDGER_WRITE);
	MICA_AUTO(signer_freep)
	struct signer *signer = soft_signer_new(&world->soft, world->key, ALG_EC_P256);
	const char *const forced[] = { force };
	struct issue_plan_options options = { .force = forced, .n_force = force ? 1 : 0 };
	struct issue_done done = { 0 };
	const struct plan *plan = NULL;
	struct err err = ERR_INIT;

	if (issue_plan(issue, &options, &plan, &err) < 0 ||
	    issue_prepare(issue, NULL, &err) < 0)
		fail_msg("prepare: %s", err.text);
	if (how_far >= SIGNED && issue_sign(issue, signer, NULL, &err) < 0)
		fail_msg("issue_sign: %s", err.text);
	if (how_far >= DELIVERED && issue_deliver(issue, &done, &err) < 0)
		fail_msg("issue_deliver: %s", err.text);
	return done;
}

/* key and certificate at a place belong together, and the certificate verifies */
static void check_pair(struct world *world, const char *place, const char *name)
{
	MICA_FREE char *command =
	    mem_printf("cd '%s/out/prod/%s' && openssl verify -x509_strict -attime %d -CAfile "
	               "ca.pem %s.pem "
	               ">/dev/null && test \"$(openssl pkey -in %s.key -pubout)\" = "
	               "\"$(openssl x509 -in %s.pem -noout -pubkey)\"",
	        world->dir, place, START + 10, name, name, name);

	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

static void check_delivered(struct world *world)
{
	check_pair(world, "tls", "server");
	check_pair(world, "clients/ingest", "client");
}

static size_t count(struct world *world, enum record_kind kind, enum record_state state)
{
	MICA_FREE char *dir = file_join(world->dir, "state");
	MICA_AUTO(ledger_closep) struct ledger *ledger = NULL;
	struct record *records = NULL;
	struct err err = ERR_INIT;
	size_t n = 0, found = 0;

	assert_int_equal(ledger_open(dir, LEDGER_READ, world->ambient.now, &ledger, &err), 0);
	assert_int_equal(ledger_in_state(ledger, state, &records, &n, &err), 0);
	assert_int_equal(ledger_verify(ledger, &err), 0);
	for (size_t i = 0; i < n; i++)
		found += records[i].kind == kind;
	records_free(records, n);
	return found;
}

/* certificates, the CA's own included */
static size_t count_state(struct world *world, enum record_state state)
{
	return count(world, RECORD_CA, state) + count(world, RECORD_SERVER, state) +
	       count(world, RECORD_CLIENT, state);
}

static bool was_told(const struct world *world, const char *words)
{
	for (size_t i = 0; i < world->findings.n; i++) {
		if (strstr(world->findings.items[i].text, words))
			return true;
	}
	return false;
}

static void everything_is_issued_and_delivered(void **state)
{
	struct world *world = *state;
	struct issue_done done;

	init(world);
	done = apply(world, DELIVERED, NULL);
	assert_int_equal(done.issued, 2);
	assert_int_equal(done.trees, 2);
	check_delivered(world);
	assert_int_equal(count_state(world, RECORD_DELIVERED), 2);
	done = apply(world, DELIVERED, NULL);
	assert_int_equal(done.issued + done.rotated + done.delivered + done.outlets, 0);
	assert_int_equal(done.crls, 0);
}

static void init_is_done_once(void **state)
{
	struct world *world = *state;
	struct issue *issue;
	const struct inv_ca *ca = NULL;
	enum issue_init_key key = ISSUE_INIT_NEW;
	BUF_AUTO id = BUF_INIT;
	struct err err = ERR_INIT;

	init(world);
	issue = open_issue(world, LEDGER_WRITE);
	assert_int_equal(issue_init_begin(issue, &ca, &id, &key, &err), 0);
	assert_null(ca);
	issue_close(issue);
}

static void an_interrupted_init_is_taken_up(void **state)
{
	struct world *world = *state;
	struct issue *issue = open_issue(world, LEDGER_WRITE);
	const struct inv_ca *ca = NULL;
	enum issue_init_key key = ISSUE_INIT_RESUMED;
	BUF_AUTO id = BUF_INIT;
	BUF_AUTO again = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(issue_init_begin(issue, &ca, &id, &key, &err), 0);
	assert_int_equal(issue_init_note(issue, ca, &id, &err), 0);
	issue_close(issue); /* and here the power went */
	issue = open_issue(world, LEDGER_WRITE);
	assert_int_equal(issue_init_begin(issue, &ca, &again, &key, &err), 0);
	assert_int_equal(key, ISSUE_INIT_RESUMED);
	assert_true(buf_same(&again, id.data, id.len));
	issue_close(issue);
}

static void a_run_that_stops_before_signing_leaves_nothing(void **state)
{
	struct world *world = *state;
	MICA_FREE char *out = file_join(world->dir, "out");

	init(world);
	apply(world, PREPARED, NULL);
	assert_int_equal(access(out, F_OK), -1);
	assert_int_equal(apply(world, DELIVERED, NULL).issued, 2);
	check_delivered(world);
}

/* Signed but not delivered: the keys wait staged, and the next run needs no token. */
static void a_run_that_stops_after_signing_is_completed(void **state)
{
	struct world *world = *state;
	struct issue_done done;

	init(world);
	apply(world, SIGNED, NULL);
	assert_int_equal(count_state(world, RECORD_ISSUED), 3); /* the CA's own is one */
	done = apply(world, DELIVERED, NULL);
	assert_true(was_told(world, "an interrupted run had issued 'server': delivered now"));
	assert_int_equal(done.issued, 0);
	check_delivered(world);
	assert_int_equal(count_state(world, RECORD_DELIVERED), 2);
}

static void a_staged_key_that_is_lost_means_a_new_certificate(void **state)
{
	struct world *world = *state;
	MICA_FREE char *command = mem_printf("rm -rf '%s/out'", world->dir);

	init(world);
	apply(world, SIGNED, NULL);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	assert_int_equal(apply(world, DELIVERED, NULL).issued, 2);
	assert_true(was_told(world, "its key is gone: recorded as abandoned"));
	check_delivered(world);
	assert_int_equal(count_state(world, RECORD_ABANDONED), 2);
}

static void an_edited_key_is_due(void **state)
{
	struct world *world = *state;
	MICA_FREE char *command =
	    mem_printf("echo >> '%s/out/prod/tls/server.key'", world->dir);

	init(world);
	apply(world, DELIVERED, NULL);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	assert_int_equal(apply(world, DELIVERED, NULL).rotated, 1);
	check_delivered(world);
	assert_int_equal(count_state(world, RECORD_SUPERSEDED), 1);
}

static void an_edited_certificate_is_delivered_again(void **state)
{
	struct world *world = *state;
	MICA_FREE char *command =
	    mem_printf("rm '%s/out/prod/clients/ingest/client.pem'", world->dir);
	struct issue_done done;

	init(world);
	apply(world, DELIVERED, NULL);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	done = apply(world, DELIVERED, NULL);
	assert_int_equal(done.delivered, 1);
	assert_int_equal(done.rotated, 0);
	check_delivered(world);
}

/* It has the right bytes, and would stop the renewal of everything some day: told at once. */
static void a_file_in_the_place_of_a_link_is_told(void **state)
{
	struct world *world = *state;
	MICA_FREE char *command = mem_printf(
	    "cd '%s/out/prod/tls' && cp -L server.pem copy && mv copy server.pem", world->dir);
	const struct issue_plan_options options = { 0 };
	const struct plan *plan = NULL;
	struct issue *issue;
	struct err err = ERR_INIT;

	init(world);
	apply(world, DELIVERED, NULL);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	issue = open_issue(world, LEDGER_WRITE);
	assert_int_equal(issue_plan(issue, &options, &plan, &err), 0);
	assert_int_equal(plan->items[0].action, PLAN_DELIVER);
	assert_non_null(
	    strstr(plan->items[0].why, "server.pem is not the link that mica made"));
	assert_int_equal(issue_prepare(issue, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, "server.pem' is in the way"));
	issue_close(issue);
}

static void rotation_touches_what_it_names(void **state)
{
	struct world *world = *state;

	init(world);
	apply(world, DELIVERED, NULL);
	assert_int_equal(apply(world, DELIVERED, "ingest").rotated, 1);
	check_delivered(world);
	assert_int_equal(count_state(world, RECORD_SUPERSEDED), 1);
}

static void what_is_due_is_rotated(void **state)
{
	struct world *world = *state;

	init(world);
	apply(world, DELIVERED, NULL);
	world->ambient.now = START + 59 * CLOCK_DAY;
	assert_int_equal(apply(world, DELIVERED, NULL).rotated, 0);
	world->ambient.now =
	    START + 61 * CLOCK_DAY; /* 90 days, a third of them left at day 60 */
	assert_int_equal(apply(world, DELIVERED, NULL).rotated, 2);
}

/* A timer that says "nothing to do" must not be all that is heard before everything ends. */
static void the_end_of_the_ca_is_told(void **state)
{
	struct world *world = *state;
	MICA_FREE char *text = mem_strdup(inventory_text);

	memcpy(strstr(text, "days: 3650"), "days: 91  ", 10);
	write_inventory(world, text);
	init(world);
	apply(world, DELIVERED, NULL);
	world->ambient.now = START + 61 * CLOCK_DAY;
	assert_int_equal(apply(world, DELIVERED, NULL).rotated, 2);
	assert_false(was_told(world, "cannot be renewed"));
	world->ambient.now = START + 85 * CLOCK_DAY;
	assert_int_equal(apply(world, DELIVERED, NULL).rotated, 0);
	assert_true(was_told(world, "2 certificates are due, and cannot be renewed beyond it"));
}

/* The inventory without its client */
static void drop_ingest(struct world *world)
{
	MICA_FREE char *text = mem_strdup(inventory_text);
	char *line = strstr(text, "  - { name: ingest");

	memmove(line, strchr(line, '\n') + 1, strlen(strchr(line, '\n') + 1) + 1);
	memcpy(strstr(text, "[ingest]"), "[      ]", 8);
	write_inventory(world, text);
}

static void what_left_the_inventory_is_retired(void **state)
{
	struct world *world = *state;

	init(world);
	apply(world, DELIVERED, NULL);
	drop_ingest(world);
	assert_int_equal(apply(world, DELIVERED, NULL).retired, 1);
	assert_int_equal(apply(world, DELIVERED, NULL).retired, 0);
	assert_int_equal(count_state(world, RECORD_SUPERSEDED), 1);
}

/* It may have been delivered just before the crash: abandoned would say that it never was. */
static void what_left_after_a_crash_is_retired(void **state)
{
	struct world *world = *state;

	init(world);
	apply(world, SIGNED, NULL);
	drop_ingest(world);
	assert_int_equal(apply(world, DELIVERED, NULL).retired, 1);
	assert_int_equal(count_state(world, RECORD_ABANDONED), 0);
	assert_int_equal(count_state(world, RECORD_SUPERSEDED), 1);
	check_pair(world, "tls", "server");
}

/* A crash between a configuration file and its note does not make it a stranger's. */
static void a_file_without_its_note_is_still_ours(void **state)
{
	struct world *world = *state;
	MICA_FREE char *dir = file_join(world->dir, "state");
	MICA_FREE char *text = mem_strdup(inventory_text);
	struct ledger *ledger = NULL;
	const struct outlet_note older = { "prod", "user.yaml", { { 1 } } };
	struct err err = ERR_INIT;

	init(world);
	apply(world, DELIVERED, NULL);
	assert_int_equal(ledger_open(dir, LEDGER_WRITE, START, &ledger, &err), 0);
	assert_int_equal(ledger_note_outlets(ledger, &older, 1, &err), 0);
	ledger_close(ledger);
	apply(world, DELIVERED, NULL);
	memcpy(strstr(text, "tls-mode: 2"), "tls-mode: 1", 11);
	write_inventory(world, text);
	assert_true(apply(world, DELIVERED, NULL).outlets > 0);
	assert_false(was_told(world, "left alone"));
}

static void a_foreign_file_is_left_alone(void **state)
{
	struct world *world = *state;
	MICA_FREE char *out = file_join(world->dir, "out/prod");
	MICA_FREE char *path = file_join(out, "user.yaml");
	MICA_FREE char *beside = file_join(out, "user.yaml.mica");
	BUF_AUTO found = BUF_INIT;
	struct err err = ERR_INIT;

	init(world);
	assert_int_equal(file_make_dirs(out, 0755, &err), 0);
	assert_int_equal(file_replace(AT_FDCWD, path, "mine\n", 5, 0644, &err), 0);
	apply(world, DELIVERED, NULL);
	assert_true(was_told(world, "left alone"));
	assert_int_equal(file_read(AT_FDCWD, path, 100, &found, &err), 0);
	assert_string_equal(buf_text(&found), "mine\n");
	assert_int_equal(access(beside, F_OK), 0);
	assert_int_equal(apply(world, DELIVERED, NULL).outlets, 0);
}

static void plan_changes_nothing(void **state)
{
	struct world *world = *state;
	const struct issue_plan_options options = { 0 };
	MICA_FREE char *out = file_join(world->dir, "out");
	const struct plan *plan = NULL;
	struct issue *issue;
	struct err err = ERR_INIT;

	init(world);
	issue = open_issue(world, LEDGER_READ);
	assert_int_equal(issue_plan(issue, &options, &plan, &err), 0);
	assert_int_equal(plan->changes, 2);
	assert_int_equal(plan->signatures, 3);
	assert_int_equal(issue_draft(issue, &err), 0);
	issue_close(issue);
	assert_int_equal(access(out, F_OK), -1);
	assert_int_equal(count_state(world, RECORD_INTENDED), 0);
}

static void status_tells_stages_and_the_first_outage(void **state)
{
	struct world *world = *state;
	MICA_AUTO(status_clear) struct status status = { 0 };
	struct issue *issue;
	struct err err = ERR_INIT;

	init(world);
	apply(world, DELIVERED, NULL);
	issue = open_issue(world, LEDGER_READ);
	assert_int_equal(issue_status(issue, &status, &err), 0);
	issue_close(issue);
	assert_int_equal(status.n, 3);
	assert_int_equal(status.rows[0].kind, RECORD_CA);
	assert_string_equal(status.rows[1].entry, "server");
	assert_int_equal(status.rows[1].state, RECORD_DELIVERED);
	assert_non_null(strstr(status.rows[1].where[0], "out/prod/tls"));
	assert_int_equal(status.first_outage, status.rows[1].not_after);
	assert_string_equal(status.first_outage_deployment, "prod");
}

/* --- CRLs ------------------------------------------------------------------------------- */

static void read_into(struct world *world, const char *name, struct buf *ret)
{
	MICA_FREE char *path = file_join(world->dir, name);
	struct err err = ERR_INIT;

	buf_reset(ret);
	if (file_read(AT_FDCWD, path, FILE_MAX_TEXT, ret, &err) < 0)
		fail_msg("%s", err.text);
}

static void expect_same(struct world *world, const char *one, const char *other, bool same)
{
	BUF_AUTO a = BUF_INIT;
	BUF_AUTO b = BUF_INIT;

	read_into(world, one, &a);
	read_into(world, other, &b);
	assert_int_equal(buf_same(&a, b.data, b.len), same);
}

/* Signed, and the run died before it lay outside: published by the next one, without the token.
 */
static void a_crl_that_was_signed_is_published(void **state)
{
	struct world *world = *state;
	BUF_AUTO before = BUF_INIT;
	BUF_AUTO after = BUF_INIT;

	init(world);
	read_into(world, "state/g1.crl", &before);
	apply(world, SIGNED, NULL);
	read_into(world, "state/g1.crl", &after);
	assert_true(buf_same(&after, before.data, before.len));
	assert_int_equal(count(world, RECORD_CRL, RECORD_ISSUED), 1);
	issue_close(open_issue(world, LEDGER_READ));
	assert_int_equal(count(world, RECORD_CRL, RECORD_ISSUED), 1);
	issue_close(open_issue(world, LEDGER_WRITE));
	assert_true(
	    was_told(world, "an interrupted run had signed a CRL of CA 'g1': published now"));
	assert_int_equal(count(world, RECORD_CRL, RECORD_ISSUED), 0);
	assert_int_equal(count(world, RECORD_CRL, RECORD_DELIVERED), 1);
	expect_same(world, "state/g1.crl", "out/prod/tls/crl.pem", true);
	expect_same(world, "state/g1.crl", "out/prod/clients/ingest/crl.pem", true);
	assert_int_equal(apply(world, DELIVERED, NULL).crls, 0);
}

/* What one CRL revokes, as the gate and then its readers see it. */
static void revoke_newest(struct world *world, enum record_kind kind, const char *entry)
{
	MICA_AUTO(issue_closep) struct issue *issue = open_issue(world, LEDGER_WRITE);
	MICA_FREE char *dir = file_join(world->dir, "state");
	MICA_AUTO(ledger_closep) struct ledger *ledger = NULL;
	MICA_AUTO(record_clear) struct record record = { 0 };
	struct err err = ERR_INIT;

	issue_close(mem_give(issue));
	assert_int_equal(ledger_open(dir, LEDGER_WRITE, world->ambient.now, &ledger, &err), 0);
	assert_int_equal(ledger_current(ledger, kind, entry, &record, &err), 0);
	assert_int_equal(
	    ledger_revoke(ledger, &record.seq, 1, REVOKED_KEY_COMPROMISE, &err), 0);
}

static size_t entries(struct world *world, const char *file)
{
	BUF_AUTO bytes = BUF_INIT;
	struct crl **crls = NULL;
	struct err err = ERR_INIT;
	size_t n = 0, count;

	read_into(world, file, &bytes);
	assert_int_equal(crl_read(file, &bytes, &crls, &n, &err), 0);
	assert_int_equal(n, 1);
	count = crl_count(crls[0]);
	crls_free(crls, n);
	return count;
}

static void what_was_revoked_is_in_the_next_one_and_everywhere(void **state)
{
	struct world *world = *state;
	const struct issue_plan_options options = { 0 };
	const struct plan *plan = NULL;
	struct issue *issue;
	struct err err = ERR_INIT;

	init(world);
	apply(world, DELIVERED, NULL);
	revoke_newest(world, RECORD_CLIENT, "ingest");
	issue = open_issue(world, LEDGER_READ);
	assert_int_equal(issue_plan(issue, &options, &plan, &err), 0);
	assert_true(plan->crl.is_due);
	assert_int_equal(plan->signatures, 2);                 /* the client's, and the CRL's */
	assert_int_equal(plan->items[0].action, PLAN_DELIVER); /* the server's crl.pem */
	issue_close(issue);
	assert_int_equal(apply(world, DELIVERED, NULL).issued, 1);
	assert_int_equal(entries(world, "state/g1.crl"), 1);
	assert_int_equal(entries(world, "out/prod/tls/crl.pem"), 1);
	assert_int_equal(entries(world, "out/prod/clients/ingest/crl.pem"), 1);
	/* what has ended is on one more, and then on none */
	world->ambient.now = START + 91 * CLOCK_DAY;
	apply(world, DELIVERED, "server");
	assert_int_equal(entries(world, "state/g1.crl"), 1);
	world->ambient.now += 60;
	apply(world, DELIVERED, "server");
	assert_int_equal(entries(world, "state/g1.crl"), 0);
	assert_int_equal(apply(world, DELIVERED, NULL).crls, 0); /* nothing new was revoked */
}

/* The doors of a revocation: signed alone, and to every place, of which nothing else changes.
 */
static void a_crl_alone(void **state)
{
	struct world *world = *state;
	MICA_AUTO(signer_freep)
	struct signer *signer = soft_signer_new(&world->soft, world->key, ALG_EC_P256);
	struct issue *issue;
	struct err err = ERR_INIT;
	BUF_AUTO key = BUF_INIT;
	BUF_AUTO again = BUF_INIT;
	size_t n = 0;

	init(world);
	apply(world, DELIVERED, NULL);
	read_into(world, "out/prod/tls/server.key", &key);
	issue = open_issue(world, LEDGER_WRITE);
	assert_int_equal(
	    issue_sign_crl(issue, inventory_issuer(issue_inventory(issue)), signer, &err), 0);
	expect_same(world, "state/g1.crl", "out/prod/tls/crl.pem", false);
	assert_int_equal(issue_deliver_crl(issue, &n, &err), 0);
	assert_int_equal(n, 2);
	issue_close(issue);
	expect_same(world, "state/g1.crl", "out/prod/tls/crl.pem", true);
	expect_same(world, "state/g1.crl", "out/prod/clients/ingest/crl.pem", true);
	read_into(world, "out/prod/tls/server.key", &again);
	assert_true(buf_same(&again, key.data, key.len));
	check_delivered(world);
	assert_int_equal(apply(world, DELIVERED, NULL).trees, 0);
	issue = open_issue(world, LEDGER_WRITE);
	assert_int_equal(issue_deliver_crl(issue, &n, &err), 0);
	assert_int_equal(n, 0);
	issue_close(issue);
}

/* Runs within one second, and one whose CRL was abandoned: numbers grow, none comes twice. */
static void numbers_of_crls_grow(void **state)
{
	struct world *world = *state;

	init(world);
	for (size_t i = 0; i < 3; i++) {
		apply(world, DELIVERED, "ingest");
		apply(world, SIGNED, "server");
	}
	issue_close(open_issue(world, LEDGER_WRITE));
	assert_int_equal(count(world, RECORD_CRL, RECORD_DELIVERED), 1);
	assert_int_equal(count(world, RECORD_CRL, RECORD_SUPERSEDED), 6);
}

/* Told instead of refused: what an audit and the way out of a restore see. */
static void an_anchor_that_is_told(void **state)
{
	struct world *world = *state;
	MICA_FREE char *keep = mem_printf("cp -a '%s/state' '%s/kept'", world->dir, world->dir);
	MICA_FREE char *back = mem_printf(
	    "rm -r '%s/state' && mv '%s/kept' '%s/state'", world->dir, world->dir, world->dir);
	struct issue_params params = {
		.inventory = world->inventory, .mode = LEDGER_READ, .ambient = world->ambient
	};
	const struct issue_outside_crl *outside;
	struct issue *issue = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	init(world);
	apply(world, DELIVERED, NULL);
	assert_int_equal(system(keep), 0); /* NOLINT(cert-env33-c) */
	apply(world, DELIVERED, "server");
	assert_int_equal(system(back), 0); /* NOLINT(cert-env33-c) */
	assert_int_equal(issue_open(&params, &world->findings, &issue, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(strstr(err.text, "out/prod/tls/crl.pem'"));
	params.anchor = ISSUE_ANCHOR_TOLD;
	assert_int_equal(issue_open(&params, &world->findings, &issue, &err), 0);
	outside = issue_outside_crls(issue, &n);
	assert_int_equal(n, 2); /* the client's is the one in the state directory */
	assert_true(outside[0].known && outside[0].anchored && outside[0].fits);
	assert_true(!outside[1].known && outside[1].anchored && !outside[1].fits);
	assert_true(outside[1].anchor.events > outside[0].anchor.events);
	assert_string_equal(outside[1].ca->name, "g1");
	issue_close(issue);
}

static void a_wrong_signature_delivers_nothing(void **state)
{
	struct world *world = *state;
	MICA_AUTO(issue_closep) struct issue *issue = NULL;
	MICA_AUTO(signer_freep)
	struct signer *signer = soft_signer_new(&world->soft, world->key, ALG_EC_P256);
	MICA_FREE char *out = file_join(world->dir, "out");
	const struct issue_plan_options options = { 0 };
	const struct plan *plan = NULL;
	struct err err = ERR_INIT;

	init(world);
	world->soft.fault = SOFT_WRONG_BIT;
	issue = open_issue(world, LEDGER_WRITE);
	assert_int_equal(issue_plan(issue, &options, &plan, &err), 0);
	assert_int_equal(issue_prepare(issue, NULL, &err), 0);
	assert_int_equal(issue_sign(issue, signer, NULL, &err), -1);
	assert_non_null(strstr(err.text, "does not verify"));
	issue_close(mem_give(issue));
	assert_int_equal(access(out, F_OK), -1);
	assert_int_equal(count_state(world, RECORD_ABANDONED), 2);
}

static void a_refused_init_abandons_its_intent(void **state)
{
	struct world *world = *state;
	MICA_AUTO(issue_closep) struct issue *issue = open_issue(world, LEDGER_WRITE);
	MICA_AUTO(signer_freep)
	struct signer *signer = soft_signer_new(&world->soft, world->key, ALG_EC_P256);
	const struct inv_ca *ca = NULL;
	enum issue_init_key key = ISSUE_INIT_RESUMED;
	BUF_AUTO id = BUF_INIT;
	BUF_AUTO der = BUF_INIT;
	BUF_AUTO spki = soft_spki(world->key);
	struct err err = ERR_INIT;

	world->soft.fault = SOFT_WRONG_BIT;
	assert_int_equal(issue_init_begin(issue, &ca, &id, &key, &err), 0);
	assert_int_equal(issue_init_finish(issue, ca, &spki, signer, &der, &err), -1);
	assert_non_null(strstr(err.text, "does not verify"));
	issue_close(mem_give(issue));
	assert_int_equal(count_state(world, RECORD_INTENDED), 0);
	assert_int_equal(count_state(world, RECORD_ABANDONED), 1);
}

#define GATE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_TEST(everything_is_issued_and_delivered),
		GATE_TEST(init_is_done_once),
		GATE_TEST(an_interrupted_init_is_taken_up),
		GATE_TEST(a_run_that_stops_before_signing_leaves_nothing),
		GATE_TEST(a_run_that_stops_after_signing_is_completed),
		GATE_TEST(a_staged_key_that_is_lost_means_a_new_certificate),
		GATE_TEST(an_edited_key_is_due),
		GATE_TEST(an_edited_certificate_is_delivered_again),
		GATE_TEST(a_file_in_the_place_of_a_link_is_told),
		GATE_TEST(rotation_touches_what_it_names),
		GATE_TEST(what_is_due_is_rotated),
		GATE_TEST(the_end_of_the_ca_is_told),
		GATE_TEST(what_left_the_inventory_is_retired),
		GATE_TEST(what_left_after_a_crash_is_retired),
		GATE_TEST(a_file_without_its_note_is_still_ours),
		GATE_TEST(a_foreign_file_is_left_alone),
		GATE_TEST(plan_changes_nothing),
		GATE_TEST(status_tells_stages_and_the_first_outage),
		GATE_TEST(a_crl_that_was_signed_is_published),
		GATE_TEST(what_was_revoked_is_in_the_next_one_and_everywhere),
		GATE_TEST(a_crl_alone),
		GATE_TEST(numbers_of_crls_grow),
		GATE_TEST(an_anchor_that_is_told),
		GATE_TEST(a_wrong_signature_delivers_nothing),
		GATE_TEST(a_refused_init_abandons_its_intent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
