// SPDX-License-Identifier: Apache-2.0
/* Revocation lists: approved, signed together with certificates, read back. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <mica/certificate.h>
#include <mica/crl.h>

#include "pki_world.h"

enum { HALF_A_YEAR = 180 * CLOCK_DAY, MANY = 100000 };

static struct revocation revoked(uint32_t number, int64_t at, enum revocation_reason reason)
{
	struct revocation one = { .at = at, .reason = reason };

	for (int i = 0; i < 4; i++)
		one.serial[19 - i] = (uint8_t)(number >> 8 * i);
	return one;
}

static struct crl_spec spec_of(const struct revocation *all, size_t n)
{
	struct crl_spec spec = {
		.entry = "g1",
		.number = WORLD_NOW,
		.this_update = WORLD_NOW,
		.next_update = WORLD_NOW + HALF_A_YEAR,
		.revoked = all,
		.n_revoked = n,
		.anchor = { .events = 4711, .records = 1234, .hash = digest_of("head", 4) },
	};

	return spec;
}

static struct buf sign(const struct world *world, const struct crl_spec *spec)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	struct buf der = BUF_INIT;
	struct err err = ERR_INIT;

	if (lint_approve_crl(world->lint, spec, WORLD_NOW, &findings, &approval, &err) < 0) {
		world_print(&findings);
		fail_msg("%s", err.text);
	}
	if (approvals_sign(world->signer, world->ca, &approval, 1, NULL, &der, &err) < 0)
		fail_msg("%s", err.text);
	return der;
}

static X509_CRL *parse(const struct buf *der)
{
	const unsigned char *at = der->data;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der->len);

	assert_non_null(crl);
	assert_ptr_equal(at, der->data + der->len);
	return crl;
}

static char *text_of(X509_CRL *crl)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	char *text;
	long len;

	assert_int_equal(X509_CRL_print(bio, crl), 1);
	len = BIO_get_mem_data(bio, &bytes);
	text = mem_dup(bytes, (size_t)len);
	BIO_free(bio);
	return text;
}

static struct crl *read_one(const struct buf *der)
{
	struct crl **all = NULL;
	struct crl *one;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (crl_read("crl.der", der, &all, &n, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(n, 1);
	one = mem_give(all[0]);
	crls_free(all, n);
	return one;
}

/* --- what it says --- */

static void says_what_was_asked(void **state)
{
	struct world *world = *state;
	const struct revocation all[] = {
		revoked(0x7f, WORLD_NOW - 3600, REVOKED_UNSPECIFIED),
		revoked(0x80, WORLD_NOW - 60, REVOKED_KEY_COMPROMISE),
		revoked(0xfffefdfc, WORLD_NOW, REVOKED_SUPERSEDED),
	};
	const struct crl_spec spec = spec_of(all, mem_count(all));
	BUF_AUTO der = sign(world, &spec);
	X509_CRL *crl = parse(&der);
	MICA_FREE char *text = text_of(crl);
	const char *reason = strstr(text, "X509v3 CRL Reason Code: \n");

	assert_int_equal(X509_CRL_verify(crl, world->ca_key), 1);
	assert_non_null(strstr(text, "Version 2 (0x1)"));
	assert_non_null(strstr(text, "Milvus CA g1"));
	assert_non_null(strstr(text, "X509v3 CRL Number: \n                1790000000\n"));
	assert_non_null(strstr(text, "X509v3 Authority Key Identifier: \n"));
	assert_non_null(strstr(text, CRL_ANCHOR_OID ": \n"));
	assert_null(strstr(text, "critical"));
	assert_non_null(strstr(text, "Serial Number: 7F\n"));
	assert_non_null(strstr(text, "Serial Number: 80\n"));
	assert_non_null(strstr(text, "Serial Number: FFFEFDFC\n"));
	assert_non_null(reason); /* two of the three have one */
	assert_non_null(strstr(reason, "Key Compromise"));
	assert_non_null(strstr(reason, "Superseded"));
	assert_null(strstr(text, "Unspecified"));
	X509_CRL_free(crl);
}

static void nothing_revoked_is_no_list(void **state)
{
	const struct crl_spec spec = spec_of(NULL, 0);
	BUF_AUTO der = sign(*state, &spec);
	X509_CRL *crl = parse(&der);
	MICA_AUTO(crl_freep) struct crl *read = read_one(&der);

	assert_null(X509_CRL_get_REVOKED(crl));
	assert_int_equal(crl_count(read), 0);
	assert_false(crl_has(read, (const uint8_t[SERIAL_LEN]){ 0 }, NULL));
	X509_CRL_free(crl);
}

