"""Which runs belong together: repetitions (equal but for the seed), what tells groups apart, and names for them."""

import os

from .failure import Failure
from .records import size_of

SHORT = {"workload": "", "workload.trace": "", "plan": ""}  # values that say themselves what they are


def lifetime_order(lifetime):
    """Fixed lengths first, by length; other distributions; scope, object, forever."""
    words = ["fixed", "uniform", "exp", "pareto", "scope", "object", "forever"]
    kind = lifetime.split("(")[0]
    units = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
    lengths = []
    for word in lifetime[len(kind):].strip("()").split(","):
        unit = word.lstrip("0123456789.")
        number = word[:len(word) - len(unit)]
        lengths.append(float(number) * units.get(unit, 1) if number else 0.0)
    return (words.index(kind) if kind in words else len(words), lengths, lifetime)


def trace_name(path):
    name = os.path.basename(path)
    for ending in (".zst", ".gz", ".raw"):
        name = name[:-len(ending)] if name.endswith(ending) else name
    return name


def program_names(configurations):
    """For each configuration the name of its program: the trace where there is one, as short as it is unique."""
    programs = sorted({(c["workload"], c.get("workload.trace", "")) for c in configurations})
    names = {}
    for workload, trace in programs:
        name = trace_name(trace) or workload
        twins = [p for p in programs if p[0] == workload and trace_name(p[1]) == trace_name(trace)]
        names[workload, trace] = name if len(twins) == 1 else trace
    return [names[c["workload"], c.get("workload.trace", "")] for c in configurations]


def natural(text):
    """Sizes by size, numbers by number, lifetimes by length, everything else by letter."""
    try:
        return (0, float(size_of(text)), [], text)
    except (KeyError, ValueError):
        if "(" in text or text in ("scope", "object", "forever"):
            order = lifetime_order(text)
            return (1, float(order[0]), order[1], text)
        return (2, 0.0, [], text)


def differing(configurations):
    keys = sorted({key for c in configurations for key in c})
    return [key for key in keys if len({c.get(key) for c in configurations}) > 1]


def share_text(text):
    return f"{float(text) * 100:.6g} %"


def say(key, value):
    """A parameter in words, short where the value speaks for itself."""
    if value is None:
        return f"{key} none"
    if key == "pin.share":
        return f"{share_text(value)} pinned" if float(value) > 0 else "no pins"
    if key == "pin.lifetime":
        return f"lifetime {value}"
    if key == "workload.trace":
        return trace_name(value)
    return value if key in SHORT else f"{key} {value}"


class Group:
    """Runs that are equal but for the seed, and but for the parameters that a picture has on an axis."""

    def __init__(self, configuration, runs):
        self.configuration = configuration
        self.runs = runs
        self.keys = {}  # of the parameters, those that tell groups apart
        self.name = ""

    def sort_key(self):
        return [natural(str(value)) for value in self.keys.values()]


def without_pins(configuration):
    """Where nothing is pinned, how it would have been pinned makes no difference."""
    if all(float(configuration.get(key, 0) or 0) == 0 for key in ("pin.share", "pin.count", "pin.rate")):
        return {key: value for key, value in configuration.items() if not key.startswith("pin.") or key == "pin.share"}
    return configuration


def groups_of(runs, on_axes=()):
    """Groups, each with the parameters that differ and a name of them, in natural order."""
    by_configuration = {}
    for run in runs:
        configuration = {k: v for k, v in without_pins(run.configuration()).items() if k not in on_axes}
        by_configuration.setdefault(tuple(sorted(configuration.items())), []).append(run)
    groups = [Group(dict(key), members) for key, members in by_configuration.items()]
    varied = [key for key in differing([g.configuration for g in groups]) if key != "workload.names" and not (
        key.startswith("pin.") and len({g.configuration[key] for g in groups if key in g.configuration}) == 1)]
    programs = program_names([g.configuration for g in groups]) if groups else []
    if len(set(programs)) > 1:  # what belongs to the program, its name says
        varied = [key for key in varied if key not in ("workload", "workload.trace")]
    for group, program in zip(groups, programs):
        group.program = program
        if len(set(programs)) > 1:
            group.keys["program"] = program
        own = [key for key in varied if not determined_by_program(key, groups, programs)]
        group.keys.update({key: group.configuration.get(key, "none") for key in own})
        words = [program] if len(set(programs)) > 1 else []
        words += [say(key, group.configuration[key]) for key in own if key in group.configuration]
        group.name = ", ".join(words) or program
        group.keys = {key: str(value) for key, value in group.keys.items()}
    return sorted(groups, key=Group.sort_key)


