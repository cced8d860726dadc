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
import picture_data  # noqa: E402
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

    def comes(self, script):
        """Waits until it is true, or for more than long enough."""
        until = time.monotonic() + 120
        while not self.js(script):
            self.assertLess(time.monotonic(), until, f"{script}: {self.driver.get_log('browser')}")
            time.sleep(0.02)

    def open(self, records):
        self.driver.get(self.report(records).as_uri())
        self.comes("return document.documentElement.dataset.ready")

    def processor_seconds(self):
        """What the page's thread has worked since it was opened: other work on the machine does not change it."""
        metrics = self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

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
        self.open([one, two])  # at the last collection: the first moments of a heap are empty
        self.assertEqual(self.js("const c = document.getElementById('clock'); return c.value === c.max"), True)
        text = self.hover(1, 3)
        last = two["heap_maps"][-1]
        self.assertIn("7 immovable objects of 4242 B; held 400 B\nhostage 0 B", text)
        self.assertIn(f"reader: 7 of 4242 B, aged {(last['clock'] - 2000) / 2**20:.3g} MiB", text)
        self.assertIn("2 immovable objects of 64 B", self.hover(0, 3))
        self.assertIn("held 500 B", self.hover(0, 1))
        self.assertIn(f"hostage {2 * 2**20} B: free without pins", self.hover(0, 2))
        self.assertIn(f"hostage {-64 * 2**10} B: in use without pins only", self.hover(0, 5))
        self.assertIn("hostage 1.94 MiB", self.js("return document.querySelector('.pane .faint').textContent"))
        self.assertEqual(self.js("return document.querySelectorAll('.pane')[0].dataset.collection"), "7")
        self.js("const c = document.getElementById('clock'); c.value = 0; c.dispatchEvent(new Event('input'));"
                "document.querySelector('.controls select').value = '30'; document.getElementById('play').click()")
        self.comes("return document.getElementById('play').getAttribute('aria-pressed') === 'false'")
        self.assertEqual(self.js("return document.querySelectorAll('.pane')[1].dataset.collection"), "7")

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
          const svg = document.querySelector("#blame .panel svg"), found = [];
          svg.focus();
          for (let i = 0; i < 4; ++i) {
            svg.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
            found.push(document.getElementById("tip").textContent);
          }
          return found;""")
        self.assertTrue(any("reader" in text and f"({3 * 2**20} B)" in text and "(4096 B)" in text for text in texts), texts)

    def test_a_map_of_a_young_collection_has_no_hostage_bytes(self):
        self.open([record()])
        self.js("const c = document.getElementById('clock'); c.value = 0; c.dispatchEvent(new Event('input'))")
        self.assertIn("hostage: not measured", self.hover(0, 2))
        self.assertNotIn("hostage", self.js("return document.querySelector('.pane .faint').textContent"))

    def test_contours_cross_between_the_cells_that_filters_leave(self):
        cells = [record(pin__share=share, pin__lifetime=lifetime, hostage=int(used * 16 * 2**20))
                 for share, row in (("0.001", (0.02, 0.2)), ("0.01", (0.04, 0.6)), ("0.05", (0.05, 0.8)))
                 for lifetime, used in zip(("fixed(1MiB)", "forever"), row)]
        cells += [record(heap__max="32MiB", pin__share=share, pin__lifetime="forever", hostage=1) for share in ("0.001", "0.01")]
        self.open(cells)
        levels = "return [...document.querySelector('#heat .panel svg').querySelectorAll('.level')].map(t => t.textContent).join()"
        lines = "return document.querySelector('#heat .panel svg').querySelectorAll('.contours .line').length / 2"
        self.assertEqual(self.js(levels), "10 %,25 %,50 %")
        self.assertEqual(self.js(lines), 6)  # three between the lower rows, and three between the upper ones
        self.js("document.querySelector(\"#filters input[data-key='pin.share'][value='0.05']\").click()")
        self.assertEqual(self.js(lines), 3)

    def test_the_keyboard_alone_reaches_and_works_everything(self):
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys
        self.open(fitting("heat")[:6] + [record()])
        seen = set()
        self.js("document.activeElement.blur()")
        for _ in range(120):
            ActionChains(self.driver).send_keys(Keys.TAB).perform()
            seen.add(self.js("const e = document.activeElement; return e.id || e.tagName.toLowerCase()"))
        self.assertLessEqual({"scheme", "a", "input", "play", "clock", "select", "canvas", "button", "svg"}, seen)
        self.js("document.getElementById('clock').focus()")
        before = self.js("return document.getElementById('clock').value")
        ActionChains(self.driver).send_keys(Keys.ARROW_LEFT).perform()
        self.assertNotEqual(self.js("return document.getElementById('clock').value"), before)

    def test_a_telephone_shows_it_all(self):
        try:
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                        {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
            self.open(fitting("heat")[:6] + [record()])
            self.assertLessEqual(self.js("return document.documentElement.scrollWidth - innerWidth"), 0)
            out = self.js("""return [...document.querySelectorAll("svg, canvas, button, select, input, p, h2")].filter(e => {
              const b = e.getBoundingClientRect(); return b.width > 0 && (b.right > innerWidth + 1 || b.left < -1) && !e.closest(".scroll"); })
              .map(e => e.tagName)""")
            self.assertEqual(out, [])
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def test_zoom_by_keys_and_back(self):
        self.open([record()])
        script = """
          const svg = document.querySelector("#timeline .panel svg"), ticks = () => [...svg.querySelectorAll(".tick text")].map(t => t.textContent).join();
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
        one = record()
        one["heap_maps"] = [heap_map(i, "full", 4096) for i in range(8)]
        for drawn in one["heap_maps"]:
            drawn["islands"] = [[cell, 0, 2, 64, 1000, 2000] for cell in range(0, 4096, 8)]
        self.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        before = self.processor_seconds()
        self.open([picture_data.stretched(one, 10000)])
        worked = self.processor_seconds() - before
        print(f"{worked:.2f} s of work, {self.js('return document.documentElement.dataset.ready')} ms until it is ready", file=sys.stderr)
        self.assertGreater(worked, 0)
        self.assertLess(worked, 3)
        self.assertGreater(self.js("return Number(document.getElementById('clock').max)"), 500)


if __name__ == "__main__":
    if not HAS_BROWSER:
        print(NO_BROWSER, file=sys.stderr)
    os.environ.pop("MATPLOTLIBRC", None)
    unittest.main(verbosity=1, argv=sys.argv)
