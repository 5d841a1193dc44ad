// Pictures between the forms that they have: base64, files, elements.

/** The bytes of a base64 text as a file. */
export const fromBase64 = (text, type = "image/png") => new Blob([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], { type });

/** `data:TYPE;base64,...` of a file. */
export const dataURL = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

/** A file of what `data:TYPE;base64,...` holds. */
export function fromDataURL(url) {
  const [head, text] = url.split(",", 2);
  return fromBase64(text, head.slice(5).split(";")[0]);
}

/** Addresses for the files that a part of the page shows, given up together. */
export class Addresses {
  #given = new Map();
  of(blob) {
    if (!this.#given.has(blob)) this.#given.set(blob, URL.createObjectURL(blob));
    return this.#given.get(blob);
  }
  clear() {
    for (const address of this.#given.values()) URL.revokeObjectURL(address);
    this.#given.clear();
  }
}

/** The pixels of a picture. */
export async function pixels(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
