// SPDX-License-Identifier: Apache-2.0
/*
 * stepper: runs a piece of work in a child and kills it with SIGKILL right before its nth
 * system call that could change a file. With n = 0, 1, 2, ... a crash at every instant is
 * tried.
 */
#ifndef TEST_STEPPER_H
#define TEST_STEPPER_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum step_end { STEP_KILLED, STEP_DONE, STEP_FAILED, STEP_FORBIDDEN };

static inline bool step_changes_files(unsigned long long number)
{
	static const long numbers[] = {
		SYS_write,
		SYS_pwrite64,
		SYS_fsync,
		SYS_fdatasync,
		SYS_syncfs,
		SYS_openat,
		SYS_mkdirat,
		SYS_unlinkat,
		SYS_linkat,
		SYS_symlinkat,
		SYS_renameat,
		SYS_renameat2,
		SYS_ftruncate,
		SYS_fchmod,
		SYS_fchmodat,
		SYS_fchown,
		SYS_close,
#ifdef SYS_open
		SYS_open,
		SYS_mkdir,
		SYS_unlink,
		SYS_rmdir,
		SYS_rename,
		SYS_symlink,
		SYS_chmod,
#endif
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if ((unsigned long long)numbers[i] == number)
			return true;
	}
	return false;
}

static inline void step_kill(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

/* work returns 0 when it did all it had to. */
static inline enum step_end step_run(unsigned n, int (*work)(void *context), void *context)
{
	struct ptrace_syscall_info info;
	unsigned seen = 0;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return STEP_FORBIDDEN;
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(99);
		raise(SIGSTOP);
		_exit(work(context) == 0 ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		return STEP_FORBIDDEN;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, 0) < 0 || waitpid(pid, &status, 0) < 0)
			return STEP_FORBIDDEN;
		if (WIFEXITED(status))
			return WEXITSTATUS(status) == 0 ? STEP_DONE : STEP_FAILED;
		if (WIFSIGNALED(status))
			return STEP_FAILED;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0) {
			step_kill(pid);
			return STEP_FORBIDDEN;
		}
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !step_changes_files(info.entry.nr))
			continue;
		if (seen++ == n) {
			step_kill(pid);
			return STEP_KILLED;
		}
	}
}

#endif
