#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registries: builds that share the numbers of a lineage through a real PostgreSQL.

SQST_SEED=N repeats the random part, SQST_HISTORIES=N makes it longer.
"""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import changes
import maps
import postgres
import sqfs
import stable
import tap
import tool
import trees

UUID = "6ba7b812-9dad-11d1-80b4-00c04fd430c8"
OTHER = "6ba7b814-9dad-11d1-80b4-00c04fd430c8"
D, F = sqfs.DIR, sqfs.FILE
NOWHERE = "postgresql://nobody:hidden@/nothing?host=/nowhere"
SUPPORTED = "built without registries" not in maps.run("init", NOWHERE).stderr


def case(name):
    """A test with an empty database, in a build that has registries."""
    def mark(function):
        def run():
            if not Shared.server:
                Shared.server = Shared.stack.enter_context(postgres.server())
            Shared.server.sql("DROP DATABASE IF EXISTS builds WITH (FORCE)", "postgres")
            Shared.server.sql("CREATE DATABASE builds", "postgres")
            with tool.scratch("sqst-registry-") as room:
                function(Registry(room, Shared.server))
        if SUPPORTED:
            tap.add(name, run)
    return mark


class Shared:
    """One server for all tests: to make one takes seconds."""
    server = None
    stack = contextlib.ExitStack()


class Registry:
    def __init__(self, room, server):
        self.room, self.server, self.url = room, server, server.url()
        self.sql = server.sql
        self.table = "sqfs_stable_" + UUID.replace("-", "")

    def init(self, *options):
        done = maps.expect(maps.SAME, "init", *options, self.url)
        assert done.stderr == "", done.stderr
        return done.stdout.strip()

    def source(self, tree, name="source"):
        where = f"{self.room}/{name}"
        shutil.rmtree(where, ignore_errors=True)
        trees.make(tree, where)
        return where

    def build(self, tree, *options, name="image"):
        """A release of a tree; returns its image."""
        path = f"{self.room}/{name}"
        tool.build("--quiet", "--force", "--map", self.url, *options, "--map-out", path + ".map",
                   self.source(tree), path)
        image = stable.read(path)
        stable.Map(path + ".map").agrees_with(image)
        return image

    def start(self, source, name, *options, more=""):
        words = tool.command("--quiet", "--map", self.server.url(more=more), *options,
                             f"{self.room}/{source}", f"{self.room}/{name}.sqfs")
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)

    def rows(self):
        """{path: {type: number}} of all that is registered."""
        found = defaultdict(dict)
        for row in self.sql(f"SELECT encode(path, 'hex'), type, number FROM {self.table}"):
            path, kind, number = row.split("|")
            found[bytes.fromhex(path)][int(kind)] = int(number)
        return dict(found)

    def lineage(self):
        top, generation = self.sql("SELECT top, generation FROM sqfs_stable_lineage "
                                   f"WHERE uuid = '{UUID}'")[0].split("|")
        return int(top), int(generation)

    def refuses(self, status, *options, words=(), url=None):
        before = sorted(os.listdir(self.room))
        line = tool.refused(status, "--quiet", "--map", url or self.url, *options,
                            self.room + "/source", self.room + "/out", "--map-out",
                            self.room + "/out.map", words=words)
        assert sorted(os.listdir(self.room)) == before
        return line


def end(process, status=0):
    _, told = process.communicate(timeout=120)
    assert process.returncode == status, f"status {process.returncode}, not {status}\n{told}"
    return told


def plain(*names, **more):
    tree = {b"": trees.directory()}
    for name in names:
        tree[name.encode()] = trees.file(name)
    return tree | {name.encode(): entry for name, entry in more.items()}


@case("init makes the tables, prints the UUID, and refuses a lineage that is there")
def init(registry):
    assert registry.init("--uuid", UUID) == UUID
    assert registry.sql("SELECT uuid, version, top, generation, id IS NULL FROM "
                        "sqfs_stable_lineage") == [f"{UUID}|1|0|0|t"]
    assert registry.rows() == {}
    line = maps.refused("init", "--uuid", UUID, registry.url, words=[UUID, "already"])
    assert postgres.PASSWORD not in line
    # A random one beside it.
    other = registry.init()
    assert len(other) == 36 and other != UUID
    assert len(registry.sql("SELECT 1 FROM sqfs_stable_lineage")) == 2
    assert maps.expect(maps.SAME, "init", "--quiet", registry.url).stdout == ""
    maps.refused("init", "nowhere.map", words=["not the URL of a database"])
    maps.refused("init", "--all", registry.url, words=["does not go with init"])
    maps.refused("init", "--from", registry.room + "/none", registry.url, words=["/none"])
    assert len(registry.sql("SELECT 1 FROM sqfs_stable_lineage")) == 3


@case("ten inits at once: one makes the tables, all make a lineage")
def inits(registry):
    words = [maps.MAP, "init", registry.url]
    started = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for _ in range(10)]
    for process in started:
        end(process)
    assert len(registry.sql("SELECT 1 FROM sqfs_stable_lineage")) == 10


@case("releases: kept, new and retired; what comes back has its own number; the generation")
def releases(registry):
    registry.init("--uuid", UUID)
    one = registry.build(plain("a", "b", "c"), "--json", registry.room + "/json")
    assert b"s3cret" not in tool.read(registry.room + "/json")
    assert one.numbers == {b"": (D, 1), b"a": (F, 2), b"b": (F, 3), b"c": (F, 4)}
    assert one.record.uuid == bytes.fromhex(UUID.replace("-", ""))
    assert (one.super.inode_count, one.record.generation) == (5, 0)
    assert one.record.parents == [stable.NULL_UUID]
    assert registry.rows() == {b"": {D: 1}, b"a": {F: 2}, b"b": {F: 3}, b"c": {F: 4}}
    assert registry.lineage() == (5, 0)
    two = registry.build(plain("a", "new", c=trees.symlink("a")))
    assert two.numbers == {b"": (D, 1), b"a": (F, 2), b"c": (sqfs.SYMLINK, 6), b"new": (F, 7)}
    assert registry.lineage() == (8, 1) and two.record.generation == 1
    three = registry.build(plain("a", "b", "c", "new"))
    assert three.numbers == one.numbers | {b"new": (F, 7)}
    assert registry.lineage() == (8, 2)
    # The last release again is the same release.
    first = tool.read(registry.room + "/image")
    registry.build(plain("a", "b", "c", "new"))
    assert tool.read(registry.room + "/image") == first and registry.lineage() == (8, 2)


@case("paths of any bytes and any length")
def paths(registry):
    registry.init("--uuid", UUID)
    rng = random.Random(4)
    odd = [bytes([c]) for c in range(1, 256) if c not in b"./"]
    tree = {b"": trees.directory()} | {b"n" + name: trees.file() for name in odd}
    path = b""
    for _ in range(14):
        path += bytes(rng.choice(range(128, 256)) for _ in range(250))
        tree[path] = trees.directory()
        path += b"/"
    tree[path + b"x"] = trees.file("deep")
    one = registry.build(tree)
    two = registry.build(tree | {b"first": trees.file()})
    assert {p: n for p, n in two.numbers.items() if p != b"first"} == one.numbers
    assert {p: n for p, kinds in registry.rows().items() for _, n in kinds.items()} == \
        {p: n for p, (_, n) in two.numbers.items()}


@case("a hard link group has its number back only with all its names, and no other")
def links(registry):
    registry.init("--uuid", UUID)
    both = plain("a")
    both[b"b"] = both[b"a"]
    one = registry.build(both)
    assert one.numbers == {b"": (D, 1), b"a": (F, 2), b"b": (F, 2)}
    # Away and back, whole.
    registry.build(plain("other"))
    assert registry.build(both).numbers == one.numbers
    top = registry.lineage()[0]
    left = registry.build(plain("b")).numbers[b"b"][1]
    assert left > top
    assert registry.rows() == {b"": {D: 1}, b"b": {F: left}, b"other": {F: top - 1}}
    again = registry.build(both).numbers
    assert again[b"a"] == again[b"b"] and again[b"a"][1] > left
    joined = dict(both)
    joined[b"c"] = both[b"a"]
    number = registry.build(joined).numbers[b"c"][1]
    assert number > again[b"a"][1]
    assert registry.build(plain("c")).numbers[b"c"][1] > number
    registry.refuses(tool.USAGE, "--keep-links", words=["registry", "--keep-links"])


def check_lineage(images):
    """A number stands for the same paths in every release that has it."""
    always = {}
    for image in images:
        now = defaultdict(set)
        for path, (kind, number) in image.numbers.items():
            now[number].add((path, kind))
        for number, identities in now.items():
            assert always.setdefault(number, identities) == identities, f"number {number}"


def random_history(registry, seed):
    rng = random.Random(seed)
    change = changes.Changes(rng)
    pool = [change.first(rng.choice((5, 20)))]
    images = []
    for step in range(8):
        tree = rng.choice(pool)
        if rng.random() < 0.7:
            tree = change.next(tree, rng.choice((1, 4)))
            pool.append(tree)
        top, generation = registry.lineage()
        extra = ["--prev", registry.room + "/image"] if images and rng.random() < 0.3 else []
        image = registry.build(tree, *extra)
        assert image.super.inode_count >= top and image.record.generation >= generation
        assert registry.lineage() == (image.super.inode_count, image.record.generation)
        images.append(image)
        check_lineage(images)
        # Whoever builds it as well gets the same numbers.
        if step % 3 == 0 and not extra:
            assert registry.build(tree).numbers == image.numbers


@case("random releases of branches, with hard links, against the rules")
def history(registry):
    rng = random.Random(tool.seed())
    for _ in range(int(os.environ.get("SQST_HISTORIES") or 4)):
        registry.sql("DROP TABLE IF EXISTS sqfs_stable_lineage, " + registry.table)
        registry.init("--uuid", UUID)
        seed = rng.randrange(1 << 32)
        try:
            random_history(registry, seed)
        except Exception:
            tap.diag(f"history {seed}")
            raise


@case("two builders, and ten, of one release at once: the same bytes")
def same_release(registry):
    registry.init("--uuid", UUID)
    registry.build(plain("a"))
    registry.source(plain("a", *(f"new-{i}" for i in range(50))), "next")
    started = [registry.start("next", f"image-{i}") for i in range(10)]
    for process in started:
        end(process)
    first = tool.read(registry.room + "/image-0.sqfs")
    assert all(tool.read(f"{registry.room}/image-{i}.sqfs") == first for i in range(10))
    image = stable.read(registry.room + "/image-0.sqfs")
    assert image.record.generation == 1 and image.super.inode_count == registry.lineage()[0]


@case("ten builders at once, one killed in its transaction: no number twice, no half state")
def ten(registry):
    registry.init("--uuid", UUID)
    registry.build(plain("a", "b"))
    # One of them stops for a while when all but the last statement is done.
    registry.sql("""
        CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF current_setting('application_name') = 'slow' THEN PERFORM pg_sleep(4); END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER stop BEFORE UPDATE ON sqfs_stable_lineage
            FOR EACH ROW EXECUTE FUNCTION stop();""")
    for i in range(10):
        registry.source(plain("a", "b", "both", f"only-{i}"), f"source-{i}")
    victim = registry.start("source-0", "image-0", more="&application_name=slow")
    wait_until(lambda: registry.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = "
                                    "'slow' AND wait_event = 'PgSleep'"))
    others = [registry.start(f"source-{i}", f"image-{i}") for i in range(1, 10)]
    lines = [process.stderr.readline() for process in others]
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    for process, line in zip(others, lines):
        assert line.endswith("waiting for another build that uses this registry\n"), line
        assert postgres.PASSWORD not in line and end(process) == ""
    assert not os.path.exists(registry.room + "/image-0.sqfs")
    images = [stable.read(f"{registry.room}/image-{i}.sqfs") for i in range(1, 10)]
    check_ten(registry, images)
    assert b"only-0" not in registry.rows(), "half of a transaction is left"
    # What was killed is built as if nothing had been.
    again = registry.start("source-0", "image-0", more="&application_name=slower")
    assert end(again) == ""
    check_ten(registry, images + [stable.read(registry.room + "/image-0.sqfs")])


def check_ten(registry, images):
    """Every path has one number, every number one path, everywhere."""
    paths_of, numbers_of = defaultdict(set), defaultdict(set)
    for image in images:
        for path, (_, number) in image.numbers.items():
            paths_of[number].add(path)
            numbers_of[path].add(number)
    assert all(len(paths) == 1 for paths in paths_of.values()), paths_of
    assert all(len(numbers) == 1 for numbers in numbers_of.values()), numbers_of
    assert {path: {n} for path, kinds in registry.rows().items() for n in kinds.values()} == \
        numbers_of


def wait_until(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("nothing happens")


@case("killed at any moment: the next build goes on")
def killed(registry):
    registry.init("--uuid", UUID)
    rng = random.Random(tool.seed())
    registry.source(plain(*(f"f{i}" for i in range(300))))
    for i in range(15):
        process = registry.start("source", f"killed-{i}", "-p", f"/x-{i} f 644 0 0 echo")
        time.sleep(rng.random() * 0.15)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    image = registry.build(plain(*(f"f{i}" for i in range(300))))
    rows = registry.rows()
    assert {p: (k, n) for p, kinds in rows.items() for k, n in kinds.items()
            if not p.startswith(b"x-")} == image.numbers
    numbers = [n for kinds in rows.values() for n in kinds.values()]
    assert len(set(numbers)) == len(numbers) and max(numbers) <= registry.lineage()[0]


@case("a signal ends a build that waits for a registry; nothing has changed")
def signals(registry):
    registry.init("--uuid", UUID)
    registry.source(plain("a"))
    with registry.server.session() as session:
        session.stdin.write("BEGIN; SELECT 1 FROM sqfs_stable_lineage FOR UPDATE;\n")
        assert session.stdout.readline() == "1\n"
        build = registry.start("source", "image")
        assert "waiting for another build" in build.stderr.readline()
        os.kill(build.pid, signal.SIGTERM)
        assert "nothing was changed" in end(build, -signal.SIGTERM)
        session.stdin.write("ROLLBACK;\n\\q\n")
        session.communicate(timeout=60)
    assert registry.rows() == {} and not os.path.exists(registry.room + "/image.sqfs")


@case("a build that fails after its numbers were given leaves them to their paths")
def fails_later(registry):
    registry.init("--uuid", UUID)
    registry.source(plain("a", "b"))
    done = tool.run("--quiet", "--map", registry.url, "--max-size", "1", registry.room + "/source",
                    registry.room + "/out")
    assert done.returncode == tool.LIMIT and not os.path.exists(registry.room + "/out")
    assert registry.lineage() == (4, 0)
    image = registry.build(plain("b", "c"))
    assert image.numbers == {b"": (D, 1), b"b": (F, 3), b"c": (F, 5)}


@case("init --from: the numbers of an image, of any builder, or of a map go on")
def adopt(registry):
    source = registry.source(plain("a", "b", "c"))
    tool.build("--quiet", "--uuid", UUID, "--map-out", registry.room + "/old.map", source,
               registry.room + "/old.sqfs")
    old = stable.read(registry.room + "/old.sqfs")
    for name in ("old.map", "old.sqfs"):
        registry.sql("DROP TABLE IF EXISTS sqfs_stable_lineage, " + registry.table)
        assert registry.init("--from", f"{registry.room}/{name}") == UUID
        assert registry.lineage() == (5, 0)
        image = registry.build(plain("0", "a", "c"))
        assert image.numbers == {b"": (D, 1), b"0": (F, 6), b"a": (F, 2), b"c": (F, 4)}
        assert image.record.generation == 1 and image.record.uuid == old.record.uuid
    maps.refused("init", "--from", registry.room + "/old.map", "--uuid", OTHER, registry.url,
                 words=["old.map", "another lineage UUID"])
    mksquashfs = tap.need_program("mksquashfs")
    tool.call(mksquashfs, registry.source(plain("a", "b")), registry.room + "/plain.sqfs", "-quiet",
              "-no-progress")
    registry.init("--from", registry.room + "/plain.sqfs", "--uuid", OTHER)
    image = registry.build(plain("0", "a", "b"), "--uuid", OTHER)
    was = stable.numbers(sqfs.Image(registry.room + "/plain.sqfs"))
    assert image.numbers == was | {b"0": (F, 1 + max(n for _, n in was.values()))}


@case("with other parents: rule R8 holds for the registry as well")
def with_parents(registry):
    registry.init("--uuid", UUID)
    source = registry.source(plain("a", "b"))
    tool.build("--quiet", "--uuid", UUID, source, registry.room + "/old.sqfs")
    # An empty registry learns the numbers of the parent.
    image = registry.build(plain("a", "c"), "--prev", registry.room + "/old.sqfs")
    assert image.numbers == {b"": (D, 1), b"a": (F, 2), b"c": (F, 5)}
    assert registry.rows()[b"a"] == {F: 2} and image.record.generation == 1
    assert len(image.record.parents) == 2 and image.record.parents[0] == stable.NULL_UUID
    # A branch beside it gave 5 to something else: it is nobody's in a child of both.
    tool.build("--quiet", "--prev", registry.room + "/old.sqfs",
               registry.source(plain("a", "b", "x")), registry.room + "/branch.sqfs")
    assert stable.read(registry.room + "/branch.sqfs").numbers[b"x"] == (F, 5)
    image = registry.build(plain("a", "c", "x"), "--prev", registry.room + "/branch.sqfs")
    assert image.numbers[b"a"] == (F, 2)
    assert image.numbers[b"c"][1] > 6 and image.numbers[b"x"][1] > 6
    assert registry.rows()[b"c"] == {F: image.numbers[b"c"][1]}


@case("what is refused: status 3, one line, nothing written, no password shown")
def refusals(registry):
    registry.source(plain("a"))
    url, secret = registry.server.url, "hidden"
    lines = [registry.refuses(tool.PARENT, words=["this database has no registry", "init"])]
    registry.init("--uuid", UUID)
    lines += [
        registry.refuses(tool.PARENT, "--uuid", OTHER, words=["no lineage", OTHER]),
        registry.refuses(tool.PARENT, url=url(secret), words=["cannot connect", "password"]),
        registry.refuses(tool.PARENT, url=url(database="none"), words=["none"]),
        registry.refuses(tool.PARENT, url=NOWHERE, words=["postgresql://nobody@/nothing: cannot"]),
        registry.refuses(tool.PARENT, url=url(more="&what=hidden"), words=["not a URL"]),
        registry.refuses(tool.PARENT, url="postgres://builder:hid@den@/builds?host=/x"),
        registry.refuses(tool.PARENT, url="postgresql://builder:hidden", words=["not a URL"]),
        registry.refuses(tool.PARENT, url="postgresql://b:hid%zzden@/x", words=["not a URL"]),
        registry.refuses(tool.PARENT, url="postgresql:///x?host=/nowhere&password=hidden"),
        registry.refuses(tool.USAGE, "--map", registry.url, words=["a second registry"]),
        registry.refuses(tool.USAGE, "--new-lineage", words=["--new-lineage"]),
        maps.refused("init", url(secret), words=["cannot connect"]),
        maps.refused("init", "postgresql://b:hidden:@[/", words=["not a URL"]),
    ]
    registry.init("--uuid", OTHER)
    lines.append(registry.refuses(tool.PARENT, words=["several lineages", "--uuid"]))
    assert registry.build(plain("a"), "--uuid", OTHER).numbers == {b"": (D, 1), b"a": (F, 2)}
    for line in lines:
        assert not [word for word in (postgres.PASSWORD, "s3cret", secret, "hid@", "den@", "hid%")
                    if word in line], line


@case("a registry that something else has changed is refused")
def damaged(registry):
    registry.init("--uuid", UUID)
    registry.build(plain("a"))
    table, lineage = registry.table, "sqfs_stable_lineage"
    for statement in (f"UPDATE {table} SET number = 99 WHERE path = 'a'",
                      f"UPDATE {table} SET path = '\\x6100'::bytea WHERE path = 'a'",
                      f"DELETE FROM {table} WHERE path = ''",
                      f"UPDATE {lineage} SET top = -1", f"UPDATE {lineage} SET version = 2",
                      f"UPDATE {lineage} SET generation = -4", f"DELETE FROM {lineage}",
                      f"DROP TABLE {table}"):
        registry.sql(f"CREATE SCHEMA kept; CREATE TABLE kept.a AS TABLE {table}; "
                     f"CREATE TABLE kept.b AS TABLE {lineage}")
        registry.sql(statement)
        registry.refuses(tool.PARENT)
        if not statement.startswith("DROP"):
            registry.sql(f"TRUNCATE {table}, {lineage}; INSERT INTO {table} TABLE kept.a; INSERT "
                         f"INTO {lineage} TABLE kept.b; DROP SCHEMA kept CASCADE")
            registry.build(plain("a"))


@case("a user that may only read is told so; nothing is written")
def read_only(registry):
    registry.init("--uuid", UUID)
    registry.source(plain("a"))
    registry.sql("CREATE ROLE reader LOGIN PASSWORD 'reader'; "
                 "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    url = registry.url.replace("builder:s3cret%20word", "reader:reader")
    line = registry.refuses(tool.PARENT, url=url, words=["permission denied"])
    assert ":reader" not in line
    registry.sql("GRANT UPDATE ON sqfs_stable_lineage TO reader")
    registry.refuses(tool.SYSTEM, url=url, words=["permission denied"])
    assert registry.rows() == {}
    registry.sql("DROP OWNED BY reader; DROP ROLE reader")


def without():
    with tool.scratch() as room:
        os.mkdir(room + "/s")
        line = tool.refused(tool.USAGE, "--map", NOWHERE, room + "/s", room + "/o",
                            words=["postgresql://nobody@/nothing", "built without registries"])
        assert "hidden" not in line
        maps.refused("init", NOWHERE, words=["built without registries"])


if not SUPPORTED:
    tap.add("a build without libpq refuses registries", without)

with Shared.stack:
    tap.main()
