// SPDX-License-Identifier: Apache-2.0
/* Every rule for revocation lists fires on a list that is bad in one way, and none on a good
 * one; and which lists cannot be read at all. */
#include "../../src/pki/crl_draft.h"
#include "../../src/pki/crl_private.h"
#include "pki_cas.h"

static const struct revocation two[] = {
	{ .serial = { [19] = 1 }, .at = WORLD_NOW - 20, .reason = REVOKED_KEY_COMPROMISE },
	{ .serial = { [19] = 2 }, .at = WORLD_NOW - 10, .reason = REVOKED_UNSPECIFIED },
};

struct bad {
	const char *rule;
	void (*change)(struct crl_tbs *tbs); /* before encoding; NULL: nothing */
	void (*patch)(struct buf *tbs);      /* after it */
	int64_t later;                       /* seconds added to the clock */
	enum algorithm outer;                /* whose signature algorithm stands outside */
};

static struct crl_spec good_spec(void)
{
	return (struct crl_spec){
		.entry = "g1",
		.number = 7,
		.this_update = WORLD_NOW,
		.next_update = WORLD_NOW + 100 * CLOCK_DAY,
		.revoked = two,
		.n_revoked = mem_count(two),
		.anchor = { .events = 1, .records = 1, .hash = digest_of("head", 4) },
	};
}

/* --- changes --- */

static void version_1(struct crl_tbs *tbs)
{
	ASN1_INTEGER_free(mem_give(tbs->version));
}

static void sha384(struct crl_tbs *tbs)
{
	X509_ALGOR_set0(tbs->signature, OBJ_nid2obj(NID_ecdsa_with_SHA384), V_ASN1_UNDEF, NULL);
}

static void other_issuer(struct crl_tbs *tbs)
{
	BUF_AUTO empty = BUF_INIT;

	buf_add(&empty, "\x30", 2);
	assert_int_equal(any_set(tbs->issuer, &empty), 0);
}

/* As GeneralizedTime, which is for 2050 and later */
static void long_this_update(struct crl_tbs *tbs)
{
	ASN1_GENERALIZEDTIME_set(tbs->this_update, WORLD_NOW);
}

static void long_next_update(struct crl_tbs *tbs)
{
	ASN1_GENERALIZEDTIME_set(tbs->next_update, WORLD_NOW + CLOCK_DAY);
}

static void no_next_update(struct crl_tbs *tbs)
{
	ASN1_TIME_free(mem_give(tbs->next_update));
}

static void next_update_at_once(struct crl_tbs *tbs)
{
	ASN1_TIME_set(tbs->next_update, WORLD_NOW);
}

static void next_update_after_the_ca(struct crl_tbs *tbs)
{
	ASN1_TIME_set(tbs->next_update, WORLD_NOW + 3651LL * CLOCK_DAY);
}

static void empty_list(struct crl_tbs *tbs)
{
	sk_X509_REVOKED_pop_free(tbs->revoked, X509_REVOKED_free);
	tbs->revoked = sk_X509_REVOKED_new_null();
}

static X509_REVOKED *entry(const struct crl_tbs *tbs, int at)
{
	return sk_X509_REVOKED_value(tbs->revoked, at);
}

