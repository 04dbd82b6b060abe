// SPDX-License-Identifier: Apache-2.0
/* audit_judge() on ledgers whose chain is right, and whose certificates and lists are not what
 * their records say: what only an audit can find. */
#include "pki_world.h"
#include "ledger_fixture.h"

#include <mica/audit.h>
#include <mica/certificate.h>
#include <mica/crl.h>

struct scene {
	struct world world;
	char *dir;
	struct ledger *ledger;
	struct key *leaf;
	int64_t seq; /* of the newest record */
};

/* --- what goes into the ledger ---------------------------------------------------------- */

/* As the certificate says, so that a test can say otherwise. */
static struct record record_of(const struct buf *der, const char *entry, enum record_kind kind,
    const struct draft_spec *spec)
{
	struct record record = {
		.entry = mem_strdup(entry),
		.kind = kind,
		.ca = mem_strdup("g1"),
		.created = WORLD_NOW,
		.not_before = spec->not_before,
		.not_after = spec->not_after,
	};
	BUF_AUTO spki = BUF_INIT;
	struct err err = ERR_INIT;

	ok(certificate_parts(der, &record.tbs, record.serial, &err));
	ok(certificate_spki(der, &spki, &err));
	record.key = digest_of(spki.data, spki.len);
	return record;
}

static void adopt(struct scene *scene, struct record *record, const struct buf *der)
{
	struct err err = ERR_INIT;

	ok(ledger_adopted(scene->ledger, record, der, &err));
	scene->seq = record->seq;
	record_clear(record);
}

static void adopt_ca(struct scene *scene, const struct world *world, const char *name)
{
	const struct buf *der = ca_der(world->ca);
	const struct draft_spec spec = { .not_before = ca_not_before(world->ca),
		.not_after = ca_not_after(world->ca) };
	struct record record = record_of(der, name, RECORD_CA, &spec);

	free(record.ca);
	record.ca = mem_strdup(name);
	adopt(scene, &record, der);
}

static struct buf leaf_of(const struct world *world, const struct scene *scene,
    enum profile profile, struct draft_spec *ret_spec)
{
	*ret_spec = world_spec(profile, key_spki(scene->leaf));
	return world_issue(world->ca, world->lint, world->signer, ret_spec);
}

static struct record a_server(struct scene *scene, struct buf *ret_der)
{
	struct draft_spec spec;

	*ret_der = leaf_of(&scene->world, scene, PROFILE_SERVER, &spec);
	return record_of(ret_der, "server", RECORD_SERVER, &spec);
}

static void add_good(struct scene *scene, enum profile profile)
{
	struct draft_spec spec;
	BUF_AUTO der = leaf_of(&scene->world, scene, profile, &spec);
	struct record record = record_of(&der, profile_name(profile),
	    profile == PROFILE_SERVER ? RECORD_SERVER : RECORD_CLIENT, &spec);

	adopt(scene, &record, &der);
}

/* --- judging ---------------------------------------------------------------------------- */

static size_t judge(struct scene *scene, enum audit_depth depth, struct findings *findings)
{
	MICA_AUTO(audit_result_clear) struct audit_result result = { .records = 0 };
	const struct audit_subject subject = {
		.ledger = scene->ledger, .where = "test", .now = WORLD_NOW, .depth = depth
	};
	struct err err = ERR_INIT;
	size_t signatures;

	findings_clear(findings);
	ok(audit_judge(&subject, findings, &result, &err));
	assert_int_equal(result.records, scene->seq);
	signatures = result.signatures;
	return signatures;
}

/* One finding of this rule, about the newest record, and no other. */
static void finds(struct scene *scene, enum audit_depth depth, const char *rule)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_FREE char *record = mem_printf("record %lld ", (long long)scene->seq);

	judge(scene, depth, &findings);
	if (findings.n != 1) {
		world_print(&findings);
		fail_msg("%zu findings, not one '%s'", findings.n, rule);
	}
	assert_string_equal(findings.items[0].rule, rule);
	assert_int_equal(findings.items[0].level, FINDING_ERROR);
	assert_non_null(strstr(findings.items[0].text, record));
}

