"""What pins cost, against the pin share: the picture that scripts/quickstart ends with."""

import csv
import io
import math
import statistics
import textwrap

from ..chart import Axis, Chart, Panel as ChartPanel, Series
from ..failure import Failure
from ..groups import differing, lifetime_order, natural, program_names, seeds_sentence
from ..records import SCHEMA, UNSEEN, look_up
from ..sheet import COLOURS, DASHES, MARKERS

SUMMARY = "what pins cost: space overhead, what full collections left, and hostage bytes, against the pin share"

MIB = 1024 * 1024
PPM = 1000000

AXES = ("pin.share", "pin.lifetime", "seed")  # on x, one line for each, repetitions
CAPTION = ["plan", "nursery.route", "old.route", "gap.reuse", "heap.block", "compact.effort", "pin.shape",
           "pin.spread", "pin.age", "pin.target"]

COLUMN_WIDTH, ROW_HEIGHT, COLUMNS_MOST = 2.75, 1.75, 4  # inches, and columns side by side


class Costs:
    """What the picture needs of one record; figures are None where the run ended before they could be taken."""

    def __init__(self, name, record):
        self.name = name
        try:
            self.outcome = look_up(record, "outcome")
            self.parameters = look_up(record, "parameters")
            self.program = self.text("workload")
            self.share = float(self.text("pin.share"))
            self.lifetime = self.text("pin.lifetime")
            for other in ("pin.count", "pin.rate"):
                if float(self.parameters.get(other, "0")) != 0:
                    raise Failure(3, f"{name}: it pins by {other}={self.parameters[other]}; this picture is "
                                     "about pin.share, so run it with --pin.share=1% or so")
            if not 0 <= self.share <= 1:
                raise ValueError(f"pin.share {self.share} is no share")
            lifetime_order(self.lifetime)
            self.take_figures(record)
            for key, value in self.figures.items():
                if value is not None and (isinstance(value, bool) or not math.isfinite(value)):
                    raise ValueError(f"{key} {value} is no number")
        except KeyError as missing:
            raise Failure(3, f"{name}: the key {missing.args[0]} is missing, which every record of {SCHEMA} has: "
                             "run it again with pinlab run --out") from None
        except (TypeError, ValueError) as error:
            raise Failure(3, f"{name}: a value has the wrong form: {error}") from None

    def text(self, parameter):
        if parameter not in self.parameters:
            raise KeyError("parameters." + parameter)
        return str(self.parameters[parameter])

    def take_figures(self, record):
        names = ["live_peak", "used_peak", "space_overhead", "live_last", "used_last", "kept", "hostage_peak",
                 "hostage_last", "full", "young", "allocated", "pins_peak", "pause_max"]
        self.figures = dict.fromkeys(names)
        if look_up(record, "summary") is None:
            if self.outcome == "completed":
                raise Failure(3, f"{self.name}: summary is null, though the run completed")
            return
        figure = self.figures
        for name, key in [("full", "collections.full"), ("young", "collections.young"), ("allocated", "allocated"),
                          ("used_peak", "used_peak"), ("pins_peak", "pins.peak")]:
            figure[name] = look_up(record, "summary.exact." + key)
        pauses = [(look_up(record, "summary.timed.pauses").get(kind) or {}).get("max", 0) for kind in ("young", "full")]
        figure["pause_max"] = max(pauses)
        live = self.needed(record, "live")
        figure["space_overhead"] = self.needed(record, "space_overhead", PPM)
        figure["used_last"] = self.needed(record, "used_last")
        hostage = self.needed(record, "fragmentation.hostage")
        if live is not None:
            figure["live_peak"], figure["live_last"] = live["peak"], live["last"]
        if hostage is not None:
            figure["hostage_peak"], figure["hostage_last"] = hostage["peak"], hostage["last"]
        if figure["used_last"] is not None and figure["live_last"]:
            figure["kept"] = figure["used_last"] / figure["live_last"]

    def needed(self, record, key, divisor=None):
        """The figure, or None where the run ended before a full collection could tell."""
        value = look_up(record, "summary.exact." + key)
        if value is not None:
            return value if divisor is None else value / divisor
        said = f"{self.name}: summary.exact.{key} is null"
        if key == "fragmentation.hostage" and self.parameters.get("record.hostage") == "false":
            raise Failure(3, f"{said}: it was not recorded: run it with --record.hostage=true")
        if self.outcome != "completed":
            return None
        if key == "fragmentation.hostage" and self.parameters.get("plan") == "semispace":
            raise Failure(3, f"{said}: the plan semispace plans no moves that could be planned without pins: leave it out "
                             "with --where=plan=generational")
        if self.parameters.get("plan") == "no_gc":
            raise Failure(3, f"{said}: nothing is ever collected under no_gc: run it with another --plan")
        if self.figures["full"] == 0:
            raise Failure(3, f"{said}: there was no full collection: run it with --heap.max smaller than "
                             f"{self.parameters.get('heap.max', 'now')}")
        raise Failure(3, f"{said}, though there were full collections")

    def configuration(self):
        """Everything that is neither on an axis of the picture nor without influence."""
        return {key: str(value) for key, value in self.parameters.items()
                if key not in AXES and not key.startswith(UNSEEN)}

    def order(self):
        return (sorted(self.configuration().items()), self.share, lifetime_order(self.lifetime),
                self.text("seed").zfill(20), self.name)


