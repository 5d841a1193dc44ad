// Numbers and times in words.

/** Seconds, as precise as is of use. */
export function seconds(value) {
  if (value >= 100) return `${Math.round(value)} s`;
  if (value >= 10) return `${value.toFixed(1)} s`;
  return `${value.toFixed(2)} s`;
}

/** A factor or a share, without zeros at its end. */
export const ratio = (value) => String(Number(value.toFixed(value < 10 ? 2 : 1)));

/** Such as `1 evaluation`, `3 evaluations`. */
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** When something was, in the reader's words. */
export const when = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
