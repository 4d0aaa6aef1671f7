# SPDX-License-Identifier: LGPL-2.1-or-later
"""As much of BitBake as the layer in recipes/meta-sqfs-stable needs: its files, its variables, its hashes.

    data = Data({"WORKDIR": "/w"}, overrides=["class-native"])
    data.parse("classes-recipe/image_types_sqfs_stable.bbclass")
    data.anonymous()
    data.get("SRC_URI")

A line that is not understood is an error. What real BitBake does more is left out, not imitated.
"""
import ast
import hashlib
import os
import re
import types

_NAME = r"[a-zA-Z0-9\-_+.${}/~:]+?"
_ASSIGNMENT = re.compile(rf"^(?P<name>{_NAME})(\[(?P<flag>[a-zA-Z0-9\-_+.][a-zA-Z0-9\-_+.@/]*)\])?\s*"
                         r"(?P<op>\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*(?P<quote>[\"'])(?P<value>.*)(?P=quote)$")
_FUNCTION = re.compile(r"^(?P<python>python\s*)?(?P<name>[\w.+{}$:-]*)\s*\(\s*\)\s*\{$")
_VARIABLE = re.compile(r"\$\{[a-zA-Z0-9\-_+./~:]+?\}")
_PYTHON = re.compile(r"\$\{@(?:\{.*?\}|.)+?\}")


class Fatal(Exception):
    """bb.fatal was called."""


class Skipped(Exception):
    """bb.parse.SkipRecipe was raised."""


def _fatal(*words):
    raise Fatal(" ".join(words))


def _which(path, item, history=False):
    tried = []
    for folder in (path or "").split(":"):
        tried.append(os.path.join(folder, item))
        if os.path.exists(tried[-1]):
            return (tried[-1], tried) if history else tried[-1]
    return ("", tried) if history else ""


def _words(value):
    return (value or "").split()


