// SPDX-License-Identifier: Apache-2.0
/* A proof on the wire, and what a token calls itself. What a proof finds is in
 * tests/cli/test_prove.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mica/mem.h>

#include "../../hsm/wire/proof.h"

static void add_attributes(struct token_attributes *to)
{
	static const char *const names[] = { "CKA_SENSITIVE", "CKA_WRAP", "CKA_EXTRACTABLE" };

	to->items = mem_array(mem_count(names), sizeof(*to->items));
	for (; to->n < mem_count(names); to->n++)
		to->items[to->n] = (struct token_attribute){ mem_strdup(names[to->n]),
			(enum token_flag)(1 - (int)to->n) };
}

static void fill(struct token_proof *proof)
{
	*proof = (struct token_proof){ .mechanisms_told = true,
		.n_mechanisms = 1,
		.leftovers = 2,
		.n_trials = 2,
		.n_certificates = 2 };
	proof->identity.label = mem_strdup("milvus-ca");
	proof->identity.module = mem_strdup("/lib/x.so");
	proof->identity.slot_flags = mem_strdup("CKF_HW_SLOT");
	proof->identity.hardware_slot = true;
	add_attributes(&proof->key);
	add_attributes(&proof->sibling);
	proof->mechanisms = mem_array(1, sizeof(*proof->mechanisms));
	proof->mechanisms[0] = mem_strdup("CKM_ECDSA");
	proof->trials = mem_array(2, sizeof(*proof->trials));
	proof->trials[0] = (struct token_trial){ .name = mem_strdup("read-value"),
		.tried = mem_strdup("C_GetAttributeValue"),
		.answer = mem_strdup("CKR_ATTRIBUTE_SENSITIVE") };
	proof->trials[1] = (struct token_trial){ .name = mem_strdup("derive-ecdh"),
		.tried = mem_strdup("C_DeriveKey"),
		.reason = mem_strdup("no sibling"),
		.verdict = TOKEN_NOT_TRIED,
		.aim = TOKEN_USE };
	proof->certificates = mem_array(2, sizeof(*proof->certificates));
	buf_add(&proof->certificates[0], "0\0a", 3);
	buf_add(&proof->certificates[1], "1", 1);
}

static void same_attributes(
    const struct token_attributes *is, const struct token_attributes *was)
{
	assert_int_equal(is->n, was->n);
	for (size_t i = 0; i < is->n; i++) {
		assert_string_equal(is->items[i].name, was->items[i].name);
		assert_int_equal(is->items[i].value, was->items[i].value);
	}
}

static void test_there_and_back(void **state)
{
	struct token_proof in, out = { 0 };
	BUF_AUTO message = BUF_INIT;
	struct wire_in reader;

	(void)state;
	fill(&in);
	wire_put_proof(&message, &in);
	reader = wire_in(message.data, message.len);
	wire_get_proof(&reader, &out);
	assert_true(wire_end(&reader));
	assert_string_equal(out.identity.label, "milvus-ca");
	assert_string_equal(out.identity.serial, ""); /* never NULL to those who show it */
	assert_string_equal(out.identity.slot_flags, "CKF_HW_SLOT");
	assert_true(out.identity.hardware_slot && out.mechanisms_told);
	same_attributes(&out.key, &in.key);
	same_attributes(&out.sibling, &in.sibling);
	assert_string_equal(out.mechanisms[0], "CKM_ECDSA");
	assert_null(out.no_sibling);
	assert_int_equal(out.leftovers, 2);
	assert_string_equal(out.trials[0].answer, "CKR_ATTRIBUTE_SENSITIVE");
	assert_null(out.trials[0].reason);
	assert_int_equal(out.trials[0].verdict, TOKEN_REFUSED);
	assert_null(out.trials[1].answer);
	assert_int_equal(out.trials[1].verdict, TOKEN_NOT_TRIED);
	assert_int_equal(out.trials[1].aim, TOKEN_USE);
	assert_true(buf_same(&out.certificates[0], "0\0a", 3));
	assert_int_equal(out.n_certificates, 2);
	token_proof_clear(&out);
	token_proof_clear(&in);
}

/* every shorter message is a fault, and so is a longer one */
static void test_cut(void **state)
{
	struct token_proof in, out = { 0 };
	BUF_AUTO message = BUF_INIT;

	(void)state;
	fill(&in);
	wire_put_proof(&message, &in);
	for (size_t len = 0; len < message.len; len++) {
		struct wire_in reader = wire_in(message.data, len);

		wire_get_proof(&reader, &out);
		assert_false(wire_end(&reader));
	}
	buf_add(&message, "", 1);
	struct wire_in reader = wire_in(message.data, message.len);
	wire_get_proof(&reader, &out);
	assert_false(wire_end(&reader));
	token_proof_clear(&out);
	token_proof_clear(&in);
}

/* A number that stands for nothing is a fault wherever one can stand. */
static void test_numbers(void **state)
{
	struct token_proof in, out = { 0 };
	BUF_AUTO message = BUF_INIT;

	(void)state;
	fill(&in);
	in.trials[1].verdict = (enum token_verdict)9;
	wire_put_proof(&message, &in);
	struct wire_in reader = wire_in(message.data, message.len);
	wire_get_proof(&reader, &out);
	assert_true(reader.bad);
	buf_reset(&message);
	in.trials[1].verdict = TOKEN_REFUSED;
	in.key.items[0].value = (enum token_flag)7;
	wire_put_proof(&message, &in);
	reader = wire_in(message.data, message.len);
	wire_get_proof(&reader, &out);
	assert_true(reader.bad);
	token_proof_clear(&out);
	token_proof_clear(&in);
}

static void test_software(void **state)
{
	static const struct {
		const char *manufacturer, *model, *library;
		bool software;
	} cases[] = {
		{ "SoftHSM project", "SoftHSM v2", "SoftHSM", true },
		{ "SoftHSM project", "SoftHSM v2", "PKCS#11 Kit", true }, /* behind a server */
		{ "Mozilla Foundation", "NSS 3", "Mozilla Foundation", true },
		{ "IBM Corp.", "IBM SoftTok", "IBM", true },
		{ "IBM", "Soft", "IBM", true },
		{ "IBM", "SW   TPM", "tpm2-software.github.io", false },
		{ "Yubico (www.yubico.com)", "YubiKey YK5", "Yubico (www.yubico.com)", false },
		{ "piv_II", "PKCS#15 emulated", "OpenSC Project", false },
		{ "", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		const struct token_identity identity = {
			.manufacturer = (char *)cases[i].manufacturer,
			.model = (char *)cases[i].model,
			.library_manufacturer = (char *)cases[i].library,
		};

		if ((token_software(&identity) != NULL) != cases[i].software)
			fail_msg("%s %s", cases[i].manufacturer, cases[i].model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_software),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
