// SPDX-License-Identifier: Apache-2.0
/* The latch of a login that did not succeed: its file, its name, who heeds it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/file.h>
#include <mica/mem.h>

#include "../../hsm/latch.h"
#include "scratch.h"

enum { NOON = 1795348800 }; /* 2026-11-22T12:00:00Z */

static struct token_info plain = {
	.label = (char[]){ "milvus-ca" },
	.serial = (char[]){ "0000000000000000" },
	.manufacturer = (char[]){ "maker" },
	.model = (char[]){ "model" },
	.initialized = true,
	.login_required = true,
};

static struct latch latch_of(
    const char *dir, enum token_latch_rule rule, const struct token_info *info)
{
	struct latch latch = { .dir = mem_strdup(dir), .rule = rule, .now = NOON };

	latch_name(&latch, info);
	return latch;
}

#define LATCH_AUTO MICA_AUTO(latch_clear) struct latch

static void must(int result, const struct err *err)
{
	if (result < 0)
		fail_msg("%s (hint: %s)", err->text, err->hint);
}

static size_t files_in(const char *dir)
{
	BUF_AUTO list = BUF_INIT;
	size_t n = 0;

	scratch_list(dir, "", &list);
	for (const char *at = buf_text(&list); *at; at++)
		n += *at == '\n';
	return n;
}

/* --- armed and disarmed -------------------------------------------------------- */

