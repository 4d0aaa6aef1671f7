# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the numbers of a release must be: the rules R1 to R9, written down a second time.

A release is {path: (type, group)}: paths with equal groups are hard links of one inode.
A parent is a (numbers, top) pair with numbers = {path: (type, number)}.
"""
from collections import defaultdict


def tree_order(paths):
    """Paths in tree order: a directory, then each child, by name as bytes, with all below it."""
    return sorted(paths, key=lambda path: path.split(b"/") if path else [])


def candidate(path, kind, parents):
    """R1, R8: the number that the parents give an identity, or None."""
    for at in range(len(parents) - 1, -1, -1):
        numbers, _ = parents[at]
        if numbers.get(path, (None, 0))[0] != kind:
            continue
        number = numbers[path][1]
        for other, (theirs, top) in enumerate(parents):
            if other != at and theirs.get(path) != (kind, number) and number <= top:
                return None
        return number
    return None


def paths_of(numbers):
    """{number: set of its paths}."""
    found = defaultdict(set)
    for path, (_, number) in numbers.items():
        found[number].add(path)
    return found


def regrouped(now, parents):
    """Numbers that stand for other paths now than in a parent that reached them."""
    after = paths_of(now)
    found = set()
    for numbers, top in parents:
        before = paths_of(numbers)
        found |= {number for number, names in after.items()
                  if number <= top and names != before.get(number)}
    return found


def assign(release, parents, new_lineage=False, keep_links=False):
    """The numbers of a release and its top: ({path: (type, number)}, top, root has a double).

    keep_links: a link group that changed keeps a number of its names', as --keep-links has it.
    """
    order = tree_order(release)
    rank = {path: at for at, path in enumerate(order)}
    groups = defaultdict(list)
    for path in order:
        groups[release[path][1]].append(path)
    base = max((top for _, top in parents), default=0)

    wanted = {path: None if new_lineage else candidate(path, release[path][0], parents)
              for path in order}
    weigh = _weigh if keep_links else _unchanged
    given = weigh(groups, wanted, parents, rank)

    # R2: the others follow, in tree order.
    last = base
    for path in order:
        group = release[path][1]
        if group not in given:
            last += 1
            given[group] = last
    numbers = {path: (release[path][0], given[release[path][1]]) for path in order}

    # R4, R7: the highest number is the root's or that of its double.
    used = {number for _, number in numbers.values()}
    root = numbers[b""][1]
    double = root != last
    if double and last in used:
        last += 1
    return numbers, last, double


def _unchanged(groups, wanted, parents, _rank):
    """R5: a group keeps the number that all its names want, if each parent that reached it has just
    these names under it."""
    given = {}
    before = [(paths_of(numbers), top) for numbers, top in parents]
    for group, members in groups.items():
        number = wanted[members[0]]
        if number is not None and all(wanted[path] == number for path in members) and \
                all(names.get(number) == set(members) for names, top in before if number <= top):
            given[group] = number
    return given


def _weigh(groups, wanted, _parents, rank):
    """Every pair of a group and a number that some of its paths had, the strongest first."""
    pairs = []
    for group, members in groups.items():
        votes = defaultdict(int)
        for path in members:
            if wanted[path] is not None:
                votes[wanted[path]] += 1
        pairs += [(-weight, number, rank[members[0]], group) for number, weight in votes.items()]
    given, taken = {}, set()
    for _, number, _, group in sorted(pairs, key=lambda pair: pair[:3]):
        if group not in given and number not in taken:
            given[group] = number
            taken.add(number)
    return given


def check_safe(now, top, parents, new_lineage=False):
    """What must hold whatever the choice was: a number that a parent reached means what it meant
    there, one of the same names at least (R2, R3, R4, R8)."""
    names = defaultdict(set)
    for path, (kind, number) in now.items():
        names[number].add((path, kind))
    for numbers, parent_top in parents:
        assert top >= parent_top, "top shrank"
        before = defaultdict(set)
        for path, (kind, number) in numbers.items():
            before[number].add((path, kind))
        for number, identities in names.items():
            if number > parent_top:
                continue
            assert not new_lineage, f"new lineage uses the old number {number}"
            assert identities & before[number], \
                f"number {number} was {before[number] or 'retired'}, now {identities}"


def check_ancestor(now, numbers, top):
    """The same against any ancestor. A link group can change all its names in several steps, so
    only this is left: a number that it reached was alive there, and of the same type."""
    before = {number: kind for kind, number in numbers.values()}
    for path, (kind, number) in now.items():
        if number <= top:
            assert before.get(number) == kind, f"{path!r}: number {number} had another meaning"
