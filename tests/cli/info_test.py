#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sqfs-stable-info: what it says of images, what it refuses, and its rule for udev."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import forge
import model
import sqfs
import stable
import tap
import tool
import trees

NAME = "sqfs-stable-info"
# With libtool's wrapper, for udev hands no environment on; DIRECT is quicker.
INFO = os.path.join(os.path.dirname(shutil.which(tool.BUILD)), NAME)
DONE, SYSTEM, USAGE, INPUT = range(4)

# Labels that somebody could wish, or wish others.
LABELS = [
    "rootfs", "two words", " lead and  more ", "slash/../up", "quo\"te'", '"all"', "'all'", '"',
    "line\nID_FS_TYPE=ext4", "cr\r", "tab\t", "\x1b[31mred", "back\\slash", "\\x41", "#", "=", "a=b",
    "-x", ".", "..", "$env{DEVNAME}", "%k$(reboot)`x`;&|", "ünïcödé", "\u202eright", "😀", " ", "\n",
    "x" * 255, "\\" * 255, "😀" * 63, "\x01" * 255]


def direct(program):
    """The program without libtool's wrapper, which takes five times as long, and what it needs."""
    libraries = os.path.join(os.path.dirname(program), ".libs")
    real = os.path.join(libraries, os.path.basename(program))
    if not os.path.exists(real):
        return program, None
    found = os.environ.get("LD_LIBRARY_PATH")
    return real, {**os.environ, "LD_LIBRARY_PATH": libraries + (":" + found if found else "")}


DIRECT, DIRECT_ENV = direct(INFO)


def info(*arguments, **options):
    return subprocess.run([DIRECT, *arguments], capture_output=True, check=False, timeout=120,
                          encoding="utf-8", errors="surrogateescape", env=DIRECT_ENV, **options)


def says(*arguments):
    """What it prints, which must be all that it says."""
    done = info(*arguments)
    assert (done.returncode, done.stderr) == (DONE, ""), f"{done.returncode} {done.stderr}"
    return done.stdout


def refuses(status, *arguments, words=()):
    done = info(*arguments)
    assert done.returncode == status, f"{done.returncode}, not {status}: {done.stderr}"
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith(NAME + ": "), done.stderr
    assert done.stdout == "" and "parent" not in lines[0], lines[0]
    for word in words:
        assert word in lines[0], f"{word!r} is not in: {lines[0]}"
    return lines[0]


def fields(text):
    """The lines of the text as a dictionary; a name that is not repeated goes on."""
    found, name = {}, None
    for line in text.splitlines():
        name = line[:17].rstrip() or name
        found.setdefault(name, []).append(line[17:])
    return {name: "\n".join(values) for name, values in found.items()}


def uuid(value):
    text = value.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def small():
    return {b"": trees.directory(), b"a": trees.file("a"), b"d": trees.directory(),
            b"d/f": trees.file("f"), b"l": trees.symlink("a")}


def forged(path, label=None, uuid_value=bytes(range(16, 32)), tail=b"\0", **changes):
    """An image with any bytes for a label."""
    tree = small()
    numbers = {p: n for p, (_, n) in model.assign(trees.groups(tree), [])[0].items()}
    canonical = stable.canonical_map({p: (tree[p].kind, n) for p, n in numbers.items()})
    record = dict(uuid=uuid_value, own_id=stable.uuid5(uuid_value, canonical), generation=3, root=1,
                  top=6, double=True)
    record.update(changes)
    extra = forge.record(**record)[:-1] + tail
    if label is not None:
        extra = bytes([1, len(label)]) + label + extra
    forge.Forged(tree, numbers, top=6, double=6, extra=extra).write(path)
    return path


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-info-") as room:
                function(room)
        tap.add(name, run)
        return function
    return mark


def chain(room):
    """Three releases; the last has lost a name and got one."""
    tree = small()
    trees.make(tree, room + "/s")
    tool.build("--quiet", "--label", "first", room + "/s", room + "/1")
    os.unlink(room + "/s/a")
    tool.build("--quiet", "--prev", room + "/1", room + "/s", room + "/2")
    tool.write(room + "/s/0", "new")
    os.link(room + "/s/0", room + "/s/d/link")
    tool.build("--quiet", "--prev", room + "/1", "--prev", room + "/2", "--label", "third rel",
               "-comp", "xz", "-b", "64K", "--map-out", room + "/3.map", "--json",
               room + "/3.json", room + "/s", room + "/3")
    return room + "/3"


