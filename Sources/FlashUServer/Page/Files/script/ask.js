// The view that asks about a picture or a video, as often as one likes.
import { isStop } from "./api.js";
import { answerSeconds, ask } from "./asking.js";
import { Addresses } from "./blobs.js";
import { $, announce, element } from "./dom.js";
import { clearErrors, showError, working } from "./fields.js";
import { seconds } from "./format.js";
import { accepted, takeFiles, WrongFile } from "./intake.js";
import { drawPatches } from "./patches.js";
import { chooseProfile, chosenProfile, startProfiles } from "./profiles.js";
import { described } from "./server.js";
import { change, keep } from "./store.js";
import { open } from "./tabs.js";

const view = $("ask");
const addresses = new Addresses();
/** What is asked about: `{kind, blob}`. */
let picture = null;
/** Its questions and answers, as the history keeps them. */
let answers = [];
/** The history's number for them. */
let kept = null;
/** Which patches stayed at the last answer. */
let patches = null;
let stop = null;

const stays = (trace) => trace?.kept_tokens?.length ? trace.kept_tokens : null;

/** How many patches stayed, in words. */
function stayed(trace) {
  const lists = stays(trace);
  if (!lists) return "";
  const number = lists.reduce((sum, one) => sum + one.length, 0);
  const grid = picture.kind === "video" ? trace.frame_grid : trace.grid;
  return `${number} of ${grid.columns * grid.rows * lists.length} patches stayed${lists.length > 1 ? `, over ${lists.length} frames` : ""}`;
}

function drawOverlay() {
  view.querySelector("canvas.patches")?.remove();
  const image = view.querySelector("#ask-stage img");
  const lists = stays(patches);
  $("ask-overlay-field").hidden = !(image && lists);
  if (!image || !lists || !$("ask-overlay").checked || !image.naturalWidth || view.hidden) return;
  const canvas = element("canvas", { class: "patches", role: "img", "aria-label": stayed(patches), "data-kept": lists[0].join(" ") });
  $("ask-stage").append(canvas);
  const size = { width: image.naturalWidth, height: image.naturalHeight };
  drawPatches(canvas, size, described()?.reading ?? { width: patches.grid.columns, height: patches.grid.rows }, patches.grid, lists[0]);
}

/** Shows what is asked about. */
function show(taken) {
  picture = taken;
  [answers, kept, patches] = [[], null, null];
  addresses.clear();
  $("ask-answers").replaceChildren();
  $("ask-clear").hidden = !taken;
  $("ask-picture-note").textContent = "";
  clearErrors(view);
  const stage = $("ask-stage");
  stage.style.removeProperty("aspect-ratio");
  if (!taken) {
    stage.replaceChildren(element("p", { class: "empty", text: "Drop an image or a video here, paste one, or" }));
    return drawOverlay();
  }
  const source = addresses.of(taken.blob);
  if (taken.kind === "video") {
    stage.replaceChildren(element("video", { src: source, controls: true, muted: true, "aria-label": "The video that is asked about", on: {
      error: () => stage.replaceChildren(element("p", { class: "empty", text: "A video that this browser does not play; the server may read it all the same." })),
    } }));
    $("ask-picture-note").textContent = `${described()?.reading.video_frames ?? 32} frames of it are read.`;
    return drawOverlay();
  }
  const image = element("img", { src: source, alt: "The picture that is asked about", on: {
    load: () => {
      stage.style.setProperty("aspect-ratio", `${image.naturalWidth} / ${image.naturalHeight}`);
      const reading = described()?.reading;
      if (reading && image.naturalWidth / image.naturalHeight !== reading.width / reading.height) {
        $("ask-picture-note").textContent = "The model reads the middle of it, as large as fits.";
      }
      drawOverlay();
    },
    error: () => { $("ask-picture-error").textContent = "This browser can't show the picture."; },
  } });
  stage.replaceChildren(image);
  drawOverlay();
}

async function take(files) {
  $("ask-picture-error").textContent = "";
  try {
    stop?.abort();
    show(await accepted(files[0]));
    announce(picture.kind === "video" ? "The video is there." : "The picture is there.");
    $("ask-question").focus();
  } catch (error) {
    if (!(error instanceof WrongFile)) throw error;
    $("ask-picture-error").textContent = error.message;
    announce(error.message);
  }
}