class Panel:
    def __init__(self, program, configuration, runs):
        self.program = program
        self.configuration = configuration
        self.runs = runs
        self.differs = []  # of the parameters, those that tell panels of the same program apart

    def title(self):
        return ", ".join([self.program] + [f"{key} {self.configuration.get(key, 'none')}" for key in self.differs])


def make_panels(runs):
    groups = {}
    for run in runs:
        groups.setdefault(tuple(sorted(run.configuration().items())), []).append(run)
    configurations = [dict(key) for key in groups]
    panels = [Panel(*parts) for parts in zip(program_names(configurations), configurations, groups.values())]
    for panel in panels:
        same = [p for p in panels if p.program == panel.program]
        panel.differs = differing([p.configuration for p in same])
    panels.sort(key=lambda p: (p.program, [natural(p.configuration.get(key, "")) for key in p.differs]))
    return panels


def all_lifetimes(runs):
    return sorted({run.lifetime for run in runs if run.share > 0}, key=lifetime_order)


ROWS = [("space_overhead", 1, "space overhead\npeak used / peak live\n(ratio)"),
        ("kept", 1, "after the last full\ncollection, used / live\n(ratio)"),
        ("hostage_peak", MIB, "hostage bytes, peak\n(MiB)")]


class ShareAxis:
    """Shares as positions: logarithms, and a place of its own for 0."""

    def __init__(self, runs):
        shares = sorted({run.share for run in runs})
        positive = [share for share in shares if share > 0]
        self.has_zero = bool(shares) and shares[0] == 0
        self.zero = math.log10(positive[0]) - 0.8 if positive else 0.0
        low = self.zero if self.has_zero or not positive else math.log10(positive[0])
        high = math.log10(positive[-1]) if positive else self.zero
        margin = max(0.25, 0.06 * (high - low))
        self.low, self.high = low - margin, high + margin
        ticks = [(self.place(share), f"{share * 100:.6g}") for share in shares]
        self.ticks, self.bare = [], []
        for place, label in ticks:
            room = 0.026 * (self.high - self.low) * (len(label) + 2)
            if self.ticks and place - self.ticks[-1][0] < room:
                self.bare.append(place)
            else:
                self.ticks.append((place, label))

    def place(self, share):
        return math.log10(share) if share > 0 else self.zero

    def dress(self, axes):
        axes.set_xlim(self.low, self.high)
        axes.set_xticks([place for place, _ in self.ticks], [label for _, label in self.ticks])
        axes.set_xticks(self.bare, minor=True)
        if self.has_zero and self.high - self.zero > 0.5:  # the scale is broken between 0 and the rest
            middle = (self.zero + 0.4 - self.low) / (self.high - self.low)
            for shift in (-0.008, 0.008):
                axes.plot([middle + shift - 0.008, middle + shift + 0.008], [-0.03, 0.03], transform=axes.transAxes,
                          color="black", linewidth=0.7, clip_on=False, zorder=5)


def points_of(runs, lifetime, figure, unit):
    """For each share: median, least and most over seeds (None where nothing was measured), and whether all completed."""
    by_share = {}
    for run in runs:
        if run.share == 0 or run.lifetime == lifetime:  # without pins their lifetime makes no difference
            by_share.setdefault(run.share, []).append(run)
    points = []
    for share, members in sorted(by_share.items()):
        values = [run.figures[figure] / unit for run in members if run.figures[figure] is not None]
        done = all(run.outcome == "completed" for run in members)
        spread = (statistics.median(values), min(values), max(values)) if values else None
        points.append((share, spread, done))
    return points


