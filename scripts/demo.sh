#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# demo.sh SQFS-STABLE-BUILD: what an update does to an overlay, with mksquashfs and with ours.
set -eu
tool=$1
work=$(mktemp -d "${TMPDIR:-/var/tmp}/sqfs-stable-try.XXXXXX")
clean() {
	for at in merged lower; do
		! mountpoint -q "$work/$at" || umount "$work/$at"
	done
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM HUP

# Release 1: some of this machine's own files. Release 2: files added that sort first, one
# removed, one changed.
mkdir -p "$work/r1/etc" "$work/r1/bin" "$work/r1/share"
for file in passwd group services protocols hostname fstab profile; do
	[ ! -r "/etc/$file" ] || cp -p "/etc/$file" "$work/r1/etc/"
done
for program in sh ls cat cp mv rm sed grep tar gzip; do
	path=$(command -v "$program") && cp -pL "$path" "$work/r1/bin/"
done
cp -a /usr/share/common-licenses/. "$work/r1/share/" 2>/dev/null || :
cp -a "$work/r1" "$work/r2"
for name in AAA AAB AAC; do
	echo 'added by release 2; sorts before everything' >"$work/r2/$name"
done
rm -f "$work/r2/bin/gzip"
echo 'release 2' >>"$work/r2/etc/profile"

echo "== release 1: $tool r1 r1.sqfs"
"$tool" --no-progress "$work/r1" "$work/r1.sqfs"
echo "== release 2: $tool --prev r1.sqfs r2 r2.sqfs"
"$tool" --no-progress --prev "$work/r1.sqfs" "$work/r2" "$work/r2.sqfs"

if [ "$(id -u)" -ne 0 ]; then
	echo "== as root, this would now mount an overlay across the update"
	exit 0
fi

# story NAME OLD NEW: an overlay with index=on on the old image, a change, the same upper on the new
story() {
	echo "== $1: overlay with index=on, a file changed in it, then the image is replaced"
	rm -rf "$work/upper" "$work/work"
	mkdir -p "$work/upper" "$work/work" "$work/lower" "$work/merged"
	mount -o loop,ro "$2" "$work/lower"
	layers="lowerdir=$work/lower,upperdir=$work/upper,workdir=$work/work"
	mount -t overlay overlay -o "$layers,index=on,xino=on" "$work/merged"
	echo 'changed on the device' >>"$work/merged/etc/passwd"
	echo "   before: etc/passwd has inode $(stat -c %i "$work/merged/etc/passwd")"
	umount "$work/merged"
	umount "$work/lower"
	mount -o loop,ro "$3" "$work/lower"
	if mount -t overlay overlay -o "$layers,index=on,xino=on" "$work/merged" 2>"$work/error"; then
		echo "   after:  etc/passwd has inode $(stat -c %i "$work/merged/etc/passwd")," \
			"ends in \"$(tail -n 1 "$work/merged/etc/passwd")\""
		umount "$work/merged"
	else
		echo "   after:  THE OVERLAY DOES NOT MOUNT: $(grep -o 'mount([^.]*\|Stale.*' "$work/error" | tail -n 1)"
	fi
	umount "$work/lower"
}

if ! mount -o loop,ro "$work/r1.sqfs" "$work/r1" 2>/dev/null; then
	echo "== this machine does not mount squashfs images; no overlay to show"
	exit 0
fi
umount "$work/r1"
if command -v mksquashfs >/dev/null; then
	for release in r1 r2; do
		mksquashfs "$work/$release" "$work/$release.mk" -noappend -no-progress -quiet >/dev/null
	done
	story mksquashfs "$work/r1.mk" "$work/r2.mk"
fi
story sqfs-stable-build "$work/r1.sqfs" "$work/r2.sqfs"
