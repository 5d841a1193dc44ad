"""The exact engine and a preset, side by side."""
import re

from browser import PageTest


class CompareTests(PageTest):
    def test_two_drawings_of_one_seed(self):
        self.ready()
        self.view("compare")
        prompt = "a photo of two blue stars"
        self.compare(prompt, profile="fast", seed=3)
        for side, name, profile in (("exact", "exact", "off"), ("fast", "fast", "fast")):
            caption = self.all(f"#compare-{side} figcaption")[0].text
            traced = self.server.post(
                "/v1/images/generations", {"prompt": prompt, "seed": 3, "accelerate": profile, "trace": True})
            evaluations = len(traced["data"][0]["trace"]["evaluations"])
            self.assertRegex(caption, rf"^{name} · [\d.]+ s · {evaluations} evaluations$")
            self.assertEqual(len(self.all(f"#compare-{side} .map canvas, #compare-{side} canvas.map")), 1)
        # The pictures are what the API draws with that seed.
        exact = self.pixels("#compare-exact .stage img")
        fast = self.pixels("#compare-fast .stage img")
        self.assertNotEqual(exact, fast)
        says = self.all("#compare-difference figcaption")[0].text
        mean = float(re.search(r"mean ([\d.]+) of 255", says)[1])
        one, other = (list(map(int, text.split(":")[1].split(","))) for text in (exact, fast))
        channels = [(a, b) for place, (a, b) in enumerate(zip(one, other)) if place % 4 != 3]
        self.assertAlmostEqual(mean, sum(abs(a - b) for a, b in channels) / len(channels), delta=0.06)
        self.assertRegex(says, r"PSNR [\d.]+ dB")
        times = [float(self.all(f"#compare-{side} figcaption")[0].text.split(" · ")[1][:-2]) for side in ("exact", "fast")]
        factor = float(re.match(r"([\d.]+) times as fast", self.text("compare-verdict"))[1])
        self.assertAlmostEqual(factor, times[0] / times[1], delta=0.1 * factor)
        self.assertGreater(factor, 1.5)

    def test_stop(self):
        self.ready()
        self.view("compare")
        self.fill("compare-prompt", "a red circle")
        self.fill("compare-steps", "1000")
        self.el("compare-go").click()
        self.wait(lambda: self.all("#compare-fast figcaption")[0].text.startswith("Evaluation"), "the first evaluations")
        self.el("compare-stop").click()
        self.wait(lambda: self.text("compare-verdict") == "Stopped.", "the end", 5)
        self.wait(lambda: self.server.number("flashu_requests_in_progress") == 0, "the server to stop", 5)

    def test_errors(self):
        self.expected = ("the server responded with a status of 400",)
        self.ready()
        self.view("compare")
        self.el("compare-go").click()
        self.assertEqual(self.text("compare-prompt-error"), "Say what to draw.")
        self.fill("compare-prompt", "a red circle")
        self.fill("compare-size", "huge")
        self.el("compare-go").click()
        self.wait(lambda: "WIDTHxHEIGHT" in self.text("compare-size-error"), "the size's error")
        self.fill("compare-size", "")
        self.choose("compare-profile", "own")
        self.el("compare-go").click()
        self.wait(lambda: self.text("compare-changes-error"), "the profile's error")