def draw_line(axes, x, points, style):
    known = [(x.place(share), spread) for share, spread, done in points if spread and done]
    places = [place for place, _ in known]
    axes.plot(places, [spread[0] for _, spread in known], markersize=4, linewidth=1.2, markerfacecolor="white",
              markeredgewidth=1.1, **style)
    if any(spread[1] != spread[2] for _, spread in known):
        axes.fill_between(places, [s[1] for _, s in known], [s[2] for _, s in known], color=style["color"], alpha=0.18,
                          linewidth=0)
    cross = {"marker": "x", "color": style["color"], "markersize": 8, "markeredgewidth": 1.6, "linestyle": "none",
             "zorder": 6}
    for share, spread, done in points:
        if spread is None:
            axes.plot([x.place(share)], [0.04], transform=axes.get_xaxis_transform(), clip_on=False, **cross)
        elif not done:
            axes.plot([x.place(share)], [spread[0]], **cross)


def spans_decades(values):
    sizes = [abs(value) for value in values if value]
    return bool(sizes) and max(sizes) > 30 * min(sizes)


def dress_y(axes, figure, values):
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    if not values:
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        return
    low, high = min(values), max(values)
    if figure == "hostage_peak":
        sizes = [abs(value) for value in values if value]
        if spans_decades(values):
            step = 10.0 ** math.floor(math.log10(min(sizes)))
            axes.set_yscale("symlog", linthresh=step, linscale=0.6)
            decades = int(math.floor(math.log10(max(sizes)) - math.log10(step) + 1e-9)) + 1
            powers = [step * 10**i for i in range(0, decades, 1 + decades // 7)]
            negative = [-power for power in powers if -power >= low]
            ticks = negative + [0.0] + [power for power in powers if power <= high * 2]
            axes.set_yticks(ticks, [f"{tick:.6g}" for tick in ticks])
            axes.set_yticks([], minor=True)
            axes.set_ylim(low * 2 if low < 0 else -0.25 * step, high * 2)
        else:
            top = high if high > 0 else (0.0 if low < 0 else 1.0)
            room = 0.08 * (top - min(low, 0))
            axes.set_ylim(min(low, 0) - room, top + room)
    elif low > 0 and high > 20 * low:
        axes.set_yscale("log")
    else:
        room = max(0.1 * (high - low), 0.05)
        axes.set_ylim(min(low, 1) - room, high + room)


def draw_panel(axes_of_column, panel, x, lifetimes):
    for axes, (figure, unit, _) in zip(axes_of_column, ROWS):
        values = []
        for series, lifetime in enumerate(lifetimes or [None]):
            points = points_of(panel.runs, lifetime, figure, unit)
            if lifetime is not None and not any(share > 0 for share, _, _ in points):
                continue
            style = series_style(series) if lifetimes else {"color": "#000000", "marker": "o", "linestyle": "-"}
            draw_line(axes, x, points, style)
            values += [value for _, spread, _ in points if spread for value in spread]
        if not values:
            axes.text(0.5, 0.5, "nothing was measured", transform=axes.transAxes, ha="center", va="center", fontsize=8,
                      color="#555555")
        dress_y(axes, figure, values)
        x.dress(axes)


def series_style(number):
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)],
            "linestyle": DASHES[number % len(DASHES)]}


