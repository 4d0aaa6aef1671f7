/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A library for LD_PRELOAD that lets the n-th call of a kind fail, or sends a signal before it.
 *
 * System calls are trapped by seccomp, so that those of the C library itself (stdio, opendir(),
 * realpath()) are met as well as the program's: the handler of SIGSYS counts, and then fails the
 * call or makes it. Of functions, those that allocate are wrapped, and pthread_create().
 *
 *   SQST_FAULT_LOG   a file of sizeof(struct fault_log) bytes, shared with the caller
 *   SQST_FAULT       CALL:N:ERRNO, or CALL:N:short, or CALL:N:-SIGNAL; not set: calls are counted
 * only
 *
 * Calls before main() are let through: the loader's and those of libraries' constructors have no
 * documented end. Calls of children are, too: a new program would inherit the trap without its
 * handler, so scenarios have none. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "fault.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
/* The system call's number and arguments in, its result out, as the kernel left them for us. */
#define REG(context, i)                                                                            \
	((context)->uc_mcontext.gregs[(const int[]){REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8,    \
						    REG_R9}[i]])
#define RESULT(context) ((context)->uc_mcontext.gregs[REG_RAX])
__asm__(".text\n"
	".type fault_syscall,@function\n"
	"fault_syscall:\n"
	"	mov %rdi, %rax\n"
	"	mov %rsi, %rdi\n"
	"	mov %rdx, %rsi\n"
	"	mov %rcx, %rdx\n"
	"	mov %r8, %r10\n"
	"	mov %r9, %r8\n"
	"	mov 8(%rsp), %r9\n"
	"	syscall\n"
	"fault_syscall_end:\n"
	"	ret\n");
#elif defined(__aarch64__)
#define ARCH            AUDIT_ARCH_AARCH64
#define REG(context, i) ((context)->uc_mcontext.regs[i])
#define RESULT(context) ((context)->uc_mcontext.regs[0])
__asm__(".text\n"
	".type fault_syscall,%function\n"
	"fault_syscall:\n"
	"	mov x8, x0\n"
	"	mov x0, x1\n"
	"	mov x1, x2\n"
	"	mov x2, x3\n"
	"	mov x3, x4\n"
	"	mov x4, x5\n"
	"	mov x5, x6\n"
	"	svc #0\n"
	"fault_syscall_end:\n"
	"	ret\n");
#else
#error "how system calls are made on this machine is not known here"
#endif

long fault_syscall(long number, long a, long b, long c, long d, long e, long f);
extern const char fault_syscall_end[];

/* How a system call names its file. */
enum file {
	/* By a descriptor, first or (mmap) fifth of its arguments. */
	FILE_OPEN,
	FILE_MAPPED,
	FILE_PATH,
	/* By a path below a descriptor. */
	FILE_AT,
};

/* What kind of call a system call is; the kinds that are functions have no row. */
struct row {
	int number;
	enum fault_call call;
	enum file file;
};

