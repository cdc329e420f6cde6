// What the policy decides by, which knows no interface: `node --test` tries it on
// the desk. In policy.js it meets the charger.

// The cards in the setting: separated by commas or blanks, in any case.
export function cards(setting) {
  return setting.toUpperCase().split(/[, ]+/).filter((card) => card !== "");
}

// Why a card of ours may charge.
export function why(times) {
  return times === 0 ? "one of our cards, for the first time" : `one of our cards, has charged ${times} times`;
}
