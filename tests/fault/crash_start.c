// SPDX-License-Identifier: Apache-2.0
#include "crash.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_FILTER = 128 };

#if defined(__x86_64__)
enum { MACHINE = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { MACHINE = AUDIT_ARCH_AARCH64 };
#endif

static struct sock_filter statement(uint16_t code, uint32_t k)
{
	return (struct sock_filter)BPF_STMT(code, k);
}

static struct sock_filter jump(uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	return (struct sock_filter)BPF_JUMP(code, k, yes, no);
}

/* An open is of interest when it makes or truncates a file, and they are many that do not. */
static size_t filter_open(struct sock_filter *at, uint32_t nr, unsigned flags_argument)
{
	const uint32_t flags =
	    (uint32_t)offsetof(struct seccomp_data, args) + 8 * (flags_argument - 1);

	at[0] = jump(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 4);
	at[1] = statement(BPF_LD | BPF_W | BPF_ABS, flags);
	at[2] = jump(BPF_JMP | BPF_JSET | BPF_K, O_CREAT | O_TRUNC, 0, 1);
	at[3] = statement(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	at[4] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return 5;
}

static size_t filter_call(struct sock_filter *at, uint32_t nr)
{
	at[0] = jump(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1);
	at[1] = statement(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	return 2;
}

static int install_filter(void)
{
	struct sock_filter code[MOST_FILTER];
	struct sock_fprog program = { .filter = code };
	size_t n = 0;

	code[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	n += filter_call(&code[n], SYS_prctl);
	for (size_t i = 0; kind_at(i) && n + 8 < MOST_FILTER; i++) {
		const struct kind *kind = kind_at(i);
		bool opens = strncmp(kind->name, "open", 4) == 0;

		n += opens ? filter_open(&code[n], (uint32_t)kind->nr, (unsigned)kind->value)
		           : filter_call(&code[n], (uint32_t)kind->nr);
	}
	code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
	           ? -1
	           : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void become(char **argv, int go)
{
	char byte;

	if (read(go, &byte, 1) != 1 || install_filter() < 0) {
		perror("mica-crash: seccomp");
		_exit(CANNOT_TRACE);
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(CANNOT_TRACE);
}

int start_traced(char **argv, pid_t *ret)
{
	const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
	                     PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	                     PTRACE_O_EXITKILL;
	int go[2];

	if (pipe2(go, O_CLOEXEC) < 0)
		return -1;
	*ret = fork();
	if (*ret == 0)
		become(argv, go[0]);
	if (*ret < 0 || ptrace(PTRACE_SEIZE, *ret, 0, options) < 0)
		return -1;
	close(go[0]);
	if (write(go[1], "", 1) != 1)
		return -1;
	close(go[1]);
	return 0;
}
