"""Draws a chart on paper, with matplotlib. Everything is laid out in inches, so that nothing depends on what a text
measures, and equal charts give equal bytes."""

import math
import textwrap

from .chart import bytes_text, percent_text, time_text
from .failure import Failure

# Okabe and Ito's colours, without the yellow that is too pale for lines.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "h", "<", ">"]
DASHES = ["-", (0, (5, 1.5)), (0, (2, 1)), (0, (6, 1.5, 1, 1.5))]
GREY = "#555555"
LEFT, RIGHT, GAP = 0.95, 0.3, 0.95  # inches
TITLE_LINE, LEGEND_LINE, CAPTION_LINE = 0.155, 0.175, 0.135


def start_matplotlib():
    try:
        import matplotlib
    except ImportError:
        raise Failure(2, "matplotlib is missing: scripts/setup installs it") from None
    matplotlib.use("Agg")
    matplotlib.rcdefaults()  # nobody's own style, for equal bytes
    matplotlib.rcParams.update({"svg.hashsalt": "pinlab", "svg.fonttype": "path", "font.family": "DejaVu Sans",
                                "axes.linewidth": 0.7, "axes.axisbelow": True, "axes.unicode_minus": False})


def save(figure, path, form):
    settings = {"svg": {"metadata": {"Date": None, "Creator": "pinlab plot"}},
                "png": {"metadata": {"Software": None}, "dpi": 300}}
    figure.savefig(path, format=form, facecolor="white", **settings[form])


