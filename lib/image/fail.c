/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How reading an image fails: the code and the advice are those of what it is read as. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/cancel.h"
#include "base/file.h"
#include "base/report.h"
#include "image/read.h"

const struct sqst_image_role sqst_image_role_parent = {SQST_ERR_PARENT, "the parent image",
						       "; use another parent image"};
const struct sqst_image_role sqst_image_role_source = {SQST_ERR_SOURCE, "the image", ""};
const struct sqst_image_role sqst_image_role_examined = {SQST_ERR_PARENT, "the image", ""};
const struct sqst_image_role sqst_image_role_probed = {SQST_ERR_SOURCE, "the file", ""};

int sqst_image_fail(const struct sqst_image *image, const char *format, ...)
{
	char text[SQST_MESSAGE_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return sqst_fail(image->why, image->role->code, image->name, "%s", text);
}

int sqst_image_bad(const struct sqst_image *image, const char *format, ...)
{
	char text[SQST_MESSAGE_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return sqst_image_fail(image, "damaged: %s%s", text, image->role->advice);
}

int sqst_image_nomem(const struct sqst_image *image)
{
	return sqst_no_memory(image->why, image->name);
}

int sqst_image_pread(const struct sqst_image *image, void *data, size_t size, uint64_t offset)
{
	ssize_t got;
	const int rc = sqst_canceled(image->cancel, image->why);

	if (rc < 0)
		return rc;
	got = sqst_pread_full(image->fd, data, size, image->base + offset);
	if (got < 0)
		return sqst_fail_errno(image->why, image->role->code, errno, image->name,
				       "cannot read %zu bytes at offset 0x%" PRIx64, size, offset);
	if ((size_t)got < size)
		return sqst_image_fail(
		    image,
		    "the file was truncated while it was read: no %zu bytes at offset 0x%" PRIx64,
		    size, offset);
	return 0;
}
