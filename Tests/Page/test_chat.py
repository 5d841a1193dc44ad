"""Conversations of text and pictures."""
import samples
from browser import PageTest


class ChatTests(PageTest):
    def setUp(self):
        super().setUp()
        self.ready()
        self.view("chat")

    def test_text_and_pictures_from_both_sides(self):
        path, question, answer = samples.question("color")
        self.el("chat-file").send_keys(path)
        self.wait(lambda: self.all("#chat-shown img"), "the picture of the message")
        self.assertIn(self.say(question).text.strip(" ."), answer)
        self.assertEqual(len(self.all("#chat-messages li.user img")), 1)
        self.assertEqual(self.all("#chat-shown img"), [])
        # The model draws.
        self.js("arguments[0].click()", self.el("chat-image"))
        self.say("a photo of a red circle")
        self.assertTrue(self.pixels("#chat-messages li.assistant img").startswith("128x128:"))
        # What it drew is part of what is asked next.
        self.js("document.querySelector('#chat-form input[value=text]').click()")
        self.assertTrue(self.say("what color is the circle?").text)
        self.el("chat-new").click()
        self.assertEqual(self.all("#chat-messages li"), [])

    def test_a_picture_is_no_prompt(self):
        self.expected = ("the server responded with a status of 400",)
        self.el("chat-file").send_keys(samples.question()[0])
        self.wait(lambda: self.all("#chat-shown img"), "the picture of the message")
        self.js("arguments[0].click()", self.el("chat-image"))
        self.fill("chat-text", "more of these")
        self.el("chat-go").click()
        self.wait(lambda: "draws from text alone" in self.text("chat-picture-error"), "the error")
        # The message is there to be changed.
        self.assertEqual(self.el("chat-text").get_attribute("value"), "more of these")
        self.assertEqual(len(self.all("#chat-shown img")), 1)
        self.assertEqual(self.all("#chat-messages li"), [])

    def test_words_stay_words(self):
        answer = self.say("<b>hello</b><img src=x onerror=alert(1)>")
        self.assertEqual(self.all("#chat-messages li.user p")[0].text, "<b>hello</b><img src=x onerror=alert(1)>")
        self.assertEqual(self.all("#chat-messages b, #chat-messages img"), [])
        self.assertIsNotNone(answer)
