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