def determined_by_program(key, groups, programs):
    """Whether the program alone decides the value: then its name is enough."""
    values = {}
    for group, program in zip(groups, programs):
        values.setdefault(program, set()).add(group.configuration.get(key))
    return len(values) > 1 and all(len(some) == 1 for some in values.values())


def split_by(panels, key):
    """Each panel by the values of the key; what has no pins belongs to every value of how one pins."""
    split = {}
    for held, members in panels:
        everywhere = [g for g in members if key.startswith("pin.") and key not in g.configuration]
        everywhere = [] if len(everywhere) == len(members) else everywhere
        for group in members:
            if group not in everywhere:
                values = {**held, key: group.keys.get(key)}
                split.setdefault(tuple(values.items()), [*everywhere]).append(group)
    return [(dict(values), members) for values, members in split.items()]


def numbered(members, held, numbers):
    """(number, group) each; `numbers`, by name, are those that the panels before gave: equal names look alike."""
    return [(numbers.setdefault(name_within(group, held), len(numbers)), group) for group in members]


def split_panels(groups, most_lines, most_panels, what, one_program=False):
    """Groups as panels of at most `most_lines` each, on request of one program: split by the parameters that differ,
    programs first."""
    panels = [({}, groups)]
    while any(len(members) > most_lines or (one_program and len({g.program for g in members}) > 1) for _, members in panels):
        keys = [key for key in groups[0].keys if key not in panels[0][0]
                and any(len({g.keys.get(key) for g in members}) > 1 for _, members in panels)]
        if not keys:
            break
        splits = [split_by(panels, key) for key in keys]
        # What leaves no panel too full, in as few as possible.
        panels = min(splits, key=lambda split: (next(reversed(split[0][0])) != "program",
                                                any(len(members) > most_lines for _, members in split), len(split)))
    if len(panels) > most_panels:
        raise Failure(3, f"{what} would have {len(panels)} panels, and more than {most_panels} make no readable picture: "
                         "choose records with --where=NAME=VALUE. They differ in "
                         + ", ".join(f"{key} ({len({g.keys.get(key) for g in groups})} values)" for key in groups[0].keys))
    panels.sort(key=lambda panel: [natural(str(value)) for value in panel[0].values()])
    return panels


def name_within(group, held):
    """What tells a group from the others of its panel."""
    words = [value if key == "program" else say(key, group.configuration.get(key, value))
             for key, value in group.keys.items() if key not in held]
    return ", ".join(word for word in words if word != "lifetime none") or group.program


def panel_title(held, groups):
    words = [value if key == "program" else say(key, value) for key, value in held.items() if value != "none"]
    return ", ".join(words) or ("" if len(groups) != 1 else groups[0].name)


def seeds_sentence(runs):
    seeds = sorted({run.seed for run in runs}, key=lambda text: (len(text), text))
    shown = ", ".join(seeds) if len(seeds) <= 6 else f"{seeds[0]} to {seeds[-1]}"
    return (f"n = {len(runs)} {'run' if len(runs) == 1 else 'runs'}, {'seeds' if len(seeds) > 1 else 'seed'} {shown}.")


FIXED = ["plan", "nursery.route", "old.route", "gap.reuse", "heap.max", "heap.block", "nursery.size", "compact.effort",
         "pin.shape", "pin.spread", "pin.age"]


def fixed_sentence(runs, without=()):
    if not runs:
        return "There is no run to show."
    same = []
    programs = set(program_names([run.configuration() for run in runs]))
    if len(programs) == 1:
        same.append(next(iter(programs)))
    for key in FIXED + ["pin.share", "pin.lifetime"]:
        values = {run.parameters.get(key) for run in runs}
        if len(values) == 1 and key not in without and None not in values:
            value = next(iter(values))
            if key == "pin.lifetime" and all(float(run.parameters.get("pin.share", 0)) == 0 for run in runs):
                continue
            same.append(say(key, value))
    return "Held fixed: " + ", ".join(same) + "." if same else ""


def outcome_sentence(runs):
    ended = {}
    for run in runs:
        if not run.completed:
            ended[run.outcome] = ended.get(run.outcome, 0) + 1
    return "" if not ended else ("Did not complete: " + ", ".join(f"{name} {count}" for name, count in sorted(ended.items()))
                                 + ".")
