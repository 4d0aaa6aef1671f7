# SPDX-License-Identifier: LGPL-2.1-or-later
# Image types squashfs-stable, squashfs-stable-xz, -lz4, -zst and -lzo: squashfs images whose inode numbers
# survive updates. To be named in IMAGE_CLASSES; the layer's README.md has the variables at length.

# Images of earlier releases that keep their numbers, the newest last; empty for the very first
SQFS_STABLE_PREV ?= ""
# Maps of earlier releases, the newest last; all of them count as older than the images
SQFS_STABLE_MAP ?= ""
# Images or maps of all releases in the field: an image that is not safe after one of them is not deployed
SQFS_STABLE_GUARD ?= ""
# More options of sqfs-stable-build
SQFS_STABLE_ARGS ?= ""

# Never part of a hash: the image is the same with any number.
SQFS_STABLE_THREADS ?= "${@oe.utils.cpu_count()}"
SQFS_STABLE_THREADS[vardepvalue] = "1"

IMAGE_TYPES += "squashfs-stable squashfs-stable-xz squashfs-stable-lz4 squashfs-stable-zst squashfs-stable-lzo"
IMAGE_CMD:squashfs-stable = "sqfs_stable_image squashfs-stable gzip ${EXTRA_IMAGECMD}"
IMAGE_CMD:squashfs-stable-xz = "sqfs_stable_image squashfs-stable-xz xz ${EXTRA_IMAGECMD}"
IMAGE_CMD:squashfs-stable-lz4 = "sqfs_stable_image squashfs-stable-lz4 lz4 ${EXTRA_IMAGECMD}"
IMAGE_CMD:squashfs-stable-zst = "sqfs_stable_image squashfs-stable-zst zstd ${EXTRA_IMAGECMD}"
IMAGE_CMD:squashfs-stable-lzo = "sqfs_stable_image squashfs-stable-lzo lzo ${EXTRA_IMAGECMD}"

sqfs_stable_image () {
	type=$1
	compressor=$2
	shift 2
	name=${IMAGE_NAME}.$type
	# The time that all of the tree was given, as for the other squashfs types
	SOURCE_DATE_EPOCH=$(stat -c %Y ${IMAGE_ROOTFS})
	export SOURCE_DATE_EPOCH

	# The companion image with debug symbols has another tree, and no device runs it from release to release.
	if [ "${IMAGE_BUILDING_DEBUGFS}" = "true" ]; then
		sqfs-stable-build ${IMAGE_ROOTFS} ${IMGDEPLOYDIR}/$name -noappend -no-progress \
			-processors ${SQFS_STABLE_THREADS} -comp $compressor "$@"
	else
		sqfs_stable_release $type $compressor "$@"
	fi
}

# Made and judged in a folder of its own, so that what is not safe is never where images are deployed from
sqfs_stable_release () {
	maps="${SQFS_STABLE_MAP}"
	images="${SQFS_STABLE_PREV}"
	guard="${SQFS_STABLE_GUARD}"
	type=$1
	compressor=$2
	shift 2
	set -- "$@" ${SQFS_STABLE_ARGS}

	lineage=same
	for word in "$@"; do
		case $word in
		-new-lineage | --new-lineage) lineage=new ;;
		-prev | --prev | -prev=* | --prev=*)
			bbfatal "SQFS_STABLE_ARGS: $word: name the image in SQFS_STABLE_PREV, so that its content counts in this task's hash" ;;
		-map | --map | -map=* | --map=*)
			bbfatal "SQFS_STABLE_ARGS: $word: name the map in SQFS_STABLE_MAP, so that its content counts in this task's hash" ;;
		-map-out | --map-out | -map-out=* | --map-out=*)
			bbfatal "SQFS_STABLE_ARGS: $word: the map is deployed beside the image already" ;;
		esac
	done
	parents=
	times=
	for map in $maps; do
		parents="$parents --map $map"
	done
	for image in $images; do
		parents="$parents --prev $image"
		# Every file was just touched; what is otherwise the same shall not change the image.
		times="--prev-mtime keep"
	done

	name=${IMAGE_NAME}.$type
	rm -f ${IMGDEPLOYDIR}/$name ${IMGDEPLOYDIR}/$name.map ${IMGDEPLOYDIR}/$name.check.html \
		${IMGDEPLOYDIR}/${IMAGE_LINK_NAME}.$type.check.html
	cd ${WORKDIR}/build-$type
	sqfs-stable-build ${IMAGE_ROOTFS} $name -noappend -no-progress -processors ${SQFS_STABLE_THREADS} \
		-comp $compressor $parents $times --map-out $name.map "$@"

	set -- $guard
	if [ $# -gt 0 ]; then
		verdict=0
		sqfs-stable-check --html $name.check.html "$@" $name || verdict=$?
		page="${WORKDIR}/build-$type/$name.check.html"
		case $verdict in
		0) ;;
		1)
			bbfatal "SQFS_STABLE_GUARD: $name is not safe on devices that run one of these images: the log says why, and $page. Nothing was deployed." ;;
		3)
			if [ $lineage = new ]; then
				bbwarn "$name is a new lineage: no device keeps what it knows of its files by number"
			else
				bbfatal "SQFS_STABLE_GUARD: $name keeps no number of one of these images: the log says why, and $page. Is one missing in SQFS_STABLE_PREV? If this is meant, put --new-lineage into SQFS_STABLE_ARGS. Nothing was deployed."
			fi ;;
		*)
			bbfatal "SQFS_STABLE_GUARD: sqfs-stable-check ended with status $verdict; the log says why. Nothing was deployed." ;;
		esac
	fi
	mv $name.* $name ${IMGDEPLOYDIR}/
}
# What is in the files counts, not where they are: see sqfs_stable_checksums.
sqfs_stable_release[vardepsexclude] = "SQFS_STABLE_PREV SQFS_STABLE_MAP SQFS_STABLE_GUARD"

