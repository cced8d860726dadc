"""What is to be seen, apart from who draws it: a chart is panels of series, a caption and a table. The sheet draws
it with matplotlib, the page with d3; neither knows what it means."""

from dataclasses import dataclass, field
from typing import Any, Optional


@dataclass
class Axis:
    """unit: bytes, ns, share (0 to 1, shown as %), ratio, count, percentile. scale: linear, log2, log10, symlog,
    percentile (1 / (1 - p), logarithmic), categories (positions 0, 1, ... with `labels`)."""
    label: str
    unit: str = "count"
    scale: str = "linear"
    labels: list = field(default_factory=list)
    least: Optional[float] = None
    most: Optional[float] = None


@dataclass
class Series:
    """style: line, step, area (stacked on the one before), points, bars, cross (did not complete), theory (of no
    run: thin, dashed), band (lo to hi alone). `colour` and `marker` count up; the theory is black. `texts`: labels
    at points. `keys`: the parameters by which a reader filters, by value."""
    name: str
    x: list
    y: list
    lo: Optional[list] = None
    hi: Optional[list] = None
    style: str = "line"
    colour: int = 0
    texts: Optional[list] = None
    tips: Optional[list] = None
    sizes: Optional[list] = None
    keys: dict = field(default_factory=dict)
    in_legend: bool = True


@dataclass
class Heat:
    """A grid of colours: values[row][column] or None; contours at levels, drawn between 2 x 2 cells that are all
    known."""
    columns: list
    rows: list
    values: list
    label: str
    unit: str = "share"
    levels: list = field(default_factory=list)


@dataclass
class Panel:
    title: str
    x: Axis
    y: Axis
    series: list = field(default_factory=list)
    heat: Optional[Heat] = None
    strips: Optional[Any] = None  # a heap map: see kinds/heap_map.py
    height: float = 2.3  # inches
    keys: dict = field(default_factory=dict)
    note: str = ""  # in the middle of an empty panel


@dataclass
class Chart:
    kind: str
    title: str
    panels: list
    caption: list  # sentences
    header: list  # of the table
    rows: list
    columns: int = 0  # panels side by side; 0: as many as there are, up to 3
    width: float = 3.4  # of a panel, inches
    legend: str = ""  # its title
    findings: list = field(default_factory=list)  # in words


def bytes_text(value):
    """3 digits and a binary unit."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{sign}{value:.3g} {unit}" if value < 1000 else f"{sign}{value:.0f} {unit}"
        value /= 1024
    return ""


def time_text(value):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} ns"


def percent_text(value):
    return f"{value * 100:.3g} %"


def value_text(value, unit):
    if value is None:
        return "-"
    if unit == "bytes":
        return bytes_text(value)
    if unit == "ns":
        return time_text(value)
    if unit in ("share", "percentile"):
        return f"{value * 100:.6g} %"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
