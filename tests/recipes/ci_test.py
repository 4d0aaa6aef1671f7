#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The recipes for continuous integration, run by small runners (tests/support/ci.py) on the example
firmware, and what genimage and OpenWrt call."""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import sqfs
import stable
import tap
import tool

try:
    import ci
    import yaml
except ModuleNotFoundError:
    ci = yaml = None

WORKFLOWS = ("github/action.yml", "example/.github/workflows/release.yml")
SCRIPTS = ("sqfs-stable-release", "sqfs-stable-install", "example/make-rootfs", "example/rootfs/etc/init.d/rcS")


CASES = []


def case(name, *programs):
    def mark(function):
        def run():
            if ci is None:
                tap.skip("needs python3-yaml")
            for program in programs:
                tap.need_program(program)
            with tool.scratch("sqst-ci-") as room:
                function(room)
        CASES.append((name, run))
    return mark


def text(name):
    return tool.read(f"{ci.RECIPES}/{name}").decode()


def safe(old_path, new_path):
    """No number of the old image names another file in the new one."""
    old, new = sqfs.Image(old_path), sqfs.Image(new_path)
    named, kept = new.names_by_number(), 0
    for path, inode in old.paths.items():
        there = named.get(inode.number)
        if there is not None:
            assert path in there and new.paths[path].type == inode.type, \
                f"{old_path} to {new_path}: {inode.number} was {path!r}, is {there}"
            kept += 1
    return kept


def verdict(expected, *images):
    done = subprocess.run([tool.program("sqfs-stable-check"), "--quiet", *images], check=False)
    assert done.returncode == expected, (images, done.returncode)


def steps_of(name):
    document = yaml.safe_load(text(name))
    return document["runs"]["steps"] if "runs" in document else document["jobs"]["release"]["steps"]


# ---- the files

@case("every script and every command in the YAML files is clean for shellcheck", "shellcheck")
def shellcheck(room):
    parts = [f"{ci.RECIPES}/{name}" for name in SCRIPTS]
    commands = []
    for name in WORKFLOWS:
        commands += [step["run"] for step in steps_of(name) if "run" in step]
    firmware = ci.Firmware(room)
    job = ci.gitlab_job(firmware.top, "release")
    commands.append("\n".join(job["before_script"] + job["script"]))
    assert len(commands) == 6
    for number, command in enumerate(commands):
        parts.append(f"{room}/{number}.sh")
        tool.write(parts[-1], "#!/bin/sh\n" + command)
    tool.call("shellcheck", "-s", "sh", *parts)


@case("action, template, script and README have the same inputs")
def same_inputs(_):
    script = {word for word in re.findall(r"SQFS_STABLE_([A-Z_]+)", text("sqfs-stable-release"))
              if not word.startswith("RESULT")}
    script |= set(re.findall(r"SQFS_STABLE_([A-Z_]+)", text("sqfs-stable-install")))
    action = yaml.safe_load(text("github/action.yml"))
    given = {}
    for step in action["runs"]["steps"]:
        given.update(step.get("env", {}))
    # The title of the commit, the package and the prefix have defaults that an action need not change.
    assert {key[12:] for key in given if key.startswith("SQFS_STABLE_")} == \
        script - {"COMMIT_MESSAGE", "PACKAGE", "PREFIX"}
    for key, value in given.items():
        if key.startswith("SQFS_STABLE_"):
            assert value == "${{ inputs.%s }}" % key[12:].lower().replace("_", "-"), (key, value)
    template = yaml.load(text("gitlab/sqfs-stable.gitlab-ci.yml"), ci.Loader)[".sqfs-stable"]["variables"]
    assert {key[12:] for key in template if key.startswith("SQFS_STABLE_")} == \
        script - {"COMMIT_MESSAGE", "REPORT", "PREFIX"} | {"SCRIPTS"}
    readme = text("README.md")
    for name in action["inputs"]:
        assert f"| `{name}` |" in readme, name
        assert action["inputs"][name]["description"]
    for word in script:
        assert f"`{word.lower().replace('_', '-')}`" in readme, word
    for name in action["outputs"]:
        assert f"`{name}`" in readme, name


@case("the examples of README are YAML with inputs that exist")
def readme_examples(_):
    blocks = re.findall(r"```yaml\n(.*?)```", text("README.md"), re.S)
    action, template = yaml.safe_load(blocks[0]), yaml.safe_load(blocks[1])
    assert len(blocks) == 2 and len(blocks[0].splitlines()) <= 5 and len(blocks[1].splitlines()) <= 5
    assert action[0]["with"].keys() <= yaml.safe_load(text("github/action.yml"))["inputs"].keys()
    known = yaml.load(text("gitlab/sqfs-stable.gitlab-ci.yml"), ci.Loader)
    assert template["release"]["variables"].keys() <= known[template["release"]["extends"]]["variables"].keys()


@case("no input is ever part of a command line")
def no_injection(_):
    for name in WORKFLOWS:
        for step in steps_of(name):
            assert "${{" not in step.get("run", ""), step
    assert "eval" not in text("sqfs-stable-release")


@case("the example's root file system is the same tree each time")
def deterministic(room):
    firmware = ci.Firmware(room)
    for name in "ab":
        tool.call("sh", firmware.top + "/make-rootfs", f"{room}/{name}", env=firmware.environment)
        tool.build("--quiet", "-all-root", f"{room}/{name}", f"{room}/{name}.sqfs")
    assert tool.read(room + "/a.sqfs") == tool.read(room + "/b.sqfs")
    done = subprocess.run(["sh", firmware.top + "/make-rootfs", room + "/c"], check=False, text=True,
                          capture_output=True, env={**firmware.environment, "BUSYBOX": room + "/no"})
    assert done.returncode == 2 and "install busybox-static" in done.stderr, done.stderr
    assert not os.path.exists(room + "/c")


# ---- a life of releases, on both forges

def good(done):
    assert done.status == 0, done.said
    return done


def room_of(firmware, name):
    return f"{firmware.room}/workspace/sqfs-stable-report/{name}"


def careless(firmware, forge, images):
    """Somebody joins the branches and takes one map for both: the images are parents, too."""
    firmware.git("checkout", "-q", "-b", "careless", "main")
    subprocess.run(["git", "-C", firmware.top, "-c", "merge.sqfs-stable-map.driver=true", "merge", "-q", "-X", "theirs",
                    "-m", "join", "hotfix"], check=True, capture_output=True,
                   env={**firmware.environment, **firmware.dated()})
    assert firmware.git("diff", "main", "--", "rootfs.map") == ""
    firmware.push_only()
    good(forge.release("v4-careless", branch="careless"))
    for image in images.values():
        assert safe(image, forge.image("v4-careless")) > 20
    firmware.git("fetch", "-q", "--tags", "origin")


def story(firmware, forge, also=None):
    """Three releases, a hot-fix from the second, the join."""
    done = good(forge.release("v1", first=True))
    assert ": first" in done.summary and "first release" in done.said, (done.summary, done.said)
    firmware.pull()
    assert "Inode numbers of release v1" in firmware.git("log", "-1", "--format=%s")
    firmware.put("etc/aaa-sorts-first")
    firmware.push("work for v2")
    done = good(forge.release("v2"))
    assert "rootfs.sqfs, v2: valid" in done.summary, done.summary
    firmware.pull()
    firmware.put("etc/only-in-3")
    firmware.put("usr/share/both", "of three")
    firmware.push("work for v3")
    good(forge.release("v3"))
    firmware.pull()
    # The hot-fix begins at the tag, which has the map of its release.
    firmware.git("checkout", "-q", "-b", "hotfix", "v2")
    firmware.put("etc/fix")
    firmware.put("usr/share/both", "of the fix")
    firmware.git("rm", "-q", "rootfs/etc/group")
    firmware.push("work for v2.1")
    done = good(forge.release("v2.1", branch="hotfix"))
    assert "v3" not in done.summary, done.summary
    firmware.pull()
    images = {tag: forge.image(tag) for tag in ("v1", "v2", "v3", "v2.1")}
    # The branches have given the same numbers to different files: no device goes from one to the other.
    verdict(1, images["v3"], images["v2.1"])
    try:
        safe(images["v3"], images["v2.1"])
    except AssertionError:
        pass
    else:
        assert False, "these branches show nothing"
    if also:
        also(firmware, forge, images)
    # The join: the driver merges the maps, people merge the rest.
    firmware.git("checkout", "-q", "main")
    subprocess.run(["git", "-C", firmware.top, "merge", "-q", "-X", "theirs", "-m", "join", "hotfix"], check=True,
                   env={**firmware.environment, **firmware.dated()}, capture_output=True)
    assert b"<<<<" not in tool.read(firmware.top + "/rootfs.map")
    firmware.push_only()
    done = good(forge.release("v4"))
    for tag in images:
        assert f"{tag}/rootfs.sqfs: valid" in done.summary, (tag, done.summary)
    assert len(re.findall(r'"[0-9a-f-]{36}"', tool.read(room_of(firmware, "build.json")).decode().split(
        '"parents":', 1)[1].split("]")[0])) == 3, "both branches and the map of the merge"
    images["v4"] = forge.image("v4")
    new = stable.read(images["v4"])
    assert b"etc/fix" in new.paths and b"etc/only-in-3" in new.paths and b"etc/group" not in new.paths
    for old, later in (("v1", "v2"), ("v1", "v3"), ("v2", "v3"), ("v1", "v2.1"), ("v2", "v2.1"),
                       ("v1", "v4"), ("v2", "v4"), ("v3", "v4"), ("v2.1", "v4")):
        assert safe(images[old], images[later]) > 20, (old, later)
    verdict(0, *images.values())
    assert new.super.inode_count >= max(stable.read(images[tag]).super.inode_count for tag in ("v3", "v2.1"))
    # The map in the repository is the one of the image.
    firmware.pull()
    listing = stable.Map(firmware.top + "/rootfs.map")
    listing.agrees_with(new)
    assert {"v1", "v2", "v2.1", "v3", "v4"} <= set(firmware.git("tag").split())


def stages(name):
    """A case with git and a forge."""
    def mark(function):
        return case(name, "git", "jq", "curl")(function)
    return mark


@stages("GitHub: three releases, a hot-fix, the join: numbers are safe on devices of every release")
def github_story(room):
    firmware = ci.Firmware(room)
    firmware.push_only = lambda: firmware.git("push", "-q", "origin", "HEAD")
    story(firmware, ci.GitHub(firmware), careless)
    assert "v4-careless" in firmware.git("tag").split()


@stages("GitLab: three releases, a hot-fix, the join: numbers are safe on devices of every release")
def gitlab_story(room):
    firmware = ci.Firmware(room)
    firmware.push_only = lambda: firmware.git("push", "-q", "origin", "HEAD")
    with ci.web(ci.Registry) as server:
        server.packages["rootfs-of-another", "v9"] = {"rootfs.sqfs": b"never read"}
        story(firmware, ci.GitLab(firmware, server))


def untouched(firmware):
    return tool.call("git", "-C", firmware.origin, "for-each-ref", env=firmware.environment)


@stages("GitHub: what fails keeps its report, and touches neither branch nor releases")
def github_fails(room):
    firmware = ci.Firmware(room)
    forge = ci.GitHub(firmware)
    before = untouched(firmware)
    done = forge.release("v1")
    assert done.status == 2 and "this commit comes from no tag that fits 'v*'" in done.said, done.said
    assert "say first-release: true" in done.said and "::error title=sqfs-stable-release::" in done.said
    assert untouched(firmware) == before
    good(forge.release("v1", first=True))
    firmware.pull()
    before = untouched(firmware)
    done = forge.release("v2", first=True)
    assert done.status == 2 and "release:v1 is there, so this is not the first release" in done.said, done.said
    done = forge.release("v2", GH_FAIL="1")
    assert done.status == 2 and "releases of owner/firmware cannot be listed: HTTP 502" in done.said, done.said
    # A release whose image was lost is not taken for none.
    shutil.move(forge.store + "/releases.json", room + "/kept")
    tool.write(forge.store + "/releases.json", "[]")
    done = forge.release("v2")
    assert done.status == 2 and "release:v1: there is no such release" in done.said, done.said
    assert not os.path.exists(forge.store + "/v2")
    shutil.move(room + "/kept", forge.store + "/releases.json")
    # Somebody takes the way to the releases out: all is numbered anew, and the check says so.
    path = firmware.top + "/.github/workflows/release.yml"
    tool.write(path, tool.read(path).replace(b"previous: ancestors", b"").replace(b"map: rootfs.map", b"")
               .replace(b'commit: "true"', b""))
    firmware.put("etc/aaa")
    firmware.push("careless")
    before = untouched(firmware)
    done = forge.release("v2")
    assert done.status == 1 and "unsafe on devices with an older image, not kept" in done.said, done.said
    assert "v1/rootfs.sqfs: unsafe" in done.summary and "Not to be shipped" in done.summary, done.summary
    kept = [path for path in done.artifact if os.path.exists(path)]
    assert [os.path.basename(path) for path in kept] == ["sqfs-stable-report"], kept
    assert {"check.html", "check.json", "summary.md"} <= set(os.listdir(kept[0]))
    assert not os.path.exists(room + "/workspace/build/rootfs.sqfs") and untouched(firmware) == before


@stages("GitLab: an error of the registry or a missing package is never a first release")
def gitlab_fails(room):
    firmware = ci.Firmware(room)
    with ci.web(ci.Registry) as server:
        forge = ci.GitLab(firmware, server)
        good(forge.release("v1", first=True))
        firmware.pull()
        before = untouched(firmware)
        server.broken = True
        done = forge.release("v2")
        assert done.status == 2 and "packages: cannot be fetched:" in done.said and "503" in done.said, done.said
        server.broken = False
        done = forge.release("v2", CI_JOB_TOKEN="wrong")
        assert done.status == 2 and "401" in done.said and "wrong" not in done.said, done.said
        image = server.packages["rootfs", "v1"].pop("rootfs.sqfs")
        done = forge.release("v2")
        assert done.status == 2 and "release:v1: there is no such release" in done.said, done.said
        server.packages["rootfs", "v1"]["rootfs.sqfs"] = image
        assert untouched(firmware) == before
        server.server_close()
        done = forge.release("v2")
        assert done.status == 2 and "cannot be fetched" in done.said, done.said


# ---- the script alone

class Script:
    """Calls sqfs-stable-release in a directory with a tree."""

    def __init__(self, room):
        self.room, self.top = room, room + "/work here"
        self.environment = ci.place(room)
        os.makedirs(self.top + "/root fs")
        for name in ("one", "two", "three"):
            tool.write(f"{self.top}/root fs/{name}", name)

    def __call__(self, expected=0, words=(), **inputs):
        given = {"SOURCE": "root fs", "IMAGE": "out put/new image.sqfs", **inputs}
        before = tool.snapshot(self.top)
        done = subprocess.run(["sh", ci.RECIPES + "/sqfs-stable-release"], cwd=self.top, text=True,
                              capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
                              env={**self.environment,
                                   **{key if key.startswith(("GITHUB_", "PATH")) else "SQFS_STABLE_" + key: value
                                      for key, value in given.items()}})
        assert done.returncode == expected, (done.returncode, done.stdout, done.stderr)
        for word in words:
            assert word in done.stderr, (word, done.stderr)
        if expected == 2:
            assert done.stderr.splitlines()[-1].startswith("sqfs-stable-release: "), done.stderr
            after = tool.snapshot(self.top)
            assert before == after, set(before) ^ set(after)
        left = [name for where, _, names in os.walk(self.top) for name in names if name.startswith(".")]
        assert not left, left
        return done.stderr

    def path(self, name):
        return f"{self.top}/{name}"

    def move(self, to):
        shutil.move(self.path("out put/new image.sqfs"), self.path(to))


@case("previous is a file, a file:// URL, an http:// URL or a map, with spaces in every name", "curl")
def kinds_of_previous(room):
    script = Script(room)
    script(words=["no release before this one", "new image.sqfs: first"])
    script.move("old 1.sqfs")
    shutil.move(script.path("out put/new image.sqfs.map"), script.path("old 1.map"))
    tool.write(script.path("root fs/0 zero"), "new")
    url = "file://" + script.path("old%201.sqfs").replace(" ", "%20")

    class Files(ci.Registry):
        """One file."""

        def do_GET(self):
            self.answer(*((200, tool.read(script.path("old 1.sqfs"))) if self.path.startswith("/old.sqfs")
                          else (404, b"no")))
    made = []
    with ci.web(Files) as server:
        web = f"http://user:password@127.0.0.1:{server.server_port}"
        for previous in ("old 1.sqfs", "old 1.map", url, web + "/old.sqfs?token=1", " old 1.map \r\n\n\told 1.sqfs\n"):
            script(PREVIOUS=previous)
            made.append(tool.read(script.path("out put/new image.sqfs.map")).split(b"\n", 2)[2])
            script.move("new.sqfs")
            assert safe(script.path("old 1.sqfs"), script.path("new.sqfs")) == 4
        said = script(2, ["/none.sqfs: there is no such release", "say first-release: true"],
                      PREVIOUS=web + "/none.sqfs?token=secret")
        assert "password" not in said and "secret" not in said
        script(FIRST_RELEASE="true", PREVIOUS=web + "/none.sqfs")
        script.move("new.sqfs")
        script(2, ["is not the first release"], FIRST_RELEASE="true", PREVIOUS=web + "/old.sqfs")
    assert len(set(made)) == 1
    said = script(2, ["cannot be fetched: curl:"], PREVIOUS=web + "/old.sqfs?secret", FIRST_RELEASE="true")
    assert "password" not in said and "secret" not in said
    script(2, [": there is no such release"], PREVIOUS="file:///no/where.sqfs")


@case("a previous release that is missing or no image fails, with a line that says what to do")
def bad_previous(room):
    script = Script(room)
    tool.write(script.path("page.html"), "<html>Log in</html>")
    script(2, ["gone.sqfs: there is no such release", "say first-release: true"], PREVIOUS="gone.sqfs")
    script(2, ["page.html: neither a squashfs image nor a map"], PREVIOUS="page.html")
    script(2, ["rootfs.map: there is no such map", "say first-release: true"], MAP="rootfs.map")
    script(2, ["releases of a forge on GitHub and GitLab only"], PREVIOUS="release")
    script(2, ["releases of a forge on GitHub and GitLab only"], CHECK_AGAINST="releases")
    script(2, ["releases by tags: fatal: not a git repository"], PREVIOUS="ancestors")
    script(2, ["first-release: 'yes' is neither true nor false"], FIRST_RELEASE="yes")
    script(2, ["new-lineage: needs the previous image"], NEW_LINEAGE="true")
    script(2, ["no where: no such source"], SOURCE="no where")
    script(2, ["image: say what file"], IMAGE="")
    script(2, ["source: say what the image is made of"], SOURCE="")
    script(2, ["commit: say which file of the repository"], COMMIT="true")
    script(2, ["lies inside the source"], IMAGE="root fs/new.sqfs")
    script(2, ["lies inside the source"], REPORT="root fs/report")
    script(2, ["could not be built (sqfs-stable-build, status 2)", "nonsense"], ARGUMENTS="--nonsense")
    script(2, ["the build made no image"], ARGUMENTS="--help")
    script(2, ["could not be built (sqfs-stable-build, status 6)"], ARGUMENTS="--max-size\n1k")
    tool.write(script.path("damaged.sqfs"), b"hsqs" + bytes(100))
    script(2, ["could not be built (sqfs-stable-build, status 3)"], PREVIOUS="damaged.sqfs")
    os.unlink(room + "/bin/sqfs-stable-check")
    script(2, ["sqfs-stable-check: not installed"], PATH=room + "/bin:/usr/bin:/bin")


@case("unsafe: the report is kept, status 1; image and map are not")
def unsafe(room):
    script = Script(room)
    script(FIRST_RELEASE="true", MAP="rootfs.map")
    script.move("old 1.sqfs")
    script(2, ["rootfs.map: is there, so this is not the first release"], FIRST_RELEASE="true", MAP="rootfs.map")
    tool.write(script.path("root fs/0 zero"), "new")
    before = tool.read(script.path("rootfs.map"))
    summary, output = room + "/summary", room + "/output"
    # No quotes and no path can get out of the report.
    tool.write(script.path("root fs/``` <b> |"), "new")
    script(1, ["unsafe on devices with an older image, not kept"], CHECK_AGAINST="old 1.sqfs",
           GITHUB_STEP_SUMMARY=summary, GITHUB_OUTPUT=output)
    assert b"verdict=unsafe\n" in tool.read(output) and b"image=" not in tool.read(output)
    assert all(line.startswith(("    ", "#", "**")) or not line for line in tool.read(summary).decode().splitlines())
    assert sorted(os.listdir(script.path("sqfs-stable-report"))) == \
        ["build.json", "check.html", "check.json", "outputs.env", "summary.md"]
    assert not os.path.exists(script.path("out put")) or os.listdir(script.path("out put")) == []
    script(MAP="rootfs.map", CHECK_AGAINST="old 1.sqfs")
    assert tool.read(script.path("rootfs.map")) != before
    script(2, ["exists already; a release is never replaced"], MAP="rootfs.map")


@case("refused fails, unless a new lineage is meant; outputs say verdict, lineage and generation")
def refused(room):
    script = Script(room)
    script()
    script.move("old 1.sqfs")
    script(1, ["say new-lineage: true"], PREVIOUS="old 1.sqfs", ARGUMENTS="--new-lineage")
    assert not os.path.exists(script.path("out put/new image.sqfs"))
    script(PREVIOUS="old 1.sqfs", NEW_LINEAGE="true", REPORT="re port")
    outputs = dict(line.split("=", 1) for line in tool.read(script.path("re port/outputs.env")).decode().splitlines())
    assert outputs["SQFS_STABLE_RESULT_VERDICT"] == "refused" and outputs["SQFS_STABLE_RESULT_GENERATION"] == "0"
    assert outputs["SQFS_STABLE_RESULT_IMAGE"] == script.path("out put/new image.sqfs")
    listing = stable.Map(outputs["SQFS_STABLE_RESULT_MAP"])
    assert listing.uuid.hex() == outputs["SQFS_STABLE_RESULT_UUID"].replace("-", "")
    script.move("lineage.sqfs")
    script(PREVIOUS="lineage.sqfs", CHECK_AGAINST="old 1.sqfs", REPORT="re port")
    outputs = tool.read(script.path("re port/outputs.env")).decode()
    assert "RESULT_GENERATION=1\n" in outputs, outputs
    # The lineage before it still refuses; that is told, and no reason to fail.
    assert "RESULT_VERDICT=refused\n" in outputs


@case("several sources and arguments with spaces; a killed job leaves nothing")
def spaces(room):
    script = Script(room)
    os.makedirs(script.path("top layer"))
    tool.write(script.path("top layer/four"), "4")
    script(SOURCE="root fs\ntop layer/\n", ARGUMENTS="--merge\n  -p\n/a b d 755 0 0\n--label\nmy label\n".replace(
        "/a b", '"/a b"'))
    image = stable.read(script.path("out put/new image.sqfs"))
    assert {b"four", b"one", b"a b"} <= image.paths.keys()
    script.move("old.sqfs")
    tool.write(room + "/bin/slow", "#!/bin/sh\nexec sleep 60\n", 0o755)
    os.unlink(room + "/bin/sqfs-stable-check")
    os.symlink("slow", room + "/bin/sqfs-stable-check")
    before = tool.snapshot(script.top)
    environment = {**script.environment, "SQFS_STABLE_SOURCE": "root fs", "SQFS_STABLE_IMAGE": "new/i.sqfs",
                   "SQFS_STABLE_PREVIOUS": "old.sqfs"}
    done = subprocess.run(["timeout", "-s", "TERM", "2", "sh", ci.RECIPES + "/sqfs-stable-release"],
                          cwd=script.top, env=environment, capture_output=True, check=False, timeout=90)
    assert done.returncode == 124, done
    shutil.rmtree(script.path("sqfs-stable-report"))
    before = {key: value for key, value in before.items() if not key.startswith("sqfs-stable-report")}
    assert tool.snapshot(script.top) == before


@case("tags: the newest release of each branch is a parent, a shallow clone is refused", "git", "jq")
def tags(room):
    firmware = ci.Firmware(room)
    forge = ci.GitHub(firmware)
    good(forge.release("v1", first=True))
    firmware.pull()
    shallow = room + "/shallow"
    tool.call("git", "clone", "-q", "--depth", "1", "file://" + firmware.origin, shallow, env=firmware.environment)
    os.makedirs(shallow + "/build/rootfs")
    inputs = {"SQFS_STABLE_SOURCE": "build/rootfs", "SQFS_STABLE_IMAGE": "build/rootfs.sqfs",
              "SQFS_STABLE_PREVIOUS": "ancestors"}

    def run(where, **more):
        return subprocess.run(["sh", ci.RECIPES + "/sqfs-stable-release"], cwd=where, text=True, check=False,
                              capture_output=True, env={**firmware.environment, **inputs, "GH_STORE": forge.store,
                                                        "GH_TOKEN": "t", "GITHUB_REPOSITORY": "owner/firmware", **more})
    done = run(shallow)
    assert done.returncode == 2 and "the clone is shallow" in done.stderr, done.stderr
    # A pipeline of a tag: the tag itself is no release before it.
    firmware.put("etc/more")
    firmware.push("more")
    firmware.git("tag", "v2")
    tool.call("sh", "make-rootfs", "build/rootfs", cwd=firmware.top, env=firmware.environment)
    done = run(firmware.top, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v2")
    assert done.returncode == 0 and "v1/rootfs.sqfs: valid" in done.stderr, done.stderr
    assert safe(forge.image("v1"), firmware.top + "/build/rootfs.sqfs") > 20
    os.unlink(firmware.top + "/build/rootfs.sqfs")
    # "release" is the newest that has the image; two files that fit are one too many.
    done = run(firmware.top, SQFS_STABLE_PREVIOUS="release", SQFS_STABLE_ASSET="root*.sqfs")
    assert done.returncode == 0 and "v1/rootfs.sqfs: valid" in done.stderr, done.stderr
    os.unlink(firmware.top + "/build/rootfs.sqfs")
    done = run(firmware.top, SQFS_STABLE_PREVIOUS="release", SQFS_STABLE_ASSET="*")
    assert done.returncode == 2 and "both 'rootfs.map' and 'rootfs.sqfs' fit '*'" in done.stderr, done.stderr
    done = run(firmware.top, SQFS_STABLE_PREVIOUS="release", SQFS_STABLE_ASSET="other.sqfs")
    assert done.returncode == 2 and "there is no release yet that has other.sqfs" in done.stderr, done.stderr


@case("install: .deb files by apt-get, the tarball by configure and make; nothing else")
def install(room):
    environment = ci.place(room)

    def run(expected, install_from, **more):
        done = subprocess.run(["sh", ci.RECIPES + "/sqfs-stable-install"], cwd=room, text=True, check=False,
                              capture_output=True, env={**environment, "SQFS_STABLE_INSTALL": install_from, **more})
        assert done.returncode == expected, done
        return done.stdout + done.stderr
    for name in ("sudo", "ldconfig"):
        tool.write(f"{room}/bin/{name}", "#!/bin/sh\n[ $# -eq 0 ] || exec \"$@\"\n", 0o755)
    assert run(0, "") == "" and not os.path.exists(room + "/home/apt")
    tool.write(room + "/a b.deb")
    tool.write(room + "/c.deb")
    run(0, f"a b.deb\nfile://{room}/c.deb\n")
    lines = tool.read(room + "/home/apt").decode().splitlines()
    assert lines[0] == "apt-get update -q" and re.search(r"install .*/a b\.deb .*/c\.deb$", lines[1]), lines
    assert "neither a .deb file nor" in run(2, "setup.exe")
    assert "no.deb: cannot be read" in run(2, "no.deb")
    os.makedirs(room + "/sqfs-stable-0.1.0")
    tool.write(room + "/sqfs-stable-0.1.0/configure", "#!/bin/sh\nprintf 'all:\\n\\ttrue\\ninstall:\\n\\techo 1 >%s\\n' "
               "\"${1#--prefix=}/installed\" >Makefile\n", 0o755)
    tool.call("tar", "-C", room, "-cJf", room + "/sqfs-stable-0.1.0.tar.xz", "sqfs-stable-0.1.0")
    run(0, "sqfs-stable-0.1.0.tar.xz", SQFS_STABLE_PREFIX=room)
    assert os.path.exists(room + "/installed")
    assert "not both" in run(2, "c.deb\nsqfs-stable-0.1.0.tar.xz")


# ---- genimage and OpenWrt

def drop_in(room, name):
    os.makedirs(room + "/bin", exist_ok=True)
    os.symlink(os.path.realpath(tool.REAL), f"{room}/bin/{name}")
    return f"{room}/bin/{name}"


def missing(room):
    """A configuration whose previous image is not there."""
    tool.write(room + "/missing.cfg",
               'image r3.sqfs {\n\tsquashfs {\n\t\textraargs = "-prev %s/gone.sqfs"\n\t}\n}\n' % room)
    return room + "/missing.cfg"


@case("genimage with our program as mksquashfs: the second image keeps the numbers of the first", "genimage")
def genimage(room):
    program = drop_in(room, "mksquashfs")
    os.makedirs(room + "/root/etc")
    os.makedirs(room + "/input")
    for name in ("one", "two", "three"):
        tool.write(f"{room}/root/etc/{name}", name * 1000)

    def image(name, extra):
        tool.write(room + "/genimage.cfg", 'image %s {\n\tsquashfs {\n\t\tcompression = "gzip"\n\t\tblock-size = 131072\n'
                   '\t\textraargs = "%s"\n\t}\n}\n' % (name, extra))
        tool.call("genimage", "--config", "genimage.cfg", cwd=room,
                  env={**os.environ, "GENIMAGE_MKSQUASHFS": program})
        shutil.rmtree(room + "/tmp", ignore_errors=True)
        return f"{room}/images/{name}"
    first = image("r1.sqfs", "-all-root")
    tool.write(room + "/root/etc/aaa", "sorts first")
    second = image("r2.sqfs", f"-all-root -prev {first} -prev-mtime keep")
    assert safe(first, second) == 5
    done = subprocess.run(["genimage", "--config", missing(room)], cwd=room, check=False, capture_output=True, text=True,
                          env={**os.environ, "GENIMAGE_MKSQUASHFS": program})
    assert done.returncode != 0 and "gone.sqfs" in done.stdout + done.stderr, done
    assert not os.path.exists(room + "/images/r3.sqfs")
    assert stable.read(second).paths[b"etc/aaa"].number > stable.read(first).super.inode_count
    verdict(0, first, second)


@case("OpenWrt's command line by the name mksquashfs4, with -prev behind it: /dev and console are kept too")
def openwrt(room):
    if not tool.has_compressor("xz"):
        tap.skip("needs xz")
    program = drop_in(room, "mksquashfs4")
    os.makedirs(room + "/root/etc")
    for name in ("one", "two", "three"):
        tool.write(f"{room}/root/etc/{name}", name * 1000)
    # As include/image.mk has it; make gives it to a shell.
    line = ("{} {}/root {} -nopad -noappend -root-owned -comp xz -Xpreset 9 -Xe -Xlc 0 -Xlp 2 -Xpb 2 -Xbcj arm "
            "-b 256k -p '/dev d 755 0 0' -p '/dev/console c 600 0 0 5 1' -no-xattrs {}-processors 1")
    first, second = room + "/root.squashfs", room + "/second.squashfs"
    tool.call("sh", "-c", line.format(program, room, first, ""))
    tool.write(room + "/root/etc/aaa", "sorts first")
    with open(first, "ab") as file:
        file.write(bytes(131072))
    tool.call("sh", "-c", line.format(program, room, second, f"-prev {first} -map-out {room}/second.map "))
    refused = subprocess.run(["sh", "-c", line.format("mksquashfs", room, room + "/third", f"-prev {first} ")],
                             check=False, capture_output=True, text=True)
    assert refused.returncode != 0 and not os.path.exists(room + "/third"), "another program takes no -prev"
    assert stable.Map(room + "/second.map").numbers.keys() == sqfs.Image(second).paths.keys()
    old, new = sqfs.Image(first), sqfs.Image(second)
    for path in (b"dev", b"dev/console", b"etc/one"):
        assert old.paths[path].number == new.paths[path].number
    assert safe(first, second) == 7
    verdict(0, first, second)


def main():
    """Jobs wait for their processes most of the time, so two cases run at once."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        try:
            for name, run in CASES:
                if len(sys.argv) < 2 or any(word in name for word in sys.argv[1:]):
                    tap.add(name, pool.submit(run).result)
            tap.main()
        finally:
            pool.shutdown(cancel_futures=True)


main()
