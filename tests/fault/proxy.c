// SPDX-License-Identifier: Apache-2.0
// clang-format off
/*
 * A PKCS#11 module that forwards every call to another one, and goes wrong where it is told to.
 *
 *   MICA_FAULT_MODULE  the real module's path
 *   MICA_FAULT         faults, separated by commas: FUNCTION@WHEN=ACTION, where FUNCTION is a name or "*" (each
 *                      function, with a count of its own) and WHEN a number (that call of the function, from 1),
 *                      "N+" (from that one on) or "*" (every one). For example: C_Sign@3=ckr:0x30,C_Login@1=hang
 *   MICA_FAULT_COUNTS  a file that holds the calls counted so far: with it WHEN counts over all processes, so that
 *                      a fault strikes once however often the module is started anew
 *   MICA_FAULT_LOG     a file to which each call appends one line when it has ended: process id, function, return
 *                      value in hex; for C_Sign also the bytes that were signed, in hex, for C_Login the user type.
 *                      A call that hangs, crashes or exits appends "hang", "crash" or "exit" in place of the value
 *   MICA_FAULT_STATS   a file of one `struct stat_row` for each function, in the order of functions.h: how many calls
 *                      there were, how many at once, when the first began and the last ended (delays included)
 *   MICA_FAULT_RESERVED  C_Initialize's reserved string, for programs that give the module none
 *   MICA_FAULT_PAD     a file with the PIN: the token has a pad, on which that is typed whenever C_Login is given no
 *                      PIN; one that is given is CKR_ARGUMENTS_BAD
 *
 * C_GetFunctionList is one of the functions too: the last of them.
 *
 * Actions:
 *   ckr:VALUE     returns VALUE (as strtoul(3) reads it) and calls nothing
 *   after:VALUE   makes the call, then returns VALUE
 *   hang          never returns
 *   crash         SIGSEGV
 *   exit          _exit(7)
 *   kill          makes the call, logs it, then SIGKILL to its own process
 *   parent        makes the call, logs it, then SIGKILL to the parent process
 *   close         closes all sessions of the slot last used, then makes the call
 *   delay:MS      waits, then makes the call
 *   fork          leaves a child behind that holds every descriptor for 300 s, then makes the call
 *   flip          C_Sign: flips a bit of the signature
 *   short:N       C_Sign: the signature ends after N bytes
 *   long:N        C_Sign: says that the signature has N bytes more; those that the buffer has room for are there
 *   flags:VALUE   C_GetTokenInfo, C_GetSlotInfo: sets these bits of the flags
 *   noflags:VALUE C_GetTokenInfo: clears them
 *   extractable   C_GenerateKeyPair: makes an extractable key whatever the template says
 *   weak          C_GenerateKeyPair: makes a key that can be read, changed, copied and used for everything
 *   nameless      C_GetInfo, C_GetSlotInfo, C_GetTokenInfo: says "nobody" for who made it and what it is
 */
// clang-format on
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

enum function {
#define X(name, params, args) F_##name,
#include "functions.h"
#undef X
	F_C_GetFunctionList,
	N_FUNCTIONS
};

static const char *const names[N_FUNCTIONS] = {
#define X(name, params, args) #name,
#include "functions.h"
#undef X
	"C_GetFunctionList"
};

enum action {
	NONE,
	CKR,
	AFTER,
	HANG,
	CRASH,
	EXIT,
	KILL,
	PARENT,
	CLOSE,
	DELAY,
	FORK,
	FLIP,
	SHORT,
	LONG,
	FLAGS,
	NOFLAGS,
	EXTRACTABLE,
	WEAK,
	NAMELESS
};

static const char *const actions[] = { "", "ckr", "after", "hang", "crash", "exit", "kill",
	"parent", "close", "delay", "fork", "flip", "short", "long", "flags", "noflags",
	"extractable", "weak", "nameless" };

enum { MAX_FAULTS = 32, MAX_LINE = 4096, MAX_TEMPLATE = 32 };

enum { ANY = N_FUNCTIONS }; /* in place of a function */

struct fault {
	unsigned function;
	unsigned long first, last;
	enum action action;
	unsigned long value;
};

static CK_FUNCTION_LIST *real;
static struct fault faults[MAX_FAULTS];
static size_t n_faults;
static _Atomic unsigned long own_counts[N_FUNCTIONS];
static _Atomic unsigned long *counts = own_counts;
static int log_fd = -1;

