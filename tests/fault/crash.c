// SPDX-License-Identifier: Apache-2.0
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_S = 30, MOST_TASKS = 512 };

enum fault { NONE, BEFORE, AFTER, FAIL_ENOSPC, FAIL_EIO, SHORT, FULL };

static const char *const fault_names[] = { "none", "before", "after", "ENOSPC", "EIO", "short",
	"full" };

/* A thread of the program, or something that it started. */
struct task {
	pid_t tid; /* 0: free */
	bool counted;
	struct call call; /* that it is in */
};

struct run {
	enum fault fault;
	long at;
	const char *watch;
	const char *only; /* names of calls; NULL: all */
	struct crash_log log;
	pid_t program;
	int status; /* of the program, when it has ended */
	bool ended;
	long n;    /* calls so far */
	bool full; /* the disk is */
	struct task tasks[MOST_TASKS];
};

/* --- tasks --- */

/* A thread has its program's number as Tgid, and anybody may read that. */
static bool is_thread_of(pid_t tid, pid_t program)
{
	char path[64];
	char line[128];
	int tgid = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (tgid < 0 && fgets(line, sizeof(line), file))
		(void)sscanf(line, "Tgid: %d", &tgid);
	fclose(file);
	return tgid == (int)program;
}

static struct task *task_of(struct run *run, pid_t tid)
{
	struct task *free_one = NULL;

	for (size_t i = 0; i < MOST_TASKS; i++) {
		struct task *task = &run->tasks[i];

		if (task->tid == tid)
			return task;
		if (task->tid == 0 && !free_one)
			free_one = task;
	}
	if (!free_one) {
		fputs("mica-crash: too many tasks\n", stderr);
		exit(CANNOT_TRACE);
	}
	*free_one = (struct task){ .tid = tid, .counted = is_thread_of(tid, run->program) };
	return free_one;
}

static void forget(struct run *run, pid_t tid)
{
	for (size_t i = 0; i < MOST_TASKS; i++) {
		if (run->tasks[i].tid == tid)
			run->tasks[i].tid = 0;
	}
}

static void kill_rest(const struct run *run)
{
	for (size_t i = 0; i < MOST_TASKS; i++) {
		if (run->tasks[i].tid)
			kill(run->tasks[i].tid, SIGKILL);
	}
}

/* --- faults --- */

static bool is_on_disk(pid_t tid, const struct call *call)
{
	char link[64];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid,
	    (int)call->args[call->kind->fd - 1]);
	return stat(link, &st) == 0 && S_ISREG(st.st_mode);
}

/* Needs the call room on the disk? An open does where the file is not there yet. */
static bool needs_space(pid_t tid, const struct call *call)
{
	char path[PEEK_PATH];

	if (call->kind->space)
		return !call->kind->fd || is_on_disk(tid, call);
	if (!call->kind->path || strncmp(call->kind->name, "open", 4) != 0)
		return false;
	peek_path(tid, call, call->kind->dir, call->kind->path, path);
	return access(path, F_OK) < 0;
}

static int go_on(pid_t tid)
{
	return (int)ptrace(PTRACE_CONT, tid, 0, 0);
}

static void fail(struct run *run, pid_t tid, struct call *call, int errnum)
{
	const int64_t result = -errnum;

	call->fault = fault_names[run->fault];
	poke_skip(tid, result);
	log_call(&run->log, tid, call, &result);
	call->kind = NULL;
	go_on(tid);
}

/* Half of the bytes, at least one, and not all; false where that cannot be. */
static bool halve(struct run *run, pid_t tid, struct call *call)
{
	uint64_t count = call->kind->bytes ? call->args[call->kind->count - 1] : 0;

	if (count < 2)
		return false;
	call->fault = fault_names[run->fault];
	call->restore = true;
	poke_count(tid, count / 2);
	return true;
}

static void let_happen(pid_t tid)
{
	(void)ptrace(PTRACE_SYSCALL, tid, 0, 0);
}

static void when_full(struct run *run, pid_t tid, struct call *call)
{
	bool first = !run->full;

	run->full = true;
	if (!needs_space(tid, call))
		let_happen(tid);
	else if (first && halve(run, tid, call))
		let_happen(tid);
	else
		fail(run, tid, call, ENOSPC);
}

static void kill_program(const struct run *run)
{
	kill(run->program, SIGKILL);
}

static void strike(struct run *run, pid_t tid, struct call *call)
{
	switch (run->fault) {
	case BEFORE:
		call->fault = fault_names[run->fault];
		log_call(&run->log, tid, call, NULL);
		kill_program(run);
		go_on(tid);
		return;
	case AFTER:
		call->fault = fault_names[run->fault];
		call->kill_after = true;
		break;
	case FAIL_ENOSPC:
		fail(run, tid, call, ENOSPC);
		return;
	case FAIL_EIO:
		fail(run, tid, call, EIO);
		return;
	case SHORT:
		(void)halve(run, tid, call);
		break;
	default:
		break;
	}
	let_happen(tid);
}

/* --- stops --- */