/** A question and what becomes of it, in the list. */
function item(question) {
  const answer = element("p", { class: "answer" });
  const note = element("p", { class: "note" });
  const line = element("li", { "aria-busy": "true" }, element("p", { class: "question", text: question }), answer, note);
  $("ask-answers").append(line);
  line.scrollIntoView({ block: "nearest" });
  return { line, answer, note };
}

function finish({ line, answer, note }, text, words) {
  answer.textContent = text;
  note.replaceChildren(words);
  line.removeAttribute("aria-busy");
}

async function send(question, place = item(question)) {
  const about = picture;
  const accelerate = chosenProfile("ask") ?? ($("ask-changes").value.trim() || undefined);
  clearErrors(view);
  $("ask-picture-error").textContent = "";
  const own = stop = new AbortController();
  working("ask", true);
  place.line.setAttribute("aria-busy", "true");
  let so = "";
  try {
    const messages = [{ role: "user", parts: [{ [about.kind]: about.blob }, { text: question }] }];
    const answer = await ask(messages, { accelerate }, {
      signal: own.signal, text: (all) => { so = all; place.answer.textContent = all; },
    });
    if (about !== picture) return;
    patches = answer.trace;
    const words = inWords(answer);
    finish(place, answer.text, words);
    drawOverlay();
    answers.push({ question, answer: answer.text, note: words, trace: answer.trace, accelerate });
    await remember();
  } catch (error) {
    if (about !== picture) return;
    if (isStop(error)) return finish(place, so, "Stopped.");
    if (error.param?.includes("image_url") || error.param?.includes("video_url")) {
      place.line.remove();
      $("ask-picture-error").textContent = error.message;
      announce(error.message);
    } else if (error.kind === "lost") {
      const again = element("button", { type: "button", class: "small retry", text: "Try again", on: { click: () => send(question, place) } });
      finish(place, so, error.message);
      place.note.append(" ", again);
      announce(error.message);
    } else {
      place.line.remove();
      showError(view, error, () => send(question));
      $("ask-question").value ||= question;
    }
  } finally {
    if (stop === own) { stop = null; working("ask", false); }
  }
}

/** What an answer took and what stayed. */
function inWords({ trace, firstSeconds, reason }) {
  const took = answerSeconds(trace);
  return [
    took === null ? "" : `${seconds(took)} of computing`, firstSeconds === null ? "" : `first words after ${seconds(firstSeconds)}`,
    stayed(trace), reason === "length" ? "cut at the longest answer" : "",
  ].filter(Boolean).join(" · ");
}

async function remember() {
  const entry = { kind: "ask", title: answers[0].question, picture: picture.kind, images: [picture.blob], answers };
  if (kept === null) kept = await keep(entry); else await change(kept, entry);
}

/** Asks about an image from elsewhere on the page. */
export function askAbout(image) {
  open("ask", { focus: true });
  stop?.abort();
  show({ kind: "image", blob: image });
  $("ask-question").focus();
}

/** Shows a kept picture with its answers. */
export function restoreAnswers(entry) {
  open("ask", { focus: true });
  show({ kind: entry.picture, blob: entry.images[0] });
  [answers, kept] = [entry.answers, entry.id];
  for (const one of answers) finish(item(one.question), one.answer, one.note);
  patches = answers.at(-1).trace;
  chooseProfile("ask", answers.at(-1).accelerate);
  drawOverlay();
}

export function startAsk() {
  startProfiles("ask");
  takeFiles($("ask-drop"), () => !view.hidden, take);
  for (const name of ["ask-file", "ask-camera"]) {
    $(name).addEventListener("change", ({ target }) => {
      if (target.files.length) take([...target.files]);
      target.value = "";
    });
  }
  $("ask-clear").addEventListener("click", () => {
    stop?.abort();
    show(null);
    $("ask-file").focus();
  });
  $("ask-overlay").addEventListener("change", drawOverlay);
  new ResizeObserver(drawOverlay).observe($("ask-stage"));
  $("ask-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (stop) return;
    clearErrors(view);
    const question = $("ask-question").value.trim();
    if (!picture) {
      $("ask-picture-error").textContent = "Choose a picture or a video first.";
      announce("Choose a picture or a video first.");
      return $("ask-file").focus();
    }
    if (!question) return showError(view, Object.assign(new Error("Ask something."), { param: "question" }));
    $("ask-question").value = "";
    send(question);
  });
  $("ask-stop").addEventListener("click", () => stop?.abort());
}