/* Nanoseconds of CLOCK_MONOTONIC; 0: none yet. */
struct stat_row {
	_Atomic uint64_t calls, now, most, first, last;
};

static struct stat_row own_stats[N_FUNCTIONS];
static struct stat_row *stats = own_stats;

static _Atomic CK_SLOT_ID last_slot;

static __thread struct fault now;          /* what this call is to do */
static __thread const unsigned char *data; /* what C_Sign was given */
static __thread size_t data_len;

/* --- configuration ------------------------------------------------------------- */

static void die(const char *why)
{
	fprintf(stderr, "libmica-fault: %s\n", why);
	_exit(9);
}

static size_t look_up(const char *name, size_t len, const char *const *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(table[i]) == len && strncmp(table[i], name, len) == 0)
			return i;
	}
	die("MICA_FAULT names a function or an action that is not known");
	return 0;
}

static void parse_fault(const char *text)
{
	const char *at = strchr(text, '@'), *equals = strchr(text, '='),
	           *colon = strchr(text, ':');
	struct fault *fault = &faults[n_faults];
	char *end;

	if (!at || !equals || at > equals || n_faults == MAX_FAULTS)
		die("MICA_FAULT cannot be read");
	n_faults++;
	fault->function =
	    text[0] == '*' ? ANY
	                   : (unsigned)look_up(text, (size_t)(at - text), names, N_FUNCTIONS);
	if (at[1] == '*') {
		fault->first = 1;
		fault->last = (unsigned long)-1;
	} else {
		fault->first = fault->last = strtoul(at + 1, &end, 10);
		if (*end == '+')
			fault->last = (unsigned long)-1;
	}
	if (colon && colon < equals)
		die("MICA_FAULT cannot be read");
	fault->action = (enum action)look_up(equals + 1,
	    colon ? (size_t)(colon - equals - 1) : strlen(equals + 1), actions,
	    sizeof(actions) / sizeof(actions[0]));
	fault->value = colon ? strtoul(colon + 1, NULL, 0) : 0;
}

/* Memory that all processes with this file share. */
static void *share(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *map;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		die("MICA_FAULT_COUNTS or MICA_FAULT_STATS cannot be opened");
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("MICA_FAULT_COUNTS or MICA_FAULT_STATS cannot be mapped");
	close(fd);
	return map;
}

static void load_real(void)
{
	const char *path = getenv("MICA_FAULT_MODULE");
	void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_RV (*get)(CK_FUNCTION_LIST **);
	void *symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;

	if (!symbol)
		die("MICA_FAULT_MODULE names no module");
	memcpy(&get, &symbol, sizeof(get));
	if (get(&real) != CKR_OK)
		die("the real module gives no function list");
}

static void configure(void)
{
	const char *text = getenv("MICA_FAULT"), *log = getenv("MICA_FAULT_LOG"),
	           *file = getenv("MICA_FAULT_COUNTS"), *table = getenv("MICA_FAULT_STATS");
	char *copy = strdup(text ? text : ""), *rest = NULL;

	for (char *part = strtok_r(copy, ",", &rest); part; part = strtok_r(NULL, ",", &rest))
		parse_fault(part);
	free(copy);
	if (file)
		counts = share(file, sizeof(own_counts));
	if (table)
		stats = share(table, sizeof(own_stats));
	if (log)
		log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	load_real();
}

/* --- each call ----------------------------------------------------------------- */

