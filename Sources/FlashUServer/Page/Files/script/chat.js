// The view of a conversation, in which both sides write and show pictures.
import { isStop } from "./api.js";
import { answerSeconds, ask } from "./asking.js";
import { Addresses } from "./blobs.js";
import { $, announce, element } from "./dom.js";
import { clearErrors, sendsByKey, showError, working } from "./fields.js";
import { seconds } from "./format.js";
import { accepted, takeFiles, WrongFile } from "./intake.js";
import { change, keep } from "./store.js";
import { open } from "./tabs.js";

const view = $("chat");
const form = $("chat-form");
const addresses = new Addresses();
/** `{role, parts: [{text} | {image} | {video}], note?}` */
let messages = [];
/** Pictures of the message that is being written. */
let shown = [];
let kept = null;
let stop = null;

function piece({ text, image, video }, role) {
  const alt = role === "user" ? "A picture that you showed" : "A picture that the model drew";
  if (image) return element("img", { src: addresses.of(image), alt });
  if (video) return element("video", { src: addresses.of(video), controls: true, muted: true, "aria-label": "A video that you showed" });
  return element("p", { text });
}

function bubble({ role, parts, note }) {
  return element("li", { class: role }, element("span", { class: "hidden-text", text: role === "user" ? "You:" : "The model:" }),
    element("div", { class: "said" }, ...parts.map((part) => piece(part, role))), note ? element("p", { class: "note", text: note }) : null);
}

function list() {
  $("chat-messages").replaceChildren(...messages.map(bubble));
  $("chat-empty").hidden = messages.length > 0;
  $("chat-messages").lastElementChild?.scrollIntoView({ block: "nearest" });
}

function listShown() {
  $("chat-shown").replaceChildren(...shown.map((one, index) => element("div", { class: "shown-one" },
    one.kind === "video" ? element("span", { class: "film", text: "▶" }) : element("img", { src: addresses.of(one.blob), alt: `Picture ${index + 1} of the message` }),
    element("button", { type: "button", class: "small", text: "×", "aria-label": `Remove picture ${index + 1}`, on: {
      click: () => { shown.splice(index, 1); listShown(); $("chat-text").focus(); },
    } }))));
}

async function take(files) {
  $("chat-picture-error").textContent = "";
  for (const file of files) {
    try {
      shown.push(await accepted(file));
    } catch (error) {
      if (!(error instanceof WrongFile)) throw error;
      $("chat-picture-error").textContent = error.message;
      announce(error.message);
    }
  }
  listShown();
}

/** Has the last message answered. */
async function answer() {
  clearErrors(form);
  $("chat-picture-error").textContent = "";
  const draws = $("chat-image").checked;
  const own = stop = new AbortController();
  const conversation = messages;
  working("chat", true);
  const text = element("p", { text: draws ? "Drawing…" : "…" });
  const line = element("li", { class: "assistant", "aria-busy": "true" }, element("div", { class: "said" }, text));
  $("chat-messages").append(line);
  line.scrollIntoView({ block: "nearest" });
  let so = "";
  const said = (parts, note) => {
    if (messages !== conversation) return;
    messages.push({ role: "assistant", parts, note });
    list();
  };
  try {
    const told = await ask(messages, draws ? { modalities: ["image"] } : {}, {
      signal: own.signal,
      text: (all) => {
        so = all;
        text.textContent = all;
        line.scrollIntoView({ block: "nearest" });
      },
    });
    const took = answerSeconds(told.trace);
    said(told.image ? [{ image: told.image }] : [{ text: told.text }], took === null ? "" : `${seconds(took)} of computing`);
    announce(told.image ? "The model drew a picture." : `The model: ${told.text}`);
    if (messages === conversation) await remember();
  } catch (error) {
    if (messages !== conversation) return;
    line.remove();
    if (isStop(error)) {
      // What was said stays, since the next answer depends on it.
      if (so) said([{ text: so }], "Stopped.");
      else takeBack();
      return;
    }
    const isPicture = /\.(image|video)_url/.test(error.param ?? "");
    if (!error.isPassing) takeBack();
    if (isPicture) {
      $("chat-picture-error").textContent = error.message;
      announce(error.message);
    } else showError(form, error, answer);
  } finally {
    line.remove();
    if (stop === own) { stop = null; working("chat", false); }
  }
}

/** The last message is being written again. */
function takeBack() {
  const { parts } = messages.pop();
  shown = parts.flatMap((part) => part.image ? [{ kind: "image", blob: part.image }] : part.video ? [{ kind: "video", blob: part.video }] : []);
  $("chat-text").value ||= parts.find((part) => part.text)?.text ?? "";
  list();
  listShown();
}

async function remember() {
  const texts = messages.flatMap(({ parts }) => parts).filter((part) => part.text);
  const images = messages.flatMap(({ parts }) => parts.map((part) => part.image ?? part.video).filter(Boolean));
  const entry = { kind: "chat", title: texts[0]?.text ?? "Pictures", messages, images };
  if (kept === null) kept = await keep(entry); else await change(kept, entry);
}

function begin(conversation, id) {
  stop?.abort();
  [messages, kept, shown] = [conversation, id, []];
  addresses.clear();
  clearErrors(form);
  list();
  listShown();
}

/** Goes on with a kept conversation. */
export function restoreConversation(entry) {
  open("chat", { focus: true });
  begin(entry.messages, entry.id);
}

export function startChat() {
  sendsByKey($("chat-text"), { alone: true });
  takeFiles($("chat-form"), () => !view.hidden, take);
  $("chat-file").addEventListener("change", async ({ target }) => {
    await take([...target.files]);
    target.value = "";
    $("chat-text").focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (stop) return;
    clearErrors(form);
    const text = $("chat-text").value.trim();
    if (!text && !shown.length) return showError(form, Object.assign(new Error("Write something, or show a picture."), { param: "text" }));
    messages.push({ role: "user", parts: [...shown.map(({ kind, blob }) => ({ [kind]: blob })), ...(text ? [{ text }] : [])] });
    shown = [];
    $("chat-text").value = "";
    listShown();
    list();
    answer();
  });
  $("chat-stop").addEventListener("click", () => stop?.abort());
  $("chat-new").addEventListener("click", () => {
    begin([], null);
    $("chat-text").focus();
  });
}
