#!/usr/bin/python3
"""Opens a board in Chromium as a visitor would, and says what it saw.

    board-page.py URL FOLDER

Waits until flagged players are there and the plots are drawn, takes FOLDER/light.png, dark.png and phone.png, and prints one object of JSON:
what the page shows (link, flagged, hits, rows), by how many pixels it is wider than the window in each picture and what sticks out, what the browser's console says, and
which addresses were asked. Exit status 1 where the page does not come that far.
"""
import base64
import json
import os
import sys
import tempfile

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage")
PATIENCE = 60  # seconds
PICTURES = (("light", "light", 1280, 720), ("dark", "dark", 1280, 720), ("phone", "light", 360, 740))

SHOWN = """
const text = (id) => document.getElementById(id).textContent;
return {
    link: document.getElementById("link").dataset.state,
    flagged: [...document.querySelectorAll("#flagged li strong")].map((node) => node.textContent),
    flagged_count: text("flagged-count"),
    hits: text("hit-rate"),
    path: text("stage-verdicts"),
    rows: document.querySelectorAll("#players tr").length,
    plotted: document.querySelectorAll("#rate-plot .one")[0]?.getAttribute("points").split(" ").length || 0,
};
"""

STICKING_OUT = """
const width = document.documentElement.clientWidth;
const out = [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > width + 0.5);
return { pixels: document.documentElement.scrollWidth - width, out: out.slice(0, 8).map((node) => node.tagName + " " + (node.id || node.className)) };
"""


def start(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS + ("--user-data-dir=" + profile,):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def picture(browser, path, scheme, width, height):
    """Takes it, and returns by how many pixels the page is wider than the window, and what sticks out."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
    browser.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));")
    data = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
    with open(path, "wb") as file:
        file.write(base64.b64decode(data))
    return browser.execute_script(STICKING_OUT)


def is_ready(browser):
    shown = browser.execute_script(SHOWN)
    return shown["link"] == "live" and len(shown["flagged"]) >= 2 and shown["plotted"] >= 3 and shown["rows"] > 5


def main():
    url, folder = sys.argv[1:]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = start(profile)
        try:
            browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            browser.get(url)
            try:
                WebDriverWait(browser, PATIENCE).until(is_ready)
                status = 0
            except TimeoutException:
                status = 1
            seen = browser.execute_script(SHOWN)
            seen["wider"] = {name: picture(browser, os.path.join(folder, name + ".png"), *how) for name, *how in PICTURES}
            seen["console"] = [entry["message"] for entry in browser.get_log("browser")]
            seen["asked"] = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
            print(json.dumps(seen))
        finally:
            browser.quit()
    return status


if __name__ == "__main__":
    sys.exit(main())