# ---- what is said

@case("text and JSON say what the image's bytes say")
def text_and_json(room):
    path = chain(room)
    image = stable.read(path)
    record, live = image.record, {n for _, n in image.numbers.values()}
    text, told = fields(says(path)), json.loads(says("--json", path))
    assert text["image"] == told["image"] == path
    assert text["UUID"] == told["lineage"]["uuid"] == uuid(record.uuid)
    assert text["label"] == told["lineage"]["label"] == "third rel"
    assert text["own id"] == told["lineage"]["id"] == uuid(record.id)
    assert text["parents"].split() == told["lineage"]["parents"] == \
        [uuid(stable.read(room + "/1").record.id), uuid(stable.read(room + "/2").record.id)]
    assert told["lineage"]["generation"] == int(text["generation"]) == 2
    numbers = told["numbers"]
    assert numbers["top"] == int(text["top"]) == image.super.inode_count
    assert numbers["in_use"] == int(text["live numbers"]) == len(live)
    assert numbers["retired"] == int(text["retired numbers"].split()[0]) == \
        numbers["top"] - len(live)
    assert numbers["root"] == int(text["root number"]) == 1
    assert numbers["root_double"] is True and text["root's double"].split()[0] == text["top"]
    assert told["paths"] == int(text["paths"]) == len(image.paths)
    assert told["compressor"] == text["compressor"] == "xz"
    assert told["block_size"] == int(text["block size"]) == 65536
    assert told["image_bytes"] == int(text["image bytes"]) == image.super.bytes_used
    assert told["time"] == image.super.mtime
    assert told["export_table"]["present"] is True and told["warnings"] == []
    assert re.match(r"\d+ bytes in the image, 8 bytes of kernel memory", text["export table"])


@case("JSON agrees with the report of the build")
def as_the_build(room):
    path = chain(room)
    told, built = json.loads(says("--json", path)), json.loads(tool.read(room + "/3.json"))
    assert {k: v for k, v in told["lineage"].items() if k != "recorded"} == built["lineage"]
    for key in ("in_use", "top", "root", "root_double"):
        assert told["numbers"][key] == built["numbers"][key], key
    assert told["paths"] == built["paths"]["total"]


