// SPDX-License-Identifier: Apache-2.0
/* approvals_sign(): what a token gives back is believed only when it verifies. */
#include "pki_world.h"

#include <openssl/x509v3.h>

#include <mica/parallel.h>

#include "../../src/pki/envelope.h"
#include "../../src/pki/pkey.h"

enum { MANY = 500 };

struct batch {
	struct world world;
	struct key *key;
	struct draft_spec spec; /* of all of them, but for the serial number */
	struct approval *approvals[MANY];
	struct buf certificates[MANY];
};

static int approve_one(void *context, size_t item, struct err *err)
{
	struct batch *batch = context;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct draft_spec spec = batch->spec;

	spec.serial[SERIAL_LEN - 1] = (uint8_t)item;
	spec.serial[SERIAL_LEN - 2] = (uint8_t)(item >> 8);
	return lint_approve(
	    batch->world.lint, &spec, WORLD_NOW, &findings, &batch->approvals[item], err);
}

static void approve(struct batch *batch, size_t n)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(approve_one(batch, i, &err), 0);
}

static void check_consumed(const struct batch *batch, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_null(batch->approvals[i]);
}

static void check_untouched(const struct batch *batch, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(batch->certificates[i].len, 0);
}

static void clear_certificates(struct batch *batch, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_clear(&batch->certificates[i]);
}

static void batch_init(struct batch *batch, enum algorithm algorithm)
{
	struct err err = ERR_INIT;

	*batch = (struct batch){ 0 };
	world_init(&batch->world, algorithm);
	assert_int_equal(key_generate(ALG_EC_P256, &batch->key, &err), 0);
	batch->spec = world_spec(PROFILE_SERVER, key_spki(batch->key));
}

static void batch_clear(struct batch *batch)
{
	key_free(batch->key);
	world_clear(&batch->world);
}

static void progress(void *context, size_t done, size_t total)
{
	size_t *seen = context;

	assert_int_equal(done, *seen + 1);
	assert_true(done <= total);
	*seen = done;
}

/* Each certificate verifies by libcrypto, and holds the approved bytes. About half of the
 * signatures end with a zero bit: taken for padding and trimmed, it would be missed. */
static void five_hundred_verify(void **state)
{
	static const enum algorithm all[] = { ALG_EC_P256, ALG_RSA_2048 };

	(void)state;
	for (size_t k = 0; k < mem_count(all); k++) {
		struct batch *batch = mem_zalloc(sizeof(*batch));
		struct buf *tbs = mem_array(MANY, sizeof(*tbs));
		size_t seen = 0;
		size_t even = 0;
		struct approvals_progress report = { progress, &seen };
		struct err err = ERR_INIT;

		batch_init(batch, all[k]);
		assert_int_equal(parallel_each(MANY, approve_one, batch, &err), 0);
		for (size_t i = 0; i < MANY; i++)
			buf_add(&tbs[i], approval_tbs(batch->approvals[i])->data,
			    approval_tbs(batch->approvals[i])->len);
		assert_int_equal(
		    approvals_sign(batch->world.signer, batch->world.ca, batch->approvals, MANY,
		        &report, batch->certificates, &err),
		    0);
		assert_int_equal(seen, MANY);
		assert_int_equal(batch->world.soft.calls, 2); /* the CA's own, and this one */
		check_consumed(batch, MANY);
		for (size_t i = 0; i < MANY; i++) {
			const unsigned char *at = batch->certificates[i].data;
			X509_AUTO *x509 = d2i_X509(NULL, &at, (long)batch->certificates[i].len);
			unsigned char *again = NULL;
			int len = i2d_re_X509_tbs(x509, &again);

			assert_int_equal(X509_verify(x509, batch->world.ca_key), 1);
			assert_true(buf_same(&tbs[i], again, (size_t)len));
			even += (at[-1] & 1) == 0;
			OPENSSL_free(again);
			buf_clear(&tbs[i]);
		}
		assert_in_range(
		    even, MANY / 4, MANY * 3 / 4); /* the trap was there to fall into */
		clear_certificates(batch, MANY);
		batch_clear(batch);
		free(tbs);
		free(batch);
	}
}

static void bad_signatures_deliver_nothing(void **state)
{
	static const enum soft_fault faults[] = { SOFT_WRONG_BIT, SOFT_SHORT, SOFT_LONG,
		SOFT_EMPTY, SOFT_OTHER_DATA };
	static const enum algorithm all[] = { ALG_EC_P256, ALG_EC_P384, ALG_RSA_2048 };

	(void)state;
	for (size_t k = 0; k < mem_count(all); k++) {
		struct batch *batch = mem_zalloc(sizeof(*batch));

		batch_init(batch, all[k]);
		for (size_t i = 0; i < mem_count(faults); i++) {
			struct err err = ERR_INIT;

			approve(batch, 3);
			batch->world.soft.fault = faults[i];
			assert_int_equal(
			    approvals_sign(batch->world.signer, batch->world.ca,
			        batch->approvals, 3, NULL, batch->certificates, &err),
			    -1);
			assert_int_equal(err.kind, ERR_FAILED);
			assert_non_null(strstr(err.text, "does not verify"));
			check_consumed(batch, 3);
			check_untouched(batch, 3);
		}
		batch_clear(batch);
		free(batch);
	}
}

