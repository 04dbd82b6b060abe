// SPDX-License-Identifier: Apache-2.0
/* The PIN from the controlling terminal. Signals are blocked while the echo is off, and read
 * from a descriptor: no handler, no state beside the stack. */
#include "pin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

struct terminal {
	int fd;
	int signals;
	struct termios before;
	sigset_t mask_before;
};

enum answer {
	ANSWER_LINE,
	ANSWER_END,
	ANSWER_LONG,
	ANSWER_STOPPED,
	ANSWER_INTERRUPTED,
	ANSWER_FAILED
};

static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

int pin_terminal_check(struct err *err)
{
	MICA_CLOSE int fd = open_terminal();

	if (fd >= 0)
		return 0;
	err_set(err, ERR_FAILED, "there is no terminal to ask for the PIN on");
	return err_hint(err, "without a person at hand use 'pin: file:PATH' or 'pin: fd:N'");
}

static int silence(struct terminal *terminal)
{
	struct termios quiet;
	sigset_t caught;

	sigemptyset(&caught);
	sigaddset(&caught, SIGINT);
	sigaddset(&caught, SIGTERM);
	sigaddset(&caught, SIGHUP);
	sigaddset(&caught, SIGQUIT);
	sigaddset(&caught, SIGTSTP);
	sigprocmask(SIG_BLOCK, &caught, &terminal->mask_before);
	terminal->signals = signalfd(-1, &caught, SFD_CLOEXEC);
	if (terminal->signals < 0)
		return -1;
	quiet = terminal->before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	return tcsetattr(terminal->fd, TCSAFLUSH, &quiet);
}

/* A stop signal stops here, the terminal as it was; mica goes on from here. */
static void restore(struct terminal *terminal, enum answer answer)
{
	(void)!write(terminal->fd, "\n", 1);
	tcsetattr(terminal->fd, TCSAFLUSH, &terminal->before);
	if (answer == ANSWER_STOPPED)
		raise(SIGTSTP);
	sigprocmask(SIG_SETMASK, &terminal->mask_before, NULL);
	if (terminal->signals >= 0)
		close(terminal->signals);
	terminal->signals = -1;
}

static enum answer of_signal(const struct terminal *terminal)
{
	struct signalfd_siginfo info;

	if (read(terminal->signals, &info, sizeof(info)) != sizeof(info))
		return ANSWER_FAILED;
	return info.ssi_signo == SIGTSTP ? ANSWER_STOPPED : ANSWER_INTERRUPTED;
}

static enum answer read_line(const struct terminal *terminal, struct buf *ret)
{
	struct pollfd watched[] = {
		{ .fd = terminal->signals, .events = POLLIN },
		{ .fd = terminal->fd, .events = POLLIN },
	};
	unsigned char byte;

	for (;;) {
		if (poll(watched, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return ANSWER_FAILED;
		}
		if (watched[0].revents)
			return of_signal(terminal);
		if (read(terminal->fd, &byte, 1) != 1)
			return ret->len > 0 ? ANSWER_LINE : ANSWER_END;
		if (byte == '\n')
			return ANSWER_LINE;
		if (ret->len == PIN_MAX)
			return ANSWER_LONG;
		buf_add(ret, &byte, 1);
	}
}

static enum answer ask(int fd, const char *prompt, struct buf *ret)
{
	struct terminal terminal = { .fd = fd, .signals = -1 };
	enum answer answer = ANSWER_FAILED;

	if (tcgetattr(fd, &terminal.before) < 0)
		return ANSWER_FAILED;
	if (silence(&terminal) == 0 &&
	    write(fd, prompt, strlen(prompt)) == (ssize_t)strlen(prompt))
		answer = read_line(&terminal, ret);
	restore(&terminal, answer);
	return answer;
}

int pin_from_terminal(const char *prompt, struct buf *ret, struct err *err)
{
	MICA_CLOSE int fd = open_terminal();
	BUF_AUTO line = BUF_INIT;
	enum answer answer;

	if (fd < 0)
		return pin_terminal_check(err);
	do {
		buf_reset(&line);
		answer = ask(fd, prompt, &line);
	} while (answer == ANSWER_STOPPED);
	if (answer == ANSWER_INTERRUPTED)
		return err_set(err, ERR_FAILED, "interrupted at the question for the PIN");
	if (answer == ANSWER_FAILED)
		return err_errno(err, errno, "cannot ask for the PIN on the terminal");
	if (answer == ANSWER_LONG)
		return err_set(err, ERR_FAILED, "a PIN has at most %d bytes", PIN_MAX);
	return pin_check(&line, "what was typed", ret, err);
}
