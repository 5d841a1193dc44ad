// Whether the server is there, and what it can do.
import { $, announce } from "./dom.js";
import { get, whenAway } from "./api.js";

/** Milliseconds between looks at a server that is well, and at one that isn't. */
const calm = 10_000;
const anxious = 1_500;

let status = "unknown";
let timer = null;
let looking = null;
let description = null;
/** Whether it is worth asking what the server can do; not while it wants a key that nobody gave. */
let asks = true;
const told = new Set();

/** Calls `body` with what `GET /v1/flashu` tells, at once if it is known and whenever it was asked anew. */
export function whenDescribed(body) {
  told.add(body);
  if (description) body(description);
}

/** What `GET /v1/flashu` told; null before. */
export const described = () => description;

async function health() {
  try {
    const response = await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (response.ok) return { status: "ok" };
    const body = await response.json();
    return body.status === "loading" ? { status: "loading", loaded: body.loaded ?? 0 } : { status: "away" };
  } catch {
    return { status: "away" };
  }
}

function show(now) {
  const banner = $("banner");
  banner.hidden = now.status === "ok";
  banner.dataset.status = now.status;
  $("banner-retry").hidden = now.status !== "away";
  if (now.status === "away") $("banner-text").textContent = "The server does not answer. It is looked for…";
  if (now.status === "loading") {
    $("banner-text").textContent = `The model is being loaded: ${Math.round(now.loaded * 100)} %`;
  }
  if (now.status === "ok" && (status === "away" || status === "loading")) announce("The server is ready.");
}

/** Looks now. */
export function look() {
  clearTimeout(timer);
  looking ??= (async () => {
    const now = await health();
    show(now);
    if (now.status !== "away" && (status === "away" || asks)) describe();
    status = now.status;
    looking = null;
    timer = setTimeout(look, status === "ok" ? calm : anxious);
  })();
  return looking;
}

/** Asks what the server can do. */
export async function describe() {
  asks = false;
  try {
    description = await get("/v1/flashu");
    for (const body of told) body(description);
  } catch (error) {
    // Gone again: asked once more when it is there.
    asks = error.status !== 401;
  }
}

export function startServer() {
  $("banner-retry").addEventListener("click", look);
  whenAway(look);
  addEventListener("online", look);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  whenDescribed((known) => { $("model-name").textContent = known.model; });
  look();
}
