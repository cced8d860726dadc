"""The rooms of the house: a folder includes itself and the folders below it, and nothing else."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHAIN = ["heap", "pinning", "collector", "workloads", "harness"]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def sources():
    for room in CHAIN:
        for path in sorted((ROOT / room).rglob("*.[ch]pp")):
            if "examples/outside" not in path.as_posix():  # a project of its own
                yield room, path


class Rooms(unittest.TestCase):
    def includes(self):
        for room, path in sources():
            for quote, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
                yield room, path.relative_to(ROOT).as_posix(), quote, name

    def test_a_room_includes_itself_and_those_below(self):
        seen = 0
        for room, path, _, name in self.includes():
            other = name.split("/")[0]
            if other in CHAIN:
                seen += 1
                self.assertLessEqual(CHAIN.index(other), CHAIN.index(room), f"{path} includes {name}")
        self.assertGreater(seen, 500)

    def test_own_headers_are_named_from_the_root(self):
        made = re.compile(r"^[a-z_/]+\.inc$|^[a-z_]+\.hpp$")  # meson makes these, and those with an .in
        for _, path, quote, name in self.includes():
            if quote == '"' and not made.match(name):
                there = (ROOT / name).is_file() or (ROOT / f"{name}.in").is_file()
                self.assertTrue(there, f"{path} includes {name}")

    def test_a_policy_is_one_short_file(self):
        registries = ["heap/gap_reuse", "pinning/spreads", "collector/nursery_routes", "collector/old_routes",
                      "collector/compact_rules", "collector/plans"]
        seen = 0
        for folder in registries:
            for path in sorted((ROOT / folder).glob("*.cpp")):
                if path.stem != path.parent.name:  # the registry itself
                    seen += 1
                    lines = len(path.read_text(encoding="utf-8").splitlines())
                    self.assertLess(lines, 150, f"{path.relative_to(ROOT)} is too long for a policy")
        self.assertGreater(seen, 35)

    def test_only_the_harness_knows_json(self):
        for room, path, _, name in self.includes():
            if name.startswith("nlohmann/"):
                self.assertEqual(room, "harness", f"{path} includes {name}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
