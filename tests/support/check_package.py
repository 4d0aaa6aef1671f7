# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of Buildroot's utils/check-package that the tree in recipes/buildroot meets, written down
again. Each function takes a file's path, for messages, and its lines; AssertionError says what is
wrong."""
import os
import re


def check_lines(path, lines):
    for at, line in enumerate(lines, 1):
        assert line == line.rstrip(), f"{path}:{at}: space at the end"
        assert line or at == len(lines) or lines[at] or path.endswith(".md"), f"{path}:{at}: two empty lines"
    assert lines[-1], f"{path}: empty last line"


def check_makefile(path, lines, config):
    """config: the text of all Config.in files, which says what options are strings."""
    assert lines[0] == lines[4] == "#" * 80 and lines[1] == lines[3] == "#" and lines[5] == "", path
    assert re.match(r"# \S", lines[2]) and lines[6].startswith("# SPDX-License-Identifier: "), path
    prefix = os.path.basename(path)[:-3].upper().replace("-", "_")
    in_define = continued = False
    conditionals, seen = 0, {}
    for at, line in enumerate(lines, 1):
        where = f"{path}:{at}: {line}"
        assert not re.search(r"[^$]\$\{\w", line), where + ": braces"
        assert not re.search(r"(  |\t)\\$", line), where + ": one space before a backslash"
        assert not re.search(r"\$\(HOST_DIR\)/usr", line), where
        assert not re.match(r"\s*(else )?(ifdef|ifndef)\b", line), where + ": ifdef"
        if re.match(r"define\b", line):
            in_define = True
        elif re.match(r"endef\b", line):
            in_define = False
        elif line and not line.startswith("#"):
            inside = in_define or continued
            conditional = not continued and re.match(r"(ifeq|ifneq|else|endif)\b", line)
            assert line.startswith("\t") == bool(inside and not conditional), where + ": tabs"
        assert not (continued and not line), where + ": backslash before an empty line"
        name = None if continued else re.match(r"(?:define\s+)?([A-Z0-9_]+_[A-Z0-9_]+)\b", line)
        if name and not in_define:
            assert re.match(rf"(HOST_|ROOTFS_)?{prefix}_", name[1]), where + ": not prefixed"
            change = re.match(r"[A-Z0-9_]+\s*(\+?:?=)", line)
            if change and change[1] != "+=":
                assert name[1] not in seen, where + ": overridden"
                assert not (conditionals and re.search("_(CONF_OPTS|DEPENDENCIES)$", name[1])), where
            seen[name[1]] = at
        conditionals += bool(re.match(r"(ifeq|ifneq)\b", line)) - bool(re.match(r"endif\b", line))
        continued = line.endswith("\\") and not line.startswith("#")
        assert not re.search(r"_(AUTORECONF|INSTALL_STAGING|INSTALL_IMAGES)\s*=\s*NO"
                             r"|_(LIBTOOL_PATCH|INSTALL_TARGET|REDISTRIBUTE)\s*=\s*YES", line), where
        for option in re.findall(r"\$\((BR2_\w+)\)", line):
            string = re.search(rf"config {option}\n\tstring", config) or option.endswith("_SITE")
            if string or option.endswith("_SCRIPT"):
                assert f"call qstrip,$({option})" in line or "error" in line, where + ": no qstrip"
    assert not in_define and not conditionals and not continued


def check_config(path, lines):
    order = {"bool": 1, "prompt": 1, "string": 1, "default": 2, "depends": 3, "select": 4, "help": 5}
    outside = "choice comment config endchoice endif endmenu if menu menuconfig source".split()
    state, in_help, continued, seen = 0, None, False, set()
    for at, line in enumerate(lines, 1):
        where = f"{path}:{at}: {line}"
        if in_help is not None:
            if line.startswith("\t  ") or not line:
                assert re.match(r"\t  .{0,62}$|\t  https?://\S+$|$", line), where + ": help is too wide"
                in_help.append(line)
                continue
            assert in_help[0].strip() and re.match(r"\t  \S", in_help[0]), where
            in_help = None
        if not line or line.lstrip().startswith("#"):
            continue
        if continued:
            assert line.startswith("\t"), where
        else:
            word = line.split()[0]
            if word in outside:
                assert line.startswith(word), where
                state = 0
                if word == "config":
                    assert line not in seen, where
                    seen.add(line)
            else:
                assert re.match(rf"\t{word}\b", line) and order[word] >= state, where + ": order"
                state = order[word]
                assert line.strip() != "default n", where
                if word == "help":
                    in_help = []
        continued = line.endswith("\\")


def check_hash(path, lines):
    sizes = {"sha256": 64, "sha512": 128}
    for line in lines:
        if not line.startswith("#"):
            kind, digest, name = line.split("  ")
            assert re.fullmatch(rf"[0-9a-f]{{{sizes[kind]}}}", digest) and name, f"{path}: {line}"
