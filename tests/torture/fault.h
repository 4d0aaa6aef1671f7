/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fault.c and its caller (fault.py) share. */
#ifndef TESTS_TORTURE_FAULT_H
#define TESTS_TORTURE_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Kinds of calls, in the order of FAULT_NAMES. */
enum fault_call {
	CALL_READ,
	CALL_PREAD,
	CALL_WRITE,
	CALL_PWRITE,
	CALL_OPEN,
	CALL_STAT,
	CALL_LSEEK,
	CALL_RENAME,
	CALL_FSYNC,
	CALL_FTRUNCATE,
	CALL_COPY,
	CALL_MMAP,
	CALL_READDIR,
	CALL_READLINK,
	CALL_XATTR,
	CALL_CLOSE,
	CALL_CHANGE,
	CALL_THREAD,
	CALL_MALLOC,
	CALL_CALLOC,
	CALL_REALLOC,
	/* The n-th of all of them but the allocators. */
	CALL_ANY,
	FAULT_CALLS,
};
#define FAULT_NAMES                                                                                \
	{                                                                                          \
		"read", "pread", "write", "pwrite", "open", "stat", "lseek", "rename", "fsync",    \
		    "ftruncate", "copy", "mmap", "readdir", "readlink", "xattr", "close",          \
		    "change", "thread", "malloc", "calloc", "realloc", "any"                       \
	}

/* Room for a path in the log. */
#define FAULT_PATH 256

/* The log, which is shared memory. fault.py has its layout, too. */
struct fault_log {
	/* How often each was called. */
	_Atomic uint32_t count[FAULT_CALLS];
	/* Whether the n-th call came; which system call it was, 0 for a function, and its file. */
	uint32_t hit;
	int32_t number;
	char path[FAULT_PATH];
};

/* The exit status if the trap could not be set. */
#define FAULT_CANNOT 99

#endif
