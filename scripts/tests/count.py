#!/usr/bin/python3
"""Counts cases in meson's testlog.json and in logs of Python's unittest: the last line of scripts/test.

count.py TESTLOG.json UNITTEST.log... prints what failed, then "N passed, N failed"; exit code 1 if any failed.
A doctest or unittest program counts by its cases, any other test as one.
"""

import json
import re
import sys


def cases(output, good):
    """Passed and failed cases of one program, from the summary that its framework prints."""
    doctest = re.search(r"test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed", output)
    unittest = re.search(r"^Ran (\d+) tests? in", output, re.MULTILINE)
    if doctest:
        passed, failed = int(doctest[1]), int(doctest[2])
    elif unittest:
        ended = re.search(r"^FAILED \((.*)\)", output, re.MULTILINE)
        skipped = re.search(r"skipped=(\d+)", output)
        failed = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", ended[1])) if ended else 0
        passed = max(int(unittest[1]) - failed - (int(skipped[1]) if skipped else 0), 0)
    else:
        return (1, 0) if good else (0, 1)
    return (passed, failed) if good else (passed, max(failed, 1))


def main():
    passed = failed = 0

    def add(name, output, good):
        nonlocal passed, failed
        p, f = cases(output, good)
        passed, failed = passed + p, failed + f
        print(f"  {name}: {p} passed, {f} failed")

    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        for line in log:
            test = json.loads(line)
            if test["result"] == "SKIP":
                print(f"  {test['name']}: skipped")
            else:
                add(test["name"], test.get("stdout", "") + test.get("stderr", ""), test["result"] in ("OK", "EXPECTEDFAIL"))
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8", errors="replace") as log:
            output = log.read()
        add(path.rsplit("/", 1)[-1].removesuffix("_test.log"), output, re.search(r"^OK\b", output, re.MULTILINE) is not None)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


sys.exit(main())
