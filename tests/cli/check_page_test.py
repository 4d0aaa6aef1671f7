#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page of sqfs-stable-check --html in a browser: it renders, in light and dark, and loads nothing."""
import html.parser
import os
import random
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import forge
import page
import tap
import tool
import trees
import verdict

# As bin/sqfs-stable-check/page_style.c has them: (light, dark)
COLOUR = {"bg": ("f6f7f9", "12161c"), "kept": ("7f9cc0", "5577a3"), "new": ("12906f", "2bb793"),
          "retired": ("c9cfd8", "4a5563"), "conflict": ("d62839", "f2545f"),
          "place": ("9db2cc", "46607f")}
HEADER = {verdict.VALID: "1a7f4b", verdict.REFUSED: "9a5800", verdict.UNSAFE: "b51f2a"}
VOID = {"meta", "br", "path", "circle", "link", "img", "input", "hr"}


def rgb(text):
    return tuple(bytes.fromhex(text))


class Balanced(html.parser.HTMLParser):
    """Every element is closed where it should be; the elements' names are counted."""

    def __init__(self, text):
        super().__init__()
        self.open, self.count, self.texts = [], {}, []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        for name, value in attrs:
            assert not name.startswith("on") and name not in ("src", "srcset"), (tag, name)
            assert name != "href" or value.startswith("#"), value
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.texts.append(data)


def make(room, status, *images):
    done = verdict.run("-q", "--html", f"{room}/page.html", *images)
    assert (done.returncode, done.stderr) == (status, b""), done
    text = tool.read(f"{room}/page.html").decode()
    for word in ("http:", "https:", "url(", "@import", "<script", "javascript:"):
        assert word not in text, word
    assert "default-src 'none'" in text
    return f"{room}/page.html", Balanced(text)


def release(room, name, tree, *options):
    trees.make(tree, f"{room}/{name}")
    tool.build("-quiet", *options, f"{room}/{name}", f"{room}/{name}.sqfs")
    return f"{room}/{name}.sqfs"


def two_releases(room):
    rng = random.Random(7)
    tree = {b"": trees.directory()}
    for at in range(60):
        tree[b"d%d" % at] = trees.directory()
        for name in range(8):
            tree[b"d%d/f%d" % (at, name)] = trees.file(rng.randbytes(2000))
    one = release(room, "one", tree)
    for at in range(10, 16):
        for path in [path for path in tree if path.startswith(b"d%d" % at)]:
            del tree[path]
    for at in range(40):
        tree[b"new%d" % at] = trees.file(rng.randbytes(3000))
    return one, release(room, "two", tree, "--prev", one)


@tap.test("an update of ours: green, numbers kept, new and retired, blocks in place and new")
def valid():
    with tool.scratch() as room:
        path, parsed = make(room, verdict.VALID, *two_releases(room))
        assert parsed.count["h1"] == 1 and parsed.count["svg"] == 3
        assert "Valid" in parsed.texts
        dom = page.dom(path)
        assert "<title>valid: " in dom and dom.count("<section") == 1
        for dark in (False, True):
            seen = page.screenshot(path, room + "/shot.png", dark=dark)
            assert (seen.width, seen.height) == (1200, 1600)
            assert seen.pixel(5, 5) == rgb(COLOUR["bg"][dark]), seen.pixel(5, 5)
            colours = seen.count()
            assert colours[rgb(HEADER[verdict.VALID])] > 50000
            for name in ("kept", "new", "retired", "place"):
                assert colours[rgb(COLOUR[name][dark])] > 400, (name, dark)
            assert colours[rgb(COLOUR["conflict"][dark])] == 0


@tap.test("a conflict is seen among a million numbers, and is in the table")
def unsafe():
    with tool.scratch() as room:
        # Small images with a large number space: empty entries compress to nothing in the real one.
        numbers = {b"": 1} | {b"f%04d" % at: at * 500 for at in range(1, 2000)}
        tree = {path: trees.file(b"x") if path else trees.directory() for path in numbers}
        one = forge.Forged(tree, numbers, top=1000000).write(room + "/one.sqfs")
        numbers[b"f1000"], numbers[b"f1001"] = numbers[b"f1001"], numbers[b"f1000"]
        two = forge.Forged(tree, numbers, top=1000000).write(room + "/two.sqfs")
        path, parsed = make(room, verdict.UNSAFE, one, two)
        assert parsed.texts.count("/f1000") == 2 and parsed.texts.count("/f1001") == 2
        assert os.path.getsize(path) < 200000
        colours = page.screenshot(path, room + "/shot.png").count()
        assert colours[rgb(HEADER[verdict.UNSAFE])] > 50000
        assert colours[rgb(COLOUR["conflict"][0])] > 30


@tap.test("several old images, and hostile names: the browser sees text")
def hostile():
    with tool.scratch() as room:
        names = [b"<script>alert(1)", b"<img src=x onerror=alert(1)>", b"\x1b[31m", b"\xff",
                 b"a&b", b"\"quoted'", b"</td>".replace(b"/", b""), b"\xe2\x80\xaegpj"]
        tree = {b"": trees.directory()} | {name: trees.file(name) for name in names}
        numbers = {name: at for at, name in enumerate(tree, 1)}
        one = forge.Forged(tree, numbers).write(room + "/<i>one.sqfs")
        turned = dict(zip(names, [numbers[name] for name in names[1:] + names[:1]]))
        two = forge.Forged(tree, {b"": 1} | turned).write(room + "/two.sqfs")
        path, parsed = make(room, verdict.UNSAFE, one, two, two)
        for text in ("/<script>alert(1)", "/<img src=x onerror=alert(1)>", "/\\033[31m", "/\\377",
                     "/a&b", "/\"quoted'", "/\\342\\200\\256gpj"):
            assert text in parsed.texts, text
        dom = page.dom(path)
        assert "<script" not in dom and "<img" not in dom and "<i>" not in dom
        assert dom.count("<section") == 2 and dom.count('class="badge unsafe"') == 2
        assert len(re.findall(r'href="#old\d"', dom)) == 2


@tap.test("a new lineage: amber")
def refused():
    with tool.scratch() as room:
        tree = {b"": trees.directory(), b"a": trees.file("a")}
        one = release(room, "one", tree)
        path, parsed = make(room, verdict.REFUSED, one,
                            release(room, "two", tree, "--new-lineage", "--prev", one))
        assert "Refused" in parsed.texts
        colours = page.screenshot(path, room + "/shot.png", width=420).count()
        assert colours[rgb(HEADER[verdict.REFUSED])] > 20000


tap.main()
