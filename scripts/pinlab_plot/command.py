"""pinlab plot: pictures from the records of pinlab run, and from the folders of pinlab sweep.

  pinlab plot out/*.json --out=pins.svg
  pinlab plot --kind=heap_map,timeline run.json --out=pictures/ --format=svg,png
  pinlab plot --kind=space_time sweep/ --where=workload=lru_churn --out=price.svg

Kinds (--kind, several with commas, or all: those that the records hold what they need for):
KINDS
With one kind --out is its file, FILE.svg or FILE.png; with several it is a folder, and files have the names of the
kinds. The figures of a picture stand beside it, in a CSV of the same name. The same records give the same bytes of
SVG and CSV, in whatever order they are named. A run that ended in another outcome than completed is drawn as a
cross, or named in the caption. Exit codes: 0 drawn, 2 usage, 3 a bad record, or one that lacks what the kind needs,
7 reading or writing failed, 130 interrupted.
"""

import argparse
import csv
import difflib
import io
import os
import signal
import sys

from . import registry, sheet
from .failure import Failure
from .outputs import Outputs, refuse_records
from .records import read_runs, select

FORMATS = ["svg", "png"]


def documentation():
    width = max(map(len, registry.kinds()))
    lines = [f"  {name:<{width}}  {registry.summary(name)}" for name in registry.kinds()]
    return __doc__.replace("KINDS", "\n".join(lines))


def words_of(text, known, what, parser):
    words = [word for word in text.split(",") if word]
    for word in words:
        if word not in known:
            near = difflib.get_close_matches(word, known, 1, 0.4)
            parser.error(f"{what} {word} is not known" + (f"; did you mean {near[0]}?" if near else "; there are: "
                                                          + ", ".join(known)))
    if not words:
        parser.error(f"{what} is empty; there are: " + ", ".join(known))
    return list(dict.fromkeys(words))


def conditions_of(texts, parser):
    conditions = []
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not name:
            parser.error(f"--where={text} is not NAME=VALUE or NAME=VALUE,VALUE")
        # Commas inside parentheses do not split a list.
        parts, depth, word = [], 0, ""
        for letter in values:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if letter == "," and depth == 0:
                parts.append(word)
                word = ""
            else:
                word += letter
        conditions.append((name, parts + [word]))
    return conditions


def table_text(chart):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(chart.header)
    for row in chart.rows:
        writer.writerow(["" if v is None else f"{v:.6f}" if isinstance(v, float) else v for v in row])
    return text.getvalue()


def picture_of(name, runs):
    """The figure and the text of its table."""
    kind = registry.kind(name)
    if hasattr(kind, "draw"):  # it has a sheet of its own
        return kind.draw(runs), kind.table_text(runs)
    chart = kind.chart(runs)
    return sheet.draw(chart), table_text(chart)


def write_pictures(records, kinds, paths, conditions, skip_lacking):
    """`paths`: for each kind the files by format, csv among them."""
    every = [path for files in paths.values() for path in files.values()]
    refuse_records(every, records)
    outputs = Outputs(every)  # before the work
    written = []
    try:
        runs = select(read_runs(records), conditions)
        sheet.start_matplotlib()
        from matplotlib import pyplot
        for name in kinds:
            try:
                figure, table = picture_of(name, runs)
            except Failure as failure:
                if not skip_lacking or failure.code != 3:
                    raise
                first = str(failure).split("\n", 1)[0]
                print(f"pinlab plot: no {name}: {first}", file=sys.stderr)
                for path in paths[name].values():
                    os.unlink(outputs.parts.pop(path))
                continue
            for form, path in paths[name].items():
                if form == "csv":
                    with open(outputs.parts[path], "w", encoding="utf-8", newline="") as file:
                        file.write(table)
                else:
                    sheet.save(figure, outputs.parts[path], form)
                written.append(path)
            pyplot.close(figure)
        if not written:
            raise Failure(3, "the records hold what no kind needs")
        outputs.place()
    except OSError as error:
        raise Failure(7, f"{error.filename or 'writing'}: {error.strerror}") from None
    finally:
        outputs.drop()
    print("wrote " + ", ".join(written))


def paths_of(options, kinds, formats_said, parser):
    stem, ending = os.path.splitext(options.out)
    ending = ending.lstrip(".")
    several = len(kinds) > 1 or options.kind == "all"
    if not several or ending in FORMATS:
        if ending not in FORMATS:
            parser.error(f"--out {options.out} ends in neither .svg nor .png")
        if several:
            parser.error(f"--out {options.out}: there are {len(kinds)} kinds, so it must be a folder")
        formats = formats_said or [ending]
        if ending not in formats:
            parser.error(f"--out ends in .{ending}, but --format says {options.format}")
        return {kinds[0]: {name: f"{stem}.{name}" for name in [*formats, "csv"]}}
    try:
        os.makedirs(options.out, exist_ok=True)
    except OSError as error:
        raise Failure(7, f"{options.out}: it cannot be made: {error.strerror}") from None
    return {kind: {name: os.path.join(options.out, f"{kind}.{name}") for name in [*(formats_said or ["svg"]), "csv"]}
            for kind in kinds}


def run(arguments):
    parser = argparse.ArgumentParser(prog="pinlab plot", description=documentation(), allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage="pinlab plot [--kind=KIND,...] RECORDS... --out=FILE.svg [--format=svg,png] "
                                           "[--where=NAME=VALUE,...]")
    parser.add_argument("records", nargs="+", metavar="RECORDS", help="what pinlab run --out wrote, or folders of pinlab sweep")
    parser.add_argument("--kind", default="pins", help="which pictures (default pins)")
    parser.add_argument("--out", required=True, help="where to: a file, or a folder where there are several kinds")
    parser.add_argument("--format", help="svg, png or both (default: as --out ends, else svg)")
    parser.add_argument("--where", action="append", default=[], metavar="NAME=VALUE,...",
                        help="only records whose parameter has one of these values; may be repeated")
    options = parser.parse_args(arguments)
    everything = options.kind == "all"
    kinds = registry.kinds() if everything else words_of(options.kind, registry.kinds(), "kind", parser)
    formats = words_of(options.format, FORMATS, "format", parser) if options.format is not None else []
    conditions = conditions_of(options.where, parser)
    write_pictures(options.records, kinds, paths_of(options, kinds, formats, parser), conditions, everything)


def main():
    """Runs, and turns what went wrong into sentences and an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if sys.argv[1:] == ["--inc"]:  # for the build: the list that `pinlab list plots` shows
        for name in registry.kinds():
            print(f'PINLAB_PLOT("{name}", "{registry.summary(name)}")')
        return 0
    return guarded("pinlab plot", lambda: run(sys.argv[1:]))


def guarded(program, work):
    try:
        work()
    except Failure as failure:
        for line in str(failure).split("\n"):
            print(f"{program}: {line}", file=sys.stderr)
        return failure.code
    except KeyboardInterrupt:
        return 130
    return 0