static long size_of(const char *path)
{
	struct stat st;

	return !path ? -1 : stat(path, &st) < 0 ? 0 : (long)st.st_size;
}

/* In "this,that"? */
static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, len) == 0 && (at[len] == '\0' || at[len] == ','))
			return true;
	}
	return false;
}

static void on_call(struct run *run, struct task *task)
{
	struct call *call = &task->call;
	uint64_t nr = 0;

	*call = (struct call){ 0 };
	if (!task->counted || !peek_call(task->tid, &nr, call->args)) {
		go_on(task->tid);
		return;
	}
	if (nr == SYS_prctl && call->args[0] == PR_SET_DUMPABLE)
		poke_skip(task->tid, 0);
	call->kind = kind_of(nr, call->args);
	if (!call->kind || (run->only && !is_listed(run->only, call->kind->name))) {
		call->kind = NULL;
		go_on(task->tid);
		return;
	}
	call->n = ++run->n;
	call->watched = size_of(run->watch);
	if (run->fault == FULL && call->n >= run->at)
		when_full(run, task->tid, call);
	else if (call->n == run->at && (run->fault <= AFTER || !call->kind->told))
		strike(run, task->tid, call);
	else
		let_happen(task->tid);
}

static void on_return(struct run *run, struct task *task)
{
	struct call *call = &task->call;
	int64_t result = 0;

	if (call->kind && peek_result(task->tid, &result)) {
		if (call->restore)
			poke_count(task->tid, call->args[call->kind->count - 1]);
		log_call(&run->log, task->tid, call, &result);
		if (call->kill_after)
			kill_program(run);
		call->kind = NULL;
	}
	go_on(task->tid);
}

static void on_stop(struct run *run, struct task *task, int status)
{
	int event = status >> 16;
	int signal = WSTOPSIG(status);

	if (event == PTRACE_EVENT_SECCOMP)
		on_call(run, task);
	else if (event == 0 && signal == (SIGTRAP | 0x80))
		on_return(run, task);
	else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
		(void)ptrace(PTRACE_LISTEN, task->tid, 0, 0);
	else
		(void)ptrace(task->call.kind ? PTRACE_SYSCALL : PTRACE_CONT, task->tid, 0,
		    event ? 0 : signal);
}

static void follow(struct run *run)
{
	for (;;) {
		int status = 0;
		pid_t tid = waitpid(-1, &status, __WALL);

		if (tid < 0 && errno == EINTR)
			kill_rest(run); /* of patience, see main */
		else if (tid < 0)
			return;
		else if (WIFSTOPPED(status))
			on_stop(run, task_of(run, tid), status);
		else {
			forget(run, tid);
			if (tid != run->program)
				continue;
			run->status = status;
			run->ended = true;
			alarm(PATIENCE_S); /* for what it started */
		}
	}
}

/* --- the command line --- */

static void on_alarm(int signal)
{
	(void)signal;
}

static int usage(void)
{
	fputs("usage: mica-crash [OPTION...] -- PROGRAM [ARG...]\n", stderr);
	return 2;
}

static enum fault fault_named(const char *name)
{
	for (int i = BEFORE; i <= FULL; i++) {
		if (strcmp(name, fault_names[i]) == 0)
			return (enum fault)i;
	}
	fprintf(stderr, "mica-crash: there is no fault '%s'\n", name);
	exit(2);
}

static int read_options(struct run *run, int argc, char **argv)
{
	static const struct option options[] = { { "log", required_argument, NULL, 'l' },
		{ "record", no_argument, NULL, 'r' }, { "watch", required_argument, NULL, 'w' },
		{ "fault", required_argument, NULL, 'f' },
		{ "at", required_argument, NULL, 'a' },
		{ "only", required_argument, NULL, 'o' }, { 0 } };
	int letter;

	while ((letter = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (letter == 'l')
			run->log.file = fopen(optarg, "we");
		else if (letter == 'r')
			run->log.bytes = true;
		else if (letter == 'w')
			run->watch = optarg;
		else if (letter == 'o')
			run->only = optarg;
		else if (letter == 'f')
			run->fault = fault_named(optarg);
		else if (letter == 'a')
			run->at = strtol(optarg, NULL, 10);
		else
			return -1;
		if (letter == 'l' && !run->log.file) {
			perror(optarg);
			return -1;
		}
	}
	return optind < argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	static struct run run; /* its tasks are many */
	const struct sigaction action = { .sa_handler = on_alarm };

	if (read_options(&run, argc, argv) < 0)
		return usage();
	sigaction(SIGALRM, &action, NULL);
	if (start_traced(argv + optind, &run.program) < 0) {
		perror("mica-crash: ptrace");
		return CANNOT_TRACE;
	}
	follow(&run);
	if (run.log.file && fclose(run.log.file) != 0) {
		perror("mica-crash: log");
		return CANNOT_TRACE;
	}
	if (!run.ended)
		return CANNOT_TRACE;
	return WIFSIGNALED(run.status) ? 128 + WTERMSIG(run.status) : WEXITSTATUS(run.status);
}
