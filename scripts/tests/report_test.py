#!/usr/bin/python3
"""Tests of pinlab report: the page in a real headless Chromium. Without one the tests are skipped, and say so."""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
REPORT = HERE.parent / "pinlab-report"
sys.path.insert(0, str(HERE))
from plot_kinds_test import contest, fitting, heap_map, record  # noqa: E402

CHROMIUM = shutil.which("chromium")
HAS_BROWSER = bool(CHROMIUM and shutil.which("chromedriver") and importlib.util.find_spec("selenium"))
NO_BROWSER = "SKIPPED, NOT PASSED: the page was not opened, apt-get install chromium chromium-driver python3-selenium"


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, records):
        names = []
        for i, one in enumerate(records):
            path = self.folder / f"r{i:03}.json"
            path.write_text(json.dumps(one))
            names.append(str(path))
        return names

    def report(self, records, *words, expected=0):
        out = self.folder / "report.html"
        done = subprocess.run([REPORT, *self.write(records), f"--out={out}", *words], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(list(self.folder.glob(".*")), [])
        return out


class Pages(Files):
    def test_equal_records_give_equal_bytes_and_nothing_is_fetched(self):
        page = self.report(fitting("heat")).read_bytes()
        self.assertEqual(self.report(fitting("heat")).read_bytes(), page)
        text = page.decode()
        for mark in ('src="', "@import", "url(http", "<link rel=\"stylesheet"):
            self.assertNotIn(mark, text)

    def test_a_bad_record_is_exit_code_3_and_nothing_is_written(self):
        out = self.report([record(), {"schema": "other"}], expected=3)
        self.assertFalse(out.exists())
        self.assertEqual(self.report([record()], "--where=plan=nothing", expected=3).exists(), False)


@unittest.skipUnless(HAS_BROWSER, NO_BROWSER)
class Browser(Files):
    @classmethod
    def setUpClass(cls):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000",
                     "--disable-background-networking", "--proxy-server=127.0.0.1:1"):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        cls.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def open(self, records):
        page = self.report(records)
        self.driver.get(page.as_uri())
        for _ in range(300):
            if self.js("return document.documentElement.dataset.ready"):
                break
            time.sleep(0.05)
        self.assertIsNotNone(self.js("return document.documentElement.dataset.ready"), self.driver.get_log("browser"))
        return int(self.js("return document.documentElement.dataset.ready"))

    def tearDown(self):
        super().tearDown()
        self.assertEqual([line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"], [])

    def hover(self, pane, cell):
        """What the page says of a cell of a film's map."""
        return self.js("""
          const canvas = document.querySelectorAll(".pane canvas")[arguments[0]], box = canvas.getBoundingClientRect();
          const x = box.left + (arguments[1] % 128 + 0.5) / 128 * box.width;
          const y = box.top + (Math.floor(arguments[1] / 128) + 0.5) / (canvas.height / 6) * box.height;
          canvas.dispatchEvent(new MouseEvent("mousemove", {clientX: x, clientY: y, bubbles: true}));
          return document.getElementById("tip").textContent;""", pane, cell)

    def test_the_film_plays_and_its_numbers_are_the_records(self):
        one, two = record(seed="1"), record(seed="2")
        two["heap_maps"][-1]["islands"][0] = [3, 0, 7, 4242, 1000, 2000]
        self.open([one, two])
        self.js("const c = document.getElementById('clock'); c.value = c.max; c.dispatchEvent(new Event('input'))")
        text = self.hover(1, 3)
        last = two["heap_maps"][-1]
        self.assertIn("7 immovable objects of 4242 B; hostage (held) 0 B", text)
        self.assertIn(f"reader: 7 of 4242 B, aged {(last['clock'] - 2000) / 2**20:.3g} MiB", text)
        self.assertIn("2 immovable objects of 64 B", self.hover(0, 3))
        self.assertIn("hostage (held) 500 B", self.hover(0, 1))
        self.assertEqual(self.js("return document.querySelectorAll('.pane')[0].dataset.collection"), "7")
        self.js("const c = document.getElementById('clock'); c.value = 0; c.dispatchEvent(new Event('input'));"
                "document.querySelector('.controls select').value = '30'; document.getElementById('play').click()")
        time.sleep(1.0)
        self.assertEqual(self.js("return document.querySelectorAll('.pane')[1].dataset.collection"), "7")
        self.assertEqual(self.js("return document.getElementById('play').getAttribute('aria-pressed')"), "false")

    def test_a_site_shows_only_its_islands(self):
        self.open([record()])
        self.js("const c = document.getElementById('clock'); c.value = c.max; c.dispatchEvent(new Event('input'))")
        marked = "return Number(document.querySelector('.pane').dataset.marked)"
        self.assertEqual(self.js(marked), 2)
        self.js("document.querySelector('.sites button[data-site=\"0\"]').click()")
        self.assertEqual(self.js(marked), 1)
        self.js("document.querySelector('.sites button[data-site=\"0\"]').click()")
        self.assertEqual(self.js(marked), 2)

    def test_filters_filter_and_hover_tells_the_recorded_figures(self):
        self.open(fitting("heat"))
        count = "return document.querySelectorAll('#space_time .panel svg path').length"
        before = self.js(count)
        self.js("document.querySelector('#filters input[data-key=\"pin.share\"][value=\"0.01\"]').click()")
        self.assertLess(self.js(count), before)
        self.js("document.querySelector('#filters input[data-key=\"pin.share\"][value=\"0.01\"]').click()")
        self.assertEqual(self.js(count), before)
        self.open([record(hostage=3 * 2**20)])
        texts = self.js("""
          const svg = document.querySelector("#blame svg"), found = [];
          svg.focus();
          for (let i = 0; i < 4; ++i) {
            svg.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
            found.push(document.getElementById("tip").textContent);
          }
          return found;""")
        self.assertTrue(any("reader" in text and f"({3 * 2**20} B)" in text and "(4096 B)" in text for text in texts), texts)

    def test_zoom_by_keys_and_back(self):
        self.open([record()])
        script = """
          const svg = document.querySelector("#timeline svg"), ticks = () => [...svg.querySelectorAll(".tick text")].map(t => t.textContent).join();
          const press = key => svg.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
          const before = ticks(); press("+"); const zoomed = ticks(); press("0"); return [before, zoomed, ticks()];"""
        before, zoomed, after = self.js(script)
        self.assertNotEqual(before, zoomed)
        self.assertEqual(before, after)

    def test_both_schemes_and_the_keyboard(self):
        self.open([record()])
        scheme = "return getComputedStyle(document.body).backgroundColor"
        colours = [self.js(scheme)]
        self.js("document.getElementById('scheme').click()")
        colours.append(self.js(scheme))
        self.assertEqual(sorted(colours), ["rgb(22, 24, 28)", "rgb(255, 255, 255)"])
        text = self.js("""
          const canvas = document.querySelector(".pane canvas"), c = document.getElementById("clock");
          c.value = c.max; c.dispatchEvent(new Event("input")); canvas.focus();
          for (let i = 0; i < 3; ++i) canvas.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
          return document.getElementById("tip").textContent;""")
        self.assertIn("2 immovable objects of 64 B", text)
        self.js("document.getElementById('film').dispatchEvent(new KeyboardEvent('keydown', {key: ' ', bubbles: true}))")
        self.assertEqual(self.js("return document.getElementById('play').getAttribute('aria-pressed')"), "true")

    def test_nothing_runs_out_of_its_panel(self):
        self.open(fitting("heat") + [contest(n) for n in (16, 64)])
        wide = self.js("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.assertLessEqual(wide, 0)
        self.assertGreater(self.js("return document.querySelectorAll('#charts section').length"), 7)

    def test_ten_thousand_collections_and_512_maps_open_in_three_seconds(self):
        long = record(collections=10000, maps=False)
        long["heap_maps"] = [heap_map(i * 19, "full", 4096) for i in range(512)]
        for one in long["heap_maps"]:
            one["islands"] = [[cell, 0, 2, 64, 1000, 2000] for cell in range(0, 4096, 8)]
        self.assertLess(self.open([long]), 3000)


if __name__ == "__main__":
    if not HAS_BROWSER:
        print(NO_BROWSER, file=sys.stderr)
    os.environ.pop("MATPLOTLIBRC", None)
    unittest.main(verbosity=1, argv=sys.argv)