static void another_key_is_found_out(void **state)
{
	struct batch *batch = mem_zalloc(sizeof(*batch));
	PKEY_AUTO *other = soft_key(ALG_EC_P256);
	struct err err = ERR_INIT;

	(void)state;
	batch_init(batch, ALG_EC_P256);
	approve(batch, 2);
	batch->world.soft.pkey = other;
	assert_int_equal(approvals_sign(batch->world.signer, batch->world.ca, batch->approvals,
	                     2, NULL, batch->certificates, &err),
	    -1);
	assert_string_equal(err.text,
	    "the signature of the certificate for 'server' does not verify with the key of "
	    "'CN=Milvus CA g1,O=Example,C=US'");
	check_consumed(batch, 2);
	check_untouched(batch, 2);
	batch_clear(batch);
	free(batch);
}

static void a_failing_signer_consumes_too(void **state)
{
	struct batch *batch = mem_zalloc(sizeof(*batch));
	struct err err = ERR_INIT;

	(void)state;
	batch_init(batch, ALG_EC_P256);
	approve(batch, 2);
	batch->world.soft.fault = SOFT_FAILS;
	assert_int_equal(approvals_sign(batch->world.signer, batch->world.ca, batch->approvals,
	                     2, NULL, batch->certificates, &err),
	    -1);
	assert_int_equal(err.kind, ERR_LOST);
	check_consumed(batch, 2);
	check_untouched(batch, 2);
	batch_clear(batch);
	free(batch);
}

/* An approval is worth nothing to another CA, even one with the same key. */
static void an_approval_is_for_one_issuer(void **state)
{
	static const struct rdn subject[] = { { (char *)"CN", (char *)"Another" } };
	struct batch *batch = mem_zalloc(sizeof(*batch));
	BUF_AUTO spki = BUF_INIT;
	MICA_AUTO(ca_freep) struct ca *other = NULL;
	struct err err = ERR_INIT;
	size_t calls;

	(void)state;
	batch_init(batch, ALG_EC_P256);
	approve(batch, 1);
	calls = batch->world.soft.calls;
	spki = soft_spki(batch->world.ca_key);
	assert_int_equal(ca_of_key(subject, 1, &spki, &other, &err), 0);
	assert_int_equal(approvals_sign(batch->world.signer, other, batch->approvals, 1, NULL,
	                     batch->certificates, &err),
	    -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_int_equal(batch->world.soft.calls, calls);
	check_consumed(batch, 1);
	batch_clear(batch);
	free(batch);
}

static void nothing_to_sign_asks_nobody(void **state)
{
	struct world world;
	struct err err = ERR_INIT;

	(void)state;
	world_init(&world, ALG_EC_P256);
	world.soft.fault = SOFT_FAILS;
	assert_int_equal(approvals_sign(world.signer, world.ca, NULL, 0, NULL, NULL, &err), 0);
	assert_int_equal(world.soft.calls, 1);
	world_clear(&world);
}

/* --- envelopes --- */

static void envelopes_are_der_and_nothing_else(void **state)
{
	static const uint8_t good[] = { 0x30, 0x0a, 0x30, 0x00, 0x30, 0x03, 0x06, 0x01, 0x2a,
		0x03, 0x01, 0x00 };
	static const uint8_t long_form[] = { 0x30, 0x81, 0x0a, 0x30, 0x00, 0x30, 0x03, 0x06,
		0x01, 0x2a, 0x03, 0x01, 0x00 };
	static const uint8_t no_sequence[] = { 0x30, 0x0a, 0x31, 0x00, 0x30, 0x03, 0x06, 0x01,
		0x2a, 0x03, 0x01, 0x00 };
	MICA_AUTO(envelope_freep) struct envelope *envelope = envelope_open(good, sizeof(good));
	uint8_t longer[sizeof(good) + 1] = { 0 };

	(void)state;
	memcpy(longer, good, sizeof(good));
	assert_non_null(envelope);
	assert_null(envelope_open(longer, sizeof(longer)));
	assert_null(envelope_open(good, sizeof(good) - 1));
	assert_null(envelope_open(long_form, sizeof(long_form)));
	assert_null(envelope_open(no_sequence, sizeof(no_sequence)));
	assert_null(envelope_open("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_hundred_verify),
		cmocka_unit_test(bad_signatures_deliver_nothing),
		cmocka_unit_test(another_key_is_found_out),
		cmocka_unit_test(a_failing_signer_consumes_too),
		cmocka_unit_test(an_approval_is_for_one_issuer),
		cmocka_unit_test(nothing_to_sign_asks_nobody),
		cmocka_unit_test(envelopes_are_der_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
