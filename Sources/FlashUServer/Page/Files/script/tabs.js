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
