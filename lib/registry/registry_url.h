/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a registry is meant. */
#ifndef LIB_REGISTRY_REGISTRY_URL_H
#define LIB_REGISTRY_REGISTRY_URL_H

#include "sqst/report.h"

/** Whether a parent's name is a registry's URL: it begins with "postgresql://" or "postgres://". */
bool sqst_registry_is_url(const char *name);

#endif
