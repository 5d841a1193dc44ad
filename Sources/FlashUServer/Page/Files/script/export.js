// The history as one file: JSON, its pictures in it.
import { dataURL } from "./blobs.js";

/** The same with files as data URLs. */
async function plain(value) {
  if (value instanceof Blob) return dataURL(value);
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (value && typeof value === "object") {
    return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([key, one]) => [key, await plain(one)])));
  }
  return value;
}

/** @returns {Promise<Blob>} */
export async function exported(entries) {
  // A conversation's pictures stand in its messages.
  const parts = entries.map(({ images, ...entry }) => (entry.kind === "chat" ? entry : { ...entry, images }));
  const all = { format: "flashu-history", version: 1, exported: new Date().toISOString(), entries: await plain(parts) };
  return new Blob([JSON.stringify(all, null, 1)], { type: "application/json" });
}

/** Hands a file to the person. */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
