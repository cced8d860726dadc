"""Comparisons as text, Markdown, JUnit and JSON."""

import json
import xml.etree.ElementTree as xml

import pinlab_comparison as comparison
from pinlab_failure import count

MOST_ROWS = 40


def figure(value):
    return "-" if value is None else str(value)


def table(rows, most=MOST_ROWS):
    """Findings as aligned columns: those that are gated first."""
    rows = sorted(rows, key=lambda row: not row.gated)
    lines = [["verdict", "metric", "base", "new", "change", "cell"]]
    for row in rows[:most]:
        verdict = row.verdict if row.gated else f"({row.verdict})"
        lines.append([verdict, row.metric, figure(row.base), figure(row.new), row.change(), row.cell])
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    text = ""
    for line, row in zip(lines, [None, *rows]):
        text += "  ".join(cell.ljust(width) for cell, width in zip(line, widths)) + "  " + line[5] + "\n"
        if row is not None and row.note:
            text += "    " + row.note + "\n"
    if len(rows) > most:
        text += f"and {len(rows) - most} more; --markdown and --json have all\n"
    return text


def summary(result, title):
    counts = {}
    for row in result.rows:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
    words = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))
    return (f"{title}: {count(len(result.pairing.pairs), 'cell')} of {result.base.path} and {result.new.path}, {count(len(result.rows), 'figure')}: "
            f"{words or 'nothing was measured'}\n")


def screen(result, title):
    text = summary(result, title)
    findings = result.findings()
    if findings:
        text += "\n" + table(findings)
        text += "\nFigures in parentheses are shown and not gated. The first of them again:\n"
        text += "  " + result.catalogue.command(sorted(findings, key=lambda row: not row.gated)[0].parameters) + "\n"
    for note in result.notes:
        text += f"note: {note}\n"
    return text


def markdown(result, title, verdict):
    text = f"# {title}: {verdict}\n\n{summary(result, 'Compared')}\n"
    findings = sorted(result.findings(), key=lambda row: not row.gated)
    if findings:
        text += "| verdict | metric | base | new | change | cell | note |\n|---|---|---:|---:|---:|---|---|\n"
        for row in findings:
            name = f"**{row.verdict}**" if row.gated else row.verdict
            cells = [name, row.metric, figure(row.base), figure(row.new), row.change(), f"`{row.cell}`", row.note]
            text += "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
        text += "\nTo see one of them again:\n\n```\n"
        for parameters in list({row.cell: row.parameters for row in findings}.values())[:10]:
            text += result.catalogue.command(parameters) + "\n"
        text += "```\n"
    for note in result.notes:
        text += f"\nNote: {note}.\n"
    return text


def junit(result, title):
    """A test case for each verdict; incomparable ones are errors, findings are failures."""
    suite = xml.Element("testsuite", name=title)
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    rows = result.rows or [comparison.Row("all", "cell", comparison.UNMEASURED, note="no cell is on both sides")]
    for row in rows:
        case = xml.SubElement(suite, "testcase", classname=f"{title}.{row.cell}", name=row.metric)
        counts["tests"] += 1
        passed = row.verdict == comparison.EQUAL or (row.sampled and row.verdict in (comparison.BETTER, comparison.UNCLEAR))
        if passed or not row.gated:
            continue
        wrong = row.verdict in (comparison.MISSING, comparison.UNMEASURED, comparison.BROKEN)
        counts["errors" if wrong else "failures"] += 1
        message = f"{row.verdict}: {figure(row.base)} to {figure(row.new)} {row.change()} {row.note}".strip()
        failure = xml.SubElement(case, "error" if wrong else "failure", message=message)
        failure.text = result.catalogue.command(row.parameters)
    for key, number in counts.items():
        suite.set(key, str(number))
    root = xml.Element("testsuites")
    root.append(suite)
    xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def as_json(result, code):
    rows = [{"cell": row.cell, "metric": row.metric, "verdict": row.verdict, "gated": row.gated, "base": row.base, "new": row.new,
             "note": row.note} for row in result.rows]
    return json.dumps({"schema": "pinlab/comparison/1", "base": result.base.path, "new": result.new.path, "code": code,
                       "notes": result.notes, "rows": rows}, indent=1) + "\n"
