# SPDX-License-Identifier: LGPL-2.1-or-later
# Packages first: what a file system depends on is looked up when it is declared.
include $(sort $(wildcard $(BR2_EXTERNAL_SQFS_STABLE_PATH)/package/*/*.mk))
include $(sort $(wildcard $(BR2_EXTERNAL_SQFS_STABLE_PATH)/fs/*/*.mk))