static void log_line(enum function function, const char *result)
{
	char line[MAX_LINE];
	size_t len;

	if (log_fd < 0)
		return;
	len = (size_t)snprintf(line, sizeof(line), "%ld %s %s%s", (long)getpid(),
	    names[function], result, data ? " " : "");
	for (size_t i = 0; data && i < data_len && len + 4 < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%02x", data[i]);
	line[len++] = '\n';
	if (write(log_fd, line, len) < 0)
		die("MICA_FAULT_LOG cannot be written");
}

static void leave_child(enum function function)
{
	if (fork() == 0) {
		log_line(function, "child");
		sleep(300);
		_exit(0);
	}
}

static void wait_ms(unsigned long ms)
{
	struct timespec pause = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	nanosleep(&pause, NULL);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void count_begin(struct stat_row *row)
{
	uint64_t under_way = atomic_fetch_add(&row->now, 1) + 1, most, none = 0;

	atomic_fetch_add(&row->calls, 1);
	atomic_compare_exchange_strong(&row->first, &none, now_ns());
	most = atomic_load(&row->most);
	while (under_way > most && !atomic_compare_exchange_weak(&row->most, &most, under_way))
		;
}

static void count_end(struct stat_row *row)
{
	atomic_store(&row->last, now_ns());
	atomic_fetch_sub(&row->now, 1);
}

static struct fault find_fault(enum function function)
{
	unsigned long n = atomic_fetch_add(&counts[function], 1) + 1;

	for (size_t i = 0; i < n_faults; i++) {
		if ((faults[i].function == function || faults[i].function == ANY) &&
		    n >= faults[i].first && n <= faults[i].last)
			return faults[i];
	}
	return (struct fault){ function, 0, 0, NONE, 0 };
}

/* What comes before the call. True: make it. */
static bool begin(enum function function)
{
	now = find_fault(function);
	count_begin(&stats[function]);
	switch (now.action) {
	case CKR:
		return false;
	case HANG:
		log_line(function, "hang");
		for (;;)
			pause();
	case CRASH:
		log_line(function, "crash");
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
		return true;
	case EXIT:
		log_line(function, "exit");
		_exit(7);
	case CLOSE:
		real->C_CloseAllSessions(atomic_load(&last_slot));
		return true;
	case DELAY:
		wait_ms(now.value);
		return true;
	case FORK:
		leave_child(function);
		return true;
	default:
		return true;
	}
}

static CK_RV end(enum function function, CK_RV rv)
{
	char result[32];

	if (now.action == CKR || now.action == AFTER)
		rv = now.value;
	count_end(&stats[function]);
	snprintf(result, sizeof(result), "0x%lx", rv);
	log_line(function, result);
	if (now.action == KILL)
		kill(getpid(), SIGKILL);
	if (now.action == PARENT)
		kill(getppid(), SIGKILL);
	return rv;
}

#define X(name, params, args)                                                                  \
	static CK_RV plain_##name params                                                       \
	{                                                                                      \
		return end(F_##name, begin(F_##name) ? real->name args : CKR_OK);              \
	}
#include "functions.h"
#undef X

/* --- those that some actions look into ----------------------------------------- */

/* Programs that cannot give a module its arguments get them from the environment. */
static CK_RV special_C_Initialize(void *given)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	char *reserved = getenv("MICA_FAULT_RESERVED");

	if (given)
		memcpy(&args, given, sizeof(args));
	if (!reserved || args.pReserved)
		return plain_C_Initialize(given);
	args.pReserved = reserved;
	return plain_C_Initialize(&args);
}

static CK_RV special_C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application,
    CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
	atomic_store(&last_slot, slot);
	return plain_C_OpenSession(slot, flags, application, notify, session);
}

/* What C_Sign gave, spoilt. room: what the caller's buffer holds. */
static void spoil(CK_BYTE *signature, CK_ULONG *len, CK_ULONG room)
{
	if (now.action == FLIP && *len > 4)
		signature[*len - 2] ^= 0x10;
	if (now.action == SHORT && now.value < *len)
		*len = now.value;
	for (CK_ULONG i = 0; now.action == LONG && i < now.value; i++) {
		if (*len < room)
			signature[*len] = 0x5a;
		++*len;
	}
}

static CK_RV special_C_Sign(CK_SESSION_HANDLE session, CK_BYTE *bytes, CK_ULONG len,
    CK_BYTE *signature, CK_ULONG *signature_len)
{
	CK_ULONG room = signature_len ? *signature_len : 0;
	CK_RV rv;

	data = bytes;
	data_len = len;
	rv = plain_C_Sign(session, bytes, len, signature, signature_len);
	data = NULL;
	if (rv == CKR_OK && signature)
		spoil(signature, signature_len, room);
	return rv;
}

/* Its line in the log ends with the user type. */
static CK_RV login_as(
    CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG pin_len)
{
	const unsigned char type = (unsigned char)user;
	CK_RV rv;

	data = &type;
	data_len = 1;
	rv = plain_C_Login(session, user, pin, pin_len);
	data = NULL;
	return rv;
}

static void hide(CK_BYTE *text, size_t len)
{
	memset(text, ' ', len);
	memcpy(text, "nobody", 6);
}

static CK_RV special_C_GetInfo(CK_INFO *info)
{
	CK_RV rv = plain_C_GetInfo(info);

	if (rv == CKR_OK && now.action == NAMELESS) {
		hide(info->manufacturerID, sizeof(info->manufacturerID));
		hide(info->libraryDescription, sizeof(info->libraryDescription));
	}
	return rv;
}

static CK_RV special_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	CK_RV rv = plain_C_GetSlotInfo(slot, info);

	if (rv == CKR_OK && now.action == FLAGS)
		info->flags |= now.value;
	if (rv == CKR_OK && now.action == NAMELESS)
		hide(info->manufacturerID, sizeof(info->manufacturerID));
	return rv;
}

