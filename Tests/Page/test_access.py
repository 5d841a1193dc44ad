"""For everybody: keyboard alone, small screens, both themes, screen readers (axe-core), and nothing that the policy forbids."""
import samples
from browser import PageTest, Keys


class AccessTests(PageTest):
    views = ("draw", "compare", "ask", "chat", "history")

    def filled(self):
        """Something in every view."""
        self.view("draw")
        self.draw("a photo of a red circle", seed=1, profile="paper", previews=0)
        self.view("compare")
        self.compare("a photo of two blue stars", steps=4)
        self.view("ask")
        self.choose("ask-profile", "fast")
        self.show(samples.question()[0])
        self.ask("describe the image.")
        self.view("chat")
        self.say("hello")

    def test_axe_finds_nothing_serious(self):
        self.ready()
        for view in self.views:
            self.view(view)
            self.accessible(f"{view}, empty")
        self.filled()
        self.view("draw")
        self.all("#draw-map summary")[0].click()
        for scheme in ("light", "dark"):
            self.colours(scheme)
            for view in self.views:
                self.view(view)
                self.accessible(f"{view}, {scheme}")
        # On a phone, with errors.
        self.phone()
        self.view("draw")
        self.fill("draw-prompt", "")
        self.el("draw-go").click()
        self.accessible("draw, with an error, on a phone")
        self.view("history")
        self.wait(lambda: self.el("history-clear").is_enabled(), "the list")
        self.el("history-clear").click()
        self.wait(lambda: self.el("sure-dialog").is_displayed(), "the question")
        self.accessible("history, asking back")
        self.answer("no")

    def test_no_sideways_scrolling_on_a_phone(self):
        self.filled()
        for width in (320, 360, 768):
            self.phone(width)
            for view in self.views:
                self.view(view)
                wide = self.js("""
                    const limit = document.documentElement.clientWidth;
                    return [document.documentElement.scrollWidth - limit, [...document.querySelectorAll("body *")].filter((one) =>
                        one.checkVisibility() && !one.closest(".scroll, .hidden-text") && one.getBoundingClientRect().right > limit + 1).map((one) => one.outerHTML.slice(0, 80))];""")
                self.assertLessEqual(wide[0], 0, f"{view} at {width}: {wide}")
                self.assertEqual(wide[1], [], f"{view} at {width}")
            # What is touched is large enough.
            small = self.js("""
                return [...document.querySelectorAll("button, .button, select, summary")].filter((one) => one.checkVisibility())
                    .map((one) => [one.textContent.slice(0, 20), one.getBoundingClientRect().height]).filter(([, height]) => height < 24);""")
            self.assertEqual(small, [])

    def test_drawing_and_asking_by_keyboard_alone(self):
        self.ready()
        self.js("document.body.focus()")
        self.press(Keys.TAB)
        self.assertEqual(self.js("return document.activeElement.className"), "skip")
        self.press(Keys.ENTER)
        self.tab_to("draw-prompt")
        self.press("a photo of a red circle")
        self.tab_to("draw-seed")
        self.press("1")
        self.tab_to("draw-go")
        outline = self.js("return getComputedStyle(document.activeElement).outlineStyle")
        self.assertNotEqual(outline, "none")
        self.press(Keys.ENTER)
        self.drawn()
        self.tab_to("draw-ask")
        self.press(Keys.SPACE)
        self.wait(lambda: self.focused() == "ask-question", "the question's field")
        self.press("what color is the circle?", Keys.ENTER)
        answer = self.wait(lambda: self.all("#ask-answers li:not([aria-busy]) .answer"), "the answer")[0]
        self.assertEqual(answer.text.strip(" ."), "red")
        # The tabs by their keys.
        self.js("document.getElementById('tab-ask').focus()")
        for key, name in ((Keys.ARROW_RIGHT, "chat"), (Keys.END, "history"), (Keys.ARROW_RIGHT, "draw"), (Keys.ARROW_LEFT, "history"), (Keys.HOME, "draw")):
            self.press(key)
            self.assertEqual(self.focused(), f"tab-{name}")
            self.assertTrue(self.el(name).is_displayed())
            self.assertEqual(self.attributes("[role=tab][aria-selected=true]", "id"), [f"tab-{name}"])
        self.assertTrue(self.driver.current_url.endswith("#draw"))

    def test_what_happens_is_told(self):
        self.ready()
        self.watch_text("#live")
        self.draw(seed=1, profile="off", previews=0)
        told = self.watched()
        self.assertEqual(told[0], "Drawing.")
        self.assertIn("50 percent drawn.", told)
        self.wait(lambda: self.watched()[-1].startswith("The image is finished. 128 × 128 · seed 1"), "the end told")

    def test_light_and_dark(self):
        self.ready()
        ground = lambda: self.js("return getComputedStyle(document.body).backgroundColor")
        light = ground()
        self.colours("dark")
        dark = ground()
        self.assertNotEqual(light, dark)
        self.assertEqual(self.text("theme-button"), "Light")
        self.el("theme-button").click()
        self.wait(lambda: ground() == light, "the light theme")
        # It stays.
        self.driver.refresh()
        self.assertEqual(ground(), light)
        self.el("theme-button").click()
        self.assertEqual(self.js("return localStorage.getItem('flashu.theme')"), None)
        self.assertEqual(ground(), dark)


class PolicyTests(PageTest):
    expected = ("Content Security Policy", "TrustedHTML", "This document requires")

    def test_what_the_policy_forbids(self):
        self.ready()
        # What a stranger's text might try does nothing.
        stopped = self.driver.execute_async_script("""
            const done = arguments[0];
            const seen = [];
            document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
            const script = document.createElement("script");
            try { script.textContent = "window.broken = true"; } catch { seen.push("script's text"); }
            script.append("window.broken = true");
            document.body.append(script);
            const image = document.createElement("img");
            image.src = "http://127.0.0.1:9/x.png";
            document.body.append(image);
            fetch("http://127.0.0.1:9/").catch(() => {});
            const frame = document.createElement("iframe");
            frame.src = "/";
            document.body.append(frame);
            const style = document.createElement("style");
            style.textContent = "body { display: none }";
            document.body.append(style);
            try { document.body.insertAdjacentHTML("beforeend", "<b>x</b>"); } catch { seen.push("trusted types"); }
            setTimeout(() => done([seen, window.broken === true, getComputedStyle(document.body).display]), 500);""")
        seen, broken, display = stopped
        self.assertFalse(broken)
        self.assertNotEqual(display, "none")
        for one in ("img-src", "connect-src", "frame-src", "style-src-elem", "trusted types", "script's text"):
            self.assertIn(one, seen)
