"""Asking about pictures and videos."""
import samples
from browser import PageTest


class AskTests(PageTest):
    def setUp(self):
        super().setUp()
        self.ready()
        self.view("ask")
        self.choose("ask-profile", "off")

    def test_several_questions_about_a_chosen_picture(self):
        path, question, answer = samples.question("color")
        self.show(path)
        first = self.ask(question)
        self.assertIn(first.strip(" ."), answer)
        hits = self.server.number("flashu_image_cache_hits")
        self.assertEqual(self.ask("how many objects are there?"), samples.questions[2]["answer"])
        self.assertGreater(self.server.number("flashu_image_cache_hits"), hits)
        self.assertEqual(len(self.all("#ask-answers li")), 2)
        self.assertRegex(self.all("#ask-answers .note")[0].text, r"[\d.]+ s of computing · first words after [\d.]+ s")
        self.assertEqual(self.text("ask-picture-note"), "")
        # Phones offer their camera.
        self.assertEqual(self.el("ask-camera").get_attribute("capture"), "environment")

    def test_the_answer_grows(self):
        self.show(samples.question()[0])
        self.watch_text("#ask-answers .answer")
        whole = self.ask("describe the image.")
        seen = self.watched()
        self.assertGreaterEqual(len(seen), 3, seen)
        self.assertEqual(seen[-1], whole)
        for one in seen:
            self.assertTrue(whole.startswith(one), seen)

    def test_dropped_and_pasted(self):
        path, question, answer = samples.question("color")
        for how in ("drop", "paste"):
            self.hand("ask-drop", path, how)
            self.wait(lambda: self.all("#ask-stage img"), f"the picture by {how}")
            self.wait(lambda: self.focused() == "ask-question", "the question's field")
            self.assertIn(self.ask(question).strip(" ."), answer)
            self.el("ask-clear").click()
            self.assertEqual(self.all("#ask-stage img"), [])
            self.assertEqual(self.all("#ask-answers li"), [])

    def test_a_video(self):
        self.el("ask-file").send_keys(samples.video())
        self.wait(lambda: self.all("#ask-stage video"), "the video")
        self.assertIn("frames of it are read", self.text("ask-picture-note"))
        self.wait(lambda: self.js("return document.querySelector('#ask-stage video')?.readyState") >= 1, "the video to be played")
        self.assertTrue(self.ask("what color are the squares?"))

    def test_the_patches_that_stayed(self):
        path = samples.wide()
        self.show(path)
        self.choose("ask-profile", "own")
        self.fill("ask-changes", "tokens.dropRatio=0.5")
        self.ask("what color are the squares?")
        canvas = self.wait(lambda: self.all("#ask-stage canvas.patches"), "the patches")[0]
        kept = [int(one) for one in canvas.get_attribute("data-kept").split()]
        self.assertIn("32 of 64 patches stayed", self.all("#ask-answers .note")[-1].text)
        self.assertEqual(len(kept), 32)
        self.assertEqual(canvas.get_attribute("aria-label"), "32 of 64 patches stayed")
        # Dropped patches and what is left and right of the middle are covered, those that stayed are not.
        clear = self.js("""
            const [canvas, kept] = arguments;
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const alpha = (x, y) => data[(Math.floor(y * canvas.height) * canvas.width + Math.floor(x * canvas.width)) * 4 + 3];
            const wrong = [];
            for (let token = 0; token < 64; token += 1) {
                const x = 0.25 + (token % 8 + 0.5) / 16, y = (Math.floor(token / 8) + 0.5) / 8;
                if ((alpha(x, y) === 0) !== kept.includes(token)) wrong.push(token);
            }
            if (alpha(0.1, 0.5) === 0 || alpha(0.9, 0.5) === 0) wrong.push("sides");
            return wrong;""", canvas, kept)
        self.assertEqual(clear, [])
        self.assertIn("the middle", self.text("ask-picture-note"))
        self.el("ask-overlay").click()
        self.assertEqual(self.all("#ask-stage canvas.patches"), [])

    def test_patches_lie_on_the_picture(self):
        for size in ((128, 128), (300, 100), (100, 300)):
            path = samples.sized(*size)
            self.show(path)
            self.wait(lambda: self.js("return document.querySelector('#ask-stage img').naturalWidth") == size[0], "the picture")
            self.choose("ask-profile", "own")
            self.fill("ask-changes", "tokens.dropRatio=0.5")
            self.ask("what color are the squares?")
            self.wait(lambda: self.all("#ask-stage canvas.patches"), "the patches")
            # Both fill the stage, in which the picture is as large as fits.
            boxes = self.js("""
                return ["#ask-stage", "#ask-stage img", "#ask-stage canvas.patches"].map((selector) => {
                    const box = document.querySelector(selector).getBoundingClientRect();
                    return [box.x, box.y, box.width, box.height].map(Math.round);
                });""")
            self.assertEqual(boxes[1], boxes[0], size)
            self.assertEqual(boxes[2], boxes[0], size)

    def test_stop(self):
        self.show(samples.question()[0])
        self.fill("ask-question", "describe the image.")
        # Behind a drawing that takes its time the answer waits.
        self.js("""
            const submit = document.getElementById("ask-form");
            submit.requestSubmit();
            document.getElementById("ask-stop").click();""")
        self.wait(lambda: self.all("#ask-answers .note")[-1].text == "Stopped.", "the end", 10)
        self.assertTrue(self.el("ask-go").is_displayed())
        self.wait(lambda: self.server.number("flashu_requests_in_progress") == 0, "the server to stop", 5)

    def test_errors(self):
        self.expected = ("the server responded with a status of 400",)
        self.fill("ask-question", "what is it?")
        self.el("ask-go").click()
        self.assertIn("Choose a picture", self.text("ask-picture-error"))
        self.el("ask-file").send_keys(samples.text())
        self.wait(lambda: "neither a picture nor a video" in self.text("ask-picture-error"), "the file's error")
        self.el("ask-file").send_keys(samples.damaged())
        self.wait(lambda: self.all("#ask-stage img"), "the picture")
        self.wait(lambda: "can't show" in self.text("ask-picture-error"), "the browser's word")
        self.fill("ask-question", "what is it?")
        self.el("ask-go").click()
        self.wait(lambda: "picture" in self.text("ask-picture-error") and "can't show" not in self.text("ask-picture-error"), "the server's word")
        self.show(samples.question()[0])
        self.el("ask-go").click()
        self.wait(lambda: self.text("ask-question-error") or self.all("#ask-answers li"), "an empty question's error")

    def test_a_drawing_is_asked_about(self):
        self.view("draw")
        self.draw("a photo of a red circle", seed=1, previews=0)
        self.el("draw-ask").click()
        self.wait(lambda: self.all("#ask-stage img"), "the picture")
        self.assertEqual(self.ask("what color is the circle?").strip(" ."), "red")