static void add_to_entry(
    struct crl_tbs *tbs, int nid, int critical, const void *value, size_t len)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	ASN1_OCTET_STRING_set(octets, value, (int)len);
	extension = X509_EXTENSION_create_by_NID(NULL, nid, critical, octets);
	assert_int_equal(X509_REVOKED_add_ext(entry(tbs, 1), extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
}

static void reason_unspecified(struct crl_tbs *tbs)
{
	add_to_entry(tbs, NID_crl_reason, 0, "\x0a\x01\x00", 3);
}

static void reason_hold(struct crl_tbs *tbs)
{
	add_to_entry(tbs, NID_crl_reason, 0, "\x0a\x01\x06", 3);
}

static void reason_integer(struct crl_tbs *tbs)
{
	add_to_entry(tbs, NID_crl_reason, 0, "\x02\x01\x01", 3);
}

static void reason_twice(struct crl_tbs *tbs)
{
	add_to_entry(tbs, NID_crl_reason, 0, "\x0a\x01\x01", 3);
	add_to_entry(tbs, NID_crl_reason, 0, "\x0a\x01\x01", 3);
}

static void invalidity_date(struct crl_tbs *tbs)
{
	add_to_entry(tbs, NID_invalidity_date, 0,
	    "\x18\x0f"
	    "20260921000000Z",
	    17);
}

static void critical_reason(struct crl_tbs *tbs)
{
	add_to_entry(tbs, NID_crl_reason, 1, "\x0a\x01\x01", 3);
}

static void long_date(struct crl_tbs *tbs)
{
	ASN1_TIME *date = ASN1_TIME_adj(NULL, WORLD_NOW, 0, 0);

	ASN1_GENERALIZEDTIME_set(date, WORLD_NOW);
	X509_REVOKED_set_revocationDate(entry(tbs, 0), date);
	ASN1_TIME_free(date);
}

static void date_to_come(struct crl_tbs *tbs)
{
	ASN1_TIME *date = ASN1_TIME_set(NULL, WORLD_NOW + 1);

	X509_REVOKED_set_revocationDate(entry(tbs, 1), date);
	ASN1_TIME_free(date);
}

static void set_serial(struct crl_tbs *tbs, int at, const char *hex)
{
	BIGNUM *number = NULL;
	ASN1_INTEGER *serial;

	assert_true(BN_hex2bn(&number, hex) > 0);
	serial = BN_to_ASN1_INTEGER(number, NULL);
	X509_REVOKED_set_serialNumber(entry(tbs, at), serial);
	ASN1_INTEGER_free(serial);
	BN_free(number);
}

static void serial_zero(struct crl_tbs *tbs)
{
	set_serial(tbs, 0, "0");
}

static void out_of_order(struct crl_tbs *tbs)
{
	set_serial(tbs, 0, "0100");
}

static void one_twice(struct crl_tbs *tbs)
{
	set_serial(tbs, 0, "02");
}

static void serial_negative(struct crl_tbs *tbs)
{
	set_serial(tbs, 0, "-02");
}

static void serial_long(struct crl_tbs *tbs)
{
	set_serial(tbs, 1, "010203040506070809101112131415161718192021");
}

static void drop(struct crl_tbs *tbs, int nid)
{
	int at = X509v3_get_ext_by_NID(tbs->extensions, nid, -1);

	assert_true(at >= 0);
	X509_EXTENSION_free(X509v3_delete_ext(tbs->extensions, at));
}

static void drop_anchor(struct crl_tbs *tbs)
{
	ASN1_OBJECT *oid = crl_anchor_oid();
	int at = X509v3_get_ext_by_OBJ(tbs->extensions, oid, -1);

	assert_true(at >= 0);
	X509_EXTENSION_free(X509v3_delete_ext(tbs->extensions, at));
	ASN1_OBJECT_free(oid);
}

static void add_raw(
    struct crl_tbs *tbs, const ASN1_OBJECT *oid, int critical, const void *value, size_t len)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	ASN1_OCTET_STRING_set(octets, value, (int)len);
	extension = X509_EXTENSION_create_by_OBJ(NULL, oid, critical, octets);
	assert_non_null(X509v3_add_ext(&tbs->extensions, extension, -1));
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
}

static void unknown_extension(struct crl_tbs *tbs)
{
	add_raw(tbs, OBJ_nid2obj(NID_freshest_crl), 0, "\x30", 2);
}

static void critical_extension(struct crl_tbs *tbs)
{
	drop(tbs, NID_crl_number);
	add_raw(tbs, OBJ_nid2obj(NID_crl_number), 1, "\x02\x01\x07", 3);
}

static void delta(struct crl_tbs *tbs)
{
	add_raw(tbs, OBJ_nid2obj(NID_delta_crl), 1, "\x02\x01\x07", 3);
}

static void number_twice(struct crl_tbs *tbs)
{
	add_raw(tbs, OBJ_nid2obj(NID_crl_number), 0, "\x02\x01\x08", 3);
}

static void no_number(struct crl_tbs *tbs)
{
	drop(tbs, NID_crl_number);
}

static void number_zero(struct crl_tbs *tbs)
{
	drop(tbs, NID_crl_number);
	add_raw(tbs, OBJ_nid2obj(NID_crl_number), 0, "\x02\x01\x00", 3);
}

static void number_negative(struct crl_tbs *tbs)
{
	drop(tbs, NID_crl_number);
	add_raw(tbs, OBJ_nid2obj(NID_crl_number), 0, "\x02\x01\xff", 3);
}

/* 20 octets of magnitude, and one for the sign */
static void number_long(struct crl_tbs *tbs)
{
	drop(tbs, NID_crl_number);
	add_raw(tbs, OBJ_nid2obj(NID_crl_number), 0,
	    "\x02\x15\x00\xff"
	    "2345678901234567890",
	    23);
}

