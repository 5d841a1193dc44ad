// swift-format-ignore-file
// Written by scripts/embed-page; change the files in Files/ instead.

/// The files of the web page, as they are in the folder `Files`.
package enum PageFiles {
    static let all = texts.map { PageFile(name: $0.name, text: $0.text) }

    /// Names below the folder, and contents.
    package static let texts: [(name: String, text: String)] = [
(
"icon.svg",
##"""
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
  <rect width="32" height="32" rx="8" fill="#0e6e6a"/>
  <path d="M9 8h5v9a2.500 2.500 0 0 0 5 0V8h5v9a7.500 7.500 0 0 1-15 0z" fill="#fff"/>
</svg>

"""##
),
(
"index.html",
##"""
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>FlashU</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="description" content="Draw images from text and ask about pictures, on your own machine.">
  <meta name="color-scheme" content="light dark">
  <link rel="icon" href="/page/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/page/style/base.css">
  <link rel="stylesheet" href="/page/style/frame.css">
  <link rel="stylesheet" href="/page/style/forms.css">
  <link rel="stylesheet" href="/page/style/pictures.css">
  <link rel="stylesheet" href="/page/style/map.css">
  <link rel="stylesheet" href="/page/style/talk.css">
  <link rel="stylesheet" href="/page/style/history.css">
  <script src="/page/script/theme-first.js"></script>
  <script type="module" src="/page/script/app.js"></script>
</head>
<body>
  <a class="skip" href="#main">Skip to the content</a>

  <header class="top">
    <div class="brand"><span class="name">FlashU</span> <span class="model" id="model-name"></span></div>
    <div class="tabs" role="tablist" aria-label="What to do">
      <button type="button" role="tab" id="tab-draw" aria-controls="draw" aria-selected="true">Draw</button>
      <button type="button" role="tab" id="tab-compare" aria-controls="compare" aria-selected="false" tabindex="-1">Compare</button>
      <button type="button" role="tab" id="tab-ask" aria-controls="ask" aria-selected="false" tabindex="-1">Ask</button>
      <button type="button" role="tab" id="tab-chat" aria-controls="chat" aria-selected="false" tabindex="-1">Chat</button>
      <button type="button" role="tab" id="tab-history" aria-controls="history" aria-selected="false" tabindex="-1">History</button>
    </div>
    <div class="tools">
      <button type="button" class="quiet" id="key-button" hidden>Key</button>
      <button type="button" class="quiet" id="theme-button">Dark</button>
    </div>
  </header>

  <div class="banner" id="banner" role="status" hidden>
    <span id="banner-text"></span>
    <button type="button" class="small" id="banner-retry">Try now</button>
  </div>
  <p class="hidden-text" id="live" aria-live="polite"></p>
  <noscript><p class="banner">This page needs JavaScript. The API does not.</p></noscript>

  <main id="main" tabindex="-1">

    <section class="view" id="draw" role="tabpanel" aria-labelledby="tab-draw" tabindex="-1">
      <h1 class="hidden-text">Draw</h1>
      <div class="desk">
        <form class="panel" id="draw-form" novalidate>
          <div class="field">
            <label for="draw-prompt">Prompt</label>
            <textarea id="draw-prompt" data-param="prompt" rows="3" required aria-describedby="draw-prompt-error" placeholder="a photo of a red circle"></textarea>
            <p class="field-error" id="draw-prompt-error"></p>
          </div>
          <div class="field">
            <label for="draw-negative">Negative prompt <span class="optional">optional</span></label>
            <input id="draw-negative" data-param="negative_prompt" autocomplete="off" aria-describedby="draw-negative-error">
            <p class="field-error" id="draw-negative-error"></p>
          </div>
          <div class="field">
            <label for="draw-profile">Acceleration</label>
            <select id="draw-profile" data-profiles="drawing" aria-describedby="draw-profile-hint"></select>
            <p class="hint" id="draw-profile-hint"></p>
          </div>
          <div class="field" id="draw-fields" hidden>
            <label for="draw-changes">Fields of a profile</label>
            <input id="draw-changes" data-param="accelerate" autocomplete="off" spellcheck="false" aria-describedby="draw-changes-hint draw-changes-error" placeholder="headCache.interval=3; headCache.order=1">
            <p class="hint" id="draw-changes-hint">FIELD=VALUE, separated by semicolons. What is left out stays as in the exact engine.</p>
            <p class="field-error" id="draw-changes-error"></p>
            <details class="known"><summary>All fields</summary><div class="scroll" tabindex="0" role="region" aria-label="All fields of a profile"><dl id="draw-known"></dl></div></details>
          </div>
          <div class="row">
            <div class="field">
              <label for="draw-size">Size</label>
              <input id="draw-size" data-param="size" list="sizes" autocomplete="off" aria-describedby="draw-size-error">
              <p class="field-error" id="draw-size-error"></p>
            </div>
            <div class="field">
              <label for="draw-steps">Steps</label>
              <input id="draw-steps" data-param="num_inference_steps" data-kind="whole" inputmode="numeric" autocomplete="off" aria-describedby="draw-steps-error">
              <p class="field-error" id="draw-steps-error"></p>
            </div>
          </div>
          <div class="row">
            <div class="field">
              <label for="draw-seed">Seed</label>
              <input id="draw-seed" data-param="seed" data-kind="whole" inputmode="numeric" autocomplete="off" placeholder="random" aria-describedby="draw-seed-error">
              <p class="field-error" id="draw-seed-error"></p>
            </div>
            <div class="field">
              <label for="draw-guidance">Guidance</label>
              <input id="draw-guidance" data-param="guidance_scale" data-kind="number" inputmode="decimal" autocomplete="off" aria-describedby="draw-guidance-error">
              <p class="field-error" id="draw-guidance-error"></p>
            </div>
          </div>
          <div class="field">
            <label for="draw-previews">Live preview</label>
            <select id="draw-previews" data-param="previews" data-kind="whole" aria-describedby="draw-previews-error">
              <option value="0">none</option>
              <option value="3">3 pictures</option>
              <option value="8" selected>8 pictures</option>
              <option value="100">after every evaluation</option>
            </select>
            <p class="field-error" id="draw-previews-error"></p>
          </div>
          <p class="form-error" id="draw-error" role="alert"></p>
          <div class="actions">
            <button type="submit" class="primary" id="draw-go">Draw</button>
            <button type="button" id="draw-stop" hidden>Stop</button>
          </div>
        </form>

        <div class="result">
          <figure class="easel" id="draw-easel">
            <div class="stage" id="draw-stage"><p class="empty">What you draw appears here.</p></div>
            <progress id="draw-progress" max="1" value="0" aria-label="Evaluations done" hidden></progress>
            <figcaption id="draw-caption"></figcaption>
          </figure>
          <div class="actions" id="draw-after" hidden>
            <a class="button" id="draw-save" download="flashu.png" href="#">Save</a>
            <button type="button" id="draw-ask">Ask about it</button>
            <button type="button" id="draw-again">Keep this seed</button>
          </div>
          <div id="draw-map"></div>
        </div>
      </div>
    </section>

    <section class="view" id="compare" role="tabpanel" aria-labelledby="tab-compare" tabindex="-1" hidden>
      <h1 class="hidden-text">Compare</h1>
      <form class="panel wide" id="compare-form" novalidate>
        <div class="field grow">
          <label for="compare-prompt">Prompt</label>
          <input id="compare-prompt" data-param="prompt" required autocomplete="off" aria-describedby="compare-prompt-error" placeholder="a photo of a red circle">
          <p class="field-error" id="compare-prompt-error"></p>
        </div>
        <div class="field">
          <label for="compare-profile">Exact engine against</label>
          <select id="compare-profile" data-profiles="drawing" data-without="off" aria-describedby="compare-profile-hint"></select>
          <p class="hint" id="compare-profile-hint"></p>
        </div>
        <div class="field" id="compare-fields" hidden>
          <label for="compare-changes">Fields of a profile</label>
          <input id="compare-changes" data-param="accelerate" autocomplete="off" spellcheck="false" aria-describedby="compare-changes-error" placeholder="headCache.interval=3">
          <p class="field-error" id="compare-changes-error"></p>
        </div>
        <div class="field narrow">
          <label for="compare-seed">Seed</label>
          <input id="compare-seed" data-param="seed" data-kind="whole" inputmode="numeric" autocomplete="off" placeholder="random" aria-describedby="compare-seed-error">
          <p class="field-error" id="compare-seed-error"></p>
        </div>
        <div class="field narrow">
          <label for="compare-size">Size</label>
          <input id="compare-size" data-param="size" list="sizes" autocomplete="off" aria-describedby="compare-size-error">
          <p class="field-error" id="compare-size-error"></p>
        </div>
        <div class="field narrow">
          <label for="compare-steps">Steps</label>
          <input id="compare-steps" data-param="num_inference_steps" data-kind="whole" inputmode="numeric" autocomplete="off" aria-describedby="compare-steps-error">
          <p class="field-error" id="compare-steps-error"></p>
        </div>
        <p class="form-error" id="compare-error" role="alert"></p>
        <div class="actions">
          <button type="submit" class="primary" id="compare-go">Compare</button>
          <button type="button" id="compare-stop" hidden>Stop</button>
        </div>
      </form>
      <p class="verdict" id="compare-verdict"></p>
      <div class="trio" id="compare-result" hidden>
        <figure class="easel" id="compare-exact"><div class="stage"></div><progress max="1" value="0" aria-label="Evaluations done, exact engine" hidden></progress><figcaption></figcaption><div class="map-place"></div></figure>
        <figure class="easel" id="compare-fast"><div class="stage"></div><progress max="1" value="0" aria-label="Evaluations done, accelerated" hidden></progress><figcaption></figcaption><div class="map-place"></div></figure>
        <figure class="easel" id="compare-difference"><div class="stage"></div><figcaption></figcaption></figure>
      </div>
    </section>

    <section class="view" id="ask" role="tabpanel" aria-labelledby="tab-ask" tabindex="-1" hidden>
      <h1 class="hidden-text">Ask</h1>
      <div class="desk even">
        <div class="panel">
          <div class="drop" id="ask-drop">
            <div class="stage" id="ask-stage"><p class="empty">Drop an image or a video here, paste one, or</p></div>
            <div class="actions center">
              <label class="button file" for="ask-file">Choose a file<input class="hidden-text" type="file" id="ask-file" accept="image/*,video/*" aria-describedby="ask-picture-error"></label>
              <label class="button file" for="ask-camera">Take a photo<input class="hidden-text" type="file" id="ask-camera" accept="image/*" capture="environment" aria-describedby="ask-picture-error"></label>
              <button type="button" class="quiet" id="ask-clear" hidden>Remove</button>
            </div>
          </div>
          <p class="field-error" id="ask-picture-error"></p>
          <p class="hint" id="ask-picture-note"></p>
          <div class="field check" id="ask-overlay-field" hidden>
            <input type="checkbox" id="ask-overlay" checked>
            <label for="ask-overlay">Show the patches that stayed</label>
          </div>
          <div class="field">
            <label for="ask-profile">Acceleration</label>
            <select id="ask-profile" data-profiles="asking" aria-describedby="ask-profile-hint"></select>
            <p class="hint" id="ask-profile-hint"></p>
          </div>
          <div class="field" id="ask-fields" hidden>
            <label for="ask-changes">Fields of a profile</label>
            <input id="ask-changes" data-param="accelerate" autocomplete="off" spellcheck="false" aria-describedby="ask-changes-error" placeholder="tokens.dropRatio=0.5">
            <p class="field-error" id="ask-changes-error"></p>
          </div>
        </div>
        <div class="talk">
          <div role="log" aria-label="Questions and answers"><ol class="answers" id="ask-answers"></ol></div>
          <form class="composer" id="ask-form" novalidate>
            <div class="field grow">
              <label for="ask-question">Question</label>
              <input id="ask-question" data-param="question" autocomplete="off" aria-describedby="ask-question-error" placeholder="what color is the circle?">
              <p class="field-error" id="ask-question-error"></p>
            </div>
            <button type="submit" class="primary" id="ask-go">Ask</button>
            <button type="button" id="ask-stop" hidden>Stop</button>
            <p class="form-error" id="ask-error" role="alert"></p>
          </form>
        </div>
      </div>
    </section>

    <section class="view" id="chat" role="tabpanel" aria-labelledby="tab-chat" tabindex="-1" hidden>
      <h1 class="hidden-text">Chat</h1>
      <div class="chat">
        <div class="log" role="log" aria-live="off" aria-label="Conversation"><ol class="messages" id="chat-messages"></ol></div>
        <p class="empty" id="chat-empty">Write something, show a picture, or let the model draw one.</p>
        <form class="composer card" id="chat-form" novalidate>
          <div class="shown" id="chat-shown"></div>
          <p class="field-error" id="chat-picture-error"></p>
          <div class="field grow">
            <label class="hidden-text" for="chat-text">Message</label>
            <textarea id="chat-text" data-param="text" rows="2" aria-describedby="chat-text-error" placeholder="Message"></textarea>
            <p class="field-error" id="chat-text-error"></p>
          </div>
          <p class="form-error" id="chat-error" role="alert"></p>
          <div class="actions">
            <label class="button file" for="chat-file">Add a picture<input class="hidden-text" type="file" id="chat-file" accept="image/*,video/*" multiple aria-describedby="chat-picture-error"></label>
            <fieldset class="choice">
              <legend class="hidden-text">Answer with</legend>
              <label><input type="radio" name="chat-answer" value="text" checked><span>Text</span></label>
              <label><input type="radio" name="chat-answer" value="image" id="chat-image"><span>Picture</span></label>
            </fieldset>
            <button type="button" class="quiet" id="chat-new">New</button>
            <button type="button" id="chat-stop" hidden>Stop</button>
            <button type="submit" class="primary" id="chat-go">Send</button>
          </div>
        </form>
      </div>
    </section>

    <section class="view" id="history" role="tabpanel" aria-labelledby="tab-history" tabindex="-1" hidden>
      <div class="bar">
        <h1>History</h1>
        <p class="hint" id="history-note">Kept in this browser only.</p>
        <span class="spring"></span>
        <button type="button" id="history-export">Export</button>
        <button type="button" id="history-clear">Delete all</button>
      </div>
      <p class="form-error" id="history-error" role="alert"></p>
      <ul class="entries" id="history-list" aria-label="Kept drawings, comparisons, questions and conversations"></ul>
      <p class="empty" id="history-empty">Nothing is kept yet.</p>
    </section>
  </main>

  <datalist id="sizes"></datalist>

  <dialog id="key-dialog" aria-labelledby="key-title">
    <form id="key-form" novalidate>
      <h2 id="key-title">This server asks for a key</h2>
      <div class="field">
        <label for="key-text">Key</label>
        <input type="password" id="key-text" autocomplete="off" aria-describedby="key-hint key-error">
        <p class="field-error" id="key-error" role="alert"></p>
        <p class="hint" id="key-hint">Kept until this tab is closed.</p>
      </div>
      <div class="actions">
        <button type="submit" class="primary" id="key-go">Use it</button>
        <button type="button" id="key-cancel">Cancel</button>
      </div>
    </form>
  </dialog>

  <dialog id="sure-dialog" aria-labelledby="sure-text">
    <p id="sure-text"></p>
    <div class="actions">
      <button type="button" class="danger" id="sure-yes">Delete</button>
      <button type="button" id="sure-no">Keep</button>
    </div>
  </dialog>
</body>
</html>

"""##
),
(
"script/api.js",
##"""
// Requests to the server, and what can become of them.
import { events } from "./events.js";
import { askForKey, keyHeaders } from "./key.js";

/** What the server, or the way to it, refused. */
export class Refusal extends Error {
  /**
   * @param {string} message for people
   * @param {{kind?: "refused"|"away"|"lost", status?: number, param?: string, code?: string}} more
   *   `away`: no answer came; `lost`: it broke off.
   */
  constructor(message, more = {}) {
    super(message);
    Object.assign(this, { kind: "refused", status: 0, param: null, code: null }, more);
  }
  /** Whether the same request may do better later. */
  get isPassing() { return this.kind !== "refused" || this.status === 429 || this.status >= 500; }
}

/** Whether somebody pressed Stop. */
export const isStop = (error) => error?.name === "AbortError";

const listeners = new Set();
/** Calls `body` when a request got no answer, or lost it. */
export const whenAway = (body) => listeners.add(body);

function away(message, kind) {
  for (const body of listeners) body();
  return new Refusal(message, { kind });
}

async function answer(path, body, signal) {
  for (;;) {
    let response;
    try {
      response = await fetch(path, {
        method: body === undefined ? "GET" : "POST", signal, cache: "no-store",
        headers: { ...keyHeaders(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      if (isStop(error)) throw error;
      throw away("The server does not answer.", "away");
    }
    if (response.ok) return response;
    const refusal = await refused(response);
    if (response.status === 401 && await askForKey()) continue;
    throw refusal;
  }
}

async function refused(response) {
  let told = {};
  try { told = (await response.json()).error ?? {}; } catch { /* No JSON: the status says it. */ }
  const wait = Number(response.headers.get("retry-after"));
  const later = response.status === 429 && wait ? ` Try again in ${wait} s.` : "";
  return new Refusal(sentence(told.message ?? `the server answered ${response.status}`) + later,
    { status: response.status, param: told.param ?? null, code: told.code ?? null });
}

/** The server's messages begin with a small letter and have no full stop. */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** GET; an object of JSON. */
export const get = async (path, signal) => (await answer(path, undefined, signal)).json();

/**
 * POST; the events of its answer, as objects. Ends at `[DONE]`, or where the connection does.
 * @throws {Refusal} also for an error that comes in the stream, and for a connection that breaks
 */
export async function* stream(path, body, signal) {
  const response = await answer(path, { ...body, stream: true }, signal);
  try {
    for await (const data of events(response.body)) {
      // The server ends the answer; leaving it before would count as having left.
      if (data === "[DONE]") continue;
      const event = JSON.parse(data);
      if (event.error) {
        throw new Refusal(sentence(event.error.message),
          { status: 500, param: event.error.param ?? null, code: event.error.code ?? null });
      }
      yield event;
    }
  } catch (error) {
    if (error instanceof Refusal || isStop(error) || signal?.aborted) throw signal?.aborted ? stopped() : error;
    throw away("The connection broke off.", "lost");
  }
  if (signal?.aborted) throw stopped();
}

const stopped = () => new DOMException("stopped", "AbortError");

/** An answer that ended before it was complete. */
export const incomplete = (what) => away(`The connection broke off before ${what}.`, "lost");

"""##
),
(
"script/app.js",
##"""
// Starts the page.
import { askAbout, restoreAnswers, startAsk } from "./ask.js";
import { restoreConversation, startChat } from "./chat.js";
import { restoreComparison, startCompare } from "./compare.js";
import { restoreDrawing, startDraw } from "./draw.js";
import { startFields } from "./fields.js";
import { startHistory } from "./history.js";
import { startIntake } from "./intake.js";
import { startKey } from "./key.js";
import { describe, startServer } from "./server.js";
import { startTabs } from "./tabs.js";
import { startTheme } from "./theme.js";

startTheme();
startFields();
startIntake();
startDraw(askAbout);
startCompare();
startAsk();
startChat();
startHistory({ draw: restoreDrawing, compare: restoreComparison, ask: restoreAnswers, chat: restoreConversation });
startTabs();
startKey(describe);
startServer();

"""##
),
(
"script/ask.js",
##"""
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

"""##
),
(
"script/asking.js",
##"""
// One answer, from the request to its last word.
import { incomplete, stream } from "./api.js";
import { dataURL, fromDataURL } from "./blobs.js";

/** A part of a message as the API wants it. */
async function part({ text, image, video }) {
  if (image) return { type: "image_url", image_url: { url: await dataURL(image) } };
  if (video) return { type: "video_url", video_url: { url: await dataURL(video) } };
  return { type: "text", text };
}

/**
 * Asks.
 * @param {{role: string, parts: {text?: string, image?: Blob, video?: Blob}[]}[]} messages
 * @param {object} more further fields of the request
 * @param {{signal?: AbortSignal, text?: (all: string) => void}} watcher told all the text there is, each time there is more
 * @returns {Promise<{text: string, image: Blob|null, reason: string, trace: object|null, usage: object|null, firstSeconds: number}>}
 */
export async function ask(messages, more, { signal, text: told } = {}) {
  const sent = await Promise.all(messages.map(async ({ role, parts }) => ({ role, content: await Promise.all(parts.map(part)) })));
  const start = performance.now();
  const answer = { text: "", image: null, reason: null, trace: null, usage: null, firstSeconds: null };
  const request = { messages: sent, stream_options: { include_usage: true }, trace: true, ...more };
  for await (const piece of stream("/v1/chat/completions", request, signal)) {
    if (piece.usage) answer.usage = piece.usage;
    if (piece.trace) answer.trace = piece.trace;
    const choice = piece.choices[0];
    if (!choice) continue;
    if (choice.finish_reason) answer.reason = choice.finish_reason;
    const content = choice.delta?.content;
    if (Array.isArray(content)) {
      const url = content.find((one) => one.type === "image_url")?.image_url.url;
      if (url) answer.image = fromDataURL(url);
    } else if (content) {
      answer.firstSeconds ??= (performance.now() - start) / 1000;
      answer.text += content;
      told?.(answer.text);
    }
  }
  if (!answer.reason) throw incomplete("the answer was complete");
  return answer;
}

/** Seconds that an answer was computed for, by the server's clock; null where it does not say. */
export const answerSeconds = (trace) =>
  trace?.timings ? trace.timings.encoding + trace.timings.reading + trace.timings.question + trace.timings.decoding : null;

"""##
),
(
"script/blobs.js",
##"""
// Pictures between the forms that they have: base64, files, elements.

/** The bytes of a base64 text as a file. */
export const fromBase64 = (text, type = "image/png") => new Blob([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], { type });

/** `data:TYPE;base64,...` of a file. */
export const dataURL = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

/** A file of what `data:TYPE;base64,...` holds. */
export function fromDataURL(url) {
  const [head, text] = url.split(",", 2);
  return fromBase64(text, head.slice(5).split(";")[0]);
}

/** Addresses for the files that a part of the page shows, given up together. */
export class Addresses {
  #given = new Map();
  of(blob) {
    if (!this.#given.has(blob)) this.#given.set(blob, URL.createObjectURL(blob));
    return this.#given.get(blob);
  }
  clear() {
    for (const address of this.#given.values()) URL.revokeObjectURL(address);
    this.#given.clear();
  }
}


/** The pixels of a picture. */
export async function pixels(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

"""##
),
(
"script/chat.js",
##"""
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

"""##
),
(
"script/compare.js",
##"""
// The view that draws the same twice, exactly and faster, and sets the two side by side.
import { isStop } from "./api.js";
import { difference, strength } from "./difference.js";
import { $, announce } from "./dom.js";
import { clearErrors, showError, values, working } from "./fields.js";
import { computingSeconds, drawImage, Easel } from "./drawing.js";
import { count, ratio, seconds } from "./format.js";
import { EvaluationMap } from "./map.js";
import { chooseProfile, chosenProfile, startProfiles } from "./profiles.js";
import { keep } from "./store.js";
import { open } from "./tabs.js";

const form = $("compare-form");
const sides = { exact: new Easel($("compare-exact")), fast: new Easel($("compare-fast")) };
const maps = {};
let stop = null;

function caption(name, drawn) {
  return `${name} · ${seconds(computingSeconds(drawn.trace))} · ${count(drawn.trace.evaluations.length, "evaluation")}`;
}

function begin(size) {
  $("compare-result").hidden = false;
  $("compare-verdict").textContent = "";
  $("compare-difference").querySelector(".stage").replaceChildren();
  $("compare-difference").querySelector("figcaption").textContent = "";
  for (const [side, easel] of Object.entries(sides)) {
    easel.begin(size);
    maps[side]?.remove();
    maps[side] = new EvaluationMap($(`compare-${side}`).querySelector(".map-place"));
  }
}

async function compare() {
  clearErrors(form);
  let asked;
  try { asked = values(form); } catch (error) { return showError(form, error); }
  const accelerate = chosenProfile("compare") ?? asked.accelerate;
  if (!accelerate) return showError(form, Object.assign(new Error("Say what differs from the exact engine."), { param: "accelerate" }));
  // Both begin with the same noise.
  asked.seed ??= Math.floor(Math.random() * 2 ** 32);
  stop?.abort();
  const own = stop = new AbortController();
  working("compare", true);
  begin(asked.size ?? $("compare-size").placeholder);
  announce("Drawing twice.");
  const drawn = {};
  try {
    // The faster one first: what is wrong with a profile is told before the exact engine runs.
    for (const [side, profile] of [["fast", accelerate], ["exact", "off"]]) {
      drawn[side] = await drawImage({ ...asked, accelerate: profile }, {
        signal: own.signal,
        evaluation: (evaluation, done, total) => {
          maps[side].add(evaluation, total);
          sides[side].progress(done, total);
          sides[side].caption.textContent = `Evaluation ${done} of ${total}`;
        },
      });
      showSide(side, side === "exact" ? "exact" : accelerate, asked, drawn[side]);
    }
    await showBoth(drawn);
    announce($("compare-verdict").textContent);
    keep({
      kind: "compare", title: asked.prompt, request: { ...asked, accelerate }, seed: drawn.exact.seed, size: drawn.exact.size,
      traces: [drawn.exact.trace, drawn.fast.trace], images: [drawn.exact.image, drawn.fast.image],
    });
  } catch (error) {
    if (isStop(error)) {
      $("compare-verdict").textContent = "Stopped.";
      announce("Stopped.");
    } else showError(form, error, compare);
    if (!drawn.fast) $("compare-result").hidden = true;
  } finally {
    for (const easel of Object.values(sides)) easel.end();
    if (stop === own) { stop = null; working("compare", false); }
  }
}

function showSide(side, name, asked, drawn) {
  sides[side].show(drawn.image, `${asked.prompt}, ${side === "exact" ? "exact engine" : name}`);
  sides[side].end();
  sides[side].caption.textContent = caption(name, drawn);
  maps[side].finish(drawn.trace);
}

async function showBoth({ exact, fast }) {
  const { canvas, mean, psnr } = await difference(exact.image, fast.image);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Difference of the two images, ${strength} times as strong`);
  const figure = $("compare-difference");
  figure.querySelector(".stage").style.setProperty("aspect-ratio", `${canvas.width} / ${canvas.height}`);
  figure.querySelector(".stage").replaceChildren(canvas);
  figure.querySelector("figcaption").textContent =
    `difference, ${strength} times as strong · mean ${ratio(mean)} of 255 · ${psnr === Infinity ? "the same pixels" : `PSNR ${ratio(psnr)} dB`}`;
  const factor = computingSeconds(exact.trace) / computingSeconds(fast.trace);
  $("compare-verdict").textContent =
    `${ratio(factor)} times as fast: ${seconds(computingSeconds(fast.trace))} instead of ${seconds(computingSeconds(exact.trace))}, seed ${exact.seed}.`;
}

/** Shows a kept comparison. */
export async function restoreComparison(entry) {
  open("compare", { focus: true });
  for (const field of form.querySelectorAll("[data-param]")) field.value = entry.request[field.dataset.param] ?? "";
  chooseProfile("compare", entry.request.accelerate);
  begin(entry.size);
  const [exact, fast] = entry.images.map((image, place) => ({ image, seed: entry.seed, trace: entry.traces[place] }));
  showSide("exact", "exact", entry.request, exact);
  showSide("fast", entry.request.accelerate, entry.request, fast);
  await showBoth({ exact, fast });
}

export function startCompare() {
  startProfiles("compare");
  form.addEventListener("submit", (event) => { event.preventDefault(); compare(); });
  $("compare-stop").addEventListener("click", () => stop?.abort());
}

"""##
),
(
"script/difference.js",
##"""
// How far two pictures are apart.
import { pixels } from "./blobs.js";

/** How much stronger a difference is shown than it is. */
export const strength = 4;

/**
 * @param {Blob} first
 * @param {Blob} second of the same size
 * @returns {Promise<{canvas: HTMLCanvasElement, mean: number, psnr: number}>} the mean difference of a channel, 0 to 255, and the peak signal-to-noise ratio in dB
 */
export async function difference(first, second) {
  const [one, other] = [await pixels(first), await pixels(second)];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [one.width, one.height];
  const context = canvas.getContext("2d");
  const shown = context.createImageData(one.width, one.height);
  let sum = 0;
  let squares = 0;
  for (let place = 0; place < one.data.length; place += 4) {
    for (let channel = 0; channel < 3; channel += 1) {
      const off = Math.abs(one.data[place + channel] - other.data[place + channel]);
      sum += off;
      squares += off * off;
      shown.data[place + channel] = Math.min(255, strength * off);
    }
    shown.data[place + 3] = 255;
  }
  context.putImageData(shown, 0, 0);
  const values = one.width * one.height * 3;
  return { canvas, mean: sum / values, psnr: squares ? 10 * Math.log10(255 * 255 * values / squares) : Infinity };
}

"""##
),
(
"script/dom.js",
##"""
// Making and finding elements. Texts only ever become text.

export const $ = (id) => document.getElementById(id);

/**
 * A new element.
 * @param {string} name its tag
 * @param {object} properties `text`, `class`, `on` (listeners by event), everything else an attribute; false and null leave it out
 * @param {...(Node|string)} children
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") made.textContent = value;
    else if (key === "class") made.className = value;
    else if (key === "on") for (const [event, body] of Object.entries(value)) made.addEventListener(event, body);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Tells people who listen to the page instead of looking at it. */
export function announce(text) {
  const live = $("live");
  live.textContent = "";
  // A change of the same text is one, too.
  requestAnimationFrame(() => { live.textContent = text; });
}

/** Asks whether something is to be deleted. */
export function sure(question, yes = "Delete") {
  const dialog = $("sure-dialog");
  $("sure-text").textContent = question;
  $("sure-yes").textContent = yes;
  return new Promise((resolve) => {
    let answer = false;
    $("sure-yes").onclick = () => { answer = true; dialog.close(); };
    $("sure-no").onclick = () => dialog.close();
    dialog.addEventListener("close", () => resolve(answer), { once: true });
    dialog.showModal();
    $("sure-no").focus();
  });
}

"""##
),
(
"script/draw.js",
##"""
// The view that draws one image.
import { isStop } from "./api.js";
import { $, announce, element } from "./dom.js";
import { clearErrors, sendsByKey, showError, values, working } from "./fields.js";
import { computingSeconds, drawImage, Easel } from "./drawing.js";
import { count, seconds } from "./format.js";
import { EvaluationMap } from "./map.js";
import { chooseProfile, chosenProfile, startProfiles } from "./profiles.js";
import { keep } from "./store.js";
import { whenDescribed } from "./server.js";
import { open } from "./tabs.js";

const form = $("draw-form");
const easel = new Easel($("draw-easel"));
let map = null;
let stop = null;
let last = null;
let saved = null;

/** What the form says. */
function request() {
  const said = values(form);
  return { accelerate: chosenProfile("draw"), ...said };
}

async function draw() {
  clearErrors(form);
  let asked;
  try { asked = request(); } catch (error) { return showError(form, error); }
  stop?.abort();
  const own = stop = new AbortController();
  working("draw", true);
  $("draw-after").hidden = true;
  easel.begin(asked.size ?? $("draw-size").placeholder);
  map?.remove();
  map = new EvaluationMap($("draw-map"));
  // On a small screen it is below the form.
  easel.stage.scrollIntoView({ block: "nearest" });
  announce("Drawing.");
  let told = 0;
  try {
    const drawn = await drawImage(asked, {
      signal: own.signal,
      preview: (blob) => easel.show(blob, `Not finished yet: ${asked.prompt}`),
      evaluation: (evaluation, done, total) => {
        map.add(evaluation, total);
        easel.progress(done, total);
        easel.caption.textContent = `Evaluation ${done} of ${total}`;
        const quarter = Math.floor(4 * done / total);
        if (quarter > told && quarter < 4) { told = quarter; announce(`${quarter * 25} percent drawn.`); }
      },
    });
    show({ request: asked, ...drawn });
    announce(`The image is finished. ${$("draw-caption").textContent}`);
    keep({ kind: "draw", title: asked.prompt, request: asked, seed: drawn.seed, size: drawn.size, trace: drawn.trace, images: [drawn.image] });
  } catch (error) {
    if (isStop(error)) {
      easel.caption.textContent = "Stopped.";
      announce("Stopped.");
    } else {
      easel.caption.textContent = "";
      showError(form, error, draw);
    }
  } finally {
    easel.end();
    if (stop === own) { stop = null; working("draw", false); }
  }
}

/** Shows a finished drawing. */
function show(drawn) {
  last = drawn;
  easel.show(drawn.image, drawn.request.prompt);
  easel.end();
  const { trace } = drawn;
  easel.caption.textContent = [
    drawn.size.replace("x", " × "), `seed ${drawn.seed}`, count(trace.evaluations.length, "evaluation"),
    `${seconds(computingSeconds(trace))} of computing`, trace.profile ? (drawn.request.accelerate ?? trace.profile).replaceAll("; ", ", ") : "exact",
  ].join(" · ");
  easel.caption.title = trace.profile;
  map.finish(trace);
  if (saved) URL.revokeObjectURL(saved);
  saved = URL.createObjectURL(drawn.image);
  $("draw-save").href = saved;
  $("draw-save").download = `flashu-${drawn.seed}.png`;
  $("draw-after").hidden = false;
}

/** Shows a kept drawing, and puts its settings into the form. */
export function restoreDrawing(entry) {
  open("draw", { focus: true });
  const { request: asked } = entry;
  for (const field of form.querySelectorAll("[data-param]")) field.value = asked[field.dataset.param] ?? (field.id === "draw-previews" ? "8" : "");
  chooseProfile("draw", asked.accelerate);
  $("draw-seed").value = entry.seed;
  map?.remove();
  map = new EvaluationMap($("draw-map"));
  easel.begin(entry.size);
  show({ request: asked, image: entry.images[0], seed: entry.seed, size: entry.size, trace: entry.trace });
}

/** @param {(image: Blob) => void} ask told an image that questions are to be asked about */
export function startDraw(ask) {
  startProfiles("draw");
  sendsByKey($("draw-prompt"));
  form.addEventListener("submit", (event) => { event.preventDefault(); draw(); });
  $("draw-stop").addEventListener("click", () => stop?.abort());
  $("draw-ask").addEventListener("click", () => ask(last.image));
  $("draw-again").addEventListener("click", () => {
    $("draw-seed").value = last.seed;
    announce(`The seed is ${last.seed}.`);
  });
  whenDescribed(({ drawing }) => {
    const usual = `${drawing.width}x${drawing.height}`;
    const more = drawing.sizes.concat([usual]);
    // Other proportions of the same area.
    for (const [x, y] of [[3, 2], [2, 3], [16, 9], [9, 16]]) {
      const side = (share) => Math.max(1, Math.floor(Math.sqrt(drawing.width * drawing.height * share) / drawing.unit)) * drawing.unit;
      more.push(`${side(x / y)}x${side(y / x)}`);
    }
    $("sizes").replaceChildren(...[...new Set(more)].map((size) => element("option", { value: size })));
    for (const name of ["draw", "compare"]) {
      $(`${name}-size`).placeholder = usual;
      $(`${name}-steps`).placeholder = "auto";
    }
    $("draw-guidance").placeholder = String(drawing.guidance);
  });
}

"""##
),
(
"script/drawing.js",
##"""
// One drawing, from the request to the finished image.
import { incomplete, stream } from "./api.js";
import { fromBase64 } from "./blobs.js";

/**
 * Draws.
 * @param {object} request the body of POST /v1/images/generations
 * @param {{signal?: AbortSignal, preview?: (blob: Blob) => void, evaluation?: (evaluation: object, done: number, total: number) => void}} watcher
 * @returns {Promise<{image: Blob, seed: number, size: string, trace: object}>}
 */
export async function drawImage(request, { signal, preview, evaluation } = {}) {
  let drawn = null;
  try {
    for await (const event of stream("/v1/images/generations", { ...request, trace: true }, signal)) {
      switch (event.type) {
        case "image_generation.partial_image": preview?.(fromBase64(event.b64_json)); break;
        case "image_generation.evaluation": evaluation?.(event.evaluation, event.done, event.total); break;
        case "image_generation.completed":
          drawn = { image: fromBase64(event.b64_json), seed: event.seed, size: event.size, trace: event.trace };
      }
    }
  } catch (error) {
    // What breaks after the image is there breaks nothing.
    if (!drawn) throw error;
  }
  if (drawn) return drawn;
  throw incomplete("the image was finished");
}

/** Seconds that a drawing was computed for, by the server's clock. */
export const computingSeconds = ({ timings }) => timings.prefill + timings.denoising + timings.decoding;

/** Shows a drawing as it comes, in a figure: stage, bar and caption. */
export class Easel {
  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.stage = figure.querySelector(".stage");
    this.bar = figure.querySelector("progress");
    this.caption = figure.querySelector("figcaption");
    this.picture = null;
  }

  /** Nothing is there yet. */
  begin(size) {
    this.picture = null;
    this.stage.replaceChildren();
    this.stage.classList.add("waiting");
    this.#shape(size);
    this.caption.textContent = "";
    if (this.bar) [this.bar.hidden, this.bar.value] = [false, 0];
  }

  /** Proportions before the picture is there. */
  #shape(size) {
    const [width, height] = (/^(\d+)x(\d+)$/.exec(size ?? "") ?? [0, 1, 1]).slice(1).map(Number);
    this.stage.style.setProperty("aspect-ratio", `${width} / ${height}`);
  }

  show(blob, alt) {
    if (!this.picture) {
      this.picture = document.createElement("img");
      this.stage.replaceChildren(this.picture);
    }
    const before = this.picture.dataset.passing;
    this.picture.alt = alt;
    this.picture.src = URL.createObjectURL(blob);
    this.picture.dataset.passing = this.picture.src;
    if (before) URL.revokeObjectURL(before);
  }

  progress(done, total) { if (this.bar) [this.bar.value, this.bar.max] = [done, total]; }

  end() {
    this.stage.classList.remove("waiting");
    if (this.bar) this.bar.hidden = true;
  }
}

"""##
),
(
"script/events.js",
##"""
// Server-sent events of an answer, as they come. (EventSource can't send a request's body.)

/**
 * @param {ReadableStream<Uint8Array>} body
 * @yields {string} what an event's data lines hold
 */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      const parts = rest.split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
        // Comments keep the connection alive and say nothing.
        if (data.length) yield data.join("\n");
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

"""##
),
(
"script/export.js",
##"""
// The history as one file: JSON, its pictures in it.
import { dataURL } from "./blobs.js";

/** The same with files as data URLs. */
async function plain(value) {
  if (value instanceof Blob) return dataURL(value);
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (value && typeof value === "object") {
    return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([key, one]) => [key, await plain(one)])));
  }
  return value;
}

/** @returns {Promise<Blob>} */
export async function exported(entries) {
  // A conversation's pictures stand in its messages.
  const parts = entries.map(({ images, ...entry }) => (entry.kind === "chat" ? entry : { ...entry, images }));
  const all = { format: "flashu-history", version: 1, exported: new Date().toISOString(), entries: await plain(parts) };
  return new Blob([JSON.stringify(all, null, 1)], { type: "application/json" });
}

/** Hands a file to the person. */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

"""##
),
(
"script/fields.js",
##"""
// Fields of forms by the names that the API has for them, and what is wrong with them, said where it is.
import { $, announce } from "./dom.js";

/** What a field says, as the API wants it; undefined for nothing. What is no number is sent as it is, and the server says so. */
function value(field) {
  const text = field.value.trim();
  if (text === "") return undefined;
  const isNumber = field.dataset.kind === "whole" ? /^[+-]?\d+$/.test(text) : field.dataset.kind === "number" && Number.isFinite(Number(text));
  return isNumber ? Number(text) : text;
}

const fields = (form) => [...form.querySelectorAll("[data-param]")];
const isShown = (field) => !field.closest("[hidden]:not([role=tabpanel])");

/**
 * What a form says.
 * @returns {object} by the API's names
 * @throws {FieldError}
 */
export function values(form) {
  const all = {};
  for (const field of fields(form).filter(isShown)) {
    const said = value(field);
    if (said === undefined) {
      if (field.required) throw new FieldError(field.dataset.param, "Say what to draw.");
      continue;
    }
    if (typeof said === "number" && field.dataset.kind === "whole" && !Number.isSafeInteger(said)) {
      throw new FieldError(field.dataset.param, `Browsers count up to ${Number.MAX_SAFE_INTEGER}.`);
    }
    all[field.dataset.param] = said;
  }
  return all;
}

/** What is wrong with a field, found before anything was sent. */
export class FieldError extends Error {
  constructor(param, message) {
    super(message);
    this.param = param;
  }
}

/** Forgets what was wrong. */
export function clearErrors(form) {
  for (const field of fields(form)) {
    field.removeAttribute("aria-invalid");
    const place = $(`${field.id}-error`);
    if (place) place.textContent = "";
  }
  for (const place of form.querySelectorAll(".form-error")) place.replaceChildren();
}

/**
 * Says what is wrong: at the field that it is about, else above the buttons.
 * @param {HTMLFormElement} form
 * @param {Error} error
 * @param {(() => void)?} retry tries again, for what may pass
 */
export function showError(form, error, retry = null) {
  const field = error.param && fields(form).find((one) => one.dataset.param === error.param && isShown(one));
  const place = field && $(`${field.id}-error`);
  if (place) {
    place.textContent = error.message;
    field.setAttribute("aria-invalid", "true");
    // A field in a folded part can't be seen, let alone changed.
    field.closest("details")?.setAttribute("open", "");
    field.focus();
    announce(error.message);
    return;
  }
  const box = form.querySelector(".form-error");
  const text = document.createElement("span");
  text.textContent = error.message;
  box.replaceChildren(text);
  if (retry && error.isPassing) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small retry";
    button.textContent = "Try again";
    button.addEventListener("click", retry);
    box.append(" ", button);
  }
}

/** What was changed is no longer wrong. */
export function startFields() {
  document.addEventListener("input", ({ target }) => {
    if (!target.dataset?.param || !target.hasAttribute("aria-invalid")) return;
    target.removeAttribute("aria-invalid");
    const place = $(`${target.id}-error`);
    if (place) place.textContent = "";
  });
}

/** A button that submits shows Stop beside it while something runs. */
export function working(name, isWorking) {
  const [come, go] = [$(`${name}-${isWorking ? "stop" : "go"}`), $(`${name}-${isWorking ? "go" : "stop"}`)];
  const hadFocus = document.activeElement === go;
  come.hidden = false;
  if (hadFocus) come.focus();
  go.hidden = true;
}

/** Ctrl+Enter in a text of several lines sends its form. */
export function sendsByKey(area, { alone = false } = {}) {
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (alone ? event.shiftKey : !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    area.form.requestSubmit();
  });
}

"""##
),
(
"script/format.js",
##"""
// Numbers and times in words.

/** Seconds, as precise as is of use. */
export function seconds(value) {
  if (value >= 100) return `${Math.round(value)} s`;
  if (value >= 10) return `${value.toFixed(1)} s`;
  return `${value.toFixed(2)} s`;
}

/** A factor or a share, without zeros at its end. */
export const ratio = (value) => String(Number(value.toFixed(value < 10 ? 2 : 1)));

/** Such as `1 evaluation`, `3 evaluations`. */
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** When something was, in the reader's words. */
export const when = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

"""##
),
(
"script/history.js",
##"""
// The view of what is kept in this browser.
import { Addresses } from "./blobs.js";
import { $, announce, element, sure } from "./dom.js";
import { download, exported } from "./export.js";
import { count, when } from "./format.js";
import { entries, remove, removeAll, storeChanges, trouble } from "./store.js";
import { whenOpened } from "./tabs.js";

const addresses = new Addresses();
const kinds = { draw: "Drawing", compare: "Comparison", ask: "Questions", chat: "Conversation" };

function thumbnails({ images, picture }) {
  return element("div", { class: "thumbnails", "aria-hidden": "true" }, ...images.slice(0, 3).map((image) =>
    picture === "video" || image.type.startsWith("video/")
      ? element("span", { class: "film", text: "▶" }) : element("img", { src: addresses.of(image), alt: "", loading: "lazy" })));
}

function row(entry, show) {
  const about = `${kinds[entry.kind] ?? "Entry"} “${entry.title}”`;
  return element("li", { "data-kind": entry.kind }, thumbnails(entry),
    element("div", { class: "what" }, element("p", { class: "title", text: entry.title }),
      element("p", { class: "hint", text: `${kinds[entry.kind] ?? "Entry"} · ${when(entry.time)}` })),
    element("div", { class: "actions" },
      element("button", { type: "button", class: "small", text: "Open", "aria-label": `Open ${about}`, on: { click: () => show(entry) } }),
      element("button", { type: "button", class: "small quiet", text: "Delete", "aria-label": `Delete ${about}`, on: {
        click: async ({ target }) => {
          const next = target.closest("li").nextElementSibling ?? target.closest("li").previousElementSibling;
          const id = next?.dataset.id;
          await remove(entry.id);
          await list(show);
          announce("Deleted.");
          // The keyboard stays in the list.
          (id ? document.querySelector(`#history-list [data-id="${id}"] button.quiet`) : $("history-export")).focus();
        },
      } })));
}

async function list(show) {
  if ($("history").hidden) return;
  const all = await entries();
  addresses.clear();
  $("history-list").replaceChildren(...all.map((entry) => {
    const made = row(entry, show);
    made.dataset.id = entry.id;
    return made;
  }));
  $("history-empty").hidden = all.length > 0;
  $("history-error").textContent = trouble ?? "";
  $("history-note").textContent = all.length ? `${count(all.length, "entry", "entries")}, kept in this browser only.` : "Kept in this browser only.";
  $("history-export").disabled = $("history-clear").disabled = all.length === 0;
}

/** @param {Record<string, (entry: object) => void>} views shows an entry, by its kind */
export function startHistory(views) {
  const show = (entry) => views[entry.kind]?.(entry);
  whenOpened("history", () => list(show));
  storeChanges.addEventListener("change", () => list(show));
  $("history-export").addEventListener("click", async () => {
    const all = await entries();
    download(await exported(all), `flashu-history-${new Date().toISOString().slice(0, 10)}.json`);
    announce(`${count(all.length, "entry", "entries")} exported.`);
  });
  $("history-clear").addEventListener("click", async () => {
    const number = (await entries()).length;
    if (!await sure(number === 1 ? "Delete the only entry of the history?" : `Delete all ${number} entries of the history?`)) return;
    await removeAll();
    announce("The history is empty.");
    $("tab-history").focus();
  });
}

"""##
),
(
"script/intake.js",
##"""
// Pictures and videos from the outside: chosen, photographed, dropped, pasted.
import { described } from "./server.js";

/** Why a file can't be shown to the model. */
export class WrongFile extends Error {}

const read = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"];

/**
 * A file as it can be sent: pictures in a form that the server does not read, but the browser does, become PNG.
 * @param {Blob} file
 * @returns {Promise<{kind: "image"|"video", blob: Blob}>}
 * @throws {WrongFile}
 */
export async function accepted(file) {
  const most = described()?.reading.max_body_bytes ?? 64e6;
  // Base64 is a third longer.
  const check = (blob) => {
    if (blob.size * 4 / 3 > most - 4096) {
      throw new WrongFile(`The file has ${Math.ceil(blob.size / 1e6)} MB; this server takes ${Math.floor(most * 0.75 / 1e6)} MB.`);
    }
    return blob;
  };
  if (file.size === 0) throw new WrongFile("The file is empty.");
  if (file.type.startsWith("video/")) return { kind: "video", blob: check(file) };
  if (read.includes(file.type)) return { kind: "image", blob: check(file) };
  if (!file.type.startsWith("image/")) throw new WrongFile("This is neither a picture nor a video.");
  return { kind: "image", blob: check(await asPNG(file)) };
}

async function asPNG(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    return await canvas.convertToBlob({ type: "image/png" });
  } catch {
    throw new WrongFile(`This browser can't read a picture of the type ${file.type}.`);
  }
}

/** The files in what was dropped or pasted. */
export const filesOf = (transfer) => [...(transfer?.files ?? [])];

/**
 * Takes files that are dropped on a place, and those that are pasted while `isOpen`.
 * @param {HTMLElement} place
 * @param {() => boolean} isOpen
 * @param {(files: File[]) => void} take
 */
export function takeFiles(place, isOpen, take) {
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.classList.add("over");
  });
  place.addEventListener("dragleave", (event) => { if (!place.contains(event.relatedTarget)) place.classList.remove("over"); });
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    const files = filesOf(event.dataTransfer);
    if (files.length) take(files);
  });
  document.addEventListener("paste", (event) => {
    const files = filesOf(event.clipboardData);
    if (!isOpen() || !files.length) return;
    event.preventDefault();
    take(files);
  });
}

