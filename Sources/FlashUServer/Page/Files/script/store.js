// What was drawn, asked and said, kept in this browser (IndexedDB).

const name = "flashu";
const table = "entries";

/** Told `change` after something was kept or deleted. */
export const storeChanges = new EventTarget();

let opening = null;

function database() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table, { keyPath: "id", autoIncrement: true });
    request.onsuccess = () => {
      // Another tab may want to change the database.
      request.result.onversionchange = () => { request.result.close(); opening = null; };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab keeps the history"));
  }).catch((error) => { opening = null; throw error; });
  return opening;
}

async function run(mode, body) {
  const transaction = (await database()).transaction(table, mode);
  const request = body(transaction.objectStore(table));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
  if (mode === "readwrite") storeChanges.dispatchEvent(new Event("change"));
  return request.result;
}

/** The last thing that could not be kept; null if all could. */
export let trouble = null;

async function attempt(body) {
  try {
    const result = await body();
    trouble = null;
    return result;
  } catch (error) {
    const before = trouble;
    trouble = error?.name === "QuotaExceededError"
      ? "This browser has no room for more; delete something." : "This browser keeps no history here.";
    if (trouble !== before) storeChanges.dispatchEvent(new Event("change"));
    return null;
  }
}

/**
 * Keeps something: `{kind, title, images, ...}`.
 * @returns {Promise<number|null>} its number; null if it could not be kept
 */
export const keep = (entry) => attempt(() => run("readwrite", (store) => store.add({ ...entry, time: Date.now() })));

/** Puts something else in its place. */
export const change = (id, entry) => attempt(() => run("readwrite", (store) => store.put({ ...entry, id, time: Date.now() })));

/** All that is kept, the newest first. */
export const entries = async () => (await attempt(() => run("readonly", (store) => store.getAll())) ?? []).sort((a, b) => b.time - a.time);

export const remove = (id) => attempt(() => run("readwrite", (store) => store.delete(id)));

export const removeAll = () => attempt(() => run("readwrite", (store) => store.clear()));