static void number_unreadable(struct crl_tbs *tbs)
{
	drop(tbs, NID_crl_number);
	add_raw(tbs, OBJ_nid2obj(NID_crl_number), 0, "\x04\x01\x07", 3);
}

static void no_authority(struct crl_tbs *tbs)
{
	drop(tbs, NID_authority_key_identifier);
}

static void other_authority(struct crl_tbs *tbs)
{
	drop(tbs, NID_authority_key_identifier);
	add_raw(tbs, OBJ_nid2obj(NID_authority_key_identifier), 0, "\x30\x03\x80\x01\x07", 5);
}

static void authority_by_serial(struct crl_tbs *tbs)
{
	drop(tbs, NID_authority_key_identifier);
	add_raw(tbs, OBJ_nid2obj(NID_authority_key_identifier), 0, "\x30\x03\x82\x01\x07", 5);
}

static void set_anchor(struct crl_tbs *tbs, const void *value, size_t len)
{
	ASN1_OBJECT *oid = crl_anchor_oid();

	drop_anchor(tbs);
	add_raw(tbs, oid, 0, value, len);
	ASN1_OBJECT_free(oid);
}

#define HASH_31 "1234567890123456789012345678901"

static void anchor_of_version_2(struct crl_tbs *tbs)
{
	set_anchor(tbs, "\x30\x2b\x02\x01\x02\x02\x01\x01\x02\x01\x01\x04\x20" HASH_31 "2", 45);
}

static void anchor_with_short_hash(struct crl_tbs *tbs)
{
	set_anchor(tbs, "\x30\x2a\x02\x01\x01\x02\x01\x01\x02\x01\x01\x04\x1f" HASH_31, 44);
}

static void anchor_of_less_than_nothing(struct crl_tbs *tbs)
{
	set_anchor(tbs, "\x30\x2b\x02\x01\x01\x02\x01\xff\x02\x01\x01\x04\x20" HASH_31 "2", 45);
}

static void anchor_and_more(struct crl_tbs *tbs)
{
	set_anchor(
	    tbs, "\x30\x2b\x02\x01\x01\x02\x01\x01\x02\x01\x01\x04\x20" HASH_31 "2\x05", 46);
}

/* A length of two octets in three; others read it all the same. */
static void long_length(struct buf *tbs)
{
	BUF_AUTO same = BUF_INIT;

	assert_int_equal(tbs->data[1], 0x82);
	buf_add(&same, "\x30\x83", 3);
	buf_add(&same, tbs->data + 2, tbs->len - 2);
	buf_move(tbs, &same);
}

static const struct bad bads[] = {
	{ "crl-der", NULL, long_length, 0, ALG_EC_P256 },
	{ "crl-version", version_1, NULL, 0, ALG_EC_P256 },
	{ "crl-signature-inner", NULL, NULL, 0, ALG_EC_P384 },
	{ "crl-signature-algorithm", sha384, NULL, 0, ALG_EC_P384 },
	{ "crl-issuer", other_issuer, NULL, 0, ALG_EC_P256 },
	{ "crl-time-form", long_this_update, NULL, 0, ALG_EC_P256 },
	{ "crl-time-form", long_next_update, NULL, 0, ALG_EC_P256 },
	{ "crl-this-update", NULL, NULL, -1, ALG_EC_P256 },
	{ "crl-next-update", no_next_update, NULL, 0, ALG_EC_P256 },
	{ "crl-next-update", next_update_at_once, NULL, 0, ALG_EC_P256 },
	{ "crl-next-update", NULL, NULL, 100 * CLOCK_DAY, ALG_EC_P256 },
	{ "crl-next-update-ca", next_update_after_the_ca, NULL, 0, ALG_EC_P256 },
	{ "crl-empty", empty_list, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-form", reason_unspecified, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-form", reason_hold, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-form", reason_integer, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-form", reason_twice, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-form", invalidity_date, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-form", long_date, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-serial", serial_zero, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-order", out_of_order, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-order", one_twice, NULL, 0, ALG_EC_P256 },
	{ "crl-entry-date", date_to_come, NULL, 0, ALG_EC_P256 },
	{ "crl-extension-unknown", unknown_extension, NULL, 0, ALG_EC_P256 },
	{ "crl-extension-critical", critical_extension, NULL, 0, ALG_EC_P256 },
	{ "crl-extension-duplicate", number_twice, NULL, 0, ALG_EC_P256 },
	{ "crl-authority", no_authority, NULL, 0, ALG_EC_P256 },
	{ "crl-authority", other_authority, NULL, 0, ALG_EC_P256 },
	{ "crl-authority", authority_by_serial, NULL, 0, ALG_EC_P256 },
	{ "crl-number", no_number, NULL, 0, ALG_EC_P256 },
	{ "crl-number", number_zero, NULL, 0, ALG_EC_P256 },
	{ "crl-number", number_negative, NULL, 0, ALG_EC_P256 },
	{ "crl-number", number_long, NULL, 0, ALG_EC_P256 },
	{ "crl-number", number_unreadable, NULL, 0, ALG_EC_P256 },
	{ "crl-anchor", drop_anchor, NULL, 0, ALG_EC_P256 },
	{ "crl-anchor", anchor_of_version_2, NULL, 0, ALG_EC_P256 },
	{ "crl-anchor", anchor_with_short_hash, NULL, 0, ALG_EC_P256 },
	{ "crl-anchor", anchor_of_less_than_nothing, NULL, 0, ALG_EC_P256 },
	{ "crl-anchor", anchor_and_more, NULL, 0, ALG_EC_P256 },
};

/* --- making and judging them --- */

static struct buf sealed(const struct buf *tbs, enum algorithm outer)
{
	static const uint8_t sha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		0x04, 0x03, 0x02 };
	BUF_AUTO algorithm = BUF_INIT;
	BUF_AUTO signature = BUF_INIT;
	struct buf der = BUF_INIT;

	buf_add(&algorithm, sha256, sizeof(sha256));
	if (outer == ALG_EC_P384)
		algorithm.data[algorithm.len - 1] = 0x03;
	buf_addstr(&signature, "nobody's");
	assert_int_equal(envelope_seal(tbs, &algorithm, &signature, &der), 0);
	return der;
}