/** Files that miss the place for them must not lead away from the page. */
export function startIntake() {
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
}

"""##
),
(
"script/key.js",
##"""
// The server's key, for servers that ask for one. It goes when the tab is closed.
import { $ } from "./dom.js";

const place = "flashu.key";
let asking = null;

const stored = () => {
  try { return sessionStorage.getItem(place); } catch { return null; }
};
let key = stored();

/** The headers that requests carry. */
export const keyHeaders = () => (key ? { Authorization: `Bearer ${key}` } : {});

function keep(text) {
  key = text || null;
  try {
    if (key) sessionStorage.setItem(place, key);
    else sessionStorage.removeItem(place);
  } catch {
    // It holds until the page is left.
  }
}

/**
 * Asks for a key; once, however many requests wait for it.
 * @returns {Promise<boolean>} whether one was given
 */
export function askForKey() {
  $("key-button").hidden = false;
  asking ??= new Promise((resolve) => {
    const dialog = $("key-dialog");
    let given = false;
    $("key-error").textContent = key ? "The server does not know this key." : "";
    $("key-text").toggleAttribute("aria-invalid", false);
    if (key) $("key-text").setAttribute("aria-invalid", "true");
    $("key-text").value = "";
    $("key-form").onsubmit = (event) => {
      event.preventDefault();
      const text = $("key-text").value.trim();
      if (!/^[\x21-\x7e]{8,512}$/.test(text)) {
        $("key-error").textContent = "A key has 8 to 512 letters, digits and signs, and no blanks.";
        $("key-text").setAttribute("aria-invalid", "true");
        return;
      }
      keep(text);
      given = true;
      dialog.close();
    };
    $("key-cancel").onclick = () => dialog.close();
    dialog.addEventListener("close", () => { asking = null; resolve(given); }, { once: true });
    dialog.showModal();
    $("key-text").focus();
  });
  return asking;
}

