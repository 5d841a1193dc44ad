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
