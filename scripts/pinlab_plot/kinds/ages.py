"""Waste against pin age: is it the old pins or the many young ones that hold the heap?"""

from ..chart import Axis, Chart, Panel, Series, bytes_text
from ..groups import (fixed_sentence, groups_of, name_within, numbered, outcome_sentence, panel_title, seeds_sentence,
                      split_panels)
from ..stats import band_sentence, median_band

SUMMARY = "waste against pin age: held bytes by the age of the oldest pin in their block"


def held_by_age(one, block):
    """Of one map: held bytes by power of two of the age of the oldest pin in the same block, or cell where that is larger."""
    together = max(1, block // one["cell_bytes"])
    oldest = {}
    for cell, _, _, _, since, _ in one["islands"]:
        if since is not None:
            place = cell // together
            oldest[place] = min(oldest.get(place, since), since)
    held = {}
    for cell, size in one["held"]:
        since = oldest.get(cell // together)
        if since is not None:
            power = max(one["clock"] - since, 1).bit_length() - 1
            held[power] = held.get(power, 0) + size
    return held


def figures_of(run):
    """By power of two of the age: held bytes, the mean over the maps after full collections; None where there is none."""
    maps = [one for one in run.maps() if one["kind"] == "full"]
    if not maps:
        return None
    sums = {}
    for one in maps:
        for power, size in held_by_age(one, run.size("heap.block")).items():
            sums[power] = sums.get(power, 0) + size
    return {power: size / len(maps) for power, size in sums.items()}


def older_half(figures):
    """The age in which, or beyond which, half of what is held lies."""
    seen, total = 0, sum(figures.values())
    for power in sorted(figures, reverse=True):
        seen += figures[power]
        if 2 * seen >= total:
            return 2**power
    return None


def chart(runs):
    header = ["record", "configuration", "oldest_pin_at_least", "held_bytes_mean"]
    rows, panels, counts, found_most, numbers = [], [], [], [], {}
    for held, members in split_panels(groups_of(runs), 7, 12, "ages"):
        panel = Panel(panel_title(held, members), Axis("age of the oldest pin in the block (bytes allocated)", "bytes", "log2"),
                      Axis("held bytes, mean", "bytes", least=0.0), keys=held, note="no full collection found anything held")
        for number, group in numbered(members, held, numbers):
            each = [(run, figures_of(run)) for run in group.runs]
            each = [(run, figures) for run, figures in each if figures]
            for run, figures in each:
                rows += [[run.name, group.name, 2**power, figures[power]] for power in sorted(figures)]
                found_most.append((sum(figures.values()), group.name, older_half(figures)))
            powers = sorted({power for _, figures in each for power in figures})
            if not powers:
                continue
            powers = range(powers[0], powers[-1] + 1)
            bands = [median_band([figures.get(power, 0) for _, figures in each]) for power in powers]
            counts.append(len(each))
            panel.series.append(Series(name_within(group, held), [2**power for power in powers], [b[0] for b in bands],
                                       [b[1] for b in bands], [b[2] for b in bands], colour=number, keys=dict(group.keys)))
        panels.append(panel)
    findings = []
    if found_most:
        size, name, age = max(found_most)
        findings = [f"Where pins held most in their blocks ({name}: {bytes_text(size)} on the average), half of it was in blocks whose "
                    f"oldest pin was {bytes_text(age)} of allocation old or older."]
    return Chart("ages", "Waste by the age of pins", panels,
                 [fixed_sentence(runs), seeds_sentence(runs), band_sentence(counts),
                  "Means over the recorded maps after full collections; a point at an age stands for ages up to twice it. A block's "
                  "free bytes are held where only islands keep it.", outcome_sentence(runs)],
                 header, rows, columns=2, width=3.6, findings=findings)
