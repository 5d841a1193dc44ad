// What every evaluation did, as rows of cells: the semantic encoder, the language model's layers, the diffusion head.

/** What can become of a layer at an evaluation, and what that means. */
export const states = {
  computed: "all of its neurons run",
  pruned: "some of its neurons run",
  skipped: "left out",
  reused: "taken from an earlier evaluation",
  forecast: "forecast from earlier evaluations",
};

/**
 * @param {object[]} evaluations as `trace` tells them
 * @returns {{name: string, cells: (string|null)[]}[]} null where nothing was needed
 */
export function rows(evaluations) {
  const layers = evaluations[0]?.layers.length ?? 0;
  const known = (state) => (state in states ? state : null);
  return [
    { name: "Semantic encoder", cells: evaluations.map((one) => known(one.features)) },
    ...Array.from({ length: layers }, (_, layer) => ({
      name: `Layer ${layer + 1}`, cells: evaluations.map((one) => known(one.layers[layer])),
    })),
    { name: "Diffusion head", cells: evaluations.map((one) => known(one.head)) },
  ];
}

/** How many layers of all evaluations were computed, pruned ... */
export function counts(evaluations) {
  const all = Object.fromEntries(Object.keys(states).map((state) => [state, 0]));
  for (const { layers } of evaluations) for (const state of layers) if (state in all) all[state] += 1;
  return all;
}

/** The share of neurons that run in the layers that are pruned. */
export function prunedShare(evaluation, width) {
  const computed = evaluation.layers.filter((state) => state === "computed").length;
  const pruned = evaluation.layers.filter((state) => state === "pruned").length;
  return pruned ? (evaluation.neurons - computed * width) / (pruned * width) : 1;
}

/** How guidance was had, in words. */
export const guidance = ({ branches }) =>
  ({ both: "both branches", conditional: "one branch", "reused difference": "difference reused" })[branches] ?? branches;
