/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file predef.h
 * What every public header of libsqfs-stable needs: export marks and integer types.
 */
#ifndef SQST_PREDEF_H
#define SQST_PREDEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__) || defined(__clang__)
#define SQST_API            __attribute__((visibility("default")))
#define SQST_PRINTF(at, va) __attribute__((format(printf, at, va)))
#else
#define SQST_API
#define SQST_PRINTF(at, va)
#endif

#endif
