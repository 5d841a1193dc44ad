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