static CK_RV special_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = plain_C_GetTokenInfo(slot, info);

	if (rv == CKR_OK && now.action == NAMELESS) {
		hide(info->manufacturerID, sizeof(info->manufacturerID));
		hide(info->model, sizeof(info->model));
	}

	if (rv == CKR_OK && now.action == FLAGS)
		info->flags |= now.value;
	if (rv == CKR_OK && now.action == NOFLAGS)
		info->flags &= ~now.value;
	if (rv == CKR_OK && getenv("MICA_FAULT_PAD"))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	return rv;
}

static CK_RV special_C_Login(
    CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG pin_len)
{
	const char *pad = getenv("MICA_FAULT_PAD");
	CK_BYTE typed[256];
	ssize_t len;
	int fd;

	if (!pad)
		return login_as(session, user, pin, pin_len);
	if (pin)
		return CKR_ARGUMENTS_BAD;
	fd = open(pad, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, typed, sizeof(typed));
	close(fd);
	if (len <= 0)
		die("MICA_FAULT_PAD cannot be read");
	return login_as(
	    session, user, typed, (CK_ULONG)(typed[len - 1] == '\n' ? len - 1 : len));
}

/* The count is looked at, not moved: the plain function moves it. */
static bool next_is(enum action action)
{
	unsigned long n = atomic_load(&counts[F_C_GenerateKeyPair]) + 1;

	for (size_t i = 0; i < n_faults; i++) {
		if (faults[i].action == action && n >= faults[i].first && n <= faults[i].last)
			return true;
	}
	return false;
}

/* Everything that the template says no to, and not SENSITIVE. */
static void weaken(CK_ATTRIBUTE *template, CK_ULONG n)
{
	static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

	for (CK_ULONG i = 0; i < n; i++) {
		if (template[i].type == CKA_SENSITIVE)
			template[i].pValue = &no;
		else if (template[i].type == CKA_EXTRACTABLE ||
		         template[i].type == CKA_DECRYPT || template[i].type == CKA_UNWRAP ||
		         template[i].type == CKA_DERIVE || template[i].type == CKA_MODIFIABLE ||
		         template[i].type == CKA_COPYABLE)
			template[i].pValue = &yes;
	}
}

static CK_RV special_C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
    CK_ATTRIBUTE *public_part, CK_ULONG public_n, CK_ATTRIBUTE *private_part,
    CK_ULONG private_n, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	CK_ATTRIBUTE changed[MAX_TEMPLATE];
	CK_BBOOL yes = CK_TRUE;

	if (next_is(WEAK) && private_n <= MAX_TEMPLATE) {
		memcpy(changed, private_part, private_n * sizeof(changed[0]));
		weaken(changed, private_n);
		private_part = changed;
	}
	if (next_is(EXTRACTABLE) && private_n <= MAX_TEMPLATE) {
		memcpy(changed, private_part, private_n * sizeof(changed[0]));
		for (CK_ULONG i = 0; i < private_n; i++) {
			if (changed[i].type == CKA_EXTRACTABLE)
				changed[i].pValue = &yes;
		}
		private_part = changed;
	}
	return plain_C_GenerateKeyPair(session, mechanism, public_part, public_n, private_part,
	    private_n, public_key, private_key);
}

/* --- the module ---------------------------------------------------------------- */

static CK_FUNCTION_LIST list;

static CK_RV get_list(CK_FUNCTION_LIST **ret)
{
	*ret = &list;
	return CKR_OK;
}

static void fill_list(void)
{
	configure();
	list.version = real->version;
	list.C_GetFunctionList = get_list;
#define X(name, params, args) list.name = plain_##name;
#include "functions.h"
#undef X
	list.C_Initialize = special_C_Initialize;
	list.C_OpenSession = special_C_OpenSession;
	list.C_Sign = special_C_Sign;
	list.C_GetInfo = special_C_GetInfo;
	list.C_GetSlotInfo = special_C_GetSlotInfo;
	list.C_GetTokenInfo = special_C_GetTokenInfo;
	list.C_Login = special_C_Login;
	list.C_GenerateKeyPair = special_C_GenerateKeyPair;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_list);
	return end(F_C_GetFunctionList, begin(F_C_GetFunctionList) ? get_list(ret) : CKR_OK);
}
