#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sqfs-stable-map as a merge driver of git: real repositories, real merges, and the images that are
built from what comes out, against the rules for the devices of every branch."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import maps
import model
import sqfs
import stable
import tap
import tool
import trees

UUID = "6ba7b812-9dad-11d1-80b4-00c04fd430c8"


class Repository:
    """A recipe in git: the source tree itself, with its map beside it."""

    def __init__(self, room, driver=True):
        self.room, self.top = room, room + "/repository"
        self.builds = 0
        self.environment = {
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
            "PATH": os.path.dirname(maps.MAP) + ":" + os.environ["PATH"], "HOME": room,
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "test", "GIT_COMMITTER_NAME": "test",
            "GIT_AUTHOR_EMAIL": "test@localhost", "GIT_COMMITTER_EMAIL": "test@localhost"}
        os.makedirs(self.top + "/rootfs")
        self.git("init", "-q", "-b", "main")
        if driver:
            self.git("config", "merge.sqfs-stable-map.name", "inode numbers")
            self.git("config", "merge.sqfs-stable-map.driver",
                     "sqfs-stable-map merge %O %A %B -o %A")
            tool.write(self.top + "/.gitattributes", "*.map merge=sqfs-stable-map\n")

    def run(self, *arguments):
        return subprocess.run(["git", "-C", self.top, *arguments], check=False, text=True,
                              capture_output=True, env=self.environment, timeout=120)

    def git(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def put(self, name, content="x\n"):
        path = f"{self.top}/rootfs/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        tool.write(path, content)

    def remove(self, name):
        self.git("rm", "-q", "-f", "rootfs/" + name)

    def release(self, *options):
        """Build from the map that is here, and commit. Returns the map."""
        self.builds += 1
        listing = self.top + "/rootfs.map"
        if os.path.exists(listing):
            options += ("--map", listing)
        image = f"{self.room}/{self.builds}.sqfs"
        tool.build("--quiet", *options, "--map-out", listing, self.top + "/rootfs", image)
        made = stable.Map(listing)
        made.agrees_with(stable.read(image))
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"release {self.builds}")
        return made

    def map(self):
        return stable.Map(self.top + "/rootfs.map")


def case(name):
    def mark(function):
        def run():
            tap.need_program("git")
            with tool.scratch("sqst-git-") as room:
                function(room)
        tap.add(name, run)
    return mark


def branches(repository):
    """A base with two branches, of one release each. Returns the three maps."""
    for name in ("bin/tool", "etc/config", "lib/one.so", "share/doc/readme"):
        repository.put(name)
    base = repository.release()
    repository.git("checkout", "-q", "-b", "hotfix")
    repository.put("etc/fix")
    repository.put("bin/both")
    repository.remove("lib/one.so")
    hotfix = repository.release()
    repository.git("checkout", "-q", "main")
    repository.put("bin/both")
    repository.put("share/doc/licence")
    repository.put("var/data")
    repository.remove("share/doc/readme")
    return base, hotfix, repository.release()


def check(made, direct, ancestors):
    """For devices that run any of them."""
    model.check_safe(made.numbers, made.top, [maps.parent(one) for one in direct])
    for one in ancestors:
        model.check_ancestor(made.numbers, one.numbers, one.top)
    assert len({number for _, number in made.numbers.values()}) == len(made.numbers)


@case("without the driver git makes a conflict of it, or a map that must not be used")
def without(room):
    repository = Repository(room, driver=False)
    branches(repository)
    assert repository.run("merge", "-q", "hotfix").returncode != 0
    assert b"<<<<<<<" in tool.read(repository.top + "/rootfs.map")


@case("a conflicting merge joins; the next build and the devices of both branches are safe")
def joins(room):
    repository = Repository(room)
    base, hotfix, main = branches(repository)
    # git keeps no empty directory, so lib went with its file.
    wanted = set(b"bin bin/tool bin/both etc etc/config etc/fix share share/doc share/doc/licence "
                 b"var var/data".split()) | {b""}
    repository.git("merge", "-q", "-m", "merge", "hotfix")
    assert repository.git("status", "--porcelain") == ""
    merged = repository.map()
    assert merged.uuid == base.uuid and merged.top > max(hotfix.top, main.top)
    assert merged.generation == 1 + max(hotfix.generation, main.generation)
    assert merged.numbers.keys() == wanted
    check(merged, [hotfix, main], [base])
    # The same as a build of the same tree with both parents.
    tree = maps.tree_of(merged)
    numbers, top, _ = model.assign(trees.groups(tree), [maps.parent(hotfix), maps.parent(main)])
    assert (numbers, top) == (merged.numbers, merged.top)
    after = repository.release()
    check(after, [merged, hotfix, main], [base])
    assert after.numbers == merged.numbers


