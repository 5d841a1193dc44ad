// One answer, from the request to its last word.
import { incomplete, stream } from "./api.js";
import { dataURL, fromDataURL } from "./blobs.js";

/** A part of a message as the API wants it. */
async function part({ text, image, video }) {
  if (image) return { type: "image_url", image_url: { url: await dataURL(image) } };
  if (video) return { type: "video_url", video_url: { url: await dataURL(video) } };
  return { type: "text", text };
}

/**
 * Asks.
 * @param {{role: string, parts: {text?: string, image?: Blob, video?: Blob}[]}[]} messages
 * @param {object} more further fields of the request
 * @param {{signal?: AbortSignal, text?: (all: string) => void}} watcher told all the text there is, each time there is more
 * @returns {Promise<{text: string, image: Blob|null, reason: string, trace: object|null, usage: object|null, firstSeconds: number}>}
 */
export async function ask(messages, more, { signal, text: told } = {}) {
  const sent = await Promise.all(messages.map(async ({ role, parts }) => ({ role, content: await Promise.all(parts.map(part)) })));
  const start = performance.now();
  const answer = { text: "", image: null, reason: null, trace: null, usage: null, firstSeconds: null };
  const request = { messages: sent, stream_options: { include_usage: true }, trace: true, ...more };
  for await (const piece of stream("/v1/chat/completions", request, signal)) {
    if (piece.usage) answer.usage = piece.usage;
    if (piece.trace) answer.trace = piece.trace;
    const choice = piece.choices[0];
    if (!choice) continue;
    if (choice.finish_reason) answer.reason = choice.finish_reason;
    const content = choice.delta?.content;
    if (Array.isArray(content)) {
      const url = content.find((one) => one.type === "image_url")?.image_url.url;
      if (url) answer.image = fromDataURL(url);
    } else if (content) {
      answer.firstSeconds ??= (performance.now() - start) / 1000;
      answer.text += content;
      told?.(answer.text);
    }
  }
  if (!answer.reason) throw incomplete("the answer was complete");
  return answer;
}

/** Seconds that an answer was computed for, by the server's clock; null where it does not say. */
export const answerSeconds = (trace) =>
  trace?.timings ? trace.timings.encoding + trace.timings.reading + trace.timings.question + trace.timings.decoding : null;