/** @param {() => void} changed told when another key was given */
export function startKey(changed) {
  $("key-button").addEventListener("click", async () => { if (await askForKey()) changed(); });
  $("key-button").hidden = !key;
}

"""##
),
(
"script/map-cells.js",
##"""
// What every evaluation did, as rows of cells: the semantic encoder, the language model's layers, the diffusion head.

/** What can become of a layer at an evaluation, and what that means. */
export const states = {
  computed: "all of its neurons run",
  pruned: "some of its neurons run",
  skipped: "left out",
  reused: "taken from an earlier evaluation",
  forecast: "forecast from earlier evaluations",
};

/**
 * @param {object[]} evaluations as `trace` tells them
 * @returns {{name: string, cells: (string|null)[]}[]} null where nothing was needed
 */
export function rows(evaluations) {
  const layers = evaluations[0]?.layers.length ?? 0;
  const known = (state) => (state in states ? state : null);
  return [
    { name: "Semantic encoder", cells: evaluations.map((one) => known(one.features)) },
    ...Array.from({ length: layers }, (_, layer) => ({
      name: `Layer ${layer + 1}`, cells: evaluations.map((one) => known(one.layers[layer])),
    })),
    { name: "Diffusion head", cells: evaluations.map((one) => known(one.head)) },
  ];
}

