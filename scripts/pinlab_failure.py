"""How commands of pinlab fail, and where the program is that started them."""

import difflib
import os
import sys

CODES = (130, 4, 7, 3, 6, 5, 1, 0)  # where several apply, the first


class Failure(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def count(number, noun):
    """3 pins, 1 pin."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def did_you_mean(name, names, likeness=0.6):
    """What a sentence about a wrong name ends with, if one of `names` is near it."""
    near = difflib.get_close_matches(name, names, 1, likeness)
    return f"; did you mean {near[0]}?" if near else ""


def gravest(codes):
    present = set(codes)
    return next(code for code in CODES if code in present or code == 0)


def say(error, program):
    print(f"pinlab {program}: {error}", file=sys.stderr)


def pinlab():
    program = os.environ.get("PINLAB")
    if not program:
        raise Failure(2, "start it as a command of pinlab (pinlab compare ...), or set PINLAB to the program")
    return program
