/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scoped cleanup: what a function owns is freed on every early return, unless it is stolen. */
#ifndef LIB_BASE_SCOPE_H
#define LIB_BASE_SCOPE_H

#include <stdlib.h>
#include <unistd.h>

#define SQST_CLEANUP(function) __attribute__((cleanup(function)))

/* Defines sqst_scope_NAME, a cleanup function that calls release(*pointer) unless it is NULL. */
#define SQST_DEFINE_SCOPE(name, type, release)                                                     \
	static inline void sqst_scope_##name(type **pointer)                                       \
	{                                                                                          \
		if (*pointer)                                                                      \
			release(*pointer);                                                         \
	}

static inline void sqst_scope_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void sqst_scope_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define SQST_AUTO_FREE  SQST_CLEANUP(sqst_scope_free)
#define SQST_AUTO_CLOSE SQST_CLEANUP(sqst_scope_close)

/* Take a pointer out of its scope: the caller owns it now. */
#define sqst_steal(pointer)                                                                        \
	__extension__({                                                                            \
		__typeof__(*(pointer)) stolen_ = *(pointer);                                       \
		*(pointer) = NULL;                                                                 \
		stolen_;                                                                           \
	})

#endif
