# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the project promises of itself, each promise a test: names, sizes, tiers and symbols of the source; what an
installation brings; options and documents that agree with one another and with the code."""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import tap
from house import (BUILD, FOLDERS, PROGRAMS, TOP, c_compiler, calls, circles, compile_alone, documents, exists, files,
                   folder_of, functions, help_of, manual_options, named_files, nothing, objects, output_of, same,
                   symbols, text_of, tiers, twice)

FILE_MAX = 500
FUNCTION_MAX = 60


# ---- one name, one meaning

@tap.test("no file stem of lib and bin means two things")
def stems():
    places = collections.defaultdict(set)
    for path in files("lib", "bin", endings=(".c",)):
        stem = os.path.basename(path)[:-2]
        if stem != "main":  # each program's entry
            places[stem].add(path)
    nothing(twice(places))


@tap.test("no struct, union or enum tag means two things")
def tags():
    places = collections.defaultdict(set)
    for path in files("include", "lib", "bin"):
        for tag in re.findall(r"^[\w ]*\b(?:struct|union|enum) (\w+) \{", text_of(path), re.M):
            places[tag].add(path)
    nothing(twice(places))


@tap.test("no static function means two things")
def statics():
    places = collections.defaultdict(set)
    for path in files("lib", "bin"):
        for name, static, line, _ in functions(path):
            if static:
                places[name].add(f"{path}:{line}")
    nothing(twice(places))


@tap.test("no test has the name of another in its folder")
def test_names():
    places = collections.defaultdict(set)
    for path in files("tests", endings=("_test.c", "_test.py")):
        text = text_of(path)
        for name in re.findall(r'^@(?:tap\.test|case)\("((?:[^"\\]|\\.)*)"', text, re.M) + \
                re.findall(r"^\s*(?:cmocka_unit_test\w*|TEST)\((\w+)", text, re.M):
            places[(os.path.dirname(path), name)].add(path)
    nothing(twice({f"{folder}: {name}": where for (folder, name), where in places.items()}))


# ---- a size that one can read, and an order in which one can

@tap.test(f"no file of lib and bin has more than {FILE_MAX} lines, no function more than {FUNCTION_MAX}")
def sizes():
    long = []
    for path in files("lib", "bin"):
        lines = text_of(path).count("\n")
        if lines > FILE_MAX:
            long.append(f"{path}: {lines} lines")
        long += [f"{path}:{line}: {name}() has {size} lines"
                 for name, _, line, size in functions(path) if size > FUNCTION_MAX]
    nothing(long)


@tap.test("the tiers of doc/architecture.md have each folder of lib and each public header")
def tier_list():
    tier, owner = tiers()
    nothing(same({folder_of(p) for p in files("lib")}, set(tier), ("lib", "a tier")) +
            same({os.path.basename(p) for p in files("include")}, set(owner), ("include/sqst", "a tier")))


@tap.test("includes follow the tiers of doc/architecture.md")
def includes():
    tier, owner = tiers()
    wrong = []
    for path in files("lib"):
        own = folder_of(path)
        for folder, name in re.findall(r'^#include "(\w+)/(\w+\.h)"', text_of(path), re.M):
            other = owner.get(name) if folder == "sqst" else folder
            if other != own and tier.get(other, 99) >= tier.get(own, -1):
                wrong.append(f"{path} includes {folder}/{name}")
    wrong += [f"{path} includes {folder}/" for path in files("include")
              for folder in re.findall(r'^#include "(\w+)/', text_of(path), re.M) if folder != "sqst"]
    nothing(wrong)


@tap.test("programs include public headers and bin/common, of lib only base")
def programs_include():
    nothing([f"{path} includes {folder}/" for path in files("bin")
             for folder in re.findall(r'^#include "([\w-]+)/', text_of(path), re.M)
             if folder not in ("sqst", "common", "base", os.path.basename(os.path.dirname(path)))])


@tap.test("no circle of files")
def no_circle():
    nothing(circles(calls(tap.need_program("nm"))))


# ---- symbols and headers

def exported():
    library = BUILD + "/.libs/libsqfs-stable.so"
    return {line.split()[2].split("@")[0]
            for line in output_of(tap.need_program("nm"), "-D", "--defined-only", library).splitlines()
            if line.split()[1] in "TDBRVW"}


@tap.test("every exported symbol has the prefix sqst_")
def exported_prefix():
    nothing([name for name in exported() if not name.startswith("sqst_")])


@tap.test("every name that files of lib share has the prefix sqst_")
def shared_prefix():
    nm = tap.need_program("nm")
    nothing([f"{source}: {name}" for source, path in objects().items() if source.startswith("lib/")
             for name in symbols(nm, path)[0] if not name.startswith("sqst_")])


@tap.test("public headers define no name without the prefix")
def header_prefix():
    wrong = []
    for path in files("include"):
        text = re.sub(r"(?s)/\*.*?\*/", "", text_of(path))
        names = re.findall(r"^#define (\w+)", text, re.M)
        names += re.findall(r"^\s*(?:struct|union|enum) (\w+) \{", text, re.M)
        names += re.findall(r"^typedef .*?(\w+)(?:\)\(.*)?;", text, re.M)
        for body in re.findall(r"enum(?: \w+)? \{(.*?)\}", text, re.S):
            names += re.findall(r"^\s*([A-Za-z]\w*)(?: =|,|$)", body, re.M)
        wrong += [f"{path}: {name}" for name in names if not re.match(r"SQST_|sqst_", name)]
    nothing(wrong)


def declared():
    """Functions that SQST_API marks in the public headers."""
    text = " ".join(re.sub(r"(?s)/\*.*?\*/", "", text_of(path)) for path in files("include"))
    return {name for head in re.findall(r"SQST_API ([^;(]*)\(", text)
            for name in re.findall(r"(sqst_\w+)\s*$", head)}


@tap.test("headers, version script, library and debian/*.symbols name the same functions")
def same_functions():
    script = set(re.findall(r"^\t(sqst_\w+);$", text_of("lib/libsqfs-stable.map"), re.M))
    nodes = set(re.findall(r"^(\w+) \{$", text_of("lib/libsqfs-stable.map"), re.M))
    wrong = same(declared(), script, ("include/sqst", "lib/libsqfs-stable.map"))
    wrong += same(script, exported(), ("lib/libsqfs-stable.map", "the library"))
    package, = files("debian", endings=(".symbols",))
    known = set(re.findall(r"^ (\w+)@", text_of(package), re.M))
    nothing(wrong + same(script | nodes, known, ("lib/libsqfs-stable.map", package)))


@tap.test("each public header compiles alone as C11")
def headers_c():
    nothing([line for path in files("include")
             for line in compile_alone(c_compiler(), path.split("/", 1)[1], "-std=c11", "-Wstrict-prototypes",
                                       "-Wmissing-prototypes", "-Wvla", "-x", "c")])


@tap.test("each public header compiles alone as C++17")
def headers_cxx():
    compiler = tap.need_program("c++", "g++", "clang++")
    nothing([line for path in files("include")
             for line in compile_alone([compiler], path.split("/", 1)[1], "-std=c++17", "-x", "c++")])


@tap.test("each header of lib compiles alone")
def headers_lib():
    flags = ["-std=c11", "-I", TOP + "/lib", "-I", BUILD, "-include", "config.h", "-x", "c"]
    flags += re.findall(r"-I\S+", " ".join(re.findall(r"^\w+_CFLAGS = (.*)$", read_build("Makefile"), re.M)))
    nothing([line for path in files("lib", endings=(".h",))
             for line in compile_alone(c_compiler(), path.split("/", 1)[1], *flags)])


def read_build(path):
    with open(os.path.join(BUILD, path), encoding="utf-8") as file:
        return file.read()


@tap.test("the library calls nothing that a locale changes, but in lib/base/pattern.c")
def locale_calls():
    calls_of_locale = re.compile(
        r"(?<![a-z_])(?:is(?:alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit)|to(?:lower|upper)"
        r"|fnmatch|glob|reg(?:comp|exec)|strto(?:d|f|ld)|atof|strcoll|strxfrm|strn?casecmp|mb(?:len|towc|rtowc|stowcs)"
        r"|wctomb|strftime|setlocale)\(")
    nothing([f"{path}: {name}" for path in files("lib") if path != "lib/base/pattern.c"
             for name in calls_of_locale.findall(re.sub(r"(?s)/\*.*?\*/", "", text_of(path)))])


# ---- how it is written

@tap.test("sources are formatted by .clang-format")
def formatted():
    program = tap.need_program("clang-format")
    done = subprocess.run([program, "--dry-run", "-Werror", *files("include", "lib", "bin", "tests", "bench")], cwd=TOP,
                          capture_output=True, text=True, check=False)
    nothing([line for line in done.stderr.splitlines() if "error:" in line])


@tap.test("licences are in place")
def licences():
    wrong = [name for name, first in (("COPYING", "GNU GENERAL PUBLIC LICENSE"),
                                      ("COPYING.LESSER", "GNU LESSER GENERAL PUBLIC LICENSE"))
             if first not in text_of(name)]
    sources = files("include", "lib", "bin", "tests", "bench", "scripts",
                    endings=(".c", ".h", ".py", ".sh")) + files("man", endings=(".1", ".7")) + \
        files("tests/unit", "tests/fuzz") + ["check", "try", ".ci/run", "completions/generate"]
    wrong += [f"{path} names no licence" for path in sources
              if "SPDX-License-Identifier: LGPL-2.1-or-later" not in "\n".join(text_of(path).split("\n")[:3])]
    nothing(wrong)


# ---- what is installed

@tap.test("make uninstall takes away all that make install brought")
def uninstall():
    make = tap.need_program("make")
    work = tempfile.mkdtemp()
    # Of the make that runs this test, nothing is passed on.
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
    try:
        for target in ("install", "uninstall"):
            subprocess.run([make, "-C", BUILD, "-s", target, "DESTDIR=" + work], check=True, env=environment,
                           capture_output=True)
            left = [os.path.join(where, name)[len(work):] for where, _, names in os.walk(work) for name in names]
            if target == "install":
                there = {os.path.basename(path) for path in left}
                missing = {"libsqfs-stable.so", "libsqfs-stable.pc", "build.h", *PROGRAMS} - there
                assert not missing and len(left) > 20, sorted(left)
        nothing(left)
    finally:
        shutil.rmtree(work)


@tap.test("manual pages are clean, and have the version of configure.ac")
def pages():
    version = re.search(r"^AC_INIT\(\[sqfs-stable\], \[([^]]*)\]", text_of("configure.ac"), re.M)[1]
    names = files("man", endings=(".1", ".7"))
    nothing([f"{path} is not of {version}" for path in names
             if not re.search(rf'^\.TH .*"sqfs\\-stable {re.escape(version)}" ', text_of(path), re.M)])
    done = subprocess.run([tap.need_program("mandoc"), "-T", "lint", "-W", "warning", *names], cwd=TOP,
                          capture_output=True, text=True, check=False)
    nothing(done.stdout.splitlines() + done.stderr.splitlines())


# ---- options: --help, manual page, completions

def agree(program):
    options = set(help_of(program))
    if program == "sqfs-stable-build":
        for called in ("mksquashfs", "sqfstar"):
            options |= set(help_of(program, called))
    named, heads = manual_options(program + ".1")
    wrong = [f"man/{program}.1 has no -{name}" for name in options - named]
    wrong += [f"--help of {program} has no -{name}, and the manual page does" for name in heads - options]
    for shell, file in (("bash", program), ("zsh", "_" + program), ("fish", program + ".fish")):
        made = output_of(sys.executable, "-B", TOP + "/completions/generate", shell, f"{BUILD}/{program}")
        if made != text_of("completions/" + file):
            wrong.append(f"completions/{file} is not what `completions/generate {shell}` prints")
    wide = [line for line in output_of(f"{BUILD}/{program}", "--help").splitlines()
            if line.startswith("  ") and len(line) > 80]
    nothing(wrong + wide)


for _program in PROGRAMS:
    tap.add(f"{_program}: --help, manual page and completions have the same options", agree, _program)


def statuses(program):
    tail = output_of(f"{BUILD}/{program}", "--help").split("Exit status: ")[1]
    page = re.search(r"(?s)^\.SH EXIT STATUS\n(.*?)^\.SH ", text_of(f"man/{program}.1"), re.M)[1]
    nothing(same(set(re.findall(r"\b(\d) ", tail)), set(re.findall(r"^\.TP\n\.B (\d)$", page, re.M)),
                 ("--help", "the manual page")))
    assert re.fullmatch(program + r" version \S+\n", output_of(f"{BUILD}/{program}", "--version"))


for _program in PROGRAMS:
    tap.add(f"{_program}: --help and manual page have the same exit statuses", statuses, _program)


def accepted(called):
    """What --help names is an option; what it does not name is none."""
    program = called if called in PROGRAMS else "sqfs-stable-build"
    path = f"{BUILD}/.libs/{program}"
    path = path if os.path.exists(path) else f"{BUILD}/{program}"
    environment = os.environ | {"LD_LIBRARY_PATH": BUILD + "/.libs"}
    paths = ["/nonexistent/source", "/nonexistent/output"] if called == "mksquashfs" else []

    def unknown(option):
        done = subprocess.run([called, *paths, option], executable=path, env=environment, capture_output=True,
                              text=True, check=False, stdin=subprocess.DEVNULL)
        return "unknown option" in done.stderr
    assert unknown("-not-an-option")
    nothing([f"{called} does not know -{name}" for name in help_of(program, called) if unknown("-" + name)])


for _program in ("mksquashfs", "sqfstar", *PROGRAMS):
    tap.add(f"{_program}: every option of --help is one", accepted, _program)


@tap.test("doc/differences-from-mksquashfs.md has every option of the mksquashfs and sqfstar command lines")
def differences():
    page = "doc/differences-from-mksquashfs.md"
    named = {name for span in re.findall(r"`([^`]+)`", text_of(page)) for name in re.findall(r"-([A-Za-z][\w-]*)", span)}
    nothing([f"{page} has no -{name}" for called in ("mksquashfs", "sqfstar")
             for name in help_of("sqfs-stable-build", called) if name not in named])


# ---- documents

@tap.test("documents name only files that exist")
def named():
    nothing([f"{path} names {name}" for path in documents() for name in named_files(path) if not exists(name)])


@tap.test("comments name only files that exist")
def comments():
    wrong, of_linux = [], {"lib/xz/xz_dec_lzma2.c"}
    for path in files("include", "lib", "bin", "tests", "bench", endings=(".c", ".h", ".py", ".am")):
        for name in re.findall(rf"(?<![\w./$}}-])(?:{FOLDERS})/[\w./-]+\.(?:c|h|py|md|sh|am|map|[17])\b", text_of(path)):
            if name not in of_linux and not exists(name):
                wrong.append(f"{path} names {name}")
    nothing(wrong)


@tap.test("every folder of lib has its page in doc/internals")
def internals():
    folders = {folder_of(path) for path in files("lib")}
    there = {os.path.basename(path)[:-3] for path in files("doc/internals", endings=(".md",))} - {"README"}
    wrong = same(folders, there, ("lib", "doc/internals"))
    for folder in folders & there:
        text = text_of(f"doc/internals/{folder}.md")
        for name in re.findall(r"`(\w+\.[ch])`", text):
            if not exists(f"lib/{folder}/{name}"):
                wrong.append(f"doc/internals/{folder}.md names {name}, which lib/{folder} has not")
    code = " ".join(text_of(path) for path in files("include", "lib"))
    words = set(re.findall(r"\w+", code))
    for folder in folders & there:
        wrong += [f"doc/internals/{folder}.md names {name}, which is nowhere in the library"
                  for name in re.findall(r"\bsqst_\w+", text_of(f"doc/internals/{folder}.md")) if name not in words]
    index = text_of("doc/internals/README.md") if exists("doc/internals/README.md") else ""
    nothing(wrong + [f"doc/internals/README.md does not name {f}.md" for f in there if f"({f}.md)" not in index])


@tap.test("every page of doc has a link from README.md, CONTRIBUTING.md or another page")
def links():
    linked = {name for path in documents() for name in named_files(path)}
    nothing([path for path in files("doc", endings=(".md",)) if path not in linked])


tap.main()
