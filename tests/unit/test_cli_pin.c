// SPDX-License-Identifier: Apache-2.0
/* PINs from files, descriptors and a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <mica/mem.h>

#include "../../src/cli/pin.h"

static char *make_file(const char *bytes, size_t len, mode_t mode)
{
	char *path = mem_strdup("/tmp/mica-pin-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static int read_file(
    const char *bytes, size_t len, mode_t mode, struct buf *ret, struct err *err)
{
	MICA_FREE char *path = make_file(bytes, len, mode);
	int status = pin_from_file(path, ret, err);

	unlink(path);
	return status;
}

static void test_good_files(void **state)
{
	static const struct {
		const char *bytes;
		const char *pin;
	} cases[] = {
		{ "1234", "1234" },
		{ "1234\n", "1234" },
		{ " 12 34 \n", " 12 34 " },
		{ "p\xc3\xa4ss\n", "p\xc3\xa4ss" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		BUF_AUTO pin = BUF_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(
		    read_file(cases[i].bytes, strlen(cases[i].bytes), 0600, &pin, &err), 0);
		assert_string_equal(buf_text(&pin), cases[i].pin);
	}
}

static void test_length(void **state)
{
	char bytes[PIN_MAX + 2];
	BUF_AUTO pin = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[PIN_MAX] = '\n';
	assert_int_equal(read_file(bytes, PIN_MAX + 1, 0400, &pin, &err), 0);
	assert_int_equal(pin.len, PIN_MAX);
	buf_clear(&pin);
	bytes[PIN_MAX] = 'x';
	assert_int_equal(read_file(bytes, PIN_MAX + 1, 0400, &pin, &err), -1);
	assert_non_null(strstr(err.text, "holds more than a PIN of 255 bytes"));
	bytes[PIN_MAX + 1] = '\n';
	assert_int_equal(read_file(bytes, PIN_MAX + 2, 0400, &pin, &err), -1);
	assert_int_equal(pin.len, 0);
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		mode_t mode;
		const char *text;
		enum err_kind kind;
	} cases[] = {
		{ "", 0, 0600, "holds no PIN", ERR_FAILED },
		{ "\n", 1, 0600, "holds no PIN", ERR_FAILED },
		{ "1234\r\n", 6, 0600, "holds a control character", ERR_FAILED },
		{ "1234\n\n", 6, 0600, "holds a control character", ERR_FAILED },
		{ "12\0 34", 6, 0600, "holds a control character", ERR_FAILED },
		{ "1234", 4, 0640, "has mode 0640", ERR_REFUSED },
		{ "1234", 4, 0604, "has mode 0604", ERR_REFUSED },
		{ "1234", 4, 0620, "has mode 0620", ERR_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		BUF_AUTO pin = BUF_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(
		    read_file(cases[i].bytes, cases[i].len, cases[i].mode, &pin, &err), -1);
		assert_non_null(strstr(err.text, cases[i].text));
		assert_null(strstr(err.text, "1234"));
		assert_int_equal(err.kind, cases[i].kind);
		assert_int_equal(pin.len, 0);
	}
}

static void test_what_is_no_file(void **state)
{
	BUF_AUTO pin = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pin_from_file("/nowhere/pin", &pin, &err), -1);
	assert_string_equal(
	    err.text, "cannot open the PIN file '/nowhere/pin': No such file or directory");
	assert_int_equal(pin_from_file("/tmp", &pin, &err), -1);
	assert_string_equal(err.text, "the PIN file '/tmp' is not a regular file");
}

static int piped(const char *bytes, int flags)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	close(ends[1]);
	assert_int_equal(fcntl(ends[0], F_SETFD, flags), 0);
	return ends[0];
}

static void test_descriptors(void **state)
{
	MICA_CLOSE int good = piped("1234\n", 0);
	MICA_CLOSE int ours = piped("1234\n", FD_CLOEXEC);
	BUF_AUTO pin = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(pin_from_fd(good, &pin, &err), 0);
	assert_string_equal(buf_text(&pin), "1234");
	buf_clear(&pin);
	assert_int_equal(pin_from_fd(good, &pin, &err), -1);
	assert_non_null(strstr(err.text, "holds no PIN"));
	assert_int_equal(pin_from_fd(ours, &pin, &err), -1);
	assert_non_null(strstr(err.text, "mica was not started with a descriptor"));
	assert_int_equal(pin_from_fd(999, &pin, &err), -1);
	assert_string_equal(
	    err.text, "'pin: fd:999': mica was not started with a descriptor 999");
}

/* --- the terminal: a child asks on a pseudo-terminal whose other end is here ------------ */

enum { ASKED_RIGHT = 40, ASKED_WRONG = 41, ASKED_FAILED = 42, ASKED_INTERRUPTED = 43 };

