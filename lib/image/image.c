/* STUB by the lead, to be overwritten */
#include "sqst/image.h"
int sqst_image_read_numbers(const char *path, struct sqst_numbers **out, struct sqst_report *why)
{
	(void)out;
	return sqst_fail(why, SQST_ERR_PARENT, path, "stub");
}
