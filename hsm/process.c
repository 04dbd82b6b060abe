// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mica/child.h>
#include <mica/mem.h>

enum {
	DYING_MS = 2000, /* the end of file comes a little before the death it tells of */
	REAP_MS = 2000,  /* what a driver holds in the kernel does not die when it is killed */
	REAP_EVERY_MS = 2,
};

int64_t process_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- start --------------------------------------------------------------------- */

struct ends {
	int ours, theirs, page;
};

static void close_ends(struct ends *ends)
{
	mem_closep(&ends->ours);
	mem_closep(&ends->theirs);
	mem_closep(&ends->page);
}

static int make_ends(struct ends *ret)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	ret->ours = pair[0];
	ret->theirs = pair[1];
	ret->page = memfd_create("mica-token", MFD_CLOEXEC);
	return ret->page < 0 ? -1 : ftruncate(ret->page, sizeof(struct wire_page));
}

static int spawn(const char *path, const struct ends *ends, pid_t *ret)
{
	const int fds[] = {
		CHILD_NULL,
		CHILD_NULL,
		STDERR_FILENO,
		[WIRE_FD] = ends->theirs,
		[WIRE_PAGE_FD] = ends->page,
	};
	char name[] = "mica-token";
	const struct child_start start = {
		.argv = (char *[]){ name, NULL },
		.path = path,
		.fds = fds,
		.n_fds = mem_count(fds),
	};

	return child_spawn(&start, ret);
}

enum wire_try process_try(const struct process *process)
{
	uint32_t spent = process->page ? atomic_load(&process->page->spent) : process->spent;

	return spent == WIRE_TRY_KEPT ? WIRE_TRY_KEPT : WIRE_TRY_SPENT;
}

static bool reaped(pid_t pid)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) < 0)
		return errno != EINTR;
	return info.si_pid == pid;
}

/* What is not dead in time is left to die, and to init. */
static void reap(struct process *process)
{
	const struct timespec pause = { 0, REAP_EVERY_MS * 1000000L };
	int64_t until = process_now_ms() + REAP_MS;
	enum wire_try spent;

	while (process->pid > 0 && !reaped(process->pid) && process_now_ms() < until)
		nanosleep(&pause, NULL);
	spent = process_try(process); /* not before: it lived on for an instant */
	mem_closep(&process->pidfd);
	mem_closep(&process->socket);
	if (process->page)
		munmap(process->page, sizeof(*process->page));
	*process = (struct process)PROCESS_INIT;
	process->spent = spent;
}

static int adopt(struct process *process, struct ends *ends)
{
	void *page = mmap(NULL, sizeof(struct wire_page), PROT_READ, MAP_SHARED, ends->page, 0);

	process->page = page == MAP_FAILED ? NULL : page;
	process->pidfd = pidfd_open(process->pid, 0);
	process->socket = ends->ours;
	ends->ours = -1;
	return process->page && process->pidfd >= 0 ? 0 : -1;
}

int process_start(const char *path, struct process *ret, struct err *err)
{
	MICA_AUTO(close_ends) struct ends ends = { -1, -1, -1 };
	struct process process = PROCESS_INIT;
	int failed;

	if (make_ends(&ends) < 0)
		return err_errno(err, errno, "cannot make a socket pair for mica-token");
	failed = spawn(path, &ends, &process.pid);
	if (failed != 0) {
		err_errno(err, failed, "cannot start '%s'", path);
		return err_hint(err,
		    "mica-token is installed with mica; MICA_TOKEN_HELPER names another place");
	}
	if (adopt(&process, &ends) < 0) {
		err_errno(err, errno, "cannot watch mica-token");
		process_kill(&process);
		return -1;
	}
	*ret = process;
	return 0;
}

/* --- end ----------------------------------------------------------------------- */

void process_kill(struct process *process)
{
	if (process->pid > 0) {
		kill(-process->pid, SIGKILL);
		kill(process->pid, SIGKILL);
	}
	reap(process);
}