class Data:
    """Variables, flags and functions, as in BitBake's data store."""

    def __init__(self, variables=None, overrides=()):
        self.values, self.weak, self.flags = {}, {}, {}
        self.functions = {}             # name: (shell or python, text)
        self.anonymous_functions, self.inherited, self.marked = [], [], []
        self.overrides = list(overrides)
        bb = types.SimpleNamespace(
            fatal=_fatal, note=lambda *_: None,
            utils=types.SimpleNamespace(
                which=_which,
                filter=lambda name, words, d: " ".join(
                    sorted(set(words.split()) & set(_words(d.getVar(name)))))),
            parse=types.SimpleNamespace(SkipRecipe=Skipped,
                                        mark_dependency=lambda d, path: self.marked.append(path)))
        oe = types.SimpleNamespace(utils=types.SimpleNamespace(
            cpu_count=lambda at_least=1, at_most=64: max(min(os.cpu_count(), at_most), at_least)))
        self.context = {"bb": bb, "oe": oe, "os": os, "d": self}
        self.values.update(variables or {})

    def copy(self):
        other = Data(self.values, self.overrides)
        other.weak, other.inherited = dict(self.weak), list(self.inherited)
        other.flags = {name: dict(flags) for name, flags in self.flags.items()}
        other.functions = dict(self.functions)
        other.anonymous_functions = list(self.anonymous_functions)
        for kind, text in other.functions.values():
            if kind == "def":
                exec(compile(text, "def", "exec"), other.context)  # pylint: disable=exec-used
        return other

    # ---- what BitBake calls these (the layer's Python does)

    def getVar(self, name, expand=True):  # pylint: disable=invalid-name
        return self.get(name, expand)

    def setVarFlag(self, name, flag, value):  # pylint: disable=invalid-name
        self.flags.setdefault(name, {})[flag] = value

    def appendVarFlag(self, name, flag, value):  # pylint: disable=invalid-name
        self.setVarFlag(name, flag, self.flags.get(name, {}).get(flag, "") + value)

    # ---- values

    def _chosen(self, name):
        """The value by overrides: the last of them wins, then the plain name, then a weak one."""
        for where in (self.values, self.weak):
            for override in reversed(self.overrides):
                if f"{name}:{override}" in where:
                    return where[f"{name}:{override}"]
            if name in where:
                return where[name]
        return None

    def _applies(self, key, name, operation):
        head = f"{name}:{operation}"
        return key == head or (key.startswith(head + ":")
                               and set(key[len(head) + 1:].split(":")) <= set(self.overrides))

    def get(self, name, expand=True):
        value = self._chosen(name)
        for operation in ("append", "prepend"):
            for key, extra in self.values.items():
                if self._applies(key, name, operation):
                    value = (value or "") + extra if operation == "append" else extra + (value or "")
        return self.expand(value) if expand and value is not None else value

    def flag(self, name, flag, expand=True):
        value = self.flags.get(name, {}).get(flag)
        return self.expand(value) if expand and value is not None else value

    def expand(self, text):
        def variable(match):
            value = self.get(match[0][2:-1])
            return match[0] if value is None else value

        def python(match):
            code = match[0][3:-1].strip()
            return str(eval(code, self.context))  # pylint: disable=eval-used
        while True:
            before = text
            text = _PYTHON.sub(python, _VARIABLE.sub(variable, text))
            if text == before:
                return text

    # ---- parsing

    def parse(self, path):
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        at = 0
        while at < len(lines):
            line = lines[at]
            at += 1
            if not line.strip() or line.startswith("#"):
                continue
            while line.endswith("\\"):
                line, at = line[:-1] + lines[at], at + 1
            at = self._statement(path, line, lines, at)

    def _statement(self, path, line, lines, at):
        assignment = _ASSIGNMENT.match(line.rstrip())
        function = _FUNCTION.match(line)
        if assignment:
            self._assign(**assignment.groupdict())
        elif function:
            end = lines.index("}", at)
            self._function(path, at, bool(function["python"]), function["name"], lines[at:end])
            at = end + 1
        elif line.startswith("def "):
            end = at
            while end < len(lines) and re.match(r"\s|$|#", lines[end]):
                end += 1
            name = re.match(r"def (\w+)\(", line)[1]
            text = "\n" * (at - 1) + "\n".join([line] + lines[at:end])
            self.functions[name] = ("def", text)
            exec(compile(text, path, "exec"), self.context)  # pylint: disable=exec-used
            at = end
        elif line.startswith("inherit "):
            self.inherited += line.split()[1:]
        else:
            raise AssertionError(f"{path}: line {at}: not understood: {line}")
        return at

    def _function(self, path, at, python, name, body):
        text = "\n".join(body)
        if not python:
            assert name, f"{path}: line {at}: a shell function without a name"
            self.functions[name] = ("shell", text)
            self.values[name] = text
            return
        assert "\t" not in text, f"{path}: line {at}: a tab in Python"
        code = "\n" * (at - 1) + f"def {name or 'anonymous'}(d):\n{text}\n"
        code = compile(code, path, "exec")
        if name:
            self.functions[name] = ("python", code)
        else:
            self.anonymous_functions.append(code)

    def _assign(self, name, flag, op, quote, value):
        del quote
        if flag:
            held = self.flags.setdefault(name, {})
            assert op in ("=", "+="), f"{name}[{flag}] {op}"
            held[flag] = value if op == "=" else (held.get(flag, "") + " " + value)
            return
        where = self.weak if op == "??=" else self.values
        old = where.get(name)
        if op == "?=" and old is not None:
            return
        old = old or ""
        where[name] = {"+=": f"{old} {value}", "=+": f"{value} {old}", ".=": old + value,
                       "=.": value + old, ":=": value}.get(op, value)
        if op == ":=":
            where[name] = self.expand(value)

    # ---- running

    def python(self, name, code):
        scope = dict(self.context)
        exec(code, scope)  # pylint: disable=exec-used
        scope[name](self)

    def anonymous(self):
        for code in self.anonymous_functions:
            self.python("anonymous", code)

    def before(self, task):
        """Run the prefuncs of a task."""
        for name in _words(self.flag(task, "prefuncs")):
            self.python(name, self.functions[name][1])

    def script(self, task):
        """The shell script of a task, with the functions that it calls, as BitBake writes it."""
        wanted, seen = [task], []
        while wanted:
            name = wanted.pop()
            if name not in seen:
                seen.append(name)
                wanted += _called(self.functions[name][1], self.functions, "shell")
        text = "\n".join(f"{name}() {{\n{self.get(name)}\n}}" for name in reversed(seen))
        return f"#!/bin/sh\nset -e\n{_LOGGING}\n{text}\n{task}\n"

    # ---- image.bbclass and the hashes of tasks

    def image_task(self, kind, debug=False):
        """What image.bbclass makes of IMAGE_CMD:kind; the name of the task."""
        local = self.copy()
        local.overrides.append(kind)
        for name in ["DATETIME"] + _words(self.flag("IMAGE_CMD:" + kind, "vardepsexclude")):
            for key in [key for key in local.values if key == name or key.startswith(name + ":")]:
                del local.values[key]
        if debug:
            local.debugfs()
        command = local.get("IMAGE_CMD")
        assert command, f"no IMAGE_CMD for {kind}"
        task = "do_image_" + ("debugfs_" if debug else "") + kind.replace("-", "_")
        text = f"\t{command}\n" + local.expand("\tcd ${IMGDEPLOYDIR}")
        self.values[task] = text
        self.functions[task] = ("shell", text)
        self.appendVarFlag(task, "vardeps", " IMAGE_CMD:" + kind)
        self.appendVarFlag(task, "subimages", " " + kind)
        return task

    def debugfs(self):
        for name in ("IMAGE_ROOTFS", "IMAGE_LINK_NAME", "IMAGE_NAME"):
            self.values[name] += "-dbg"
        self.values["IMAGE_BUILDING_DEBUGFS"] = "true"

    def basehash(self, task):
        """{name: what counts of it} for a task and all that it depends on."""
        found, wanted = {}, [task]
        while wanted:
            name = wanted.pop()
            if name not in found:
                found[name], depends = self._depends(name)
                wanted += sorted(depends - set(_words(self.flag(name, "vardepsexclude"))))
        return found

    def _depends(self, name):
        depends = set(_words(self.flag(name, "vardeps"))) | set(_words(self.flag(name, "prefuncs")))
        value = self.flag(name, "vardepvalue")
        if value is not None:
            return value, depends
        kind, text = self.functions.get(name, ("variable", None))
        if kind in ("def", "python"):
            return kind, depends | (_literals(text) if kind == "def" else set())
        value = self.get(name, False) or ""
        depends |= {match[2:-1] for match in _VARIABLE.findall(value)}
        for code in _PYTHON.findall(value):
            depends |= _literals(code[3:-1])
            depends |= set(_called(code, self.functions, "def"))
        if kind == "shell":
            depends |= set(_called(value, self.functions, "shell"))
        return value, depends

    def taskhash(self, task):
        """With the files of [file-checksums], as siggen.py and checksum.py have it."""
        total = hashlib.sha256(repr(sorted(self.basehash(task).items())).encode())
        sums = []
        for entry in re.split(r"(?:(?<=:True)|(?<=:False))\s+", self.flag(task, "file-checksums") or ""):
            path, _, exists = entry.strip().partition(":")
            assert not entry.strip() or exists == "True", entry
            if path and os.path.exists(path):
                with open(path, "rb") as file:
                    sums.append((path, hashlib.md5(file.read()).hexdigest()))
        for path, checksum in sorted(sums, key=lambda one: one[1]):
            if "/./" in path:
                total.update(("./" + path.split("/./")[1]).encode())
            total.update(checksum.encode())
        return total.hexdigest()


def _called(text, functions, kind):
    words = set(re.findall(r"[A-Za-z_][\w]*", text))
    return sorted(name for name in words if functions.get(name, ("",))[0] == kind)


def _literals(code):
    """Names in d.getVar("NAME"), which BitBake takes for dependencies."""
    found = set()
    for node in ast.walk(ast.parse(code.strip())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) \
                and node.func.attr == "getVar" and isinstance(node.args[0], ast.Constant):
            found.add(node.args[0].value)
    return found


_LOGGING = """\
bbplain() { echo "$*"; }
bbnote() { echo "NOTE: $*"; }
bbwarn() { echo "WARNING: $*"; }
bbfatal() { echo "ERROR: $*"; exit 1; }"""
