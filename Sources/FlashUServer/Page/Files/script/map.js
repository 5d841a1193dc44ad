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