static bool ended_within(const struct process *process, int64_t deadline)
{
	struct pollfd death = { .fd = process->pidfd, .events = POLLIN };
	int ready;

	do {
		int64_t left = deadline - process_now_ms();

		ready = poll(&death, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

void process_leave(const struct process *process)
{
	if (process->pid > 0)
		shutdown(process->socket, SHUT_RDWR);
}

void process_end(struct process *process, int wait_ms)
{
	if (process->pid <= 0)
		return;
	process_leave(process);
	if (!ended_within(process, process_now_ms() + wait_ms)) {
		process_kill(process);
		return;
	}
	/* what the module left running */
	kill(-process->pid, SIGKILL);
	reap(process);
}

/* --- what went wrong ----------------------------------------------------------- */

/* "C_SignInit or C_Sign": what its threads were in; false: none was in a call. */
static bool name_steps(const struct process *process, struct buf *ret)
{
	bool seen[STEP_COUNT] = { [STEP_IDLE] = true };

	for (size_t i = 0; i < WIRE_THREADS; i++) {
		uint32_t step = atomic_load(&process->page->steps[i]);

		if (step >= STEP_COUNT || seen[step])
			continue;
		seen[step] = true;
		buf_printf(ret, "%s%s", ret->len > 0 ? " or " : "", wire_step_name(step));
	}
	if (ret->len > 0)
		return true;
	buf_addstr(ret, wire_step_name(STEP_IDLE));
	return false;
}

static int hung(struct process *process, int64_t waited_ms, struct err *err)
{
	BUF_AUTO steps = BUF_INIT;

	(void)name_steps(process, &steps);
	process_kill(process);
	err_set(err, ERR_TIMEOUT,
	    "the token's module hung in %s: no answer for %lld.%lld s, and mica-token was "
	    "killed",
	    buf_text(&steps), (long long)waited_ms / 1000, (long long)waited_ms % 1000 / 100);
	return err_hint(err,
	    "see that the token and its service work, then run the same command "
	    "again: nothing was lost");
}

static int died(struct process *process, struct err *err)
{
	BUF_AUTO steps = BUF_INIT;
	bool in_a_call = name_steps(process, &steps);
	siginfo_t info = { 0 };

	if (!ended_within(process, process_now_ms() + DYING_MS) ||
	    waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT) < 0)
		err_set(err, ERR_LOST, "mica-token closed its socket in %s", buf_text(&steps));
	else if (info.si_code == CLD_EXITED)
		err_set(err, ERR_LOST, "mica-token ended by itself (status %d) in %s",
		    info.si_status, buf_text(&steps));
	else
		err_set(err, ERR_LOST, "mica-token was ended by signal %d (%s) in %s",
		    info.si_status, strsignal(info.si_status), buf_text(&steps));
	if (in_a_call)
		err_hint(err,
		    "a module that crashes is its vendor's to mend; is there a newer one?");
	else
		err_hint(
		    err, "is the mica-token of this installation the one that was started?");
	process_kill(process);
	return -1;
}

static int gone(struct err *err)
{
	return err_set(err, ERR_LOST, "mica-token is not running any more");
}

/* --- messages ------------------------------------------------------------------ */

static int wait_until(
    struct process *process, short events, int64_t begun, int64_t deadline, struct err *err)
{
	struct pollfd fds[] = {
		{ .fd = process->socket, .events = events },
		{ .fd = process->pidfd, .events = POLLIN },
	};

	for (;;) {
		int64_t left = deadline - process_now_ms();
		int ready = poll(fds, mem_count(fds), left > 0 ? (int)left : 0);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return hung(process, process_now_ms() - begun, err);
		/* a reply that was sent before the death is still read */
		return fds[0].revents & events ? 0 : died(process, err);
	}
}

int process_try_send(
    struct process *process, const struct buf *message, int fd, struct err *err)
{
	if (process->pid <= 0)
		return gone(err);
	if (wire_send(process->socket, message, fd, MSG_DONTWAIT) == 0)
		return 1;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return 0;
	if (errno == EMSGSIZE)
		return err_errno(err, errno, "cannot send to mica-token");
	return died(process, err);
}

int process_send(
    struct process *process, const struct buf *message, int64_t deadline, struct err *err)
{
	int64_t begun = process_now_ms();
	int sent;

	for (;;) {
		sent = process_try_send(process, message, -1, err);
		if (sent != 0)
			return sent < 0 ? -1 : 0;
		if (wait_until(process, POLLOUT, begun, deadline, err) < 0)
			return -1;
	}
}

int process_receive(struct process *process, int64_t deadline, struct buf *ret, struct err *err)
{
	int64_t begun = process_now_ms();
	int fd = -1;
	long len;

	if (process->pid <= 0)
		return gone(err);
	buf_reset(ret);
	buf_reserve(ret, WIRE_MAX);
	for (;;) {
		len = wire_receive(process->socket, ret->data, WIRE_MAX, &fd, MSG_DONTWAIT);
		if (len > 0)
			break;
		if (len == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
			return died(process, err);
		if (wait_until(process, POLLIN, begun, deadline, err) < 0)
			return -1;
	}
	mem_closep(&fd); /* the helper has none to give */
	ret->len = (size_t)len;
	return 0;
}
