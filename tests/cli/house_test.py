# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the source promises of its own shape: one name for one thing, includes that follow the tiers of
doc/architecture.md, no circle of files, files and functions of a size that one can read."""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import tap  # noqa: E402

TOP = os.environ["SQST_SRCDIR"]
BUILD = os.environ["SQST_BUILDDIR"]
FILE_MAX = 500
FUNCTION_MAX = 60


def sources(*folders, endings=(".c", ".h")):
    """Paths below the top of the project, sorted."""
    found = []
    for folder in folders:
        for where, _, names in os.walk(os.path.join(TOP, folder)):
            found += [os.path.relpath(os.path.join(where, name), TOP)
                      for name in names if name.endswith(endings)]
    return sorted(found)


def text_of(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def functions(path):
    """(name, is it static, first line, lines) of each function that a file defines. A body begins
    and ends with a brace in the first column, as .clang-format has it."""
    lines = text_of(path).split("\n")
    for at, line in enumerate(lines):
        if line != "{":
            continue
        first = at
        while first > 0 and lines[first - 1] and not lines[first - 1].startswith(("}", "#", " *", "/*")):
            first -= 1
        head = re.sub(r"SQST_[A-Z]+\([^)]*\)|__attribute__\(\(.*?\)\)", "", " ".join(lines[first:at]))
        name = re.search(r"(\w+) ?\(", head)
        end = next(i for i in range(at, len(lines)) if lines[i].startswith("}"))
        if name:
            yield name[1], head.startswith("static"), first + 1, end - first + 1


def twice(places):
    """Names that have more than one place, as lines."""
    return [f"{name}: {', '.join(sorted(set(where)))}"
            for name, where in sorted(places.items()) if len(set(where)) > 1]


def nothing(lines):
    assert not lines, "\n" + "\n".join(lines)


@tap.test("no file stem of lib and bin means two things")
def stems():
    places = collections.defaultdict(list)
    for path in sources("lib", "bin", endings=(".c",)):
        stem = os.path.basename(path)[:-2]
        if stem != "main":  # a program's entry, in each of them
            places[stem].append(path)
    nothing(twice(places))


@tap.test("no struct, union or enum tag means two things")
def tags():
    places = collections.defaultdict(list)
    for path in sources("include", "lib", "bin"):
        for tag in re.findall(r"^[\w ]*\b(?:struct|union|enum) (\w+) \{", text_of(path), re.M):
            places[tag].append(path)
    nothing(twice(places))


@tap.test("no static function means two things")
def statics():
    places = collections.defaultdict(list)
    for path in sources("lib", "bin"):
        for name, static, line, _ in functions(path):
            if static:
                places[name].append(f"{path}:{line}")
    nothing(twice(places))


@tap.test(f"no file of lib and bin has more than {FILE_MAX} lines, no function more than {FUNCTION_MAX}")
def sizes():
    long = []
    for path in sources("lib", "bin"):
        lines = text_of(path).count("\n")
        if lines > FILE_MAX:
            long.append(f"{path}: {lines} lines")
        long += [f"{path}:{line}: {name}() has {size} lines"
                 for name, _, line, size in functions(path) if size > FUNCTION_MAX]
    nothing(long)


def tiers():
    """Folder -> tier, public header -> folder, from the list under "Tiers" in doc/architecture.md."""
    part = text_of("doc/architecture.md").split("\n## Tiers\n", 1)[1].split("\n## ", 1)[0]
    tier, owner = {}, {}
    for number, row in enumerate(re.findall(r"^    (\S.*)$", part, re.M)):
        for folder, headers in re.findall(r"([\w/-]+)(?: \(([^)]*)\))?", row):
            tier[folder] = number
            for header in (headers or "").split():
                owner[header] = folder
    return tier, owner


@tap.test("includes follow the tiers of doc/architecture.md")
def includes():
    tier, owner = tiers()
    wrong = []
    folders = {os.path.dirname(p).split("/", 1)[1] for p in sources("lib")}
    wrong += [f"lib/{folder} is in no tier" for folder in sorted(folders - set(tier))]
    wrong += [f"{folder} is in a tier and not in lib" for folder in sorted(set(tier) - folders)]
    headers = {os.path.basename(p) for p in sources("include")}
    wrong += [f"sqst/{name} belongs to no folder" for name in sorted(headers - set(owner))]
    for path in sources("lib"):
        own = os.path.dirname(path).split("/", 1)[1]
        for folder, name in re.findall(r'^#include "(\w+)/(\w+\.h)"', text_of(path), re.M):
            other = owner.get(name) if folder == "sqst" else folder
            if other != own and tier.get(other, 99) >= tier.get(own, -1):
                wrong.append(f"{path} includes {folder}/{name}")
    nothing(wrong)


def objects():
    """Object file -> its path, for all of lib and bin as they were built."""
    found = {}
    for top in ("lib", "bin"):
        for where, _, names in os.walk(os.path.join(BUILD, top)):
            # libtool keeps the library's objects in .libs
            if (os.path.basename(where) == ".libs") != (top == "lib"):
                continue
            for name in names:
                if name.endswith(".o"):
                    folder = os.path.relpath(where, BUILD).replace("/.libs", "")
                    found[folder + "/" + name.split("-")[-1][:-2]] = os.path.join(where, name)
    return found


def circles(graph):
    """Strongly connected components of more than one node (Tarjan, with a stack of its own)."""
    index, low, on, stack, found = {}, {}, set(), [], []
    for start in sorted(graph):
        if start in index:
            continue
        work = [(start, iter(sorted(graph[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on.add(start)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(sorted(graph[other]))))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = []
                    while not part or part[-1] != node:
                        part.append(stack.pop())
                        on.discard(part[-1])
                    if len(part) > 1:
                        found.append(" ".join(sorted(part)))
    return found


@tap.test("no circle of files")
def no_circle():
    nm = tap.need_program("nm")
    current = {path[:-2] for path in sources("lib", "bin", endings=(".c",))}
    defined, wanted = collections.defaultdict(set), collections.defaultdict(set)
    # a build folder may still have objects of files that moved
    known = {name: path for name, path in objects().items() if name in current}
    assert len(known) > 100, f"only {len(known)} object files"
    for name, path in known.items():
        for line in subprocess.run([nm, path], check=True, capture_output=True, text=True).stdout.splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in "TDBR":
                defined[words[2]].add(name)
            elif len(words) == 2 and words[0] == "U":
                wanted[name].add(words[1])
    graph = {name: {other for symbol in wanted[name] for other in defined.get(symbol, ())
                    if other != name and (not other.startswith("bin/") or
                                          os.path.dirname(other) in (os.path.dirname(name), "bin/common"))}
             for name in known}
    nothing(circles(graph))


@tap.test("public headers compile alone as C++17")
def cxx():
    compiler = tap.need_program("c++", "g++", "clang++")
    for path in sources("include"):
        text = f'#include "{path.split("/", 1)[1]}"\n'
        subprocess.run([compiler, "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", os.path.join(TOP, "include"),
                        "-fsyntax-only", "-x", "c++", "-"], input=text, text=True, check=True)


@tap.test("make uninstall takes away all that make install brought")
def uninstall():
    make = tap.need_program("make")
    work = tempfile.mkdtemp()
    try:
        # of a build that make check is running in: nothing is built anew
        environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        for target in ("install", "uninstall"):
            subprocess.run([make, "-C", BUILD, "-s", target, "DESTDIR=" + work], check=True, env=environment,
                           stdout=subprocess.DEVNULL)
            left = sorted(os.path.join(where, name)[len(work):] for where, _, names in os.walk(work) for name in names)
            if target == "install":
                assert len(left) > 20, left
        nothing(left)
    finally:
        shutil.rmtree(work)


def help_options(program):
    text = subprocess.run([os.path.join(BUILD, program), "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^  -([A-Za-z][\w-]*)", text, re.M)) | set(re.findall(r", --([a-z][\w-]*)", text))


def manual_options(program):
    text = text_of(f"man/{program}.1").replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    return set(re.findall(r"(?<![\w-])--?([A-Za-z][\w-]*)", text))


for _program in sorted(os.path.basename(p)[:-2] for p in sources("man", endings=(".1",))):
    def _agree(program=_program):
        missing = help_options(program) - manual_options(program)
        nothing([f"man/{program}.1 has no -{name}" for name in sorted(missing)])
        for shell, file in (("bash", program), ("zsh", "_" + program), ("fish", program + ".fish")):
            made = subprocess.run([sys.executable, os.path.join(TOP, "completions/generate"), shell,
                                   os.path.join(BUILD, program)], check=True, capture_output=True, text=True).stdout
            assert made == text_of("completions/" + file), f"completions/{file} is not what completions/generate prints"
    tap.add(f"options of {_program}: --help, manual page and completions agree", _agree)

if __name__ == "__main__":
    tap.main()
