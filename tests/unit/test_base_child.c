// SPDX-License-Identifier: Apache-2.0
/* child: what a program gets, how long it may take, what is kept of what it says. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mica/child.h>
#include <mica/mem.h>

static struct child_result run(const char *script, int64_t deadline_ms)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
	struct child_result result = { .said = BUF_INIT };
	struct err err = ERR_INIT;

	if (child_run(argv, NULL, deadline_ms, &result, &err) < 0)
		fail_msg("%s", err.text);
	return result;
}

static void expect(const char *script, enum child_end end, int value, const char *said)
{
	struct child_result result = run(script, 10000);

	assert_int_equal(result.end, end);
	assert_int_equal(result.value, value);
	assert_string_equal(buf_text(&result.said), said);
	assert_false(result.held);
	child_result_clear(&result);
}

static void ends(void **state)
{
	(void)state;
	expect("exit 0", CHILD_EXITED, 0, "");
	expect("echo a; echo b >&2; exit 7", CHILD_EXITED, 7, "a\nb\n");
	expect("kill -KILL $$", CHILD_KILLED, 9, "");
	expect("cat", CHILD_EXITED, 0, ""); /* nothing on stdin */
	expect("pwd >/dev/null; ls /proc/self/fd | wc -l", CHILD_EXITED, 0, "4\n");
}

static void is_late(void **state)
{
	struct child_result result = run("echo begun; sleep 60", 300);

	(void)state;
	assert_int_equal(result.end, CHILD_LATE);
	assert_in_range(result.took_ms, 300, 5000);
	assert_string_equal(buf_text(&result.said), "begun\n");
	child_result_clear(&result);
}

/* It never stops to be read from. */
static void is_late_and_talks(void **state)
{
	struct child_result result = run("trap '' TERM; yes", 300);

	(void)state;
	assert_int_equal(result.end, CHILD_LATE);
	assert_in_range(result.took_ms, 300, 5000);
	assert_int_equal(result.said.len, CHILD_SAID);
	child_result_clear(&result);
}

static void is_held(void **state)
{
	struct child_result result = run("sleep 2 & echo done", 10000);

	(void)state;
	assert_int_equal(result.end, CHILD_EXITED);
	assert_true(result.held);
	assert_in_range(result.took_ms, 0, 1500);
	child_result_clear(&result);
}

static void keeps_the_end(void **state)
{
	struct child_result result = run("seq 100000; echo last", 10000);
	const char *text = buf_text(&result.said);

	(void)state;
	assert_int_equal(result.said.len, CHILD_SAID);
	assert_string_equal(text + CHILD_SAID - strlen("100000\nlast\n"), "100000\nlast\n");
	child_result_clear(&result);
}

static void cannot_start(void **state)
{
	char *const argv[] = { (char *)"no-such-program", NULL };
	char *const sh[] = { (char *)"sh", NULL };
	struct child_result result = { .said = BUF_INIT };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(child_run(argv, NULL, 1000, &result, &err), -1);
	assert_string_equal(
	    err.text, "cannot run 'no-such-program': No such file or directory");
	assert_int_equal(child_run(sh, "/no/such/directory", 1000, &result, &err), -1);
	assert_string_equal(err.text, "cannot run 'sh': No such file or directory");
}

/* Descriptors that stand in each other's way, and one that is closed. */
static void descriptors(void **state)
{
	char *const argv[] = { (char *)"sh", (char *)"-c",
		(char *)"echo three >&3; echo four >&4; [ -e /proc/self/fd/5 ] || echo no >&4; "
		        "echo x >&2",
		NULL };
	int three[2], four[2];
	char text[64];
	pid_t pid = 0;

	(void)state;
	assert_int_equal(pipe2(three, O_CLOEXEC), 0);
	assert_int_equal(pipe2(four, O_CLOEXEC), 0);
	assert_int_equal(dup3(three[1], 20, O_CLOEXEC), 20);
	{
		/* 21 is closed */
		const int fds[] = { CHILD_NULL, 21, CHILD_NULL, four[1], 20 };
		const struct child_start start = { argv, NULL, "/", fds, mem_count(fds) };

		assert_int_equal(child_spawn(&start, &pid), 0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	memset(text, 0, sizeof(text));
	assert_int_equal(read(four[0], text, sizeof(text) - 1), strlen("three\n"));
	assert_string_equal(text, "three\n");
	memset(text, 0, sizeof(text));
	assert_true(read(three[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "four\nno\n");
	for (int i = 0; i < 2; i++) {
		close(three[i]);
		close(four[i]);
	}
	close(20);
}

static void in_words(void **state)
{
	static const struct {
		struct child_result result;
		const char *words;
	} cases[] = {
		{ { .end = CHILD_EXITED, .value = 3 }, "exit status 3" },
		{ { .end = CHILD_KILLED, .value = 9 }, "ended by signal 9 (Killed)" },
		{ { .end = CHILD_LATE, .took_ms = 2345 }, "not done within 2.3 s, and killed" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		BUF_AUTO words = BUF_INIT;

		child_describe(&cases[i].result, &words);
		assert_string_equal(buf_text(&words), cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(is_late),
		cmocka_unit_test(is_late_and_talks),
		cmocka_unit_test(is_held),
		cmocka_unit_test(keeps_the_end),
		cmocka_unit_test(cannot_start),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
