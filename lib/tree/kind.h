/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is, as the format has it. */
#ifndef LIB_TREE_KIND_H
#define LIB_TREE_KIND_H

#include <sys/types.h>

#include "tree/node.h"

/* The sqst_type of a st_mode, 0 for none that the format has. */
int sqst_type_of_mode(mode_t mode);

/* A device number as new_encode_dev() of the kernel makes it, which squashfs decodes with
 * new_decode_dev(). False if it does not fit: 4095:1048575 is the highest. */
bool sqst_device_encode(uint64_t major_number, uint64_t minor_number, uint32_t *out);

/* A time as the format has it: seconds from 1970 to 2106. One outside is counted in *clamped, which
 * may be NULL. */
uint32_t sqst_time_clamp(int64_t seconds, uint64_t *clamped);

#endif