static void finds_nothing(struct scene *scene, enum audit_depth depth)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;

	judge(scene, depth, &findings);
	world_print(&findings);
	assert_int_equal(findings.n, 0);
}

static int setup(void **state)
{
	struct scene *scene = mem_zalloc(sizeof(*scene));
	struct err err = ERR_INIT;

	world_init(&scene->world, ALG_EC_P256);
	scene->dir = scratch_new_fast();
	ok(ledger_open(scene->dir, LEDGER_WRITE, WORLD_NOW, &scene->ledger, &err));
	ok(key_generate(ALG_EC_P256, &scene->leaf, &err));
	adopt_ca(scene, &scene->world, "g1");
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	ledger_close(scene->ledger);
	key_free(scene->leaf);
	world_clear(&scene->world);
	scratch_freep(&scene->dir);
	free(scene);
	return 0;
}

/* --- certificates ----------------------------------------------------------------------- */

static void test_good(void **state)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct scene *scene = *state;

	add_good(scene, PROFILE_SERVER);
	add_good(scene, PROFILE_CLIENT);
	assert_int_equal(judge(scene, AUDIT_FULL, &findings), 3);
	assert_int_equal(findings.n, 0);
	assert_int_equal(judge(scene, AUDIT_QUICK, &findings), 1);
	assert_int_equal(findings.n, 0);
}

static void test_another_serial(void **state)
{
	BUF_AUTO der = BUF_INIT;
	struct record record = a_server(*state, &der);

	record.serial[19] ^= 1;
	adopt(*state, &record, &der);
	finds(*state, AUDIT_FULL, "record-serial");
}

static void test_other_dates(void **state)
{
	BUF_AUTO der = BUF_INIT;
	struct record record = a_server(*state, &der);

	record.not_after++;
	adopt(*state, &record, &der);
	finds(*state, AUDIT_QUICK, "record-dates");
}

static void test_another_key(void **state)
{
	BUF_AUTO der = BUF_INIT;
	struct record record = a_server(*state, &der);

	record.key.bytes[0] ^= 1;
	adopt(*state, &record, &der);
	finds(*state, AUDIT_FULL, "record-key");
}

/* The certificate holds these bytes, and signs others. */
static void test_a_part_of_the_bytes(void **state)
{
	BUF_AUTO der = BUF_INIT;
	struct record record = a_server(*state, &der);

	buf_cut(&record.tbs, record.tbs.len - 1);
	adopt(*state, &record, &der);
	finds(*state, AUDIT_FULL, "record-bytes");
}

static void test_no_certificate(void **state)
{
	BUF_AUTO der = BUF_INIT;
	struct record record = a_server(*state, &der);

	buf_add(&der, "", 1); /* a byte behind it */
	adopt(*state, &record, &der);
	finds(*state, AUDIT_FULL, "record-unreadable");
}

static void test_another_profile(void **state)
{
	struct scene *scene = *state;
	struct draft_spec spec;
	BUF_AUTO der = leaf_of(&scene->world, scene, PROFILE_SERVER, &spec);
	struct record record = record_of(&der, "ingest", RECORD_CLIENT, &spec);
	FINDINGS_AUTO findings = FINDINGS_INIT;

	adopt(scene, &record, &der);
	judge(scene, AUDIT_QUICK, &findings);
	assert_true(findings.errors > 0);
	for (size_t i = 0; i < findings.n; i++)
		assert_string_equal(findings.items[i].rule, "record-profile");
	assert_non_null(strstr(findings.items[0].text, "purpose-wrong"));
}

/* A CA of the same name and subject, with another key: quick believes the chain. */
static void test_another_ca_signed_it(void **state)
{
	struct scene *scene = *state;
	struct world other;
	struct draft_spec spec;
	struct record record;
	BUF_AUTO der = BUF_INIT;
	FINDINGS_AUTO findings = FINDINGS_INIT;

	world_init(&other, ALG_EC_P256);
	der = leaf_of(&other, scene, PROFILE_SERVER, &spec);
	record = record_of(&der, "server", RECORD_SERVER, &spec);
	adopt(scene, &record, &der);
	finds(scene, AUDIT_FULL, "record-signature");
	judge(scene, AUDIT_QUICK, &findings);
	assert_string_equal(findings.items[0].rule, "record-profile"); /* authority-match */
	/* once that CA is in the ledger under the name, it is one of its certificates: later
	 * ones are good */
	adopt_ca(scene, &other, "g1");
	buf_clear(&der);
	der = leaf_of(&other, scene, PROFILE_SERVER, &spec);
	record = record_of(&der, "server", RECORD_SERVER, &spec);
	adopt(scene, &record, &der);
	add_good(scene, PROFILE_SERVER);
	judge(scene, AUDIT_FULL, &findings);
	assert_int_equal(findings.n, 1);
	assert_non_null(strstr(findings.items[0].text, "record 2 "));
	world_clear(&other);
}

