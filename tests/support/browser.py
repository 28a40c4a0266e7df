"""A Chromium for the tests of the pages: started as a visitor's, on Debian's packages, with what its console says kept."""
import base64
import contextlib
import os
import tempfile

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys  # for whoever presses some
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage")
PATIENCE = 60  # seconds

STICKING_OUT = """
const width = document.documentElement.clientWidth;
const out = [...document.querySelectorAll("body *")].filter((node) => !node.closest(".scroll, dialog:not([open])") && node.getBoundingClientRect().right > width + 0.5);
return { pixels: document.documentElement.scrollWidth - width, out: out.slice(0, 8).map((node) => node.tagName + " " + (node.id || node.className)) };
"""


class Browser:
    def __init__(self, profile):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS + ("--user-data-dir=" + profile,):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        self.driver.set_script_timeout(PATIENCE)
        self.messages = []

    def look(self, scheme, width, height):
        """As on a screen of that size, by day (light) or by night (dark)."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));")

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null;", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent);", selector)

    def click(self, selector):
        """What moves under the pointer is tried again."""
        def pressed(_):
            try:
                self.find(selector).click()
                return True
            except StaleElementReferenceException:
                return False
        self.until("a click on " + selector, lambda: pressed(None))

    def press(self, key):
        """Wherever the focus is."""
        ActionChains(self.driver).send_keys(key).perform()

    def until(self, what, condition):
        try:
            return WebDriverWait(self.driver, PATIENCE, poll_frequency=0.1).until(lambda _: condition())
        except TimeoutException:
            raise SystemExit("not within %d s: %s; the console: %s" % (PATIENCE, what, self.console())) from None

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]))

    def sticking_out(self):
        """By how many pixels the page is wider than the window, and what sticks out."""
        return self.run(STICKING_OUT)

    def console(self):
        """All that it has said so far, as [source, message]."""
        self.messages += [[entry.get("source", ""), entry["message"]] for entry in self.driver.get_log("browser")]
        return self.messages

    def asked(self):
        """The addresses that the page has asked for."""
        return self.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")


@contextlib.contextmanager
def browser():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        started = Browser(profile)
        try:
            yield started
        finally:
            started.driver.quit()


def in_folder(folder, name):
    return os.path.join(folder, name + ".png")
