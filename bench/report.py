# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is written to the terminal."""
import sys

from measure import KIB, MIB


def note(text):
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()


def block_name(block):
    return "%dM" % (block // MIB) if block % MIB == 0 else "%dK" % (block // KIB)


def table(lines, markdown):
    """First line: the head. Numbers to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for number, line in enumerate(lines):
        cells = [cell.ljust(width) if i in (0, 1, 2, 3, len(line) - 1) else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        if markdown:
            print("| " + " | ".join(cells) + " |")
            if number == 0:
                print("|" + "|".join("-" * (width + 1) + (":" if 3 < i < len(widths) - 1 else "-")
                                     for i, width in enumerate(widths)) + "|")
        else:
            print("  ".join(cells).rstrip())
    print()
