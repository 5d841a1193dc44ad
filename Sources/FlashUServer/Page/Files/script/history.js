// The view of what is kept in this browser.
import { Addresses } from "./blobs.js";
import { $, announce, element, sure } from "./dom.js";
import { download, exported } from "./export.js";
import { count, when } from "./format.js";
import { entries, remove, removeAll, storeChanges, trouble } from "./store.js";
import { whenOpened } from "./tabs.js";

const kinds = { draw: "Drawing", compare: "Comparison", ask: "Questions", chat: "Conversation" };

function thumbnails({ images, picture }, addresses) {
  return element("div", { class: "thumbnails", "aria-hidden": "true" }, ...images.slice(0, 3).map((image) =>
    picture === "video" || image.type.startsWith("video/")
      ? element("span", { class: "film", text: "▶" }) : element("img", { src: addresses.of(image), alt: "", loading: "lazy" })));
}

function row(entry, addresses, show) {
  const about = `${kinds[entry.kind] ?? "Entry"} “${entry.title}”`;
  return element("li", { "data-kind": entry.kind }, thumbnails(entry, addresses),
    element("div", { class: "what" }, element("p", { class: "title", text: entry.title }),
      element("p", { class: "hint", text: `${kinds[entry.kind] ?? "Entry"} · ${when(entry.time)}` })),
    element("div", { class: "actions" },
      element("button", { type: "button", class: "small", text: "Open", "aria-label": `Open ${about}`, on: { click: () => show(entry) } }),
      element("button", { type: "button", class: "small quiet", text: "Delete", "aria-label": `Delete ${about}`, on: {
        click: async ({ target }) => {
          const next = target.closest("li").nextElementSibling ?? target.closest("li").previousElementSibling;
          await remove(entry.id);
          await list(show);
          announce("Deleted.");
          // The keyboard stays in the list.
          (next?.isConnected ? next.querySelector("button.quiet") : $("history-export")).focus();
        },
      } })));
}

/** What the list shows, by number: `{time, item, addresses}`. */
const rows = new Map();

/** Shows these entries. A row whose entry is the same stays, so that what is clicked, focused or loaded in it does. */
function place(all, show) {
  const times = new Map(all.map((entry) => [entry.id, entry.time]));
  for (const [id, { time, item, addresses }] of rows) {
    if (times.get(id) === time) continue;
    item.remove();
    addresses.clear();
    rows.delete(id);
  }
  let here = $("history-list").firstElementChild;
  for (const entry of all) {
    if (!rows.has(entry.id)) {
      const addresses = new Addresses();
      rows.set(entry.id, { time: entry.time, item: row(entry, addresses, show), addresses });
    }
    const { item } = rows.get(entry.id);
    if (item === here) here = here.nextElementSibling;
    else $("history-list").insertBefore(item, here);
  }
}

/** Lists are shown in the order in which they were asked for. */
let listing = Promise.resolve();

function list(show) {
  listing = listing.catch(() => {}).then(async () => {
    if ($("history").hidden) return;
    const all = await entries();
    place(all, show);
    $("history-empty").hidden = all.length > 0;
    $("history-error").textContent = trouble ?? "";
    $("history-note").textContent = all.length ? `${count(all.length, "entry", "entries")}, kept in this browser only.` : "Kept in this browser only.";
    $("history-export").disabled = $("history-clear").disabled = all.length === 0;
  });
  return listing;
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
