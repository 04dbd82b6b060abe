// SPDX-License-Identifier: Apache-2.0
/* What the door does when the module hangs, crashes, loses its sessions or lies:
 * libmica-fault.so stands before SoftHSM2 and goes wrong where it is told to. */
#include "hsm_world.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include <mica/harden.h>

#define KEY_URI "pkcs11:token=milvus-ca;object=fault"

static const struct token_params quick = {
	.deadline_ms = 1500, .login_ms = 1500, .generate_ms = 1500
};

static void set_fault(const struct world *world, const char *fault)
{
	MICA_FREE char *counts = mem_printf("%s/counts", world->dir);
	MICA_FREE char *log = mem_printf("%s/log", world->dir);

	unlink(counts);
	unlink(log);
	setenv("MICA_FAULT", fault, 1);
	setenv("MICA_FAULT_COUNTS", counts, 1);
	setenv("MICA_FAULT_LOG", log, 1);
}

/* How many calls of this function ended, or hung, in all processes since set_fault() */
static size_t calls(const struct world *world, const char *function)
{
	MICA_FREE char *path = mem_printf("%s/log", world->dir);
	MICA_FREE char *word = mem_printf(" %s ", function);
	BUF_AUTO log = BUF_INIT;
	struct err err = ERR_INIT;
	size_t n = 0;

	must(file_read(-1, path, 64 << 20, &log, &err), &err);
	for (const char *at = buf_text(&log); (at = strstr(at, word)) != NULL; at++)
		n++;
	return n;
}

static int open_proxy(const struct world *world, struct token **ret, struct err *err)
{
	struct token_params params = quick;

	params.module = world->proxy;
	return token_open(&params, ret, err);
}

static struct token *open_must(const struct world *world)
{
	struct token *token = NULL;
	struct err err = ERR_INIT;

	must(open_proxy(world, &token, &err), &err);
	return token;
}

struct running {
	struct token *token;
	struct token_key key;
	struct signer *signer;
	struct world_jobs jobs;
};

/* A key that was found, ready to sign n jobs; the faults are set before, so that counting
 * begins here. */
static struct running begin(const struct world *world, const char *fault, size_t n)
{
	struct running running = { .token = NULL };
	struct err err = ERR_INIT;

	set_fault(world, fault);
	running.token = open_must(world);
	must(token_select(running.token, KEY_URI, NULL, &err), &err);
	must(world_login(world, running.token, &err), &err);
	must(token_find_key(running.token, &running.key, &err), &err);
	running.signer = world_signer(running.token, &running.key, TOKEN_USE_ISSUE);
	running.jobs = world_jobs(ALG_EC_P256, n);
	return running;
}

static void end(struct running *running)
{
	signer_free(running->signer);
	world_jobs_clear(&running->jobs);
	token_key_clear(&running->key);
	token_close(running->token);
}

static int sign(struct running *running, struct err *err)
{
	return world_sign(running->signer, running->jobs.jobs, running->jobs.n, err);
}

static void all_verify(const struct running *running)
{
	for (size_t i = 0; i < running->jobs.n; i++)
		assert_true(world_verifies(&running->key, &running->jobs.jobs[i]));
}

static bool alive(long pid)
{
	MICA_FREE char *path = mem_printf("/proc/%ld/stat", pid);
	BUF_AUTO stat = BUF_INIT;
	struct err err = ERR_INIT;
	const char *state;

	if (file_read(-1, path, 4096, &stat, &err) < 0)
		return false;
	state = strrchr(buf_text(&stat), ')');
	return state && state[2] != 'Z' && state[2] != 'X';
}

/* Processes in the log, which tells of all that called the module, that still run */
static size_t still_running(const struct world *world)
{
	MICA_FREE char *path = mem_printf("%s/log", world->dir);
	BUF_AUTO log = BUF_INIT;
	struct err err = ERR_INIT;
	size_t n = 0;

	must(file_read(-1, path, 64 << 20, &log, &err), &err);
	for (const char *at = buf_text(&log); at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		n += *at && alive(strtol(at, NULL, 10));
	}
	return n;
}

static void nobody_left(const struct world *world)
{
	for (int i = 0; i < 50 && still_running(world) > 0; i++)
		usleep(20000);
	assert_int_equal(still_running(world), 0);
}