/** How many layers of all evaluations were computed, pruned ... */
export function counts(evaluations) {
  const all = Object.fromEntries(Object.keys(states).map((state) => [state, 0]));
  for (const { layers } of evaluations) for (const state of layers) if (state in all) all[state] += 1;
  return all;
}

/** The share of neurons that run in the layers that are pruned. */
export function prunedShare(evaluation, width) {
  const computed = evaluation.layers.filter((state) => state === "computed").length;
  const pruned = evaluation.layers.filter((state) => state === "pruned").length;
  return pruned ? (evaluation.neurons - computed * width) / (pruned * width) : 1;
}

/** How guidance was had, in words. */
export const guidance = ({ branches }) =>
  ({ both: "both branches", conditional: "one branch", "reused difference": "difference reused" })[branches] ?? branches;

"""##
),
(
"script/map.js",
##"""
// The map of a drawing: evaluations from left to right, layers from top to bottom, and below what each evaluation took.
import { element } from "./dom.js";
import { counts, guidance, prunedShare, rows, states } from "./map-cells.js";
import { themeChanges } from "./theme.js";

const labels = 104;
const bars = 30;

export class EvaluationMap {
  #evaluations = [];
  #total = 1;
  #width = 1;

  /** @param {HTMLElement} place where it is put, in the place of what is there */
  constructor(place) {
    this.canvas = element("canvas", { class: "map", role: "img", on: {
      pointermove: (event) => this.#point(event), pointerleave: () => { this.readout.textContent = "\u00a0"; },
    } });
    this.readout = element("p", { class: "map-readout", text: "\u00a0", "aria-hidden": "true" });
    this.legend = element("ul", { class: "legend", "aria-label": "Layers of all evaluations" });
    this.table = element("details", { class: "map-table" }, element("summary", { text: "The map as a table" }));
    this.table.addEventListener("toggle", () => { if (this.table.open) this.#fillTable(); });
    this.box = element("div", { class: "map-box" },
      element("h2", { text: "What was computed" }), this.canvas, this.readout, this.legend, this.table);
    place.replaceChildren(this.box);
    this.observer = new ResizeObserver(() => this.#draw());
    this.observer.observe(this.box);
    this.redraw = () => requestAnimationFrame(() => this.#draw());
    themeChanges.addEventListener("change", this.redraw);
    this.box.hidden = true;
  }

  /** Forgets it. */
  remove() {
    this.observer.disconnect();
    themeChanges.removeEventListener("change", this.redraw);
    this.box.remove();
  }

  /** One more evaluation was done. */
  add(evaluation, total) {
    this.#evaluations.push(evaluation);
    this.#total = total;
    this.#show();
  }

  /** All of them, with the neurons of a layer. */
  finish({ evaluations, neurons }) {
    [this.#evaluations, this.#total, this.#width] = [evaluations, evaluations.length, neurons];
    this.#show();
    if (this.table.open) this.#fillTable();
  }

  #show() {
    this.box.hidden = false;
    const all = counts(this.#evaluations);
    this.legend.replaceChildren(...Object.entries(all).map(([state, number]) =>
      element("li", { title: states[state], "data-state": state, "data-count": String(number) },
        element("span", { class: `swatch state-${state}` }), `${state} `, element("b", { text: String(number) }))));
    const layers = this.#evaluations[0].layers.length;
    const words = Object.entries(all).filter(([, number]) => number).map(([state, number]) => `${number} ${state}`).join(", ");
    this.canvas.setAttribute("aria-label",
      `Map of ${this.#evaluations.length} evaluations by ${layers} layers. Of ${this.#evaluations.length * layers} layers ${words}. A table follows.`);
    this.#draw();
  }

  /** Colours of the states, as the theme has them. */
  #colours() {
    const colours = {};
    for (const item of this.legend.children) {
      colours[item.dataset.state] = getComputedStyle(item.querySelector(".swatch")).backgroundColor;
    }
    const style = getComputedStyle(this.readout);
    return { ...colours, text: style.color, font: style.fontFamily, line: getComputedStyle(this.box).borderTopColor };
  }

  #layout() {
    const count = this.#evaluations[0].layers.length + 2;
    const width = Math.max(220, this.box.clientWidth);
    const cell = Math.min(30, (width - labels) / this.#total);
    const line = count > 20 ? 9 : 15;
    return { count, width, cell, line, height: count * line + 12 + bars + 18 };
  }

  #draw() {
    if (!this.#evaluations.length || !this.box.clientWidth) return;
    const { count, width, cell, line, height } = this.#layout();
    const scale = devicePixelRatio || 1;
    [this.canvas.width, this.canvas.height] = [width * scale, height * scale];
    this.canvas.style.setProperty("height", `${height}px`);
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    const colours = this.#colours();
    pen.font = `11px ${colours.font}`;
    pen.textBaseline = "middle";
    const gap = cell > 6 ? 2 : cell > 3 ? 1 : 0;
    rows(this.#evaluations).forEach(({ name, cells }, row) => {
      // Room above and below the language model's layers.
      const top = row * line + (row > 0 ? 4 : 0) + (row === count - 1 ? 4 : 0);
      if (line > 10 || row === 0 || row === 1 || row >= count - 2) {
        pen.fillStyle = colours.text;
        pen.fillText(name, 0, top + line / 2);
      }
      cells.forEach((state, column) => {
        // On whole pixels, where there are enough of them.
        const place = (number) => labels + (cell > 3 ? Math.round(number * cell) : number * cell);
        const [x, y, h] = [place(column), top + 1, line - 2];
        const w = Math.max(0.5, place(column + 1) - x - gap);
        if (state === null) return;
        if (state === "skipped") {
          pen.strokeStyle = colours.skipped;
          pen.strokeRect(x + 0.5, y + 0.5, Math.max(0.5, w - 1), h - 1);
          return;
        }
        pen.fillStyle = colours[state];
        pen.fillRect(x, y, w, h);
        if (state === "pruned") {
          // As much of it is dark as neurons run.
          const share = prunedShare(this.#evaluations[column], this.#width);
          pen.fillStyle = colours.computed;
          if (this.#width > 1) pen.fillRect(x, y + Math.round(h * (1 - share)), w, h - Math.round(h * (1 - share)));
        }
        if (state === "forecast" && w > 5) {
          pen.strokeStyle = colours.line;
          pen.beginPath();
          pen.moveTo(x, y + h);
          pen.lineTo(x + w, y);
          pen.stroke();
        }
      });
    });
    const base = count * line + 12 + bars;
    const longest = Math.max(...this.#evaluations.map((one) => one.milliseconds), 1e-9);
    pen.fillStyle = colours.text;
    pen.fillText("Time", 0, base - bars / 2);
    this.#evaluations.forEach((one, column) => {
      const tall = Math.max(1, bars * one.milliseconds / longest);
      pen.globalAlpha = 0.45;
      pen.fillRect(labels + column * cell, base - tall, Math.max(0.5, cell - gap), tall);
      pen.globalAlpha = 1;
    });
    pen.fillText("noise", labels, base + 11);
    const end = labels + this.#total * cell - gap;
    pen.textAlign = "right";
    pen.fillText("image", end, base + 11);
    pen.textAlign = "left";
  }

  /** Tells of the cell under the pointer. */
  #point(event) {
    if (!this.#evaluations.length) return;
    const { count, cell, line } = this.#layout();
    const column = Math.floor((event.offsetX - labels) / cell);
    const evaluation = this.#evaluations[column];
    if (!evaluation) { this.readout.textContent = "\u00a0"; return; }
    const row = rows(this.#evaluations)[Math.min(count, Math.floor(Math.max(0, event.offsetY - 4) / line))];
    const what = row ? `${row.name}: ${row.cells[column] ?? "not needed"}` : `${evaluation.milliseconds.toFixed(1)} ms`;
    this.readout.textContent = `Evaluation ${column + 1} of ${this.#total}, t ${evaluation.time.toFixed(2)} · ${what}`;
  }

  #fillTable() {
    const names = Object.keys(states);
    const head = element("tr", {}, ...["Evaluation", "t", ...names, "encoder", "head", "guidance", "ms"].map((name) =>
      element("th", { scope: "col", text: name })));
    const body = this.#evaluations.map((one, index) => {
      const own = counts([one]);
      return element("tr", {}, element("th", { scope: "row", text: String(index + 1) }),
        ...[one.time.toFixed(3), ...names.map((name) => own[name]), one.features, one.head, guidance(one), one.milliseconds.toFixed(1)]
          .map((text) => element("td", { text: String(text) })));
    });
    const table = element("table", {},
      element("caption", { text: "Layers of the language model at each evaluation, by what became of them" }),
      element("thead", {}, head), element("tbody", {}, ...body));
    this.table.replaceChildren(this.table.firstElementChild,
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The map as a table" }, table));
  }
}

"""##
),
(
"script/patches.js",
##"""
// Which patches of a picture stayed after token pruning, drawn over it.

/** The part of a picture that the model reads: as large as fits, in the middle. In shares of the picture. */
export function readPart(width, height, wanted) {
  const ratio = wanted.width / wanted.height;
  const [w, h] = width / height > ratio ? [height * ratio / width, 1] : [1, width / ratio / height];
  return { x: (1 - w) / 2, y: (1 - h) / 2, width: w, height: h };
}

/**
 * @param {HTMLCanvasElement} canvas over the picture, as large
 * @param {{width: number, height: number}} picture its pixels
 * @param {{width: number, height: number}} reading pixels that the model reads
 * @param {{columns: number, rows: number}} grid
 * @param {number[]} kept tokens, row by row
 */
export function drawPatches(canvas, picture, reading, grid, kept) {
  const box = canvas.getBoundingClientRect();
  const scale = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.max(1, box.width * scale), Math.max(1, box.height * scale)];
  const pen = canvas.getContext("2d");
  const part = readPart(picture.width, picture.height, reading);
  // The picture is as large as fits, in the middle of its place.
  const shown = Math.min(canvas.width / picture.width, canvas.height / picture.height);
  const [width, height] = [picture.width * shown, picture.height * shown];
  const [x0, y0] = [(canvas.width - width) / 2, (canvas.height - height) / 2];
  const [left, top] = [x0 + part.x * width, y0 + part.y * height];
  const [wide, high] = [part.width * width / grid.columns, part.height * height / grid.rows];
  const stays = new Set(kept);
  const cover = (x, y, w, h) => {
    pen.fillStyle = "rgb(120 120 125 / 0.8)";
    pen.fillRect(x, y, w, h);
  };
  for (let token = 0; token < grid.columns * grid.rows; token += 1) {
    if (stays.has(token)) continue;
    const [x, y] = [left + token % grid.columns * wide, top + Math.floor(token / grid.columns) * high];
    cover(x, y, wide, high);
    // Hatched, for those who see no difference in colour.
    pen.save();
    pen.beginPath();
    pen.rect(x, y, wide, high);
    pen.clip();
    pen.strokeStyle = "rgb(50 50 55 / 0.7)";
    pen.lineWidth = scale;
    pen.beginPath();
    for (let line = -high; line < wide; line += 6 * scale) {
      pen.moveTo(x + line, y + high);
      pen.lineTo(x + line + high, y);
    }
    pen.stroke();
    pen.restore();
  }
  // What lies outside is not read at all.
  const [right, bottom] = [left + part.width * width, top + part.height * height];
  pen.fillStyle = "rgb(60 60 65 / 0.75)";
  pen.fillRect(x0, y0, left - x0, height);
  pen.fillRect(right, y0, x0 + width - right, height);
  pen.fillRect(left, y0, right - left, top - y0);
  pen.fillRect(left, bottom, right - left, y0 + height - bottom);
}

"""##
),
(
"script/profiles.js",
##"""
// What may be done to be faster: the choice between profiles, and fields of one's own.
import { $, element } from "./dom.js";
import { whenDescribed } from "./server.js";
import { count, ratio } from "./format.js";

const own = "own";

function hint(profile, task, usual) {
  if (!profile) return "";
  const use = profile[task];
  if (!use.usable) return `Not usable here: ${use.reason}`;
  const parts = [];
  if (profile.name === "off") parts.push("Everything is computed.");
  if (use.speedup) parts.push(`${ratio(use.speedup)} times as fast as the exact engine when it was tuned, ${ratio(Math.max(0, use.points_lost))} of 100 points lost.`);
  else if (profile.note) parts.push(`A cautious start, ${profile.note}.`);
  else if (profile.changes) parts.push(`${count(profile.changes.split("; ").length, "field differs", "fields differ")} from the exact engine.`);
  if (profile.name === usual) parts.push("This server's usual choice.");
  return parts.join(" ");
}

/**
 * Fills a choice of profiles, beside which `NAME-fields` holds fields of one's own.
 * @param {string} name the view: `draw`, `compare`, `ask`
 */
export function startProfiles(name) {
  const select = $(`${name}-profile`);
  const task = select.dataset.profiles;
  let known = null;
  const show = () => {
    $(`${name}-fields`).hidden = select.value !== own;
    const profile = known?.profiles.find((one) => one.name === select.value);
    $(`${name}-profile-hint`).textContent = hint(profile, task, known?.usual_profile);
    $(`${name}-profile-hint`).title = profile?.changes ?? "";
  };
  select.addEventListener("change", show);
  whenDescribed((description) => {
    known = description;
    const before = select.value;
    const profiles = description.profiles.filter((one) => one.name !== select.dataset.without);
    select.replaceChildren(
      ...profiles.map((one) => element("option", {
        value: one.name, disabled: !one[task].usable, text: one.name === "off" ? "off (exact)" : one.name,
      })),
      element("option", { value: own, text: "own fields…" }));
    const usual = profiles.find((one) => one.name === description.usual_profile)
      ?? profiles.find((one) => one.name === "balanced") ?? profiles[0];
    select.value = [...select.options].some((one) => one.value === before) && before ? before : usual?.name ?? own;
    const list = $(`${name}-known`);
    list?.replaceChildren(...Object.entries(description.profile_fields).sort().flatMap(([field, usual]) =>
      [element("dt", { text: field }), element("dd", { text: usual })]));
    show();
  });
}

/** The chosen profile, as `accelerate`; undefined where fields of one's own say it. */
export function chosenProfile(name) {
  const chosen = $(`${name}-profile`).value;
  return chosen === own || chosen === "" ? undefined : chosen;
}

/** Chooses a profile, or fields of one's own. */
export function chooseProfile(name, accelerate) {
  const select = $(`${name}-profile`);
  const isNamed = [...select.options].some((one) => one.value === accelerate);
  select.value = isNamed ? accelerate : own;
  $(`${name}-changes`).value = isNamed ? "" : accelerate ?? "";
  select.dispatchEvent(new Event("change"));
}

"""##
),
(
"script/server.js",
##"""
// Whether the server is there, and what it can do.
import { $, announce } from "./dom.js";
import { get, whenAway } from "./api.js";

/** Milliseconds between looks at a server that is well, and at one that isn't. */
const calm = 10_000;
const anxious = 1_500;

let status = "unknown";
let timer = null;
let looking = null;
let description = null;
/** Whether it is worth asking what the server can do; not while it wants a key that nobody gave. */
let asks = true;
const told = new Set();

/** Calls `body` with what `GET /v1/flashu` tells, at once if it is known and whenever it was asked anew. */
export function whenDescribed(body) {
  told.add(body);
  if (description) body(description);
}

/** What `GET /v1/flashu` told; null before. */
export const described = () => description;

async function health() {
  try {
    const response = await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (response.ok) return { status: "ok" };
    const body = await response.json();
    return body.status === "loading" ? { status: "loading", loaded: body.loaded ?? 0 } : { status: "away" };
  } catch {
    return { status: "away" };
  }
}

function show(now) {
  const banner = $("banner");
  banner.hidden = now.status === "ok";
  banner.dataset.status = now.status;
  $("banner-retry").hidden = now.status !== "away";
  if (now.status === "away") $("banner-text").textContent = "The server does not answer. It is looked for…";
  if (now.status === "loading") {
    $("banner-text").textContent = `The model is being loaded: ${Math.round(now.loaded * 100)} %`;
  }
  if (now.status === "ok" && (status === "away" || status === "loading")) announce("The server is ready.");
}

/** Looks now. */
export function look() {
  clearTimeout(timer);
  looking ??= (async () => {
    const now = await health();
    show(now);
    if (now.status !== "away" && (status === "away" || asks)) describe();
    status = now.status;
    looking = null;
    timer = setTimeout(look, status === "ok" ? calm : anxious);
  })();
  return looking;
}

/** Asks what the server can do. */
export async function describe() {
  asks = false;
  try {
    description = await get("/v1/flashu");
    for (const body of told) body(description);
  } catch (error) {
    // Gone again: asked once more when it is there.
    asks = error.status !== 401;
  }
}

export function startServer() {
  $("banner-retry").addEventListener("click", look);
  whenAway(look);
  addEventListener("online", look);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  whenDescribed((known) => { $("model-name").textContent = known.model; });
  look();
}

"""##
),
(
"script/store.js",
##"""
// What was drawn, asked and said, kept in this browser (IndexedDB).

const name = "flashu";
const table = "entries";

/** Told `change` after something was kept or deleted. */
export const storeChanges = new EventTarget();

let opening = null;

function database() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table, { keyPath: "id", autoIncrement: true });
    request.onsuccess = () => {
      // Another tab may want to change the database.
      request.result.onversionchange = () => { request.result.close(); opening = null; };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab keeps the history"));
  }).catch((error) => { opening = null; throw error; });
  return opening;
}

