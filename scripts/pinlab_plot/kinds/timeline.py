"""The heap over the allocation clock: does it recover after pins end?"""

from ..chart import Axis, Chart, Panel, Series, bytes_text
from ..failure import Failure
from ..groups import fixed_sentence, groups_of, outcome_sentence, seeds_sentence

SUMMARY = "one run over its allocation clock: bytes by use, fragmentation, and pauses"

MOST_RUNS = 8
PARTS = ["pinned islands", "live, not pinned", "hostage to pins", "used otherwise, or free in used blocks", "free, committed"]


def parts_of(one, heap):
    """Bytes after a full collection, by use, from the bottom of the stack."""
    exact, after = one["exact"], one["exact"]["census"]["after"]
    islands = exact["islands"]["bytes"]
    live = max(after.get("live", 0) - islands, 0)
    hostage = max(exact["hostage"] or 0, 0)
    rest = max(after["used"] - islands - live, 0)
    hostage = min(hostage, rest)
    return [islands, live, hostage, rest - hostage, max(min(after["committed"], heap) - after["used"], 0)]


def named_runs(runs, kind, most):
    """Runs with a name each that tells them apart; too many of them are refused."""
    if len(runs) > most:
        raise Failure(3, f"{kind} draws each run by itself, and {len(runs)} make no readable picture: choose at most {most}, "
                         "by name or with --where=NAME=VALUE")
    named = []
    for group in groups_of(runs):
        for run in sorted(group.runs, key=lambda run: run.seed.zfill(20)):
            named.append((group.name + (f", seed {run.seed}" if len(group.runs) > 1 else ""), run, group))
    return named


def chart(runs):
    panels, rows, findings = [], [], []
    header = ["run", "collection", "kind", "clock", "used", "committed", "live", "islands", "island_bytes", "hostage",
              "external", "unusable_64KiB", "pause_ns"]
    for name, run, group in named_runs(runs, "timeline", MOST_RUNS):
        heap, full = run.size("heap.max"), run.full
        keys = {k: str(v) for k, v in group.keys.items()}
        clock = Axis("bytes allocated", "bytes", least=0.0)
        space = Panel(f"{name}: after full collections", clock, Axis("bytes", "bytes", least=0.0), height=1.9, keys=keys,
                      note="no full collection")
        clocks = [one["clock"] for one in full]
        stacks = [parts_of(one, heap) for one in full]
        for number, part in enumerate(PARTS):
            if full:
                last = run.exact("allocated") or clocks[-1]
                space.series.append(Series(part, [*clocks, max(last, clocks[-1])],
                                           [stack[number] for stack in [*stacks, stacks[-1]]], style="area", colour=number))
        used = run.collections
        if used:
            space.series.append(Series("used before each collection", [c["clock"] for c in used],
                                       [c["exact"]["census"]["before"]["used"] for c in used], style="points" if len(used) == 1
                                       else "step", colour=1))
        frag = Panel(f"{name}: fragmentation", clock, Axis("share of free bytes (%)", "share", least=0.0, most=1.0),
                     height=1.1, keys=keys, note="no full collection")
        for number, (label, figure) in enumerate((("in runs under 64 KiB", lambda a: a["unusable_contiguous"]["65536"]),
                                                  ("not in the largest run", lambda a: a["external"]))):
            known = [(c["clock"], figure(c["exact"]["census"]["after"])) for c in full]
            known = [(x, y / 1e6) for x, y in known if y is not None]
            if known:
                frag.series.append(Series(label, [k[0] for k in known], [k[1] for k in known], style="step"
                                          if len(known) > 1 else "points", colour=3 + number))
        pauses = Panel(f"{name}: pauses", clock, Axis("pause", "ns", least=0.0), height=1.1, keys=keys, note="no collection")
        for number, kind in enumerate(("young", "full")):
            of_kind = [c for c in used if c["kind"] == kind]
            if of_kind:
                pauses.series.append(Series(f"{kind} pauses", [c["clock"] for c in of_kind],
                                            [c["timed"]["pause"] for c in of_kind], colour=number * 4 + 1,
                                            style="bars" if len(used) <= 1000 else "line"))
        panels += [space, frag, pauses]
        for c in used:
            after = c["exact"]["census"]["after"]
            rows.append([name, c["index"], c["kind"], c["clock"], after["used"], after["committed"], after.get("live"),
                         c["exact"]["islands"]["count"], c["exact"]["islands"]["bytes"], c["exact"]["hostage"],
                         after.get("external"), (after.get("unusable_contiguous") or {}).get("65536"), c["timed"]["pause"]])
        if full and max(stack[2] for stack in stacks) > 0:
            peak = max(range(len(full)), key=lambda i: stacks[i][2])
            findings.append(f"{name}: pins held {bytes_text(stacks[peak][2])} hostage at most, after "
                            f"{bytes_text(clocks[peak])} allocated; {bytes_text(stacks[-1][2])} at the last full collection.")
    return Chart("timeline", "The heap over time", panels,
                 [fixed_sentence(runs), seeds_sentence(runs),
                  "Bytes by use are known at full collections; each figure holds until the next one.",
                  "Hostage below 0 (pins that help by accident) is drawn as 0.", outcome_sentence(runs)],
                 header, rows, columns=1, width=6.2, findings=findings)
