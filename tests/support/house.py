# SPDX-License-Identifier: LGPL-2.1-or-later
"""The project's own source, read: its files, their functions, what one includes and calls, options and documents."""
import collections
import os
import re
import shlex
import subprocess

TOP = os.environ["SQST_SRCDIR"]
BUILD = os.environ["SQST_BUILDDIR"]
PROGRAMS = ("sqfs-stable-build", "sqfs-stable-check", "sqfs-stable-info", "sqfs-stable-map")


def files(*folders, endings=(".c", ".h")):
    """Paths below these folders, from the top of the project, sorted."""
    found = []
    for folder in folders:
        for where, _, names in os.walk(os.path.join(TOP, folder)):
            found += [os.path.relpath(os.path.join(where, name), TOP) for name in names if name.endswith(endings)]
    return sorted(found)


def exists(path):
    return os.path.exists(os.path.join(TOP, path))


def text_of(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def nothing(lines):
    """The test fails, and prints them, unless there are none."""
    assert not lines, "\n" + "\n".join(sorted(set(lines)))


def twice(places):
    """Names that stand in more than one place, as lines."""
    return [f"{name}: {', '.join(sorted(where))}" for name, where in places.items() if len(where) > 1]


def same(one, other, names):
    """What only one of two sets has, as lines."""
    return [f"{name} is in {names[0]} and not in {names[1]}" for name in one - other] + \
        [f"{name} is in {names[1]} and not in {names[0]}" for name in other - one]


# ---- functions

def functions(path):
    """(name, is it static, first line, number of lines) of each function that a file defines. A body begins
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


# ---- tiers

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


def folder_of(path):
    """The folder of lib that a path is in, without "lib/"."""
    return os.path.dirname(path).split("/", 1)[1]


# ---- symbols

def objects():
    """Source without its ending -> object file, for all of lib and bin as they were built. A build folder may
    have objects of files that moved; they do not count."""
    sources = {path[:-2] for path in files("lib", "bin", endings=(".c",))}
    found = {}
    for top in ("lib", "bin"):
        for where, _, names in os.walk(os.path.join(BUILD, top)):
            # libtool keeps the library's objects in .libs
            if (os.path.basename(where) == ".libs") != (top == "lib"):
                continue
            folder = os.path.relpath(where, BUILD).replace("/.libs", "")
            for name in names:
                source = folder + "/" + name.split("-")[-1][:-2]
                if name.endswith(".o") and source in sources:
                    found[source] = os.path.join(where, name)
    assert len(found) > 100, f"only {len(found)} object files"
    return found


def symbols(nm, path):
    """Names that an object file defines for others, and names that it wants."""
    defined, wanted = set(), set()
    for line in output_of(nm, path).splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "TDBR":
            defined.add(words[2])
        elif len(words) == 2 and words[0] == "U":
            wanted.add(words[1])
    return defined, wanted


def calls(nm):
    """Source -> the sources whose names it wants."""
    seen = {source: symbols(nm, path) for source, path in objects().items()}
    defined = collections.defaultdict(set)
    for source, (own, _) in seen.items():
        for name in own:
            defined[name].add(source)

    def visible(source, other):
        # Each program has functions of its own, and those of bin/common.
        return other.startswith("lib/") or os.path.dirname(other) in (os.path.dirname(source), "bin/common")
    return {source: {other for name in wanted for other in defined[name] if other != source and visible(source, other)}
            for source, (_, wanted) in seen.items()}


def circles(graph):
    """Strongly connected components of more than one node (Tarjan), as lines."""
    index, low, on, stack, found = {}, {}, set(), [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on.add(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = []
            while not part or part[-1] != node:
                part.append(stack.pop())
                on.discard(part[-1])
            if len(part) > 1:
                found.append(" ".join(sorted(part)))
    for start in sorted(graph):
        if start not in index:
            visit(start)
    return found


# ---- headers

WARNINGS = "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"


def compile_alone(compiler, header, *flags):
    """Lines of the compiler if a file with nothing but this header does not compile."""
    done = subprocess.run([*compiler, *flags, *WARNINGS.split(), "-I", TOP + "/include", "-fsyntax-only", "-"],
                          input=f'#include "{header}"\n', capture_output=True, text=True, check=False)
    return done.stderr.splitlines()


def c_compiler():
    return shlex.split(os.environ.get("CC") or "cc")


# ---- options

def help_of(program, called=None):
    """Option -> its line of --help. `called`: the name by which the program is called, instead of its own."""
    path = f"{BUILD}/{program}"
    built = f"{BUILD}/.libs/{program}"
    # libtool's script would hide the name
    real = built if os.path.exists(built) else path
    text = output_of(called or program, "-help", executable=real,
                     env=os.environ | {"LD_LIBRARY_PATH": BUILD + "/.libs"})
    found = {}
    for line in text.splitlines():
        row = re.match(r"  -([A-Za-z][\w-]*)( \S+)?(?:  |$)| {2}-([A-Za-z][\w-]*) (\S+) ", line)
        if row:
            found[row[1] or row[3]] = line
    assert found, text
    return found


def manual_options(page):
    """Options that a manual page has: those that it names, and those that head a paragraph of OPTIONS."""
    text = text_of("man/" + page).replace("\\-", "-")
    named = set(re.findall(r"(?<![\w-])--?([A-Za-z][\w-]*)", re.sub(r"\\f[BIRP]", "", text)))
    part = re.search(r"(?s)^\.SH OPTIONS\n(.*?)^\.SH (?!OPTIONS)", text, re.M)[1]
    heads = re.findall(r"^\.TP\n((?:\.[BIR]+ .*\n)+)", part, re.M)
    return named, {name for head in heads for name in re.findall(r"(?<![\w-])--?([A-Za-z][\w-]*)(?!\.\.\.)", head)}


# ---- documents

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "doc", "bench", "tests/fuzz", "recipes")
FOLDERS = "lib|bin|include|tests|doc|man|bench|scripts|completions|recipes|udev|debian"


def documents():
    return [path for name in DOCUMENTS for path in ([name] if name.endswith(".md") else files(name, endings=(".md",)))]


def named_files(path):
    """Files that a document names: targets of its links, and what looks like a path between backquotes. Words in
    capitals stand for a name."""
    text = text_of(path)
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        yield os.path.normpath(os.path.join(os.path.dirname(path), target))
    folders = {folder_of(p) for p in files("lib")}
    for span in re.findall(r"`([^`\n]+)`", text):
        for word in span.split():
            if re.fullmatch(r"tests/(?:unit|fuzz)/[a-z_]+_(?:test|fuzz)", word):
                yield word + ".c"
            elif re.fullmatch(r"[\w.+/-]*/[\w.+/-]+\.(?:[chm]|md|py|sh|am|map|pc\.in|[17])", word):
                if re.search(r"NAME|SUBJECT|PROGRAM|VERSION", word):
                    continue
                top = word.split("/", 1)[0]
                if re.fullmatch(FOLDERS, top):
                    yield word
                elif top in folders:
                    yield "lib/" + word
                elif top == "sqst":
                    yield "include/" + word
