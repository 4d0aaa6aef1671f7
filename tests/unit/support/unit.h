/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmocka, with the headers that it wants to stand before its own. */
#ifndef UNIT_SUPPORT_UNIT_H
#define UNIT_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
