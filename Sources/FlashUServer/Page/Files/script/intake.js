// Pictures and videos from the outside: chosen, photographed, dropped, pasted.
import { described } from "./server.js";

/** Why a file can't be shown to the model. */
export class WrongFile extends Error {}

const read = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"];

/**
 * A file as it can be sent: pictures in a form that the server does not read, but the browser does, become PNG.
 * @param {Blob} file
 * @returns {Promise<{kind: "image"|"video", blob: Blob}>}
 * @throws {WrongFile}
 */
export async function accepted(file) {
  const most = described()?.reading.max_body_bytes ?? 64e6;
  // Base64 is a third longer.
  const check = (blob) => {
    if (blob.size * 4 / 3 > most - 4096) {
      throw new WrongFile(`The file has ${Math.ceil(blob.size / 1e6)} MB; this server takes ${Math.floor(most * 0.75 / 1e6)} MB.`);
    }
    return blob;
  };
  if (file.size === 0) throw new WrongFile("The file is empty.");
  if (file.type.startsWith("video/")) return { kind: "video", blob: check(file) };
  if (read.includes(file.type)) return { kind: "image", blob: check(file) };
  if (!file.type.startsWith("image/")) throw new WrongFile("This is neither a picture nor a video.");
  return { kind: "image", blob: check(await asPNG(file)) };
}

async function asPNG(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    return await canvas.convertToBlob({ type: "image/png" });
  } catch {
    throw new WrongFile(`This browser can't read a picture of the type ${file.type}.`);
  }
}

/** The files in what was dropped or pasted. */
export const filesOf = (transfer) => [...(transfer?.files ?? [])];

/**
 * Takes files that are dropped on a place, and those that are pasted while `isOpen`.
 * @param {HTMLElement} place
 * @param {() => boolean} isOpen
 * @param {(files: File[]) => void} take
 */
export function takeFiles(place, isOpen, take) {
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.classList.add("over");
  });
  place.addEventListener("dragleave", (event) => { if (!place.contains(event.relatedTarget)) place.classList.remove("over"); });
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    const files = filesOf(event.dataTransfer);
    if (files.length) take(files);
  });
  document.addEventListener("paste", (event) => {
    const files = filesOf(event.clipboardData);
    if (!isOpen() || !files.length) return;
    event.preventDefault();
    take(files);
  });
}

/** Files that miss the place for them must not lead away from the page. */
export function startIntake() {
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
}
