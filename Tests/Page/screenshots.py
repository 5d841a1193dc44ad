"""Takes the pictures of the documentation: screenshots.py FOLDER [all]. With `all` those of every view, theme and width."""
import io
import os
import sys

from PIL import Image

import samples
from browser import PageTest, Shared


class Photographer(PageTest):
    def runTest(self):
        pass

    def save(self, path, colours=128):
        """Few colours make a small file."""
        image = Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")
        image.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        print(path, os.path.getsize(path) // 1000, "kB")

    def fill_all(self):
        self.draw("a photo of four orange crosses", seed=3, profile="paper")
        self.view("compare")
        self.compare("a photo of two blue stars", seed=3, profile="paper")
        self.view("ask")
        self.choose("ask-profile", "fast")
        self.show(samples.question()[0])
        for question in ["describe the image.", "what color are the squares?", "how many squares are there?"]:
            self.ask(question)
        self.view("chat")
        for text, image in [("a photo of a red circle", True), ("what color is the circle?", False)]:
            self.js("document.querySelector(`#chat-form input[value=${arguments[0]}]`).click()", "image" if image else "text")
            self.say(text)

    def take(self, folder, everything):
        self.size(1280, 800)
        self.fill_all()
        for view, height in (("draw", 1090), ("compare", 1000), ("ask", 800)):
            self.size(1280, height)
            self.turn_to(view)
            self.save(f"{folder}/page-{view}.png")
        if not everything:
            return
        for scheme in ("light", "dark"):
            for name, width, height in (("desktop", 1280, 900), ("phone", 360, 780)):
                self.colours(scheme)
                self.size(width, height, phone=name == "phone")
                for view in ("draw", "compare", "ask", "chat", "history"):
                    self.turn_to(view)
                    self.save(f"{folder}/{name}-{scheme}-{view}.png", 255)
                    if name == "phone":
                        self.js("scrollTo(0, 700)")
                        self.save(f"{folder}/{name}-{scheme}-{view}-below.png", 255)

    def size(self, width, height, phone=False):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone})

    def turn_to(self, view):
        self.view(view)
        self.js("document.activeElement.blur(); scrollTo(0, 0)")
        self.driver.execute_async_script("setTimeout(arguments[0], 250)")


folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
photographer = Photographer()
photographer.setUp()
photographer.take(folder, "all" in sys.argv[2:])