static int group_up(void **state)
{
	struct token_key key = { 0 };
	struct token *token;

	if (world_up(state) != 0)
		return -1;
	token = world_begin(*state, NULL, KEY_URI);
	world_generate(token, ALG_EC_P256, "f", &key);
	token_key_clear(&key);
	token_close(token);
	return 0;
}

/* --- hangs --------------------------------------------------------------------- */

static void check_hang(const struct err *err, const char *call, double begun)
{
	MICA_FREE char *words =
	    mem_printf("the token's module hung in %s: no answer for 1.", call);

	assert_true(world_now() - begun < 3);
	assert_int_equal(err->kind, ERR_TIMEOUT);
	if (!strstr(err->text, words))
		fail_msg("%s", err->text);
}

static void test_hang_initialize(void **state)
{
	struct token *token = NULL;
	struct err err = ERR_INIT;
	double begun = world_now();

	set_fault(*state, "C_Initialize@*=hang");
	assert_int_equal(open_proxy(*state, &token, &err), -1);
	check_hang(&err, "C_Initialize, C_GetInfo or C_GetFunctionList", begun);
	nobody_left(*state);
}

static void test_hang_login(void **state)
{
	struct token *token;
	struct err err = ERR_INIT;
	double begun;

	set_fault(*state, "C_Login@*=hang");
	token = open_must(*state);
	must(token_select(token, KEY_URI, NULL, &err), &err);
	begun = world_now();
	assert_int_equal(world_login(*state, token, &err), -1);
	check_hang(&err, "C_Login", begun);
	/* what hung is not called again */
	begun = world_now();
	assert_int_equal(token_select(token, KEY_URI, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_TIMEOUT);
	assert_true(world_now() - begun < 1);
	token_close(token);
	assert_int_equal(calls(*state, "C_Login"), 1);
	nobody_left(*state);
}

static void test_hang_sign(void **state)
{
	struct running running = begin(*state, "C_Sign@20+=hang", 100);
	struct err err = ERR_INIT;
	double begun = world_now();

	assert_int_equal(sign(&running, &err), -1);
	check_hang(&err, "C_Sign", begun);
	end(&running);
	nobody_left(*state);
}

static void test_hang_generate(void **state)
{
	struct token *token;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	BUF_AUTO id = BUF_INIT;
	double begun;

	set_fault(*state, "C_GenerateKeyPair@*=hang");
	token = open_must(*state);
	must(token_select(token, "pkcs11:token=milvus-ca;object=never", NULL, &err), &err);
	must(world_login(*state, token, &err), &err);
	buf_addstr(&id, "never");
	begun = world_now();
	assert_int_equal(token_generate_key(token, ALG_RSA_2048, &id, &key, &err), -1);
	check_hang(&err, "C_GenerateKeyPair", begun);
	assert_non_null(strstr(err.hint, "the key may have been made: run mica init again"));
	token_close(token);
}

/* An end that hangs is waited for, then killed. */
static void test_hang_finalize(void **state)
{
	struct token *token;

	set_fault(*state, "C_Finalize@*=hang");
	token = open_must(*state);
	token_close(token);
	nobody_left(*state);
}

/* A child of the module holds the socket open; it dies with its group. */
static void test_fork(void **state)
{
	struct running running = begin(*state, "C_Login@1=fork,C_Sign@5=crash", 20);
	struct err err = ERR_INIT;

	must(sign(&running, &err), &err);
	all_verify(&running);
	end(&running);
	nobody_left(*state);
}

/* mica itself is killed while the module hangs: mica-token ends all the same. */
static void test_orphan(void **state)
{
	pid_t child;
	int status;

	set_fault(*state, "C_Login@*=hang");
	child = fork();
	if (child == 0) {
		struct token *token = open_must(*state);
		struct err err = ERR_INIT;

		must(token_select(token, KEY_URI, NULL, &err), &err);
		alarm(1);
		(void)!world_login(*state, token, &err);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	sleep(6);
	nobody_left(*state);
}

/* --- crashes and losses -------------------------------------------------------- */

static void survive(const struct world *world, const char *fault, size_t fewest, size_t most)
{
	struct running running = begin(world, fault, 100);
	struct err err = ERR_INIT;

	must(sign(&running, &err), &err);
	all_verify(&running);
	end(&running);
	assert_in_range(calls(world, "C_Login"), fewest, most);
	nobody_left(world);
}

static void test_crash_once(void **state)
{
	survive(*state, "C_Sign@30=crash", 2, 2);
	/* what was signed before the crash is not signed again, but for what was under way */
	assert_in_range(calls(*state, "C_Sign"), 100, 170);
}

static void test_exit_once(void **state)
{
	survive(*state, "C_Sign@1=exit", 2, 2);
}

static void test_sessions_closed(void **state)
{
	survive(*state, "C_Sign@30=close", 2, 2);
	survive(*state, "C_SignInit@1=close", 2, 2);
}

static void test_device_errors(void **state)
{
	static const char *const values[] = { "0x5", "0x30", "0x32", "0xe0", "0xb0", "0xb3",
		"0x60", "0x82", "0x90", "0x101", "0x190" };

	for (size_t i = 0; i < mem_count(values); i++) {
		MICA_FREE char *fault = mem_printf("C_Sign@30=ckr:%s", values[i]);

		/* where libp11 does not tell the reason, Cryptoki is asked, and signs */
		survive(*state, fault, 1, 2);
	}
}

static void test_lost_in_find(void **state)
{
	survive(*state, "C_FindObjectsInit@1=crash", 2, 2);
	survive(*state, "C_GetAttributeValue@1=crash", 2, 2);
}

/* Before any token was chosen there is nothing to say again but the question itself. */
static void test_lost_in_list(void **state)
{
	struct token *token;
	struct token_info *infos = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	set_fault(*state, "C_GetSlotList@1=ckr:0x5");
	token = open_must(*state);
	must(token_list(token, &infos, &n, &err), &err);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		token_info_clear(&infos[i]);
	free(infos);
	token_close(token);
	set_fault(*state, "C_GetSlotList@1=crash");
	token = open_must(*state);
	must(token_select(token, KEY_URI, NULL, &err), &err);
	token_close(token);
}

/* Each loss is one new start, and the second within a minute is the end. */
static void test_crash_always(void **state)
{
	struct running running = begin(*state, "C_Sign@*=crash", 10);
	struct err err = ERR_INIT;

	assert_int_equal(sign(&running, &err), -1);
	assert_int_equal(err.kind, ERR_LOST);
	assert_non_null(strstr(err.text,
	    "the token was lost again after a new start: mica-token was ended by signal 11"));
	assert_non_null(strstr(err.text, " in C_Sign"));
	end(&running);
	assert_int_equal(calls(*state, "C_Login"), 2);
	assert_int_equal(calls(*state, "C_Sign"), 2);
	nobody_left(*state);
}

static void test_removed(void **state)
{
	struct running running = begin(*state, "C_Sign@5+=ckr:0x32", 10);
	struct err err = ERR_INIT;

	assert_int_equal(sign(&running, &err), -1);
	assert_int_equal(err.kind, ERR_LOST);
	assert_non_null(
	    strstr(err.text, "C_Sign said CKR_DEVICE_REMOVED: the token was removed"));
	end(&running);
}

/* A login whose end nobody saw is not made again. */
static void test_crash_in_login(void **state)
{
	struct token *token;
	struct err err = ERR_INIT;

	set_fault(*state, "C_Login@1=crash");
	token = open_must(*state);
	must(token_select(token, KEY_URI, NULL, &err), &err);
	assert_int_equal(world_login(*state, token, &err), -1);
	assert_int_equal(err.kind, ERR_LOST);
	assert_non_null(strstr(err.text, "mica-token was ended by signal 11"));
	assert_non_null(strstr(err.text, " in C_Login"));
	token_close(token);
	assert_int_equal(calls(*state, "C_Login"), 1);
}

/* The PIN that was good is refused after the new start: it is not tried a third time. */
static void test_pin_changed(void **state)
{
	struct running running = begin(*state, "C_Sign@5=crash,C_Login@2+=ckr:0xa0", 10);
	struct err err = ERR_INIT;

	assert_int_equal(sign(&running, &err), -1);
	assert_int_equal(err.kind, ERR_PIN);
	assert_non_null(strstr(err.text, "CKR_PIN_INCORRECT"));
	assert_int_equal(sign(&running, &err), -1);
	end(&running);
	assert_int_equal(calls(*state, "C_Login"), 2);
}

static void test_generate_not_twice(void **state)
{
	struct token *token;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	BUF_AUTO id = BUF_INIT;

	set_fault(*state, "C_GenerateKeyPair@1=after:0x30");
	token = open_must(*state);
	must(token_select(token, "pkcs11:token=milvus-ca;object=half", NULL, &err), &err);
	must(world_login(*state, token, &err), &err);
	buf_addstr(&id, "half");
	assert_int_equal(token_generate_key(token, ALG_EC_P256, &id, &key, &err), -1);
	assert_int_equal(err.kind, ERR_LOST);
	assert_non_null(strstr(err.text, "cannot make an ec-p256 key on token 'milvus-ca'"));
	token_close(token);
	assert_int_equal(calls(*state, "C_GenerateKeyPair"), 1);
}

/* --- lies ---------------------------------------------------------------------- */

static void test_wrong_signature(void **state)
{
	struct running running = begin(*state, "C_Sign@1=flip", 10);
	struct err err = ERR_INIT;

	assert_int_equal(sign(&running, &err), -1);
	assert_int_equal(err.kind, ERR_FAILED);
	assert_non_null(
	    strstr(err.text, "made a signature that its public key does not verify"));
	end(&running);
	assert_int_equal(calls(*state, "C_Sign"), 1);
}

static void test_extractable(void **state)
{
	struct token *token;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	BUF_AUTO id = BUF_INIT;

	set_fault(*state, "C_GenerateKeyPair@*=extractable");
	token = open_must(*state);
	must(token_select(token, "pkcs11:token=milvus-ca;object=leaky", NULL, &err), &err);
	must(world_login(*state, token, &err), &err);
	buf_addstr(&id, "leaky");
	assert_int_equal(token_generate_key(token, ALG_EC_P256, &id, &key, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_non_null(
	    strstr(err.text, "made a key that can be extracted, though it was told not to"));
	assert_null(key.spki.data);
	token_close(token);
	/* and no half of it is left */
	world_unset_faults();
	token = world_begin(*state, NULL, "pkcs11:token=milvus-ca;object=leaky");
	must(token_generate_key(token, ALG_EC_P256, &id, &key, &err), &err);
	token_key_clear(&key);
	token_close(token);
}

static void test_template_refused(void **state)
{
	struct token *token;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	BUF_AUTO id = BUF_INIT;

	set_fault(*state, "C_GenerateKeyPair@1=ckr:0xd1");
	token = open_must(*state);
	must(token_select(token, "pkcs11:token=milvus-ca;object=terse", NULL, &err), &err);
	must(world_login(*state, token, &err), &err);
	buf_addstr(&id, "terse");
	must(token_generate_key(token, ALG_EC_P256, &id, &key, &err), &err);
	assert_int_equal(key.extractable, TOKEN_FLAG_FALSE);
	token_key_clear(&key);
	token_close(token);
}

static void login_with_flags(
    const struct world *world, const char *fault, enum err_kind kind, const char *why)
{
	struct token *token;
	struct err err = ERR_INIT;

	set_fault(world, fault);
	token = open_must(world);
	must(token_select(token, KEY_URI, NULL, &err), &err);
	assert_int_equal(world_login(world, token, &err), -1);
	assert_int_equal(err.kind, kind);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
	token_close(token);
	assert_int_equal(calls(world, "C_Login"), 0);
}

static void test_flags(void **state)
{
	struct token_params params = quick;
	const struct world *world = *state;
	struct token *token = NULL;
	struct err err = ERR_INIT;

	login_with_flags(world, "C_GetTokenInfo@*=flags:0x40000", ERR_PIN, "its PIN is locked");
	login_with_flags(world, "C_GetTokenInfo@*=flags:0x20000", ERR_REFUSED,
	    "wrong PINs were given before, and one more locks it");
	login_with_flags(world, "C_GetTokenInfo@*=flags:0x10000", ERR_REFUSED,
	    "a wrong PIN was given since the last login");
	set_fault(world, "C_GetTokenInfo@*=flags:0x20000");
	params.module = world->proxy;
	params.pin_care = TOKEN_PIN_LAST_TRY;
	must(token_open(&params, &token, &err), &err);
	must(token_select(token, KEY_URI, NULL, &err), &err);
	must(world_login(world, token, &err), &err);
	token_close(token);
	set_fault(world, "C_Login@*=ckr:0xa4");
	token = open_must(world);
	must(token_select(token, KEY_URI, NULL, &err), &err);
	assert_int_equal(world_login(world, token, &err), -1);
	assert_int_equal(err.kind, ERR_PIN);
	assert_non_null(strstr(err.text,
	    "C_Login said CKR_PIN_LOCKED: the PIN is locked after too many wrong ones"));
	token_close(token);
}

static void test_vendor_error(void **state)
{
	struct token *token;
	struct token_key key = { 0 };
	struct err err = ERR_INIT;
	BUF_AUTO id = BUF_INIT;

	set_fault(*state, "C_GenerateKeyPair@*=ckr:0x80000042");
	token = open_must(*state);
	must(token_select(token, "pkcs11:token=milvus-ca;object=vendor", NULL, &err), &err);
	must(world_login(*state, token, &err), &err);
	buf_addstr(&id, "vendor");
	assert_int_equal(token_generate_key(token, ALG_EC_P384, &id, &key, &err), -1);
	assert_int_equal(err.kind, ERR_FAILED);
	assert_non_null(strstr(err.text, "C_GenerateKeyPair said CKR_VENDOR_DEFINED + 0x42"));
	token_close(token);
}

static void test_initialize_fails(void **state)
{
	struct token *token = NULL;
	struct err err = ERR_INIT;

	set_fault(*state, "C_Initialize@*=ckr:0x5");
	assert_int_equal(open_proxy(*state, &token, &err), -1);
	assert_int_equal(err.kind, ERR_FAILED);
	assert_non_null(strstr(err.text, "C_Initialize said CKR_GENERAL_ERROR"));
	set_fault(*state, "C_OpenSession@*=ckr:0xb1");
	token = open_must(*state);
	assert_int_equal(token_select(token, KEY_URI, NULL, &err), -1);
	assert_non_null(strstr(
	    err.text, "C_OpenSession said CKR_SESSION_COUNT: the token has no session left"));
	token_close(token);
	nobody_left(*state);
}

/* --- what it costs ------------------------------------------------------------- */

static void test_calls(void **state)
{
	struct running running = begin(*state, "", 300);
	struct err err = ERR_INIT;

	must(sign(&running, &err), &err);
	all_verify(&running);
	end(&running);
	assert_int_equal(calls(*state, "C_SignInit"), 300);
	assert_int_equal(calls(*state, "C_Sign"), 300);
	assert_int_equal(calls(*state, "C_Login"), 1);
}

/* A device that takes 20 ms for each signature is used by sixteen threads. */
static void test_far_away(void **state)
{
	struct running running = begin(*state, "C_Sign@*=delay:20", 320);
	struct err err = ERR_INIT;
	double begun = world_now();

	must(sign(&running, &err), &err);
	assert_true(world_now() - begun < 320 * 0.020 / 4);
	all_verify(&running);
	end(&running);
	assert_int_equal(calls(*state, "C_Sign"), 320);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hang_initialize),
		cmocka_unit_test(test_hang_login),
		cmocka_unit_test(test_hang_sign),
		cmocka_unit_test(test_hang_generate),
		cmocka_unit_test(test_hang_finalize),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_crash_once),
		cmocka_unit_test(test_exit_once),
		cmocka_unit_test(test_sessions_closed),
		cmocka_unit_test(test_device_errors),
		cmocka_unit_test(test_lost_in_list),
		cmocka_unit_test(test_lost_in_find),
		cmocka_unit_test(test_crash_always),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_crash_in_login),
		cmocka_unit_test(test_pin_changed),
		cmocka_unit_test(test_generate_not_twice),
		cmocka_unit_test(test_wrong_signature),
		cmocka_unit_test(test_extractable),
		cmocka_unit_test(test_template_refused),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_vendor_error),
		cmocka_unit_test(test_initialize_fails),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_far_away),
	};

	harden_process();
	return cmocka_run_group_tests(tests, group_up, world_down);
}
