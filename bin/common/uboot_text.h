/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What U-Boot sees of an image, in words and as JSON. */
#ifndef BIN_COMMON_UBOOT_TEXT_H
#define BIN_COMMON_UBOOT_TEXT_H

#include "common/json.h"
#include "sqst/image.h"

#define UBOOT_TEXT_SIZE 128

/* Whether it can read anything of the image, compressor apart. */
bool uboot_reads(const struct sqst_uboot *uboot);

/* A few words that go on from "U-Boot"; the return value is `text`. */
const char *uboot_text(const struct sqst_uboot *uboot, char text[UBOOT_TEXT_SIZE]);

struct json_object *json_uboot(const struct sqst_uboot *uboot);

#endif
