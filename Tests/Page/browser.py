"""Headless Chromium, and a test case that looks at the page in it."""
import atexit
import base64
import importlib.util
import json
import os
import pathlib
import tempfile
import time
import unittest

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from server import Server

downloads = tempfile.mkdtemp(prefix="flashu-page-")
# The package's file alone: importing the package would want Playwright.
axe = (pathlib.Path(importlib.util.find_spec("axe_playwright_python").origin).parent / "axe.min.js").read_text()


def _driver():
    options = webdriver.ChromeOptions()
    options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    for argument in ["--headless=new", "--window-size=1280,900", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio", "--lang=en-GB"]:
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": downloads, "download.prompt_for_download": False})
    return webdriver.Chrome(options=options, service=Service(os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver")))


class Shared:
    """The browser and the server that tests share."""
    driver = None
    server = None

    @classmethod
    def begin(cls):
        if cls.driver is None:
            cls.server = Server()
            atexit.register(cls.server.kill)
            cls.driver = _driver()
            atexit.register(cls.driver.quit)


class PageTest(unittest.TestCase):
    """Each test begins with an empty browser, and ends with a look at what the browser complained about."""

    #: Parts of complaints that a test causes on purpose.
    expected = ()

    def setUp(self):
        Shared.begin()
        self.driver, self.server = Shared.driver, Shared.server
        self.wide()
        self.colours("light")
        self.begin(self.server.address)

    def begin(self, address):
        """Opens the page of an address, with nothing kept from before."""
        self.driver.get(address + "/page/icon.svg")
        self.driver.execute_async_script("""
            const done = arguments[0];
            localStorage.clear(); sessionStorage.clear();
            const gone = indexedDB.deleteDatabase("flashu");
            gone.onsuccess = gone.onerror = gone.onblocked = () => done();""")
        self.driver.get_log("browser")
        self.driver.get(address + "/")

    def tearDown(self):
        complaints = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        bad = [one for one in complaints if not any(part in one for part in self.expected)]
        self.assertEqual(bad, [])

    # Finding and waiting

    def el(self, name):
        return self.driver.find_element(By.ID, name)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def attributes(self, selector, name):
        """What each element has there, read at once: an element found first may be another one when it is asked."""
        return self.js("return [...document.querySelectorAll(arguments[0])].map((one) => one.getAttribute(arguments[1]))", selector, name)

    def text(self, name):
        return self.el(name).text

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition, what, seconds=60):
        """Waits for what is neither false nor empty."""
        until = time.monotonic() + seconds
        while True:
            try:
                found = condition()
                if found:
                    return found
            except StaleElementReferenceException:
                pass
            if time.monotonic() > until:
                self.fail(f"waited {seconds} s for {what}")
            time.sleep(0.03)

    # Doing

    def view(self, name):
        self.el(f"tab-{name}").click()

    def fill(self, name, text):
        field = self.el(name)
        field.clear()
        field.send_keys(text)

    def choose(self, name, value):
        self.js("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: true}))", self.el(name), value)

    def ready(self):
        """Waits for the choices that the server tells."""
        self.wait(lambda: self.all("#draw-profile option"), "the profiles")

    def answer(self, choice):
        """Clicks an answer of the dialog that asks whether something is to be deleted, once it is there."""
        self.wait(lambda: self.el("sure-dialog").is_displayed(), "the question")
        self.assertEqual(self.focused(), "sure-no")
        self.el(f"sure-{choice}").click()

    def described(self):
        return self.text("model-name")

    def draw(self, prompt="a photo of a red circle", **fields):
        """Draws in the view Draw and waits for the end; returns the picture's pixels as a digest."""
        self.ready()
        self.fill("draw-prompt", prompt)
        for name, value in fields.items():
            (self.choose if name in ("profile", "previews") else self.fill)(f"draw-{name}", str(value))
        self.el("draw-go").click()
        return self.drawn()

    def drawn(self):
        self.wait(lambda: self.el("draw-after").is_displayed(), "the image")
        return self.pixels("#draw-stage img")

    def compare(self, prompt, **fields):
        """Compares in the view Compare and waits for the end."""
        self.fill("compare-prompt", prompt)
        for name, value in fields.items():
            (self.choose if name == "profile" else self.fill)(f"compare-{name}", str(value))
        self.el("compare-go").click()
        self.wait(lambda: self.text("compare-verdict"), "the comparison")

    def show(self, path):
        """Chooses a picture in the view Ask."""
        self.el("ask-file").send_keys(path)
        self.wait(lambda: self.all("#ask-stage img"), "the picture")

    def ask(self, question):
        """Asks in the view Ask and waits for the end; returns the answer."""
        number = len(self.all("#ask-answers li"))
        self.fill("ask-question", question)
        self.el("ask-go").click()
        self.wait(lambda: len(self.all("#ask-answers li:not([aria-busy])")) == number + 1, f"the answer to {question}")
        return self.all("#ask-answers .answer")[-1].text

    def say(self, text):
        """Says something in the view Chat and waits for the end; returns the element of the answer."""
        number = len(self.all("#chat-messages li"))
        self.fill("chat-text", text)
        self.el("chat-go").click()
        self.wait(lambda: len(self.all("#chat-messages li:not([aria-busy])")) == number + 2 and self.el("chat-go").is_displayed(), "the answer")
        return self.all("#chat-messages li.assistant .said")[-1]

    def pixels(self, selector):
        """A picture's pixels, as text."""
        return self.driver.execute_async_script("""
            const [selector, done] = arguments;
            const image = document.querySelector(selector);
            image.decode().then(() => {
                const canvas = document.createElement("canvas");
                [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
                const pen = canvas.getContext("2d");
                pen.drawImage(image, 0, 0);
                done(canvas.width + "x" + canvas.height + ":" + [...pen.getImageData(0, 0, canvas.width, canvas.height).data].join());
            }, (error) => done("broken: " + error));""", selector)

    def hand(self, target, path, how):
        """Drops a file on an element, or pastes it."""
        data = base64.b64encode(pathlib.Path(path).read_bytes()).decode()
        kind = {"png": "image/png", "jpg": "image/jpeg", "mp4": "video/mp4", "txt": "text/plain"}[path.rsplit(".", 1)[1]]
        self.js("""
            const [target, data, kind, how] = arguments;
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], "file", {type: kind}));
            target.dispatchEvent(how === "drop"
                ? new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: transfer})
                : new ClipboardEvent("paste", {bubbles: true, cancelable: true, clipboardData: transfer}));""",
                self.el(target), data, kind, how)

    def press(self, *keys):
        chain = ActionChains(self.driver)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def focused(self):
        return self.js("return document.activeElement.id")

    def tab_to(self, name, limit=60):
        """Goes on with the tabulator key until an element has the focus."""
        for _ in range(limit):
            if self.focused() == name:
                return
            self.press(Keys.TAB)
        self.fail(f"{name} can't be reached with the tabulator key")

    def watch_text(self, selector):
        """Notes each text that an element has from now on; `watched` tells them."""
        self.js("""
            const selector = arguments[0];
            window.watched = [];
            window.watcher?.disconnect();
            window.watcher = new MutationObserver(() => {
                const text = document.querySelector(selector)?.textContent ?? "";
                if (text && window.watched.at(-1) !== text) window.watched.push(text);
            });
            window.watcher.observe(document.body, {subtree: true, childList: true, characterData: true});""", selector)

    def watched(self):
        return self.js("return window.watched")

    # How it is looked at

    def wide(self):
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def phone(self, width=360, height=740):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 2, "mobile": True})

    def colours(self, scheme):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def settle(self):
        """Waits until no colour is on its way to another: between a theme and the next one every contrast is somebody's."""
        settled = self.driver.execute_async_script("""
            const done = arguments[0];
            const moving = () => document.getAnimations().filter((one) => one instanceof CSSTransition && one.playState === "running");
            const wait = async () => {
                for (let round = 0; round < 20; ++round) {
                    // What a click or a theme changes begins to move with the next frame.
                    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
                    if (moving().length === 0) return done(true);
                    await Promise.allSettled(moving().map((one) => one.finished));
                }
                done(false);
            };
            wait();""")
        self.assertTrue(settled, "colours do not come to rest")

    def accessible(self, what):
        """axe-core finds nothing serious, once the page is at rest."""
        self.settle()
        self.js(axe)
        found = self.driver.execute_async_script("""
            const done = arguments[0];
            axe.run(document, {resultTypes: ["violations"]}).then(done, (error) => done({failure: String(error)}));""")
        self.assertNotIn("failure", found, what)
        bad = [(one["id"], one["impact"], [node["html"][:120] + " " + str(node.get("failureSummary", ""))[:200] for node in one["nodes"][:3]])
               for one in found["violations"] if one["impact"] in ("serious", "critical")]
        self.assertEqual(bad, [], f"{what}: {json.dumps(bad, indent=1)}")
        return [(one["id"], one["impact"]) for one in found["violations"]]