async function run(mode, body) {
  const transaction = (await database()).transaction(table, mode);
  const request = body(transaction.objectStore(table));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
  if (mode === "readwrite") storeChanges.dispatchEvent(new Event("change"));
  return request.result;
}

/** The last thing that could not be kept; null if all could. */
export let trouble = null;

async function attempt(body) {
  try {
    const result = await body();
    trouble = null;
    return result;
  } catch (error) {
    const before = trouble;
    trouble = error?.name === "QuotaExceededError"
      ? "This browser has no room for more; delete something." : "This browser keeps no history here.";
    if (trouble !== before) storeChanges.dispatchEvent(new Event("change"));
    return null;
  }
}

/**
 * Keeps something: `{kind, title, images, ...}`.
 * @returns {Promise<number|null>} its number; null if it could not be kept
 */
export const keep = (entry) => attempt(() => run("readwrite", (store) => store.add({ ...entry, time: Date.now() })));

/** Puts something else in its place. */
export const change = (id, entry) => attempt(() => run("readwrite", (store) => store.put({ ...entry, id, time: Date.now() })));

/** All that is kept, the newest first. */
export const entries = async () => (await attempt(() => run("readonly", (store) => store.getAll())) ?? []).sort((a, b) => b.time - a.time);

export const remove = (id) => attempt(() => run("readwrite", (store) => store.delete(id)));

