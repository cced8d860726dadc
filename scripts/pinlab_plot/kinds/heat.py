"""Fragmentation against pin share and pin lifetime, as a heat map with contours: when do long-lived pins hurt?"""

from ..chart import Axis, Chart, Heat, Panel
from ..failure import Failure
from ..groups import (fixed_sentence, groups_of, lifetime_order, outcome_sentence, panel_title, seeds_sentence, share_text,
                      split_panels)
from ..stats import median_band

SUMMARY = "fragmentation against pin share and pin lifetime: a heat map with contours"

METRICS = [("hostage bytes, peak / used peak", lambda run: hostage(run)),
           ("free bytes in runs under 64 KiB", lambda run: unusable(run))]


def hostage(run):
    figure, used = run.exact("fragmentation.hostage"), run.exact("used_peak")
    if figure is None and run.parameters.get("record.hostage") == "false":
        raise run.lacks("it holds no hostage bytes", "with --record.hostage=true")
    return None if figure is None or not used else figure["peak"] / used


def unusable(run):
    figure = run.exact("fragmentation.unusable_contiguous")
    figure = None if figure is None else figure.get("65536")
    return None if figure is None else figure / 1e6


def chart(runs):
    pinned = [run for run in runs if run.share() > 0]
    if not pinned:
        raise Failure(3, "no record has pins by pin.share: run some with --pin.share=1% and several --pin.lifetime")
    rows = [["record", "program", "pin.share", "pin.lifetime", "seed", "outcome", "hostage_peak_per_used_peak",
             "unusable_64KiB"]]
    groups = groups_of(pinned, on_axes=("pin.share", "pin.lifetime"))
    panels = []
    for held, members in split_panels(groups, 1, 12, "heat"):
        of_panel = [run for group in members for run in group.runs]
        lifetimes = sorted({run.text("pin.lifetime") for run in of_panel}, key=lifetime_order)
        shares = sorted({run.text("pin.share") for run in of_panel}, key=float)
        for label, figure in METRICS:
            cells = {}
            for run in of_panel:
                if run.completed and figure(run) is not None:
                    cells.setdefault((run.text("pin.share"), run.text("pin.lifetime")), []).append(figure(run))
            values = [[median_band(cells[s, l])[0] if (s, l) in cells else None for l in lifetimes] for s in shares]
            title = panel_title(held, members)
            panels.append(Panel(f"{title}: {label}" if title else label,
                                Axis("pin lifetime (bytes allocated; object: until dropped)", scale="categories",
                                     labels=[short(l) for l in lifetimes]),
                                Axis("pin share (% of objects)", scale="categories",
                                     labels=[share_text(s).replace(" %", "") for s in shares]),
                                heat=Heat(lifetimes, shares, values, "share (%)", "share", [0.1, 0.25, 0.5]),
                                height=max(1.2, min(3.0, 0.34 * len(shares) + 0.3)), keys=held))
        for run in of_panel:
            rows.append([run.name, members[0].program, run.text("pin.share"), run.text("pin.lifetime"), run.seed, run.outcome,
                         hostage(run), unusable(run)])
    worst = max(((v, p, r, c) for p in panels[::2] for r, row in enumerate(p.heat.values) for c, v in enumerate(row)
                 if v is not None), key=lambda found: found[0], default=None)
    findings = [] if worst is None else [
        f"Pins held most hostage at a share of {share_text(worst[1].heat.rows[worst[2]])} and a lifetime of "
        f"{worst[1].heat.columns[worst[3]]}: {worst[0] * 100:.3g} % of the memory used"
        + (f" ({worst[1].title.split(':')[0]})." if len(panels) > 2 else ".")]
    return Chart("heat", "When long-lived pins hurt", panels,
                 [fixed_sentence(pinned, ("pin.share", "pin.lifetime")), seeds_sentence(pinned),
                  "A cell is the median over its runs; contours are at 10, 25 and 50 %; × was not run, or did not complete.",
                  outcome_sentence(pinned)],
                 rows[0], rows[1:], columns=2, width=3.3, findings=findings)


def short(lifetime):
    return lifetime.replace("fixed(", "").rstrip(")") if lifetime.startswith("fixed(") else lifetime
