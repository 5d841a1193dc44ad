"""A server that asks for keys, that goes away and comes back, that has no page."""
import os
import tempfile
import threading
import urllib.error
import urllib.request

import samples
from browser import PageTest
from server import Server


class KeyTests(PageTest):
    expected = ("the server responded with a status of 401",)

    @classmethod
    def setUpClass(cls):
        file = tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False)
        file.write("the-right-key-1\n")
        file.close()
        cls.keyed = Server("--api-key-file", file.name)
        cls.file = file.name

    @classmethod
    def tearDownClass(cls):
        cls.keyed.kill()
        os.remove(cls.file)

    def test_a_key_is_asked_for(self):
        self.begin(self.keyed.address)
        self.wait(lambda: self.el("key-dialog").is_displayed(), "the question for a key")
        self.assertEqual(self.focused(), "key-text")
        self.el("key-text").send_keys("short")
        self.el("key-go").click()
        self.assertIn("8 to 512", self.text("key-error"))
        self.fill("key-text", "a-wrong-key-2")
        self.el("key-go").click()
        self.wait(lambda: "does not know this key" in self.text("key-error"), "the refusal")
        self.fill("key-text", "the-right-key-1")
        self.el("key-go").click()
        self.ready()
        self.assertFalse(self.el("key-dialog").is_displayed())
        self.draw(seed=1, steps=3, previews=0)
        # It lasts as long as the tab, and lies nowhere else.
        self.driver.refresh()
        self.ready()
        self.assertEqual(self.js("return [sessionStorage.getItem('flashu.key'), JSON.stringify(localStorage)]"), ["the-right-key-1", "{}"])

    def test_nobody_is_asked_twice(self):
        self.begin(self.keyed.address)
        self.wait(lambda: self.el("key-dialog").is_displayed(), "the question for a key")
        self.el("key-cancel").click()
        self.assertFalse(self.el("key-dialog").is_displayed())
        self.assertTrue(self.el("key-button").is_displayed())
        self.el("key-button").click()
        self.fill("key-text", "the-right-key-1")
        self.el("key-go").click()
        self.ready()


class AwayTests(PageTest):
    expected = ("net::ERR_", "Failed to load resource")

    def test_the_server_goes_and_comes_back(self):
        server = Server()
        try:
            self.begin(server.address)
            self.ready()
            self.assertFalse(self.el("banner").is_displayed())
            self.fill("draw-prompt", "a red circle")
            self.choose("draw-profile", "off")
            self.fill("draw-steps", "1000")
            self.el("draw-go").click()
            self.wait(lambda: self.text("draw-caption").startswith("Evaluation"), "the first evaluations")
            server.kill()
            self.wait(lambda: "broke off" in self.text("draw-error"), "the lost stream", 10)
            self.wait(lambda: self.el("banner").is_displayed(), "the banner", 10)
            self.assertIn("does not answer", self.text("banner-text"))
            self.assertTrue(self.el("banner-retry").is_displayed())
            # Trying again meanwhile says so.
            self.all("#draw-error button")[0].click()
            self.wait(lambda: "does not answer" in self.text("draw-error"), "the refusal")
            server.start()
            self.wait(lambda: not self.el("banner").is_displayed(), "the banner to go", 15)
            self.assertEqual(self.el("draw-prompt").get_attribute("value"), "a red circle")
            self.fill("draw-steps", "3")
            self.all("#draw-error button")[0].click()
            self.drawn()
            self.assertEqual(self.text("draw-error"), "")
        finally:
            server.kill()


    def test_loading_is_told(self):
        self.ready()
        # The embedded model is loaded before a browser could look.
        self.js("""
            window.real = window.fetch;
            window.fetch = (path, ...more) => path === "/health"
                ? Promise.resolve(new Response(JSON.stringify({status: "loading", loaded: 0.4}), {status: 503})) : window.real(path, ...more);
            window.dispatchEvent(new Event("online"));""")
        self.wait(lambda: self.el("banner").is_displayed(), "the banner", 10)
        self.assertEqual(self.text("banner-text"), "The model is being loaded: 40 %")
        self.assertFalse(self.el("banner-retry").is_displayed())
        self.watch_text("#live")
        self.js("window.fetch = window.real")
        self.wait(lambda: not self.el("banner").is_displayed(), "the banner to go", 10)
        self.wait(lambda: "The server is ready." in self.watched(), "the end told", 5)

    def test_an_answer_that_breaks_off_is_asked_for_again(self):
        server = Server()
        try:
            self.begin(server.address)
            self.ready()
            self.view("ask")
            self.show(samples.question()[0])
            # A stream that ends before its answer does.
            self.js("""
                window.real = window.fetch;
                window.fetch = async (path, ...more) => {
                    const response = await window.real(path, ...more);
                    if (!path.includes("chat")) return response;
                    window.fetch = window.real;
                    const reader = response.body.getReader();
                    const {value} = await reader.read();
                    reader.cancel();
                    return new Response(value, {status: 200});
                };""")
            self.fill("ask-question", "describe the image.")
            self.el("ask-go").click()
            self.wait(lambda: "broke off" in self.text("ask-answers"), "the lost answer")
            self.all("#ask-answers button.retry")[0].click()
            self.wait(lambda: self.all("#ask-answers .answer")[0].text == samples.questions[0]["answer"], "the answer")
            self.assertEqual(len(self.all("#ask-answers li")), 1)
        finally:
            server.kill()


class BusyTests(PageTest):
    expected = ("the server responded with a status of 429",)

    def test_a_full_queue_is_tried_again(self):
        server = Server("--max-queue", "1")
        try:
            self.begin(server.address)
            self.ready()
            self.fill("draw-prompt", "a red circle")
            self.fill("draw-steps", "3")
            other = threading.Thread(target=server.post, args=("/v1/images/generations", {"prompt": "a", "num_inference_steps": 120}))
            other.start()
            self.wait(lambda: server.number("flashu_requests_in_progress") == 1, "the other's drawing")
            self.el("draw-go").click()
            self.wait(lambda: "try again later" in self.text("draw-error"), "the refusal")
            self.assertRegex(self.text("draw-error"), r"Try again in \d+ s\.")
            other.join()
            self.all("#draw-error button")[0].click()
            self.drawn()
        finally:
            server.kill()


class NoPageTests(PageTest):
    expected = ("the server responded with a status of 404",)

    def test_a_server_without_a_page(self):
        server = Server("--no-page")
        try:
            for path in ("/", "/page/script/app.js"):
                with self.assertRaises(urllib.error.HTTPError) as caught:
                    urllib.request.urlopen(server.address + path)
                self.assertEqual(caught.exception.code, 404)
            self.assertEqual(server.get("/v1/flashu")["model"], "shapes")
        finally:
            server.kill()