static void test_life(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LATCH_AUTO latch = latch_of(dir, TOKEN_LATCH_HEEDED, &plain);
	struct token_latch found = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	must(latch_check(&latch, NULL, &err), &err);
	must(latch_arm(&latch, &err), &err);
	assert_int_equal(files_in(dir), 1);
	assert_int_equal(latch_check(&latch, &found, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_string_equal(err.text,
	    "no PIN is tried on token 'milvus-ca' (serial 0000000000000000): the login of "
	    "2026-11-22T12:00:00Z did not succeed: it was begun, and how it ended is not "
	    "known");
	assert_string_equal(err.hint, "put the PIN right, then: mica token --clear-latch");
	assert_null(found.path);
	must(latch_disarm(&latch, &err), &err);
	assert_int_equal(files_in(dir), 0);
	must(latch_check(&latch, NULL, &err), &err);
}

static void test_reason(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	LATCH_AUTO latch = latch_of(dir, TOKEN_LATCH_PASSED, &plain);
	struct token_latch found = { 0 };
	struct err err = ERR_INIT, why = ERR_INIT;

	(void)state;
	must(latch_arm(&latch, &err), &err);
	err_set(&why, ERR_PIN,
	    "cannot log in to token 'x' (serial y): C_Login said CKR_PIN_INCORRECT: the PIN is "
	    "wrong");
	latch_keep(&latch, &why);
	must(latch_check(&latch, &found, &err), &err);
	assert_string_equal(found.label, "milvus-ca");
	assert_string_equal(found.serial, "0000000000000000");
	assert_string_equal(found.manufacturer, "maker");
	assert_string_equal(found.model, "model");
	assert_int_equal(found.since, NOON);
	assert_string_equal(found.why, "C_Login said CKR_PIN_INCORRECT: the PIN is wrong");
	/* armed again it stays what it was */
	latch.now += 60;
	must(latch_arm(&latch, &err), &err);
	must(latch_check(&latch, &found, &err), &err);
	assert_int_equal(found.since, NOON);
	token_latch_clear(&found);
}

static void test_way_out(void **state)
{
	static const struct {
		enum token_latch_rule rule;
		enum err_kind kind;
		const char *hint;
	} cases[] = {
		{ TOKEN_LATCH_HEEDED, ERR_PIN,
		    "check the PIN, then: mica token --clear-latch" },
		{ TOKEN_LATCH_PASSED, ERR_PIN, "check the PIN" },
		{ TOKEN_LATCH_HEEDED, ERR_TIMEOUT, "check the PIN" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		SCRATCH_AUTO dir = scratch_new();
		LATCH_AUTO latch = latch_of(dir, cases[i].rule, &plain);
		struct err err = ERR_INIT, why = ERR_INIT;

		must(latch_arm(&latch, &err), &err);
		err_set(&why, cases[i].kind, "cannot log in");
		err_hint(&why, "check the PIN");
		latch_keep(&latch, &why);
		assert_string_equal(why.hint, cases[i].hint);
	}
}

/* Nothing is known of a state directory before init: it comes and goes with the latch. */
static void test_place(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *place = mem_printf("%s/state", dir);
	LATCH_AUTO latch = latch_of(place, TOKEN_LATCH_HEEDED, &plain);
	MICA_FREE char *other = mem_printf("%s/other", place);
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	must(latch_check(&latch, NULL, &err), &err);
	must(latch_arm(&latch, &err), &err);
	assert_int_equal(stat(place, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	must(latch_disarm(&latch, &err), &err);
	assert_int_equal(stat(place, &st), -1);
	must(latch_arm(&latch, &err), &err);
	must(file_replace(AT_FDCWD, other, "", 0, 0600, &err), &err);
	must(latch_disarm(&latch, &err), &err);
	assert_int_equal(stat(other, &st), 0);
	/* what was there before stays */
	assert_int_equal(unlink(other), 0);
	must(latch_arm(&latch, &err), &err);
	must(latch_disarm(&latch, &err), &err);
	assert_int_equal(stat(place, &st), 0);
}

static void test_no_place(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *file = mem_printf("%s/state", dir);
	LATCH_AUTO latch = latch_of(file, TOKEN_LATCH_HEEDED, &plain);
	struct err err = ERR_INIT;

	(void)state;
	must(file_replace(AT_FDCWD, file, "", 0, 0600, &err), &err);
	must(latch_check(&latch, NULL, &err), &err);
	assert_int_equal(latch_arm(&latch, &err), -1);
	assert_non_null(strstr(err.text, "no PIN is tried without a latch: '"));
	assert_non_null(strstr(err.hint, "mica must be able to write there"));
}

static void test_none_is_kept(void **state)
{
	LATCH_AUTO latch = latch_of(NULL, TOKEN_LATCH_HEEDED, &plain);
	struct err err = ERR_INIT;

	(void)state;
	must(latch_arm(&latch, &err), &err);
	must(latch_check(&latch, NULL, &err), &err);
	latch_keep(&latch, &err);
	must(latch_disarm(&latch, &err), &err);
}

/* --- whose it is --------------------------------------------------------------- */

static char *path_of(
    const char *label, const char *serial, const char *maker, const char *model)
{
	const struct token_info info = { .label = (char *)label,
		.serial = (char *)serial,
		.manufacturer = (char *)maker,
		.model = (char *)model };
	LATCH_AUTO latch = latch_of("d", TOKEN_LATCH_HEEDED, &info);

	return mem_strdup(latch.file.path);
}

static void test_names(void **state)
{
	static const char *const names[][4] = {
		{ "a", "0", "m", "n" },
		{ "b", "0", "m", "n" }, /* a TPM's serial number is 0 whatever it is */
		{ "a", "1", "m", "n" },
		{ "a", "0", "x", "n" },
		{ "a", "0", "m", "x" },
		{ "a0", "", "m", "n" },
	};
	char *paths[mem_count(names)];

	(void)state;
	for (size_t i = 0; i < mem_count(names); i++) {
		paths[i] = path_of(names[i][0], names[i][1], names[i][2], names[i][3]);
		assert_int_equal(strspn(paths[i] + strlen("d/latch-"), "0123456789abcdef"), 32);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(paths[i], paths[k]);
	}
	for (size_t i = 0; i < mem_count(names); i++) {
		MICA_FREE char *again =
		    path_of(names[i][0], names[i][1], names[i][2], names[i][3]);

		assert_string_equal(again, paths[i]);
		free(paths[i]);
	}
}

/* A label of any bytes is one line, and is read as it was. */
static void test_strange_label(void **state)
{
	const struct token_info info = { .label = (char[]){ "50%\n# why: no\x7f \xc3\xa4: " },
		.serial = (char[]){ "" },
		.manufacturer = (char[]){ "m" },
		.model = (char[]){ "" } };
	SCRATCH_AUTO dir = scratch_new();
	LATCH_AUTO latch = latch_of(dir, TOKEN_LATCH_PASSED, &info);
	struct token_latch found = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	must(latch_arm(&latch, &err), &err);
	must(latch_check(&latch, &found, &err), &err);
	assert_string_equal(found.label, info.label);
	assert_string_equal(found.serial, "");
	assert_string_equal(found.why, "it was begun, and how it ended is not known");
	token_latch_clear(&found);
}

static void arm(const char *dir, const char *label, const char *serial)
{
	struct token_info info = plain;
	struct err err = ERR_INIT;

	info.label = (char *)label;
	info.serial = (char *)serial;
	LATCH_AUTO latch = latch_of(dir, TOKEN_LATCH_HEEDED, &info);
	must(latch_arm(&latch, &err), &err);
}

static size_t meant(const char *dir, const char *uri)
{
	MICA_AUTO(token_latches_clear) struct token_latches latches = { NULL, 0 };
	struct err err = ERR_INIT;

	must(token_latches(dir, uri, &latches, &err), &err);
	return latches.n;
}

static void test_meant(void **state)
{
	SCRATCH_AUTO dir = scratch_new();
	MICA_FREE char *nowhere = mem_printf("%s/nowhere", dir);

	(void)state;
	arm(dir, "milvus-ca", "0");
	arm(dir, "milvus-ca", "1");
	arm(dir, "another ca", "0");
	assert_int_equal(meant(dir, "pkcs11:token=milvus-ca;object=ca"), 2);
	assert_int_equal(meant(dir, "pkcs11:token=milvus-ca;serial=1;object=ca"), 1);
	assert_int_equal(meant(dir, "pkcs11:token=another%20ca;id=%01"), 1);
	assert_int_equal(meant(dir, "pkcs11:manufacturer=maker;object=ca"), 3);
	assert_int_equal(meant(dir, "pkcs11:token=nobody;object=ca"), 0);
	assert_int_equal(meant(nowhere, "pkcs11:token=milvus-ca;object=ca"), 0);
}

static void test_removed(void **state)
{
	static const char uri[] = "pkcs11:token=milvus-ca;object=ca";
	SCRATCH_AUTO dir = scratch_new();
	MICA_AUTO(token_latches_clear) struct token_latches latches = { NULL, 0 };
	struct err err = ERR_INIT;

	(void)state;
	arm(dir, "milvus-ca", "0");
	arm(dir, "another", "0");
	must(token_latches(dir, uri, &latches, &err), &err);
	assert_int_equal(latches.n, 1);
	must(token_unlatch(&latches.items[0], &err), &err);
	must(token_unlatch(&latches.items[0], &err), &err); /* as it is now */
	assert_int_equal(files_in(dir), 1);
	assert_int_equal(meant(dir, uri), 0);
}

/* That it is there is what counts. */
static void test_unreadable(void **state)
{
	static const char *const texts[] = { "", "\n", "label", "label:", "label: ", ": x",
		"since: x\n", "why: %", "why: %g", "since: 2026-02-31\n", "#",
		"%0a: x\nserial" };
	SCRATCH_AUTO dir = scratch_new();
	LATCH_AUTO latch = latch_of(dir, TOKEN_LATCH_HEEDED, &plain);
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < mem_count(texts); i++) {
		must(file_replace(
		         AT_FDCWD, latch.file.path, texts[i], strlen(texts[i]), 0600, &err),
		    &err);
		assert_int_equal(latch_check(&latch, NULL, &err), -1);
		assert_int_equal(err.kind, ERR_REFUSED);
		/* it may be any token's */
		assert_int_equal(meant(dir, "pkcs11:token=nobody;object=ca"), 1);
	}
	assert_int_equal(unlink(latch.file.path), 0);
	assert_int_equal(symlink("/nowhere", latch.file.path), 0);
	assert_int_equal(latch_check(&latch, NULL, &err), -1);
	assert_int_equal(unlink(latch.file.path), 0);
	assert_int_equal(mkdir(latch.file.path, 0700), 0);
	assert_int_equal(latch_check(&latch, NULL, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_way_out),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_no_place),
		cmocka_unit_test(test_none_is_kept),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_strange_label),
		cmocka_unit_test(test_meant),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