@case("a branch that lives on is merged again and again, in both directions")
def again(room):
    repository = Repository(room)
    seen = list(branches(repository))
    heads = {"hotfix": seen[1], "main": seen[2]}
    for step in range(4):
        here, there = ("main", "hotfix") if step % 2 else ("hotfix", "main")
        repository.git("checkout", "-q", here)
        repository.git("merge", "-q", "-m", "merge", there)
        merged = repository.map()
        check(merged, [heads[here], heads[there]] if step == 0 else [], seen)
        repository.put(f"new/{here}-{step}")
        heads[here] = repository.release()
        check(heads[here], [merged], seen)
        seen += [merged, heads[here]]
        repository.git("checkout", "-q", there)
        repository.put(f"new/{there}-{step}")
        heads[there] = repository.release()
        seen.append(heads[there])


@case("criss-cross: git merges the bases first")
def criss_cross(room):
    repository = Repository(room)
    seen = list(branches(repository))
    main, hotfix = (repository.git("rev-parse", name).strip() for name in ("main", "hotfix"))
    for here, there in (("main", hotfix), ("hotfix", main)):
        repository.git("checkout", "-q", here)
        repository.git("merge", "-q", "-m", "merge", there)
        repository.put(f"after/{here}")
        seen.append(repository.release())
    heads = seen[-2:]
    repository.git("merge", "-q", "-m", "merge", "main")
    check(repository.map(), heads, seen)
    check(repository.release(), heads, seen)


@case("rebase and cherry-pick use the driver too")
def rebase(room):
    repository = Repository(room)
    base, hotfix, main = branches(repository)
    repository.git("checkout", "-q", "hotfix")
    repository.git("rebase", "-q", "main")
    check(repository.map(), [hotfix, main], [base])
    repository.git("checkout", "-q", "main")
    repository.git("cherry-pick", "hotfix")
    check(repository.map(), [hotfix, main], [base])


@case("branches that both begin the map, of one lineage: there is no base")
def no_base(room):
    repository = Repository(room)
    repository.put("etc/config")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "no release yet")
    repository.git("checkout", "-q", "-b", "other")
    repository.put("etc/other")
    other = repository.release("--uuid", UUID)
    repository.git("checkout", "-q", "main")
    repository.put("bin/main")
    main = repository.release("--uuid", UUID)
    repository.git("merge", "-q", "-m", "merge", "other")
    check(repository.map(), [other, main], [])
    assert repository.map().numbers.keys() == other.numbers.keys() | main.numbers.keys()


@case("one path with two types stays a conflict, until a side is preferred")
def conflict(room):
    repository = Repository(room)
    base, hotfix, _ = branches(repository)
    repository.put("thing")
    main = repository.release()
    repository.git("checkout", "-q", "hotfix")
    os.symlink("bin", repository.top + "/rootfs/thing")
    hotfix = repository.release()
    repository.git("checkout", "-q", "main")
    done = repository.run("merge", "-q", "hotfix")
    assert done.returncode == 1 and "CONFLICT" in done.stdout, done.stdout
    assert "conflict: ./thing: file in OURS, link in THEIRS" in done.stdout + done.stderr
    # As the man page says.
    for stage, name in (("1", "base"), ("2", "ours"), ("3", "theirs")):
        tool.write(f"{room}/{name}.map", repository.git("show", f":{stage}:rootfs.map"))
    maps.expect(maps.SAME, "merge", "--prefer=theirs", room + "/base.map", room + "/ours.map",
                room + "/theirs.map", "-o", repository.top + "/rootfs.map")
    repository.git("rm", "-q", "-f", "--cached", "rootfs/thing")
    if os.path.lexists(repository.top + "/rootfs/thing"):
        os.unlink(repository.top + "/rootfs/thing")
    os.symlink("bin", repository.top + "/rootfs/thing")
    after = repository.release()
    assert after.numbers[b"thing"][0] == sqfs.SYMLINK
    check(after, [hotfix, main], [base])


@case("branches of two lineages stay a conflict, with our map as it was")
def two_lineages(room):
    repository = Repository(room)
    branches(repository)
    repository.git("checkout", "-q", "hotfix")
    tool.write(repository.top + "/rootfs.map", tool.read(repository.top + "/rootfs.map").replace(
        b"uuid=" + stable_uuid(repository), b"uuid=" + UUID.encode()))
    repository.git("commit", "-q", "-a", "-m", "another name")
    repository.git("checkout", "-q", "main")
    before = tool.read(repository.top + "/rootfs.map")
    done = repository.run("merge", "-q", "hotfix")
    assert done.returncode == 1 and "CONFLICT" in done.stdout
    assert "of another lineage" in done.stdout + done.stderr, done.stderr
    assert tool.read(repository.top + "/rootfs.map") == before


def stable_uuid(repository):
    return tool.read(repository.top + "/rootfs.map").split(b"uuid=")[1][:36]


tap.main()