@case("the cost of the export table is what it takes in the image")
def export_cost(room):
    trees.make(small(), room + "/s")
    for top in (5, 1024, 1025, 30000):
        tool.write(room + "/map", f"#mtree\n# sqfs-stable: version=1 top={top}\n. type=dir inode=1\n")
        tool.build("--quiet", "--force", "--map", room + "/map", room + "/s", room + "/o")
        image = stable.read(room + "/o")
        told = json.loads(says("--json", room + "/o"))["export_table"]
        blocks = -(-image.super.inode_count // 1024)
        first = int.from_bytes(tool.read(room + "/o")[image.super.export_table:][:8], "little")
        assert told["kernel_bytes"] == 8 * blocks
        assert told["image_bytes"] == image.super.export_table - first + 8 * blocks
    tool.build("--quiet", "--force", "-no-exports", room + "/s", room + "/o")
    assert json.loads(says("--json", room + "/o"))["export_table"] == \
        {"present": False, "image_bytes": 0, "kernel_bytes": 0}
    assert "no origin" in fields(says(room + "/o"))["export table"]


@case("more than 32 KiB of kernel memory give a warning")
def memory(room):
    os.mkdir(room + "/s")
    # Nothing is new, so the count stays that of the map.
    for top, warned in ((4 << 20, False), ((4 << 20) + 1, True)):
        tool.write(room + "/map", f"#mtree\n# sqfs-stable: version=1 top={top}\n. type=dir inode=1\n")
        tool.build("--quiet", "--force", "-comp", "lz4", "--map", room + "/map", room + "/s",
                   room + "/o")
        assert sqfs.Superblock(tool.read(room + "/o")).inode_count == top
        done, told = info(room + "/o"), info("--json", room + "/o")
        assert done.returncode == told.returncode == DONE
        assert told.stderr == done.stderr and bool(done.stderr) == warned
        assert bool(json.loads(told.stdout)["warnings"]) == warned
        if warned:
            assert len(done.stderr.splitlines()) == 1 and "33 KiB" in done.stderr
            assert done.stderr.startswith(f"{NAME}: warning: {room}/o: ")
            assert json.loads(told.stdout)["warnings"][0] in done.stderr


@case("an image of another tool has no lineage, and that is said")
def other_tools(room):
    mksquashfs = tap.need_program("mksquashfs")
    trees.make(small(), room + "/s")
    tool.call(mksquashfs, room + "/s", room + "/m", "-quiet", "-no-progress")
    text, told = fields(says(room + "/m")), json.loads(says("--json", room + "/m"))
    assert text["UUID"] == text["label"] == "none" and "not made by" in text["lineage"]
    assert "own id" not in text and "generation" not in text
    assert told["lineage"] == {"recorded": False, "uuid": None, "label": "", "id": None,
                               "generation": None, "parents": []}
    assert told["numbers"]["retired"] == 0 and told["numbers"]["in_use"] == 5
    assert says("--udev", room + "/m") == ""
    # Its map, and the image, are the same parent.
    tool.write(room + "/m.map", says("--map", room + "/m"))
    tool.build("--quiet", "--no-reuse", "--prev", room + "/m", room + "/s", room + "/1")
    tool.build("--quiet", "--map", room + "/m.map", room + "/s", room + "/2")
    assert stable.read(room + "/1").numbers == stable.read(room + "/2").numbers


@case("--map prints the bytes that --map-out writes")
def map_bytes(room):
    path = chain(room)
    assert says("--map", path).encode() == tool.read(room + "/3.map")
    tool.write(room + "/s/n\xf6 #\\=\n\x7f", "odd")
    with open(os.fsencode(room) + b"/s/\xff", "wb"):
        pass
    tool.build("--quiet", "--prev", path, "--map-out", room + "/4.map", room + "/s", room + "/4")
    assert says("--map", room + "/4").encode() == tool.read(room + "/4.map")


@case("a block device is read like a file")
def device(room):
    tap.need_root()
    path = chain(room)
    with loop(path) as there:
        told = json.loads(says("--json", there))
        assert told.pop("image") == there
        assert told.items() <= json.loads(says("--json", path)).items()
        assert says("--udev", there) == says("--udev", path)


@case("control characters of names and labels do not reach the terminal")
def masked(room):
    path = forged(room + "/\x1b]0;name\x07", b"\x1b[31m\xff\\")
    text, told = fields(says(path)), json.loads(says("--json", path))
    assert text["image"] == room + "/\\033]0;name\\007" and text["label"].startswith("\\033[31m")
    assert told["lineage"]["label"] == "\x1b[31m\\377\\134"
    line = refuses(INPUT, room + "/\x1b[0m\n", words=["\\033[0m\\012"])
    assert "\x1b" not in line


# ---- what is refused

@case("what is no image, or a damaged one, is refused in one line")
def damaged(room):
    path = chain(room)
    good = tool.read(path)
    os.mkfifo(room + "/fifo")
    for name, content in (("empty", b""), ("short", good[:95]), ("text", b"text\n" * 50),
                          ("zeros", bytes(8192)), ("cut", good[:200])):
        tool.write(room + "/" + name, content)
        for option in ((), ("--json",), ("--map",)):
            refuses(INPUT, *option, room + "/" + name, words=[room + "/" + name + ": "])
    for bad, word in (("nowhere", "No such file"), ("fifo", "neither a regular file"),
                      ("s", "neither a regular file")):
        for option in ((), ("--udev",)):
            refuses(INPUT, *option, room + "/" + bad, words=[word])
    refuses(INPUT, forged(room + "/own", own_id=bytes(16)), words=["rewritten by another tool"])
    refuses(INPUT, forged(room + "/top", top=7), words=["rewritten by another tool"])
    image = sqfs.Image(path)
    for at in (image.super.inode_table, image.super.export_table, image.super.directory_table):
        broken = bytearray(good)
        broken[at:at + 2] = b"\xff\xff"
        tool.write(room + "/broken", bytes(broken))
        refuses(INPUT, room + "/broken")


@case("mistakes in the command line of sqfs-stable-info")
def usage(room):
    for arguments, word in (([], "IMAGE is missing"), (["--json"], "IMAGE is missing"),
                            (["a", "b"], "only one IMAGE"), (["--nope", "a"], "unknown option"),
                            (["--jso", "a"], "unknown option"), (["--json=x", "a"], "no value"),
                            (["--json", "--map", "a"], "only one of"),
                            (["--udev", "a", "--json"], "only one of")):
        refuses(USAGE, *arguments, words=[word, "--help"])
    # A name that looks like an option.
    forged(room + "/-odd")
    done = info("-json", "--", "-odd", cwd=room)
    assert done.returncode == DONE and json.loads(done.stdout)["image"] == "-odd"


@case("output that cannot be written is an error")
def full(room):
    path = forged(room + "/o", b"label")
    for option in ([], ["--json"], ["--map"], ["--udev"], ["--help"]):
        with tool.scratch() as place, open(tool.device(place + "/full", tool.FULL), "wb") as sink:
            done = subprocess.run([INFO, *option, path], stdout=sink, stderr=subprocess.PIPE,
                                  check=False, timeout=60)
        assert done.returncode == SYSTEM and done.stderr.count(b"\n") == 1, (option, done)
        assert b"No space left" in done.stderr


# ---- udev

def as_udev(text):
    """Properties that udev takes from a program's output (udev-rules.c, get_property_from_string):
    a line each, blanks around key and value do not count, a value may be quoted."""
    found = {}
    for line in text.split("\n"):
        line = line.strip(" \t\r\v\f")
        if not line or line.startswith("#"):
            continue
        key, sign, value = line.partition("=")
        value = value.strip(" \t\r\v\f")
        assert sign and value and key not in found, line
        if value[0] in "\"'":
            assert len(value) > 1 and value[-1] == value[0], line
            value = value[1:-1]
        found[key] = value
    return found


def decoded(text):
    """The text of which an ..._ENC property is made."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda hit: bytes([int(hit[1], 16)]), text.encode())


@case("--udev prints what udev understands, whatever the label")
def udev_labels(room):
    for label in LABELS:
        path = forged(room + "/o", label.encode())
        found = as_udev(says("--udev", path))
        assert found.pop("ID_FS_UUID") == found.pop("ID_FS_UUID_ENC") == uuid(bytes(range(16, 32)))
        assert found.pop("ID_SQFS_STABLE_ID") == uuid(stable.read(path).record.id)
        assert found.pop("ID_SQFS_STABLE_GENERATION") == "3"
        if not label.strip():
            assert not found, (label, found)
            continue
        assert not re.search(r"[\x00-\x20\x7f\"']", found.pop("ID_FS_LABEL")), label
        # What cannot be a name in a directory is not offered as one.
        link = re.sub(rb"[^a-zA-Z0-9#+.:=@_\x80-\xff-]", b"....", label.encode())
        if label in (".", "..") or len(link) > 255:
            assert not found, (label, found)
            continue
        assert set(found) == {"ID_FS_LABEL_ENC"}, (label, found)
        encoded = found["ID_FS_LABEL_ENC"]
        assert decoded(encoded) == label.encode(), (label, encoded)
        # A name in /dev/disk/by-label, and nothing that ends a rule's quotation.
        assert re.fullmatch(r"[\w#+.:=@-]*", re.sub(r"\\x[0-9a-f]{2}|[^\x00-\x7f]", "", encoded))
    found = as_udev(info("--udev", forged(room + "/o", b"\xff\xc0\x80a\xed\xa0\x80")).stdout)
    assert found["ID_FS_LABEL"].isprintable() and found["ID_FS_LABEL"].endswith("___")


@case("--udev needs the head of the image alone, and gives what it has")
def udev_robust(room):
    path = forged(room + "/o", b"label")
    whole, data = says("--udev", path), tool.read(path)
    start = data.index(b"\x01\x05label")
    tool.write(room + "/cut", data[:start + 120])
    assert says("--udev", room + "/cut") == whole
    # A codec that no build has, a block size that is none.
    for at, change in ((20, b"\x63\0"), (12, b"\1\0\0\0"), (40, b"\xff" * 8)):
        tool.write(room + "/odd", data[:at] + change + data[at + len(change):])
        assert says("--udev", room + "/odd") == whole, at
    # A record of a later version: the UUID and the label are not in it.
    at = data.index(b"\x53", start) + 2
    for change in (b"\x02", ):
        tool.write(room + "/new", data[:at] + change + data[at + 1:])
        done = info("--udev", room + "/new")
        assert done.returncode == DONE and done.stderr.count("\n") == 1
        assert done.stderr.startswith(f"{NAME}: warning: {room}/new: ")
        assert as_udev(done.stdout).keys() == {"ID_FS_UUID", "ID_FS_UUID_ENC", "ID_FS_LABEL",
                                               "ID_FS_LABEL_ENC"}
        refuses(INPUT, room + "/new", words=["version"])
    # Nothing to be had.
    for length in (96, 97, start, start + 3):
        tool.write(room + "/cut", data[:length])
        done = info("--udev", room + "/cut")
        assert (done.returncode, done.stdout) == (DONE, ""), length
        assert done.stderr.count("\n") == 1
    for content in (b"", b"hsqs" + bytes(200), bytes(4096), b"\x53\xef" * 4096):
        tool.write(room + "/none", content)
        refuses(INPUT, "--udev", room + "/none", words=["squashfs"])


def loop(path):
    class Attached:
        def __enter__(self):
            self.device = tool.call("losetup", "--find", "--show", "--read-only",
                                    path).decode().strip()
            return self.device

        def __exit__(self, *_):
            subprocess.run(["losetup", "--detach", self.device], check=False)
    return Attached()


@tap.test("the udev rule names the installed program")
def rule_text():
    build = os.environ.get("SQST_BUILDDIR") or tap.skip("needs a build directory")
    rule = tool.read(build + "/udev/60-sqfs-stable.rules").decode()
    assert re.search(r'^IMPORT\{program\}="/[^ @]*/sqfs-stable-info --udev \$devnode"$', rule, re.M)
    assert "@" not in re.sub("#.*", "", rule)
    for name in ("60-persistent-storage.rules", "60-persistent-storage-dm.rules"):
        assert name < "60-sqfs-stable.rules"


@case("make install puts it where --with-udevdir says")
def rule_installed(room):
    build = os.environ.get("SQST_BUILDDIR") or tap.skip("needs a build directory")
    tool.call(tap.need_program("make"), "-s", "-C", build, "install-nodist_udevrulesDATA",
              f"DESTDIR={room}", "udevdir=/a/udev")
    with open(build + "/udev/60-sqfs-stable.rules", "rb") as file:
        assert tool.read(room + "/a/udev/rules.d/60-sqfs-stable.rules") == file.read()


# In a mount namespace of its own, with a /dev and a /run that are only for this.
UDEV = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/udev/rules.d /run/dev
cp -a /dev/null /dev/zero /dev/random /dev/urandom "$1" /run/dev/
cp "$2" /run/udev/rules.d/60-sqfs-stable.rules
mount --bind /run/dev /dev
! udevadm verify --help >/dev/null 2>&1 || udevadm verify /run/udev/rules.d/60-sqfs-stable.rules >&2
udevadm test --action=change "/sys/block/${1##*/}" 2>&1
echo links:
cd /dev/disk && find . -type l -printf '%P\\0%l\\0'
"""


@case("with the rule, udev makes the links")
def udev_links(room):
    tap.need_root()
    tap.need_program("udevadm")
    build = os.environ.get("SQST_BUILDDIR") or tap.skip("needs a build directory")
    rule = tool.read(build + "/udev/60-sqfs-stable.rules").decode()
    tool.write(room + "/rule", re.sub('="/.*/sqfs-stable-info', lambda _: f'="{INFO}', rule))
    for label in ("rootfs", "a/b \"$x\" \\ ü", "line\nend", None):
        path = forged(room + "/o", label.encode() if label else None)
        with loop(path) as device_path:
            out = tool.call("unshare", "--mount", "--propagation", "private", "sh", "-c", UDEV, "sh",
                            device_path, room + "/rule")
        text, _, links = out.rpartition(b"links:\n")
        words = links.split(b"\0")[:-1]
        links = dict(zip(words[::2], words[1::2]))
        target = b"../../" + os.fsencode(os.path.basename(device_path))
        assert links.get(b"by-uuid/" + uuid(bytes(range(16, 32))).encode()) == target, out.decode()
        found = [name[9:].decode() for name in links if name.startswith(b"by-label/")]
        assert [decoded(name).decode() for name in found] == ([label] if label else []), found
        assert b"ID_SQFS_STABLE_GENERATION=3\n" in text
    with loop(path) as device_path:
        tool.write(room + "/rule", "# none\n")
        out = tool.call("unshare", "--mount", "--propagation", "private", "sh", "-c", UDEV, "sh",
                        device_path, room + "/rule")
        assert b"by-uuid" not in out.rpartition(b"links:\n")[2], "udev makes the link by itself"


tap.main()
