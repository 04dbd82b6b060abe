// SPDX-License-Identifier: Apache-2.0
#include "crash.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

/* struct ptrace_syscall_info of <linux/ptrace.h>, which does not go together with glibc's
 * header everywhere */
enum { AT_RETURN = 2, AT_SECCOMP = 3 };

struct stop {
	uint8_t op;
	uint32_t arch __attribute__((aligned(4)));
	uint64_t instruction, stack;
	union {
		struct {
			uint64_t nr, args[6];
			uint32_t data;
		} seccomp;
		int64_t result;
	};
};

static bool is_stopped_at(pid_t tid, unsigned op, struct stop *ret)
{
	memset(ret, 0, sizeof(*ret));
	return ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(*ret), ret) > 0 && ret->op == op;
}

bool peek_call(pid_t tid, uint64_t *ret_nr, uint64_t ret_args[6])
{
	struct stop stop;

	if (!is_stopped_at(tid, AT_SECCOMP, &stop))
		return false;
	*ret_nr = stop.seccomp.nr;
	memcpy(ret_args, stop.seccomp.args, sizeof(stop.seccomp.args));
	return true;
}

bool peek_result(pid_t tid, int64_t *ret)
{
	struct stop stop;

	if (!is_stopped_at(tid, AT_RETURN, &stop))
		return false;
	*ret = stop.result;
	return true;
}

static struct user_regs_struct get_registers(pid_t tid)
{
	struct user_regs_struct registers;
	struct iovec all = { &registers, sizeof(registers) };

	memset(&registers, 0, sizeof(registers));
	ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &all);
	return registers;
}

static void set_registers(pid_t tid, struct user_regs_struct *registers)
{
	struct iovec all = { registers, sizeof(*registers) };

	ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &all);
}

void poke_skip(pid_t tid, long result)
{
	struct user_regs_struct registers = get_registers(tid);

#if defined(__x86_64__)
	registers.orig_rax = (unsigned long)-1;
	registers.rax = (unsigned long)result;
#elif defined(__aarch64__)
	int none = -1;
	struct iovec number = { &none, sizeof(none) };

	ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &number);
	registers.regs[0] = (unsigned long)result;
#else
#error "which registers hold a system call's number and its result here?"
#endif
	set_registers(tid, &registers);
}

void poke_count(pid_t tid, uint64_t count)
{
	struct user_regs_struct registers = get_registers(tid);

#if defined(__x86_64__)
	registers.rdx = count;
#else
	registers.regs[2] = count;
#endif
	set_registers(tid, &registers);
}

bool peek_bytes(pid_t tid, uint64_t address, void *ret, size_t len)
{
	struct iovec here = { ret, len };
	struct iovec there = { (void *)(uintptr_t)address, len };

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)len;
}

void peek_string(pid_t tid, uint64_t address, char *ret)
{
	for (size_t i = 0; i < PEEK_PATH - 1; i++) {
		if (!peek_bytes(tid, address + i, &ret[i], 1) || ret[i] == '\0') {
			ret[i] = '\0';
			return;
		}
	}
	ret[PEEK_PATH - 1] = '\0';
}

void peek_path(pid_t tid, const struct call *call, char dir, char path, char *ret)
{
	int fd = dir ? (int)call->args[dir - 1] : AT_FDCWD;
	char name[PEEK_PATH];
	char link[64];
	ssize_t len;

	peek_string(tid, call->args[path - 1], name);
	if (name[0] == '/') {
		strcpy(ret, name);
		return;
	}
	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, fd);
	len = readlink(link, ret, PEEK_PATH - 1);
	if (len < 0)
		len = 0;
	ret[len] = '\0';
	if ((size_t)len + strlen(name) + 2 > PEEK_PATH)
		abort();
	ret[len] = '/';
	strcpy(ret + len + 1, name);
}
