// SPDX-License-Identifier: Apache-2.0
#include <mica/child.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mica/mem.h>

enum {
	MOST_FDS = 8,
	OUT_OF_THE_WAY = 16, /* above the descriptors that a child gets */
	GRACE_MS = 2000,     /* between SIGTERM and SIGKILL */
	LET_GO_MS = 500,
	CHUNKS_AT_ONCE = 64,
};

extern char **environ;

/* --- start ----------------------------------------------------------------------- */

struct moved {
	int fds[MOST_FDS];
};

static void moved_close(struct moved *moved)
{
	for (size_t i = 0; i < MOST_FDS; i++)
		mem_closep(&moved->fds[i]);
}

/* Copies above the descriptors that the child's dup2() writes over. One that is closed here is
 * /dev/null there. */
static int move_up(const struct child_start *start, struct moved *ret)
{
	for (size_t i = 0; i < MOST_FDS; i++)
		ret->fds[i] = -1;
	for (size_t i = 0; i < start->n_fds; i++) {
		if (start->fds[i] == CHILD_NULL)
			continue;
		ret->fds[i] = fcntl(start->fds[i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
		if (ret->fds[i] < 0 && errno != EBADF)
			return errno;
	}
	return 0;
}

static int set_actions(posix_spawn_file_actions_t *actions, const struct child_start *start,
    const struct moved *moved)
{
	int failed = 0;

	for (size_t i = 0; i < start->n_fds; i++) {
		int fd = (int)i;

		failed |= moved->fds[i] < 0
		              ? posix_spawn_file_actions_addopen(
		                    actions, fd, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0)
		              : posix_spawn_file_actions_adddup2(actions, moved->fds[i], fd);
	}
	failed |= posix_spawn_file_actions_addclosefrom_np(actions, (int)start->n_fds);
	if (start->dir)
		failed |= posix_spawn_file_actions_addchdir_np(actions, start->dir);
	return failed;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int failed = 0;

	sigemptyset(&none);
	sigfillset(&all);
	failed |= posix_spawnattr_setflags(
	    attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	failed |= posix_spawnattr_setsigdefault(attributes, &all);
	failed |= posix_spawnattr_setsigmask(attributes, &none);
	return failed;
}

static int launch(const struct child_start *start, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, pid_t *ret)
{
	if (start->path)
		return posix_spawn(ret, start->path, actions, attributes, start->argv, environ);
	return posix_spawnp(ret, start->argv[0], actions, attributes, start->argv, environ);
}

int child_spawn(const struct child_start *start, pid_t *ret)
{
	MICA_AUTO(moved_close) struct moved moved;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failed = move_up(start, &moved);

	assert(start->n_fds >= 3 && start->n_fds <= MOST_FDS);
	if (failed != 0)
		return failed;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	failed = ENOMEM;
	if (posix_spawnattr_init(&attributes) == 0) {
		failed = set_actions(&actions, start, &moved) | set_attributes(&attributes);
		if (failed == 0)
			failed = launch(start, &actions, &attributes, ret);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/* --- run to its end -------------------------------------------------------------- */

struct running {
	pid_t pid; /* 0: it is reaped */
	int pidfd;
	int output;
	struct buf said;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void reap(struct running *running, siginfo_t *info)
{
	while (running->pid > 0 && waitid(P_PID, (id_t)running->pid, info, WEXITED) < 0 &&
	       errno == EINTR)
		;
	running->pid = 0;
}

static void running_clear(struct running *running)
{
	siginfo_t ignored;

	if (running->pid > 0)
		kill(-running->pid, SIGKILL);
	reap(running, &ignored);
	mem_closep(&running->pidfd);
	mem_closep(&running->output);
	buf_clear(&running->said);
}

/* The end of what was said is what tells. */
static void keep(struct buf *said, const char *bytes, size_t len)
{
	BUF_AUTO end = BUF_INIT;

	buf_add(said, bytes, len);
	if (said->len <= (size_t)2 * CHILD_SAID)
		return;
	buf_add(&end, said->data + said->len - CHILD_SAID, CHILD_SAID);
	buf_move(said, &end);
}

/* true: there may be more. What writes as fast as this reads does not keep it from the clock.
 */
static bool drain(struct running *running)
{
	char bytes[4096];

	for (int i = 0; i < CHUNKS_AT_ONCE; i++) {
		ssize_t n = read(running->output, bytes, sizeof(bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		keep(&running->said, bytes, (size_t)n);
	}
	return true;
}

/* true: it ended before the deadline */
static bool watch(struct running *running, int64_t deadline)
{
	bool open = true;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = running->pidfd, .events = POLLIN },
			{ .fd = open ? running->output : -1, .events = POLLIN },
		};
		int64_t left = deadline - now_ms();
		int ready = poll(fds, mem_count(fds), left > 0 ? (int)left : 0);

		if (ready < 0 && errno != EINTR)
			return false;
		if (ready > 0 && fds[1].revents)
			open = drain(running);
		if (ready > 0 && fds[0].revents)
			return true;
		if (left <= 0)
			return false;
	}
}

/* What it started may need a moment to let go of the output. */
static bool is_held(struct running *running)
{
	int64_t end = now_ms() + LET_GO_MS;

	for (;;) {
		struct pollfd fd = { .fd = running->output, .events = POLLIN };
		int64_t left = end - now_ms();

		if (!drain(running))
			return false;
		if (left <= 0)
			return true;
		(void)poll(&fd, 1, (int)left);
	}
}

static void end_late(struct running *running)
{
	kill(-running->pid, SIGTERM);
	(void)watch(running, now_ms() + GRACE_MS);
	kill(-running->pid, SIGKILL);
}

static void set_end(struct child_result *result, bool in_time, const siginfo_t *info)
{
	result->value = info->si_status;
	if (!in_time)
		result->end = CHILD_LATE;
	else
		result->end = info->si_code == CLD_EXITED ? CHILD_EXITED : CHILD_KILLED;
}

static int begin(char *const *argv, const char *dir, struct running *ret, struct err *err)
{
	int ends[2];
	int failed;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, errno, "cannot run '%s'", argv[0]);
	ret->output = ends[0];
	failed = child_spawn(&(struct child_start){ argv, NULL, dir,
	                         (int[]){ CHILD_NULL, ends[1], ends[1] }, 3 },
	    &ret->pid);
	mem_closep(&ends[1]);
	if (failed != 0) {
		ret->pid = 0;
		return err_errno(err, failed, "cannot run '%s'", argv[0]);
	}
	ret->pidfd = pidfd_open(ret->pid, 0);
	if (ret->pidfd < 0 || fcntl(ret->output, F_SETFL, O_NONBLOCK) < 0)
		return err_errno(err, errno, "cannot watch '%s'", argv[0]);
	return 0;
}

int child_run(char *const *argv, const char *dir, int64_t deadline_ms, struct child_result *ret,
    struct err *err)
{
	MICA_AUTO(running_clear) struct running running = { 0, -1, -1, BUF_INIT };
	struct child_result result = { .said = BUF_INIT };
	siginfo_t info = { 0 };
	int64_t begun = now_ms();
	bool in_time;

	if (begin(argv, dir, &running, err) < 0)
		return -1;
	in_time = watch(&running, begun + deadline_ms);
	result.took_ms = now_ms() - begun;
	if (!in_time)
		end_late(&running);
	reap(&running, &info);
	result.held = is_held(&running) && in_time;
	set_end(&result, in_time, &info);
	if (running.said.len > CHILD_SAID)
		buf_add(&result.said, running.said.data + running.said.len - CHILD_SAID,
		    CHILD_SAID);
	else
		buf_move(&result.said, &running.said);
	*ret = result;
	return 0;
}

void child_result_clear(struct child_result *result)
{
	buf_clear(&result->said);
}

void child_describe(const struct child_result *result, struct buf *ret)
{
	switch (result->end) {
	case CHILD_EXITED:
		buf_printf(ret, "exit status %d", result->value);
		break;
	case CHILD_KILLED:
		buf_printf(
		    ret, "ended by signal %d (%s)", result->value, strsignal(result->value));
		break;
	case CHILD_LATE:
		buf_printf(ret, "not done within %lld.%lld s, and killed",
		    (long long)result->took_ms / 1000, (long long)result->took_ms % 1000 / 100);
		break;
	}
}