static void test_a_ca_that_nobody_knows(void **state)
{
	BUF_AUTO der = BUF_INIT;
	struct record record = a_server(*state, &der);

	free(record.ca);
	record.ca = mem_strdup("g2");
	adopt(*state, &record, &der);
	finds(*state, AUDIT_FULL, "record-issuer");
	finds(*state, AUDIT_QUICK, "record-issuer");
}

/* The same key under a new certificate. */
static void test_a_renewed_ca(void **state)
{
	struct scene *scene = *state;

	add_good(scene, PROFILE_SERVER);
	/* its certificate anew: as a renewal, it has another serial */
	{
		BUF_AUTO spki = soft_spki(scene->world.ca_key);
		MICA_AUTO(ca_freep) struct ca *bare = NULL;
		MICA_AUTO(lint_freep) struct lint *lint = NULL;
		struct draft_spec spec = world_spec(PROFILE_CA, NULL);
		struct err err = ERR_INIT;
		struct record record;
		BUF_AUTO der = BUF_INIT;

		ok(ca_of_key(world_subject, mem_count(world_subject), &spki, &bare, &err));
		ok(lint_new(bare, &lint, &err));
		spec.spki = &spki;
		der = world_issue(bare, lint, scene->world.signer, &spec);
		record = record_of(&der, "g1", RECORD_CA, &spec);
		adopt(scene, &record, &der);
	}
	add_good(scene, PROFILE_CLIENT);
	finds_nothing(scene, AUDIT_FULL);
}

/* More than fit into one heap, one of them bad: it is found, and told once, whatever thread has
 * it. */
static void test_many(void **state)
{
	enum { MANY = 5000, BAD = 4100 };
	struct scene *scene = *state;
	struct record *records = mem_array(MANY, sizeof(*records));
	struct buf *ders = mem_array(MANY, sizeof(*ders));
	int64_t *seqs = mem_array(MANY, sizeof(*seqs));
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < MANY; i++) {
		records[i] = a_server(scene, &ders[i]);
		free(records[i].entry);
		records[i].entry = mem_printf("server-%zu", i);
	}
	records[BAD].not_after++;
	ok(ledger_intend(scene->ledger, records, MANY, &err));
	for (size_t i = 0; i < MANY; i++)
		seqs[i] = records[i].seq;
	ok(ledger_issued(scene->ledger, seqs, ders, MANY, &err));
	scene->seq = seqs[MANY - 1];
	assert_int_equal(judge(scene, AUDIT_QUICK, &findings), 1);
	assert_int_equal(findings.n, 1);
	assert_non_null(strstr(findings.items[0].text, "('server-4100'"));
	for (size_t i = 0; i < MANY; i++)
		buf_clear(&ders[i]);
	records_free(records, MANY);
	free(ders);
	free(seqs);
}

/* --- lists ------------------------------------------------------------------------------ */

