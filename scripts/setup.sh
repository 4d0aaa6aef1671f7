# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by ./try and ./check: what they need is installed, and the project is built out of tree.
# shellcheck shell=sh

build_packages='gcc make autoconf automake libtool pkg-config
libsquashfs-dev uuid-dev libxxhash-dev libjson-c-dev libblkid-dev libarchive-dev libselinux1-dev libpq-dev
libdeflate-dev liblzma-dev liblz4-dev libzstd-dev liblzo2-dev'

try_packages='squashfs-tools attr'

test_packages='libcmocka-dev python3 squashfs-tools squashfs-tools-ng squashfuse grub-common p7zip-full
fakeroot pseudo attr libcap2-bin util-linux mount libarchive-tools mandoc clang-format udev chromium
git postgresql shellcheck curl jq genimage python3-kconfiglib python3-yaml rauc openssl
build-essential dpkg-dev debhelper lintian mmdebstrap'

# For make check-u-boot alone.
# shellcheck disable=SC2034 # of tests/readers/check-u-boot
u_boot_packages='gcc make bc bison flex swig libssl-dev python3-dev python3-setuptools dpkg-dev squashfs-tools'

# For make check-kernels alone.
# shellcheck disable=SC2034 # of tests/Makemodule.am
kernel_packages='qemu-system-x86 busybox-static cpio kmod squashfs-tools xz-utils zstd'

sanitizer_packages='clang libclang-rt-dev'

# need PACKAGE...: install what is missing, as root on Debian; say what to do elsewhere.
need() {
	missing=
	for package in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		'install ok installed') ;;
		*) missing="$missing $package" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
		echo "not installed (Debian package names):$missing" >&2
		echo "going on without; with them installed, all of it runs" >&2
		return 0
	fi
	echo "installing:$missing" >&2
	log=$(mktemp)
	# shellcheck disable=SC2086 # one word a package
	if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
		--no-install-recommends $missing; } >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

# build DIRECTORY CONFIGURE-ARGUMENT...: configure and make there, quietly unless it fails.
build() {
	directory=$1
	shift
	mkdir -p "$directory"
	log=$directory/build.log
	if ! {
		{ [ -x "$top/configure" ] && [ "$top/configure" -nt "$top/configure.ac" ]; } || "$top/autogen.sh"
		cd "$directory" &&
			{ [ -f config.status ] && [ config.status -nt "$top/configure" ] ||
				"$top/configure" "$@"; } &&
			make -j"$(nproc)"
	} >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		echo "the build failed; all of it is in $log" >&2
		return 1
	fi
	cd "$top" || return 1
}
