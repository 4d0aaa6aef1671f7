#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A drawing of updates as SVG: plot.py FIGURES.json FILE.svg

Two panels over the steps of the chain: seconds a build, and new 4 KiB blocks. Few steps are drawn
as bars, many as lines with times on a logarithmic scale.
"""
import json
import math
import sys
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, UPPER = 900, 62, 20, 144
MOST_BARS = 12                    # steps; more are lines
FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
INK, GREY, GRID, PAPER = "#1f2328", "#59636e", "#e4e8ec", "#ffffff"
UPDATE, FULL, PEER = "#0b6bcb", "#a9cdf0", "#98a1ab"
LEGEND = ((UPDATE, "sqfs-stable-build --prev (update)"), (FULL, "sqfs-stable-build (full build)"),
          (PEER, "mksquashfs (full build)"))


def text(x, y, words, size=12, fill=INK, anchor="start", more=""):
    return '<text x="%.1f" y="%.1f" font-size="%g" fill="%s" text-anchor="%s"%s>%s</text>' % (
        x, y, size, fill, anchor, more, escape(words))


def line(x1, y1, x2, y2, stroke=GRID, width=1.0):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%g"/>' % (
        x1, y1, x2, y2, stroke, width)


def short(value):
    """At most three digits."""
    return "%.*f" % (0 if value >= 9.95 else 1 if value >= 0.995 else 2, value)


def times_faster(row):
    if not row["ratio"]:
        return ""
    return "%s\u00d7 %s" % ((short(1 / row["ratio"]), "faster") if row["ratio"] <= 1 else
                            (short(row["ratio"]), "slower"))


class Scale:
    """From values to a height in the panel."""

    def __init__(self, values, top, bottom, logarithmic):
        self.top, self.bottom, self.logarithmic = top, bottom, logarithmic
        high = max(values) if max(values, default=0) > 0 else 1
        if logarithmic:
            low = min((value for value in values if value > 0), default=high)
            marks = [digit * 10.0 ** power for power in range(-4, 7) for digit in (1, 2, 5)]
            self.low = max(mark for mark in marks if mark <= low or mark == marks[0])
            self.high = min(mark for mark in marks if mark >= high * 1.05 or mark == marks[-1])
            if self.low == self.high:
                self.low /= 10
            self.ticks = [mark for mark in marks if self.low <= mark <= self.high]
        else:
            step = 10.0 ** math.floor(math.log10(high))
            step = next(step * part for part in (0.2, 0.5, 1, 2)
                        if high * 1.12 / (step * part) <= 6)
            self.low, self.high = 0, high * 1.12
            self.ticks = [step * i for i in range(int(self.high / step) + 1)]

    def y(self, value):
        if self.logarithmic:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = value / self.high
        return self.bottom - share * (self.bottom - self.top)

    def axis(self):
        parts = []
        for tick in self.ticks:
            parts.append(line(LEFT, self.y(tick), WIDTH - RIGHT, self.y(tick)))
            parts.append(text(LEFT - 8, self.y(tick) + 4, "%g" % round(tick, 6), 11, GREY, "end"))
        return parts


def places(groups):
    """The middle of each step, and the width that it has; some room between groups."""
    steps = sum(len(group["rows"]) for group in groups)
    gap = 0.35 if len(groups) > 1 else 0
    slot = (WIDTH - RIGHT - LEFT) / (steps + gap * (len(groups) - 1))
    at, middles = LEFT, []
    for group in groups:
        middles.append([at + slot * (i + 0.5) for i in range(len(group["rows"]))])
        at += slot * (len(group["rows"]) + gap)
    return middles, slot


def tip(group, row, name, value, unit):
    """What a browser shows under the pointer."""
    return "<title>%s</title>" % escape("%s, %s, %s: %.2f %s" % (
        group["name"], row["step"], name, value, unit))


def draw_bars(groups, middles, slot, scale, series, unit):
    parts = []
    width = min(34, slot * 0.84 / len(series))
    for group, xs in zip(groups, middles):
        for row, middle in zip(group["rows"], xs):
            x = middle - width * len(series) / 2
            for key, colour, name in series:
                value = row[key]
                if value is not None:
                    top = min(scale.y(value), scale.bottom - 1.5)
                    parts.append(
                        '<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s">'
                        '%s</rect>' % (
                            x + 1, top, width - 2, scale.bottom - top, colour,
                            tip(group, row, name, value, unit)))
                    mine = colour == UPDATE
                    # The bold figure can be wider than its bar; there is room on the left.
                    wide = mine and 7 * len(short(value)) > width
                    parts.append(text(
                        x + (width if wide else width / 2), top - 4, short(value),
                        11 if mine else 10, UPDATE if mine else GREY,
                        "end" if wide else "middle",
                        ' font-weight="600"' if mine else ""))
                x += width
    return parts


def draw_lines(groups, middles, slot, scale, series, unit):
    parts = []
    radius = min(3.0, max(1.2, slot / 4))
    for key, colour, name in reversed(series):
        for group, xs in zip(groups, middles):
            points = [(x, scale.y(row[key]), row) for x, row in zip(xs, group["rows"])
                      if row[key] is not None]
            parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2" '
                         'stroke-linejoin="round"/>' % (
                             " ".join("%.1f,%.1f" % point[:2] for point in points), colour))
            parts += ['<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s">%s</circle>' % (
                x, y, radius, colour, tip(group, row, name, row[key], unit))
                      for x, y, row in points]
    return parts


def draw_steps(groups, middles, slot, bottom, few, faster):
    """The names below a panel."""
    parts = [line(LEFT, bottom, WIDTH - RIGHT, bottom, GREY)]
    every = max(1, math.ceil(34 / slot))
    for group, xs in zip(groups, middles):
        for i, (row, x) in enumerate(zip(group["rows"], xs)):
            if few:
                name = row["step"].replace(" to ", " \u2192 ")
                if slot < 76:
                    name = name.replace("release ", "")
                parts.append(text(x, bottom + 17, name, 12, INK, "middle"))
                if faster:
                    parts.append(text(x, bottom + 33, times_faster(row), 11.5, UPDATE, "middle",
                                      ' font-weight="600"'))
            elif (i + 1) % every == 0:
                parts.append(text(x, bottom + 17, row["step"].rsplit(" ", 1)[-1], 11, GREY,
                                  "middle"))
        below = 53 if few and faster else 37
        if len(groups) > 1:
            parts.append(line(xs[0] - slot * 0.46, bottom + below - 13, xs[-1] + slot * 0.46,
                              bottom + below - 13, GRID, 1.5))
            parts.append(text((xs[0] + xs[-1]) / 2, bottom + below + 3, group["name"], 13, INK,
                              "middle", ' font-weight="600"'))
        elif not few:
            parts.append(text((xs[0] + xs[-1]) / 2, bottom + below, "release", 12, GREY, "middle"))
    return parts


def draw_panel(groups, top, height, heading, series, unit, few, faster):
    middles, slot = places(groups)
    series = [one for one in series
              if any(row[one[0]] is not None for group in groups for row in group["rows"])]
    values = [row[key] for group in groups for row in group["rows"] for key, _, _ in series
              if row[key] is not None]
    scale = Scale(values, top, top + height, faster and not few)
    parts = [text(LEFT, top - 14, heading, 14, INK, "start", ' font-weight="600"'),
             text(0, 0, unit + (", logarithmic" if scale.logarithmic else ""), 11.5, GREY, "middle",
                  ' transform="translate(16 %.1f) rotate(-90)"' % (top + height / 2))]
    parts += scale.axis()
    parts += (draw_bars if few else draw_lines)(groups, middles, slot, scale, series, unit)
    return parts + draw_steps(groups, middles, slot, top + height, few, faster)


def draw(groups, title, subtitle):
    """An SVG. A group has a name and rows: step, seconds, full_seconds, peer_seconds, ratio, and
    in per cent new and peer_new; what is None is left out."""
    few = sum(len(group["rows"]) for group in groups) <= MOST_BARS
    peer = any(row["peer_seconds"] is not None for group in groups for row in group["rows"])
    parts = [text(LEFT, 36, title, 20, INK, "start", ' font-weight="600"'),
             text(LEFT, 57, subtitle, 12, GREY)]
    x = LEFT
    for colour, words in LEGEND if peer else LEGEND[:2]:
        parts.append('<rect x="%d" y="74" width="14" height="14" rx="2" fill="%s"/>' % (x, colour))
        parts.append(text(x + 20, 86, words, 12.5))
        x += 50 + 7 * len(words)
    seconds = (("seconds", UPDATE, "update"), ("full_seconds", FULL, "full build"),
               ("peer_seconds", PEER, "mksquashfs"))
    new = (("new", UPDATE, "update"), ("peer_new", PEER, "mksquashfs"))
    heading = "Time of a build" + ("; below: the update beside mksquashfs" if few and peer else "")
    parts += draw_panel(groups, UPPER, 236, heading, seconds, "seconds", few, True)
    lower = UPPER + 236 + (34 if len(groups) > 1 else 14) + (76 if few else 84)
    heading = "New 4 KiB blocks: in the new image, not in the old one"
    parts += draw_panel(groups, lower, 160, heading, new, "% of the image", few, False)
    height = lower + 160 + (56 if len(groups) > 1 or not few else 36)
    return "\n".join(
        ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" '
         'font-family="%s" role="img">' % (WIDTH, height, WIDTH, height, FONT),
         "<title>%s</title>" % escape(title), "<desc>%s</desc>" % escape(subtitle),
         '<rect width="%d" height="%d" fill="%s"/>' % (WIDTH, height, PAPER)] +
        parts + ["</svg>", ""])


def block_name(block):
    return "%d MiB" % (block >> 20) if block % (1 << 20) == 0 else "%d KiB" % (block >> 10)


def write(path, found):
    """Draw what bench/run found: the random releases, else the chain at its first block size."""
    groups = found["releases"] or [group for group in found["updates"]
                                   if group["chain"] != "million"]
    groups = [group for group in groups if group["block"] == groups[0]["block"]]
    many = len(groups) > 1
    drawn = [{"name": group["comp"],
              "rows": [dict(row, new=100 * row["novelty"],
                            peer_new=None if row["peer_novelty"] is None
                            else 100 * row["peer_novelty"]) for row in group["rows"]]}
             for group in groups]
    machine = found["machine"]
    subtitle = "%s%s blocks; %d threads, %s" % (
        "" if many else groups[0]["comp"] + ", ", block_name(groups[0]["block"]),
        machine["threads"], machine["cpu"])
    title = "Updating an image through random releases" if found["releases"] else \
        "Updating an image from release to release"
    with open(path, "w", encoding="utf-8") as file:
        file.write(draw(drawn, title, subtitle))


def main():
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        sys.exit(__doc__.strip())
    with open(sys.argv[1], encoding="utf-8") as file:
        found = json.load(file)
    if not found["releases"] and all(group["chain"] == "million" for group in found["updates"]):
        sys.exit("plot: %s: no chain in it" % sys.argv[1])
    write(sys.argv[2], found)


if __name__ == "__main__":
    main()
