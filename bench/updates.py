# SPDX-License-Identifier: LGPL-2.1-or-later
"""Updates along chains of releases: builds with --prev beside full ones, ours and mksquashfs'."""
import os
import shutil
import subprocess

from history import Release
from measure import (GEN, KIB, MIB, MK, OURS, Failed, measure_program, median, novelty, remove)
from report import block_name, note, table

SAME, SECOND, THIRD = "no change", "r1 to r2", "r2 to r3"

# The limits that the project has set itself, at 128 KiB. Time: at most one Nth of mksquashfs'.
FASTER = {"zstd": {SAME: 25, THIRD: 12, SECOND: 4.5},
          "gzip": {SAME: 25, THIRD: 20, SECOND: 10},
          "xz": {SAME: 9, THIRD: 6.5, SECOND: 3.7}}
FASTER_MILLION = 2                # than gensquashfs
NEW_BLOCKS = {SAME: 0.02, THIRD: 0.07, SECOND: 0.18}
SIZE = {SAME: 1.0005, THIRD: 1.03, SECOND: 1.03}
PEAK = 128 * MIB
MAX_SLACK = 5                     # per cent, our default


def step_limits(step, comp, block):
    if block != 128 * KIB:
        return {}
    return {"faster": FASTER.get(comp, {}).get(step), "novelty": NEW_BLOCKS[step],
            "size": SIZE[step], "peak": PEAK}


# ---- measuring

class Step:
    """A tree, the images that are updated, and what was measured. Images are named after their
    release."""

    def __init__(self, bench, name, tree, before, after, base=None):
        work = os.path.dirname(bench.output)
        self.bench, self.name, self.tree = bench, name, tree
        self.old, self.new = (os.path.join(work, "ours." + release) for release in (before, after))
        self.peer_old, self.peer_new = (os.path.join(work, "peer." + release)
                                        for release in (before, after))
        # Where the full build goes; it can be what is updated.
        self.full = os.path.join(work, "ours." + (base or "full"))
        self.samples = {"update": [], "full": [], "peer": []}
        self.novelty = self.peer_novelty = None

    def build(self, kind, tool, comp, block, path, prev=None):
        sample = measure_program(self.bench, tool, self.tree, comp, block, prev)
        os.replace(self.bench.output, path)
        self.samples[kind].append(sample)

    def round(self, comp, block, number):
        """Full builds take long, so they have rounds of their own."""
        bench = self.bench
        if number < max(1, bench.peer_rounds):
            self.build("full", OURS, comp, block, self.full)
        self.build("update", OURS, comp, block, self.new, self.old)
        if number < bench.peer_rounds:
            self.build("peer", MK, comp, block, self.peer_new)
        if number == 0:
            self.novelty = novelty(self.old, self.new)
            if bench.peer_rounds:
                self.peer_novelty = novelty(self.peer_old, self.peer_new)

    def row(self, chain, comp, block, limits):
        return make_row(chain, self.name, comp, block, self.samples, limits,
                        self.novelty, self.peer_novelty)


def make_row(chain, step, comp, block, samples, limits, new, peer_new=None):
    update = samples["update"]
    row = {"chain": chain, "step": step, "comp": comp, "block": block,
           "seconds": median(update, "seconds"), "peak": max(one["peak"] for one in update),
           "size": median(update, "size"), "full_seconds": median(samples["full"], "seconds"),
           "full_size": median(samples["full"], "size"), "novelty": new,
           "peer_seconds": None, "ratio": None, "peer_novelty": peer_new,
           "limits": {name: limit for name, limit in limits.items() if limit is not None}}
    row["size_ratio"] = row["size"] / row["full_size"]
    if samples["peer"]:
        row["peer_seconds"] = median(samples["peer"], "seconds")
        row["ratio"] = row["seconds"] / row["peer_seconds"]
    row["verdict"] = judge(row)
    return row


def judge(row):
    limits = row["limits"]
    missed = []
    if row["ratio"] is not None and "faster" in limits and row["ratio"] > 1 / limits["faster"]:
        missed.append("time > 1/%g" % limits["faster"])
    if "novelty" in limits and row["novelty"] >= limits["novelty"]:
        missed.append("new blocks >= %g %%" % (100 * limits["novelty"]))
    if "size" in limits and row["size_ratio"] > limits["size"]:
        missed.append("size > %g" % limits["size"])
    if "peak" in limits and row["peak"] > limits["peak"]:
        missed.append("memory > %d MiB" % (limits["peak"] / MIB))
    return missed


