"""Minimum and bounded mutator utilisation: can a frame of so many milliseconds be met?"""

from .. import theory
from ..chart import Axis, Chart, Panel, Series, percent_text
from ..groups import fixed_sentence, groups_of, name_within, numbered, outcome_sentence, panel_title, seeds_sentence, split_panels
from ..stats import band_sentence, median_band

SUMMARY = "minimum mutator utilisation (MMU) and its monotone bound (BMU) against the window"

MEASURING = ("shadow", "census", "verify")


def pauses_of(run):
    """(begin, length) of each pause, with the time spent measuring cut out, and the length of the run."""
    measured, pauses, end = 0, [], 0
    for one in run.collections:
        timed = one["timed"]
        begin = max(timed["start"] - min(measured, timed["start"]), end)
        pauses.append((begin, timed["pause"]))
        end = begin + timed["pause"]
        measured += sum(timed["phases"].get(phase, 0) for phase in MEASURING)
    total = run.timed("total")
    return pauses, max((total or 0) - measured, end)


def windows_up_to(total):
    windows, i = [], 0
    while 1e4 * 10 ** (i / 8) < total:
        windows.append(1e4 * 10 ** (i / 8))
        i += 1
    return [*windows, total] if total > 0 else []


def curves_of(run, windows):
    pauses, total = pauses_of(run)
    mmu = [theory.utilisation(pauses, total, min(w, total)) if total > 0 else 1.0 for w in windows]
    bmu, least = [], 1.0
    for value in reversed(mmu):
        least = min(least, value)
        bmu.append(least)
    return mmu, bmu[::-1]


def chart(runs):
    groups = groups_of(runs)
    header = ["configuration", "curve", "window_ns", "utilisation", "low", "high", "runs"]
    rows, panels, counts, at_frame = [], [], [], []
    numbers = {}
    for held, members in split_panels(groups, 7, 12, "utilisation"):
        for curve, label in enumerate(("MMU: the least share of any such window that is the program's",
                                       "BMU: the least of this window and of all longer ones")):
            panel = Panel(", ".join(filter(None, [panel_title(held, members), label.split(":")[0]])),
                          Axis("window", "ns", "log10"), Axis("utilisation (%)", "share", least=0.0, most=1.0), keys=held)
            for number, group in numbered(members, held, numbers):
                windows = windows_up_to(min(pauses_of(run)[1] for run in group.runs))
                each = [curves_of(run, windows)[curve] for run in group.runs]
                bands = [median_band(values) for values in zip(*each)]
                if not bands:
                    continue
                counts.append(len(each))
                name = name_within(group, held)
                panel.series.append(Series(name, windows, [b[0] for b in bands], [b[1] for b in bands], [b[2] for b in bands],
                                           colour=number, keys={k: str(v) for k, v in group.keys.items()}))
                rows += [[group.name, ("MMU", "BMU")[curve], round(w), b[0], b[1], b[2], len(each)]
                         for w, b in zip(windows, bands)]
                if curve == 0 and windows[-1] > 1e7:
                    at_frame.append((median_band([theory.utilisation(*pauses_of(run), 1e7) for run in group.runs])[0],
                                     group.name))
            panels.append(panel)
    findings = []
    if at_frame:
        worst = min(at_frame)
        findings = [f"In its worst 10 ms a program had {percent_text(worst[0])} of the time ({worst[1]})."]
    return Chart("utilisation", "Mutator utilisation", panels,
                 [fixed_sentence(runs), seeds_sentence(runs), band_sentence(counts),
                  "A curve meets 0 at the longest pause, and ends at the share of the whole run. Measuring is cut out.",
                  outcome_sentence(runs)], header, rows, columns=2, findings=findings)