def caption_of(runs, panels):
    if not runs:
        return "There is no run to show."
    own = sorted(key for key in panels[0].configuration if key.startswith("workload."))
    held = {key: panels[0].configuration.get(key) or "none" for key in CAPTION + own
            if key != "workload.trace" and len({p.configuration.get(key) for p in panels}) == 1}
    varied = [key for key in differing([p.configuration for p in panels])
              if key not in ("workload", "workload.trace", "workload.names")]
    sentences = ["Held fixed: " + ", ".join(f"{key} {value}" for key, value in held.items() if value != "none") + "."]
    own = {}
    for panel in panels:  # what differs between programs, and is not already in their titles
        parts = [f"{key} {panel.configuration[key]}" for key in sized(panel, varied, panels) if key not in panel.differs]
        own[panel.program] = ", ".join(parts)
    sentences += [f"{program}: {text}." for program, text in own.items() if text]
    per_point = sorted({len(group) for panel in panels for group in repetitions(panel)})
    seeds = sorted({run.text("seed") for run in runs}, key=lambda text: (len(text), text))
    shown = ", ".join(seeds) if len(seeds) <= 6 else f"{seeds[0]} to {seeds[-1]}"
    many = len(seeds) > 1
    sentences.append(f"n = {len(runs)} {'runs' if len(runs) > 1 else 'run'}, "
                     f"{' to '.join(map(str, sorted({per_point[0], per_point[-1]})))} a point, "
                     f"{'seeds' if many else 'seed'} {shown}.")
    if per_point[-1] > 1:
        sentences.append("Lines are medians, bands from the least to the most.")
    sentences.append("Live bytes are known at full collections only.")
    sentences.append("A lifetime is in bytes allocated, object: until the program drops it.")
    if any(run.share == 0 for run in runs) and all_lifetimes(runs):
        sentences.append("Runs without pins (0) belong to every line.")
    if any(spans_decades([run.figures["hostage_peak"] for run in panel.runs]) for panel in panels):
        sentences.append("Hostage axes that span decades are logarithmic, and linear about 0.")
    ended = {}
    for run in runs:
        if run.outcome != "completed":
            ended[run.outcome] = ended.get(run.outcome, 0) + 1
    if ended:
        counts = ", ".join(f"{outcome} {count}" for outcome, count in sorted(ended.items()))
        early = any(run.figures[figure] is None for run in runs for figure, _, _ in ROWS)
        sentences.append(f"× did not complete ({counts}), and is joined to no line: its figures are of the part that ran"
                         + ("; on the axis: it ended before a full collection." if early else "."))
    return " ".join(sentences)


def sized(panel, varied, panels):
    """What the caption says of one program: its heap always, and whatever else differs between programs."""
    always = ["heap.max", "nursery.size"]
    keys = always + [key for key in varied if key not in always]
    return [key for key in keys if key in panel.configuration]


def repetitions(panel):
    groups = {}
    for run in panel.runs:
        groups.setdefault((run.share, run.lifetime if run.share > 0 else ""), []).append(run)
    return groups.values()