static const struct row rows[] = {
    {SYS_read, CALL_READ, FILE_OPEN},
    {SYS_readv, CALL_READ, FILE_OPEN},
    {SYS_pread64, CALL_PREAD, FILE_OPEN},
    {SYS_preadv, CALL_PREAD, FILE_OPEN},
    {SYS_write, CALL_WRITE, FILE_OPEN},
    {SYS_writev, CALL_WRITE, FILE_OPEN},
    {SYS_pwrite64, CALL_PWRITE, FILE_OPEN},
    {SYS_pwritev, CALL_PWRITE, FILE_OPEN},
    {SYS_openat, CALL_OPEN, FILE_AT},
    {SYS_newfstatat, CALL_STAT, FILE_AT},
    {SYS_fstat, CALL_STAT, FILE_OPEN},
    {SYS_statx, CALL_STAT, FILE_AT},
    {SYS_statfs, CALL_STAT, FILE_PATH},
    {SYS_fstatfs, CALL_STAT, FILE_OPEN},
    {SYS_faccessat, CALL_STAT, FILE_AT},
    {SYS_lseek, CALL_LSEEK, FILE_OPEN},
    {SYS_renameat, CALL_RENAME, FILE_AT},
    {SYS_renameat2, CALL_RENAME, FILE_AT},
    {SYS_linkat, CALL_RENAME, FILE_AT},
    {SYS_fsync, CALL_FSYNC, FILE_OPEN},
    {SYS_fdatasync, CALL_FSYNC, FILE_OPEN},
    {SYS_ftruncate, CALL_FTRUNCATE, FILE_OPEN},
    {SYS_copy_file_range, CALL_COPY, FILE_OPEN},
    {SYS_mmap, CALL_MMAP, FILE_MAPPED},
    {SYS_getdents64, CALL_READDIR, FILE_OPEN},
    {SYS_readlinkat, CALL_READLINK, FILE_AT},
    {SYS_listxattr, CALL_XATTR, FILE_PATH},
    {SYS_llistxattr, CALL_XATTR, FILE_PATH},
    {SYS_flistxattr, CALL_XATTR, FILE_OPEN},
    {SYS_getxattr, CALL_XATTR, FILE_PATH},
    {SYS_lgetxattr, CALL_XATTR, FILE_PATH},
    {SYS_fgetxattr, CALL_XATTR, FILE_OPEN},
    {SYS_close, CALL_CLOSE, FILE_OPEN},
    {SYS_fchmod, CALL_CHANGE, FILE_OPEN},
    {SYS_fchown, CALL_CHANGE, FILE_OPEN},
    {SYS_fsetxattr, CALL_CHANGE, FILE_OPEN},
    {SYS_flock, CALL_CHANGE, FILE_OPEN},
    {SYS_fcntl, CALL_CHANGE, FILE_OPEN},
    {SYS_fallocate, CALL_CHANGE, FILE_OPEN},
    {SYS_sync_file_range, CALL_CHANGE, FILE_OPEN},
#ifdef SYS_open
    {SYS_open, CALL_OPEN, FILE_PATH},
    {SYS_stat, CALL_STAT, FILE_PATH},
    {SYS_lstat, CALL_STAT, FILE_PATH},
    {SYS_access, CALL_STAT, FILE_PATH},
    {SYS_rename, CALL_RENAME, FILE_PATH},
    {SYS_link, CALL_RENAME, FILE_PATH},
    {SYS_readlink, CALL_READLINK, FILE_PATH},
#endif
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* What is asked for: read from the environment once, before main(). */
static struct {
	struct fault_log *log;
	enum fault_call call;
	unsigned nth;
	/* An errno value, SHORT, or a signal's number below 0. */
	int error;
	atomic_bool armed;
} fault;
#define SHORT 9999

/* Its file, for the caller to know which status fits. For a debugger, too: `break fault_note`. */
void fault_note(int number, const char *path, int fd);

void fault_note(int number, const char *path, int fd)
{
	char link[32];
	long size;

	fault.log->hit = 1;
	fault.log->number = number;
	if (path) {
		snprintf(fault.log->path, sizeof(fault.log->path), "%s", path);
	} else if (fd >= 0) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		size = fault_syscall(SYS_readlinkat, AT_FDCWD, (long)link, (long)fault.log->path,
				     sizeof(fault.log->path) - 1, 0, 0);
		fault.log->path[size > 0 ? size : 0] = '\0';
	}
}

/* ---- whose calls count */

/* What allocates in these is let through: libarchive ends the process where memory is short
 * (__archive_errx), follows the null pointer (archive_read_new), or says that the archive is of no
 * known kind; libz is its own here. What it says with ENOMEM is the program's to tell, and is. */
static const char *const libraries[] = {"/libarchive.so", "/libz.so"};

#define RANGES 16

static struct {
	uintptr_t start, end;
} range[RANGES];
static unsigned ranges;

static int note_library(struct dl_phdr_info *info, size_t size, void *user)
{
	(void)size;
	(void)user;
	for (unsigned i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		if (!strstr(info->dlpi_name, libraries[i]))
			continue;
		for (unsigned k = 0; k < info->dlpi_phnum && ranges < RANGES; k++) {
			if (info->dlpi_phdr[k].p_type != PT_LOAD)
				continue;
			range[ranges].start = info->dlpi_addr + info->dlpi_phdr[k].p_vaddr;
			range[ranges].end = range[ranges].start + info->dlpi_phdr[k].p_memsz;
			ranges++;
		}
	}
	return 0;
}

