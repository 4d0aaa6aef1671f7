# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages in a headless Chromium: what it makes of them, and how they look."""
import collections
import struct
import tempfile
import zlib

import tap
import tool

# Nothing of it may reach for a network.
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--hide-scrollbars")


def chromium(*arguments):
    program = tap.need_program("chromium", "chromium-browser", "google-chrome")
    with tempfile.TemporaryDirectory(prefix="sqst-chromium-") as profile:
        return tool.call(program, *OPTIONS, f"--user-data-dir={profile}", *arguments)


def dom(path):
    """The document as the browser has understood it."""
    return chromium("--dump-dom", f"file://{path}").decode()


def screenshot(path, picture, width=1200, height=1600, dark=False):
    dark = ("--force-dark-mode", "--enable-features=WebContentsForceDark") if dark else ()
    chromium(*dark, f"--window-size={width},{height}", f"--screenshot={picture}", f"file://{path}")
    return Picture(tool.read(picture))


class Picture:
    """A PNG of 8 bits a sample: rows of (red, green, blue)."""

    def __init__(self, data):
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        at, packed = 8, b""
        while at < len(data):
            length, kind = struct.unpack_from(">I4s", data, at)
            body = data[at + 8:at + 8 + length]
            if kind == b"IHDR":
                self.width, self.height, depth, colour, _, _, interlaced = \
                    struct.unpack(">IIBBBBB", body)
                assert depth == 8 and colour in (2, 6) and not interlaced
                self.samples = {2: 3, 6: 4}[colour]
            elif kind == b"IDAT":
                packed += body
            at += 12 + length
        self.rows = list(self._rows(zlib.decompress(packed)))

    def _rows(self, raw):
        size, step = self.width * self.samples, self.samples
        above = bytearray(size)
        for y in range(self.height):
            kind, row = raw[y * (size + 1)], bytearray(raw[y * (size + 1) + 1:(y + 1) * (size + 1)])
            for i in range(size if kind else 0):
                left = row[i - step] if i >= step else 0
                up, corner = above[i], above[i - step] if i >= step else 0
                guess = (0, left, up, (left + up) // 2, self._paeth(left, up, corner))[kind]
                row[i] = (row[i] + guess) & 255
            above = row
            yield row

    @staticmethod
    def _paeth(left, up, corner):
        return min((abs(up - corner), 0, left), (abs(left - corner), 1, up),
                   (abs(left + up - 2 * corner), 2, corner))[2]

    def pixel(self, x, y):
        at = x * self.samples
        return tuple(self.rows[y][at:at + 3])

    def count(self):
        """{colour: pixels}"""
        found = collections.Counter()
        for row in self.rows:
            found.update(zip(row[0::self.samples], row[1::self.samples], row[2::self.samples]))
        return found
