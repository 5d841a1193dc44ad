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