# [(variable, its paths)]. Their names are no literals in getVar, so no hash has their values by this.
def sqfs_stable_inputs(d):
    names = ("SQFS_STABLE_MAP", "SQFS_STABLE_PREV", "SQFS_STABLE_GUARD")
    return [(name, (d.getVar(name) or "").split()) for name in names]

# A path without what means nothing in it, or None where [file-checksums] or the shell would misread it
def sqfs_stable_plain(path):
    import re
    if not re.fullmatch(r"/[\w./+@%=,~-]+", path):
        return None
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))

def sqfs_stable_files(d):
    plain = [sqfs_stable_plain(path) for _, paths in sqfs_stable_inputs(d) for path in paths]
    return sorted(set(path for path in plain if path))

# For [file-checksums]. BitBake puts the checksums in order, so among several files it would not count which
# content is where; what stands behind "/./" is hashed with each. One file's path does not count at all.
def sqfs_stable_checksums(d):
    files = sqfs_stable_files(d)
    if len(files) > 1:
        top = os.path.commonpath([os.path.dirname(path) for path in files]).rstrip("/")
        files = [top + "/." + path[len(top):] for path in files]
    return " ".join(path + ":True" for path in files)

# Which file is what, as numbers in place of paths. It also tells a file that is missing, and so has no
# checksum, from none at all: the task must run, to fail.
def sqfs_stable_roles(d):
    files = sqfs_stable_files(d)
    def number(path):
        plain = sqfs_stable_plain(path)
        return str(files.index(plain)) if plain else "?"
    return " ".join(name + "=" + ",".join(number(path) for path in paths)
                    for name, paths in sqfs_stable_inputs(d) if paths)

SQFS_STABLE_ROLES = "${@sqfs_stable_roles(d)}"
SQFS_STABLE_ROLES[vardepvalue] = "${SQFS_STABLE_ROLES}"

# What speaks against a path, or None
def sqfs_stable_fault(d, path):
    if path.startswith(("postgresql://", "postgres://")):
        return ("a registry cannot be used here, for image tasks have no network, and what it says would be "
                "in no hash; use a map or an image")
    if not sqfs_stable_plain(path):
        return ("is not an absolute path of letters, digits and ._/+@%=,~- "
                "(blanks stand between paths, never in one)")
    for name in ("IMGDEPLOYDIR", "DEPLOY_DIR_IMAGE"):
        top = os.path.realpath(d.getVar(name))
        for there in (os.path.normpath(path), os.path.realpath(path)):
            if (there + "/").startswith(top + "/"):
                return ("is in %s, where do_rootfs and each deploy remove files: the image would depend on "
                        "what was built here last. Copy each release to a folder outside of the build "
                        "and name that copy" % name)
    if not os.path.isfile(path):
        return "there is no such file"
    return None

python sqfs_stable_check_inputs () {
    for name, paths in sqfs_stable_inputs(d):
        for path in paths:
            fault = sqfs_stable_fault(d, path)
            if fault:
                bb.fatal("%s: %s: %s" % (name, path, fault))
}

python () {
    for suffix in ("", "-xz", "-lz4", "-zst", "-lzo"):
        kind = "squashfs-stable" + suffix
        task = "do_image_" + kind.replace("-", "_")
        for each in (task, task.replace("do_image_", "do_image_debugfs_")):
            d.appendVarFlag(each, "depends", " sqfs-stable-native:do_populate_sysroot")
        d.appendVarFlag(task, "prefuncs", " sqfs_stable_check_inputs")
        d.appendVarFlag(task, "cleandirs", " ${WORKDIR}/build-" + kind)
        d.appendVarFlag(task, "file-checksums", " ${@sqfs_stable_checksums(d)}")
        d.appendVarFlag(task, "vardeps", " SQFS_STABLE_ROLES")
        # create_symlinks makes the links without the date to these as well.
        d.appendVarFlag(task, "subimages", " %s.map %s.check.html" % (kind, kind))
}