static bool is_excluded(const void *caller)
{
	for (unsigned i = 0; i < ranges; i++) {
		if ((uintptr_t)caller >= range[i].start && (uintptr_t)caller < range[i].end)
			return true;
	}
	return false;
}

/* ---- what happens at the n-th call */

/* Count a call; whether it is the one. */
static bool is_it(enum fault_call call)
{
	const unsigned count = atomic_fetch_add(&fault.log->count[call], 1) + 1;
	unsigned all = 0;

	/* The allocators are called far more often than the system, and mostly between two of its
	 * calls a signal makes no difference: they are in no sum. */
	if (call < CALL_MALLOC)
		all = atomic_fetch_add(&fault.log->count[CALL_ANY], 1) + 1;
	if (fault.call == CALL_ANY)
		return all == fault.nth;
	return fault.call == call && count == fault.nth;
}

static void note_call(const struct row *row, const ucontext_t *context)
{
	const long first = (long)REG(context, 0);
	const char *name = (const char *)REG(context, 1);
	size_t used;

	switch (row->file) {
	case FILE_OPEN:
		fault_note(row->number, NULL, (int)first);
		return;
	case FILE_MAPPED:
		fault_note(row->number, NULL, (int)REG(context, 4));
		return;
	case FILE_PATH:
		fault_note(row->number, (const char *)first, -1);
		return;
	case FILE_AT:
		break;
	}
	if (name[0] == '/' || (int)first == AT_FDCWD) {
		fault_note(row->number, name, -1);
		return;
	}
	fault_note(row->number, NULL, (int)first);
	used = strlen(fault.log->path);
	if (name[0])
		snprintf(fault.log->path + used, sizeof(fault.log->path) - used, "/%s", name);
}

static long make_call(int number, const ucontext_t *context, bool cut)
{
	long size = (long)REG(context, 2);

	/* What is on disk after a power cut is not seen here, and an fsync takes milliseconds. */
	if (number == SYS_fsync || number == SYS_fdatasync)
		return 0;
	/* At least a byte: 0 is an end of file. */
	if (cut && number == SYS_copy_file_range)
		return fault_syscall(number, (long)REG(context, 0), (long)REG(context, 1),
				     (long)REG(context, 2), (long)REG(context, 3),
				     ((long)REG(context, 4) + 1) / 2, (long)REG(context, 5));
	if (cut && size > 1)
		size = (size + 1) / 2;
	return fault_syscall(number, (long)REG(context, 0), (long)REG(context, 1), size,
			     (long)REG(context, 3), (long)REG(context, 4), (long)REG(context, 5));
}

/* The filter traps no other calls. */
static const struct row *row_of(int number)
{
	size_t at = 0;

	while (at + 1 < ROWS && rows[at].number != number)
		at++;
	return &rows[at];
}

/* SIGKILL and the like come before the call. */
static void send_signal(void)
{
	fault_syscall(SYS_kill, getpid(), -fault.error, 0, 0, 0, 0);
}

static void trapped(int signal, siginfo_t *info, void *user)
{
	ucontext_t *context = user;
	const int number = info->si_syscall, before = errno;
	const struct row *row = row_of(number);
	long result;

	(void)signal;
	if (!fault.armed || !is_it(row->call)) {
		result = make_call(number, context, false);
	} else {
		note_call(row, context);
		if (fault.error < 0)
			send_signal();
		/* A descriptor is closed whatever close() says. */
		if (fault.error > 0 && fault.error != SHORT && number == SYS_close)
			make_call(number, context, false);
		result = fault.error > 0 && fault.error != SHORT
			     ? -fault.error
			     : make_call(number, context, fault.error == SHORT);
	}
	errno = before;
	RESULT(context) = result;
}