def group(chain, comp, block, rows, samples):
    return {"chain": chain, "comp": comp, "block": block, "rows": rows, "samples": samples}


def measure_chain(bench, chain, comp, block):
    """Three releases: the first again, then each as an update of the one before."""
    trees = {release: os.path.join(chain, release) for release in ("r1", "r2", "r3")}
    same = Step(bench, SAME, trees["r1"], "r1", "same", base="r1")
    steps = [same, Step(bench, SECOND, trees["r2"], "r1", "r2"),
             Step(bench, THIRD, trees["r3"], "r2", "r3")]
    if bench.peer_rounds:
        same.build("peer", MK, comp, block, same.peer_old)
    for number in range(bench.rounds):
        for step in steps:
            step.round(comp, block, number)
            note("chain %s %s, %s: round %d of %d" % (comp, block_name(block), step.name,
                                                      number + 1, bench.rounds))
    for step in steps:
        for path in (step.old, step.new, step.full, step.peer_old, step.peer_new):
            remove(path)
    return group("r1-r3", comp, block,
                 [step.row("r1-r3", comp, block, step_limits(step.name, comp, block))
                  for step in steps], {step.name: step.samples for step in steps})


def measure_releases(bench, chain, comp, block):
    """A longer chain, of releases made at random from the first one."""
    tree = os.path.join(os.path.dirname(bench.output), "tree")
    subprocess.run(["cp", "-a", "--reflink=auto", os.path.join(chain, "r1"), tree], check=True)
    base = Step(bench, "base", tree, "0", "0")
    base.build("full", OURS, comp, block, base.new)
    if bench.peer_rounds:
        base.build("peer", MK, comp, block, base.peer_new)
    slack = MAX_SLACK if bench.max_slack is None else bench.max_slack
    rows, samples = [], {}
    for release in range(1, bench.releases + 1):
        try:
            changes = Release(tree, release, bench.seed).make()
        except OSError as error:
            raise Failed("release %d: %s" % (release, error)) from error
        step = Step(bench, "release %d" % release, tree, str(release - 1), str(release))
        for number in range(bench.rounds):
            step.round(comp, block, number)
            note("%s: round %d of %d" % (step.name, number + 1, bench.rounds))
        row = step.row("random", comp, block, {"size": 1 + slack / 100})
        row["changes"] = changes
        rows.append(row)
        samples[step.name] = step.samples
        for path in (step.old, step.full, step.peer_old):
            remove(path)
    remove(step.new)
    remove(step.peer_new)
    shutil.rmtree(tree, ignore_errors=True)
    return group("random", comp, block, rows, samples)


def million_group(result, update, new):
    """The million files once more, beside the full builds that compare() has measured."""
    samples = {"update": update, "full": result["samples"][OURS],
               "peer": result["samples"].get(GEN, [])}
    row = make_row("million", SAME, result["comp"], result["block"], samples,
                   {"faster": FASTER_MILLION}, new)
    return group("million", result["comp"], result["block"], [row], {SAME: samples})


# ---- what is shown

def verdict_text(row):
    if not row["limits"]:
        return ""
    parts = row["verdict"] or ["met"]
    if "faster" in row["limits"] and row["ratio"] is None:
        parts = parts + ["time not judged"]
    return ", ".join(parts)


def percent(share):
    return "" if share is None else "%.2f" % (100 * share)


def show_updates(groups, markdown):
    lines = [["chain", "step", "comp", "block", "update s", "peer s", "ratio", "as 1/N", "full s",
              "size MB", "size ratio", "peak MiB", "new %", "peer new %", "limits"]]
    for row in (row for one in groups for row in one["rows"]):
        ratio = row["ratio"]
        lines.append([
            row["chain"], row["step"], row["comp"], block_name(row["block"]),
            "%.2f" % row["seconds"], "%.2f" % row["peer_seconds"] if ratio else "",
            "%.4f" % ratio if ratio else "", "1/%.1f" % (1 / ratio) if ratio else "",
            "%.2f" % row["full_seconds"], "%.2f" % (row["size"] / 1e6),
            "%.4f" % row["size_ratio"], "%.0f" % (row["peak"] / MIB), percent(row["novelty"]),
            percent(row["peer_novelty"]), verdict_text(row)])
    table(lines, markdown)
    print(FOOTNOTE)


FOOTNOTE = """\
Update: ours with --prev. Peer: a full build of the same tree by mksquashfs (the million files: by
gensquashfs); ratio: update to peer. Full: ours without --prev; size ratio: update to that. New: the
image's 4 KiB blocks that the image before holds nowhere, of all its blocks; peer new: the same of
mksquashfs' images."""