static struct buf make_bad(const struct world *world, const struct bad *bad)
{
	const struct crl_spec spec = good_spec();
	MICA_AUTO(crl_tbs_freep) struct crl_tbs *decoded = NULL;
	BUF_AUTO tbs = BUF_INIT;

	assert_int_equal(crl_draft(world->ca, &spec, lint_identifier(world->lint), &tbs), 0);
	decoded = crl_tbs_decode(tbs.data, tbs.len);
	assert_non_null(decoded);
	if (bad->change)
		bad->change(decoded);
	buf_reset(&tbs);
	assert_int_equal(crl_tbs_encode(decoded, &tbs), 0);
	if (bad->patch)
		bad->patch(&tbs);
	return sealed(&tbs, bad->outer);
}

static void judge(const struct world *world, const struct bad *bad, struct findings *findings)
{
	BUF_AUTO der = make_bad(world, bad);
	MICA_AUTO(crl_parsed_freep)
	struct crl_parsed *parsed = crl_parsed_of(der.data, der.len);
	const struct crl_case crl_case = { parsed, "g1", WORLD_NOW + bad->later };

	if (!parsed)
		fail_msg("the list for rule %s does not parse", bad->rule);
	lint_judge_crl(world->lint, &crl_case, findings);
}

static bool fired(const struct findings *findings, const char *rule)
{
	for (size_t i = 0; i < findings->n; i++) {
		if (strcmp(findings->items[i].rule, rule) == 0)
			return true;
	}
	return false;
}

static void each_rule_fires(void **state)
{
	for (size_t i = 0; i < mem_count(bads); i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;

		judge(*state, &bads[i], &findings);
		if (!fired(&findings, bads[i].rule)) {
			world_print(&findings);
			fail_msg("case %zu: rule %s did not fire", i, bads[i].rule);
		}
		assert_string_equal(findings.items[0].file, "g1");
	}
}

static void no_rule_fires_on_the_good(void **state)
{
	const struct bad good = { "", NULL, NULL, 0, ALG_EC_P256 };
	FINDINGS_AUTO findings = FINDINGS_INIT;

	judge(*state, &good, &findings);
	world_print(&findings);
	assert_int_equal(findings.n, 0);
}

static void each_rule_has_a_case(void **state)
{
	const char *sentence = NULL;
	const char *rule;
	size_t i = 0;

	(void)state;
	for (; (rule = lint_crl_rule(i, &sentence)); i++) {
		bool found = strcmp(rule, "crl-ca") == 0; /* below */

		assert_true(strlen(sentence) > 10);
		for (size_t j = 0; j < mem_count(bads); j++)
			found = found || strcmp(bads[j].rule, rule) == 0;
		if (!found)
			fail_msg("rule %s has no case", rule);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(rule, lint_crl_rule(j, NULL));
	}
	assert_true(i > 15);
}