export const removeAll = () => attempt(() => run("readwrite", (store) => store.clear()));

"""##
),
(
"script/tabs.js",
##"""
// The views, as tabs: arrow keys, Home and End go from one to the next; the address keeps the one that is open.
import { $ } from "./dom.js";

const tabs = [...document.querySelectorAll("[role=tab]")];
const opened = new Map();

/** Calls `body` each time a view is opened. */
export function whenOpened(name, body) { opened.set(name, body); }

/** Opens a view. */
export function open(name, { focus = false, keepAddress = false } = {}) {
  for (const tab of tabs) {
    const isIt = tab.getAttribute("aria-controls") === name;
    tab.setAttribute("aria-selected", String(isIt));
    tab.tabIndex = isIt ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !isIt;
    if (isIt && focus) tab.focus();
  }
  document.title = `${$(`tab-${name}`).textContent} – FlashU`;
  if (!keepAddress) history.replaceState(null, "", `#${name}`);
  opened.get(name)?.();
}

const fromAddress = () => {
  const name = location.hash.slice(1);
  return tabs.some((tab) => tab.getAttribute("aria-controls") === name) ? name : "draw";
};

export function startTabs() {
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => open(tab.getAttribute("aria-controls")));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      open(tabs[(to + tabs.length) % tabs.length].getAttribute("aria-controls"), { focus: true });
    });
  });
  addEventListener("hashchange", () => {
    // The skip link leads to the content, not to a view.
    if (location.hash !== "#main") open(fromAddress(), { keepAddress: true });
  });
  open(fromAddress(), { keepAddress: true });
}