static void ask_and_exit(const char *expected)
{
	BUF_AUTO pin = BUF_INIT;
	struct err err = ERR_INIT;

	if (pin_from_terminal("PIN? ", &pin, &err) < 0)
		_exit(strstr(err.text, "interrupted") ? ASKED_INTERRUPTED : ASKED_FAILED);
	_exit(strcmp(buf_text(&pin), expected) == 0 ? ASKED_RIGHT : ASKED_WRONG);
}

/* Everything the terminal shows until text is among it. */
static void wait_for(int master, const char *text, struct buf *shown)
{
	struct pollfd watched = { .fd = master, .events = POLLIN };
	char bytes[256];

	while (!strstr(buf_text(shown), text)) {
		ssize_t got;

		assert_int_equal(poll(&watched, 1, 20000), 1);
		got = read(master, bytes, sizeof(bytes));
		assert_true(got > 0);
		buf_add(shown, bytes, (size_t)got);
	}
}

struct asked {
	pid_t child;
	int master;
	struct buf shown;
};

static void begin_asking(struct asked *asked, const char *expected)
{
	*asked = (struct asked){ .shown = BUF_INIT };
	asked->child = forkpty(&asked->master, NULL, NULL, NULL);
	assert_true(asked->child >= 0);
	if (asked->child == 0)
		ask_and_exit(expected);
	wait_for(asked->master, "PIN? ", &asked->shown);
}

static void type(const struct asked *asked, const char *text)
{
	assert_int_equal(write(asked->master, text, strlen(text)), (ssize_t)strlen(text));
}

/* The exit status; the terminal must echo again, and nothing typed was shown. */
static int end_asking(struct asked *asked)
{
	struct termios now;
	int status = 0;

	assert_int_equal(waitpid(asked->child, &status, 0), asked->child);
	assert_true(WIFEXITED(status));
	assert_int_equal(tcgetattr(asked->master, &now), 0);
	assert_true(now.c_lflag & ECHO);
	assert_null(strstr(buf_text(&asked->shown), "4711"));
	buf_clear(&asked->shown);
	close(asked->master);
	return WEXITSTATUS(status);
}

static void test_typed(void **state)
{
	struct asked asked;

	(void)state;
	begin_asking(&asked, "4711");
	type(&asked, "4711\n");
	wait_for(asked.master, "\n", &asked.shown);
	assert_int_equal(end_asking(&asked), ASKED_RIGHT);

	begin_asking(&asked, "4711");
	type(&asked, "47xx\x7f\x7f"
	             "11\n"); /* the terminal's own erasing */
	assert_int_equal(end_asking(&asked), ASKED_RIGHT);
}

static void test_nothing_typed(void **state)
{
	struct asked asked;

	(void)state;
	begin_asking(&asked, "");
	type(&asked, "\n");
	assert_int_equal(end_asking(&asked), ASKED_FAILED);

	begin_asking(&asked, "");
	type(&asked, "\x04");
	assert_int_equal(end_asking(&asked), ASKED_FAILED);
}

static void test_too_long(void **state)
{
	char text[PIN_MAX + 3];
	struct asked asked;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[PIN_MAX + 1] = '\n';
	text[PIN_MAX + 2] = '\0';
	begin_asking(&asked, "");
	type(&asked, text);
	assert_int_equal(end_asking(&asked), ASKED_FAILED);
}

static void test_interrupted(void **state)
{
	struct asked asked;

	(void)state;
	begin_asking(&asked, "");
	type(&asked, "47\x03");
	assert_int_equal(end_asking(&asked), ASKED_INTERRUPTED);

	begin_asking(&asked, "");
	kill(asked.child, SIGTERM);
	assert_int_equal(end_asking(&asked), ASKED_INTERRUPTED);
}

/* Stopped, the terminal is as it was; gone on, the question comes again. */
static void test_stopped(void **state)
{
	struct asked asked;
	struct termios now;
	int status = 0;

	(void)state;
	begin_asking(&asked, "4711");
	/* the group of a session's leader is an orphan, which SIGTSTP does not stop: the
	 * question comes again at once */
	kill(asked.child, SIGTSTP);
	buf_reset(&asked.shown);
	wait_for(asked.master, "PIN? ", &asked.shown);
	assert_int_equal(tcgetattr(asked.master, &now), 0);
	assert_false(now.c_lflag & ECHO);
	assert_int_equal(waitpid(asked.child, &status, WNOHANG), 0);
	type(&asked, "4711\n");
	assert_int_equal(end_asking(&asked), ASKED_RIGHT);
}

static void test_no_terminal(void **state)
{
	pid_t child = fork();
	int status = 0;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		BUF_AUTO pin = BUF_INIT;
		struct err err = ERR_INIT;

		if (setsid() < 0 || pin_terminal_check(&err) == 0 ||
		    pin_from_terminal("PIN? ", &pin, &err) == 0)
			_exit(ASKED_WRONG);
		_exit(strcmp(err.text, "there is no terminal to ask for the PIN on") == 0
		          ? ASKED_RIGHT
		          : ASKED_FAILED);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), ASKED_RIGHT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_what_is_no_file),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_nothing_typed),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