static bool fails(enum fault_call call, const void *caller)
{
	if (!fault.armed || is_excluded(caller) || !is_it(call))
		return false;
	fault_note(0, "", -1);
	if (fault.error < 0) {
		send_signal();
		return false;
	}
	errno = fault.error;
	return true;
}

/* ---- functions */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
	return fails(CALL_MALLOC, __builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails(CALL_CALLOC, __builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails(CALL_REALLOC, __builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

/* Found before main(), since dlsym() allocates. */
static int (*start_thread)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
		   void *(*run)(void *), void *restrict user)
{
	return fails(CALL_THREAD, NULL) ? fault.error : start_thread(thread, attributes, run, user);
}

/* A thread that blocks SIGSYS would die of its first trapped call. */
static int (*set_mask)(int, const sigset_t *, sigset_t *);

int pthread_sigmask(int how, const sigset_t *mask, sigset_t *before)
{
	sigset_t cleared;

	if (!mask || how == SIG_UNBLOCK)
		return set_mask(how, mask, before);
	cleared = *mask;
	sigdelset(&cleared, SIGSYS);
	return set_mask(how, &cleared, before);
}

/* ---- before main() */

static void trap(void)
{
	/* For each system call: equal, then the trap; else the next. */
	struct sock_filter filter[ROWS * 2 + 8];
	struct sock_fprog program = {.filter = filter};
	const uint64_t ours = (uint64_t)(uintptr_t)fault_syscall_end;
	unsigned at = 0;

	filter[at++] = (struct sock_filter)BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer));
	filter[at++] =
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)ours, 0, 3);
	filter[at++] = (struct sock_filter)BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4);
	filter[at++] =
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(ours >> 32), 0, 1);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ROWS; i++) {
		filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							    (uint32_t)rows[i].number, 0, 1);
		filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	}
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)at;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(FAULT_CANNOT);
}

static int (*real_main)(int, char **, char **);

static int armed_main(int count, char **list, char **environment)
{
	const struct sigaction action = {.sa_sigaction = trapped,
					 .sa_flags = SA_SIGINFO | SA_NODEFER};

	if (sigaction(SIGSYS, &action, NULL) != 0)
		_exit(FAULT_CANNOT);
	trap();
	fault.armed = true;
	return real_main(count, list, environment);
}

/* By name, as in fault.h. */
static enum fault_call call_named(const char *text, size_t length)
{
	static const char *const names[] = FAULT_NAMES;

	for (unsigned i = 0; i < FAULT_CALLS; i++) {
		if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
			return (enum fault_call)i;
	}
	_exit(FAULT_CANNOT);
}

static void read_wishes(void)
{
	const char *path = getenv("SQST_FAULT_LOG"), *format = getenv("SQST_FAULT");
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	char *end;

	if (fd < 0)
		_exit(FAULT_CANNOT);
	fault.log = mmap(NULL, sizeof(*fault.log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (fault.log == MAP_FAILED)
		_exit(FAULT_CANNOT);
	if (!format)
		return;
	fault.call = call_named(format, strcspn(format, ":"));
	fault.nth = (unsigned)strtoul(format + strcspn(format, ":") + 1, &end, 10);
	fault.error = strcmp(end, ":short") == 0 ? SHORT : atoi(end + 1);
}

/* ISO C has no cast from a data pointer to a function's. */
static void find(const char *name, void *function, size_t size)
{
	const void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		_exit(FAULT_CANNOT);
	memcpy(function, &found, size);
}

typedef int start(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
		  void (*)(void), void *);
start __libc_start_main;

int __libc_start_main(int (*main)(int, char **, char **), int count, char **list,
		      void (*init)(void), void (*fini)(void), void (*loader_fini)(void),
		      void *stack_end)
{
	start *next;

	find("__libc_start_main", &next, sizeof(next));
	find("pthread_create", &start_thread, sizeof(start_thread));
	find("pthread_sigmask", &set_mask, sizeof(set_mask));
	dl_iterate_phdr(note_library, NULL);
	read_wishes();
	real_main = main;
	return next(armed_main, count, list, init, fini, loader_fini, stack_end);
}
