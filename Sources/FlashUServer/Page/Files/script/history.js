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