def draw_costs(runs):
    """The figure. Everything is laid out in inches, so that nothing depends on what a text measures."""
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    panels = make_panels(runs)
    lifetimes = all_lifetimes(runs)
    columns = min(max(len(panels), 1), COLUMNS_MOST)
    bands = max(1, -(-len(panels) // COLUMNS_MOST))
    left, right, gap = 0.85, 0.15, 0.55
    width = left + columns * COLUMN_WIDTH + (columns - 1) * gap + right
    titles = [textwrap.wrap(panel.title(), 40) for panel in panels] or [["no runs"]]
    title_height = 0.1 + 0.15 * max(map(len, titles))
    row_gap = 0.16
    band_height = title_height + len(ROWS) * ROW_HEIGHT + (len(ROWS) - 1) * row_gap + 0.5
    crosses = any(run.outcome != "completed" for run in runs)
    handles = [Line2D([], [], markersize=4, linewidth=1.2, markerfacecolor="white", label=lifetime, **series_style(i))
               for i, lifetime in enumerate(lifetimes)]
    if crosses:
        handles.append(Line2D([], [], marker="x", color="#333333", linestyle="none", markersize=7, markeredgewidth=1.5,
                              label="did not complete"))
    longest = max([len(handle.get_label()) for handle in handles], default=1)
    legend_columns = max(1, min(len(handles), int((width - 0.2) / (0.75 + 0.075 * longest))))
    legend_height = 0.175 * -(-len(handles) // legend_columns) + (0.25 if handles else 0.05)
    caption = textwrap.wrap(caption_of(runs, panels), int(width * 19.5))
    caption_height = 0.1 + 0.135 * len(caption)
    height = bands * band_height + legend_height + caption_height

    figure = pyplot.figure(figsize=(width, height))
    x = ShareAxis(runs)
    for index in range(max(len(panels), 1)):
        band, column = divmod(index, COLUMNS_MOST)
        top = height - band * band_height - title_height
        axes_of_column = []
        for row, (_, _, label) in enumerate(ROWS):
            bottom = top - (row + 1) * ROW_HEIGHT - row * row_gap
            axes = figure.add_axes([(left + column * (COLUMN_WIDTH + gap)) / width, bottom / height,
                                    COLUMN_WIDTH / width, ROW_HEIGHT / height])
            axes.tick_params(labelsize=8, labelbottom=row == len(ROWS) - 1)
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
            if column == 0:
                axes.set_ylabel(label, fontsize=8)
                axes.yaxis.set_label_coords(-0.42 / COLUMN_WIDTH, 0.5)
            axes_of_column.append(axes)
        axes_of_column[0].set_title("\n".join(titles[index]), fontsize=9, loc="left", pad=4)
        axes_of_column[-1].set_xlabel("pin share (% of objects, logarithmic)", fontsize=8)
        draw_panel(axes_of_column, panels[index] if panels else Panel("", {}, []), x, lifetimes)
    if handles:
        figure.legend(handles=handles, loc="lower left", ncol=legend_columns, fontsize=8, frameon=False, borderpad=0,
                      title="pin.lifetime" if lifetimes else None, title_fontsize=8, alignment="left", handlelength=3,
                      borderaxespad=0, bbox_to_anchor=(0.1 / width, (caption_height + 0.02) / height))
    figure.text(0.1 / width, (caption_height - 0.05) / height, "\n".join(caption), fontsize=7, va="top", linespacing=1.25,
                color="#333333")
    return figure


def table_of(runs):
    """The CSV: a line for each record, bytes and nanoseconds as they were recorded."""
    keys = sorted({key for run in runs for key in run.parameters if key not in AXES and key not in ("workload", "plan")})
    columns = [("young", "young"), ("full", "full"), ("allocated", "allocated_bytes"), ("pins_peak", "pins_peak"),
               ("live_peak", "live_peak_bytes"), ("used_peak", "used_peak_bytes"), ("space_overhead", "space_overhead_ratio"),
               ("live_last", "live_last_bytes"), ("used_last", "used_last_bytes"), ("kept", "used_per_live_last_ratio"),
               ("hostage_peak", "hostage_peak_bytes"), ("hostage_last", "hostage_last_bytes"),
               ("pause_max", "pause_max_ns")]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["record", "program", "workload", "plan", *AXES, "outcome", *[name for _, name in columns], *keys])
    names = program_names([run.configuration() for run in runs])
    for run, program in zip(runs, names):
        values = [run.figures[key] for key, _ in columns]
        values = [f"{v:.6f}" if isinstance(v, float) else ("" if v is None else v) for v in values]
        writer.writerow([run.name, program, run.program, run.parameters.get("plan", ""),
                         *[run.parameters.get(key, "") for key in AXES], run.outcome, *values,
                         *[run.parameters.get(key, "") for key in keys]])
    return text.getvalue()


def costs_of(runs):
    found, wrong = [], []
    for run in runs:
        try:
            found.append(Costs(run.name, run.record))
        except Failure as failure:
            wrong.append(str(failure))
    if wrong:
        more = [f"and {len(wrong) - 8} more records"] if len(wrong) > 8 else []
        raise Failure(3, "\n".join(wrong[:8] + more))
    return sorted(found, key=Costs.order)


def draw(runs):
    return draw_costs(costs_of(runs))


def table_text(runs):
    return table_of(costs_of(runs))


def chart(runs):
    """The same figures as panels that a page can draw."""
    costs = costs_of(runs)
    panels = []
    lifetimes = all_lifetimes(costs)
    for panel in make_panels(costs):
        for figure, unit, label in ROWS:
            own = ChartPanel(panel.title(), Axis("pin share (% of objects)", "share", "symlog"),
                             Axis(label.replace("\n", " ").replace(" (MiB)", ""), "bytes" if unit == MIB else "ratio",
                                  least=0.0 if unit == MIB else 1.0),  # no ratio of used to live is less
                             keys={key: panel.configuration.get(key, "none") for key in panel.differs})
            for number, lifetime in enumerate(lifetimes or [None]):
                points = [p for p in points_of(panel.runs, lifetime, figure, 1) if p[1]]
                done = [p for p in points if p[2]]
                keys = {} if lifetime is None else {"pin.lifetime": lifetime}
                own.series.append(Series(lifetime or "no pins", [p[0] for p in done], [p[1][0] for p in done],
                                         [p[1][1] for p in done], [p[1][2] for p in done], colour=number, keys=keys))
                crosses = [p for p in points if not p[2]]
                if crosses:
                    own.series.append(Series("did not complete", [p[0] for p in crosses], [p[1][0] for p in crosses],
                                             style="cross", colour=number, keys=keys, in_legend=False))
            panels.append(own)
    rows = list(csv.reader(io.StringIO(table_of(costs))))
    return Chart("pins", "What pins cost", panels, [caption_of(costs, make_panels(costs))], rows[0], rows[1:],
                 legend="pin.lifetime", columns=3)
