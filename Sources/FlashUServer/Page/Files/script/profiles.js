// What may be done to be faster: the choice between profiles, and fields of one's own.
import { $, element } from "./dom.js";
import { whenDescribed } from "./server.js";
import { count, ratio } from "./format.js";

const own = "own";

function hint(profile, task, usual) {
  if (!profile) return "";
  const use = profile[task];
  if (!use.usable) return `Not usable here: ${use.reason}`;
  const parts = [];
  if (profile.name === "off") parts.push("Everything is computed.");
  if (use.speedup) parts.push(`${ratio(use.speedup)} times as fast as the exact engine when it was tuned, ${ratio(Math.max(0, use.points_lost))} of 100 points lost.`);
  else if (profile.note) parts.push(`A cautious start, ${profile.note}.`);
  else if (profile.changes) parts.push(`${count(profile.changes.split("; ").length, "field differs", "fields differ")} from the exact engine.`);
  if (profile.name === usual) parts.push("This server's usual choice.");
  return parts.join(" ");
}

/**
 * Fills a choice of profiles, beside which `NAME-fields` holds fields of one's own.
 * @param {string} name the view: `draw`, `compare`, `ask`
 */
export function startProfiles(name) {
  const select = $(`${name}-profile`);
  const task = select.dataset.profiles;
  let known = null;
  const show = () => {
    $(`${name}-fields`).hidden = select.value !== own;
    const profile = known?.profiles.find((one) => one.name === select.value);
    $(`${name}-profile-hint`).textContent = hint(profile, task, known?.usual_profile);
    $(`${name}-profile-hint`).title = profile?.changes ?? "";
  };
  select.addEventListener("change", show);
  whenDescribed((description) => {
    known = description;
    const before = select.value;
    const profiles = description.profiles.filter((one) => one.name !== select.dataset.without);
    select.replaceChildren(
      ...profiles.map((one) => element("option", {
        value: one.name, disabled: !one[task].usable, text: one.name === "off" ? "off (exact)" : one.name,
      })),
      element("option", { value: own, text: "own fields…" }));
    const usual = profiles.find((one) => one.name === description.usual_profile)
      ?? profiles.find((one) => one.name === "balanced") ?? profiles[0];
    select.value = [...select.options].some((one) => one.value === before) && before ? before : usual?.name ?? own;
    const list = $(`${name}-known`);
    list?.replaceChildren(...Object.entries(description.profile_fields).sort().flatMap(([field, usual]) =>
      [element("dt", { text: field }), element("dd", { text: usual })]));
    show();
  });
}

/** The chosen profile, as `accelerate`; undefined where fields of one's own say it. */
export function chosenProfile(name) {
  const chosen = $(`${name}-profile`).value;
  return chosen === own || chosen === "" ? undefined : chosen;
}

/** Chooses a profile, or fields of one's own. */
export function chooseProfile(name, accelerate) {
  const select = $(`${name}-profile`);
  const isNamed = [...select.options].some((one) => one.value === accelerate);
  select.value = isNamed ? accelerate : own;
  $(`${name}-changes`).value = isNamed ? "" : accelerate ?? "";
  select.dispatchEvent(new Event("change"));
}
