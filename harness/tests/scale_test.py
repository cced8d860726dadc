"""A heap of 4 GiB with a million pins at a time, verified after every collection: scale_test.py PINLAB"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PINLAB = sys.argv[1]
NEEDS_KIB = 8 << 20


def available_kib():
    lines = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))


class Scale(unittest.TestCase):
    def test_four_gib_and_a_million_pins_at_once(self):
        if available_kib() < NEEDS_KIB:
            self.skipTest("SKIPPED: 8 GiB of memory are not available")
        with tempfile.TemporaryDirectory(prefix="pinlab_scale_") as folder:
            out = pathlib.Path(folder) / "record.json"
            done = subprocess.run(
                [PINLAB, "run", "--workload=lru_churn", "--workload.slots=6000000", "--workload.replacements=3000000",
                 "--heap.max=4GiB", "--pin.count=1000000", "--verify=full", "--record.sites=0", f"--out={out}"],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            exact = json.loads(out.read_text())["summary"]["exact"]
        self.assertEqual(exact["pins"]["peak"], 1_000_000)
        self.assertGreater(exact["pins"]["made"], 1_400_000)
        self.assertGreater(exact["live"]["last"], 3 << 30)
        self.assertGreaterEqual(exact["collections"]["full"], 2)
        self.assertGreater(exact["moved"], 1 << 30)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
