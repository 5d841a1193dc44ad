"""What is kept in the browser."""
import base64
import glob
import io
import json
import os
import pathlib

from PIL import Image

import samples
from browser import PageTest, downloads


class HistoryTests(PageTest):
    def entries(self, number):
        self.view("history")
        return self.wait(lambda: (lambda found: found if len(found) == number else None)(self.all("#history-list li")), f"{number} entries")

    def make(self):
        """A drawing, a picture with two answers, a conversation."""
        drawn = self.draw("a photo of a red circle", seed=5, profile="paper", previews=0)
        self.view("ask")
        self.show(samples.question()[0])
        for _ in range(2):
            self.ask("what color are the squares?")
        self.view("chat")
        self.say("hello")
        return drawn

    def test_it_outlives_the_page(self):
        drawn = self.make()
        self.entries(3)
        self.driver.refresh()
        self.ready()
        self.entries(3)
        self.assertEqual(self.attributes("#history-list li", "data-kind"), ["chat", "ask", "draw"])
        self.assertEqual(len(self.all("#history-list img")), 2)
        # Each opens where it was made.
        self.all("#history-list li[data-kind=draw] button")[0].click()
        self.assertTrue(self.el("draw").is_displayed())
        self.assertEqual(self.pixels("#draw-stage img"), drawn)
        self.assertEqual(self.el("draw-seed").get_attribute("value"), "5")
        self.assertEqual(self.el("draw-profile").get_attribute("value"), "paper")
        self.assertTrue(self.all("#draw-map canvas")[0].is_displayed())
        self.entries(3)
        self.all("#history-list li[data-kind=ask] button")[0].click()
        self.assertEqual(len(self.all("#ask-answers li")), 2)
        self.wait(lambda: self.js("return document.querySelector('#ask-stage img').naturalWidth") == 128, "the picture")
        self.entries(3)
        self.all("#history-list li[data-kind=chat] button")[0].click()
        self.assertEqual(self.all("#chat-messages .user p")[0].text, "hello")

    def test_a_row_stays_while_its_entry_is_the_same(self):
        self.make()
        rows = self.entries(3)
        drawn, asked, said = rows[2], rows[1], rows[0]
        self.js("arguments[0].querySelector('button').focus()", drawn)
        # What another part of the page keeps lists anew; the focus and the rows stay.
        self.view("history")
        self.js("window.lists = 0; new MutationObserver((all) => { lists += all.length; }).observe(document.querySelector('#history-list'), {childList: true})")
        self.js("arguments[0].querySelector('button').focus()", drawn)
        self.js("return import('/page/script/store.js').then((store) => store.keep({kind: 'chat', title: 'another', images: [], messages: []}))")
        self.assertEqual(self.entries(4)[1:], [said, asked, drawn])
        self.assertEqual(self.js("return lists"), 1)
        # One that changed comes to the front, as one row.
        self.all("#history-list li[data-kind=ask] button")[0].click()
        self.ask("what color is the circle?")
        self.entries(4)
        self.wait(lambda: self.attributes("#history-list li", "data-kind") == ["ask", "chat", "chat", "draw"], "the order")
        self.assertEqual(self.all("#history-list li")[1:], self.all("#history-list li[data-kind=chat]") + [drawn])
        self.wait(lambda: self.js("return [...document.querySelectorAll('#history-list img')].every((one) => one.complete && one.naturalWidth > 0)"), "the thumbnails")

    def test_export_and_delete(self):
        for old in glob.glob(f"{downloads}/*"):
            os.remove(old)
        self.make()
        self.entries(3)
        self.el("history-export").click()
        path = self.wait(lambda: glob.glob(f"{downloads}/flashu-history-*.json"), "the file")[0]
        kept = json.loads(pathlib.Path(path).read_text())
        self.assertEqual(kept["format"], "flashu-history")
        self.assertEqual({one["kind"] for one in kept["entries"]}, {"draw", "ask", "chat"})
        drawing = next(one for one in kept["entries"] if one["kind"] == "draw")
        image = Image.open(io.BytesIO(base64.b64decode(drawing["images"][0].split(",")[1])))
        self.assertEqual(image.size, (128, 128))
        self.assertIn("Seed: 5", image.text["parameters"])
        self.assertEqual(len(drawing["trace"]["evaluations"]), 20)
        # One goes, the keyboard stays in the list.
        self.all("#history-list li[data-kind=ask] button")[1].click()
        self.wait(lambda: len(self.all("#history-list li")) == 2, "one less")
        self.assertEqual(self.js("return document.activeElement.closest('li')?.dataset.kind"), "draw")
        # All go, but not by one slip.
        self.el("history-clear").click()
        self.answer("no")
        self.assertEqual(len(self.all("#history-list li")), 2)
        self.el("history-clear").click()
        self.answer("yes")
        self.wait(lambda: self.el("history-empty").is_displayed(), "nothing")
        self.driver.refresh()
        self.ready()
        self.assertTrue(self.el("history").is_displayed())
        self.wait(lambda: self.el("history-empty").is_displayed(), "nothing")