"""##
),
(
"script/theme-first.js",
##"""
// Runs before anything is painted: a theme that was chosen is there from the start.
(() => {
  try {
    const theme = localStorage.getItem("flashu.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Without storage the system's theme stays.
  }
})();

"""##
),
(
"script/theme.js",
##"""
// Light or dark: the system's, until somebody chooses.
import { $ } from "./dom.js";

const system = matchMedia("(prefers-color-scheme: dark)");

/** Told after the colours changed. */
export const themeChanges = new EventTarget();

const current = () => document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");

function show() {
  const other = current() === "dark" ? "Light" : "Dark";
  $("theme-button").textContent = other;
  $("theme-button").setAttribute("aria-label", `${other} theme`);
  themeChanges.dispatchEvent(new Event("change"));
}

function toggle() {
  const wanted = current() === "dark" ? "light" : "dark";
  const isSystems = wanted === (system.matches ? "dark" : "light");
  if (isSystems) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
  try {
    if (isSystems) localStorage.removeItem("flashu.theme");
    else localStorage.setItem("flashu.theme", wanted);
  } catch {
    // It holds until the page is left.
  }
  show();
}

export function startTheme() {
  $("theme-button").addEventListener("click", toggle);
  system.addEventListener("change", show);
  show();
}

"""##
),
(
"style/base.css",
##"""
/* Colours, type and what every part shares. */
:root {
  color-scheme: light dark;
  --ground: light-dark(#f7f6f3, #141517);
  --surface: light-dark(#ffffff, #1c1e21);
  --raised: light-dark(#f1f0ec, #26292d);
  --line: light-dark(#dedcd5, #34383d);
  --strong-line: light-dark(#8d8a82, #757b83);
  --text: light-dark(#1d1d1b, #ecebe8);
  --muted: light-dark(#62605a, #a5a8ac);
  --chosen: light-dark(#ffffff, #41464d);
  --accent: light-dark(#0e6e6a, #5cc4bb);
  --accent-hover: light-dark(#0a5552, #7ad5cd);
  --on-accent: light-dark(#ffffff, #0c2322);
  --accent-soft: light-dark(#e1efed, #1d3432);
  --wrong: light-dark(#a8281d, #ff9b8f);
  --wrong-soft: light-dark(#fbeae7, #3a201d);
  --notice: light-dark(#fdf2d8, #3a3018);
  --on-notice: light-dark(#5a4306, #f3dca4);
  --map-computed: light-dark(#0e6e6a, #4fb6ad);
  --map-pruned: light-dark(#a9d3cd, #28514e);
  --map-skipped: light-dark(#b3b0a7, #5c6168);
  --map-reused: light-dark(#e2b55c, #c99a3f);
  --map-forecast: light-dark(#8d6bb5, #a788cc);
  --round: 10px;
  --shadow: 0 1px 2px light-dark(rgb(40 38 30 / 0.06), rgb(0 0 0 / 0.3)), 0 6px 24px light-dark(rgb(40 38 30 / 0.05), rgb(0 0 0 / 0.2));
  --font: Inter, "Inter Variable", ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}

:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }

*, ::before, ::after { box-sizing: border-box; }

html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 5rem; }

body {
  margin: 0;
  min-height: 100dvh;
  background: var(--ground);
  color: var(--text);
  font: 400 1rem/1.55 var(--font);
  font-feature-settings: "cv05", "ss03";
  -webkit-font-smoothing: antialiased;
}

h1, h2 { margin: 0; font-weight: 600; letter-spacing: -0.015em; line-height: 1.25; }
h1 { font-size: 1.375rem; }
h2 { font-size: 1rem; }
p { margin: 0; }

[hidden] { display: none !important; }

:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus, section:focus { outline: none; }

.hidden-text {
  position: absolute;
  width: 1px;
  height: 1px;
  margin: -1px;
  padding: 0;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
  border: 0;
}

.skip {
  position: absolute;
  left: 0.75rem;
  top: -4rem;
  z-index: 10;
  padding: 0.5rem 0.875rem;
  background: var(--accent);
  color: var(--on-accent);
  border-radius: 8px;
}
.skip:focus { top: 0.75rem; }

.spring { flex: 1; }
.empty { color: var(--muted); }
.hint { color: var(--muted); font-size: 0.8125rem; line-height: 1.45; overflow-wrap: anywhere; }

@media (prefers-reduced-motion: no-preference) {
  button, .button, input, textarea, select { transition: background-color 0.12s, border-color 0.12s, color 0.12s; }
}

"""##
),
(
"style/forms.css",
##"""
/* Fields and buttons. */
.field { display: flex; flex-direction: column; gap: 0.3125rem; min-width: 0; margin-bottom: 0.9375rem; }
.field > label { font-size: 0.8125rem; font-weight: 550; }
.optional { color: var(--muted); font-weight: 400; }
.row { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem; }

input:not([type="checkbox"], [type="radio"], [type="file"]), textarea, select {
  width: 100%;
  min-height: 2.5rem;
  padding: 0.4375rem 0.6875rem;
  border: 1px solid var(--strong-line);
  border-radius: var(--round);
  background: var(--surface);
  color: var(--text);
  font: inherit;
  font-size: 0.9375rem;
  line-height: 1.5;
}
textarea { resize: vertical; field-sizing: content; min-height: 4.75rem; max-height: 16rem; }
select {
  appearance: none;
  padding-right: 2rem;
  background-image: linear-gradient(45deg, transparent 50%, var(--muted) 50%), linear-gradient(-45deg, transparent 50%, var(--muted) 50%);
  background-position: right 0.9375rem center, right 0.625rem center;
  background-size: 0.3125rem 0.3125rem;
  background-repeat: no-repeat;
}
/* The list opens by a click into the field, by typing and by the arrow keys. */
input::-webkit-calendar-picker-indicator { display: none !important; }
::placeholder { color: var(--muted); opacity: 1; }
input:hover, textarea:hover, select:hover { border-color: var(--accent); }
input:focus-visible, textarea:focus-visible, select:focus-visible { outline-offset: 0; border-color: var(--accent); border-radius: var(--round); }
[aria-invalid="true"] { border-color: var(--wrong) !important; background-color: var(--wrong-soft) !important; }

.field-error, .form-error { color: var(--wrong); font-size: 0.8125rem; line-height: 1.45; overflow-wrap: anywhere; }
.field-error:empty, .form-error:empty, .hint:empty { display: none; }
.form-error { margin-bottom: 0.75rem; padding: 0.5rem 0.75rem; background: var(--wrong-soft); border-radius: var(--round); }

.check { flex-direction: row; align-items: center; }
.check label { font-weight: 400; font-size: 0.875rem; }
input[type="checkbox"] { width: 1.125rem; height: 1.125rem; accent-color: var(--accent); margin: 0; }

.actions { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; }
.actions.center { justify-content: center; }

button, .button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  min-height: 2.5rem;
  padding: 0.375rem 1rem;
  border: 1px solid var(--strong-line);
  border-radius: var(--round);
  background: var(--surface);
  color: var(--text);
  font: 500 0.9375rem/1.4 var(--font);
  text-decoration: none;
  cursor: pointer;
}
.tabs button { min-height: 0; }
button:hover, .button:hover { border-color: var(--accent); color: var(--accent); }
.tabs button:hover { color: var(--text); }
button.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); padding-inline: 1.375rem; }
button.primary:hover { border-color: var(--accent-hover); background: var(--accent-hover); color: var(--on-accent); }
button.quiet { border-color: transparent; background: none; color: var(--muted); }
button.quiet:hover { background: var(--raised); color: var(--text); }
button.danger { border-color: var(--wrong); color: var(--wrong); }
button.small { min-height: 2rem; padding: 0.1875rem 0.75rem; font-size: 0.8125rem; }
.banner button.small { border-color: currentColor; background: none; color: inherit; }
button:disabled { border-color: var(--line); color: var(--muted); background: none; cursor: default; }
.button.file:focus-within { outline: 2px solid var(--accent); outline-offset: 2px; }
.button.file { position: relative; }

.choice { display: flex; margin: 0; padding: 0.1875rem; border: 0; border-radius: 12px; background: var(--raised); }
.choice label { position: relative; cursor: pointer; }
.choice input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer; }
.choice span { display: block; padding: 0.3125rem 0.75rem; border-radius: 9px; color: var(--muted); font-size: 0.875rem; font-weight: 500; }
.choice input:checked + span { background: var(--chosen); color: var(--text); box-shadow: 0 1px 3px rgb(0 0 0 / 0.12); }
.choice input:focus-visible + span { outline: 2px solid var(--accent); }

.known { font-size: 0.8125rem; color: var(--muted); }
.known dl { display: grid; grid-template-columns: 1fr auto; gap: 0.125rem 1rem; margin: 0; padding: 0.5rem 0.625rem; }
.known dt { overflow-wrap: anywhere; }
.known dd { margin: 0; }
summary { cursor: pointer; }

.wide { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 0 0.75rem; margin-bottom: 1.25rem; }
.wide .grow { grid-column: 1 / -1; }
.wide .field { grid-column: span 3; }
.wide .narrow { grid-column: span 1; }
.wide .actions, .wide .form-error, .wide .grow { grid-column: 1 / -1; }

@media (max-width: 47.99rem) {
  input:not([type="checkbox"], [type="radio"], [type="file"]), textarea, select { font-size: 1rem; }
  .wide .field { grid-column: 1 / -1; }
  .wide .narrow { grid-column: span 2; }
}

"""##
),
(
"style/frame.css",
##"""
/* The frame: top bar, banner, views. */
.top {
  position: sticky;
  top: 0;
  z-index: 5;
  display: grid;
  grid-template-columns: 1fr auto 1fr;
  align-items: center;
  gap: 1rem;
  padding: 0.625rem clamp(0.75rem, 3vw, 2rem);
  background: color-mix(in srgb, var(--ground) 88%, transparent);
  backdrop-filter: blur(12px);
  border-bottom: 1px solid var(--line);
}

.brand { display: flex; align-items: baseline; gap: 0.625rem; min-width: 0; }
.brand .name { font-weight: 650; letter-spacing: -0.02em; font-size: 1.0625rem; }
.brand .model { color: var(--muted); font-size: 0.8125rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

.tabs { display: flex; gap: 0.125rem; padding: 0.1875rem; background: var(--raised); border-radius: 12px; }
.tabs button {
  padding: 0.375rem 0.875rem;
  border: 0;
  border-radius: 9px;
  background: none;
  color: var(--muted);
  font: 500 0.875rem/1.4 var(--font);
  cursor: pointer;
}
.tabs button:hover { color: var(--text); }
.tabs button[aria-selected="true"] { background: var(--chosen); color: var(--text); box-shadow: 0 1px 3px rgb(0 0 0 / 0.12); }
.tools { display: flex; justify-content: flex-end; gap: 0.25rem; }

.banner {
  display: flex;
  justify-content: center;
  align-items: center;
  flex-wrap: wrap;
  gap: 0.375rem 0.875rem;
  padding: 0.5rem 1rem;
  background: var(--notice);
  color: var(--on-notice);
  font-size: 0.875rem;
  text-align: center;
}

main { padding: clamp(1rem, 2.5vw, 2rem) clamp(0.75rem, 3vw, 2rem) 4rem; }
.view { max-width: 72rem; margin: 0 auto; }

.desk { display: grid; grid-template-columns: minmax(0, 21rem) minmax(0, 1fr); gap: clamp(1.25rem, 3vw, 2.5rem); align-items: start; }
.desk.even { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
.panel { padding: 1.25rem; background: var(--surface); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
.bar { display: flex; align-items: baseline; flex-wrap: wrap; gap: 0.5rem 0.75rem; margin-bottom: 1rem; }

dialog {
  width: min(24rem, calc(100vw - 2rem));
  padding: 1.5rem;
  border: 1px solid var(--line);
  border-radius: 16px;
  background: var(--surface);
  color: var(--text);
  box-shadow: 0 20px 60px rgb(0 0 0 / 0.25);
}
dialog::backdrop { background: rgb(20 20 18 / 0.45); }
dialog h2 { margin-bottom: 1rem; font-size: 1.125rem; }
dialog > p { margin-bottom: 1.25rem; }

@media (max-width: 47.99rem) {
  .top { grid-template-columns: 1fr auto; gap: 0.5rem; padding-block: 0.5rem; }
  .tabs { grid-column: 1 / -1; grid-row: 2; }
  .tabs button { flex: 1; padding-inline: 0.25rem; font-size: 0.8125rem; min-height: 2.25rem; }
  .desk, .desk.even { grid-template-columns: minmax(0, 1fr); }
  .panel { padding: 1rem; }
  html { scroll-padding-top: 7rem; }
}

"""##
),
(
"style/history.css",
##"""
/* What is kept. */
.entries { display: flex; flex-direction: column; gap: 0.625rem; margin: 0; padding: 0; list-style: none; }
.entries li { display: flex; flex-wrap: wrap; align-items: center; gap: 0.75rem 1rem; padding: 0.75rem; background: var(--surface); border: 1px solid var(--line); border-radius: 14px; }
.entries .what { flex: 1 1 10rem; min-width: 0; }
.entries .title { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 500; }
.thumbnails { display: flex; gap: 0.25rem; }
.thumbnails img, .thumbnails .film { width: 3.25rem; height: 3.25rem; object-fit: cover; border-radius: 8px; background: var(--raised); }
.thumbnails img + img, .thumbnails .film + .film { margin-left: -1.75rem; box-shadow: -2px 0 0 var(--surface); }

"""##
),
(
"style/map.css",
##"""
/* The map of evaluations and layers. */
.map-box { margin-top: 1.75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
.map-box h2 { margin-bottom: 0.875rem; }
canvas.map { display: block; width: 100%; }
.map-readout { min-height: 1.25rem; color: var(--muted); font-size: 0.75rem; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.125rem; margin: 0.5rem 0 0.75rem; padding: 0; list-style: none; font-size: 0.8125rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.legend li { display: flex; align-items: center; gap: 0.375rem; }
.legend b { color: var(--text); font-weight: 600; }
.swatch { width: 0.75rem; height: 0.75rem; border-radius: 3px; }
.state-computed { background: var(--map-computed); }
.state-pruned { background: var(--map-pruned); box-shadow: inset 0 -0.375rem 0 var(--map-computed); }
.state-skipped { background: var(--map-skipped); clip-path: polygon(0 0, 100% 0, 100% 100%, 0 100%, 0 0, 18% 18%, 18% 82%, 82% 82%, 82% 18%, 18% 18%); }
.state-reused { background: var(--map-reused); }
.state-forecast { background: linear-gradient(135deg, transparent 46%, var(--surface) 46% 54%, transparent 54%), var(--map-forecast); background-color: var(--map-forecast); }
.map-table { font-size: 0.8125rem; color: var(--muted); }
.scroll { max-height: 20rem; margin-top: 0.5rem; overflow: auto; border: 1px solid var(--line); border-radius: var(--round); }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; color: var(--text); }
caption { padding: 0.5rem 0.625rem; text-align: left; color: var(--muted); }
th, td { padding: 0.25rem 0.625rem; text-align: right; font-weight: 400; white-space: nowrap; border-top: 1px solid var(--line); }
thead th { position: sticky; top: 0; background: var(--surface); font-weight: 550; }
.trio .map-box { margin-top: 0.75rem; padding-top: 0.75rem; }
.trio .map-box h2 { font-size: 0.875rem; }

"""##
),
(
"style/pictures.css",
##"""
/* Pictures: what is drawn, shown, compared. */
.easel { margin: 0; }
.stage {
  position: relative;
  display: grid;
  place-items: center;
  width: 100%;
  max-width: 32rem;
  max-height: 70dvh;
  aspect-ratio: 1;
  overflow: hidden;
  background: var(--raised);
  border-radius: 14px;
}
.stage img, .stage video, .stage canvas { display: block; width: 100%; height: 100%; object-fit: contain; }
.stage canvas { image-rendering: auto; }
.stage .empty { padding: 1.5rem; text-align: center; font-size: 0.9375rem; }
.stage canvas.patches { position: absolute; inset: 0; }
.result .stage { margin: 0; }
.easel figcaption { min-height: 1.5rem; margin-top: 0.625rem; color: var(--muted); font-size: 0.8125rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.result .actions { margin-top: 0.75rem; }

@media (prefers-reduced-motion: no-preference) {
  .stage.waiting:empty { animation: breathe 1.6s ease-in-out infinite alternate; }
}
@keyframes breathe { from { opacity: 1; } to { opacity: 0.55; } }

progress {
  appearance: none;
  display: block;
  width: 100%;
  max-width: 32rem;
  height: 4px;
  margin-top: 0.625rem;
  border: 0;
  border-radius: 2px;
  overflow: hidden;
  background: var(--raised);
}
progress::-webkit-progress-bar { background: var(--raised); }
progress::-webkit-progress-value { background: var(--accent); }
progress::-moz-progress-bar { background: var(--accent); }

.trio { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.25rem; align-items: start; }
.verdict { margin-bottom: 1rem; font-size: 1.125rem; font-weight: 550; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.verdict:empty { display: none; }

.drop { padding: 0.75rem; margin-bottom: 0.75rem; border: 1.5px dashed var(--strong-line); border-radius: 16px; }
.drop.over { border-color: var(--accent); background: var(--accent-soft); }
.drop .stage { max-width: none; max-height: 26rem; background: none; margin: 0 auto; }
.drop .stage:has(img, video) { background: var(--raised); }
.drop .stage:has(.empty) { aspect-ratio: auto; }
.drop .actions { margin-top: 0.75rem; }

@media (max-width: 47.99rem) {
  .trio { grid-template-columns: minmax(0, 1fr); }
}

"""##
),
(
"style/talk.css",
##"""
/* Questions, answers, conversations. */
.talk { display: flex; flex-direction: column; gap: 1rem; min-width: 0; }
.answers, .messages { display: flex; flex-direction: column; gap: 0.875rem; margin: 0; padding: 0; list-style: none; }
.answers li { padding: 0.875rem 1.125rem; background: var(--surface); border: 1px solid var(--line); border-radius: 14px; overflow-wrap: anywhere; }
.answers .question { color: var(--muted); font-size: 0.875rem; }
.answers .answer { margin-top: 0.125rem; font-size: 1.0625rem; white-space: pre-wrap; }
.answers [aria-busy="true"] .answer::after, .messages [aria-busy="true"] p::after { content: "▍"; color: var(--accent); }
.note { margin-top: 0.25rem; color: var(--muted); font-size: 0.75rem; font-variant-numeric: tabular-nums; }
.note:empty { display: none; }

.composer { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 0.625rem; }
.composer .grow { flex: 1 1 12rem; margin: 0; }
.composer .form-error, .composer .field-error { flex-basis: 100%; margin: 0; }

.chat { max-width: 46rem; margin: 0 auto; display: flex; flex-direction: column; gap: 1.25rem; min-height: calc(100dvh - 11rem); }
.chat .log { flex: 1; }
.chat .log:has(.messages:empty) { display: none; }
.chat > .empty { text-align: center; margin-bottom: auto; }
.messages li { max-width: 85%; }
.messages .user { align-self: flex-end; }
.messages .assistant { align-self: flex-start; }
.said { display: flex; flex-direction: column; gap: 0.5rem; padding: 0.625rem 0.9375rem; border-radius: 16px; overflow-wrap: anywhere; }
.said p { white-space: pre-wrap; }
.said img, .said video { display: block; width: min(16rem, 100%); border-radius: 10px; }
.user .said { background: var(--accent); color: var(--on-accent); border-bottom-right-radius: 5px; }
.assistant .said { background: var(--surface); border: 1px solid var(--line); border-bottom-left-radius: 5px; }

.card { position: sticky; bottom: 0.75rem; padding: 0.75rem; background: var(--surface); border: 1px solid var(--line); border-radius: 16px; box-shadow: var(--shadow); }
.card > .field { flex-basis: 100%; }
.card textarea { min-height: 2.75rem; }
.card > .actions { flex: 1; }
.card .primary { margin-left: auto; }
.shown { display: flex; flex-wrap: wrap; gap: 0.5rem; flex-basis: 100%; }
.shown:empty { display: none; }
.shown-one { position: relative; }
.shown-one img, .film { display: grid; place-items: center; width: 4rem; height: 4rem; object-fit: cover; border-radius: 10px; background: var(--raised); color: var(--muted); }
.shown-one button { position: absolute; top: -0.375rem; right: -0.375rem; min-height: 1.5rem; width: 1.5rem; padding: 0; border-radius: 50%; }

"""##
),
    ]
}
