"""pinlab plot: pictures from the records of pinlab run, and from the folders of pinlab sweep.

  pinlab plot pauses timeline run.json                           pauses.svg and timeline.svg, here
  pinlab plot --kind=pins out/*.json --out=pins.png
  pinlab plot --kind=heap_map,timeline run.json --out=pictures/ --format=svg,png
  pinlab plot space_time sweep/ --where=workload=lru_churn --out=price.svg

Kinds, as words before the records or as --kind with commas; all: those that the records hold what they need for:
KINDS
--out is a folder (default: this one), where files have the names of the kinds, or, with one kind, FILE.svg or
FILE.png. The figures of a picture stand beside it, in a CSV of the same name. The same records give the same bytes
of SVG and CSV, in whatever order they are named. A run that ended in another outcome than completed is drawn as a
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

import pinlab_output
from pinlab_failure import did_you_mean

from . import registry, sheet
from .failure import Failure
from .outputs import Outputs
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
            parser.error(f"{what} {word} is not known" + (did_you_mean(word, known, 0.4) or "; there are: " + ", ".join(known)))
    if not words:
        parser.error(f"{what} is empty; there are: " + ", ".join(known))
    return list(dict.fromkeys(words))


def split_words(words, known, parser):
    """(kinds, records): the kinds are the words before the first that is neither one nor near one. A file or a
    folder of the name of a kind is named ./NAME."""
    kinds = []
    for place, word in enumerate(words):
        near = difflib.get_close_matches(word, known, 1, 0.6)
        if word not in known and (not near or os.path.exists(word) or "." in word or "/" in word):
            return kinds, words[place:]
        kinds.append(word)
    parser.error("no records are named" + (f", only kinds: {', '.join(kinds)}" if kinds else ""))


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
    for row in dict.fromkeys(map(tuple, chart.rows)):  # what has no pins may stand in several panels
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
    pinlab_output.refuse(every, records)
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
                    outputs.leave_out(path)
                continue
            for form, path in paths[name].items():
                if form == "csv":
                    outputs.file(path).write(table.encode("utf-8"))
                else:
                    sheet.save(figure, outputs.file(path), form)
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
    several = len(kinds) > 1 or options.everything
    if ending and not several and ending not in FORMATS and not os.path.isdir(options.out):
        parser.error(f"--out {options.out} ends in neither .svg nor .png")
    if ending in FORMATS:
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
                                     usage="pinlab plot [KIND...|--kind=KIND,...] RECORDS... [--out=FILE.svg|FOLDER] "
                                           "[--format=svg,png] [--where=NAME=VALUE,...]")
    parser.add_argument("words", nargs="+", metavar="KIND... RECORDS",
                        help="which pictures; then what pinlab run --out wrote, or folders of pinlab sweep")
    parser.add_argument("--kind", help="which pictures, instead of words (default pins)")
    parser.add_argument("--out", default=".", help="where to: a file, or a folder (default: this one)")
    parser.add_argument("--format", help="svg, png or both (default: as --out ends, else svg)")
    parser.add_argument("--where", action="append", default=[], metavar="NAME=VALUE,...",
                        help="only records whose parameter has one of these values; may be repeated")
    options = parser.parse_intermixed_args(arguments)
    words, records = split_words(options.words, [*registry.kinds(), "all"], parser)
    if words and options.kind is not None:
        parser.error(f"--kind={options.kind} and the kinds {', '.join(words)} are both given: one way is enough")
    asked = options.kind or ",".join(words) or "pins"
    options.everything = asked == "all"
    kinds = registry.kinds() if options.everything else words_of(asked, registry.kinds(), "kind", parser)
    formats = words_of(options.format, FORMATS, "format", parser) if options.format is not None else []
    conditions = conditions_of(options.where, parser)
    write_pictures(records, kinds, paths_of(options, kinds, formats, parser), conditions, options.everything)


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
