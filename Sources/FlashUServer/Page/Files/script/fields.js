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