/* --- approvals --- */

static void refused(
    const struct ca *ca, const struct crl_spec *spec, int64_t now, const char *rule)
{
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(lint_new(ca, &lint, &err), 0);
	assert_int_equal(lint_approve_crl(lint, spec, now, &findings, &approval, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_true(fired(&findings, rule));
	assert_null(approval);
}

static void what_is_not_approved(void **state)
{
	const struct world *world = *state;
	const struct revocation twice[] = { two[0], two[0] };
	const struct revocation held[] = { { .serial = { 1 }, .reason = 6 } };
	struct crl_spec spec = good_spec();

	refused(world->ca, &spec, WORLD_NOW - 1, "crl-this-update");
	spec.number = 0;
	refused(world->ca, &spec, WORLD_NOW, "crl-number");
	spec = good_spec();
	spec.next_update = ca_not_after(world->ca) + 1;
	refused(world->ca, &spec, WORLD_NOW, "crl-next-update-ca");
	spec = good_spec();
	spec.revoked = twice;
	refused(world->ca, &spec, WORLD_NOW, "crl-entry-order");
	spec.revoked = held;
	spec.n_revoked = 1;
	refused(world->ca, &spec, WORLD_NOW, "crl-entry-form");
	spec = good_spec();
	spec.anchor.events = -1;
	refused(world->ca, &spec, WORLD_NOW, "crl-anchor");
}

/* A CA that was made elsewhere, without cRLSign; and one below another, which ends first. */
static void of_other_cas(void **state)
{
	MICA_AUTO(ca_freep) struct ca *mute = NULL;
	MICA_AUTO(ca_freep) struct ca *g1 = NULL;
	struct crl_spec spec = good_spec();

	(void)state;
	cas_set_up(NULL);
	mute = ca_of("mute");
	g1 = ca_under("g1", "policy root");
	refused(mute, &spec, WORLD_NOW, "crl-ca");
	spec.next_update = WORLD_NOW + 2001LL * CLOCK_DAY; /* policy ends before g1 */
	refused(g1, &spec, WORLD_NOW, "crl-next-update-ca");
	cas_tear_down(NULL);
}

/* --- what cannot be read --- */

static void unreadable(void **state)
{
	static void (*const changes[])(struct crl_tbs *) = { serial_negative, serial_long,
		critical_reason, critical_extension, delta };

	for (size_t i = 0; i < mem_count(changes); i++) {
		const struct bad bad = { "", changes[i], NULL, 0, ALG_EC_P256 };
		BUF_AUTO der = make_bad(*state, &bad);
		struct crl **all = NULL;
		struct err err = ERR_INIT;
		size_t n = 0;

		assert_int_equal(crl_read("crl.der", &der, &all, &n, &err), -1);
		assert_non_null(strstr(err.text, "a revocation list that cannot be read"));
	}
}

/* Lists of others: no number, no anchor, reasons that mica does not give, in any order. */
static void of_others(void **state)
{
	static void (*const changes[])(struct crl_tbs *) = { no_number, drop_anchor,
		reason_hold, out_of_order, no_next_update, unknown_extension };

	for (size_t i = 0; i < mem_count(changes); i++) {
		const struct bad bad = { "", changes[i], NULL, 0, ALG_EC_P256 };
		BUF_AUTO der = make_bad(*state, &bad);
		struct crl **all = NULL;
		struct err err = ERR_INIT;
		struct revocation found;
		struct anchor anchor;
		size_t n = 0;

		assert_int_equal(crl_read("crl.der", &der, &all, &n, &err), 0);
		assert_int_equal(n, 1);
		assert_int_equal(crl_number(all[0]), changes[i] == no_number ? -1 : 7);
		assert_int_equal(crl_anchor(all[0], &anchor), changes[i] != drop_anchor);
		assert_int_equal(crl_next_update(all[0]) == 0, changes[i] == no_next_update);
		assert_true(crl_has(all[0], two[1].serial, &found));
		assert_int_equal(found.reason, REVOKED_UNSPECIFIED);
		crls_free(all, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_fires),
		cmocka_unit_test(no_rule_fires_on_the_good),
		cmocka_unit_test(each_rule_has_a_case),
		cmocka_unit_test(what_is_not_approved),
		cmocka_unit_test(of_other_cas),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(of_others),
	};

	return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
