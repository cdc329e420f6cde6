import assert from "node:assert/strict";
import { test } from "node:test";

import { cards, why } from "../src/rules.js";

test("cards are separated by commas or blanks", () => {
  assert.deepEqual(cards("04a1b2c3, 04A1B2C4"), ["04A1B2C3", "04A1B2C4"]);
  assert.deepEqual(cards(" "), []);
});

test("a card is told how often it has charged", () => {
  assert.match(why(0), /first time/);
  assert.match(why(2), /2 times/);
});
