"""The heap over the allocation clock: does it recover after pins end?"""

from ..chart import Axis, Chart, Panel, Series, bytes_text
from ..failure import Failure
from ..groups import fixed_sentence, groups_of, outcome_sentence, seeds_sentence

SUMMARY = "one run over its allocation clock: bytes by use, fragmentation, pinned objects and pauses"

HOSTAGE = "hostage to pins"
MOST_RUNS = 8
MOST_PLACES = 400  # on the clock
PARTS = ["pinned islands", "live, not pinned", HOSTAGE, "used otherwise, or free in used blocks", "free, committed"]


def measures_hostage(run):
    return all(one["exact"]["hostage"] is not None for one in run.full)


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


class Places:
    """What lies at one place of the clock, where there are more points than places: their mean, least and most."""

    def __init__(self, clocks, end):
        self.clocks, self.of = [], []
        shared = len(clocks) > MOST_PLACES
        for clock in clocks:
            place = clock * MOST_PLACES // max(end, 1) * end // MOST_PLACES if shared else clock
            if not shared or not self.clocks or self.clocks[-1] != place:
                self.clocks.append(place)
            self.of.append(len(self.clocks) - 1)
        self.shared = shared

    def gather(self, values, how):
        found = [[] for _ in self.clocks]
        for place, value in zip(self.of, values):
            found[place].append(value)
        return [how(some) for some in found]


def mean(values):
    return values[0] if len(values) == 1 else sum(values) / len(values)


def steps(name, clocks, values, end, with_band=True, **more):
    """A step function of the clock: of what shares a place the mean, and a band."""
    places = Places(clocks, end)
    band = {"lo": places.gather(values, min), "hi": places.gather(values, max)} if places.shared and with_band else {}
    return Series(name, places.clocks, places.gather(values, mean), **band, **more,
                  style="points" if len(values) == 1 else "step")


def space_panel(name, run, clock, end, keys):
    panel = Panel(f"{name}: after full collections", clock, Axis("bytes", "bytes", least=0.0), height=1.9, keys=keys,
                  note="no full collection")
    heap, full = run.size("heap.max"), run.full
    stacks = [parts_of(one, heap) for one in full]
    places = Places([one["clock"] for one in full], end)
    for number, part in enumerate(PARTS if full else []):
        if part == HOSTAGE and not measures_hostage(run):
            continue
        sizes = places.gather([stack[number] for stack in stacks], mean)
        panel.series.append(Series(part, [*places.clocks, end], [*sizes, sizes[-1]], style="area", colour=number))
    if run.collections:
        panel.series.append(steps("used before each collection", [c["clock"] for c in run.collections],
                                  [c["exact"]["census"]["before"]["used"] for c in run.collections], end, colour=1,
                                  with_band=False))
    return panel


def fragmentation_panel(name, run, clock, end, keys):
    panel = Panel(f"{name}: fragmentation", clock, Axis("share of free bytes (%)", "share", least=0.0, most=1.0), height=1.1,
                  keys=keys, note="no full collection")
    for number, (label, figure) in enumerate((("in runs under 64 KiB", lambda a: a["unusable_contiguous"]["65536"]),
                                              ("not in the largest run", lambda a: a["external"]))):
        known = [(c["clock"], figure(c["exact"]["census"]["after"])) for c in run.full]
        known = [(x, y / 1e6) for x, y in known if y is not None]
        if known:
            panel.series.append(steps(label, [k[0] for k in known], [k[1] for k in known], end, colour=3 + number))
    return panel


def pin_panel(name, run, clock, end, keys):
    panel = Panel(f"{name}: pinned objects", clock, Axis("objects", "count", least=0.0), height=0.8, keys=keys,
                  note="no full collection")
    if run.full:
        panel.series.append(steps("pinned objects", [c["clock"] for c in run.full],
                                  [c["exact"]["pins"]["count"] for c in run.full], end, colour=6))
    return panel


def pause_panel(name, run, clock, end, keys):
    panel = Panel(f"{name}: pauses", clock, Axis("pause", "ns", least=0.0), height=1.1, keys=keys, note="no collection")
    for number, kind in enumerate(("young", "full")):
        of_kind = [c for c in run.collections if c["kind"] == kind]
        if of_kind:
            places = Places([c["clock"] for c in of_kind], end)
            panel.series.append(Series(f"{kind} pauses", places.clocks, places.gather([c["timed"]["pause"] for c in of_kind], max),
                                       colour=number * 4 + 1, style="bars"))
    return panel


def chart(runs):
    columns, rows, findings, shared = [], [], [], False
    header = ["run", "collection", "kind", "clock", "used", "committed", "live", "pins", "islands", "island_bytes", "hostage",
              "external", "unusable_64KiB", "pause_ns"]
    for name, run, group in named_runs(runs, "timeline", MOST_RUNS):
        full, used, keys = run.full, run.collections, dict(group.keys)
        end = max([run.exact("allocated") or 0, *[c["clock"] for c in used], 1])
        clock = Axis("bytes allocated", "bytes", least=0.0, most=float(end))
        columns.append([draw(name, run, clock, end, keys) for draw in (space_panel, fragmentation_panel, pin_panel, pause_panel)])
        shared = shared or len(used) > MOST_PLACES
        for c in used:
            after = c["exact"]["census"]["after"]
            rows.append([name, c["index"], c["kind"], c["clock"], after["used"], after["committed"], after.get("live"),
                         c["exact"]["pins"]["count"], c["exact"]["islands"]["count"], c["exact"]["islands"]["bytes"],
                         c["exact"]["hostage"],
                         after.get("external"), (after.get("unusable_contiguous") or {}).get("65536"), c["timed"]["pause"]])
        hostage = [one["exact"]["hostage"] or 0 for one in full]
        if max(hostage, default=0) > 0:
            peak = max(range(len(full)), key=lambda i: hostage[i])
            findings.append(f"{name}: pins held {bytes_text(hostage[peak])} hostage at most, after "
                            f"{bytes_text(full[peak]['clock'])} allocated; {bytes_text(hostage[-1])} at the last full collection.")
    panels = [panel for i in range(0, len(columns), 2) for pair in zip(*columns[i:i + 2]) for panel in pair]
    return Chart("timeline", "The heap over time", panels,
                 [fixed_sentence(runs), seeds_sentence(runs),
                  "Bytes by use are known at full collections; each figure holds until the next one.",
                  "" if all(map(measures_hostage, runs)) else "Hostage bytes are missing where they were not measured: "
                  "record.hostage=true measures them, but under plans that plan no moves.",
                  "Hostage below 0 (pins that help by accident) is drawn as 0.",
                  "Collections that share a place are drawn as their mean, shares and pins with a band from the least to the "
                  "most, pauses as the longest." if shared else "", outcome_sentence(runs)],
                 header, rows, columns=min(len(columns), 2), width=6.2 if len(columns) < 2 else 3.9, findings=findings)
