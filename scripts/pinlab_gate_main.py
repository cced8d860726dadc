"""What pinlab compare and pinlab gate share: their command line, and what they write."""

import argparse
import json
import os
import re
import sys
import traceback

import pinlab_comparison as comparison
import pinlab_confirmation
import pinlab_failure
import pinlab_files
import pinlab_policy
import pinlab_output
import pinlab_reports
import pinlab_shapes
import pinlab_sides


class Arguments(argparse.ArgumentParser):
    """Names that are wrong are answered with the nearest right one, as those of pinlab itself."""

    def parse_args(self, words):
        names = sorted(self._option_string_actions)
        for word in words:
            name = word.partition("=")[0]
            if name.startswith("--") and name not in names:
                raise pinlab_failure.Failure(2, f"there is no option {name}" + pinlab_failure.did_you_mean(name, names))
        options, rest = self.parse_known_args(words)
        if rest:
            raise pinlab_failure.Failure(2, f"there is nothing to do with {rest[0]}")
        return options

    def error(self, message):
        choice = re.match(r"argument (\S+): invalid choice: '(.*)' \(choose from (.*)\)$", message)
        if choice:
            names = re.findall(r"[\w-]+", choice[3])
            message = f"{choice[1]}: {choice[2]} is none of {', '.join(names)}" + pinlab_failure.did_you_mean(choice[2], names)
        raise pinlab_failure.Failure(2, message)


def read_noise(path):
    if path is None:
        return {}
    try:
        noise, _ = pinlab_files.read_shaped(path, "pinlab/noise/1", pinlab_shapes.NOISE, "pinlab calibrate --out writes it")
    except OSError as error:
        raise pinlab_failure.Failure(7, f"{path}: {error.strerror}") from None
    return {name: entry["noise"] for name, entry in noise["metrics"].items()}


def sides(operands):
    if len(operands) == 2:
        return operands
    if len(operands) == 1 and all(os.path.isdir(os.path.join(operands[0], arm)) for arm in ("base", "new")):
        return [os.path.join(operands[0], "base"), os.path.join(operands[0], "new")]
    if len(operands) == 1 and not os.path.exists(operands[0]):
        raise pinlab_failure.Failure(7, f"{operands[0]}: No such file or directory")
    raise pinlab_failure.Failure(2, "name two sweeps, or the folder of pinlab sweep --against")


def parse(program, words):
    parser = Arguments(add_help=False, allow_abbrev=False)
    parser.add_argument("operands", nargs="*")
    for name in ("alpha", "min-samples", "noise", "ignore", "policy", "markdown", "junit", "json", "canary"):
        parser.add_argument("--" + name)
    if program == "gate":
        parser.add_argument("--confirm")
    return parser.parse_args(["--confirm=" if word == "--confirm" else word for word in words])


def policy_of(options):
    policy = pinlab_policy.Policy(options.policy)
    try:
        policy.alpha = float(options.alpha) if options.alpha else policy.alpha
        policy.min_samples = int(options.min_samples) if options.min_samples else policy.min_samples
    except ValueError:
        raise pinlab_failure.Failure(2, "--alpha is a number, --min-samples a whole number") from None
    if not 0 < policy.alpha < 1 or policy.min_samples < 2:
        raise pinlab_failure.Failure(2, "--alpha lies between 0 and 1, --min-samples is at least 2")
    return policy


def canary_of(text, policy, noise):
    if text is None:
        return None
    paths = text.split(",")
    if len(paths) != 2 or not all(paths):
        raise pinlab_failure.Failure(2, "--canary needs two sweeps of one build: THEN,NOW")
    return comparison.Canary(*map(pinlab_sides.Side, paths), policy, noise)


def run(program, words):
    options = parse(program, words)
    base, new = sides(options.operands)
    read = [base, new, *options.operands, options.noise, options.policy, *(options.canary or "").split(",")]
    pinlab_output.refuse([options.markdown, options.junit, options.json], read)
    policy = policy_of(options)
    noise = read_noise(options.noise)
    ignored = options.ignore.split(",") if options.ignore else []
    result = comparison.Comparison(pinlab_sides.Side(base), pinlab_sides.Side(new), policy, noise, ignored,
                                   canary=canary_of(options.canary, policy, noise))
    if getattr(options, "confirm", None) is not None:
        if not options.confirm and len(options.operands) != 1:
            raise pinlab_failure.Failure(2, "--confirm=FOLDER: where it measures again")
        pinlab_confirmation.confirm(result, options.confirm or os.path.join(options.operands[0], "confirm"))
    code = result.code
    if program == "compare" and code == 1:
        code = 0
    verdict = {0: "passed", 1: "failed", 4: "not repeatable", 6: "incomparable"}[result.code]
    title = "pinlab " + program
    for path, text in ((options.markdown, lambda: pinlab_reports.markdown(result, title, verdict)),
                       (options.junit, lambda: pinlab_reports.junit(result, title)),
                       (options.json, lambda: pinlab_reports.as_json(result, code))):
        if path:
            pinlab_output.write(path, text())
    sys.stdout.write(pinlab_reports.screen(result, title))
    if program == "gate":
        print(f"gate: {verdict}")
    sys.stdout.flush()
    return code


def main(program, lesson, function=run):
    words = sys.argv[1:]
    if "--help" in words or "-h" in words:
        print(lesson.strip())
        return 0
    try:
        return function(program, words)
    except pinlab_failure.Failure as failure:
        pinlab_failure.say(failure, program)
        return failure.code
    except BrokenPipeError:  # the reader went away; what was asked for in files is written
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0 if program != "gate" else 7
    except KeyboardInterrupt:
        return 130
    except (pinlab_files.BadInput, json.JSONDecodeError) as error:
        pinlab_failure.say(error, program)
        return 3
    except Exception:  # exit code 1 would be a verdict
        traceback.print_exc()
        pinlab_failure.say("this is a bug of pinlab", program)
        return 4