/* RFC 5280 5.1.2.4: a year after 2049 is written with four digits. */
static void times_after_2049(void **state)
{
	struct world *world = *state;
	BUF_AUTO spki = soft_spki(world->ca_key);
	MICA_AUTO(ca_freep) struct ca *bare = NULL;
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(approval_freep) struct approval *approval = NULL;
	struct crl_spec spec = spec_of(NULL, 0);
	struct err err = ERR_INIT;

	spec.next_update = 2524608000; /* 2050-01-01T00:00:00Z */
	assert_int_equal(
	    ca_of_key(world_subject, mem_count(world_subject), &spki, &bare, &err), 0);
	assert_int_equal(lint_new(bare, &lint, &err), 0);
	assert_int_equal(
	    lint_approve_crl(lint, &spec, WORLD_NOW, &findings, &approval, &err), 0);
	assert_int_equal(findings.n, 0);
	assert_non_null(memmem(approval_tbs(approval)->data, approval_tbs(approval)->len,
	    "\x18\x0f"
	    "20500101000000Z",
	    17));
}

/* --- signed with others, and only so --- */

static struct approval *approve_leaf(struct world *world, const struct buf *spki)
{
	struct draft_spec spec = world_spec(PROFILE_CLIENT, spki);
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	struct err err = ERR_INIT;

	if (lint_approve(world->lint, &spec, WORLD_NOW, &findings, &approval, &err) < 0)
		fail_msg("%s", err.text);
	return approval;
}

static struct approval *approve_list(struct world *world)
{
	const struct revocation one = revoked(1, WORLD_NOW, REVOKED_CESSATION);
	const struct crl_spec spec = spec_of(&one, 1);
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	struct err err = ERR_INIT;

	if (lint_approve_crl(world->lint, &spec, WORLD_NOW, &findings, &approval, &err) < 0)
		fail_msg("%s", err.text);
	return approval;
}

