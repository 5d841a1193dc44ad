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
