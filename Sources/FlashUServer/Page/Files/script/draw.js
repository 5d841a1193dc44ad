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