static void one_batch_with_leaves(void **state)
{
	struct world *world = *state;
	EVP_PKEY *key = soft_key(ALG_EC_P256);
	BUF_AUTO spki = soft_spki(key);
	struct approval *approvals[3] = { approve_leaf(world, &spki), approve_list(world),
		approve_leaf(world, &spki) };
	BUF_AUTO approved = BUF_INIT;
	BUF_AUTO tbs = BUF_INIT;
	struct buf der[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct err err = ERR_INIT;
	size_t calls = world->soft.calls;
	uint8_t serial[20];
	MICA_AUTO(crl_freep) struct crl *crl = NULL;

	buf_add(&approved, approval_tbs(approvals[1])->data, approval_tbs(approvals[1])->len);
	if (approvals_sign(world->signer, world->ca, approvals, 3, NULL, der, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(world->soft.calls, calls + 1);
	assert_int_equal(crl_tbs(&der[1], &tbs, &err), 0);
	assert_true(buf_same(&tbs, approved.data, approved.len));
	crl = read_one(&der[1]);
	assert_true(crl_is_from(crl, world->ca));
	for (int i = 0; i < 3; i += 2) {
		buf_reset(&tbs);
		assert_int_equal(certificate_parts(&der[i], &tbs, serial, &err), 0);
	}
	for (int i = 0; i < 3; i++)
		buf_clear(&der[i]);
	EVP_PKEY_free(key);
}

/* A CA's first list in one batch with its own certificate: what that says is not judged then.
 */
static void one_batch_with_the_ca_itself(void **state)
{
	struct world *world = *state;
	BUF_AUTO spki = soft_spki(world->ca_key);
	struct draft_spec own = world_spec(PROFILE_CA, NULL);
	const struct crl_spec list = spec_of(NULL, 0);
	MICA_AUTO(ca_freep) struct ca *bare = NULL;
	MICA_AUTO(ca_freep) struct ca *made = NULL;
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(crl_freep) struct crl *crl = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approvals[2] = { NULL, NULL };
	struct buf der[2] = { BUF_INIT, BUF_INIT };
	struct err err = ERR_INIT;

	assert_int_equal(
	    ca_of_key(world_subject, mem_count(world_subject), &spki, &bare, &err), 0);
	assert_int_equal(lint_new(bare, &lint, &err), 0);
	assert_int_equal(
	    lint_approve(lint, &own, WORLD_NOW, &findings, &approvals[0], &err), 0);
	assert_int_equal(
	    lint_approve_crl(lint, &list, WORLD_NOW, &findings, &approvals[1], &err), 0);
	assert_int_equal(findings.n, 0);
	assert_int_equal(approvals_sign(world->signer, bare, approvals, 2, NULL, der, &err), 0);
	assert_int_equal(ca_read("ca.der", &der[0], &made, &err), 0);
	crl = read_one(&der[1]);
	assert_true(crl_is_from(crl, made));
	for (int i = 0; i < 2; i++)
		buf_clear(&der[i]);
}

/* An approval is for one CA. */
static void for_one_ca(void **state)
{
	struct world *world = *state;
	struct world other;
	struct approval *approval = approve_list(world);
	BUF_AUTO der = BUF_INIT;
	struct err err = ERR_INIT;

	world_init(&other, ALG_EC_P256);
	assert_int_equal(
	    approvals_sign(other.signer, other.ca, &approval, 1, NULL, &der, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_null(approval);
	world_clear(&other);
}

static void a_wrong_signature_is_no_list(void **state)
{
	struct world *world = *state;
	static const enum soft_fault faults[] = { SOFT_FAILS, SOFT_WRONG_BIT, SOFT_SHORT,
		SOFT_LONG, SOFT_EMPTY, SOFT_OTHER_DATA };

	for (size_t i = 0; i < mem_count(faults); i++) {
		struct approval *approval = approve_list(world);
		BUF_AUTO der = BUF_INIT;
		struct err err = ERR_INIT;

		world->soft.fault = faults[i];
		assert_int_equal(
		    approvals_sign(world->signer, world->ca, &approval, 1, NULL, &der, &err),
		    -1);
		assert_int_equal(der.len, 0);
		assert_null(approval);
		if (faults[i] != SOFT_FAILS)
			assert_non_null(strstr(err.text, "the revocation list for 'g1'"));
	}
	world->soft.fault = SOFT_GOOD;
}

/* --- reading --- */

static void reads_back(void **state)
{
	struct world *world = *state;
	const struct revocation all[] = {
		revoked(5, WORLD_NOW - 5, REVOKED_UNSPECIFIED),
		revoked(0x80000000, WORLD_NOW - 4, REVOKED_AA_COMPROMISE),
	};
	const struct crl_spec spec = spec_of(all, mem_count(all));
	BUF_AUTO der = sign(world, &spec);
	MICA_AUTO(crl_freep) struct crl *crl = read_one(&der);
	const struct revocation absent = revoked(6, 0, REVOKED_UNSPECIFIED);
	struct revocation found = { .at = -1 };
	struct anchor anchor;

	assert_true(buf_same(crl_der(crl), der.data, der.len));
	assert_int_equal(crl_number(crl), spec.number);
	assert_int_equal(crl_this_update(crl), spec.this_update);
	assert_int_equal(crl_next_update(crl), spec.next_update);
	assert_true(crl_anchor(crl, &anchor));
	assert_int_equal(anchor.events, 4711);
	assert_int_equal(anchor.records, 1234);
	assert_memory_equal(&anchor.hash, &spec.anchor.hash, DIGEST_LEN);
	assert_int_equal(crl_count(crl), 2);
	assert_false(crl_has(crl, absent.serial, &found));
	assert_int_equal(found.at, -1);
	for (size_t i = 0; i < 2; i++) {
		assert_true(crl_has(crl, all[i].serial, &found));
		assert_memory_equal(found.serial, all[i].serial, SERIAL_LEN);
		assert_int_equal(found.at, all[i].at);
		assert_int_equal(found.reason, all[i].reason);
		assert_true(crl_has(crl, all[i].serial, NULL));
	}
}

static void several_as_pem(void **state)
{
	struct world *world = *state;
	struct crl_spec spec = spec_of(NULL, 0);
	BUF_AUTO first = sign(world, &spec);
	BUF_AUTO second = BUF_INIT;
	BUF_AUTO pem = BUF_INIT;
	struct crl **all = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	spec.number++;
	second = sign(world, &spec);
	buf_addstr(&pem, "0 text before the block\n");
	crl_pem(&first, &pem);
	crl_pem(&second, &pem);
	assert_int_equal(crl_read("crl.pem", &pem, &all, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(crl_number(all[0]) + 1, crl_number(all[1]));
	assert_true(buf_same(crl_der(all[1]), second.data, second.len));
	crls_free(all, n);
}

static void another_ca(void **state)
{
	struct world *world = *state;
	struct world other;
	const struct crl_spec spec = spec_of(NULL, 0);
	BUF_AUTO der = BUF_INIT;
	MICA_AUTO(crl_freep) struct crl *crl = NULL;

	world_init(&other, ALG_RSA_2048); /* the same name, another key */
	der = sign(&other, &spec);
	crl = read_one(&der);
	assert_true(crl_is_from(crl, other.ca));
	assert_false(crl_is_from(crl, world->ca));
	world_clear(&other);
}

static void spoiled_bytes(void **state)
{
	struct world *world = *state;
	const struct revocation one = revoked(1, WORLD_NOW, REVOKED_CESSATION);
	const struct crl_spec spec = spec_of(&one, 1);
	BUF_AUTO der = sign(world, &spec);

	for (size_t i = 0; i < der.len; i++) {
		struct crl **all = NULL;
		struct err err = ERR_INIT;
		size_t n = 0;

		der.data[i] ^= 0x01;
		if (crl_read("crl.der", &der, &all, &n, &err) == 0) {
			assert_int_equal(n, 1);
			assert_false(crl_is_from(all[0], world->ca));
			crls_free(all, n);
		}
		der.data[i] ^= 0x01;
	}
	assert_int_equal(ERR_peek_error(), 0);
}

static void not_read(const struct buf *bytes, const char *words)
{
	struct crl **all = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	assert_int_equal(crl_read("crl.pem", bytes, &all, &n, &err), -1);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_null(all);
	assert_int_equal(ERR_peek_error(), 0);
}

static void what_is_no_list(void **state)
{
	struct world *world = *state;
	const struct crl_spec spec = spec_of(NULL, 0);
	BUF_AUTO der = sign(world, &spec);
	BUF_AUTO bytes = BUF_INIT;

	not_read(&bytes, "holds no revocation list");
	not_read(ca_der(world->ca), "cannot be read");
	not_read(ca_pem(world->ca), "a PEM block 'CERTIFICATE'");
	buf_add(&bytes, der.data, der.len - 1);
	not_read(&bytes, "cannot be read");
	buf_reset(&bytes);
	buf_add(&bytes, der.data, der.len);
	buf_add(&bytes, "", 1);
	not_read(&bytes, "cannot be read");
	buf_reset(&bytes);
	crl_pem(&der, &bytes);
	buf_addstr(&bytes, "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n");
	not_read(&bytes, "cannot be read");
	buf_cut(&bytes, bytes.len / 2);
	not_read(&bytes, "malformed PEM block");
}

static void tbs_of_no_list(void **state)
{
	BUF_AUTO bytes = BUF_INIT;
	BUF_AUTO ret = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	buf_addstr(&bytes, "no list");
	assert_int_equal(crl_tbs(&bytes, &ret, &err), -1);
	assert_int_equal(ret.len, 0);
}

/* --- a hundred thousand --- */

static void very_many(void **state)
{
	struct world *world = *state;
	struct revocation *all = mem_array(MANY, sizeof(*all));
	struct crl_spec spec = spec_of(all, MANY);
	BUF_AUTO der = BUF_INIT;
	MICA_AUTO(crl_freep) struct crl *crl = NULL;

	for (uint32_t i = 0; i < MANY; i++) {
		all[i] = revoked(i * 2654435761U, WORLD_NOW - i, REVOKED_KEY_COMPROMISE);
		for (int at = 0; at < 8; at++) /* ascending, and as long as real ones */
			all[i].serial[at] = at < 4 ? 0x40 : (uint8_t)(i >> 8 * (7 - at));
	}
	der = sign(world, &spec);
	crl = read_one(&der);
	assert_true(crl_is_from(crl, world->ca));
	assert_int_equal(crl_count(crl), MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		struct revocation found;

		if (!crl_has(crl, all[i].serial, &found) || found.at != all[i].at)
			fail_msg("entry %u", i);
	}
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_was_asked),
		cmocka_unit_test(nothing_revoked_is_no_list),
		cmocka_unit_test(times_after_2049),
		cmocka_unit_test(one_batch_with_leaves),
		cmocka_unit_test(one_batch_with_the_ca_itself),
		cmocka_unit_test(for_one_ca),
		cmocka_unit_test(a_wrong_signature_is_no_list),
		cmocka_unit_test(reads_back),
		cmocka_unit_test(several_as_pem),
		cmocka_unit_test(another_ca),
		cmocka_unit_test(spoiled_bytes),
		cmocka_unit_test(what_is_no_list),
		cmocka_unit_test(tbs_of_no_list),
		cmocka_unit_test(very_many),
	};

	return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
