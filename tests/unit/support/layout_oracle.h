/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of lib/data/layout.c, a second time: as slowly as they read, for few units. */
#ifndef UNIT_SUPPORT_LAYOUT_ORACLE_H
#define UNIT_SUPPORT_LAYOUT_ORACLE_H

#include <stdbool.h>
#include <string.h>

#include "data/layout.h"
#include "unit.h"

#define NEW  SQST_UNIT_NEW
#define MANY 64

uint64_t fresh(const struct sqst_layout *layout, const struct sqst_unit *unit, size_t units);
unsigned slow_place(struct sqst_layout *layout, struct sqst_unit *unit, size_t units);

#endif