def style_of(number):
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)],
            "linestyle": DASHES[number // len(COLOURS) % len(DASHES)]}


# ---- axes ------------------------------------------------------------------------------------------


def tick_text(value, unit):
    if unit == "bytes":
        return "0" if value == 0 else bytes_text(value)
    if unit == "ns":
        return "0" if value == 0 else time_text(value)
    if unit in ("share", "percentile"):
        return percent_text(value).replace(" %", "")
    return f"{value:.6g}"


def nice_steps(low, high, most, bases):
    """Round numbers in [low, high], at most `most`: multiples of a base times a power of ten."""
    if high <= low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in (*bases, *(10 * base for base in bases), 100 * bases[0]):
        step = factor * power
        first = math.ceil(low / step - 1e-9)
        last = math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [i * step for i in range(first, last + 1)]
    return [low, high]


def linear_ticks(low, high, unit, most):
    if unit == "bytes" and high > 0:
        scale = 1024.0 ** max(0, math.floor(math.log(max(abs(low), abs(high)), 1024) + 1e-9))
        return [tick * scale for tick in nice_steps(low / scale, high / scale, most, (1, 2, 2.5, 5))]
    return nice_steps(low, high, most, (1, 2, 2.5, 5))


def spaced(ticks, low, high, most):
    """Of ticks on a logarithmic axis those that have room, at least one."""
    kept = []
    for tick in ticks:
        if not kept or math.log(tick / kept[-1]) >= math.log(high / low) / most:
            kept.append(tick)
    return kept or [low]


def power_ticks(low, high, base, most):
    """Powers of the base in [low, high], every so many; where there are fewer than two, round numbers."""
    first = math.ceil(math.log(low, base) - 1e-9)
    last = math.floor(math.log(high, base) + 1e-9)
    if last - first < 1 and base == 2:  # quarters of powers of two
        return spaced([quarter * 2.0**i for i in range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1)
                       for quarter in (1, 1.25, 1.5, 1.75) if low <= quarter * 2.0**i <= high], low, high, most)
    if last - first < 1:
        return spaced([factor * 10.0**i for i in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
                       for factor in (1, 2, 5) if low <= factor * 10.0**i <= high], low, high, most)
    step = max(1, -(-(last - first + 1) // most))
    if base == 2 and step > 1:
        step = min((s for s in (2, 5, 10) if s >= step), default=10)
        first = -(-first // step) * step
    return [float(base) ** i for i in range(first, last + 1, step)]


PERCENTILES = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999]


def extent(values, axis):
    values = [v for v in values if v is not None]
    low = axis.least if axis.least is not None else min(values, default=0.0)
    high = axis.most if axis.most is not None else max(values, default=1.0)
    return low, high


def dress(axes, which, axis, values, inches):
    """Scale, limits and ticks of one axis, from what is on it."""
    set_scale = axes.set_xscale if which == "x" else axes.set_yscale
    set_limits = axes.set_xlim if which == "x" else axes.set_ylim
    set_ticks = axes.set_xticks if which == "x" else axes.set_yticks
    wide = {"bytes": 0.55, "ns": 0.5}.get(axis.unit, 0.42) if which == "x" else 0.28
    most = max(2, int(inches / wide))
    if axis.scale == "categories":
        room = 0.065 * max(map(len, axis.labels), default=1) if which == "x" else 0.2
        turned = which == "x" and room > inches / max(1, len(axis.labels))
        set_ticks(range(len(axis.labels)), axis.labels, **({"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
                                                            if turned else {}))
        set_limits(-0.6, max(len(axis.labels) - 0.4, 0.6))
        return
    if axis.scale in ("log2", "log10", "percentile"):
        values = [v for v in values if v is not None and v > 0]
    low, high = extent(values, axis)
    if axis.scale in ("log2", "log10"):
        base = 2 if axis.scale == "log2" else 10
        low, high = (low if low > 0 else 1.0), (high if high > 0 else base * 1.0)
        if high / low < base:
            low, high = low / base**0.5, high * base**0.5
        set_scale("log", base=base)
        ticks = power_ticks(low, high, base, most)
        set_ticks(ticks, [tick_text(tick, axis.unit) for tick in ticks])
        set_ticks([], minor=True)
        margin = (high / low) ** 0.04
        set_limits(low / margin, high * margin)
    elif axis.scale == "symlog":
        sizes = [abs(v) for v in values if v]
        step = 10.0 ** math.floor(math.log10(min(sizes))) if sizes else 1.0
        step = max(step, 10.0 ** math.floor(math.log10(max(sizes)) - 6)) if sizes else step
        set_scale("symlog", linthresh=step, linscale=0.6)
        if high <= 0:
            high = step
        decades = int(math.floor(math.log10(max(high, -low, step)) - math.log10(step) + 1e-9)) + 1
        powers = [step * 10**i for i in range(0, decades, 1 + decades // 6)]
        ticks = [-p for p in reversed(powers) if -p >= low] + [0.0] + [p for p in powers if p <= high * 2]
        set_ticks(ticks, [tick_text(tick, axis.unit) for tick in ticks])
        set_ticks([], minor=True)
        set_limits(low * 2 if low < 0 else -0.25 * step, high * 2)
    else:
        if high <= low:
            low, high = min(low, 0.0), (high if high > 0 else 1.0)
        if 0 < high - low < 0.01 * high and axis.least is None:  # what no reader can tell apart looks equal
            low, high = (low + high) / 2 - 0.005 * high, (low + high) / 2 + 0.005 * high
        margin = 0.04 * (high - low)
        ticks = linear_ticks(low, high, axis.unit, most)
        set_ticks(ticks, [tick_text(tick, axis.unit) for tick in ticks])
        set_limits(low - (0 if axis.least is not None else margin), high + margin)


def percentile_place(share):
    """Where a percentile lies on an axis of 1 / (1 - p)."""
    return 1.0 / max(1.0 - share, 1e-9)


def dress_percentiles(axes, values):
    high = max([percentile_place(v) for v in values if v is not None], default=100.0)
    axes.set_xscale("log")
    shown = [p for p in PERCENTILES if percentile_place(p) <= high * 1.01]
    axes.set_xticks([percentile_place(p) for p in shown], [f"{p * 100:.10g}" for p in shown])
    axes.set_xticks([], minor=True)
    axes.set_xlim(0.93, max(high, 2.0) * 1.1)


# ---- series ----------------------------------------------------------------------------------------


def places(series, axis):
    return [percentile_place(x) for x in series.x] if axis.scale == "percentile" else series.x


def draw_series(axes, series, panel, stack):
    x = places(series, panel.x)
    style = style_of(series.colour)
    if series.style == "theory":
        axes.plot(x, series.y, color="black", linewidth=0.9, linestyle=DASHES[1 + series.colour % 3], zorder=4)
        return
    if series.style == "area":
        if stack["x"] != series.x:
            stack["x"], stack["y"] = series.x, [0.0] * len(series.x)
        top = [a + (b or 0) for a, b in zip(stack["y"], series.y)]
        axes.fill_between(x, stack["y"], top, color=fill_colour(series.colour), linewidth=0, step="post")
        stack["y"] = top
        return
    if series.style == "bars":
        axes.vlines(x, 0, series.y, color=style["color"], linewidth=0.8)
        return
    if series.lo is not None:
        axes.fill_between(x, series.lo, series.hi, color=style["color"], alpha=0.18, linewidth=0,
                          step="post" if series.style == "step" else None)
    if series.style == "band":
        return
    if series.style == "cross":
        axes.plot(x, series.y, marker="x", color=style["color"], markersize=7, markeredgewidth=1.5, linestyle="none", zorder=6)
    elif series.style == "points":
        sizes = series.sizes or [16] * len(x)
        hollow = len(x) > 60
        axes.scatter(x, series.y, s=sizes, marker=style["marker"], linewidth=0.8, zorder=5,
                     facecolor="none" if hollow else style["color"] + "66", edgecolor=style["color"])
    elif series.style == "step":
        axes.step(x, series.y, where="post", color=style["color"], linewidth=1.1, linestyle=style["linestyle"])
    else:
        marked = {"marker": style["marker"], "markersize": 3.5, "markerfacecolor": "white", "markeredgewidth": 1.0}
        axes.plot(x, series.y, color=style["color"], linewidth=1.2, linestyle=style["linestyle"],
                  **(marked if len(x) <= 40 else {}))


AREA = ["#000000", "#0072B2", "#D55E00", "#A6D3EF", "#E8E8E8", "#009E73"]  # as the heap map has them


def fill_colour(number):
    return AREA[number % len(AREA)]


def label_points(axes, panel, width, height):
    """Names beside points, where there is room: in the order of the series, never one over another."""
    wanted = [(x, y, text) for series in panel.series if series.texts
              for x, y, text in zip(places(series, panel.x), series.y, series.texts) if text and x is not None and y is not None]
    if not wanted:
        return 0
    to_axes = axes.transData + axes.transAxes.inverted()
    points = [to_axes.transform((x, y)) for x, y, _ in wanted]
    taken = [(px * width - 0.04, py * height - 0.04, px * width + 0.04, py * height + 0.04) for px, py in points]
    left_out = 0
    for (px, py), (x, y, text) in zip(points, wanted):
        text = text if len(text) <= 26 else text[:12] + "…" + text[-13:]
        w, h = 0.056 * len(text), 0.1
        cx, cy = px * width, py * height
        for dx, dy in ((0.06, -0.05), (-w - 0.06, -0.05), (-w / 2, 0.06), (-w / 2, -0.17), (0.05, 0.07), (-w - 0.05, 0.07),
                       (0.05, -0.19), (-w - 0.05, -0.19), (0.06, 0.22), (-w - 0.06, 0.22), (0.06, -0.34), (-w - 0.06, -0.34)):
            box = (cx + dx, cy + dy, cx + dx + w, cy + dy + h)
            inside = box[0] >= 0.02 and box[2] <= width - 0.02 and box[1] >= 0.02 and box[3] <= height - 0.02
            if inside and not any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken):
                taken.append(box)
                axes.annotate(text, (x, y), xytext=(dx * 72, dy * 72), textcoords="offset points", fontsize=6.5,
                              color="#222222", zorder=7, annotation_clip=False)
                break
        else:
            left_out += 1
    return left_out


def contour_levels(heat):
    """Those that lie between the values of some 2 x 2 cells that are all known: contours run nowhere else."""
    corners = [[row[c] for row in heat.values[r:r + 2] for c in (at, at + 1)] for r in range(len(heat.rows) - 1)
               for at in range(len(heat.columns) - 1)]
    corners = [four for four in corners if None not in four]
    return [level for level in heat.levels if any(min(four) < level < max(four) for four in corners)]


def draw_heat(figure, axes, panel, width, height, span):
    heat = panel.heat
    import matplotlib
    import numpy
    grid = numpy.array([[numpy.nan if v is None else v for v in row] for row in heat.values], dtype=float)
    colours = matplotlib.colormaps["cividis"].with_extremes(bad="#ffffff")
    low, high = span
    mesh = axes.pcolormesh(numpy.arange(len(heat.columns) + 1) - 0.5, numpy.arange(len(heat.rows) + 1) - 0.5, grid,
                           cmap=colours, vmin=low, vmax=high, edgecolors="white", linewidth=0.6)
    levels = contour_levels(heat)
    if levels:
        known = numpy.ma.masked_invalid(grid)
        places = numpy.arange(len(heat.columns)), numpy.arange(len(heat.rows))
        axes.contour(*places, known, levels=levels, colors="white", linewidths=1.8)
        lines = axes.contour(*places, known, levels=levels, colors="black", linewidths=0.9)
        if len(heat.columns) * len(heat.rows) > 40:
            axes.clabel(lines, fmt=lambda level: f"{level * 100:.6g} %", fontsize=6.5)
    cell_width, cell_height = width / len(heat.columns), height / len(heat.rows)
    if cell_width > 0.34 and cell_height > 0.14:
        for r, row in enumerate(heat.values):
            for c, value in enumerate(row):
                if value is not None:
                    dark = value < low + 0.55 * (high - low)
                    axes.text(c, r, f"{value * 100:.3g}" if heat.unit == "share" else f"{value:.3g}", ha="center",
                              va="center", fontsize=6.5, color="white" if dark else "black")
    for r, row in enumerate(heat.values):
        for c, value in enumerate(row):
            if value is None:
                axes.plot([c], [r], marker="x", color="#999999", markersize=4)
    return mesh


# ---- the sheet -------------------------------------------------------------------------------------


def legend_entries(chart, most):
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    seen = {}
    for panel in chart.panels:
        for series in panel.series:
            key = (series.name, "theory" if series.style == "theory" else series.style == "area")
            if not series.in_legend or not series.name or key in seen:
                continue
            style = style_of(series.colour)
            if series.style == "theory":
                handle = Line2D([], [], color="black", linewidth=0.9, linestyle=DASHES[1 + series.colour % 3])
            elif series.style == "kind":
                from .kinds.heap_map import KINDS
                handle = Patch(facecolor=KINDS[series.colour][2], edgecolor="#999999", linewidth=0.4)
            elif series.style == "area":
                handle = Patch(facecolor=fill_colour(series.colour), edgecolor="#999999", linewidth=0.4)
            elif series.style == "band":
                handle = Patch(facecolor=style["color"], alpha=0.18)
            elif series.style == "cross":
                handle = Line2D([], [], marker="x", color=style["color"], linestyle="none", markersize=6, markeredgewidth=1.5)
            elif series.style == "points":
                handle = Line2D([], [], marker=style["marker"], color=style["color"], linestyle="none", markersize=4.5)
            elif series.style in ("step", "bars"):
                handle = Line2D([], [], color=style["color"], linestyle=style["linestyle"], linewidth=1.2)
            else:
                handle = Line2D([], [], markersize=4, linewidth=1.2, markerfacecolor="white", **style)
            handle.set_label("\n".join(textwrap.wrap(series.name, most)))
            rank = {"kind": 0, "area": 0, "theory": 2}.get(series.style, 1)
            seen[key] = (rank, series.colour, len(seen), handle)
    return [entry[-1] for entry in sorted(seen.values(), key=lambda entry: entry[:3])]


def numbers(panel, which):
    axis = panel.x if which == "x" else panel.y
    values, stack, last = [], None, None
    for series in panel.series:
        if which == "x":
            values += series.x
            continue
        if series.style == "area":
            if last != series.x:
                last, stack = series.x, [0.0] * len(series.x)
            stack = [a + (b or 0) for a, b in zip(stack, series.y)]
            values += stack + [0.0]
            continue
        values += series.y + (series.lo or []) + (series.hi or []) + ([0.0] if series.style == "bars" else [])
    return [v for v in values if v is not None and not (axis.scale in ("log2", "log10") and v <= 0)]


def draw(chart):
    from matplotlib import pyplot

    panels = chart.panels or []
    count = max(len(panels), 1)
    columns = min(chart.columns or 3, count)
    rows = -(-count // columns)
    strips = any(panel.strips for panel in panels)
    heats = [panel.heat for panel in panels if panel.heat]
    right = RIGHT + (0.75 if heats else 0)
    width = max(LEFT + columns * chart.width + (columns - 1) * GAP + right, 3.6)
    titles = [textwrap.wrap(panel.title, int(chart.width * 13)) for panel in panels] or [[]]
    heights, tops = [], []
    for row in range(rows):
        members = panels[row * columns:(row + 1) * columns]
        tops.append(0.1 + TITLE_LINE * max([len(t) for t in titles[row * columns:(row + 1) * columns]], default=1))
        turned = any(p.x.scale == "categories" and 0.065 * max(map(len, p.x.labels), default=1)
                     > chart.width / max(1, len(p.x.labels)) for p in members)
        below = 0.46 + (0.032 * max([max(map(len, p.x.labels), default=1) for p in members if p.x.scale == "categories"],
                                    default=1) if turned else 0)
        heights.append((max([p.height for p in members], default=2.3), below))
    handles = legend_entries(chart, int((width - 0.9) / 0.072)) if panels else []
    labels = [handle.get_label().split("\n") for handle in handles]
    longest = max([len(line) for lines in labels for line in lines], default=1)
    legend_columns = max(1, min(len(handles), int((width - 0.2) / (0.72 + 0.072 * longest))))
    lines_of = max(map(len, labels), default=1)
    legend_height = (LEGEND_LINE + 0.13 * (lines_of - 1)) * -(-len(handles) // legend_columns) + (
        (0.22 if chart.legend else 0.06) if handles else 0.02)
    head = textwrap.wrap(chart.title, int(width * 11))
    head_height = 0.1 + 0.19 * len(head)
    sentences = list(chart.caption)
    caption_width = int(width * 18.2)
    caption_height = 0.12 + CAPTION_LINE * (len(textwrap.wrap(" ".join(s for s in sentences if s), caption_width)) + 1)
    height = head_height + sum(tops) + sum(h + b for h, b in heights) + legend_height + caption_height

    figure = pyplot.figure(figsize=(width, height))
    figure.text(0.1 / width, (height - 0.08) / height, "\n".join(head), fontsize=10, va="top", weight="bold", linespacing=1.2)
    left_out, mesh = 0, None
    span = heat_span(heats)
    top = height - head_height
    for row in range(rows):
        panel_height, below = heights[row]
        top -= tops[row]
        bottom = top - panel_height
        for column in range(columns):
            index = row * columns + column
            if index >= len(panels):
                break
            panel = panels[index]
            own = bottom + panel_height - panel.height
            axes = figure.add_axes([(LEFT + column * (chart.width + GAP)) / width, own / height, chart.width / width,
                                    panel.height / height])
            left_out += draw_panel(figure, axes, panel, chart, titles[index], span) or 0
            mesh = mesh or getattr(axes, "pinlab_mesh", None)
        top = bottom - below
    if mesh is not None:
        bar = figure.add_axes([(width - right + 0.12) / width, (height - head_height - tops[0] - heights[0][0]) / height,
                               0.14 / width, heights[0][0] / height])
        colours = figure.colorbar(mesh, cax=bar)
        if heats[0].unit == "share":
            ticks = nice_steps(span[0], span[1], 6, (1, 2, 2.5, 5))
            colours.set_ticks(ticks, labels=[f"{tick * 100:.6g}" for tick in ticks])
        bar.tick_params(labelsize=7)
        colours.set_label(heats[0].label, fontsize=7.5)
    if handles:
        figure.legend(handles=handles, loc="lower left", ncol=legend_columns, fontsize=8, frameon=False, borderpad=0,
                      title=chart.legend or None, title_fontsize=8, alignment="left", handlelength=2.6, borderaxespad=0,
                      columnspacing=1.6, bbox_to_anchor=(0.1 / width, (caption_height + 0.02) / height))
    if left_out:
        sentences.append(f"{left_out} {'point has' if left_out == 1 else 'points have'} no label for want of room: the CSV names all.")
    caption = textwrap.wrap(" ".join(s for s in sentences if s), caption_width)
    figure.text(0.1 / width, (caption_height - 0.06) / height, "\n".join(caption), fontsize=7, va="top", linespacing=1.25,
                color="#333333")
    return figure


def heat_span(heats):
    values = [v for heat in heats for row in heat.values for v in row if v is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    low = min(low, 0.0)
    return (low, high) if high > low else (low, low + 1.0)


def draw_panel(figure, axes, panel, chart, title, span):
    axes.tick_params(labelsize=7.5, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_title("\n".join(title), fontsize=8.5, loc="left", pad=4)
    axes.set_xlabel(panel.x.label, fontsize=8)
    axes.set_ylabel("\n".join(textwrap.wrap(panel.y.label, int(panel.height * 15)))[:200], fontsize=8)
    axes.yaxis.set_label_coords(-(0.6 if panel.y.unit in ("bytes", "ns") else 0.47) / chart.width, 0.5)
    if panel.strips is not None:
        panel.strips.draw(axes, panel, chart.width)
        return 0
    x_values, y_values = numbers(panel, "x"), numbers(panel, "y")
    if panel.heat:
        axes.pinlab_mesh = draw_heat(figure, axes, panel, chart.width, panel.height, span)
    else:
        axes.grid(axis="both", color="#e4e4e4", linewidth=0.5)
        stack = {"x": None, "y": []}
        for series in panel.series:
            draw_series(axes, series, panel, stack)
    if panel.x.scale == "percentile":
        dress_percentiles(axes, x_values)
    else:
        dress(axes, "x", panel.x, x_values, chart.width)
    dress(axes, "y", panel.y, y_values, panel.height)
    if not x_values and not panel.heat:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.text(0.5, 0.5, "\n".join(textwrap.wrap(panel.note or "nothing was measured", 34)), transform=axes.transAxes,
                  ha="center", va="center", fontsize=8, color=GREY)
    return label_points(axes, panel, chart.width, panel.height)
