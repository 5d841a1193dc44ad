// Requests to the server, and what can become of them.
import { events } from "./events.js";
import { askForKey, keyHeaders } from "./key.js";

/** What the server, or the way to it, refused. */
export class Refusal extends Error {
  /**
   * @param {string} message for people
   * @param {{kind?: "refused"|"away"|"lost", status?: number, param?: string, code?: string}} more
   *   `away`: no answer came; `lost`: it broke off.
   */
  constructor(message, more = {}) {
    super(message);
    Object.assign(this, { kind: "refused", status: 0, param: null, code: null }, more);
  }
  /** Whether the same request may do better later. */
  get isPassing() { return this.kind !== "refused" || this.status === 429 || this.status >= 500; }
}

/** Whether somebody pressed Stop. */
export const isStop = (error) => error?.name === "AbortError";

const listeners = new Set();
/** Calls `body` when a request got no answer, or lost it. */
export const whenAway = (body) => listeners.add(body);

function away(message, kind) {
  for (const body of listeners) body();
  return new Refusal(message, { kind });
}

async function answer(path, body, signal) {
  for (;;) {
    let response;
    try {
      response = await fetch(path, {
        method: body === undefined ? "GET" : "POST", signal, cache: "no-store",
        headers: { ...keyHeaders(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      if (isStop(error)) throw error;
      throw away("The server does not answer.", "away");
    }
    if (response.ok) return response;
    const refusal = await refused(response);
    if (response.status === 401 && await askForKey()) continue;
    throw refusal;
  }
}

async function refused(response) {
  let told = {};
  try { told = (await response.json()).error ?? {}; } catch { /* No JSON: the status says it. */ }
  const wait = Number(response.headers.get("retry-after"));
  const later = response.status === 429 && wait ? ` Try again in ${wait} s.` : "";
  return new Refusal(sentence(told.message ?? `the server answered ${response.status}`) + later,
    { status: response.status, param: told.param ?? null, code: told.code ?? null });
}

/** The server's messages begin with a small letter and have no full stop. */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** GET; an object of JSON. */
export const get = async (path, signal) => (await answer(path, undefined, signal)).json();

/**
 * POST; the events of its answer, as objects. Ends at `[DONE]`, or where the connection does.
 * @throws {Refusal} also for an error that comes in the stream, and for a connection that breaks
 */
export async function* stream(path, body, signal) {
  const response = await answer(path, { ...body, stream: true }, signal);
  try {
    for await (const data of events(response.body)) {
      // The server ends the answer; leaving it before would count as having left.
      if (data === "[DONE]") continue;
      const event = JSON.parse(data);
      if (event.error) {
        throw new Refusal(sentence(event.error.message),
          { status: 500, param: event.error.param ?? null, code: event.error.code ?? null });
      }
      yield event;
    }
  } catch (error) {
    if (error instanceof Refusal || isStop(error) || signal?.aborted) throw signal?.aborted ? stopped() : error;
    throw away("The connection broke off.", "lost");
  }
  if (signal?.aborted) throw stopped();
}

const stopped = () => new DOMException("stopped", "AbortError");

/** An answer that ended before it was complete. */
export const incomplete = (what) => away(`The connection broke off before ${what}.`, "lost");
