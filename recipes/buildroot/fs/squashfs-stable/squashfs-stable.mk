################################################################################
#
# Build the squashfs root filesystem image with stable inode numbers
#
################################################################################

# SPDX-License-Identifier: LGPL-2.1-or-later
ROOTFS_SQUASHFS_STABLE_DEPENDENCIES = host-sqfs-stable

ROOTFS_SQUASHFS_STABLE_PREV = $(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_PREV))
ROOTFS_SQUASHFS_STABLE_MAP = $(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_MAP))
ROOTFS_SQUASHFS_STABLE_OLD = $(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_CHECK))
ROOTFS_SQUASHFS_STABLE_UUID = $(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_UUID))
ROOTFS_SQUASHFS_STABLE_COMP = $(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_COMP))
ROOTFS_SQUASHFS_STABLE_MAP_OUT = $(or \
	$(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_MAP_OUT)),\
	$(BINARIES_DIR)/rootfs.squashfs-stable.map)

# Times: Buildroot touches every file before each image, which would make new
# inodes of all of them.
ROOTFS_SQUASHFS_STABLE_ARGS = \
	-noappend \
	-processors $(PARALLEL_JOBS) \
	-b $(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_BS)) \
	$(if $(ROOTFS_SQUASHFS_STABLE_COMP),-comp $(ROOTFS_SQUASHFS_STABLE_COMP),-no-compression) \
	$(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_COMP_OPTS)) \
	$(if $(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_PAD),,-nopad) \
	$(patsubst %,--map '%',$(ROOTFS_SQUASHFS_STABLE_MAP)) \
	$(patsubst %,--prev '%',$(ROOTFS_SQUASHFS_STABLE_PREV)) \
	--prev-mtime keep \
	--map-out '$(ROOTFS_SQUASHFS_STABLE_MAP_OUT)' \
	$(if $(ROOTFS_SQUASHFS_STABLE_UUID),--uuid '$(ROOTFS_SQUASHFS_STABLE_UUID)') \
	$(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_EXTRA_ARGS))

# One line that names the option, for a path of it that cannot be meant. The
# functions are those that keep no cache of directories: scripts may have
# fetched a file in this run of make.
# $(1): last part of the option's name
ROOTFS_SQUASHFS_STABLE_REFUSE = $(foreach f,\
	$(call qstrip,$(BR2_TARGET_ROOTFS_SQUASHFS_STABLE_$(1))),\
	$(if $(filter postgresql://% postgres://%,$(f)),\
		$(error BR2_TARGET_ROOTFS_SQUASHFS_STABLE_$(1): $(f): is a registry, which needs libpq, and Buildroot has none for the host; give a map in its place))\
	$(if $(filter $(BASE_DIR)/%,$(abspath $(f)) $(realpath $(f))),\
		$(error BR2_TARGET_ROOTFS_SQUASHFS_STABLE_$(1): $(f): is in the output directory, which "make clean" empties; keep released images and maps outside of $(BASE_DIR)))\
	$(if $(realpath $(f)),,\
		$(error BR2_TARGET_ROOTFS_SQUASHFS_STABLE_$(1): $(f): no such file; fetch it first, or leave the option empty if there is no release yet)))

define ROOTFS_SQUASHFS_STABLE_CHECK_PATHS
	$(call ROOTFS_SQUASHFS_STABLE_REFUSE,PREV)
	$(call ROOTFS_SQUASHFS_STABLE_REFUSE,MAP)
	$(call ROOTFS_SQUASHFS_STABLE_REFUSE,CHECK)
endef
ROOTFS_SQUASHFS_STABLE_PRE_GEN_HOOKS += ROOTFS_SQUASHFS_STABLE_CHECK_PATHS

# A wrong path is better told before hours of building than behind them; not
# for goals that make no image (menuconfig, clean, source, a package), and not
# where a script before the build may fetch the file.
ifeq ($(BR2_TARGET_ROOTFS_SQUASHFS_STABLE)$(call qstrip,$(BR2_ROOTFS_PRE_BUILD_SCRIPT)),y)
ifneq ($(filter all world target-post-image rootfs-squashfs-stable,$(or $(MAKECMDGOALS),all)),)
$(strip $(ROOTFS_SQUASHFS_STABLE_CHECK_PATHS))
endif
endif

define ROOTFS_SQUASHFS_STABLE_CMD
	$(HOST_DIR)/bin/sqfs-stable-build $(TARGET_DIR) $@ $(ROOTFS_SQUASHFS_STABLE_ARGS)
endef

# An image that was not found safe goes, and with it its map, unless that is
# kept elsewhere.
ifneq ($(ROOTFS_SQUASHFS_STABLE_OLD),)
define ROOTFS_SQUASHFS_STABLE_GUARD
	$(Q)rm -f $@.check.html; status=0; \
	$(HOST_DIR)/bin/sqfs-stable-check --html $@.check.html \
		$(patsubst %,'%',$(ROOTFS_SQUASHFS_STABLE_OLD)) $@ || status=$$?; \
	case $$status in \
	0) ;; \
	3) echo "$(@F): safe, but no number is kept: see $@.check.html" >&2 ;; \
	*) rm -f $@ $(filter $(BASE_DIR)/%,$(ROOTFS_SQUASHFS_STABLE_MAP_OUT)); \
		echo "$(@F): removed, since sqfs-stable-check did not find it safe (status $$status)$(if $(filter $(BASE_DIR)/%,$(ROOTFS_SQUASHFS_STABLE_MAP_OUT)),,; its map is $(ROOTFS_SQUASHFS_STABLE_MAP_OUT): do not keep it)" >&2; \
		exit 1 ;; \
	esac
endef
ROOTFS_SQUASHFS_STABLE_POST_GEN_HOOKS += ROOTFS_SQUASHFS_STABLE_GUARD
endif

$(eval $(rootfs))
