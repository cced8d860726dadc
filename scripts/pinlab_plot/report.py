"""pinlab report: one HTML page from records and sweeps, to be opened from disk: findings in words, every picture to
explore, and the heap map as a film. Nothing is fetched: data, style, program and d3 are in the file.

  pinlab report out/*.json --out=report.html
  pinlab report sweep/ --where=plan=generational --out=report.html

What records do not hold is not shown, and named with the flag that would have recorded it. The film and the timeline
need runs with --record.heap_map=full and --record.collections=all; of many such runs the page takes those that held
most hostage, and says so. Exit codes: 0 written, 2 usage, 3 a bad record, 7 reading or writing failed, 130
interrupted.
"""

import argparse
import base64
import gzip
import html
import json
import os

import pinlab_output

from . import registry
from .command import conditions_of
from .failure import Failure
from .groups import groups_of
from .kinds.heap_map import KINDS, MOST_RUNS as MOST_FILMS
from .kinds.timeline import MOST_RUNS as MOST_TIMELINES
from .outputs import Outputs
from .records import read_runs, select

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page")
D3 = ["/usr/share/nodejs/d3/dist/d3.min.js", "/usr/share/javascript/d3/d3.min.js"]


def d3_text():
    for path in D3:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            if "d3js.org v5" in text[:200]:
                return text
    raise Failure(2, "d3 (version 5) is missing: scripts/setup installs it (the Debian package node-d3)")


def axis_json(axis):
    return {key: getattr(axis, key) for key in ("label", "unit", "scale", "labels", "least", "most")}


def panel_json(panel):
    series = [{key: getattr(one, key) for key in ("name", "x", "y", "lo", "hi", "style", "colour", "tips", "texts", "keys")}
              for one in panel.series]
    heat = panel.heat and {key: getattr(panel.heat, key) for key in ("columns", "rows", "values", "label", "unit", "levels")}
    return {"title": panel.title, "x": axis_json(panel.x), "y": axis_json(panel.y), "series": series, "heat": heat,
            "keys": panel.keys, "note": panel.note}


def most_hostage(runs, most):
    """At most so many of the runs, those that held most hostage; ties by order."""
    def peak(run):
        figure = run.exact("fragmentation.hostage")
        return figure["peak"] if figure else 0
    if len(runs) <= most:
        return runs
    chosen = sorted(runs, key=lambda run: -peak(run))[:most]
    return [run for run in runs if run in chosen]


def charts_of(runs):
    """(charts, sentences about what is not shown)."""
    charts, missing = [], []
    for name in registry.kinds():
        if name == "heap_map":
            continue
        own = runs
        if name == "timeline":
            own = most_hostage([run for run in runs if run.record.get("collections")] or runs, MOST_TIMELINES)
        if name == "ages":
            own = [run for run in runs if run.record.get("heap_maps") is not None] or runs
        if name == "survival":
            own = [run for run in runs if run.record.get("survival") is not None] or runs
        try:
            chart = registry.kind(name).chart(own)
        except Failure as failure:
            missing.append(f"{name}: {str(failure).splitlines()[0]}")
            continue
        note = f"{len(own)} of {len(runs)} runs: those that held most hostage. " if name == "timeline" and len(own) < len(runs) else ""
        charts.append({"kind": name, "title": chart.title, "summary": registry.summary(name),
                       "caption": note + " ".join(s for s in chart.caption if s), "findings": chart.findings,
                       "legend": chart.legend, "panels": [panel_json(panel) for panel in chart.panels]})
    return charts, missing


def films_of(runs):
    filmed = [run for run in runs if run.record.get("heap_maps")]
    if not filmed:
        return [], ["film: " + str(runs[0].lacks("it holds no maps of the heap", "with --record.heap_map=full, or =all"))]
    chosen = most_hostage(filmed, MOST_FILMS)
    missing = [] if len(chosen) == len(filmed) else [
        f"film: {len(chosen)} of {len(filmed)} runs with maps, those that held most hostage: choose others with --where"]
    films = []
    names = {run: group.name + (f", seed {run.seed}" if len(group.runs) > 1 else "")
             for group in groups_of(chosen) for run in group.runs}
    for run in chosen:
        films.append({"name": names[run], "record": run.name, "block": run.size("heap.block"),
                      "sites": [site["name"] for site in run.sites()],
                      "maps": run.record["heap_maps"]})
    return films, missing


def overview_of(runs, charts):
    outcomes = {}
    for run in runs:
        outcomes[run.outcome] = outcomes.get(run.outcome, 0) + 1
    programs = sorted({group.program for group in groups_of(runs)})
    sentences = [f"{len(runs)} {'run' if len(runs) == 1 else 'runs'} of {', '.join(programs)}: "
                 + ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items())) + "."]
    return sentences + [sentence for chart in charts for sentence in chart["findings"]]


def table_of(runs):
    rows = []
    for group in groups_of(runs):
        for run in sorted(group.runs, key=lambda run: run.seed.zfill(20)):
            hostage = run.exact("fragmentation.hostage")
            rows.append([group.name, run.seed, run.outcome, run.exact("used_peak"), hostage and hostage["peak"],
                         run.exact("space_overhead"), run.name])
    return rows


def page_of(runs):
    charts, missing = charts_of(runs)
    films, lacking = films_of(runs)
    data = {"overview": overview_of(runs, charts), "missing": lacking + missing, "charts": charts, "films": films,
            "kinds": KINDS, "runs": table_of(runs)}
    packed = base64.b64encode(gzip.compress(json.dumps(data, separators=(",", ":"), allow_nan=False).encode("utf-8"), 6,
                                            mtime=0)).decode("ascii")
    parts = {}
    for name in ("page.html", "page.css", "page.js", "film.js"):
        with open(os.path.join(PAGE, name), encoding="utf-8") as file:
            parts[name] = file.read()
    findings = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in data["overview"])
    text = parts["page.html"]
    for mark, value in (("{{findings}}", findings), ("{{style}}", parts["page.css"]), ("{{data}}", packed),
                        ("{{d3}}", d3_text().replace("</script", "<\\/script")), ("{{program}}", parts["page.js"] + parts["film.js"])):
        text = text.replace(mark, value, 1)
    return text


def run(arguments):
    parser = argparse.ArgumentParser(prog="pinlab report", description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", nargs="+", metavar="RECORDS", help="what pinlab run --out wrote, or folders of pinlab sweep")
    parser.add_argument("--out", required=True, metavar="FILE.html", help="where to")
    parser.add_argument("--where", action="append", default=[], metavar="NAME=VALUE,...",
                        help="only records whose parameter has one of these values; may be repeated")
    options = parser.parse_args(arguments)
    pinlab_output.refuse([options.out], options.records)
    outputs = Outputs([options.out])
    try:
        text = page_of(select(read_runs(options.records), conditions_of(options.where, parser)))
        outputs.file(options.out).write(text.encode("utf-8"))
        outputs.place()
    except OSError as error:
        raise Failure(7, f"{error.filename or options.out}: {error.strerror}") from None
    finally:
        outputs.drop()
    print(f"wrote {options.out}")
