"""What a gate allows: pinlab gate --policy."""

import fnmatch

import pinlab_files
import pinlab_shapes
from pinlab_failure import Failure, did_you_mean


class Policy:
    """What is allowed. Without a file: no exact figure may change, and times are shown only."""

    def __init__(self, path=None):
        self.alpha, self.min_samples, self.on_missing, self.metrics = 0.003, 8, "fail", None
        self.path, self.text = path, None
        if path is None:
            return
        try:
            policy, self.text = pinlab_files.read_shaped(path, "pinlab/gate/1", pinlab_shapes.POLICY, "a policy is described in "
                                                         "pinlab gate --help")
        except pinlab_files.BadInput as error:
            raise Failure(3, str(error)) from None
        except OSError as error:
            raise Failure(7, f"{path}: {error.strerror}") from None
        self.alpha = policy.get("alpha", self.alpha)
        self.min_samples = policy.get("min_samples", self.min_samples)
        self.on_missing = policy.get("on_missing", self.on_missing)
        self.metrics = policy.get("metrics")
        if not 0 < self.alpha < 1:
            raise Failure(3, f"{path}:{pinlab_files.line_of(self.text, 'alpha')}: at alpha it is not between 0 and 1")

    def refuse_unknown_metrics(self, known):
        """A rule that can hold for nothing gates nothing. `known`: names and paths."""
        for index, rule in enumerate(self.metrics or []):
            if self.text is not None and not any(fnmatch.fnmatch(name, rule["name"]) for name in known):
                where = f"metrics[{index}].name"
                raise Failure(3, f"{self.path}:{pinlab_files.line_of(self.text, where)}: at {where} no metric is called "
                                 f"{rule['name']!r}" + did_you_mean(rule["name"], sorted(known)))

    def rule(self, metric, kind):
        """The rule of a metric, or None where it is not gated."""
        if self.metrics is None:
            return {} if kind == "exact" else None
        for rule in self.metrics:
            if rule["kind"] == kind and (fnmatch.fnmatch(metric.name, rule["name"]) or
                                         fnmatch.fnmatch(metric.path, rule["name"])):
                return rule
        return None

    @staticmethod
    def allows(rule, base, new):
        """Whether an exact change is explicitly allowed."""
        if not isinstance(base, (int, float)) or not isinstance(new, (int, float)):
            return False
        if "max_increase" in rule and new - base <= rule["max_increase"]:
            return True
        return "max_ratio" in rule and new <= base * rule["max_ratio"]


def effect(text):
    """0.1 of 10%."""
    if isinstance(text, (int, float)):
        return float(text)
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)
