"""The kinds of pictures there are: the files of kinds/."""

import importlib
import os

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kinds")
FIRST = ["pins", "heap_map"]  # the rest by letter


def kinds():
    names = {name[:-3] for name in os.listdir(FOLDER) if name.endswith(".py") and not name.startswith("_")}
    return [name for name in FIRST if name in names] + sorted(names - set(FIRST))


def kind(name):
    return importlib.import_module(f"{__package__}.kinds.{name}")


def summary(name):
    return kind(name).SUMMARY