/* A list as crl_spec says; its record says the same, unless a test changes it. */
static void add_list(struct scene *scene, struct crl_spec *spec)
{
	struct approval *approval = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	const struct buf *spki = ca_spki(scene->world.ca);
	BUF_AUTO der = BUF_INIT;
	struct err err = ERR_INIT;
	struct record record = {
		.entry = mem_strdup("g1"),
		.kind = RECORD_CRL,
		.ca = mem_strdup("g1"),
		.definition = digest_of("list", 4),
		.key = digest_of(spki->data, spki->len),
		.created = WORLD_NOW,
		.not_before = WORLD_NOW,
		.not_after = WORLD_NOW + CLOCK_DAY,
	};

	spec->entry = "g1";
	spec->this_update = WORLD_NOW;
	spec->next_update = WORLD_NOW + CLOCK_DAY;
	if (spec->anchor.events == 0)
		ok(ledger_anchor(scene->ledger, &spec->anchor, &err));
	for (int i = 0; i < 8; i++)
		record.serial[19 - i] = (uint8_t)((uint64_t)spec->number >> (8 * i));
	ok(lint_approve_crl(scene->world.lint, spec, WORLD_NOW, &findings, &approval, &err));
	ok(approvals_sign(
	    scene->world.signer, scene->world.ca, &approval, 1, NULL, &der, &err));
	ok(crl_tbs(&der, &record.tbs, &err));
	adopt(scene, &record, &der);
}

/* Two certificates, the first of them revoked. */
static void revoke_first(struct scene *scene, struct revocation *ret)
{
	struct err err = ERR_INIT;
	int64_t seq;

	add_good(scene, PROFILE_SERVER);
	seq = scene->seq;
	add_good(scene, PROFILE_CLIENT);
	ok(ledger_revoke(scene->ledger, &seq, 1, REVOKED_KEY_COMPROMISE, &err));
	ok(ledger_revocation(scene->ledger, seq, ret, &err));
}

static void test_a_good_list(void **state)
{
	struct revocation revoked;
	struct crl_spec spec = { .number = 7, .revoked = &revoked, .n_revoked = 1 };

	revoke_first(*state, &revoked);
	add_list(*state, &spec);
	finds_nothing(*state, AUDIT_FULL);
	finds_nothing(*state, AUDIT_QUICK);
}

static void test_a_list_that_leaves_one_out(void **state)
{
	struct revocation revoked;
	struct crl_spec spec = { .number = 7 };

	revoke_first(*state, &revoked);
	add_list(*state, &spec);
	finds(*state, AUDIT_FULL, "crl-content");
}

static void test_a_list_with_one_too_many(void **state)
{
	struct revocation revoked[2];
	struct crl_spec spec = { .number = 7, .revoked = revoked, .n_revoked = 2 };

	revoke_first(*state, &revoked[0]);
	revoked[1] = revoked[0];
	memset(revoked[1].serial, 0x7f, sizeof(revoked[1].serial));
	add_list(*state, &spec);
	finds(*state, AUDIT_FULL, "crl-content");
}

static void test_a_list_with_another_reason(void **state)
{
	struct revocation revoked;
	struct crl_spec spec = { .number = 7, .revoked = &revoked, .n_revoked = 1 };

	revoke_first(*state, &revoked);
	revoked.reason = REVOKED_SUPERSEDED;
	add_list(*state, &spec);
	finds(*state, AUDIT_FULL, "crl-content");
}

static void test_what_was_revoked_after_it(void **state)
{
	struct scene *scene = *state;
	struct crl_spec spec = { .number = 7 };
	struct revocation revoked;
	FINDINGS_AUTO findings = FINDINGS_INIT;

	add_list(scene, &spec);
	revoke_first(scene, &revoked);
	judge(scene, AUDIT_FULL, &findings);
	assert_int_equal(findings.errors, 0);
	assert_int_equal(findings.warnings, 1);
	assert_string_equal(findings.items[0].rule, "not-listed");
}

static void test_a_list_of_another_history(void **state)
{
	struct crl_spec spec = { .number = 7, .anchor = { .events = 2, .records = 1 } };

	add_list(*state, &spec);
	finds(*state, AUDIT_FULL, "anchor");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_another_serial),
		TEST(test_other_dates),
		TEST(test_another_key),
		TEST(test_a_part_of_the_bytes),
		TEST(test_no_certificate),
		TEST(test_another_profile),
		TEST(test_another_ca_signed_it),
		TEST(test_a_ca_that_nobody_knows),
		TEST(test_a_renewed_ca),
		TEST(test_many),
		TEST(test_a_good_list),
		TEST(test_a_list_that_leaves_one_out),
		TEST(test_a_list_with_one_too_many),
		TEST(test_a_list_with_another_reason),
		TEST(test_what_was_revoked_after_it),
		TEST(test_a_list_of_another_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
