"""How old bytes get, and the model in which the old die as fast as the young."""

from .. import theory
from ..chart import Axis, Chart, Panel, Series, bytes_text
from ..groups import fixed_sentence, groups_of, name_within, numbered, outcome_sentence, panel_title, seeds_sentence, split_panels
from ..stats import band_sentence, median_band

SUMMARY = "survival: the share of bytes that get so old, measured and as a radioactive decay"


def figures_of(run):
    survival = run.record.get("survival")
    if survival is None:
        raise run.lacks("it does not say how old bytes get", "with --record.survival=true")
    return survival


def chart(runs):
    header = ["record", "configuration", "age_at_least", "allocated", "live", "share"]
    rows, panels, counts = [], [], []
    numbers = {}
    for held, members in split_panels(groups_of(runs), 6, 12, "survival"):
        panel = Panel(panel_title(held, members), Axis("age (bytes allocated since it was first seen)", "bytes", "log2"),
                      Axis("bytes that are still alive (%)", "share", least=0.0, most=1.0), keys=held,
                      note="no full collection")
        for number, group in numbered(members, held, numbers):
            by_age, lives = {}, []
            for run in group.runs:
                survival = figures_of(run)
                for i, (born, live) in enumerate(zip(survival["allocated"], survival["live"])):
                    if born > 0:
                        rows.append([run.name, group.name, 2**i if i else 0, born, live, live / born])
                        by_age.setdefault(2**i, []).append(live / born)
                if survival["collections"]:
                    lives.append(sum(survival["live"]) / survival["collections"])
            if not by_age:
                continue
            ages = sorted(age for age in by_age if age > 1)
            bands = [median_band(by_age[age]) for age in ages]
            counts.append(len(group.runs))
            panel.series.append(Series(name_within(group, held), ages, [b[0] for b in bands], [b[1] for b in bands],
                                       [b[2] for b in bands], colour=number, keys={k: str(v) for k, v in group.keys.items()}))
            if lives and ages and (len(members) <= 2 or group is members[0]):
                mean = sum(lives) / len(lives)
                xs = [ages[0] * (ages[-1] / ages[0]) ** (i / 48) for i in range(49)] if len(ages) > 1 else ages
                panel.series.append(Series(f"decay with a mean of {bytes_text(mean)}", xs,
                                           [theory.radioactive(x, mean) for x in xs], style="theory", colour=number))
        panels.append(panel)
    return Chart("survival", "How old bytes get", panels,
                 [fixed_sentence(runs), seeds_sentence(runs), band_sentence(counts),
                  "Sums over full collections. Decay: the old die as fast as the young, at the mean lifetime that Little's law "
                  "gives, which is the mean of the live bytes; no parameter is fitted.", outcome_sentence(runs)],
                 header, rows, columns=2, width=3.6)
