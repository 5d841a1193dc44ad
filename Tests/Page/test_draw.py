"""Drawing: live preview, the map, seeds, stopping, errors where they belong."""
from browser import PageTest


class DrawTests(PageTest):
    def test_previews_come_while_it_draws(self):
        self.ready()
        self.js("""
            window.seen = [];
            new MutationObserver(() => {
                const image = document.querySelector("#draw-stage img");
                if (image && image.src && !window.seen.includes(image.src)) window.seen.push(image.src);
            }).observe(document.getElementById("draw-stage"), {subtree: true, childList: true, attributes: true});""")
        self.watch_text("#draw-caption")
        self.draw(seed=1, profile="off", previews=8)
        # Eight on the way and the image itself.
        self.assertEqual(len(self.js("return window.seen")), 9)
        counted = [text for text in self.watched() if text.startswith("Evaluation ")]
        self.assertGreater(len(counted), 10)
        self.assertEqual(counted[-1], "Evaluation 29 of 29")
        self.assertRegex(self.text("draw-caption"), r"^128 × 128 · seed 1 · 29 evaluations · [\d.]+ s of computing · exact$")
        self.assertEqual(self.all("#draw-stage img")[0].get_attribute("alt"), "a photo of a red circle")
        self.assertFalse(self.el("draw-progress").is_displayed())

    def test_a_seed_draws_the_same_again(self):
        first = self.draw(seed=7, profile="off", previews=0)
        self.assertTrue(first.startswith("128x128:"))
        self.el("draw-go").click()
        self.wait(lambda: not self.el("draw-after").is_displayed(), "the next drawing")
        self.assertEqual(self.drawn(), first)
        other = self.draw(seed="", profile="off", previews=0)
        self.assertNotEqual(other, first)
        self.el("draw-again").click()
        self.assertTrue(self.el("draw-seed").get_attribute("value").isdigit())
        self.el("draw-go").click()
        self.wait(lambda: not self.el("draw-after").is_displayed(), "the next drawing")
        self.assertEqual(self.drawn(), other)

    def legend(self, place="#draw-map"):
        states, counts = (self.attributes(f"{place} .legend li", f"data-{name}") for name in ("state", "count"))
        return dict(zip(states, map(int, counts)))

    def test_the_map_tells_what_was_computed(self):
        self.draw(seed=1, profile="off", previews=0)
        self.assertEqual(self.legend(), {"computed": 29 * 8, "pruned": 0, "skipped": 0, "reused": 0, "forecast": 0})
        # The paper's own settings: neurons pruned, layers skipped, the head's states reused.
        self.draw(seed=1, profile="paper")
        paper = self.legend()
        trace = self.server.post("/v1/images/generations", {
            "prompt": "a photo of a red circle", "seed": 1, "accelerate": "paper", "trace": True})["data"][0]["trace"]
        states = [state for one in trace["evaluations"] for state in one["layers"]]
        self.assertEqual(paper, {name: states.count(name) for name in paper})
        self.assertEqual(sum(paper.values()), len(trace["evaluations"]) * 8)
        for name in ("computed", "pruned", "skipped", "reused"):
            self.assertGreater(paper[name], 0, name)
        # Fields of one's own.
        self.ready()
        self.choose("draw-profile", "own")
        self.fill("draw-changes", "headCache.interval=3; headCache.order=1")
        self.el("draw-go").click()
        self.wait(lambda: not self.el("draw-after").is_displayed(), "the next drawing")
        self.drawn()
        self.assertGreater(self.legend()["forecast"], 100)
        self.assertIn("headCache.interval=3, headCache.order=1", self.text("draw-caption"))

        # The same for those who can't see it.
        label = self.all("#draw-map canvas")[0].get_attribute("aria-label")
        self.assertIn("29 evaluations by 8 layers", label)
        self.assertIn(f"{self.legend()['forecast']} forecast", label)
        self.all("#draw-map summary")[0].click()
        rows = self.wait(lambda: self.all("#draw-map tbody tr"), "the table")
        self.assertEqual(len(rows), 29)
        heads = [one.text for one in self.all("#draw-map thead th")]
        column = heads.index("forecast")
        table = self.js("return [...document.querySelectorAll('#draw-map tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))")
        self.assertEqual(sum(int(row[column]) for row in table), self.legend()["forecast"])
        self.assertEqual({row[heads.index("head")] for row in table}, {"computed", "forecast"})

    def test_the_map_is_painted_in_its_colours(self):
        self.draw(seed=1, profile="paper", previews=0)
        seen = self.js("""
            const canvas = document.querySelector("#draw-map canvas");
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            const count = {};
            for (let i = 0; i < data.length; i += 4) {
                if (data[i + 3] === 255) { const key = [data[i], data[i + 1], data[i + 2]].join(", "); count[key] = (count[key] ?? 0) + 1; }
            }
            return Object.fromEntries([...document.querySelectorAll("#draw-map .legend li")].map((item) =>
                [item.dataset.state, count[getComputedStyle(item.querySelector(".swatch")).backgroundColor.match(/\\d+, \\d+, \\d+/)[0]] ?? 0]));""")
        for name in ("computed", "pruned", "skipped", "reused"):
            self.assertGreater(seen[name], 50, f"{name}: {seen}")
        self.assertEqual(seen["forecast"], 0)

    def test_stop_frees_the_work(self):
        self.ready()
        self.fill("draw-prompt", "a red circle")
        self.choose("draw-profile", "off")
        self.fill("draw-steps", "1000")
        self.el("draw-go").click()
        self.wait(lambda: self.text("draw-caption").startswith("Evaluation"), "the first evaluations")
        self.assertGreater(self.server.number("flashu_requests_in_progress"), 0)
        self.el("draw-stop").click()
        self.wait(lambda: self.text("draw-caption") == "Stopped.", "the end", 5)
        self.wait(lambda: self.server.number("flashu_requests_in_progress") == 0, "the server to stop", 5)
        self.assertTrue(self.el("draw-go").is_displayed() and not self.el("draw-stop").is_displayed())

    def test_errors_stand_at_their_fields(self):
        self.expected = ("the server responded with a status of 400",)
        self.ready()
        self.el("draw-go").click()
        self.assertEqual(self.text("draw-prompt-error"), "Say what to draw.")
        self.assertEqual(self.focused(), "draw-prompt")
        self.fill("draw-prompt", "a red circle")
        self.assertEqual(self.text("draw-prompt-error"), "")
        for field, wrong, says in [
            ("steps", "1", "num_inference_steps must be a whole number from 2 to 1000"), ("steps", "many", "num_inference_steps"),
            ("size", "big", "size must be WIDTHxHEIGHT"), ("seed", "x", "seed must be"), ("seed", "1e400", "seed must be"),
            ("seed", "9007199254740993", "Browsers count"), ("guidance", "-1", "guidance_scale must be"),
            ("negative", "circle " * 3000, None),
        ]:
            field_id = f"draw-{field}"
            self.js("arguments[0].value = arguments[1]", self.el(field_id), wrong)
            self.el("draw-go").click()
            if says is None:
                # No field is told: the form says it.
                self.wait(lambda: self.text("draw-error"), field)
                self.assertIn("tokens", self.text("draw-error"))
            else:
                self.wait(lambda: self.text(f"{field_id}-error"), field)
                self.assertIn(says.lower(), self.text(f"{field_id}-error").lower())
                self.assertEqual(self.focused(), field_id)
                self.assertEqual(self.el(field_id).get_attribute("aria-invalid"), "true")
            self.fill(field_id, "")
        self.choose("draw-profile", "own")
        self.fill("draw-changes", "headCache.intervall=3")
        self.el("draw-go").click()
        self.wait(lambda: self.text("draw-changes-error"), "the profile's error")
        self.assertIn("headCache.intervall", self.text("draw-changes-error"))
        # Nothing of what is typed becomes markup.
        self.fill("draw-changes", "<img src=x onerror=alert(1)>=1")
        self.el("draw-go").click()
        self.wait(lambda: "<img" in self.text("draw-changes-error"), "the profile's error")
        self.assertEqual(self.all("#draw-changes-error img"), [])

    def test_the_size_that_is_drawn_is_told(self):
        drawn = self.draw(size="96x64", steps=3, profile="off", previews=0)
        self.assertTrue(drawn.startswith("96x64:"))
        self.assertIn("96 × 64", self.text("draw-caption"))
        self.assertTrue(self.draw(size="1024x1024", steps=3).startswith("128x128:"))
        self.assertGreaterEqual(len(self.all("#sizes option")), 3)

    def test_what_is_offered_comes_from_the_server(self):
        self.ready()
        told = self.server.get("/v1/flashu")
        self.assertEqual([one["name"] for one in told["profiles"]], self.attributes("#draw-profile option", "value")[:-1])
        self.assertEqual(self.described(), told["model"])
        self.choose("draw-profile", "fast")
        fast = next(one["drawing"] for one in told["profiles"] if one["name"] == "fast")
        says = self.text("draw-profile-hint")
        self.assertIn(" times as fast", says)
        self.assertAlmostEqual(float(says.split()[0]), fast["speedup"], delta=0.0051)
        self.assertEqual(len(self.js("return [...document.querySelectorAll('#draw-known dt')]")), len(told["profile_fields"]))
