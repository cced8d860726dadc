"""The table of failure cases names tests that are there."""
import pathlib
import re
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[2] / "collector" / "tests"
ROW = re.compile(r"^\| (F\d+) \|[^|]*\|([^|]*)\|[^|]*\|[^|]*\|$")


class Failures(unittest.TestCase):
    def test_each_row_names_a_test_that_names_it(self):
        seen = set()
        for line in (TESTS / "failures.md").read_text(encoding="utf-8").splitlines():
            row = ROW.match(line)
            if not row:
                continue
            number, tests = row.groups()
            self.assertNotIn(number, seen)
            seen.add(number)
            file = re.search(r"(\w+_test\.cpp)", tests).group(1)
            titles = re.findall(r'TEST_CASE\(\s*"([^"]*)"', (TESTS / file).read_text(encoding="utf-8"))
            named = [title for title in titles if re.search(rf"\b{number}\b", title)]
            self.assertTrue(named, f"{file} has no test that names {number}")
        self.assertEqual(seen, {f"F{number}" for number in range(1, 21)})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
